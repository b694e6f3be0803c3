"""Typed tensors and the nodes between them: what operators work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from triggernet.errors import ProgramError
from triggernet.fixedpoint import MOST_BITS, FixedPoint, Overflow, Quantiser, Rounding
from triggernet.schema import Within

# Limits of what a file may state, so that no number in it exhausts the memory.
MOST_VALUES = 1 << 22  # of one tensor
MOST_AXES = 4
_Code = Annotated[int, Within(-(1 << MOST_BITS), 1 << MOST_BITS)]
_Length = Annotated[int, Within(1, MOST_VALUES)]
Attribute = _Code | Annotated[str, Within(0, 200)] | tuple[_Code, ...]


@dataclass(frozen=True)
class Tensor:
    """A tensor of one jet: its shape (no batch axis), its exact type and the codes it can take.

    Attributes
    ----------
    name : str
    shape : tuple of int
    type : FixedPoint
    lo, hi : int
        Bounds of its codes, inferred from quantisers and constants; never wider than `type`.
    """

    name: Annotated[str, Within(1, 200)]
    shape: Annotated[tuple[_Length, ...], Within(1, MOST_AXES)]
    type: FixedPoint
    lo: _Code
    hi: _Code

    def __post_init__(self) -> None:
        if self.size > MOST_VALUES:
            shape = " x ".join(map(str, self.shape))
            raise ProgramError(
                f"tensor '{self.name}' has {shape} values; a program holds at most {MOST_VALUES} "
                "in one tensor"
            )

    @property
    def size(self) -> int:
        """Number of values."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True)
class Node:
    """One operation: `op` is the ONNX operator type, `output` the one tensor it writes.

    Its attributes are those of the operator table (`docs/reference/operators.md`):
    integers, strings and flat tuples of integers.
    """

    name: Annotated[str, Within(0, 200)]
    op: Annotated[str, Within(1, 200)]
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute]

    def get_int(self, key: str) -> int:
        """Attribute `key` as an integer; ProgramError if it is absent or of another kind."""
        return cast("int", self._attribute(key, int))

    def get_ints(self, key: str) -> tuple[int, ...]:
        """Attribute `key` as a tuple of integers; ProgramError likewise."""
        return cast("tuple[int, ...]", self._attribute(key, tuple))

    def get_str(self, key: str) -> str:
        """Attribute `key` as a string; ProgramError likewise."""
        return cast("str", self._attribute(key, str))

    def get_type(self, prefix: str = "", signed: bool | None = None) -> FixedPoint:
        """The type given by `{prefix}width` and `{prefix}integer`.

        `signed` as given, or the attribute `{prefix}signed` if it is None.
        """
        sign = bool(self.get_int(f"{prefix}signed")) if signed is None else signed
        width, integer = self.get_int(f"{prefix}width"), self.get_int(f"{prefix}integer")
        if not (1 <= width <= MOST_BITS and abs(integer) <= MOST_BITS):
            raise ProgramError(
                f"node '{self.name}' ({self.op}): a type of {width} bits, {integer} of them left "
                f"of the point; allowed are 1 to {MOST_BITS} bits, and as many to either side"
            )
        return FixedPoint(sign, width, integer)

    @property
    def quantiser(self) -> Quantiser:
        """The quantiser that ends the node."""
        overflow = self._choice("overflow", ("SAT", "WRAP"))
        return Quantiser(self.get_type(), self._rounding, cast("Overflow", overflow))

    def inner(self, prefix: str) -> Quantiser:
        """An inner quantiser: unsigned, saturating, rounding as the node does."""
        return Quantiser(self.get_type(prefix, signed=False), self._rounding, "SAT")

    @property
    def _rounding(self) -> Rounding:
        return cast("Rounding", self._choice("rounding", ("FLOOR", "ROUND")))

    def _choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.get_str(key)
        if value not in allowed:
            raise ProgramError(
                f"node '{self.name}' ({self.op}): attribute '{key}' is {value!r}; allowed are "
                f"{' and '.join(allowed)}"
            )
        return value

    def _attribute(self, key: str, kind: type[Any]) -> Attribute:
        value = self.attributes.get(key)
        if not isinstance(value, kind):
            raise ProgramError(
                f"node '{self.name}' ({self.op}): attribute '{key}' is {value!r}; "
                f"expected {kind.__name__}"
            )
        return cast("Attribute", value)


def quantiser_attributes(
    kind: FixedPoint, rounding: str, overflow: str = "SAT"
) -> dict[str, Attribute]:
    """The attributes by which a node states the quantiser that ends it."""
    return {
        "signed": int(kind.signed),
        "width": kind.width,
        "integer": kind.integer,
        "rounding": rounding,
        "overflow": overflow,
    }
