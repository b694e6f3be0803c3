"""The widths of a hardware model's tensors."""

from __future__ import annotations

from dataclasses import dataclass, field

from triggernet.errors import ConfigError
from triggernet.fixedpoint import Rounding


@dataclass(frozen=True)
class Width:
    """Width of a tensor; `integer` bits (the sign included) are calibrated if not given."""

    width: int
    integer: int | None = None


@dataclass(frozen=True)
class NetworkQuantisation:
    """Widths of every tensor; integer bits that are not given are calibrated.

    Attributes
    ----------
    rounding : {"FLOOR", "ROUND"}
    columns : Width
        The inputs side by side in one type.
    hidden, score : Width
        Outputs of hidden layers, the logit.
    weight, bias : int
        Bits of the constants.
    digits : int or None
        At most so many signed digits in each weight: its additions. None does not limit them.
    """

    rounding: Rounding = "FLOOR"
    columns: Width = field(default_factory=lambda: Width(12))
    hidden: Width = field(default_factory=lambda: Width(10))
    score: Width = field(default_factory=lambda: Width(12))
    weight: int = 8
    bias: int = 10
    digits: int | None = None

    def __post_init__(self) -> None:
        if self.digits is not None and self.digits < 1:
            raise ConfigError(f"digits: found {self.digits}; allowed is 1 and more, or null")
