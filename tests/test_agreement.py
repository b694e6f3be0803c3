"""What an agreement is worth: which counts make it fail, and what the table of quantisers says.

Mutants of these lines passed every other test.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from triggernet.deployment.verify.agreement import Agreement, ExecutorResult, _coverage_lines
from triggernet.deployment.verify.coverage import Coverage, Reached, _rounded, dropped_bits, ties
from triggernet.fixedpoint import FixedPoint, Quantiser
from triggernet.program.operators import Interval
from triggernet.program.operators.base import quantise_cost

KIND = FixedPoint(signed=True, width=4, integer=4)


@pytest.mark.parametrize(
    ("outputs", "traced", "agrees"), [(0, 0, True), (3, 0, False), (0, 3, False), (2, 3, False)]
)
def test_outputs_and_intermediate_results_decide(outputs, traced, agrees):
    result = ExecutorResult(10, outputs, None, "1", 5, traced)
    right = ExecutorResult(10, 0, None, "1", 5, 0)
    assert result.agrees is agrees
    assert Agreement(10, 1, {}, {"a": right, "b": result}, {}, ()).exact is agrees
    assert not Agreement(10, 1, {}, {"a": right}, {}, (), same_program=False).exact


def test_names_of_quantisers_stand_left_and_numbers_right():
    rows = (Reached("a", "", "Quant", 2, 1000, 3, 0, 5), Reached("long_node", "x", "Dense", 0, 7))
    rows[1].below = rows[1].above = None
    assert _coverage_lines(rows) == [
        "quantiser    values  ties  below  above  ReLU 0  ReLU > 0",
        "a              1000     3      0      5       -         -",
        "long_node.x       7     -      -      -       -         -",
    ]


def seen(codes: list[int], fraction: int, rounding: str = "ROUND") -> SimpleNamespace:
    return SimpleNamespace(
        exact=np.array(codes), fraction=fraction, quantiser=Quantiser(KIND, rounding, "SAT")
    )


def test_a_tie_lies_exactly_half_way():
    assert dropped_bits(seen([], 3)) == 3
    assert dropped_bits(seen([], -1)) == 0
    found = ties(seen([-12, -8, -5, -4, 0, 3, 4, 5, 8, 12], 3))
    assert found.tolist() == [code % 8 == 4 for code in (-12, -8, -5, -4, 0, 3, 4, 5, 8, 12)]
    assert not ties(seen([4, 8], 0)).any()


@pytest.mark.parametrize(
    ("rounding", "fraction", "expected"),
    [
        ("ROUND", 2, (-2, 3)),
        ("FLOOR", 2, (-3, 2)),
        ("ROUND", 0, (-10, 10)),
        ("FLOOR", -1, (-20, 20)),
    ],
)
def test_bounds_are_rounded_as_values_are(rounding, fraction, expected):
    node = SimpleNamespace(quantiser=Quantiser(KIND, rounding, "SAT"))
    assert _rounded(node, Interval(-10, 10), fraction) == expected


@pytest.mark.parametrize(("below", "above"), [(0, 2), (2, 0), (2, 2)])
def test_an_overflow_that_was_seen_is_never_called_impossible(below, above, monkeypatch):
    monkeypatch.setattr("triggernet.deployment.verify.coverage._cannot_overflow", lambda p, n: True)
    coverage, program = Coverage(), SimpleNamespace(nodes=[SimpleNamespace(name="a")])
    coverage.rows["a", ""] = Reached("a", "", "Quant", 0, 9, 0, below, above)
    (row,) = coverage.table(program)
    assert (row.below, row.above) == (below, above)
    coverage.rows["a", ""] = Reached("a", "", "Quant", 0, 9, 0, 0, 0)
    (row,) = coverage.table(program)
    assert (row.below, row.above) == (None, None)


@pytest.mark.parametrize(
    ("rounding", "fraction", "rounds"),
    [("ROUND", 2, True), ("FLOOR", 2, False), ("ROUND", 0, False), ("FLOOR", 0, False)],
)
def test_only_rounding_that_drops_bits_costs_an_addition(rounding, fraction, rounds):
    cost = quantise_cost(Quantiser(KIND, rounding, "SAT"), Interval(-4, 4), fraction, 3)
    assert [o.kind == "round" for o in cost] == [True] * rounds
