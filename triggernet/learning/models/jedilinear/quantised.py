"""JEDI-linear with fake quantisation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers.network import QuantisedNetwork
from triggernet.learning.layers.transfer import set_linear
from triggernet.learning.models.jedilinear.config import JediLinearConfig, JediLinearQuantisation
from triggernet.learning.models.jedilinear.network import INPUT_UNIT, Interaction, JediLinear

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


class QuantisedJediLinear(QuantisedNetwork):
    """The same in hardware arithmetic, exportable layer by layer.

    Parameters
    ----------
    config : JediLinearConfig
    quantisation : JediLinearQuantisation
    encoding : EncodingConfig
    n_outputs : int
        C.
    """

    def __init__(
        self,
        config: JediLinearConfig,
        quantisation: JediLinearQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        super().__init__(quantisation, encoding)
        c, q = config, quantisation
        self.columns = layers.Stack(self.out(q.columns, signed=True))
        self.embedding = nn.ModuleList(
            self.hidden(a, b) for a, b in pairwise((len(self.inputs), *c.embedding))
        )
        self.pooled = nn.ModuleList(layers.ParticleSum(self.out(q.pooled)) for _ in c.rounds)
        self.rounds = nn.ModuleList(
            self.hidden(a, b, context=a) for a, b in pairwise((c.embedding[-1], *c.rounds))
        )
        self.node = nn.ModuleList(self.hidden(a, b) for a, b in pairwise((c.rounds[-1], *c.node)))
        self.total = layers.ParticleSum(self.out(q.pooled))
        self.head = self.to_score(((c.rounds + c.node)[-1], *c.head), n_outputs)

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, C)."""
        columns = list(self.values(inputs).values())  # (B, N) each
        x: Tensor = self.columns(*columns)  # (B, N, F)
        for layer in self.embedding:
            x = layer(x)  # (B, N, G)
        for pooled, interaction in zip(self.pooled, self.rounds, strict=True):
            x = interaction(x, pooled(x, columns[0]))  # (B, N, G), sum (B, G)
        for layer in self.node:
            x = layer(x)  # (B, N, G)
        x = self.total(x, columns[0])  # (B, G)
        for layer in self.head:
            x = layer(x)  # (B, G)
        return x

    def set_weights(self, model: JediLinear) -> None:
        """Start from the weights of a float model of the same configuration."""
        unit = 1 / model.sum_unit
        _set_all(self.embedding, model.embedding, 1 / INPUT_UNIT)
        for layer, interaction in zip(self.rounds, model.rounds, strict=True):
            assert isinstance(layer, layers.Dense)
            assert isinstance(interaction, Interaction)
            own, shared = interaction.own, interaction.shared.weight * unit
            set_linear(layer, own.weight, own.bias, context=shared)
        _set_all(self.node, model.node)
        _set_all(self.head, model.head, unit)


def _set_all(quantised: nn.ModuleList, model: nn.ModuleList, scale: float = 1.0) -> None:
    """Start layers from their float counterparts; `scale` is that of the first one's input."""
    for k, (layer, linear) in enumerate(zip(quantised, model, strict=True)):
        assert isinstance(layer, layers.Dense)
        assert isinstance(linear, nn.Linear)
        set_linear(layer, linear.weight, linear.bias, scale if k == 0 else 1.0)
