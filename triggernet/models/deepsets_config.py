"""What Deep Sets and their hardware form are made of, without the networks themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError
from triggernet.fixedpoint import Rounding
from triggernet.models.widths import Width


@dataclass(frozen=True)
class DeepSetsConfig:
    """Widths of the two networks.

    Attributes
    ----------
    name : str
    phi : tuple of int
        Outputs of the layers that every constituent passes, a ReLU behind each.
    rho : tuple of int
        Outputs of the hidden layers behind the sum.
    """

    name: Literal["deepsets"] = "deepsets"
    phi: tuple[int, ...] = (16, 16)
    rho: tuple[int, ...] = (16,)

    def __post_init__(self) -> None:
        if not self.phi or min(self.phi + self.rho) < 1:
            raise ConfigError(
                f"phi {self.phi}, rho {self.rho}: phi needs a layer, and every layer an output"
            )


@dataclass(frozen=True)
class DeepSetsQuantisation:
    """Widths of every tensor; integer bits that are not given are calibrated.

    Attributes
    ----------
    rounding : {"FLOOR", "ROUND"}
    columns : Width
        The inputs side by side in one type.
    hidden, pooled, score : Width
        Outputs of hidden layers, the sum over constituents, the logit.
    weight, bias : int
        Bits of the constants.
    """

    rounding: Rounding = "FLOOR"
    columns: Width = field(default_factory=lambda: Width(12))
    hidden: Width = field(default_factory=lambda: Width(10))
    pooled: Width = field(default_factory=lambda: Width(12))
    score: Width = field(default_factory=lambda: Width(12))
    weight: int = 8
    bias: int = 10
