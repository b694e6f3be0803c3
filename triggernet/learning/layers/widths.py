"""What configurations of models state in common: widths of tensors, kinds of layers.

Nothing here needs torch: a configuration is checked before anything heavy is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError
from triggernet.fixedpoint import Rounding

Activation = Literal["relu", "silu", "tanh"]
Norm = Literal["none", "batch", "layer"]


@dataclass(frozen=True)
class Width:
    """Width of a tensor; integer bits that are not given are calibrated.

    Attributes
    ----------
    width : int
        All bits.
    integer : int or None
        Those before the binary point, the sign included.
    """

    width: int
    integer: int | None = None


@dataclass(frozen=True)
class Quantisation:
    """What every quantised model states; integer bits that are not given are calibrated.

    Attributes
    ----------
    rounding : {"FLOOR", "ROUND"}
        FLOOR costs nothing in hardware; ROUND is half to even.
    score : Width
        The logit.
    weight, bias : int
        Bits of the constants.
    """

    rounding: Rounding = "FLOOR"
    score: Width = field(default_factory=lambda: Width(12))
    weight: int = 8
    bias: int = 10

    def __post_init__(self) -> None:
        """Refuse what contradicts itself; subclasses extend it."""


@dataclass(frozen=True)
class DigitQuantisation(Quantisation):
    """A quantisation whose weights can be limited to a few signed digits.

    Attributes
    ----------
    digits : int or None
        At most so many signed digits in each weight: its additions. None does not limit them.
    """

    digits: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.digits is not None and self.digits < 1:
            raise ConfigError(f"digits: found {self.digits}; allowed is 1 and more, or null")


@dataclass(frozen=True)
class NetworkQuantisation(DigitQuantisation):
    """Widths of a network that reads the constituents' inputs with dense layers.

    Attributes
    ----------
    columns : Width
        The inputs side by side in one type.
    hidden : Width
        Outputs of hidden layers.
    """

    columns: Width = field(default_factory=lambda: Width(12))
    hidden: Width = field(default_factory=lambda: Width(10))


def refuse_open_tables(**tables: Width) -> None:
    """Refuse tables without integer bits: nothing calibrates them.

    Raises
    ------
    ConfigError
        Naming the first one.
    """
    for name, width in tables.items():
        if width.integer is None:
            raise ConfigError(f"{name}: 'integer' is missing; tables are not calibrated")
