"""Attention that moves vectors, in hardware arithmetic: a part of SemiEquivariantNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from torch import Tensor, nn

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.basis import Basis
from triggernet.learning.layers.blocks import Values
from triggernet.learning.layers.edge_network import EdgeModel, power_at_least
from triggernet.learning.layers.quantisers import ActivationQuantiser
from triggernet.learning.layers.widths import Width

if TYPE_CHECKING:
    from triggernet.learning.models.semiequivariant.config import SemiEquivariantConfig


class MovedVectors(nn.Module):
    """Attention, and what it does to the products of vectors: of one, or of as many as there are.

    Parameters
    ----------
    model : EdgeModel
    config : SemiEquivariantConfig
    directed : bool
        Whether the edges are.
    """

    def __init__(self, model: EdgeModel, config: SemiEquivariantConfig, directed: bool) -> None:
        super().__init__()
        q, channels = model.quantisation, range(config.n_vectors)
        self.psi = nn.ModuleList(
            model.dense((config.n_scalars, 0, 1), model.out(q.attention, signed=True))
            for _ in channels
        )
        weight = Width(q.attention.width, 1)
        self.softsign = nn.ModuleList(
            edge_layers.Table(
                softsign, softsign_slope, cast("layers.Dense", psi).out, model.out(weight, True)
            )
            for psi in self.psi
        )
        shift = power_at_least(model.n_constituents - 1).bit_length() - 1
        self.update = nn.ModuleList(
            edge_layers.VectorUpdate(
                (model.n_particles, shift),
                model.out(q.inner, signed=True),
                model.out(q.d, signed=True),
                directed,
            )
            for _ in channels
        )

    @property
    def sources(self) -> list[ActivationQuantiser]:
        """What makes the new products."""
        return [cast("edge_layers.VectorUpdate", update).out for update in self.update]

    def forward(self, d: Sequence[Tensor], edges: Tensor, present: Tensor) -> list[Tensor]:
        """The new products, each (B, P)."""
        # V times (B, P or 2 P, 1)
        weights = [table(psi(edges)) for psi, table in zip(self.psi, self.softsign, strict=True)]
        old = d if len(d) == len(weights) else [d[0]] * len(weights)  # V times (B, P)
        return [
            update(x, w, present) for update, x, w in zip(self.update, old, weights, strict=True)
        ]

    def set_maps(self, weight: Values, bias: Values) -> None:
        """Start from the float psi: weight (V, S), bias (V,)."""
        for k, psi in enumerate(self.psi):
            basis = Basis.scaled(weight.shape[1])
            basis.set_dense(cast("layers.Dense", psi), weight[k : k + 1], bias[k : k + 1])


def softsign(x: Values) -> Values:
    """``x / (1 + |x|)``."""
    value: Values = x / (1 + np.abs(x))
    return value


def softsign_slope(x: Values) -> Values:
    """Its derivative."""
    slope: Values = 1 / (1 + np.abs(x)) ** 2
    return slope
