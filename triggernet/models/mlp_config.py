"""What a multilayer perceptron is made of, and which of them have a hardware form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triggernet.errors import ConfigError
from triggernet.models.layer_kinds import Activation

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


@dataclass(frozen=True)
class MlpConfig:
    """Widths of the layers.

    Attributes
    ----------
    name : str
    hidden : tuple of int
        Outputs of the hidden layers.
    activation : {"relu", "silu", "tanh"}
        In hardware `relu` alone.
    dropout : float
        Probability behind every hidden layer.
    """

    name: Literal["mlp"] = "mlp"
    hidden: tuple[int, ...] = (32, 32)
    activation: Activation = "relu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if min(self.hidden, default=1) < 1:
            raise ConfigError(f"hidden: found {self.hidden}; every layer needs an output")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: found {self.dropout}; allowed is 0 to below 1")


def unsupported(config: MlpConfig, _encoding: EncodingConfig) -> str | None:
    """Why a configuration has no hardware form, None if it has one."""
    if config.activation == "relu":
        return None
    return (
        f"activation: {config.activation} is not exact in fixed point and has no operator; set "
        "model.activation: relu"
    )
