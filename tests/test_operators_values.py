"""Operators that act value by value, in every executor of Python: see `operator_cases.py`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from grower import Grower, Made
from operator_cases import (
    OperatorTest,
    Values,
    WideBuilder,
    constant,
    particles,
)
from programs import SIGNED, UNSIGNED, Builder

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.infer import exact_of, operator_of
from triggernet.program.operators.node import Node


def largest_exponent(kind: FixedPoint, shift: int) -> int:
    """The e of the largest 1 + |x| 2**shift."""
    size = max(kind.max_int, -kind.min_int)
    argument = 1 + size * Fraction(2) ** (shift - kind.fraction)
    return int(argument).bit_length() - 1


class TestMitchellLog(OperatorTest):
    cases = (
        {"signed": 0, "shift": 0},
        {"signed": 1, "shift": 2},
        {"signed": 0, "shift": 5},
        {"signed": 1, "shift": -3},
        {"signed": 0, "shift": -5},
    )

    def build(self, build: Builder, kind: FixedPoint, end: dict, signed: int, shift: int) -> None:
        x = build.input("x", 3, FixedPoint(bool(signed), 8, 5))
        exponent = largest_exponent(build.inputs[-1].type, shift)
        build.node("MitchellLog", "y", [x], kind, shift=shift, max_exponent=exponent, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        found = []
        for x in inputs[0]:
            argument = 1 + abs(x) * Fraction(2) ** node.attributes["shift"]
            e = 0
            while argument >= 2 ** (e + 1):
                e += 1
            logarithm = e + argument / 2**e - 1
            found.append(-logarithm if x < 0 else logarithm)
        return found

    def draw(self, g: Grower) -> Made:
        name, shift = g.tensor(g.any_shape(), g.kind(7)), g.between(-5, 5)
        exponent = largest_exponent(g.tensors[name].type, shift)
        return [name], {"shift": shift, "max_exponent": exponent}


class TestTable(OperatorTest):
    cases = ({"signed": 0, "words": 1}, {"signed": 1, "words": 0}, {"signed": 1, "words": 1})
    wide = False
    attained = False  # the largest word is not that of the largest x

    def build(self, build: Builder, kind: FixedPoint, end: dict, signed: int, words: int) -> None:
        address, word = FixedPoint(bool(signed), 5, 3), FixedPoint(bool(words), 9, 4)
        x = build.input("x", 3, address)
        table = build.codes("table", word, 1 << address.width) | {"table_signed": words}
        table |= {"in_signed": signed, "in_width": address.width, "in_integer": address.integer}
        build.node("Table", "y", [x], kind, **table, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        a = node.attributes
        step = Fraction(2) ** (a["in_integer"] - a["in_width"])
        first = -(2 ** (a["in_width"] - 1)) * step if a["in_signed"] else 0
        words = constant(node, "table", "table_")
        return [words[int((x - first) / step)] for x in inputs[0]]

    def draw(self, g: Grower) -> Made:
        name = g.tensor(g.any_shape(), g.kind(5), lambda t: t.type.width <= 7)
        kind, word = g.tensors[name].type, g.kind(7)
        made = g.codes("table", word, 1 << kind.width) | {"table_signed": int(word.signed)}
        made |= {"in_signed": int(kind.signed), "in_width": kind.width, "in_integer": kind.integer}
        return [name], made


class TestEmbedding(OperatorTest):
    cases = ({"signed": 0, "words": 1}, {"signed": 1, "words": 0}, {"signed": 1, "words": 1})
    wide = False
    attained = False  # the largest word is not that of the largest x

    def build(self, build: Builder, kind: FixedPoint, end: dict, signed: int, words: int) -> None:
        address, word = FixedPoint(bool(signed), 4, 3), FixedPoint(bool(words), 9, 4)
        x = build.input("x", 3, address)
        table = build.codes("table", word, 3 << address.width) | {"table_signed": words}
        table |= {"in_signed": signed, "in_width": address.width, "in_integer": address.integer}
        build.node("Embedding", "y", [x], kind, n_channels=3, **table, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        a = node.attributes
        step = Fraction(2) ** (a["in_integer"] - a["in_width"])
        first = -(2 ** (a["in_width"] - 1)) * step if a["in_signed"] else 0
        words, n = constant(node, "table", "table_"), a["n_channels"]
        return [word for x in inputs[0] for word in words[n * int((x - first) / step) :][:n]]

    def draw(self, g: Grower) -> Made:
        rows, channels = g.between(1, 4), g.between(1, 3)
        name = g.tensor((rows,), g.kind(5), lambda t: t.type.width <= 7)
        kind, word = g.tensors[name].type, g.kind(7)
        made = g.codes("table", word, channels << kind.width) | {"table_signed": int(word.signed)}
        made |= {"in_signed": int(kind.signed), "in_width": kind.width, "in_integer": kind.integer}
        return [name], made | {"n_channels": channels}


class TestMultiply(OperatorTest):
    cases = ({"form": "rows"}, {"form": "gate"}, {"form": "vector"}, {"form": "square"})

    def build(self, build: Builder, kind: FixedPoint, end: dict, form: str) -> None:
        if form in ("vector", "square"):
            x = build.input("x", 3, FixedPoint(SIGNED, 5, 3))
            y = x if form == "square" else build.input("v", 3, FixedPoint(UNSIGNED, 4, 2))
        else:
            x = particles(build, 2)
            columns = [build.input(f"c{k}", 2, FixedPoint(UNSIGNED, 4, 2)) for k in range(2)]
            columns = columns if form == "rows" else columns[:1]
            gate = FixedPoint(UNSIGNED, 4 + build.grow, 2 + build.grow)
            y = build.node("Stack", "gate", columns, gate)
        build.node("Multiply", "y", [x, y], kind, **end)

    def test_bounds_hold_and_are_reached(self, case: dict) -> None:
        """The two factors of a square are one tensor, with the same limits at a time."""
        if case["form"] != "square":
            super().test_bounds_hold_and_are_reached(case)
            return
        program = self.program(case)
        node = program.node("y")
        x = program.inputs_of(node)[0]
        codes = np.arange(x.lo, x.hi + 1)[:, None] * np.ones(x.shape, np.int64)
        found = operator_of(node).evaluate(node, program.inputs_of(node), (codes, codes))
        bounds = exact_of(node, program.inputs_of(node)).range
        assert (bounds.lo, bounds.hi) == (int(found.min()), int(found.max()))

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, y = inputs
        return [value * y[k * len(y) // len(x)] for k, value in enumerate(x)]

    def draw(self, g: Grower) -> Made:
        shape = g.any_shape()
        x = g.tensor(shape)
        if g.rng.random() < 0.2:
            return [x, x], {}
        return [x, g.tensor((shape[0], 1) if len(shape) == 2 and g.flip() else shape)], {}


def test_a_wrong_largest_exponent_is_refused() -> None:
    build = WideBuilder()
    x = build.input("x", 2, FixedPoint(UNSIGNED, 6, 4))
    build.node("MitchellLog", "y", [x], FixedPoint(UNSIGNED, 6, 3), shift=0, max_exponent=3)
    with pytest.raises(ProgramError, match=r"max_exponent is 3; 'x' \(ap_ufixed<6,4>\) needs 4"):
        build.program("wrong", ["y"])


def test_tables_are_made_for_one_type() -> None:
    build = WideBuilder()
    x = build.input("x", 2, FixedPoint(UNSIGNED, 4, 4))
    table = {"table": tuple(range(8)), "table_width": 3, "table_integer": 3, "table_signed": 0}
    of = {"in_signed": 0, "in_width": 3, "in_integer": 3}
    build.node("Table", "y", [x], FixedPoint(UNSIGNED, 3, 3), **table, **of)
    with pytest.raises(ProgramError, match=r"'x' has type ap_ufixed<4,4>; the table is made for"):
        build.program("wrong", ["y"])
