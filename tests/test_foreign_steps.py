"""The integers that climb a quantiser's stairs: compared with it over the whole range."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triggernet.program.readers.foreign.steps import Climb, Column, Levels, climb, stairs

ROUNDINGS = ("ROUND", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
rationals = st.fractions(min_value=Fraction(-5), max_value=Fraction(5), max_denominator=300)
positive = st.fractions(min_value=Fraction(1, 200), max_value=Fraction(4), max_denominator=300)


def rounded(x: Fraction, mode: str) -> int:
    """Python's own rounding of a rational, with the words of qonnx."""
    low, rest = divmod(x, 1)
    low = int(low)
    if mode == "ROUND":
        return round(x)
    away = x < 0
    return {
        "FLOOR": low,
        "CEIL": low + bool(rest),
        "UP": low + bool(rest and not away),
        "DOWN": low + bool(rest and away),
        "HALF_UP": low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and not away)),
        "HALF_DOWN": low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and away)),
    }[mode]


def expected(a: int, column: Column, levels: Levels) -> int:
    x = (column.scale * a + column.offset) / column.unit + levels.zero
    x = min(max(x, Fraction(levels.lowest)), Fraction(levels.highest))
    return rounded(x, levels.rounding)


def climbed(a: int, found: Climb, k: int, limits: tuple[int, int]) -> int:
    """What `Rescale` does, in Python's integers."""
    value = found.multiplier[k] * a + found.offset[k]
    code = value >> found.shift
    if code % 2:
        code = (value - found.ties[k]) >> found.shift
    return min(max(code, limits[0]), limits[1])


@settings(max_examples=300, deadline=None)
@given(
    scale=positive,
    offset=rationals,
    unit=positive,
    lo=st.integers(-60, 0),
    hi=st.integers(1, 60),
    low=st.integers(-9, 0),
    high=st.integers(1, 9),
    rounding=st.sampled_from(ROUNDINGS),
    zero=st.integers(-2, 2),
)
def test_stairs_and_climb_are_the_quantiser(
    scale: Fraction, offset: Fraction, unit: Fraction, lo: int, hi: int, low: int, high: int,
    rounding: str, zero: int,
) -> None:  # fmt: skip
    column, levels = Column(scale, offset, unit, lo, hi), Levels(low, high, rounding, zero)
    steps = stairs(column, levels)
    wanted = [expected(a, column, levels) for a in range(lo, hi + 1)]
    counted = [steps.start + sum(a >= f for f in steps.first) for a in range(lo, hi + 1)]
    assert counted == wanted
    limits = steps.start, steps.end
    found = climb([steps], [scale / unit], limits, even=rounding == "ROUND")
    if found is not None:
        assert [climbed(a, found, 0, limits) for a in range(lo, hi + 1)] == wanted


@pytest.mark.parametrize("denominator", [3, 6, 7, 10, 12, 20, 36])
def test_means_whose_ties_are_reached_have_integers(denominator: int) -> None:
    """A mean of ten values is half-way between two codes now and then: even wins."""
    column, levels = (
        Column(Fraction(1, denominator), Fraction(0), Fraction(1), -640, 635),
        Levels(-128, 127),
    )
    steps = stairs(column, levels)
    limits = steps.start, steps.end
    found = climb([steps], [Fraction(1, denominator)], limits, even=True)
    assert found is not None
    codes = [climbed(a, found, 0, limits) for a in range(-640, 636)]
    assert codes == [expected(a, column, levels) for a in range(-640, 636)]
    ties = [a for a in range(-640, 636) if (Fraction(a, denominator) * 2).denominator == 1]
    assert bool(found.ties[0]) == any(Fraction(a, denominator).denominator == 2 for a in ties)


def test_channels_share_a_shift_and_keep_their_limits() -> None:
    levels = Levels(-7, 7)
    slopes = [Fraction(3, 17), Fraction(1, 64), Fraction(2, 5)]
    columns = [Column(s, Fraction(k, 3), Fraction(1), -99, 99) for k, s in enumerate(slopes)]
    every = [stairs(c, levels) for c in columns]
    limits = min(s.start for s in every), max(s.end for s in every)
    found = climb(every, slopes, limits, even=True)
    assert found is not None
    for (k, column), a in itertools.product(enumerate(columns), range(-99, 100)):
        assert climbed(a, found, k, limits) == expected(a, column, levels)


def test_a_real_float_scale_takes_few_bits() -> None:
    """Scales of a trained layer: for 8-bit codes the multiplier stays below 24 bits."""
    scale = Fraction(float(np.float32(0.0123) * np.float32(0.0061)))
    column = Column(scale, Fraction(0), Fraction(float(np.float32(0.0371))), -(1 << 18), 1 << 18)
    steps = stairs(column, Levels(0, 255))
    found = climb([steps], [scale / column.unit], (steps.start, steps.end), even=True)
    assert found is not None
    assert found.multiplier[0].bit_length() < 24
