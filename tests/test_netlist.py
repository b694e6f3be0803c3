"""Netlists: what the simulated designs do not show by themselves, and one bug of da4ml."""

from __future__ import annotations

import numpy as np
import pytest
from da4ml.cmvm import solve

from triggernet.fixedpoint import FixedPoint
from triggernet.program.netlist.arithmetic import linear, saturate, total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.text import fitted, literal
from triggernet.program.netlist.timing import Timing

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


def test_negative_literals_are_two_s_complement() -> None:
    assert literal(-1, 5) == "5'd31"
