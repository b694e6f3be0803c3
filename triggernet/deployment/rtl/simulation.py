"""Running a project's Verilog as it lies on disk, clock by clock, with Verilator."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.cache import cached, touch
from triggernet.compiler import COMPILER, HINT, PLAIN, compiler_identity
from triggernet.deployment.project.layout import DESIGN, RTL
from triggernet.deployment.project.project import load_project
from triggernet.deployment.project.sources import project_sources
from triggernet.deployment.project.vectors import joined
from triggernet.deployment.rtl.design import (
    Design,
    Port,
    read_design,
    source_files,
)
from triggernet.deployment.rtl.primitives import models_of
from triggernet.deployment.rtl.synth import counted_netlist
from triggernet.deployment.rtl.testbench import bench_texts
from triggernet.deployment.rtl.verilator import Verilator, find_verilator
from triggernet.errors import ProjectError
from triggernet.files import read_json, write_files
from triggernet.fixedpoint import Codes
from triggernet.program import Program
from triggernet.results import digest_of
from triggernet.run_tool import run_tool
from triggernet.temporary import scratch

EXECUTABLE = "Vdut"
PRIMITIVES = "-Wno-lint -Wno-style"  # their models are no Verilog of ours


@dataclass(frozen=True)
class Simulator:
    """A compiled test bench.

    Attributes
    ----------
    design : Design
    program : Program
    inputs, outputs : tuple of str
        The program's tensors in the order of the design's ports.
    executable : Path
    version : str
        Of Verilator.
    """

    design: Design
    program: Program
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    executable: Path
    version: str


def build(
    folder: Path, *, trace: bool = False, edited: bool = False, netlist: bool = False
) -> Simulator:
    """Compile a project's Verilog with a test bench, unless the same was compiled before.

    Compiled test benches are kept in the user's cache (`triggernet.cache`), never in the project.

    Parameters
    ----------
    folder : Path
        A project with ``rtl/``.
    trace : bool
        So that it can draw waveforms; simulates more slowly.
    edited : bool
        Take Verilog too that the project's record does not list, instead of refusing it.
    netlist : bool
        Instead of the Verilog, the primitives that Yosys makes of it and `synthesise` counts.

    Raises
    ------
    ProjectError
        If the project has no Verilog, holds files that its record does not list, or has ports that
        cannot be simulated or are not the program's.
    ProgramError
        If its program is damaged.
    ToolError
        If Verilator, g++ or make is missing, or the Verilog does not compile; of a netlist, if
        Yosys is missing or refuses the Verilog.
    """
    folder = folder.resolve()
    design, program = read_design(folder), load_project(folder).program
    inputs = _by_port(design.inputs, program, program.inputs)
    outputs = _by_port(design.outputs, program, program.outputs)
    source_files(folder)  # complains if there is none
    files = project_sources(folder, f"{RTL}/src/*", edited=edited)
    if netlist:
        files = _primitives(folder)
    texts = bench_texts(read_json(folder / DESIGN))
    files |= {f"{RTL}/{path}": text.encode() for path, text in texts.items()}
    verilator = find_verilator()
    kind = "trace" if trace else "plain"
    checks = {"CHECKS": PRIMITIVES} if netlist else {}
    tools = f"{verilator.program} {verilator.version} {compiler_identity()} {kind} {checks}"
    key = digest_of(files | {"tools": tools.encode()})
    make = partial(_compile, files, kind, verilator, checks)
    executable = cached(f"rtl-{key}", EXECUTABLE, make)
    return Simulator(design, program, inputs, outputs, executable, verilator.version)


def run(simulator: Simulator, inputs: Mapping[str, Codes]) -> dict[str, NDArray[Any]]:
    """Give a design events back to back and return what it answers.

    Parameters
    ----------
    simulator : Simulator
    inputs : mapping of str to int64 (n, *shape)
        Codes of every input of the program.

    Returns
    -------
    dict of str to int64 (n, *shape)
        Codes by the output's name; float64 with NaN where the design gave no answer in time.

    Raises
    ------
    UsageError
        If the inputs do not fit.
    ToolError
        If the simulation crashes.
    """
    tensors = [simulator.program.tensors[name] for name in simulator.outputs]
    with scratch("cosim") as work:
        n = _write_inputs(simulator, inputs, work)
        options = ["--binary", "--inputs", "inputs.bin", "--found", "found.bin"]
        _call(simulator, [*options, "--json", "found.json"], work, ["found.bin"])
        answers = np.fromfile(work / "found.bin", dtype="<i8").reshape(n, -1).astype(np.int64)
    valid = answers[:, 0] == 1
    columns = np.split(answers[:, 1:], np.cumsum([t.size for t in tensors])[:-1], axis=1)
    events: dict[str, NDArray[Any]] = {}
    for tensor, column in zip(tensors, columns, strict=True):
        codes = np.ascontiguousarray(column).reshape(n, *tensor.shape)
        if not valid.all():
            codes = np.where(valid.reshape(n, *[1] * len(tensor.shape)), codes, np.nan)
        events[tensor.name] = codes
    return events


def check(
    simulator: Simulator,
    inputs: Mapping[str, Codes],
    expected: Mapping[str, Codes],
    *,
    seed: int = 1,
    wave: Path | None = None,
    plusargs: Sequence[str] = (),
) -> dict[str, Any]:
    """Run the whole test bench: alone, back to back, with gaps and with resets.

    Parameters
    ----------
    simulator : Simulator
    inputs, expected : mapping of str to int64 (n, *shape)
        Codes of every input and output of the program.
    seed : int
        Of the registers' first values, the noise, the gaps and the resets.
    wave : Path, optional
        Where to draw the first event that went wrong; the simulator must be built with `trace`.
    plusargs : sequence of str
        ``+NAME=VALUE``, for designs that ask with ``$value$plusargs``.

    Returns
    -------
    dict
        What the test bench prints as JSON: ``n_vectors``, ``mismatches``, ``first``,
        ``latency_cycles``, ``interval_cycles``, ``phases``.

    Raises
    ------
    UsageError, ToolError
        As `run`.
    """
    with scratch("cosim") as work:
        n = _write_inputs(simulator, inputs, work)
        columns = [np.asarray(expected[name]).reshape(n, -1) for name in simulator.outputs]
        np.concatenate(columns, axis=1).astype("<i8").tofile(work / "expected.bin")
        options = ["--binary", "--inputs", "inputs.bin", "--expected", "expected.bin"]
        options += ["--seed", str(seed), "--json", "found.json", *plusargs]
        if wave is not None:
            options += ["--wave", "wave.fst"]
        answers = _call(simulator, options, work, ["wave.fst"] if wave is not None else [])
        if wave is not None:
            wave.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(work / "wave.fst", wave)
    return answers


def _by_port(ports: tuple[Port, ...], program: Program, names: tuple[str, ...]) -> tuple[str, ...]:
    """The program's tensors in the order of the ports: by name, or else by their order."""
    port_names = tuple(port.name for port in ports)
    ordered = port_names if set(port_names) == set(names) else names
    shapes = [(port.size, port.signed) for port in ports]
    wanted = [(program.tensors[n].size, program.tensors[n].type.signed) for n in ordered]
    if shapes != wanted:
        described = ", ".join(f"{p.name} ({p.size} x {p.width} bits)" for p in ports)
        raise ProjectError(
            f"the ports {described} are not those of program '{program.name}': "
            f"{', '.join(f'{n} ({program.tensors[n].size})' for n in names)}; generate it again"
        )
    return ordered


def _primitives(folder: Path) -> dict[str, bytes]:
    """The netlist of a project and the models of its primitives, in place of its Verilog."""
    text = counted_netlist(folder)
    texts = {"netlist.v": text, "primitives.v": models_of(text)}
    return {f"{RTL}/src/{name}": text.encode() for name, text in texts.items()}


def _compile(
    files: Mapping[str, bytes],
    kind: str,
    verilator: Verilator,
    checks: Mapping[str, str],
    target: Path,
) -> None:
    """Leave the program in `target`: the objects are hundreds of times as large."""
    settings = {"PYTHON": sys.executable, "CXX": COMPILER, "VERILATOR": verilator.program}
    settings |= {"BUILD": "build", "OPT": "-Os", **checks}
    built = Path("build") / kind / EXECUTABLE
    with scratch("verilate") as work:
        write_files(work, files)
        run_tool(
            ["make", "-f", "Makefile", *(f"{k}={v}" for k, v in settings.items()), built],
            cwd=work / RTL,
            hint=HINT,
            needs=[COMPILER],
            artefacts=[built],
            environment={**PLAIN, **verilator.environment},
        )
        shutil.copy(work / RTL / built, target / EXECUTABLE)


def _write_inputs(simulator: Simulator, inputs: Mapping[str, Codes], work: Path) -> int:
    """Write the events in the order of the ports; how many there are."""
    program = simulator.program
    codes = joined(program, inputs)
    sizes = [program.tensors[name].size for name in program.inputs]
    columns = np.split(codes, np.cumsum(sizes)[:-1], axis=1)
    by_name = dict(zip(program.inputs, columns, strict=True))
    ordered = np.concatenate([by_name[name] for name in simulator.inputs], axis=1)
    ordered.astype("<i8").tofile(work / "inputs.bin")
    return len(codes)


def _call(
    simulator: Simulator, options: list[str], work: Path, artefacts: list[str]
) -> dict[str, Any]:
    touch(simulator.executable)
    run_tool(
        [simulator.executable, *options],
        cwd=work,
        hint="the simulation was compiled but is not there any more; run it again",
        artefacts=[Path("found.json"), *map(Path, artefacts)],
    )
    return dict(json.loads((work / "found.json").read_text(encoding="utf-8")))
