"""Fixed point against exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggernet.errors import UsageError
from triggernet.fixedpoint import FixedPoint, Quantiser

types = st.builds(FixedPoint, st.booleans(), st.integers(1, 80), st.integers(-20, 60))
quantisers = st.builds(
    Quantiser, types, st.sampled_from(["FLOOR", "ROUND"]), st.sampled_from(["SAT", "WRAP"])
)


def rational_quantise(value: Fraction, q: Quantiser) -> int:
    """The definition, in rational numbers."""
    scaled = value * Fraction(2) ** q.type.fraction
    code = math.floor(scaled) if q.rounding == "FLOOR" else round(scaled)  # round(): ties to even
    if q.overflow == "SAT":
        return min(max(code, q.type.min_int), q.type.max_int)
    return (code - q.type.min_int) % 2**q.type.width + q.type.min_int


@given(quantisers, st.lists(st.integers(-(2**70), 2**70), min_size=1), st.integers(-30, 60))
def test_quantise_equals_rational_definition(q: Quantiser, codes: list[int], fraction: int) -> None:
    got = q(np.array(codes, dtype=object), fraction)
    assert [int(c) for c in got] == [
        rational_quantise(Fraction(c) / Fraction(2) ** fraction, q) for c in codes
    ]


@given(quantisers, st.lists(st.integers(-(2**40), 2**40), min_size=1), st.integers(-8, 8))
def test_int64_and_python_integers_agree(q: Quantiser, codes: list[int], fraction: int) -> None:
    narrow = q(np.array(codes, dtype=np.int64), fraction)
    wide = q(np.array(codes, dtype=object), fraction)
    assert [int(c) for c in narrow] == [int(c) for c in wide]


@given(quantisers, st.floats(-1e9, 1e9, allow_nan=False))
def test_real_values_are_quantised_exactly(q: Quantiser, value: float) -> None:
    assert int(q.from_real(value)) == rational_quantise(Fraction(value), q)


@given(quantisers, st.integers(-(2**70), 2**70), st.integers(0, 2**20), st.integers(-30, 60))
def test_range_holds_every_result(q: Quantiser, lo: int, span: int, fraction: int) -> None:
    low, high = q.range_of(lo, lo + span, fraction)
    inside = np.array([lo, lo + span // 3, lo + span // 2, lo + span], dtype=object)
    assert all(low <= int(c) <= high for c in q(inside, fraction))


@given(st.integers(-(2**70), 2**70), st.integers(0, 2**70), st.integers(-5, 70))
def test_covering_is_the_narrowest(lo: int, span: int, fraction: int) -> None:
    kind = FixedPoint.covering(lo, lo + span, fraction)
    assert kind.fraction == fraction
    assert kind.contains(lo, lo + span)
    if kind.width > 1:
        narrower = FixedPoint(kind.signed, kind.width - 1, kind.integer - 1)
        assert not narrower.contains(lo, lo + span)


def test_half_lsb_ties() -> None:
    ties = np.array([-3, -1, 1, 3, 5], dtype=np.int64)  # odd multiples of half an LSB
    kind = FixedPoint(True, 8, 8)
    assert Quantiser(kind, "ROUND")(ties, 1).tolist() == [-2, 0, 0, 2, 2]
    assert Quantiser(kind, "FLOOR")(ties, 1).tolist() == [-2, -1, 0, 1, 2]


def test_texts_and_conventions() -> None:
    kind = FixedPoint(True, 12, 4)
    assert (kind.cpp, kind.kif) == ("ap_fixed<12,4>", (True, 3, 8))
    assert FixedPoint(False, 12, 4).kif == (False, 4, 8)
    assert Quantiser(kind, "FLOOR", "WRAP").cpp == "ap_fixed<12,4,AP_TRN,AP_WRAP>"
    assert Quantiser(FixedPoint(False, 3, 5)).cpp == "ap_ufixed<3,5,AP_RND_CONV,AP_SAT>"
    assert kind.qonnx == {
        "scale": 2.0**-8, "zero_point": 0, "bit_width": 12, "signed": 1, "narrow": 0,
    }  # fmt: skip
    assert (kind.min, kind.max, kind.lsb) == (-8.0, 8 - 2.0**-8, 2.0**-8)


def test_bad_values_are_refused() -> None:
    with pytest.raises(UsageError, match="width 0"):
        FixedPoint(True, 0, 0)
    with pytest.raises(UsageError, match="NaN or infinite"):
        Quantiser(FixedPoint(True, 8, 4)).from_real(float("nan"))
