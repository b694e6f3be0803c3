"""Quantisers as staircases of integers, and the integers of `Rescale` that climb them exactly.

A quantiser behind a layer is a function of the layer's integer sum A that never falls. It is given
by where it steps up: `first[j]`, the smallest A that gives code j or more. A multiplier m, an
offset B and a shift n do the same for every A from `lo` to `hi` if, and only if,

    m first[j] + B >= j 2**n    and    m (first[j] - 1) + B < j 2**n    for every j.

That is what `climb` searches, and so its result is proved for the whole range, not for a sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.program.readers.foreign.functions import Clip, Condition, Function

MOST_STEPS = 1 << 18  # of one channel
MOST_MULTIPLIER = 1 << 30
MOST_SHIFT = 60

Real = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Levels:
    """Which codes a quantiser gives, and how it rounds to them.

    Attributes
    ----------
    lowest, highest : int
        Of ``clip(round(x / unit + zero), lowest, highest)``; the code is that minus `zero`.
    rounding : str
        A name of qonnx 1.0.0.
    zero : int
    step : int
        2 for the two codes -1 and 1 of a sign, 1 otherwise.
    """

    lowest: int
    highest: int
    rounding: str = "ROUND"
    zero: int = 0
    step: int = 1

    @property
    def codes(self) -> tuple[int, int]:
        """The lowest and the highest code."""
        return self.lowest - self.zero, self.highest - self.zero

    def condition(self, level: int) -> tuple[Fraction, bool]:
        """The bound that ``x / unit + zero`` must reach for `level` or more; whether to pass it."""
        double, strict = self.doubled(level)
        return Fraction(double, 2), strict

    def doubled(self, level: int) -> tuple[int, bool]:
        """Likewise, with twice the bound."""
        if self.rounding == "SIGN":
            return 0, False
        down, up, half = 2 * level, 2 * level - 2, 2 * level - 1
        below = level <= 0
        return {
            "FLOOR": (down, False),
            "CEIL": (up, True),
            "UP": (down, False) if below else (up, True),  # away from 0
            "DOWN": (up, True) if below else (down, False),  # towards 0
            "HALF_UP": (half, below),  # halves away from 0
            "HALF_DOWN": (half, not below),
            "ROUND": (half, level % 2 != 0),  # halves to even
        }[self.rounding]

    def round(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The level of ``x / unit + zero`` in float64."""
        size, sign = np.abs(x), np.sign(x)
        match self.rounding:
            case "SIGN":
                return np.where(x >= 0, 1.0, -1.0)
            case "FLOOR":
                whole = np.floor(x)
            case "CEIL":
                whole = np.ceil(x)
            case "UP":
                whole = sign * np.ceil(size)
            case "DOWN":
                whole = np.fix(x)
            case "HALF_UP":
                whole = sign * np.floor(size + 0.5)
            case "HALF_DOWN":
                whole = sign * np.ceil(size - 0.5)
            case _:
                whole = np.rint(x)
        return np.clip(whole, self.lowest, self.highest)


@dataclass(frozen=True)
class Column:
    """One channel in front of its quantiser: a function of an integer A from `lo` to `hi`.

    Attributes
    ----------
    scale, offset : Fraction
        The value is ``scale * A + offset``, and then goes through `functions`.
    unit : Fraction
        Of the quantiser.
    functions : tuple of Function, each of which is asked for element `element`
    """

    scale: Fraction
    offset: Fraction
    unit: Fraction
    lo: int
    hi: int
    functions: tuple[Function, ...] = ()
    element: int = 0

    @property
    def rising(self) -> bool:
        """Whether its value never falls with A."""
        falls = sum(not f.rising(self.element) for f in self.functions)
        return (self.scale >= 0) == (falls % 2 == 0)

    @property
    def turned(self) -> Column:
        """The same as a function of -A."""
        return replace(self, scale=-self.scale, lo=-self.hi, hi=-self.lo)

    @property
    def exact(self) -> bool:
        """Whether it is piecewise linear."""
        return all(f.exact for f in self.functions)

    def real(self, a: NDArray[Any]) -> NDArray[np.float64]:
        """Its value over the unit in float64."""
        x = np.asarray(a, np.float64) * float(self.scale) + float(self.offset)
        for f in self.functions:
            x = f.real(self.element, x)
        return x / float(self.unit)

    def level(self, a: int, levels: Levels) -> int:
        """The level that A gives."""
        if not self.exact:
            return int(levels.round(self.real(np.array([a])) + levels.zero)[0])
        x = self.scale * a + self.offset
        for f in self.functions:
            x = f.value(self.element, x)
        return level_of(x / self.unit + levels.zero, levels)


def level_of(x: Fraction, levels: Levels) -> int:
    """The level of an exact ``x / unit + zero``."""
    if levels.rounding == "SIGN":
        return 1 if x >= 0 else -1
    level = min(max(x.__floor__() - 1, levels.lowest), levels.highest)
    while level < levels.highest:
        bound, strict = levels.condition(level + 1)
        if not (x > bound if strict else x >= bound):
            break
        level += 1
    return level


@dataclass(frozen=True)
class Stairs:
    """Where a rising column steps up.

    Attributes
    ----------
    lo, hi : int
        The range of A.
    start : int
        The level at `lo`.
    step : int
    first : int64 or object (J,)
        The smallest A with level ``start + step * (j + 1)`` or more, in rising order.
    touched : bool (J,)
        Where that A lies exactly on a tie which goes to the higher level, or the A before it lies
        on one that goes to the lower level.
    """

    lo: int
    hi: int
    start: int
    step: int
    first: NDArray[Any]
    touched: NDArray[np.bool_]

    @property
    def levels(self) -> NDArray[np.int64]:
        """The level behind each step."""
        return self.start + self.step * np.arange(1, len(self.first) + 1, dtype=np.int64)

    @property
    def end(self) -> int:
        """The level at `hi`."""
        return self.start + self.step * len(self.first)


def stairs(column: Column, levels: Levels) -> Stairs:
    """The staircase of a column that never falls.

    Raises
    ------
    ValueError
        If it has more than `MOST_STEPS` steps.
    """
    start, end = column.level(column.lo, levels), column.level(column.hi, levels)
    count = (end - start) // levels.step
    if count > MOST_STEPS:
        raise ValueError(f"{count} steps of its quantiser are within reach; {MOST_STEPS} at most")
    wanted = range(start + levels.step, end + 1, levels.step)
    first: list[int]
    touched: list[bool]
    if not count:  # a constant
        first, touched = [], []
    elif all(isinstance(f, Clip) for f in column.functions):  # the usual case, in integers
        first, touched = _linear_firsts(column, levels, wanted)
    elif column.exact:
        constants = [_first(column, levels, level) for level in wanted]
        first, touched = [f for f, _ in constants], [t for _, t in constants]
    else:
        first, touched = _searched(column, levels, wanted), [False] * count
    array = np.array(first, dtype=object)
    return Stairs(column.lo, column.hi, start, levels.step, array, np.array(touched, dtype=bool))


def _linear_firsts(
    column: Column, levels: Levels, wanted: Sequence[int]
) -> tuple[list[int], list[bool]]:
    """As `_first` for many levels of a straight line: levels in reach lie between all limits."""
    # bound = (double * step + start) / size, with double twice the level's bound
    terms = (
        column.unit / column.scale / 2,
        -(levels.zero * column.unit + column.offset) / column.scale,
    )
    size = math.lcm(terms[0].denominator, terms[1].denominator)
    step, start = (int(t * size) for t in terms)
    first, touched = [], []
    for level in wanted:
        double, strict = levels.doubled(level)
        whole, rest = divmod(double * step + start, size)
        touched.append(not rest)
        first.append(whole if not rest and not strict else whole + 1)
    return first, touched


def _first(column: Column, levels: Levels, level: int) -> tuple[int, bool]:
    """The smallest A that reaches a level, and whether the bound itself is an A."""
    bound, strict = levels.condition(level)
    c = Condition((bound - levels.zero) * column.unit, strict)
    for f in reversed(column.functions):
        c = f.inverse(column.element, c)
    assert c.always is None, "decided at both ends of the range"
    bound, strict = (c.bound - column.offset) / column.scale, c.strict
    n, d = bound.numerator, bound.denominator
    whole = d == 1
    return (n + 1 if strict else n) if whole else n // d + 1, whole


def _searched(column: Column, levels: Levels, wanted: Sequence[int]) -> list[int]:
    """The smallest A that reaches each level, by bisection in float64."""
    goal = np.array(wanted, dtype=np.float64)
    low, high = np.full(len(goal), column.lo), np.full(len(goal), column.hi)  # not yet, reached
    while (high - low > 1).any():
        middle = (low + high) // 2
        reached = levels.round(column.real(middle) + levels.zero) >= goal
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return [int(a) for a in high]


@dataclass(frozen=True)
class Climb:
    """Constants of a `Rescale` of several channels."""

    multiplier: tuple[int, ...]
    offset: tuple[int, ...]
    ties: tuple[int, ...]
    shift: int


def climb(columns: Sequence[Stairs], slopes: Sequence[Fraction], limits: tuple[int, int],
          *, even: bool) -> Climb | None:  # fmt: skip
    """The smallest integers that climb all staircases exactly; None if there are none.

    Parameters
    ----------
    columns : sequence of Stairs
        Their levels are the codes of the result.
    slopes : sequence of Fraction
        Levels for each step of A, of each column.
    limits : (int, int)
        The result is clipped to these codes.
    even : bool
        Ties go to the even code: where no shift does that, a second subtraction may.
    """
    steep = max((s for s, c in zip(slopes, columns, strict=True) if len(c.first)), default=None)
    if steep is None:
        return Climb((0,) * len(columns), tuple(c.start for c in columns), (0,) * len(columns), 0)
    for shift in range(MOST_SHIFT + 1):
        if steep * (1 << shift) >= MOST_MULTIPLIER:
            break
        constants = _all_at(columns, slopes, limits, shift, even)
        if constants is not None:
            return constants
    return None


def _all_at(columns: Sequence[Stairs], slopes: Sequence[Fraction], limits: tuple[int, int],
            shift: int, even: bool) -> Climb | None:  # fmt: skip
    constants = []
    for column, slope in zip(columns, slopes, strict=True):
        one = _at(column, slope, limits, shift, even)
        if one is None:
            return None
        constants.append(one)
    m, b, t = zip(*constants, strict=True)
    return Climb(m, b, t, shift)


def _at(column: Stairs, slope: Fraction, limits: tuple[int, int], shift: int, even: bool
        ) -> tuple[int, int, int] | None:  # fmt: skip
    """Multiplier, offset and tie window of one column at a shift."""
    if not len(column.first):
        return 0, column.start << shift, 0
    exact = slope * (1 << shift)
    low = exact.__floor__()
    for m in dict.fromkeys((low, low + (exact.denominator != 1))):
        if m < 1:
            continue
        b = _plain_offset(column, m, shift, limits)
        if b is not None:
            return m, b, 0
        if even and column.touched.any():
            tied = _even_offset(column, m, shift, limits)
            if tied is not None:
                return m, *tied
    return None


def _plain_offset(column: Stairs, m: int, shift: int, limits: tuple[int, int]) -> int | None:
    """The smallest offset with which m climbs the staircase."""
    least, most = _window(column, column.first, m, shift, limits)
    return least if least <= most else None


def _window(
    column: Stairs, first: NDArray[Any], m: int, shift: int, limits: tuple[int, int]
) -> tuple[int, int]:
    """The smallest and the largest offset with which every level begins at its `first`."""
    goals = _products(column.levels, 1 << shift, m, column)  # (J,)
    products = _products(first, m, 1 << shift, column)
    needed = goals - products
    least, most = int(needed.max()), int(needed.min()) + m - 1
    if column.start > limits[0]:
        least = max(least, (column.start << shift) - m * column.lo)
    if column.end < limits[1]:
        most = min(most, ((column.end + 1) << shift) - 1 - m * column.hi)
    return least, most


def _products(values: NDArray[Any], factor: int, other: int, column: Stairs) -> NDArray[Any]:
    """Values times a factor, in int64 where that and the like with `other` fit."""
    size = max(abs(column.lo), abs(column.hi), abs(column.start), abs(column.end)) + 2
    if size * max(factor, other) < 1 << 61:
        return values.astype(np.int64) * factor
    return values.astype(object) * factor


def _even_offset(
    column: Stairs, m: int, shift: int, limits: tuple[int, int]
) -> tuple[int, int] | None:
    """An offset for thresholds with all ties upwards, and the window that brings odd ones down."""
    odd = column.levels % 2 != 0
    down = odd & column.touched  # here the tie itself belongs to the level before
    first = column.first.astype(object) - down.astype(int)
    least, most = _window(column, first, m, shift, limits)
    if least > most:
        return None
    rest = first * m + least - column.levels.astype(object) * (1 << shift)  # (J,)
    if not down.any():
        return None
    ties = 1 + int(rest[down].max())
    others = rest[odd & ~down]
    fits = ties <= m and (not len(others) or ties <= int(others.min()))
    inside = bool((first[down] >= column.lo).all())
    if column.start % 2 and column.start > limits[0]:
        inside &= m * column.lo + least - (column.start << shift) >= ties
    return (least, ties) if fits and inside else None
