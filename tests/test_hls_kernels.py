"""The HLS C++ of every operator against the exact integers, tensor by tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from operator_cases import operator_tests
from programs import (
    Builder,
    angular_tables,
    cartesian_program,
    exp_table,
    momentum_inputs,
    polar_inputs,
    polar_program,
    random_codes,
    together,
    write_onnx,
)

from triggernet.deployment.hls import HlsConfig, simulate, write_project
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, trace

N_EVENTS = 2000


def differences(program: Program, folder: Path, reuse_factor: int) -> dict[str, int]:
    """How many values of each tensor differ between the C++ and the exact integers."""
    config = HlsConfig(reuse_factor=reuse_factor)
    write_project(program, write_onnx(program, folder), folder / "project", config, vendored=False)
    codes = random_codes(program, N_EVENTS)
    found = simulate(folder / "project", codes, trace=True)
    expected = trace(program, codes)
    assert list(found) == list(program.tensors)
    counts = {name: int((found[name] != expected[name]).sum()) for name in found}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("jet", "beams", "rounding", "reuse_factor"),
    [(0, 0, "FLOOR", 1), (1, 1, "ROUND", 3), (1, 0, "FLOOR", 4), (0, 1, "ROUND", 1)],
)
def test_polar(tmp_path: Path, jet: int, beams: int, rounding: str, reuse_factor: int) -> None:
    program = polar_program(5, jet=jet, beams=beams, rounding=rounding)
    assert differences(program, tmp_path, reuse_factor) == {}


@pytest.mark.parametrize(
    ("jet", "beams", "rounding", "reuse_factor"),
    [(0, 0, "ROUND", 2), (1, 1, "FLOOR", 1), (1, 0, "ROUND", 1), (0, 1, "FLOOR", 20)],
)
def test_cartesian(tmp_path: Path, jet: int, beams: int, rounding: str, reuse_factor: int) -> None:
    program = cartesian_program(4, jet=jet, beams=beams, rounding=rounding, channels=3)
    assert differences(program, tmp_path, reuse_factor) == {}


@pytest.mark.parametrize("op", ["PairDotPolar", "PairDotCartesian"])
def test_beams_on_a_grid_much_coarser_than_their_product(tmp_path: Path, op: str) -> None:
    build = Builder("ROUND")
    flags = {"jet": 0, "beams": 1}
    if op == "PairDotPolar":
        constituents, _ = polar_inputs(build, 3)
        flags |= angular_tables(6, 6, 9) | exp_table(6)
        flags |= {"phi_table": flags["phi_table"][: 1 << 5], "inner_width": 12}
        flags |= {"inner_integer": 11, "product_width": 12, "product_integer": 14}
    else:
        constituents, _ = momentum_inputs(build, 3)
    build.node(op, "d", constituents, FixedPoint(False, 6, 12), **flags)
    assert differences(build.program("coarse", ["d"]), tmp_path, 1) == {}


def test_the_events_reach_every_branch() -> None:
    """The tests above say little about a tensor that is always zero or always saturated."""
    for program in (polar_program(5, jet=1, beams=1), cartesian_program(4, jet=1, beams=1)):
        values = trace(program, random_codes(program, N_EVENTS))
        for name, codes in values.items():
            tensor = program.tensors[name]
            assert len(np.unique(codes)) > min(4, tensor.hi - tensor.lo), name
            saturated = np.isin(codes, (tensor.type.min_int, tensor.type.max_int)).mean()
            assert saturated < 0.98, (name, saturated)


@pytest.mark.parametrize("reuse_factor", [1, 3])
def test_operators_of_no_program_above(tmp_path: Path, reuse_factor: int) -> None:
    """All their cases in one program, so that one compilation shows them all."""
    above = {n.op for program in (polar_program(), cartesian_program()) for n in program.nodes}
    programs = [
        test.program(case, rounding, overflow)
        for test in operator_tests()
        if test.op not in above
        for case in test.cases
        for rounding, overflow in (("ROUND", "SAT"), ("FLOOR", "WRAP"))
    ]
    program = together(programs)
    values = trace(program, random_codes(program, N_EVENTS))
    assert all(len(np.unique(values[name])) > 1 for name in program.outputs)
    assert differences(program, tmp_path, reuse_factor) == {}
