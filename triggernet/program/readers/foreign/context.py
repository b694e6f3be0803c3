"""What the handlers of the graph's nodes share: the node, its attributes, the values it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from triggernet.errors import UnsupportedError
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.sums import settled
from triggernet.program.readers.foreign.values import Affine, Constant, Ints, Value, constant_values

MOST_TERMS = 1 << 23  # products of all elements of a value together


@dataclass
class Context:
    """One node of the graph, and what its inputs are.

    Attributes
    ----------
    net : Network
    proto : onnx.NodeProto
    values : list of Value or None
        Of its inputs; None for one that is left out.
    opset : int
        Of the graph's standard operators.
    attributes : mapping
    """

    net: Network
    proto: onnx.NodeProto
    values: Sequence[Value | None]
    opset: int
    attributes: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        stated = {a.name: helper.get_attribute_value(a) for a in self.proto.attribute}
        self.attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in stated.items()}

    def get(self, name: str, default: Any) -> Any:
        """An attribute, or its default."""
        return self.attributes.get(name, default)

    def value(self, k: int) -> Value:
        """Input number k."""
        value = self.values[k] if k < len(self.values) else None
        if value is None:
            raise UnsupportedError(f"its input {k} is missing")
        return value

    def given(self, k: int) -> bool:
        """Whether there is an input number k."""
        return k < len(self.values) and self.values[k] is not None

    def activation(self, k: int) -> Affine:
        """Input number k as an activation."""
        value = self.value(k)
        return value if isinstance(value, Affine) else constant_values(value, value.shape)

    def constant(self, k: int, what: str) -> Constant:
        """Input number k, which must be a constant."""
        value = self.value(k)
        if not isinstance(value, Constant):
            raise UnsupportedError(f"its {what} is computed from the inputs; it must be constant")
        return value

    def integers(self, k: int, what: str) -> list[int]:
        """Input number k as a list of integers."""
        return [int(v) for v in self.constant(k, what).array.reshape(-1)]

    def linear(self, k: int) -> Affine:
        """Input number k as a linear map: functions in front are computed."""
        value = self.activation(k)
        return settled(self.net, value) if value.functions else value

    def settled(self, k: int) -> Affine:
        """Input number k as atoms of the program."""
        return settled(self.net, self.activation(k))

    def axes(self, rank: int, k: int = 1, default: Sequence[int] | None = None) -> list[int]:
        """Axes from the attribute `axes` or from input number k, none of them negative."""
        if self.given(k):
            axes = self.integers(k, "list of axes")
        else:
            axes = list(self.get("axes", default if default is not None else []))
        if not axes and not self.get("noop_with_empty_axes", 0):
            axes = list(range(rank))
        return sorted(a % rank for a in axes)


Handler = Callable[[Context], "Value | list[Value]"]


def positions(shape: Sequence[int]) -> Ints:
    """The numbers of all elements of a tensor, in its shape."""
    return np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64).reshape(tuple(shape))


def spread(*shapes: Sequence[int]) -> tuple[tuple[int, ...], list[Ints]]:
    """The shape to which tensors are broadcast, and the places of each one's elements (K,)."""
    shape = np.broadcast_shapes(*(tuple(s) for s in shapes))
    places = [np.broadcast_to(positions(s), shape).reshape(-1) for s in shapes]
    return shape, places


def check_terms(places: NDArray[Any], terms: int) -> None:
    """Refuse what is too large to be unrolled, before it takes the memory."""
    if places.size * terms > MOST_TERMS:
        raise UnsupportedError(
            f"it takes {places.size * terms} products to unroll it; {MOST_TERMS} at most"
        )
