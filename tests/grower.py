"""A program that grows by chance, one node after another: what draws of random nodes stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from triggernet.fixedpoint import FixedPoint
from triggernet.program.infer import exact_of, input_tensor
from triggernet.program.operators.base import Exact
from triggernet.program.operators.node import Node, Tensor, quantiser_attributes

WIDEST_RESULT = 18
REUSED = 0.4  # how often an argument is a tensor that is there already, where one fits

Shape = tuple[int, ...]
Attributes = dict[str, object]
Made = tuple[list[str], Attributes]  # names of a node's inputs, and its attributes


@dataclass
class Grower:
    """A program that grows."""

    rng: np.random.Generator
    inputs: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    # Choices

    def flip(self) -> int:
        return int(self.rng.integers(0, 2))

    def between(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def kind(self, widest: int = 7, signed: int | None = None) -> FixedPoint:
        """Any type: integer bits may be negative or more than there are bits."""
        width = self.between(1, widest)
        sign = self.flip() if signed is None else signed
        return FixedPoint(bool(sign), width, self.between(-3, width + 3))

    def whole(self, widest: int, signed: int) -> FixedPoint:
        width = self.between(1, widest)
        return FixedPoint(bool(signed), width, width)

    # Tensors

    def input(self, shape: Shape, kind: FixedPoint) -> str:
        """A new input and the quantiser that reads it."""
        name = f"i{len(self.inputs)}"
        tensor = input_tensor(f"{name}_in", shape, kind)
        self.inputs.append(tensor)
        self.tensors[tensor.name] = tensor
        end = quantiser_attributes(kind, "ROUND")
        self.add(Node(f"node_{name}", "Quant", (tensor.name,), name, end))
        return name

    def add(self, node: Node) -> None:
        exact = exact_of(node, tuple(self.tensors[n] for n in node.inputs))
        lo, hi = node.quantiser.range_of(exact.range.lo, exact.range.hi, exact.fraction)
        self.tensors[node.output] = Tensor(node.output, exact.shape, node.quantiser.type, lo, hi)
        self.nodes.append(node)

    def tensor(
        self,
        shape: Shape,
        kind: FixedPoint | None = None,
        fits: Callable[[Tensor], bool] = lambda _: True,
    ) -> str:
        """A tensor of a shape: one that is there and fits, or a new input of the given type."""
        read = {tensor.name for tensor in self.inputs}
        there = [
            t.name
            for t in self.tensors.values()
            if t.shape == shape and fits(t) and t.name not in read
        ]
        if there and self.rng.random() < REUSED:
            return there[self.between(0, len(there) - 1)]
        return self.input(shape, kind or self.kind())

    def codes(self, key: str, kind: FixedPoint, size: int) -> Attributes:
        """Constants of a type: any of its codes, many of them 0 or at an end."""
        ends = np.array([0, kind.min_int, kind.max_int, 1 if kind.max_int else 0])
        some = self.rng.choice(ends, size)
        any_ = self.rng.integers(kind.min_int, kind.max_int + 1, size)
        codes = np.where(self.rng.random(size) < 0.3, some, any_)
        return {
            key: tuple(int(c) for c in codes),
            f"{key}_width": kind.width,
            f"{key}_integer": kind.integer,
        }

    # What several operators take

    def flags(self) -> Attributes:
        return {"jet": self.flip(), "beams": self.flip()}

    def inner(self, prefix: str, around: int) -> Attributes:
        """An inner quantiser of any width, its integer bits near `around`."""
        width = self.between(1, 12)
        return {f"{prefix}width": width, f"{prefix}integer": around + self.between(-3, 4)}

    def presence(self, most: int) -> str:
        """A tensor that says which of `most` particles are present, or of the first of them."""
        return self.tensor((self.between(1, most),), self.kind(3, 0))

    def rows(self) -> Shape:
        return self.between(1, 4), self.between(1, 3)

    def any_shape(self) -> Shape:
        return self.rows() if self.flip() else (self.between(1, 4),)

    # Nodes

    def grow(self, op: str, draw: Callable[[Grower], Made]) -> str:
        """One more node, which `draw` chooses; its result's name."""
        inputs, attributes = draw(self)
        name = f"t{len(self.nodes)}"
        modes = ("FLOOR", "ROUND")[self.flip()], ("SAT", "WRAP")[self.flip()]
        end = quantiser_attributes(FixedPoint(True, 1, 1), *modes)
        probe = Node(f"node_{name}", op, tuple(inputs), name, {**attributes, **end})
        exact = exact_of(probe, tuple(self.tensors[n] for n in inputs))
        end = quantiser_attributes(self.result(exact), *modes)
        self.add(replace(probe, attributes={**attributes, **end}))
        return name

    def result(self, exact: Exact) -> FixedPoint:
        """A type for a result: near its exact one, or any other."""
        full = FixedPoint.covering(exact.range.lo, exact.range.hi, exact.fraction)
        if self.rng.random() < 0.2:
            return self.kind(9)
        width = min(max(1, full.width + self.between(-6, 2)), WIDEST_RESULT)
        signed = full.signed if self.rng.random() < 0.8 else not full.signed
        return FixedPoint(signed, width, full.integer + self.between(-2, 2))
