"""Operators on edges and those that act value by value: see `test_operators.py`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from operator_cases import OperatorTest, Values, WideBuilder, constant, pairs, quantised
from programs import SIGNED, UNSIGNED, Builder
from test_operators import particles, pytest_generate_tests

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.infer import exact_of, operator_of
from triggernet.program.operators.node import Node

__all__ = ["pytest_generate_tests"]


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


def columns_of(build: Builder, name: str, rows: int, features: int, kind: FixedPoint) -> str:
    """A tensor (rows, features) from one input a feature."""
    columns = [build.input(f"{name}{f}", rows, kind) for f in range(features)]
    grown = FixedPoint(kind.signed, kind.width + build.grow, kind.integer + build.grow)
    return build.node("Stack", name, columns, grown)


class TestEdgeJoin(OperatorTest):
    cases = (
        {"m": 3, "q": 2, "relu": 1},
        {"m": 3, "q": 1, "relu": 0},
        {"m": 3, "q": 0, "relu": 1},
        {"m": 2, "q": 1, "relu": 1},
    )
    attained = False  # near, far and pairs are each used by several edges

    def build(self, build: Builder, kind: FixedPoint, end: dict, m: int, q: int, relu: int) -> None:
        near = columns_of(build, "near", m, 2, FixedPoint(SIGNED, 5, 3))
        far = columns_of(build, "far", m, 2, FixedPoint(SIGNED, 4, 4))
        shape = {"n_features": 2, "pair_features": q, "relu": relu}
        inputs = [near, far]
        if q:
            rows = m * (m - 1) // 2
            inputs.append(columns_of(build, "pair", rows, q, FixedPoint(UNSIGNED, 4, 1)))
            shape |= build.codes("pair_weight", FixedPoint(SIGNED, 5, 2), 2 * q)
        build.node("EdgeJoin", "y", inputs, kind, **shape, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        near, far, *pair = inputs
        q = node.attributes["pair_features"]
        weights = constant(node, "pair_weight", "pair_weight_") if q else []
        found = []
        for number, (i, j) in enumerate(pairs(len(near) // 2)):
            for receiver, sender in ((i, j), (j, i)):
                for g in range(2):
                    total = near[2 * receiver + g] + far[2 * sender + g]
                    for f in range(q):
                        total += pair[0][q * number + f] * weights[2 * f + g]
                    found.append(max(total, Fraction(0)) if node.attributes["relu"] else total)
        return found


class TestEdgeSum(OperatorTest):
    cases = (
        {"m": 3, "n": 3, "directed": 1},
        {"m": 4, "n": 2, "directed": 0},
        {"m": 2, "n": 2, "directed": 1},
        {"m": 3, "n": 2, "directed": 0},
    )

    def build(
        self, build: Builder, kind: FixedPoint, end: dict, m: int, n: int, directed: int
    ) -> None:
        rows = (1 + directed) * m * (m - 1) // 2
        x = columns_of(build, "x", rows, 2, FixedPoint(SIGNED, 5, 3))
        present = build.input("pt", n, FixedPoint(UNSIGNED, 2, 2))
        build.node("EdgeSum", "y", [x, present], kind, n_particles=m, directed=directed, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, present = inputs
        m, ways = node.attributes["n_particles"], 1 + node.attributes["directed"]
        sums = [Fraction(0)] * (2 * m)
        for number, (i, j) in enumerate(pairs(m)):
            if any(p < len(present) and present[p] == 0 for p in (i, j)):
                continue
            for receiver, row in ((i, ways * number), (j, ways * number + ways - 1)):
                for g in range(2):
                    sums[2 * receiver + g] += x[2 * row + g]
        return sums


class TestVectorUpdate(OperatorTest):
    cases = ({"n": 3, "directed": 1}, {"n": 2, "directed": 0}, {"n": 2, "directed": 1})
    attained = False  # products and weights are each used several times

    def build(self, build: Builder, kind: FixedPoint, end: dict, n: int, directed: int) -> None:
        """Three particles, of which n are constituents."""
        d = build.input("d", 3, FixedPoint(SIGNED, 6, 5))
        w = columns_of(build, "w", 3 * (1 + directed), 1, FixedPoint(SIGNED, 5, 1))
        present = build.input("pt", n, FixedPoint(UNSIGNED, 2, 2))
        shape = {"n_particles": 3, "directed": directed, "shift": 1}
        shape |= {"inner_width": 9 + build.grow, "inner_integer": 6 + build.grow}
        build.node("VectorUpdate", "y", [d, w, present], kind, **shape, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        d, w, present = inputs
        ways = 1 + node.attributes["directed"]
        matrix = [[Fraction(i == j) for j in range(3)] for i in range(3)]
        product = [[Fraction(0)] * 3 for _ in range(3)]
        for number, (i, j) in enumerate(pairs(3)):
            product[i][j] = product[j][i] = d[number]
            if any(p < len(present) and present[p] == 0 for p in (i, j)):
                continue
            for row, (a, b) in enumerate(((i, j), (j, i))):
                weight = w[ways * number + row * (ways - 1)] / 2 ** node.attributes["shift"]
                matrix[a][a] += weight
                matrix[a][b] -= weight
        u = [[signed_inner(dot(row, column), node) for column in product] for row in matrix]
        g = [[dot(row, other) for other in matrix] for row in u]
        return [(g[i][j] + g[j][i] - g[i][i] - g[j][j]) / 2 for i, j in pairs(3)]


class TestSpurionFlag(OperatorTest):
    cases = ({"n": 3}, {"n": 2})
    wide = False

    def build(self, build: Builder, kind: FixedPoint, end: dict, n: int) -> None:
        present = build.input("pt", n, FixedPoint(UNSIGNED, 2, 2))
        build.node("SpurionFlag", "y", [present], kind, n_particles=n + 2, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        n = len(inputs[0])
        return [Fraction(k >= n) for k in range(n + 2)]


def dot(x: Values, y: Values) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def signed_inner(value: Fraction, node: Node) -> Fraction:
    """The inner quantiser of vectors' products, which is signed."""
    a = node.attributes
    kind = {"width": a["inner_width"], "integer": a["inner_integer"], "signed": 1}
    of = {"rounding": a["rounding"], "overflow": "SAT"}
    return quantised(value, replace(node, attributes=kind | of))


def edge_operator_tests() -> list[OperatorTest]:
    """One of each class above."""
    found = [c for c in globals().values() if isinstance(c, type) and OperatorTest in c.__bases__]
    return [c() for c in found]


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
