"""A plain multilayer perceptron on the constituents in falling order of pT.

The baseline without any symmetry: every place in the list has weights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from triggernet.errors import ModelError
from triggernet.learning.layers.message_passing import LayerStyle, Network
from triggernet.learning.models.mlp.config import MlpConfig
from triggernet.learning.tasks.losses import one_or_all

# By this the float model divides its inputs to be of order one: GeV, and angles in steps of pi/720.
# The quantised one has it in its weights.
INPUT_UNIT = 64.0


class MLP(nn.Module):
    """The float model: the inputs of N constituents, sorted as given, to logits.

    Parameters
    ----------
    config : MlpConfig
    names : tuple of str
        The inputs of a constituent, zero where it is absent.
    n_constituents : int
        N.
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    """

    permutation_invariant = False

    def __init__(
        self, config: MlpConfig, names: tuple[str, ...], n_constituents: int, n_outputs: int = 1
    ) -> None:
        super().__init__()
        self.names, self.n_constituents = names, n_constituents
        sizes = (len(names) * n_constituents, *config.hidden, n_outputs)
        style = LayerStyle(config.activation, dropout=config.dropout)
        self.layers = Network(sizes, style, linear_end=True)

    @property
    def head_parameters(self) -> tuple[str, ...]:
        """Names of the last layer's parameters begin so."""
        return (f"layers.dense.{len(self.layers.dense) - 1}.",)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C).

        Raises
        ------
        ModelError
            For another number of constituents than the model has.
        """
        x = torch.stack([inputs[name] for name in self.names], 2) / INPUT_UNIT  # (B, N, F)
        if x.shape[1] != self.n_constituents:
            raise ModelError(
                f"mlp: {x.shape[1]} constituents a jet, but every one of the model's "
                f"{self.n_constituents} places has its own weights; pad or cut the jets to "
                f"{self.n_constituents}"
            )
        x = x.flatten(1).to(next(self.parameters()).dtype)  # (B, N F), constituent by constituent
        return one_or_all(self.layers(x, x.new_ones(x.shape[0], dtype=torch.bool)))
