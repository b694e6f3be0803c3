"""Energy-flow polynomials of trees in hardware arithmetic.

The dataflow, one operator a line (`docs/reference/operators.md`; `trees.py` says which messages and
vertices there are)::

    square  = d_eta^2 + d_phi^2                     pairs: PairAngle
    theta_k = square^(k beta / 2)                   pairs: Table, for each number k of edges
    inverse = 1 / sum of pt                         the jet: Sum, Table
    z       = pt * inverse                          constituents: Stack, Dense, Multiply
    m       = sum over j of theta_k,ij x_j          PairWeightedSum, for each message
    x       = x' * m                                Multiply, for each vertex; a leaf is z
    value   = sum of x                              Sum, for each polynomial
    score   = Dense(values)                         Concat, Dense

Angles are in units of a quarter of a radian, so that all polynomials are of like size.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.data.encoding import ANGLE_STEP_RAD
from triggernet.fixedpoint import FixedPoint
from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import dots as dot_layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.blocks import Values
from triggernet.learning.layers.constituents import constituent_types
from triggernet.learning.layers.network import QuantisedModel
from triggernet.learning.layers.transfer import set_linear
from triggernet.learning.layers.widths import Width
from triggernet.learning.models.efp.trees import LEAF, chains

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig
    from triggernet.learning.models.efp.config import EfpConfig, EfpQuantisation
    from triggernet.learning.models.efp.network import EnergyFlow

UNIT_RAD = 0.25


class Shares(nn.Module):
    """The constituents' shares (B, N, 1) of the sum of their transverse momenta (B, N)."""

    def __init__(self, model: QuantisedModel, q: EfpQuantisation, pt: FixedPoint) -> None:
        super().__init__()
        self.column = layers.Stack(model.out(Width(pt.width, pt.integer)))
        self.total = layers.ParticleSum(model.out(q.total))
        self.inverse = edge_layers.Table(
            inverse, inverse_slope, self.total.out, model.out(q.inverse)
        )
        # The same number for each constituent, and nothing to be trained.
        self.rows = layers.Dense((1, 1, 1), (2, 2), model.out(q.inverse))
        self.rows.set_constants(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.ones((1, 1, 1)))
        self.rows.requires_grad_(requires_grad=False)
        self.share = edge_layers.Multiply(model.out(q.share))

    def forward(self, pt: Tensor) -> Tensor:
        """The shares."""
        column = self.column(pt)  # (B, N, 1)
        of_jet = self.inverse(self.total(column, pt))  # (B, 1)
        return cast("Tensor", self.share(column, self.rows(column, of_jet)))  # (B, N, 1)


class QuantisedEnergyFlow(QuantisedModel):
    """Polynomials of trees and a linear classifier, exportable operator by operator.

    Parameters
    ----------
    config : EfpConfig
        For which `unsupported` is None.
    quantisation : EfpQuantisation
    encoding : EncodingConfig
    n_outputs : int
        C.
    """

    def __init__(
        self,
        config: EfpConfig,
        quantisation: EfpQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        types = constituent_types(encoding)
        super().__init__(types, quantisation.rounding)
        q = self.quantisation = quantisation
        self.config, self.chains = config, chains(config.chosen)
        assert q.table.integer is not None
        word = FixedPoint(False, q.table.width, q.table.integer)
        eta, pt = types["eta"][1], types["pt"][1]
        self.square = dot_layers.PairAngle(
            eta.width, ANGLE_STEP_RAD / UNIT_RAD, word, self.out(q.square)
        )
        self.powers = nn.ModuleList(self._power(k) for k in self.chains.powers)
        self.shares = Shares(self, q, pt)
        self.messages = nn.ModuleList(
            edge_layers.PairWeightedSum(self.out(q.message)) for _ in self.chains.messages
        )
        self.vertices = nn.ModuleList(
            edge_layers.Multiply(self.out(q.vertex)) for _ in self.chains.vertices
        )
        self.sums = nn.ModuleList(layers.ParticleSum(self.out(q.value)) for _ in self.chains.roots)
        self.joined = layers.Concat(self.out(q.value))
        self.score = layers.Dense(
            (len(self.chains.roots), 0, n_outputs),
            (q.weight, q.bias),
            self.out(q.score, signed=True),
            digits=q.digits,
        )

    def _power(self, edges: int) -> edge_layers.Table:
        """The angle to the power of a number of edges, from its square."""
        exponent, out = self.config.beta * edges / 2, self.out(self.quantisation.power)
        of, slope = partial(power, exponent), partial(power_slope, exponent)
        return edge_layers.Table(of, slope, self.square.out, out)

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, C)."""
        values = self.values(inputs)  # (B, N) each
        square = self.square(values["eta"], values["phi"])  # (B, P)
        theta = {  # (B, P) each
            k: table(square) for k, table in zip(self.chains.powers, self.powers, strict=True)
        }
        products = {LEAF: self.shares(values["pt"])}  # x, (B, N, 1) each
        messages: dict[object, Tensor] = {}  # (B, N, 1) each
        sums = dict(zip(self.chains.messages, self.messages, strict=True))
        for vertex, times in zip(self.chains.vertices, self.vertices, strict=True):
            last = vertex[-1]
            if last not in messages:
                messages[last] = sums[last](theta[last[0]], products[last[1]])
            products[vertex] = times(products[vertex[:-1]], messages[last])
        polynomials = [  # (B, 1) each
            total(products[root]) for total, root in zip(self.sums, self.chains.roots, strict=True)
        ]
        return cast("Tensor", self.score(self.joined(*polynomials)))  # (B, C)

    @torch.no_grad()
    def set_weights(self, model: EnergyFlow) -> None:
        """Start from the classifier of a float model with the same graphs."""
        units = torch.tensor(
            [UNIT_RAD ** (self.config.beta * len(graph)) for graph in self.config.chosen]
        )
        norm, linear = model.norm, model.linear
        assert norm.running_mean is not None
        assert norm.running_var is not None
        spread = (norm.running_var + norm.eps).sqrt()  # (G,)
        weight = linear.weight / spread  # (C, G), of polynomials over their typical size
        bias = linear.bias - weight @ norm.running_mean  # (C,)
        set_linear(self.score, weight * (units / model.typical), bias)


def inverse(x: Values) -> Values:
    """``1 / x``, 0 for nothing."""
    inverses: Values = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
    return inverses


def inverse_slope(x: Values) -> Values:
    """Its derivative."""
    slope: Values = -(inverse(x) ** 2)
    return slope


def power(exponent: float, x: Values) -> Values:
    """``x^exponent``."""
    powers: Values = x**exponent
    return powers


def power_slope(exponent: float, x: Values) -> Values:
    """Its derivative, 0 at 0."""
    slope: Values = exponent * np.power(x, exponent - 1, out=np.zeros_like(x), where=x > 0)
    return slope
