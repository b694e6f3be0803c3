"""Intermediate results beyond 62 bits behind narrow outputs: never wrapped by the machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from programs import SIGNED, UNSIGNED, Builder, angular_tables

from triggernet.fixedpoint import FixedPoint
from triggernet.program import evaluate

NARROW = FixedPoint(UNSIGNED, 9, 9)


def codes(program, **values: int) -> dict:
    """One jet, every input filled with one code."""
    return {
        name: np.full((1, *program.tensors[name].shape), values[name.removesuffix("_in")])
        for name in program.inputs
    }


def pair_program(d: FixedPoint, terms: FixedPoint, z_width: int, m: int = 8):
    build = Builder()
    pt = build.input("pt", m, FixedPoint(UNSIGNED, 2, 2))
    pairs = build.input("d", m * (m - 1) // 2, d)
    a = build.node("Stack", "a", [build.input("a0", m, terms)], terms)
    attributes = {"n_channels": 1, "signs": (1,), "tied": 1}
    attributes |= {"z_width": z_width, "z_integer": z_width}
    build.node("PairRelu", "s", [pairs, a, pt], FixedPoint(UNSIGNED, 80, 80), **attributes)
    return build.program("pairs", ["s"])


def test_a_sum_over_pairs_outgrows_its_terms() -> None:
    program = pair_program(FixedPoint(UNSIGNED, 59, 59), FixedPoint(SIGNED, 3, 3), 60)
    top = (1 << 59) - 1
    found = evaluate(program, codes(program, pt=1, d=top, a0=0))["s"]
    assert int(found[0, 0]) == 28 * top


def test_the_argument_of_a_pair_outgrows_what_is_kept_of_it() -> None:
    program = pair_program(FixedPoint(SIGNED, 40, 40), FixedPoint(SIGNED, 3, -30), 9)
    for d, kept in ((1 << 31, 511), ((1 << 39) - 1, 511), (3, 3), (-(1 << 30), 0), (-5, 0)):
        found = evaluate(program, codes(program, pt=1, d=d, a0=3))["s"]
        assert int(found[0, 0]) == 28 * kept


def test_a_sum_below_zero_outgrows_what_the_relu_leaves() -> None:
    build = Builder()
    x = build.input("x", 4, FixedPoint(UNSIGNED, 60, 60))
    shape = {"in_rank": 1, "in_features": 4, "out_features": 1, "relu": 1}
    build.dense("w", [x], NARROW, shape)
    attributes = build.nodes[-1].attributes | {"weight": (-64,) * 4, "bias": (0,)}
    build.nodes[-1] = replace(build.nodes[-1], attributes=attributes)
    program = build.program("dense", ["w"])
    for code in ((1 << 60) - 1, (1 << 57) + 12345, (1 << 56) - 3):
        assert int(evaluate(program, codes(program, x=code))["w"][0, 0]) == 0


def test_the_jet_outgrows_the_inner_quantiser() -> None:
    build = Builder()
    pt = build.input("pt", 1, FixedPoint(UNSIGNED, 3, 3))
    angles = [build.input(n, 1, FixedPoint(SIGNED, 4, 4)) for n in ("eta", "phi")]
    jet = [build.input(n, 1, FixedPoint(UNSIGNED, 60, 60)) for n in ("jet_pt", "jet_excess")]
    attributes = angular_tables(4, 6, 9) | {"inner_width": 9, "inner_integer": 9}
    attributes |= {"jet": 0, "beams": 0}
    build.node("JetDotPolar", "r", [pt, *angles, *jet], FixedPoint(UNSIGNED, 13, 13), **attributes)
    program = build.program("jet", ["r"])
    for excess in ((1 << 60) - 1, 1 << 57, 1 << 58):
        values = {"pt": 7, "eta": 0, "phi": 0, "jet_pt": 0, "jet_excess": excess}
        assert int(evaluate(program, codes(program, **values))["r"][0, 0, 0]) == 7 * 511


def test_joined_grids_lie_far_apart() -> None:
    build = Builder()
    coarse = build.input("x", 2, FixedPoint(SIGNED, 40, 80))
    fine = build.input("z", 1, FixedPoint(SIGNED, 40, 0))
    build.node("Concat", "y", [coarse, fine], FixedPoint(SIGNED, 42, 42))
    program = build.program("far", ["y"])
    top = (1 << 39) - 1
    for x, z, expected in ((1, top, [1 << 40] * 2 + [0]), (-3, -1, [-(1 << 41)] * 2 + [-1])):
        assert evaluate(program, codes(program, x=x, z=z))["y"].tolist() == [expected]
