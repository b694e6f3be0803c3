"""The symmetric pair network in floating point.

An interaction network (Battaglia et al., arXiv:1612.00222) whose edges have no direction, so that
only pairs i < j are evaluated, and whose messages are as cheap as they can be:

    z_ij = ReLU(T(log d_ij) + A x_i + A x_j)        R_i = sum over j != i of z_ij
    h_i  = ReLU(W [x_i, R_i])                       logit = MLP([sum over i of h_i, jet])

with d_ij = p_i . p_j, C free functions T of one variable, which is the input embedding of PELICAN
(Bogatskiy et al., arXiv:2211.00454) with functions that are learned, and features x_i of the
constituent. A second block has z'_ij = ReLU(B z_ij + A' [x_i, R_i] + A' [x_j, R_j]). There is a
BatchNorm in front of every ReLU but the head's. With invariants alone among the features, the
output depends on the four-momenta through d_ij, p_i . J and J . J.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from triggernet.learning.layers import minkowski
from triggernet.learning.layers.blocks import pair_tensors
from triggernet.learning.layers.message_passing import Behind, LayerStyle, Network
from triggernet.learning.layers.minkowski import angles, transverse_momentum
from triggernet.learning.layers.order import canonical
from triggernet.learning.models.pairnet.config import PairNetConfig
from triggernet.learning.tasks.losses import one_or_all

OCTAVES = 4.0  # logarithms to base 2 are divided by it, to be of order one
SMALLEST_GEV2 = 2.0**-4  # smaller products of a pair are all alike
SUM_UNIT = 8.0  # sums over constituents are divided by it
ANGLE_UNIT_RAD = 0.25
_STYLE = LayerStyle("relu", "batch")


class PairInputs(NamedTuple):
    """What the trainable part reads.

    Attributes
    ----------
    pair : (B, P, 1), log d_ij of the pairs i < j
    x : (B, N, F), features of the constituents
    jet : (B, G), features of the jet
    present : bool (B, N)
    """

    pair: Tensor
    x: Tensor
    jet: Tensor
    present: Tensor


class Block(nn.Module):
    """ReLUs of all pairs, and their sums for each particle.

    Parameters
    ----------
    of_pair : nn.Module
        From what is known of a pair to C channels.
    n_features : int
        Of a particle.
    n_channels : int
        C.
    """

    def __init__(self, of_pair: nn.Module, n_features: int, n_channels: int) -> None:
        super().__init__()
        self.of_pair = of_pair
        self.share = nn.Linear(n_features, n_channels)
        self.behind = Behind(n_channels, _STYLE)

    def forward(self, pair: Tensor, x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """The ReLUs z (B, P, C), 0 for pairs that are not there, and R (B, N, C)."""
        i, j = pair_tensors(x.shape[1], x.device)  # (P,) each
        there = present[:, i] & present[:, j]  # (B, P)
        a = self.share(x)  # (B, N, C)
        z = self.of_pair(pair) + a.index_select(1, i) + a.index_select(1, j)  # (B, P, C)
        z = self.behind(z, there) * there[..., None]  # (B, P, C)
        sums = torch.zeros_like(a).index_add(1, i, z).index_add(1, j, z)  # (B, N, C)
        return z, sums / SUM_UNIT


class PairNet(nn.Module):
    """The float model.

    Its input is a mapping with ``momenta`` (B, N, 4), (E, px, py, pz) in GeV, massless, zero where
    there is no constituent, and ``jet`` (B, 4) in the same frame. Its output are the logits: (B,),
    signal if above 0, or (B, O).

    Parameters
    ----------
    config : PairNetConfig
    n_outputs : int
        O.
    """

    permutation_invariant = True
    head_parameters = ("head.",)

    def __init__(self, config: PairNetConfig, n_outputs: int = 1) -> None:
        super().__init__()
        self.config = config
        C, F = config.n_channels, config.n_features
        functions = nn.Sequential(
            nn.Linear(1, config.n_knots), nn.Tanh(), nn.Linear(config.n_knots, C)
        )
        self.blocks = nn.ModuleList([Block(functions, F, C)])
        if config.blocks == 2:
            self.blocks.append(Block(nn.Linear(C, C, bias=False), F + C, C))
        self.node = Network((F + C * config.blocks, config.n_hidden), _STYLE)
        sizes = (config.n_hidden + config.n_context, *config.head, n_outputs)
        self.head = Network(sizes, LayerStyle("relu"), linear_end=True)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, O)."""
        return self.head_logits(self.trunk_outputs(inputs))

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet: ``pooled`` (B, H + G)."""
        pair, x, jet, present = self.pair_inputs(inputs)
        reads = [x]  # (B, N, F), then (B, N, C) a block
        for block in self.blocks:
            pair, sums = block(pair, torch.cat(reads, 2), present)  # (B, P, C), (B, N, C)
            reads.append(sums)
        h = self.node(torch.cat(reads, 2), present) * present[..., None]  # (B, N, H)
        return {"pooled": torch.cat([h.sum(1) / SUM_UNIT, jet], 1)}

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        pooled = outputs["pooled"]
        there = torch.ones(len(pooled), dtype=torch.bool, device=pooled.device)
        return one_or_all(self.head(pooled, there))

    def pair_inputs(self, inputs: Mapping[str, Tensor]) -> PairInputs:
        """Logarithms and angles of order one, in the dtype of the weights."""
        momenta, jet_momentum = canonical(inputs["momenta"]), inputs["jet"]  # (B, N, 4), (B, 4)
        pt, (eta, phi) = transverse_momentum(momenta), angles(momenta, jet_momentum)  # (B, N) each
        mass = minkowski.square(jet_momentum)[:, None]  # J . J, (B, 1)
        jet_pt = transverse_momentum(jet_momentum)[:, None]  # (B, 1)
        excess = (mass + jet_pt**2).clamp(min=0).sqrt() - jet_pt  # m_T - pT, (B, 1)
        i, j = pair_tensors(pt.shape[1], pt.device)  # (P,) each
        d = pt[:, i] * pt[:, j] * _factor(eta[:, i] - eta[:, j], phi[:, i] - phi[:, j])  # (B, P)
        r = pt * (jet_pt * _factor(eta, phi) + excess * torch.cosh(eta))  # p . J, (B, N)
        log_r = octaves(r, 2.0**-2)  # (B, N)
        log_mass = octaves(mass, 1.0)  # (B, 1)
        x, jet = [log_r - log_mass + 1], [log_mass - 3]
        if self.config.features == "invariants":
            x.append(log_r - 2)
        else:
            x += [octaves(pt, 0.25) - 1, *(a.abs() / ANGLE_UNIT_RAD - 1 for a in (eta, phi))]
            jet.append(octaves(jet_pt, 1.0) - 2)
        pair, dtype = octaves(d, SMALLEST_GEV2)[..., None] - 1, next(self.parameters()).dtype
        columns, of_jet = torch.stack(x, 2), torch.cat(jet, 1)  # (B, N, F), (B, G)
        return PairInputs(pair.to(dtype), columns.to(dtype), of_jet.to(dtype), pt > 0)


def octaves(values: Tensor, smallest: float) -> Tensor:
    """log2 of values of at least `smallest`, in units of four octaves."""
    return values.clamp(min=smallest).log2() / OCTAVES


def _factor(eta: Tensor, phi: Tensor) -> Tensor:
    """``cosh eta - cos phi`` without cancellation."""
    return 2 * (torch.sinh(eta / 2) ** 2 + torch.sin(phi / 2) ** 2)
