"""The multilayer perceptron with fake quantisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor, nn

from triggernet.errors import ModelError
from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers.network import QuantisedNetwork
from triggernet.learning.layers.transfer import set_linear
from triggernet.learning.layers.widths import NetworkQuantisation
from triggernet.learning.models.mlp.config import MlpConfig, unsupported
from triggernet.learning.models.mlp.network import INPUT_UNIT, MLP

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


class QuantisedMLP(QuantisedNetwork):
    """The same in hardware arithmetic, exportable layer by layer.

    Parameters
    ----------
    config : MlpConfig
    quantisation : NetworkQuantisation
    encoding : EncodingConfig
    n_outputs : int
        C.

    Raises
    ------
    ModelError
        For a configuration without a hardware form.
    """

    def __init__(
        self,
        config: MlpConfig,
        quantisation: NetworkQuantisation,
        encoding: EncodingConfig,
        n_outputs: int = 1,
    ) -> None:
        super().__init__(quantisation, encoding)
        reason = unsupported(config, encoding)
        if reason is not None:
            raise ModelError(f"mlp: {reason}")
        self.joined = layers.Concat(self.out(quantisation.columns, signed=True))
        self.layers = self.to_score(
            (len(self.inputs) * encoding.n_constituents, *config.hidden), n_outputs
        )

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, C)."""
        x: Tensor = self.joined(*self.values(inputs).values())  # (B, F N), input by input
        for layer in self.layers:
            x = layer(x)  # (B, G)
        return x

    def set_weights(self, model: MLP) -> None:
        """Start from the weights of a float model of the same configuration."""
        scale = 1 / INPUT_UNIT
        for layer, linear in zip(self.layers, model.layers.dense, strict=True):
            assert isinstance(layer, layers.Dense)
            assert isinstance(linear, nn.Linear)
            weight = linear.weight
            if layer is self.layers[0]:
                # the float model reads constituent by constituent, this one input by input
                # (G, N, F)
                parts = weight.reshape(len(weight), model.n_constituents, len(model.names))
                weight = parts.mT.reshape(weight.shape)  # (G, F N)
            set_linear(layer, weight, linear.bias, scale)
            scale = 1.0
