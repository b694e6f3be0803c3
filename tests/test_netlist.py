"""Netlists: what the simulated designs do not show by themselves, and one bug of da4ml."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from da4ml.cmvm import solve
from programs import nano_program

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.fixedpoint import FixedPoint
from triggernet.program.netlist.arithmetic import linear, round_half_even, saturate, total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.text import fitted, literal
from triggernet.program.netlist.timing import LEVEL_NS, Timing, table_ns
from triggernet.program.netlist.wire import Wire, constant

MATRIX = np.array([[-3, 2], [32, 57]])


@pytest.fixture
def builder() -> Builder:
    return Builder("of_this_test", Timing(5.0), {})


def test_da4ml_misreads_matrices_in_fortran_order() -> None:
    """When this fails, `affine` need not copy its matrix into C order any more."""
    kernel = np.asfortranarray(MATRIX, dtype=np.float32)
    assert not np.array_equal(solve(kernel).kernel, MATRIX)
    assert np.array_equal(solve(np.ascontiguousarray(kernel)).kernel, MATRIX)


def test_bounds_of_a_constant_matrix_are_those_of_its_products(builder: Builder) -> None:
    inputs = [builder.input("x", -16, 15), builder.input("y", 0, 7)]
    found = [(w.lo, w.hi) for w in linear(builder, inputs, np.asfortranarray(MATRIX))]
    corners = np.array([[x, y] for x in (-16, 15) for y in (0, 7)]) @ MATRIX
    for (lo, hi), column in zip(found, corners.T, strict=True):
        assert lo <= column.min()
        assert column.max() <= hi


def test_a_tree_begins_with_what_is_there_first(builder: Builder) -> None:
    early = [builder.input(f"a{k}", 0, 3) for k in range(4)]
    late = builder.input("b", 0, 3, cycle=2)
    assert total(builder, [late, *early]).cycle == 2  # one addition behind the late one
    assert total(builder, [*early, *early, *early]).hi == 36


def test_what_cannot_overflow_costs_nothing(builder: Builder) -> None:
    x = builder.input("x", 0, 200)
    before = len(builder.module.statements)
    assert saturate(builder, x, FixedPoint(False, 8, 8)) is x
    assert len(builder.module.statements) == before


def value_of(wire: Wire) -> int:
    assert wire.constant
    assert wire.lo == wire.hi
    return wire.lo


def test_what_is_always_too_large_is_the_largest_code(builder: Builder) -> None:
    x = builder.input("x", 300, 400)
    assert value_of(saturate(builder, x, FixedPoint(False, 8, 8))) == 255


def test_a_constant_is_read_as_its_digits_in_whatever_clock(builder: Builder) -> None:
    assert [builder.read(constant(value), 7) for value in (5, -1)] == ["3'd5", "1'd1"]
    product = builder.multiply(builder.input("x", 0, 9), constant(6))
    assert (product.lo, product.hi) == (0, 54)
    assert builder.module.statements[-1].text.endswith("= x * 3'd6;")


def test_dropping_no_bits_is_nothing(builder: Builder) -> None:
    x = builder.input("x", -5, 9)
    assert builder.floor(x, 0) is x


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_constants_are_rounded_half_to_even(builder: Builder, bits: int) -> None:
    for value in range(-20, 21):
        expected = round(Fraction(value, 1 << bits))
        assert value_of(round_half_even(builder, constant(value), bits)) == expected


def test_a_level_of_look_up_tables_has_eight_address_bits_by_multiplexers_then_two_more() -> None:
    levels = [table_ns(bits) / LEVEL_NS for bits in (1, 6, 7, 8, 9, 10, 11, 12)]
    assert levels == [1, 1, 1, 1, 2, 2, 3, 3]


def test_an_eighth_of_the_clock_is_kept_free() -> None:
    assert Timing(8.0).usable_ns == 7.0


@pytest.mark.parametrize(
    ("bits", "signed", "width", "shift", "text"),
    [
        (4, False, 4, 0, "x"),
        (4, False, 6, 0, "{2'd0, x}"),
        (4, True, 6, 1, "{{1{x[3]}}, x, 1'd0}"),
    ],
)
def test_extension_is_explicit(bits, signed, width, shift, text) -> None:
    assert fitted("x", bits, signed, width, shift) == text


def test_sums_that_travel_round_a_ring_are_no_wider_than_their_terms_can_make_them() -> None:
    program = nano_program(8)
    design = lower(program, RtlConfig(interval=8))
    widths = {
        net.width
        for module in design.modules.values()
        for net in module.nets
        if re.fullmatch(r"r_row(_\d+)?", net.name)
    }
    assert widths == {FixedPoint.covering(0, 7 * program.tensors["d"].hi, 0).width}


def test_negative_literals_are_two_s_complement() -> None:
    assert literal(-1, 5) == "5'd31"
