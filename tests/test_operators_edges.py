"""Operators on pairs and edges, in every executor of Python: see `operator_cases.py`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from grower import Attributes, Grower, Made
from operator_cases import (
    OperatorTest,
    Values,
    columns_of,
    constant,
    pairs,
    quantised,
)
from programs import SIGNED, UNSIGNED, Builder

from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.node import Node


class TestPairRelu(OperatorTest):
    cases = tuple({"tied": t, "n": n} for t in (0, 1) for n in (2, 3))

    def build(self, build: Builder, kind: FixedPoint, end: dict, tied: int, n: int) -> None:
        """Three particles, of which n are constituents; two channels."""
        present = build.input("pt", n, FixedPoint(UNSIGNED, 2, 2))
        d = build.input("d", 3, FixedPoint(SIGNED, 6, 5))
        columns = [
            build.input(f"a{c}", 3, FixedPoint(SIGNED, 5, 4)) for c in range(2 if tied else 4)
        ]
        a = build.node("Stack", "a", columns, FixedPoint(SIGNED, 5 + build.grow, 4 + build.grow))
        pair = {"n_channels": 2, "signs": (-1, 1), "tied": tied}
        pair |= {"z_width": 6 + build.grow, "z_integer": 5 + build.grow}
        build.node("PairRelu", "y", [d, a, present], kind, **pair, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        d, a, present = inputs
        tied, columns = node.attributes["tied"], len(a) // 3
        found = []
        for c, sign in enumerate(node.attributes["signs"]):
            total = Fraction(0)
            for (i, j), value in zip(pairs(3), d, strict=True):
                if any(p < len(present) and present[p] == 0 for p in (i, j)):
                    continue
                for first, second in [(i, j)] if tied else [(i, j), (j, i)]:
                    other = a[second * columns + (c if tied else c + 2)]
                    z = sign * value + a[first * columns + c] + other
                    total += quantised(max(z, Fraction(0)), node, "z_")
            found.append(total)
        return found

    def draw(self, g: Grower) -> Made:
        m, channels, tied = g.between(2, 4), g.between(1, 3), g.flip()
        names = [g.tensor((m * (m - 1) // 2,)), g.tensor((m, channels * (2 - tied)))]
        around = max(g.tensors[n].type.integer for n in names)
        signs = tuple(int(s) for s in g.rng.integers(-1, 2, channels))
        attributes: Attributes = {"n_channels": channels, "tied": tied, "signs": signs}
        return [*names, g.presence(m)], attributes | g.inner("z_", around)


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

    def draw(self, g: Grower) -> Made:
        m, features, q = g.between(2, 4), g.between(1, 3), g.between(0, 2)
        names = [g.tensor((m, features)) for _ in range(2)]
        attributes: Attributes = {"n_features": features, "pair_features": q, "relu": g.flip()}
        if q:
            names.append(g.tensor((m * (m - 1) // 2, q)))
            attributes |= g.codes("pair_weight", g.kind(6, 1), q * features)
        return names, attributes


class TestPairJoin(OperatorTest):
    cases = (
        {"m": 3, "g": 2, "relu": 1},
        {"m": 3, "g": 2, "relu": 0},
        {"m": 4, "g": 0, "relu": 0},
        {"m": 2, "g": 1, "relu": 1},
    )
    attained = False  # a particle is used by several pairs

    def build(self, build: Builder, kind: FixedPoint, end: dict, m: int, g: int, relu: int) -> None:
        """With g = 0 one value a particle and a pair, without an axis of features."""
        one, rows = FixedPoint(SIGNED, 5, 3), m * (m - 1) // 2
        pair = FixedPoint(UNSIGNED, 6, 2 if relu else 5)  # finer than x, or coarser
        inputs = [
            columns_of(build, name, size, g, word) if g else build.input(name, size, word)
            for name, size, word in (("x", m, one), ("pair", rows, pair))
        ]
        build.node("PairJoin", "y", inputs, kind, relu=relu, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, pair = inputs
        m = next(m for m in range(2, 9) if len(x) * (m - 1) // 2 == len(pair))
        g, found = len(x) // m, []
        for number, (i, j) in enumerate(pairs(m)):
            for f in range(g):
                total = x[g * i + f] + x[g * j + f] + pair[g * number + f]
                found.append(max(total, Fraction(0)) if node.attributes["relu"] else total)
        return found

    def draw(self, g: Grower) -> Made:
        m, features = g.between(2, 4), (g.between(1, 3),) * g.flip()
        names = [g.tensor((m, *features)), g.tensor((m * (m - 1) // 2, *features))]
        return names, {"relu": g.flip()}


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

    def draw(self, g: Grower) -> Made:
        m, directed = g.between(2, 4), g.flip()
        x = g.tensor(((1 + directed) * m * (m - 1) // 2, g.between(1, 3)))
        return [x, g.presence(m)], {"n_particles": m, "directed": directed}


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

    def draw(self, g: Grower) -> Made:
        m, directed = g.between(2, 4), g.flip()
        pairs = m * (m - 1) // 2
        d, w = g.tensor((pairs,), g.kind(5)), g.tensor(((1 + directed) * pairs, 1), g.kind(4))
        around = g.tensors[d].type.integer + max(g.tensors[w].type.integer, 1)
        attributes: Attributes = {"n_particles": m, "directed": directed, "shift": g.between(-2, 3)}
        return [d, w, g.presence(m)], attributes | g.inner("inner_", around)


def dot(x: Values, y: Values) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def signed_inner(value: Fraction, node: Node) -> Fraction:
    """The inner quantiser of vectors' products, which is signed."""
    a = node.attributes
    kind = {"width": a["inner_width"], "integer": a["inner_integer"], "signed": 1}
    of = {"rounding": a["rounding"], "overflow": "SAT"}
    return quantised(value, replace(node, attributes=kind | of))
