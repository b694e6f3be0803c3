"""A plain multilayer perceptron on the constituents in falling order of pT.

The baseline without any symmetry: every place in the list has weights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from triggernet.errors import ModelError
from triggernet.models import layers
from triggernet.models.message_passing import LayerStyle, Network
from triggernet.models.mlp_config import MlpConfig, unsupported
from triggernet.models.quantised import QuantisedNetwork
from triggernet.models.transfer import set_linear
from triggernet.models.widths import NetworkQuantisation

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig

# By this the float model divides its inputs to be of order one: GeV, and angles in steps of pi/720.
# The quantised one has it in its weights.
_INPUT_UNIT = 64.0


class MLP(nn.Module):
    """The float model: the inputs of N constituents, sorted as given, to logits (B,).

    Parameters
    ----------
    config : MlpConfig
    names : tuple of str
        The inputs of a constituent, zero where it is absent.
    n_constituents : int
        N.
    """

    permutation_invariant = False

    def __init__(self, config: MlpConfig, names: tuple[str, ...], n_constituents: int) -> None:
        super().__init__()
        self.names, self.n_constituents = names, n_constituents
        sizes = (len(names) * n_constituents, *config.hidden, 1)
        style = LayerStyle(config.activation, dropout=config.dropout)
        self.layers = Network(sizes, style, linear_end=True)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,).

        Raises
        ------
        ModelError
            For another number of constituents than the model has.
        """
        x = torch.stack([inputs[name] for name in self.names], 2) / _INPUT_UNIT  # (B, N, F)
        if x.shape[1] != self.n_constituents:
            raise ModelError(
                f"mlp: {x.shape[1]} constituents a jet, but every one of the model's "
                f"{self.n_constituents} places has its own weights; pad or cut the jets to "
                f"{self.n_constituents}"
            )
        x = x.flatten(1).to(next(self.parameters()).dtype)
        logits: Tensor = self.layers(x, x.new_ones(len(x), dtype=torch.bool))[:, 0]
        return logits


class QuantisedMLP(QuantisedNetwork):
    """The same in hardware arithmetic, exportable layer by layer.

    Parameters
    ----------
    config : MlpConfig
    quantisation : NetworkQuantisation
    encoding : EncodingConfig

    Raises
    ------
    ModelError
        For a configuration without a hardware form.
    """

    def __init__(
        self, config: MlpConfig, quantisation: NetworkQuantisation, encoding: EncodingConfig
    ) -> None:
        super().__init__(quantisation, encoding)
        reason = unsupported(config, encoding)
        if reason is not None:
            raise ModelError(f"mlp: {reason}")
        self.joined = layers.Concat(self.out(quantisation.columns, signed=True))
        self.layers = self.to_score((len(self.inputs) * encoding.n_constituents, *config.hidden))

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, 1)."""
        x: Tensor = self.joined(*self.values(inputs).values())
        for layer in self.layers:
            x = layer(x)
        return x

    def set_weights(self, model: MLP) -> None:
        """Start from the weights of a float model of the same configuration."""
        scale = 1 / _INPUT_UNIT
        for layer, linear in zip(self.layers, model.layers.dense, strict=True):
            assert isinstance(layer, layers.Dense)
            assert isinstance(linear, nn.Linear)
            weight = linear.weight
            if layer is self.layers[0]:
                # the float model reads constituent by constituent, this one input by input
                parts = weight.reshape(len(weight), model.n_constituents, len(model.names))
                weight = parts.mT.reshape(weight.shape)
            set_linear(layer, weight, linear.bias, scale)
            scale = 1.0
