"""Bit operations, counted operation by operation."""

from __future__ import annotations

import pytest
from programs import SIGNED, UNSIGNED, Builder, polar_program

from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.base import Operation
from triggernet.reports.cost.bit_operations import bit_operations, bits_of


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("multiply", 7 * 4),
        ("scale", 7 * 4),
        ("add", 7),
        ("accumulate", 7 + 4),
        ("select", 7 * 3),
        ("round", 7),
        ("compare", 7),
        ("table", 4),
    ],
)
def test_each_kind_of_operation_has_its_formula(kind, expected):
    assert bits_of(Operation(kind, 1, (7, 4))) == expected
    if kind == "add":
        assert bits_of(Operation(kind, 1, (4, 7))) == expected


def dense_program(kind, rounding="FLOOR"):
    """5 a + 4 b + 11 c and 3 a + 5 c of three unsigned codes of 6 bits."""
    build = Builder(rounding)
    x = build.input("x", 3, FixedPoint(UNSIGNED, 6, 6))
    sizes = {"in_features": 3, "out_features": 2, "n_select": 1, "context_features": 0}
    codes = {"weight": (5, 3, 4, 0, 11, 5), "weight_width": 6, "weight_integer": 6}
    codes |= {"bias": (0, 0), "bias_width": 1, "bias_integer": 1}
    build.node("Dense", "y", [x], kind, in_rank=1, relu=0, **sizes, **codes)
    return build.program("dense", ["y"])


# 3 and 5 are two powers of two: one addition each, of 6 + 5 bits (11 takes 5, with its sign). 4 is
# wiring, 0 is nothing, 11 = 8 + 4 - 1 is a product of 6 x 5 bits. The tree of each output has three
# terms of 6 + 5 bits: one addition of 11 bits, one of 12.
PRODUCTS = 6 * 5
ADDITIONS = 3 * 11 + 2 * (11 + 12)


def test_bit_operations_of_a_layer_counted_by_hand():
    found = bit_operations(dense_program(FixedPoint(SIGNED, 12, 12)))
    assert found.by_kind == {"scale": PRODUCTS, "add": ADDITIONS}
    assert found.total == 109
    assert found.as_dict() == {"total": 109, "by_kind": {"scale": 30, "add": 79}}


def test_the_quantiser_behind_an_operator_counts_too():
    # The sums are at most 20 * 63 = 1260: 11 bits. Four are dropped, what is left is saturated.
    found = bit_operations(dense_program(FixedPoint(UNSIGNED, 5, 9), "ROUND"))
    quantiser = {"round": 2 * 11, "compare": 2 * 7}
    assert found.by_kind == {"scale": PRODUCTS, "add": ADDITIONS} | quantiser


def test_any_operator_is_counted():
    found = bit_operations(polar_program(5, jet=1, beams=1))
    assert set(found.by_kind) == {
        *("multiply", "accumulate", "scale", "add", "compare", "select", "table", "round")
    }
    assert all(bits > 0 for bits in found.by_kind.values())
