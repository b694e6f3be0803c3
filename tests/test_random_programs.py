"""Random programs through every executor: equal to the last bit, or refused by name.

`TRIGGERNET_RANDOM_PROGRAMS` is which programs are tried: their number, or `FIRST:LAST` (240
without it); of every ten, one is compiled and simulated unless the variable is set, and then all
are. Equal numbers give equal programs: `random_program(N)` is the one that a failure names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from programs import random_codes, together, write_onnx
from random_programs import OPS, random_program
from test_rtl_operators import simulated

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.deployment.hls import HlsConfig, simulate, write_project
from triggernet.deployment.hls.convert import check_nodes
from triggernet.deployment.project import Project
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.deployment.verify.exactness import FLOAT32_BITS, inexact_tensor
from triggernet.deployment.verify.executors import NotComparedError, OnnxRuntime
from triggernet.errors import UnsupportedError
from triggernet.program import Program, evaluate, trace
from triggernet.program.infer import check_program
from triggernet.program.netlist.verilog import text_of
from triggernet.program.operators import OPERATORS
from triggernet.program.readers.qonnx import read_program

VARIABLE = "TRIGGERNET_RANDOM_PROGRAMS"
FIRST, LAST = f"0:{os.environ.get(VARIABLE, '240')}".split(":")[-2:]
PROGRAMS = range(int(FIRST), int(LAST))
SIMULATED = PROGRAMS[:: 1 if VARIABLE in os.environ else 10]
BATCH = 12  # programs that are compiled together
N_EVENTS = 200
# A part of a number, or of a part; no bits.
ILLEGAL = re.compile(r"'d\d+\[|\]\[\d+:|\[-|\{0\{|\W0'd")
CONFIGS = (
    RtlConfig(interval=3, tables="lut", dsp="none"),
    RtlConfig(),
    RtlConfig(interval=8, dsp="pairs", clock_period_ns=2.5),
    RtlConfig(interval=2),
    RtlConfig(interval=4, tables="lut"),
    RtlConfig(dsp="none", clock_period_ns=2.5),
)


def batches() -> Iterator[tuple[int, range]]:
    """Numbers of the programs that are compiled, in groups."""
    for number, start in enumerate(range(0, len(SIMULATED), BATCH)):
        yield number, SIMULATED[start : start + BATCH]


def test_every_operator_is_drawn() -> None:
    drawn = {node.op for seed in range(2 * len(OPS)) for node in random_program(seed).nodes}
    assert drawn == set(OPERATORS)


def test_equal_numbers_give_equal_programs() -> None:
    assert random_program(5) == random_program(5)
    assert random_program(5) != random_program(5 + len(OPS))


def test_programs_are_evaluated_within_their_bounds_and_read_back() -> None:
    for seed in PROGRAMS:
        program = random_program(seed)
        check_program(program)
        assert Program.from_json(program.to_json()) == program, seed
        for name, codes in trace(program, random_codes(program, 40)).items():
            tensor = program.tensors[name]
            assert tensor.lo <= codes.min(), (seed, name)
            assert codes.max() <= tensor.hi, (seed, name)
            assert codes.shape[1:] == tensor.shape, (seed, name)


def test_verilog_is_made_of_every_program_or_it_is_refused_by_name() -> None:
    refused = unnamed = 0
    for seed in PROGRAMS:
        program = random_program(seed)
        for config in CONFIGS[:3]:
            try:
                texts = [text_of(module) for module in lower(program, config).modules.values()]
            except UnsupportedError as error:
                refused += 1
                unnamed += "'" not in str(error)
                continue
            assert not any(ILLEGAL.search(text) for text in texts), seed
    assert refused < len(PROGRAMS) // 4
    assert unnamed == 0


@pytest.mark.parametrize(("number", "seeds"), list(batches()))
def test_verilog_clock_by_clock(tmp_path: Path, number: int, seeds: range) -> None:
    program, config = together([random_program(k) for k in seeds]), CONFIGS[number % len(CONFIGS)]
    codes = random_codes(program, N_EVENTS)
    expected = evaluate(program, codes)
    found = simulated(tmp_path, program, config, codes, expected)
    assert different(found, expected, seeds) == []


@pytest.mark.parametrize(("number", "seeds"), list(batches()))
def test_cpp(tmp_path: Path, number: int, seeds: range) -> None:
    taken = [k for k in seeds if taken_by_hls(random_program(k))]
    assert len(taken) > len(seeds) // 2
    program = together([random_program(k) for k in taken])
    config = HlsConfig(reuse_factor=1 + 2 * (number % 2))
    write_project(program, write_onnx(program, tmp_path), tmp_path / "p", config, vendored=False)
    codes = random_codes(program, N_EVENTS)
    found = simulate(tmp_path / "p", codes, trace=True)
    assert different(found, trace(program, codes), taken) == []


def taken_by_hls(program: Program) -> bool:
    """Whether hls4ml can do it; if not, it is refused by the name of a node."""
    try:
        check_nodes(program, to_onnx(program))
    except UnsupportedError as error:
        refusal = str(error)
    else:
        return True
    assert re.match(r"node '\w+' \(Quant\) rounds tensor", refusal)
    return False


def test_onnxruntime(tmp_path: Path) -> None:
    """Where floating point is exact by construction; otherwise it is refused."""
    compared = 0
    for seed in PROGRAMS[::2]:
        program = random_program(seed)
        model = to_onnx(program)
        assert read_program(model) == program, seed
        (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
        if inexact_tensor(program, FLOAT32_BITS):
            with pytest.raises(NotComparedError, match="not exact by construction"):
                OnnxRuntime(Project(tmp_path, program, None))
            continue
        codes = random_codes(program, N_EVENTS)
        found = OnnxRuntime(Project(tmp_path, program, None)).trace(codes)
        expected = trace(program, codes)
        assert [n for n in found if not np.array_equal(found[n], expected[n])] == [], seed
        compared += 1
    assert compared > len(PROGRAMS) // 4


def different(found: dict, expected: dict, seeds: Sequence[int]) -> list[tuple[int, str]]:
    """The programs and tensors that differ."""
    wrong = [name for name in found if not np.array_equal(found[name], expected[name])]
    return [(seeds[int(name[1:].split("x")[0])], name.split("x", 1)[1]) for name in wrong]
