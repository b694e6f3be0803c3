"""What a call of a kernel in the generated C++ is made of.

Each operator describes its call (`Operator.hls`). The types hold what its `infer` says: no bounds
are worked out a second time. Sums may wrap on the way, never in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from triggernet.fixedpoint import FixedPoint


@dataclass(frozen=True)
class Constants:
    """An array of constants of the generated C++: integer codes of a type."""

    name: str
    codes: tuple[int, ...]
    type: FixedPoint

    @property
    def code_type(self) -> str:
        """The C++ integer type of the codes."""
        return f"{'ap_int' if self.type.signed else 'ap_uint'}<{self.type.width}>"


@dataclass(frozen=True)
class KernelCall:
    """A call of a kernel in the generated C++.

    Attributes
    ----------
    function : str
        Name in namespace ``triggernet``, in the operator's header.
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
    settings: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    constants: tuple[Constants, ...] = ()
    members: str = ""


def lanes(count: int, reuse_factor: int) -> int:
    """How many of `count` blocks exist side by side when each is used `reuse_factor` times."""
    return -(-count // reuse_factor)


def choice(name: str, index: str, values: tuple[int, ...]) -> str:
    """A C++ function from an index to one of `values`, constant where the index is."""
    chosen = "".join(f"{index} == {k} ? {v} : " for k, v in enumerate(values[:-1]))
    return f"static constexpr int {name}(int {index}) {{ return {chosen}{values[-1]}; }}"
