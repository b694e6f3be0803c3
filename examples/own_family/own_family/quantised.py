"""The same in hardware arithmetic: every layer is one operator of the exported program."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from own_family.network import UNIT, LinearSum
from triggernet.data import EncodingConfig
from triggernet.learning.layers import (
    Dense,
    NetworkQuantisation,
    ParticleSum,
    QuantisedNetwork,
    Stack,
)
from triggernet.learning.layers.transfer import set_linear


class QuantisedLinearSum(QuantisedNetwork):
    """The linear sum with fake quantisation; widths without a binary point are calibrated."""

    def __init__(
        self,
        features: int,
        quantisation: NetworkQuantisation,
        encoding: EncodingConfig,
        n_outputs: int,
    ) -> None:
        super().__init__(quantisation, encoding)
        q = quantisation
        self.columns = Stack(self.out(q.columns, signed=True))
        self.each = self.hidden(len(self.inputs), features)
        self.total = ParticleSum(self.out(q.hidden))
        end = self.out(q.score, signed=True)
        self.score = Dense((features, 0, n_outputs), (q.weight, q.bias), end)

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, C)."""
        columns = list(self.values(inputs).values())
        each = self.each(self.columns(*columns))  # (B, N, G)
        score: Tensor = self.score(self.total(each, columns[0]))
        return score

    def set_weights(self, model: LinearSum) -> None:
        """Start from the weights of the float model; its units go into the constants."""
        set_linear(self.each, model.each.weight, model.each.bias, 1 / UNIT)
        set_linear(self.score, model.score.weight, model.score.bias, 1 / UNIT)
