"""Products of four-momenta, in every executor of Python: see `operator_cases.py`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from grower import Attributes, Grower, Made
from operator_cases import (
    OperatorTest,
    Values,
    constant,
    pairs,
    quantised,
)
from programs import SIGNED, UNSIGNED, Builder, angular_tables, exp_table

from triggernet.fixedpoint import FixedPoint
from triggernet.program import evaluate
from triggernet.program.operators.node import Node

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


def drawn_constituents(g: Grower) -> tuple[list[str], Attributes, int]:
    """Constituents in polar coordinates and the tables of their angles."""
    n, pt = g.between(1, 4), g.kind(6, 0)
    eta, phi = g.whole(4, 1), g.whole(4, 1)
    names = [g.tensor((n,), pt, lambda t: not t.type.signed)]
    fits = [lambda t, k=kind: t.type == k for kind in (eta, phi)]
    names += [g.tensor((n,), k, f) for k, f in zip((eta, phi), fits, strict=True)]
    tables = drawn_tables(g, eta, phi)
    kind = g.tensors[names[0]].type
    tables |= g.inner("product_", 2 * kind.integer) | g.inner("inner_", kind.integer + 2)
    return names, tables, eta.width


def drawn_tables(g: Grower, eta: FixedPoint, phi: FixedPoint) -> Attributes:
    """Angular tables for differences of such angles."""
    word = FixedPoint(False, g.between(1, 7), 1)
    word = FixedPoint(False, word.width, g.between(-2, word.width))
    found = g.codes("eta_table", word, 1 << eta.width) | g.codes("phi_table", word, 1 << phi.width)
    kept = {k: v for k, v in found.items() if k in ("eta_table", "phi_table")}
    return kept | {"table_width": word.width, "table_integer": word.integer}


def drawn_jet(g: Grower) -> list[str]:
    return [g.tensor((1,), g.kind(6, 0), lambda t: not t.type.signed) for _ in range(2)]


def drawn_momenta(g: Grower, n: int) -> list[str]:
    return [g.tensor((n,), g.kind(5)) for _ in range(4)]


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

    def draw(self, g: Grower) -> Made:
        names, tables, width = drawn_constituents(g)
        chosen = g.flags()
        if chosen["beams"]:
            exp = FixedPoint(False, g.between(1, 6), g.between(-1, 5))
            constants = g.codes("exp_table", exp, 1 << width)
            tables |= {"exp_table": constants["exp_table"]}
            tables |= {"exp_width": exp.width, "exp_integer": exp.integer}
        if len(g.tensors[names[0]].shape) and g.tensors[names[0]].size == 1:
            chosen["jet"] = 1  # one constituent alone has no pair
        return names + (drawn_jet(g) if chosen["jet"] else []), tables | chosen


class TestPairAngle(OperatorTest):
    cases = ({"m": 2}, {"m": 4})

    def build(self, build: Builder, kind: FixedPoint, end: dict, m: int) -> None:
        eta = build.input("eta", m, FixedPoint(SIGNED, 5, 5))
        phi = build.input("phi", m, FixedPoint(SIGNED, 4, 4))
        build.node("PairAngle", "y", [eta, phi], kind, **tables(), **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        eta, phi = inputs
        along = [constant(node, k, "table_") for k in ("eta_table", "phi_table")]
        return [
            along[0][abs(int(eta[i] - eta[j]))] + along[1][abs(int(phi[i] - phi[j]))]
            for i, j in pairs(len(eta))
        ]

    def draw(self, g: Grower) -> Made:
        m, eta, phi = g.between(2, 4), g.whole(4, 1), g.whole(4, 1)
        names = [g.tensor((m,), k, lambda t, k=k: t.type == k) for k in (eta, phi)]
        return names, drawn_tables(g, eta, phi)


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

    def draw(self, g: Grower) -> Made:
        names, tables, _ = drawn_constituents(g)
        return names + drawn_jet(g), tables | g.flags()


class TestJetMassPolar(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        build.node("JetMassPolar", "y", whole_jet(build), kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        (jet_pt,), (excess,) = inputs
        return [(jet_pt + excess) ** 2 - jet_pt**2]

    def draw(self, g: Grower) -> Made:
        return drawn_jet(g), {}


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

    def draw(self, g: Grower) -> Made:
        chosen = g.flags()
        names = drawn_momenta(g, g.between(1 if chosen["jet"] or chosen["beams"] else 2, 4))
        return names + (drawn_momenta(g, 1) if chosen["jet"] else []), chosen


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

    def draw(self, g: Grower) -> Made:
        return drawn_momenta(g, g.between(1, 4)) + drawn_momenta(g, 1), g.flags()


class TestJetMassCartesian(OperatorTest):
    def build(self, build: Builder, kind: FixedPoint, end: dict) -> None:
        build.node("JetMassCartesian", "y", momenta(build, 1, "jet_", 8), kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        jet = [v[0] for v in inputs]
        return [minkowski(jet, jet)]

    def draw(self, g: Grower) -> Made:
        return drawn_momenta(g, 1), {}


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
