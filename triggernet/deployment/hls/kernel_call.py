"""What a call of a kernel in the generated C++ is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.base import Interval


@dataclass(frozen=True)
class Constants:
    """An array of constants of the generated C++: integer codes of a type."""

    name: str
    codes: tuple[int, ...]
    type: FixedPoint


@dataclass(frozen=True)
class KernelCall:
    """A call of a kernel in the generated C++.

    Attributes
    ----------
    function : str
        Name in namespace ``triggernet``.
    header : str
        File in ``triggernet/program/operators/``.
    settings : mapping of str to int
        Integers of the CONFIG struct.
    types : mapping of str to str
        Types of the CONFIG struct, as C++ text.
    constants : tuple of Constants
        Passed after the result, in this order.
    members : str
        Further C++ of the CONFIG struct.
    """

    function: str
    header: str
    settings: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    constants: tuple[Constants, ...] = ()
    members: str = ""


def covering(bounds: Interval, fraction: int) -> str:
    """The C++ type that holds `bounds` (codes of the given grid) and zero exactly."""
    return FixedPoint.covering(min(bounds.lo, 0), max(bounds.hi, 0), fraction).cpp


def lanes(count: int, reuse_factor: int) -> int:
    """How many of `count` blocks exist side by side when each is used `reuse_factor` times."""
    return -(-count // reuse_factor)


def code_type(constants: Constants) -> str:
    """The integer type of an array of codes."""
    return f"{'ap_int' if constants.type.signed else 'ap_uint'}<{constants.type.width}>"
