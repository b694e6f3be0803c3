"""What the vectors of a verification reached: ties, saturation and both sides of every ReLU."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.fixedpoint import Codes
from triggernet.program import Program
from triggernet.program.infer import exact_of, operator_of
from triggernet.program.operators.base import Interval
from triggernet.program.operators.node import Node
from triggernet.program.probe import ProbedQuantisation

Key = tuple[str, str]  # a node's name and the prefix of one of its quantisers


@dataclass
class Reached:
    """What one quantiser saw so far, in values.

    Attributes
    ----------
    node, quantiser, operator : str
        `quantiser` is "" for the one that ends the node.
    dropped_bits : int
        Bits that rounding drops; 0: it never rounds.
    values, ties : int
        How many values came in, and how many of them lay exactly half-way between two codes.
    below, above : int or None
        How many overflowed at either end of the type; None where none can.
    relu_zero, relu_positive : int or None
        Values behind a ReLU that were zero and that were not; None without a ReLU.
    """

    node: str
    quantiser: str
    operator: str
    dropped_bits: int
    values: int = 0
    ties: int = 0
    below: int | None = 0
    above: int | None = 0
    relu_zero: int | None = None
    relu_positive: int | None = None

    def add(self, seen: ProbedQuantisation) -> None:
        """Count one more batch."""
        kind = seen.quantiser.type
        self.values += seen.exact.size
        self.ties += int(ties(seen).sum())
        self.below = (self.below or 0) + int((seen.rounded < kind.min_int).sum())
        self.above = (self.above or 0) + int((seen.rounded > kind.max_int).sum())
        if self.relu_zero is not None and self.relu_positive is not None:
            positive = int((seen.exact > 0).sum())
            self.relu_positive += positive
            self.relu_zero += seen.exact.size - positive

    def as_dict(self) -> dict[str, Any]:
        """The counts for machines."""
        return dict(vars(self))


@dataclass
class Coverage:
    """What every quantiser of a program saw; give its `add` to `triggernet.program.observe`."""

    rows: dict[Key, Reached] = field(default_factory=dict)

    def add(self, seen: ProbedQuantisation) -> None:
        """Count one use of one quantiser."""
        key = (seen.node.name, seen.prefix)
        if key not in self.rows:
            self.rows[key] = _row(seen)
        self.rows[key].add(seen)

    def table(self, program: Program) -> tuple[Reached, ...]:
        """All rows; what the inferred types exclude is None in them."""
        for node in program.nodes:
            row = self.rows.get((node.name, ""))
            if row is not None and not (row.below or row.above) and _cannot_overflow(program, node):
                row.below = row.above = None
        return tuple(self.rows.values())


@dataclass
class TieSearch:
    """Which jets of a batch make which quantiser round an exact tie."""

    jets: dict[Key, NDArray[np.bool_]] = field(default_factory=dict)

    def add(self, seen: ProbedQuantisation) -> None:
        """Note the jets with a tie at one quantiser."""
        if dropped_bits(seen):
            tied = ties(seen)
            self.jets[seen.node.name, seen.prefix] = np.asarray(
                tied.reshape(len(tied), -1).any(axis=1)
            )


def dropped_bits(seen: ProbedQuantisation) -> int:
    """How many bits the quantiser drops."""
    return max(0, seen.fraction - seen.quantiser.type.fraction)


def ties(seen: ProbedQuantisation) -> Codes:
    """Which values lie exactly half-way between two codes of the quantiser's type."""
    dropped = dropped_bits(seen)
    if not dropped:
        return np.zeros(seen.exact.shape, dtype=np.bool_)
    return np.asarray((seen.exact & ((1 << dropped) - 1)) == 1 << (dropped - 1))


def _cannot_overflow(program: Program, node: Node) -> bool:
    """Whether the type that ends a node holds every value that can come in."""
    exact = exact_of(node, program.inputs_of(node))
    return node.quantiser.type.contains(*_rounded(node, exact.range, exact.fraction))


def _rounded(node: Node, bounds: Interval, fraction: int) -> tuple[int, int]:
    shift = fraction - node.quantiser.type.fraction
    if shift <= 0:
        return bounds.lo << -shift, bounds.hi << -shift
    half = (1 << shift) >> 1 if node.quantiser.rounding == "ROUND" else 0
    return (bounds.lo + half) >> shift, (bounds.hi + half) >> shift


def _row(seen: ProbedQuantisation) -> Reached:
    node = seen.node
    behind_relu = operator_of(node).relu_prefix(node) == seen.prefix
    name = seen.prefix.removesuffix("_")
    zero = 0 if behind_relu else None
    return Reached(node.name, name, node.op, dropped_bits(seen), relu_zero=zero, relu_positive=zero)
