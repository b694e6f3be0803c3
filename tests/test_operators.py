"""Every operator: exact integers, plain fractions, onnxruntime and qonnx, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from operator_cases import OperatorTest, Values, WideBuilder, constant, pairs, quantised
from programs import SIGNED, UNSIGNED, Builder, angular_tables, exp_table

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import evaluate
from triggernet.program.infer import exact_of
from triggernet.program.operators.node import Node, Tensor


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = metafunc.cls.cases
        names = ["-".join(f"{k}{v}" for k, v in case.items()) or "plain" for case in cases]
        metafunc.parametrize("case", cases, ids=names)


SPURIONS = tuple({"jet": j, "beams": b} for j in (0, 1) for b in (0, 1))


def constituents(build: Builder, n: int) -> list[str]:
    return [
        build.input("pt", n, FixedPoint(UNSIGNED, 7, 5)),
        build.input("eta", n, FixedPoint(SIGNED, 5, 5)),
        build.input("phi", n, FixedPoint(SIGNED, 4, 4)),
    ]


def whole_jet(build: Builder) -> list[str]:
    return [
        build.input("jet_pt", 1, FixedPoint(UNSIGNED, 8, 6)),
        build.input("jet_excess", 1, FixedPoint(UNSIGNED, 6, 5)),
    ]


def tables() -> dict:
    found = angular_tables(5, 6, 9)
    found["phi_table"] = found["phi_table"][: 1 << 4]
    return found


INNER = {"inner_width": 9, "inner_integer": 8}


def momenta(build: Builder, n: int, prefix: str = "", width: int = 6) -> list[str]:
    """The jet's energy lies on another grid than its momenta."""
    kinds = [FixedPoint(UNSIGNED, width, 4)] + [FixedPoint(SIGNED, width, 5)] * 3
    return [
        build.input(prefix + c, n, kind)
        for c, kind in zip(("e", "px", "py", "pz"), kinds, strict=True)
    ]


def minkowski(p: Values, q: Values) -> Fraction:
    return p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]


PLUS, MINUS = ([Fraction(1), Fraction(0), Fraction(0), Fraction(s)] for s in (1, -1))


def polar_jet_product(node: Node, i: int, inputs: list[Values]) -> Fraction:
    """pt_i times the rounded factor that the jet gives it."""
    pt, eta, phi, (jet_pt,), (excess,) = inputs
    cosh_1 = constant(node, "eta_table", "table_")[abs(int(eta[i]))]
    cos_1 = constant(node, "phi_table", "table_")[abs(int(phi[i]))]
    return pt[i] * quantised(jet_pt * (cosh_1 + cos_1) + excess * (1 + cosh_1), node, "inner_")


class TestPairDotPolar(OperatorTest):
    cases = SPURIONS

    def build(self, build: Builder, kind: FixedPoint, end: dict, jet: int, beams: int) -> None:
        attributes = tables() | {"product_width": 9, "product_integer": 10} | INNER
        attributes |= exp_table(5) if beams else {}
        inputs = constituents(build, 3) + (whole_jet(build) if jet else [])
        build.node("PairDotPolar", "y", inputs, kind, **attributes, jet=jet, beams=beams, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        pt, eta, phi = inputs[:3]
        n, jet = len(pt), node.attributes["jet"]
        cosh_1, one_cos = (constant(node, k, "table_") for k in ("eta_table", "phi_table"))
        particles = list(range(n)) + ["jet"] * jet + ["+", "-"] * node.attributes["beams"]

        def beam(sign: str, i: int) -> Fraction:
            exp, half = constant(node, "exp_table", "exp_"), 16
            y = int(eta[i]) if sign == "+" else min(-int(eta[i]), half - 1)
            return pt[i] * exp[y + half]

        def product(i, j) -> Fraction:
            if isinstance(j, int):
                angle = cosh_1[abs(int(eta[i] - eta[j]))] + one_cos[abs(int(phi[i] - phi[j]))]
                return quantised(pt[i] * pt[j], node, "product_") * angle
            if j == "jet":
                return polar_jet_product(node, i, inputs)
            if i == "jet":
                return inputs[3][0] + inputs[4][0]
            return Fraction(2) if i == "+" else beam(j, i)

        return [product(particles[i], particles[j]) for i, j in pairs(len(particles))]


class TestJetDotPolar(OperatorTest):
    cases = SPURIONS

    def build(self, build: Builder, kind: FixedPoint, end: dict, jet: int, beams: int) -> None:
        inputs = constituents(build, 2) + whole_jet(build)
        attributes = tables() | INNER | {"jet": jet, "beams": beams} | end
        build.node("JetDotPolar", "y", inputs, kind, **attributes)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        (jet_pt,), (excess,) = inputs[3:]
        products = [polar_jet_product(node, i, inputs) for i in range(len(inputs[0]))]
        products += [(jet_pt + excess) ** 2 - jet_pt**2] * node.attributes["jet"]
        return products + [jet_pt + excess] * 2 * node.attributes["beams"]


class TestJetMassPolar(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        build.node("JetMassPolar", "y", whole_jet(build), kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        (jet_pt,), (excess,) = inputs
        return [(jet_pt + excess) ** 2 - jet_pt**2]


class TestPairDotCartesian(OperatorTest):
    cases = SPURIONS

    def build(self, build: Builder, kind: FixedPoint, end: dict, jet: int, beams: int) -> None:
        inputs = momenta(build, 2) + (momenta(build, 1, "jet_", 8) if jet else [])
        build.node("PairDotCartesian", "y", inputs, kind, jet=jet, beams=beams, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        particles = [list(p) for p in zip(*inputs[:4], strict=True)]
        particles += [[v[0] for v in inputs[4:]]] if node.attributes["jet"] else []
        particles += [PLUS, MINUS] if node.attributes["beams"] else []
        return [minkowski(particles[i], particles[j]) for i, j in pairs(len(particles))]


class TestJetDotCartesian(OperatorTest):
    cases = SPURIONS

    def build(self, build: Builder, kind: FixedPoint, end: dict, jet: int, beams: int) -> None:
        inputs = momenta(build, 1) + momenta(build, 1, "jet_", 8)
        build.node("JetDotCartesian", "y", inputs, kind, jet=jet, beams=beams, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        jet = [v[0] for v in inputs[4:]]
        particles = [list(p) for p in zip(*inputs[:4], strict=True)]
        particles += [jet] if node.attributes["jet"] else []
        particles += [PLUS, MINUS] if node.attributes["beams"] else []
        return [minkowski(p, jet) for p in particles]


class TestJetMassCartesian(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        build.node("JetMassCartesian", "y", momenta(build, 1, "jet_", 8), kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        jet = [v[0] for v in inputs]
        return [minkowski(jet, jet)]


class TestPairRowSum(OperatorTest):
    cases = ({"m": 2}, {"m": 4})

    def build(self, build: Builder, kind: FixedPoint, end: dict, m: int) -> None:
        d = build.input("d", m * (m - 1) // 2, FixedPoint(SIGNED, 8, 6))
        build.node("PairRowSum", "y", [d], kind, n_particles=m, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        m = node.attributes["n_particles"]
        d = dict(zip(pairs(m), inputs[0], strict=True))
        return [sum(d[min(i, j), max(i, j)] for j in range(m) if j != i) for i in range(m)]


def particles(build: Builder, m: int, signed: bool = True) -> str:
    """Two features of m particles."""
    columns = [
        build.input("x", m, FixedPoint(signed, 5, 4)),
        build.input("z", m, FixedPoint(signed, 6, 3)),
    ]
    return build.node("Stack", "rows", columns, FixedPoint(signed, 9 + build.grow, 5 + build.grow))


class TestSum(OperatorTest):
    cases = ({"n": 0}, {"n": 2}, {"n": 3})

    def build(self, build: Builder, kind: FixedPoint, end: dict, n: int) -> None:
        present = [build.input("pt", n, FixedPoint(UNSIGNED, 3, 2))] if n else []
        build.node("Sum", "y", [particles(build, 3), *present], kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, present = inputs[0], inputs[1] if len(inputs) > 1 else []
        kept = [m for m in range(3) if m >= len(present) or present[m]]
        return [sum((x[2 * m + f] for m in kept), Fraction(0)) for f in range(2)]


class TestCount(OperatorTest):
    wide = False

    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        present = build.input("pt", 5, FixedPoint(UNSIGNED, 4, 2))
        build.node("Count", "y", [present], kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        return [Fraction(sum(1 for pt in inputs[0] if pt > 0))]


class TestStack(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        kinds = (FixedPoint(UNSIGNED, 6, 3), FixedPoint(SIGNED, 4, 5), FixedPoint(SIGNED, 7, 2))
        columns = [build.input(f"c{k}", 3, kind) for k, kind in enumerate(kinds)]
        build.node("Stack", "y", columns, kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        return [column[m] for m in range(3) for column in inputs]


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


class TestQuant(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        x = build.input("x", 4, FixedPoint(SIGNED, 9, 4))
        build.node("Quant", "y", [x], kind, **(end | {"overflow": "SAT"}))

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        return inputs[0]


@pytest.mark.parametrize("op", ["PairDotPolar", "PairDotCartesian"])
def test_bounds_hold_the_product_of_the_beams(op: str) -> None:
    """It is 2, which nothing else reaches when all momenta are soft."""
    build = Builder()
    soft = FixedPoint(UNSIGNED, 4, -3)
    if op == "PairDotPolar":
        angles = [build.input(n, 2, FixedPoint(SIGNED, 3, 3)) for n in ("eta", "phi")]
        inputs = [build.input("pt", 2, soft), *angles]
        attributes = angular_tables(3, 6, 9) | exp_table(3)
        attributes |= {"product_width": 9, "product_integer": 1}
    else:
        inputs = [build.input(n, 2, soft) for n in ("e", "px", "py", "pz")]
        attributes = {}
    attributes |= {"jet": 0, "beams": 1}
    build.node(op, "d", inputs, FixedPoint(UNSIGNED, 12, 2), **attributes)
    program = build.program("soft", ["d"])
    found = evaluate(program, {n: np.zeros((1, 2), np.int64) for n in program.inputs})["d"]
    assert found[0, -1] == program.tensors["d"].hi == 2 << 10


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
