"""Operators on rows and vectors, in every executor of Python: see `operator_cases.py`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from grower import Attributes, Grower, Made, Shape
from operator_cases import (
    OperatorTest,
    Values,
    WideBuilder,
    constant,
    pairs,
    particles,
)
from programs import SIGNED, UNSIGNED, Builder

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.infer import exact_of
from triggernet.program.operators.node import Node, Tensor


class TestPairRowSum(OperatorTest):
    cases = ({"m": 2}, {"m": 4})

    def build(self, build: Builder, kind: FixedPoint, end: dict, m: int) -> None:
        d = build.input("d", m * (m - 1) // 2, FixedPoint(SIGNED, 8, 6))
        build.node("PairRowSum", "y", [d], kind, n_particles=m, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        m = node.attributes["n_particles"]
        d = dict(zip(pairs(m), inputs[0], strict=True))
        return [sum(d[min(i, j), max(i, j)] for j in range(m) if j != i) for i in range(m)]

    def draw(self, g: Grower) -> Made:
        m = g.between(2, 5)
        return [g.tensor((m * (m - 1) // 2,))], {"n_particles": m}


class TestPairWeightedSum(OperatorTest):
    cases = ({"m": 2, "signed": True}, {"m": 4, "signed": True}, {"m": 3, "signed": False})

    def build(self, build: Builder, kind: FixedPoint, end: dict, m: int, signed: bool) -> None:
        d = build.input("d", m * (m - 1) // 2, FixedPoint(UNSIGNED, 6, 3))
        x = particles(build, m, signed)
        build.node("PairWeightedSum", "y", [d, x], kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        d, x = inputs
        m = len(x) // 2
        weight = dict(zip(pairs(m), d, strict=True))
        return [
            sum(
                (weight[min(i, j), max(i, j)] * x[2 * j + f] for j in range(m) if j != i),
                Fraction(0),
            )
            for i in range(m)
            for f in range(2)
        ]

    def draw(self, g: Grower) -> Made:
        m, features = g.between(2, 4), g.between(1, 3)
        return [g.tensor((m * (m - 1) // 2,)), g.tensor((m, features))], {}


class TestSum(OperatorTest):
    cases = ({"n": 0}, {"n": 2}, {"n": 3})

    def build(self, build: Builder, kind: FixedPoint, end: dict, n: int) -> None:
        present = [build.input("pt", n, FixedPoint(UNSIGNED, 3, 2))] if n else []
        build.node("Sum", "y", [particles(build, 3), *present], kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, present = inputs[0], inputs[1] if len(inputs) > 1 else []
        kept = [m for m in range(3) if m >= len(present) or present[m]]
        return [sum((x[2 * m + f] for m in kept), Fraction(0)) for f in range(2)]

    def draw(self, g: Grower) -> Made:
        shape = g.rows()
        names = [g.tensor(shape)]
        return names + ([g.presence(shape[0])] if g.flip() else []), {}


class TestCount(OperatorTest):
    wide = False

    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        present = build.input("pt", 5, FixedPoint(UNSIGNED, 4, 2))
        build.node("Count", "y", [present], kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        return [Fraction(sum(1 for pt in inputs[0] if pt > 0))]

    def draw(self, g: Grower) -> Made:
        return [g.presence(5)], {}


class TestStack(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        kinds = (FixedPoint(UNSIGNED, 6, 3), FixedPoint(SIGNED, 4, 5), FixedPoint(SIGNED, 7, 2))
        columns = [build.input(f"c{k}", 3, kind) for k, kind in enumerate(kinds)]
        build.node("Stack", "y", columns, kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        return [column[m] for m in range(3) for column in inputs]

    def draw(self, g: Grower) -> Made:
        n = g.between(1, 4)
        return [g.tensor((n,)) for _ in range(g.between(1, 3))], {}


class TestConcat(OperatorTest):
    """Of different lengths and types: two tensors of particles, or three vectors.

    With `turn` one of the two comes one particle after the other in a folded design.
    """

    cases = ({"rank": 1, "turn": 0}, {"rank": 2, "turn": 0}, {"rank": 2, "turn": 1})

    def build(self, build: Builder, kind: FixedPoint, end: dict, rank: int, turn: int) -> None:
        coarse = FixedPoint(SIGNED, 4, 5)
        if rank == 1:
            kinds = (coarse, FixedPoint(UNSIGNED, 6, 3), FixedPoint(SIGNED, 7, 2))
            parts = [build.input(f"c{k}", k + 1, kind) for k, kind in enumerate(kinds)]
        else:
            grown = FixedPoint(SIGNED, 4 + build.grow, 5 + build.grow)
            column = build.node("Stack", "column", [build.input("w", 3, coarse)], grown)
            if turn:
                more = build.input("v", 1, coarse)
                column = build.node("Add", "moved", [column, more], grown, broadcast=1, subtract=0)
            parts = [particles(build, 3), column]
        build.node("Concat", "y", parts, kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        if len(inputs) == 3:
            return [value for part in inputs for value in part]
        x, column = inputs
        return [value for m in range(3) for value in (*x[2 * m : 2 * m + 2], column[m])]

    def draw(self, g: Grower) -> Made:
        lead: Shape = (g.between(1, 4),) if g.flip() else ()
        return [g.tensor((*lead, g.between(1, 3))) for _ in range(g.between(2, 3))], {}


class TestAdd(OperatorTest):
    cases = tuple(
        {"subtract": s, "broadcast": b, "rank": r}
        for s in (0, 1)
        for b, r in ((0, 1), (0, 2), (1, 2))
    )

    def build(
        self, build: Builder, kind: FixedPoint, end: dict, subtract: int, broadcast: int, rank: int
    ) -> None:
        vector = build.input("v", 2, FixedPoint(SIGNED, 7, 3))
        x = particles(build, 3) if rank == 2 else build.input("w", 2, FixedPoint(UNSIGNED, 5, 3))
        same = build.node("Quant", "same", [x], FixedPoint(SIGNED, 5, 4)) if rank == 2 else vector
        inputs = [x, vector if broadcast else same]
        build.node("Add", "y", inputs, kind, subtract=subtract, broadcast=broadcast, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, y = inputs
        sign = -1 if node.attributes["subtract"] else 1
        return [value + sign * y[k % len(y)] for k, value in enumerate(x)]

    def draw(self, g: Grower) -> Made:
        shape = g.any_shape()
        broadcast = g.flip() if len(shape) == 2 else 0
        names = [g.tensor(shape), g.tensor(shape[1:] if broadcast else shape)]
        return names, {"broadcast": broadcast, "subtract": g.flip()}


class TestDense(OperatorTest):
    cases = tuple(
        {"rank": r, "context": h, "select": k, "relu": relu}
        for r, h, k, relu in (
            (1, 0, 1, 0),
            (1, 3, 1, 1),
            (1, 0, 3, 1),
            (1, 2, 3, 0),
            (2, 0, 1, 1),
            (2, 1, 1, 0),
            (2, 0, 3, 0),
            (2, 2, 3, 1),
        )
    )

    def build(self, build: Builder, kind: FixedPoint, end: dict, **case: int) -> None:
        rank, context, select = (case[key] for key in ("rank", "context", "select"))
        x = particles(build, 2) if rank == 2 else build.input("w", 2, FixedPoint(SIGNED, 5, 3))
        inputs = [x]
        inputs += [build.input("h", context, FixedPoint(SIGNED, 5, 6))] if context else []
        inputs += [build.input("select", 1, FixedPoint(UNSIGNED, 3, 3))] if select > 1 else []
        shape = {"in_rank": rank, "in_features": 2, "out_features": 2, "context_features": context}
        shape |= {"n_select": select, "relu": case["relu"]} | end
        build.dense("y", inputs, kind, shape)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        a = node.attributes
        k = min(int(inputs[-1][0]), a["n_select"] - 1) if a["n_select"] > 1 else 0
        weight, bias = constant(node, "weight", "weight_"), constant(node, "bias", "bias_")
        h = a["context_features"]
        context = constant(node, "context_weight", "context_weight_") if h else []
        rows = [inputs[0][m : m + 2] for m in range(0, len(inputs[0]), 2)]
        found = []
        for row in rows:
            for g in range(2):
                total = bias[2 * k + g]
                total += sum(row[f] * weight[4 * k + 2 * f + g] for f in range(2))
                total += sum(inputs[1][c] * context[2 * h * k + 2 * c + g] for c in range(h))
                found.append(max(total, Fraction(0)) if a["relu"] else total)
        return found

    def draw(self, g: Grower) -> Made:
        rank, f, out, h = g.between(1, 2), g.between(1, 3), g.between(1, 3), g.between(0, 2)
        sets = g.between(1, 3)
        names = [g.tensor((g.between(1, 4), f) if rank == 2 else (f,))]
        names += [g.tensor((h,))] if h else []
        if sets > 1:
            whole = g.whole(3, 0)
            names.append(
                g.tensor((1,), whole, lambda t: not t.type.signed and t.type.fraction == 0)
            )
        attributes: Attributes = {"in_features": f, "out_features": out, "context_features": h}
        attributes |= {"n_select": sets, "relu": g.flip(), "in_rank": rank}
        attributes |= g.codes("weight", g.kind(6, 1), sets * f * out)
        attributes |= g.codes("bias", g.kind(6, 1), sets * out)
        attributes |= g.codes("context_weight", g.kind(6, 1), sets * h * out) if h else {}
        return names, attributes


class TestQuant(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        x = build.input("x", 4, FixedPoint(SIGNED, 9, 4))
        build.node("Quant", "y", [x], kind, **(end | {"overflow": "SAT"}))

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        return inputs[0]

    def draw(self, g: Grower) -> Made:
        return [g.tensor(g.any_shape())], {}


class TestSpurionFlag(OperatorTest):
    cases = ({"n": 3}, {"n": 2})
    wide = False

    def build(self, build: Builder, kind: FixedPoint, end: dict, n: int) -> None:
        present = build.input("pt", n, FixedPoint(UNSIGNED, 2, 2))
        build.node("SpurionFlag", "y", [present], kind, n_particles=n + 2, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        n = len(inputs[0])
        return [Fraction(k >= n) for k in range(n + 2)]

    def draw(self, g: Grower) -> Made:
        m = g.between(1, 4)
        return [g.presence(m)], {"n_particles": m}


def test_bounds_of_a_sum_hold_absent_particles() -> None:
    """Every particle counts 3, so that only an absent one makes the sum smaller."""
    build = WideBuilder()
    x = particles(build, 3)
    present = build.input("pt", 2, FixedPoint(UNSIGNED, 3, 3))
    shape = {"in_rank": 2, "in_features": 2, "out_features": 1}
    constants = {"weight": (0, 0), "bias": (3,), "bias_width": 4, "bias_integer": 4}
    build.dense("three", [x], FixedPoint(UNSIGNED, 4, 4), shape)
    build.nodes[-1] = replace(build.nodes[-1], attributes=build.nodes[-1].attributes | constants)
    build.node("Sum", "y", ["three", present], FixedPoint(UNSIGNED, 6, 6))
    tensors = build.program("threes", ["y"]).tensors
    assert (tensors["three"].lo, tensors["three"].hi) == (3, 3)
    assert (tensors["y"].lo, tensors["y"].hi) == (3, 9)


@pytest.mark.parametrize("shapes", [[(3,)], [(3, 2)], [(3,), (3, 1)], [(3, 1), (2, 1)], [(), ()]])
def test_concat_refuses_shapes_that_do_not_join(shapes: list[tuple[int, ...]]) -> None:
    kind = FixedPoint(SIGNED, 4, 4)
    tensors = tuple(Tensor(f"x{k}", shape, kind, -8, 7) for k, shape in enumerate(shapes))
    node = Node("joined", "Concat", tuple(t.name for t in tensors), "y", {})
    with pytest.raises(ProgramError, match=r"'joined' \(Concat\): inputs of shapes .* two or more"):
        exact_of(node, tensors)
