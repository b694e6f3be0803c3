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
