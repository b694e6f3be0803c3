"""Energy-flow polynomials of jets and a linear classifier of them.

Komiske, Metodiev, Thaler, "Energy flow polynomials", JHEP 04 (2018) 013: for a graph G of V
vertices, with z_i the share of the transverse momentum and theta_ij the angle between constituents,

    EFP_G = sum_{i_1 .. i_V} z_{i_1} ... z_{i_V} prod_{(k, l) in G} theta_{i_k i_l}.

Sums are done vertex by vertex: the products of a graph are contracted in pairs, in the order that
takes few operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.learning.layers import minkowski
from triggernet.learning.models.efp.config import EfpConfig
from triggernet.learning.models.efp.graphs import Graph, n_vertices
from triggernet.learning.tasks.losses import one_or_all

TYPICAL_ANGLE = 0.1  # in rad: polynomials divided by its powers are of like size
VERTICES = "abcdef"


class Contraction(NamedTuple):
    """Which two operands, by their places, become one, and how; "" for a single operand."""

    places: tuple[int, ...]
    equation: str


class Polynomial(NamedTuple):
    """How one graph's polynomial is computed.

    Attributes
    ----------
    powers : tuple of int
        For each pair of vertices that is joined, by how many edges.
    contractions : tuple of Contraction
        Of the operands theta^power for each pair, then z for each vertex.
    """

    powers: tuple[int, ...]
    contractions: tuple[Contraction, ...]


def polynomial(graph: Graph, n_constituents: int = 16) -> Polynomial:
    """The order of sums for a graph of jets with so many constituents: a greedy choice."""
    pairs = Counter(graph)
    subscripts = [VERTICES[a] + VERTICES[b] for a, b in pairs]
    subscripts += list(VERTICES[: n_vertices(graph)])
    shapes = [np.empty((n_constituents,) * len(each)) for each in subscripts]
    order = np.einsum_path(f"{','.join(subscripts)}->", *shapes, optimize="greedy")[0][1:]
    contractions = []
    for step in order:
        places = tuple(sorted(step, reverse=True))
        taken = [subscripts.pop(place) for place in places]
        kept = "".join(sorted(set("".join(taken)) & set("".join(subscripts))))
        equation = ",".join(f"Z{each}" for each in taken)
        contractions.append(Contraction(places, f"{equation}->Z{kept}"))
        subscripts.append(kept)
    return Polynomial(tuple(pairs.values()), tuple(contractions))


def evaluate(graph: Polynomial, powers: Mapping[int, Tensor], z: Tensor, vertices: int) -> Tensor:
    """A polynomial (B,) of jets: theta^m (B, N, N) by m, and z (B, N), zero where absent."""
    operands = [powers[m] for m in graph.powers] + [z] * vertices
    for places, equation in graph.contractions:
        taken = [operands.pop(place) for place in places]
        operands.append(torch.einsum(equation, *taken))
    return operands[0]  # (B,)


class EnergyFlow(nn.Module):
    """The float model: logits (B,) or (B, C) from ``momenta`` (B, N, 4) and ``jet`` (B, 4).

    Parameters
    ----------
    config : EfpConfig
    n_outputs : int
        C.
    """

    permutation_invariant = False  # sums in another order differ in the last bits
    head_parameters = ("linear.",)

    def __init__(self, config: EfpConfig, n_outputs: int = 1) -> None:
        super().__init__()
        self.config = config
        self.graphs = config.chosen
        self.polynomials = [polynomial(graph) for graph in self.graphs]
        # Affine, so that the classifier stays linear in the polynomials.
        self.norm = nn.BatchNorm1d(len(self.graphs), eps=1e-12, affine=False).double()
        self.linear = nn.Linear(len(self.graphs), n_outputs).double()

    def values(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The polynomials (B, G) in the order of `graphs`, in double precision."""
        momenta, jet = inputs["momenta"].double(), inputs["jet"].double()
        pt = minkowski.transverse_momentum(momenta)  # (B, N)
        z = pt / pt.sum(1, keepdim=True).clamp(min=1e-12)  # (B, N)
        theta = angles(momenta, jet, self.config.beta)  # (B, N, N)
        most = max(max(each.powers) for each in self.polynomials)
        powers = {m: theta**m for m in range(1, most + 1)}
        made = [
            evaluate(each, powers, z, n_vertices(graph))
            for each, graph in zip(self.polynomials, self.graphs, strict=True)
        ]
        return torch.stack(made, 1)  # (B, G)

    @property
    def typical(self) -> Tensor:
        """By what each polynomial is divided in front of the norm, (G,)."""
        sizes = [TYPICAL_ANGLE ** (self.config.beta * len(graph)) for graph in self.graphs]
        return torch.tensor(sizes, dtype=torch.float64)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits."""
        values = self.values(inputs)  # (B, G)
        return one_or_all(self.linear(self.norm(values / self.typical.to(values.device))))


def angles(momenta: Tensor, jet: Tensor, beta: float) -> Tensor:
    """``(d_y^2 + d_phi^2)^(beta / 2)`` (B, N, N) of massless constituents (B, N, 4)."""
    y, phi = minkowski.angles(momenta, jet)  # (B, N) each, relative to the jet
    d_phi = phi[:, :, None] - phi[:, None]  # (B, N, N)
    d_phi = torch.remainder(d_phi + torch.pi, 2 * torch.pi) - torch.pi
    squared = (y[:, :, None] - y[:, None]) ** 2 + d_phi**2  # (B, N, N)
    result: Tensor = squared ** (beta / 2)
    return result
