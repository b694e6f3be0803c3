"""Whole models as Verilog, unrolled and folded, clock by clock, against the exact integers.

Models of random weights stand side by side in one program, so that one simulation shows them all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import random_codes, together
from random_models import Case, random_model
from test_rtl_operators import simulated

from triggernet.deployment.export import export_model
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.program import Program, evaluate
from triggernet.program.netlist.ring import Ring
from triggernet.program.readers.qonnx import read_program

CASES = (
    Case(n=5, tied=False, rounding="ROUND"),
    Case(n=8, channels=3, aggregates="jet"),
    Case(n=6, channels=1, kind="cartesian", rounding="ROUND", jet=True, beams=True),
    Case(n=7, kind="cartesian", aggregates="jet", tied=False),
    Case(n=4, by_count=True),
    Case(n=4, jet=True, beams=True, tied=False),
    Case(n=5, beams=True, aggregates="jet"),
)


def program_of(case: Case, seed: int = 0) -> tuple[Program, dict[str, np.ndarray]]:
    model, inputs = random_model(case, seed)
    return read_program(export_model(model, "nanopelican", {})), inputs


def side_by_side(cases: tuple[Case, ...]) -> tuple[Program, dict[str, np.ndarray]]:
    """One program with all models, and 400 jets followed by 400 random events for it."""
    found = [program_of(case) for case in cases]
    program = together([p for p, _ in found])
    codes = {f"c{k}x{name}": v for k, (_, inputs) in enumerate(found) for name, v in inputs.items()}
    random = random_codes(program, 400)
    return program, {name: np.concatenate([codes[name], random[name]]) for name in program.inputs}


@pytest.mark.parametrize(
    ("interval", "tables", "dsp"),
    [(1, "lut", "pairs"), (3, "bram", "all"), (8, "bram", "none"), (17, "lut", "all")],
)
def test_models_clock_by_clock(tmp_path: Path, interval: int, tables: str, dsp: str) -> None:
    program, codes = side_by_side(CASES)
    expected = evaluate(program, codes)
    config = RtlConfig(interval=interval, tables=tables, dsp=dsp)
    found = simulated(tmp_path, program, config, codes, expected)
    assert all(len(np.unique(values)) > 20 for values in expected.values())
    wrong = [n for n, values in expected.items() if not np.array_equal(found[n], values)]
    assert wrong == []


@pytest.mark.parametrize("size", [2, 3, 4, 5, 8, 13, 20])
def test_every_pair_meets_once(size: int) -> None:
    for interval in range(1, size * size + 2):
        ring = Ring.within(size, interval)
        assert ring.slots <= interval or size <= 2
        met = [pair for slot in range(ring.slots) for pair in ring.members(slot) if pair]
        assert sorted(tuple(sorted(pair)) for pair in met) == sorted(ring.all_pairs)


def test_longer_intervals_take_no_more_lanes() -> None:
    lanes = [len(Ring.within(20, k).members(0)) for k in range(1, 210)]
    assert lanes == sorted(lanes, reverse=True)
    assert (lanes[0], lanes[19], lanes[199]) == (190, 10, 1)


def test_latency_and_size_follow_the_interval() -> None:
    program, _ = program_of(CASES[1])
    designs = {k: lower(program, RtlConfig(interval=k)) for k in (1, 4, 8)}
    assert [d.interval_cycles for d in designs.values()] == [1, 4, 8]
    latencies = [d.latency_cycles for d in designs.values()]
    assert latencies == sorted(latencies)
    luts = [d.count.lut for d in designs.values()]
    assert luts == sorted(luts, reverse=True)
    # Two products for each of 28 pairs, three for each of 8 particles, one for the mass.
    assert designs[1].count.dsp == 2 * 28 + 3 * 8 + 1
    assert designs[8].count.dsp == 2 * 4 + 3 * 1 + 1


def test_a_faster_clock_takes_more_registers() -> None:
    program, _ = program_of(CASES[1])
    slow, fast = (lower(program, RtlConfig(clock_period_ns=t)) for t in (10.0, 2.5))
    assert slow.latency_cycles < fast.latency_cycles
    assert slow.count.ff < fast.count.ff
