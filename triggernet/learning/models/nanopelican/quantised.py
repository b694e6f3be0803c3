"""nanoPELICAN in hardware arithmetic: the absorbed form, every tensor quantised.

The dataflow, one operator a line (`docs/reference/operators.md`)::

    d = p_i . p_j                                  pairs i < j
    r = row sums of d, or p_i . J                  particles
    t = sum of r, or J . J                         the jet
    a = Dense(r; t)                                particles x channels: A_i (and B_i if untied)
    g = ReLU(Dense(r; t))                          particles x channels: the diagonal
    s = sum over pairs of ReLU(+-d_ij + A_i + B_j) channels
    u = sum over particles present of g            channels
    score = Dense(s; u)

With `aggregates = "jet"`, r and t come from the whole jet's four-momentum J, so that constituents
beyond the N kept still count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.data import EncodingConfig
from triggernet.data.encoding import ANGLE_STEP_RAD
from triggernet.errors import ConfigError
from triggernet.fixedpoint import FixedPoint
from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import dots as dot_layers
from triggernet.learning.layers.network import QuantisedModel
from triggernet.learning.layers.widths import Width
from triggernet.learning.models.nanopelican.config import NanoPelicanConfig, NanoPelicanQuantisation
from triggernet.learning.models.nanopelican.equivariant import EquivariantWeights


@dataclass(frozen=True)
class Shape:
    """What fixes the dataflow of the model.

    Attributes
    ----------
    inputs : mapping of str to (int, FixedPoint)
        Length and type of each input, in order, as the encoding gives them.
    kind : {"polar", "cartesian"}
    aggregates : {"constituents", "jet"}
    spurion_jet, spurion_beams : bool
    n_channels : int
    tied : bool
    n_select : int
        Sets of constants: 1, or one for each number of constituents present.
    """

    inputs: Mapping[str, tuple[int, FixedPoint]]
    kind: Literal["polar", "cartesian"]
    aggregates: Literal["constituents", "jet"] = "constituents"
    spurion_jet: bool = False
    spurion_beams: bool = False
    n_channels: int = 2
    tied: bool = True
    n_select: int = 1
    n_outputs: int = 1

    @classmethod
    def of(cls, config: NanoPelicanConfig, encoding: EncodingConfig, n_outputs: int = 1) -> Shape:
        """The dataflow of a configuration."""
        N = encoding.n_constituents
        return cls(
            {n: (1 if n.startswith("jet_") else N, kind) for n, kind in encoding.types.items()},
            "polar" if encoding.polar else "cartesian",
            config.aggregates,
            config.spurion_jet,
            config.spurion_beams,
            config.n_channels,
            config.tied,
            N + 1 if config.n_scaled or config.batch_norm else 1,
            n_outputs,
        )

    @property
    def n_constituents(self) -> int:
        """N."""
        return next(iter(self.inputs.values()))[0]

    @property
    def n_particles(self) -> int:
        """M, constituents and spurions."""
        return self.n_constituents + int(self.spurion_jet) + 2 * int(self.spurion_beams)


class QuantisedNanoPELICAN(QuantisedModel):
    """nanoPELICAN with fake quantisation, exportable operator by operator.

    Parameters
    ----------
    shape : Shape
    quantisation : NanoPelicanQuantisation
    """

    def __init__(self, shape: Shape, quantisation: NanoPelicanQuantisation) -> None:
        super().__init__(shape.inputs, quantisation.rounding)
        self.shape, self.quantisation = shape, quantisation
        q, c = quantisation, shape.n_channels
        self._build_products()
        ways = 1 if shape.tied else 2
        constants, k, digits = (q.weight, q.bias), shape.n_select, q.digits
        self.a = layers.Dense(
            (1, 1, ways * c), constants, self.out(q.a, signed=True), n_select=k, digits=digits
        )
        self.g = layers.Dense(
            (1, 1, c), constants, self.out(q.g), relu=True, n_select=k, digits=digits
        )
        self.s = layers.PairRelu([1] * c, shape.tied, self.out(q.z), self.out(q.sum))
        self.u = layers.ParticleSum(self.out(q.trace))
        self.score = layers.Dense(
            (c, c, shape.n_outputs), constants, self.out(q.score, signed=True), n_select=k
        )
        if shape.n_select > 1:
            bits = shape.n_constituents.bit_length()
            self.count = layers.Count(self.out(Width(bits, bits)))

    def _build_products(self) -> None:
        shape, q = self.shape, self.quantisation
        spurions = (shape.spurion_jet, shape.spurion_beams)
        from_jet = shape.aggregates == "jet"
        if shape.kind == "polar":
            tables = _tables(shape, q)
            to_jet = dot_layers.JetDotPolar(tables, spurions, self.out(q.inner), self.out(q.r))
            dots: nn.Module = dot_layers.PairDotPolar(
                tables, self.out(q.product), to_jet, self.out(q.d)
            )
            rows: nn.Module = to_jet
            mass: nn.Module = dot_layers.JetMassPolar(self.out(q.total))
        else:
            dots = dot_layers.PairDotCartesian(spurions, self.out(q.d))
            rows = dot_layers.JetDotCartesian(spurions, self.out(q.r))
            mass = dot_layers.JetMassCartesian(self.out(q.total))
        # r stands before d: the export names a shared layer after its first place
        self.r = rows if from_jet else layers.PairRowSum(shape.n_particles, self.out(q.r))
        self.d = dots
        self.t = mass if from_jet else layers.ParticleSum(self.out(q.total))

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The operators in order, from the inputs to the scores (B, O)."""
        return self.head(self.invariants(inputs))

    def invariants(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The part without trainable constants: d, r, t, who is present, and the count if used."""
        values = self.values(inputs)
        jet = [x for name, x in values.items() if name.startswith("jet_")]  # (B, 1) each
        particles = [x for name, x in values.items() if not name.startswith("jet_")]  # (B, N) each
        d = self.d(*particles, *(jet if self.shape.spurion_jet else []))  # (B, P)
        if self.shape.aggregates == "jet":
            r, t = self.r(*particles, *jet), self.t(*jet)  # (B, M, 1), (B, 1)
        else:
            r = self.r(d)  # (B, M, 1)
            t = self.t(r)  # (B, 1)
        parts = {"d": d, "r": r, "t": t, "present": particles[0]}
        return parts | ({"count": self.count(particles[0])} if self.shape.n_select > 1 else {})

    def head(self, invariants: Mapping[str, Tensor]) -> Tensor:
        """The trainable part, from `invariants` to the scores (B, O)."""
        # (B, P), (B, M, 1), (B, 1), (B, N)
        d, r, t, present = (invariants[name] for name in ("d", "r", "t", "present"))
        select = (invariants["count"],) if self.shape.n_select > 1 else ()  # (B, 1)
        a, g = self.a(r, t, *select), self.g(r, t, *select)  # (B, M, C or 2 C), (B, M, C)
        # of (B, C) twice
        score: Tensor = self.score(self.s(d, a, present), self.u(g, present), *select)
        return score

    def set_weights(self, weights: EquivariantWeights) -> None:
        """Start from the absorbed weights of a float model with the same channels."""
        tied = self.shape.tied
        ways = 1 if tied else 2  # tied: each pair is counted once, so its coefficient doubles

        def pairs(row: str, column: str) -> np.ndarray[Any, np.dtype[np.float64]]:
            first, second = getattr(weights, row), getattr(weights, column)  # (K, C) each
            # (K, C or 2 C)
            return (first + second) / 2 if tied else np.concatenate([first, second], axis=1)

        self.s.signs = tuple(int(s) for s in weights.signs)
        self.a.set_constants(
            pairs("a_r", "b_r")[:, None],  # (K, 1, C or 2 C)
            pairs("a_b", "b_b"),  # (K, C or 2 C)
            pairs("a_t", "b_t")[:, None],  # (K, 1, C or 2 C)
        )
        self.g.set_constants(weights.g_r[:, None], weights.g_b, weights.g_t[:, None])  # (K, 1, C)
        # (K, C) and (K,) of one output; of several (K, C, O) and (K, O).
        K, C = weights.c_sum.shape[:2]
        # (K, C, O) each
        sums, traces = (x.reshape(K, C, -1) for x in (weights.c_sum, weights.c_trace))
        self.score.set_constants(sums * (2 / ways), weights.bias.reshape(K, -1), traces)

    def get_extra_state(self) -> Tensor:
        """The signs, for the checkpoint."""
        return torch.tensor(self.s.signs)

    def set_extra_state(self, state: Tensor) -> None:
        """Restore the signs."""
        self.s.signs = tuple(state.tolist())


def _tables(shape: Shape, q: NanoPelicanQuantisation) -> dot_layers.PolarTables:
    eta, phi = (shape.inputs[name][1] for name in ("eta", "phi"))
    if eta != phi:
        raise ConfigError(f"eta is {eta} and phi {phi}; give them the same width")
    assert q.table.integer is not None
    assert q.exp.integer is not None
    table = FixedPoint(False, q.table.width, q.table.integer)
    exp = FixedPoint(False, q.exp.width, q.exp.integer)
    return dot_layers.PolarTables(eta.width, ANGLE_STEP_RAD, table, exp)
