"""Every operator's RTL trace, simulated clock by clock, against the exact integers.

All cases of all operators go into one program, so that one simulation shows them all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from operator_cases import operator_tests
from programs import Builder, random_codes, together
from rtl_projects import write_recorded

from triggernet.deployment.project import Vectors
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.deployment.rtl.simulation import build, run
from triggernet.deployment.rtl.texts import rtl_texts
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, evaluate
from triggernet.program.operators import OPERATORS

MODES = (("ROUND", "SAT"), ("FLOOR", "SAT"), ("ROUND", "WRAP"))
N_EVENTS = 300


def test_every_operator_has_its_test() -> None:
    assert sorted(test.op for test in operator_tests()) == sorted(OPERATORS)


def case_programs() -> list[Program]:
    return [
        test.program(case, rounding, overflow)
        for test in operator_tests()
        for case in test.cases
        for rounding, overflow in MODES
    ]


def simulated(
    folder: Path, program: Program, config: RtlConfig, codes: dict, expected: dict
) -> dict[str, np.ndarray]:
    """What the Verilog of a program answers."""
    texts = rtl_texts(lower(program, config), Vectors(codes, expected))
    texts["program.json"] = program.to_json()
    files = {path: text.encode() for path, text in texts.items()}
    return run(build(write_recorded(folder, program, files)), codes)


@pytest.mark.parametrize(
    ("interval", "tables", "dsp"), [(1, "bram", "all"), (3, "lut", "none"), (9, "bram", "pairs")]
)
def test_every_operator_clock_by_clock(
    tmp_path: Path, interval: int, tables: str, dsp: str
) -> None:
    config = RtlConfig(interval=interval, tables=tables, dsp=dsp)
    programs = case_programs()
    if interval > 1:  # every case, each in another one of the modes
        programs = [programs[3 * k + (k + interval // 3) % 3] for k in range(len(programs) // 3)]
    program = together(programs)
    codes = random_codes(program, N_EVENTS)
    expected = evaluate(program, codes)
    found = simulated(tmp_path, program, config, codes, expected)
    wrong = [name for name in expected if not np.array_equal(found[name], expected[name])]
    assert wrong == []


def dead_network() -> Program:
    """Layers whose weights are all 0: what they make is one number in every slot."""
    build, kind = Builder(), FixedPoint(True, 8, 4)
    present = build.input("pt", 4, FixedPoint(False, 3, 3))
    x = build.node("Stack", "x", [present], kind)

    def dense(output: str, source: str, weight: int, code: int) -> str:
        shape = {"in_rank": 2, "in_features": 1, "out_features": 1, "n_select": 1, "relu": 0}
        of = {"weight_width": 4, "weight_integer": 4, "bias_width": 8, "bias_integer": 4}
        codes = {"weight": (weight,), "bias": (code,), "context_features": 0}
        return build.node("Dense", output, [source], kind, **shape, **codes, **of)

    dead = dense("dead", x, 0, 40)
    behind = dense("behind", dead, 2, -3)
    shape = {"n_features": 1, "pair_features": 0, "relu": 1}
    edges = build.node("EdgeJoin", "edges", [behind, dead], kind, **shape)
    edges = dense("further", edges, 1, 5)
    sums = {"n_particles": 4, "directed": 1}
    plain = {"broadcast": 0, "subtract": 0}
    received = build.node("EdgeSum", "received", [edges, present], kind, **sums)
    return build.program("dead", [build.node("Add", "y", [received, behind], kind, **plain)])


@pytest.mark.parametrize("interval", [2, 4])
def test_dead_layers_are_constants(tmp_path: Path, interval: int) -> None:
    program = dead_network()
    codes = random_codes(program, N_EVENTS)
    expected = evaluate(program, codes)
    found = simulated(tmp_path, program, RtlConfig(interval=interval), codes, expected)
    np.testing.assert_array_equal(found["y"], expected["y"])
    assert len(np.unique(expected["y"])) > 1


def pairs_in_turn(size: int) -> Program:
    """Features that a layer makes one particle after the other meet, and sums leave in turn."""
    build, kind = Builder(), FixedPoint(True, 8, 4)
    present = build.input("pt", size, FixedPoint(False, 3, 3))
    columns = [build.input(name, size, FixedPoint(True, 5, 3)) for name in ("x", "z")]
    x = build.node("Stack", "stack", columns, FixedPoint(True, 6, 4))
    shape = {"in_rank": 2, "in_features": 2, "out_features": 2, "n_select": 1, "relu": 0}
    constants = build.codes("weight", FixedPoint(True, 4, 1), 4)
    constants |= build.codes("bias", FixedPoint(True, 6, 2), 2) | {"context_features": 0}
    a = build.node("Dense", "a", [x], kind, **shape, **constants)
    ends = {"n_features": 2, "pair_features": 0, "relu": 0}
    edges = build.node("EdgeJoin", "edges", [a, a], kind, **ends)
    sums = {"n_particles": size, "directed": 1}
    received = build.node("EdgeSum", "received", [edges, present], FixedPoint(True, 13, 9), **sums)
    again = build.node("Dense", "again", [received], FixedPoint(True, 8, 6), **shape, **constants)
    columns = [
        build.input(name, size * (size - 1) // 2, FixedPoint(False, 5, 4)) for name in ("p", "q")
    ]
    pair = build.node("Stack", "pair", columns, FixedPoint(False, 5, 4))
    z = build.node("PairJoin", "join", [again, pair], FixedPoint(True, 7, 5), relu=0)
    sums = {"n_particles": size, "directed": 0}
    y = build.node("EdgeSum", "y", [z, present], FixedPoint(True, 9, 7), **sums)
    return build.program("turn", [received, y])


@pytest.mark.parametrize(("size", "interval"), [(3, 3), (4, 4), (5, 7)])
def test_particles_that_come_in_turn_meet_without_a_circle(
    tmp_path: Path, size: int, interval: int
) -> None:
    program = pairs_in_turn(size)
    codes = random_codes(program, N_EVENTS)
    codes["pt_in"][::2] |= 1  # all are present in every other event
    expected = evaluate(program, codes)
    found = simulated(tmp_path, program, RtlConfig(interval=interval), codes, expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
        assert len(np.unique(values)) > 10
    texts = rtl_texts(lower(program, RtlConfig(interval=interval)), Vectors(codes, expected))
    (top,) = (text for path, text in texts.items() if path.endswith("src/tagger.v"))
    assert "y_ring" in top  # flags of who is present come all at once
    assert "edges_ring" not in top
