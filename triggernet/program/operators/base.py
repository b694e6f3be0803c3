"""What an operator is: the functions that make up its whole story, and what they share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ProgramError
from triggernet.fixedpoint import Codes, FixedPoint, Quantiser, exact_int, narrow
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node, Tensor

if TYPE_CHECKING:
    from triggernet.program.netlist.fabric import Fabric
    from triggernet.program.netlist.layout import Signal

Inputs = tuple[Tensor, ...]
Rows = Literal["edges", "particles", "inputs"]
Kind = Literal["multiply", "accumulate", "scale", "add", "compare", "select", "table", "round"]


@dataclass(frozen=True)
class Interval:
    """Bounds of integer codes, both ends included."""

    lo: int
    hi: int

    @classmethod
    def of(cls, tensor: Tensor, fraction: int | None = None) -> Interval:
        """Bounds of a tensor's codes, on a finer grid if `fraction` is given."""
        shift = 0 if fraction is None else fraction - tensor.type.fraction
        return cls(tensor.lo << shift, tensor.hi << shift)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __mul__(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Interval(min(ends), max(ends))

    def __or__(self, other: Interval) -> Interval:
        return Interval(min(self.lo, other.lo), max(self.hi, other.hi))

    @property
    def squared(self) -> Interval:
        """Bounds of the square of one code: narrower than a product of two."""
        ends = (self.lo * self.lo, self.hi * self.hi)
        return Interval(0 if self.lo <= 0 <= self.hi else min(ends), max(ends))

    def scaled(self, factor: int) -> Interval:
        """Bounds of `factor` times the code."""
        return self * Interval(factor, factor)

    def shifted(self, shift: int) -> Interval:
        """Bounds on a grid that is ``2**shift`` finer."""
        return Interval(self.lo << shift, self.hi << shift)

    @property
    def relu(self) -> Interval:
        """Bounds after clipping at zero from below."""
        return Interval(max(self.lo, 0), max(self.hi, 0))

    @property
    def bits(self) -> int:
        """Width of the narrowest type that holds the bounds."""
        return FixedPoint.covering(self.lo, self.hi, 0).width

    def cpp(self, fraction: int) -> str:
        """The C++ type that holds such codes of the given grid, and zero, exactly."""
        return FixedPoint.covering(min(self.lo, 0), max(self.hi, 0), fraction).cpp


@dataclass(frozen=True)
class Exact:
    """What an operator yields before its quantiser: shape, grid and bounds.

    `inner_bits` is the width of its widest intermediate result.
    """

    shape: tuple[int, ...]
    fraction: int
    range: Interval
    inner_bits: int = 1

    @property
    def bits(self) -> int:
        """Width that holds every result and intermediate result."""
        return max(self.range.bits, self.inner_bits)

    @property
    def cpp(self) -> str:
        """The C++ type that holds every result exactly."""
        return self.range.cpp(self.fraction)


@dataclass(frozen=True)
class Operation:
    """A group of equal hardware operations that run side by side.

    Attributes
    ----------
    kind : str
        What each of them is, and what `widths` (bits) then means: "multiply" of two variables
        (both operands), "accumulate", an addition to such a product that a DSP does by itself
        (both operands of the product), "scale", a product with a constant that takes two additions
        or more (the variable, the constant), "add", also subtract or negate (both operands),
        "compare", a sign or zero test, ReLU or saturation (bits in, bits out), "select", a
        multiplexer (bits of a word, number of words), "table", a read-only memory (address bits,
        word bits),
        "round" to nearest (bits in, bits out).
    count : int
    widths : (int, int)
    levels : int
        How many of them lie behind one another on the longest path.
    beside : bool
        They run at the same time as the group before them in the list, not after it.
    folds : bool
        With a reuse factor R one of them serves R times an event.
    """

    kind: Kind
    count: int
    widths: tuple[int, int]
    levels: int = 1
    beside: bool = False
    folds: bool = False


@dataclass(frozen=True)
class Operator:
    """One entry of the operator table.

    Attributes
    ----------
    op : str
        ONNX operator type in the domain ``triggernet``.
    header : str
        The C++ header of its HLS kernel, beside the Python file.
    arguments : callable(Node) -> tuple of str
        Names of the inputs that the node has, in order.
    infer : callable(Node, Inputs) -> Exact
        Shape, grid and exact bounds of the result before the quantiser; ProgramError if the
        inputs do not fit.
    evaluate : callable(Node, Inputs, tuple of codes (n, ...)) -> codes (n, ...)
        The exact result on the grid that `infer` states, before the quantiser.
    meaning : callable(Node) -> str
        ONNX statements that compute `y` (float64) from the arguments (float64).
    cost : callable(Node, Inputs) -> list of Operation
        The hardware of a fully parallel implementation, in order of evaluation.
    rtl : callable(Node, Inputs, tuple of Signal, Fabric) -> Signal
        Adds the operator, its quantiser included, to a design, at the design's interval;
        UnsupportedError where it cannot be had at that interval.
    hls : callable(Node, Inputs, int) -> KernelCall, or None
        The call of the HLS kernel at a reuse factor; None for what hls4ml converts exactly itself.
    result_first : bool
        Whether the HLS kernel takes its result before its inputs, whose number varies.
    rows : "edges", "particles" or "inputs"
        What the rows of the result belong to: pairs or edges, one or two of them a pair; particles;
        or to the same as those of the inputs.
    relu_prefix : callable(Node) -> str or None
        The prefix of the quantiser that stands behind a ReLU ("" for the one that ends the node);
        None where the node has no ReLU.
    """

    op: str
    header: str
    arguments: Callable[[Node], tuple[str, ...]]
    infer: Callable[[Node, Inputs], Exact]
    evaluate: Callable[[Node, Inputs, tuple[Codes, ...]], Codes]
    meaning: Callable[[Node], str]
    cost: Callable[[Node, Inputs], list[Operation]]
    rtl: Callable[[Node, Inputs, tuple[Signal, ...], Fabric], Signal]
    hls: Callable[[Node, Inputs, int], KernelCall] | None = None
    result_first: bool = False
    rows: Rows = "inputs"
    relu_prefix: Callable[[Node], str | None] = lambda _node: None


def n_pairs(n_particles: int) -> int:
    """Number of pairs i < j."""
    return n_particles * (n_particles - 1) // 2


def pair_indices(n_particles: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Particles i < j of every pair, in the order (0,1), (0,2), (1,2), (0,3), ...

    Returns
    -------
    (i, j) : two int64 arrays (P,)
    """
    j, i = np.tril_indices(n_particles, -1)
    return i, j


def align(codes: Codes, tensor: Tensor, fraction: int, bits: int) -> Codes:
    """Codes of `tensor` on a finer grid, in a dtype that holds results of up to `bits` bits."""
    return exact_int(codes, bits) << (fraction - tensor.type.fraction)


def constants(node: Node, key: str, shape: tuple[int, ...], kind: FixedPoint) -> Codes:
    """Attribute `key` as an array of codes of `kind` with the given shape.

    Raises
    ------
    ProgramError
        If there are more or fewer codes, or one is not a code of `kind`.
    """
    codes = node.get_ints(key)
    require(
        len(codes) == math.prod(shape),
        node,
        f"'{key}' holds {len(codes)} values; expected {' x '.join(map(str, shape))}",
    )
    lo, hi = min(codes, default=0), max(codes, default=0)
    require(
        kind.contains(lo, hi),
        node,
        f"'{key}' holds codes from {lo} to {hi}; {kind} holds {kind.min_int} to {kind.max_int}",
    )
    return narrow(np.array(codes, dtype=object).reshape(shape))


def require(condition: bool, node: Node, problem: str) -> None:
    """Raise ProgramError naming the node unless `condition` holds."""
    if not condition:
        raise ProgramError(f"node '{node.name}' ({node.op}): {problem}")


def tree_levels(n_terms: int) -> int:
    """Levels of a balanced adder tree over `n_terms` terms."""
    return max(0, (n_terms - 1).bit_length())


def adder_trees(n_trees: int, n_terms: int, width: int, folds: bool = False) -> list[Operation]:
    """Balanced adder trees side by side, level by level, each one bit wider than the one before.

    The last adder of each tree stays when the others are shared (`folds`): it accumulates.
    """
    levels = []
    while n_terms > 1:
        last = n_terms == 2
        count = n_trees * (n_terms // 2)
        levels.append(Operation("add", count, (width, width), folds=folds and not last))
        n_terms, width = (n_terms + 1) // 2, width + 1
    return levels


def quantise_cost(
    quantiser: Quantiser, exact: Interval, fraction: int, count: int, folds: bool = False
) -> list[Operation]:
    """Rounding and saturation of `count` values with the given bounds and grid, where needed.

    Dropping bits (FLOOR, WRAP) is wiring.
    """
    kind, operations = quantiser.type, []
    dropped = max(0, fraction - kind.fraction)
    if dropped and quantiser.rounding == "ROUND":
        kept = exact.bits - dropped
        operations.append(Operation("round", count, (exact.bits, kept), folds=folds))
    finer = max(0, kind.fraction - fraction)
    lo, hi = ((end << finer) >> dropped for end in (exact.lo, exact.hi))
    if quantiser.overflow == "SAT" and not kind.contains(lo, hi):
        bits = max(exact.bits - dropped, kind.width)
        operations.append(Operation("compare", count, (bits, kind.width), folds=folds))
    return operations


def constant_multiply_adders(code: int) -> int:
    """Additions that a product with a constant takes: nonzero signed digits minus one."""
    code, digits = abs(code), 0
    while code:
        if code & 1:
            digits += 1
            code -= 1 if code & 3 == 1 else -1
        code >>= 1
    return max(0, digits - 1)
