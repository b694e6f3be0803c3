"""Running a project's C++ as it lies on disk, on many events, in integer codes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triggernet.cache import cached, touch
from triggernet.compiler import COMPILER, HINT, compiler_identity
from triggernet.deployment.hls.accounting import Layout, layout
from triggernet.deployment.hls.firmware import TEMPLATES, event_code, fill, read_name
from triggernet.deployment.project.project import load_project
from triggernet.deployment.project.sources import project_sources
from triggernet.deployment.project.vectors import joined
from triggernet.deployment.project.vendored import headers_digest, hls4ml_templates
from triggernet.errors import ProjectError
from triggernet.files import write_files
from triggernet.program.types import Program
from triggernet.results import digest_of
from triggernet.run_tool import run_tool
from triggernet.temporary import scratch

Events = dict[str, NDArray[np.int64]]

EXECUTABLE = "simulate"
# The project's Tcl asks for C++11 as well, so that what synthesis would refuse fails here.
FLAGS = ("-std=c++11", "-O2", "-Wno-unknown-pragmas", "-pthread")


@dataclass(frozen=True)
class FirmwareSimulator:
    """A compiled project.

    Attributes
    ----------
    program : Program
    executable : Path
    traced : tuple of str
        Tensors that have a call of their own, in the order in which they are computed.
    aliases : mapping of str to str
        Tensors that are another one unchanged.
    """

    program: Program
    executable: Path
    traced: tuple[str, ...]
    aliases: Mapping[str, str]


def simulate(
    folder: Path, inputs: Mapping[str, NDArray[np.int64]], *, trace: bool = False
) -> Events:
    """Run a project's C++ on integer codes.

    Parameters
    ----------
    folder : Path
        A project that `write_project` wrote, with or without hls4ml's headers.
    inputs : mapping of str to int64 (n, *shape)
        Codes of every input of the program, within the bounds of its type.
    trace : bool
        Give every tensor of the program, not only its outputs.

    Returns
    -------
    dict of str to int64 (n, *shape)
        Codes by the tensor's name.

    Raises
    ------
    ProjectError
        If `folder` is no project, holds files that its record does not list, or its C++ lacks a
        node.
    UsageError
        If the inputs do not fit.
    ToolError
        If there is no g++, it refuses the C++, or the program crashes.
    """
    return run(build(folder), inputs, trace=trace)


def build(folder: Path, flags: Sequence[str] = ()) -> FirmwareSimulator:
    """Compile the listed files of a project, unless the same were compiled before.

    Compiled projects are kept in the user's cache (`triggernet.cache`), never in the project.
    `flags` go to the compiler behind `FLAGS`.

    Raises
    ------
    ProjectError, ToolError
        As `simulate`.
    """
    folder = folder.resolve()
    program = load_project(folder).program
    files = project_sources(folder, "firmware/*")
    name = read_name(folder)
    top = files[f"firmware/{name}.cpp"].decode()
    where = layout(program, top)
    files |= {path: text.encode() for path, text in _sources(program, name, top, where).items()}
    traced = tuple(node.output for node in program.nodes if node.name in where.calls)
    flags = (*FLAGS, *flags)
    make = partial(_compile, files, flags)
    executable = cached(f"hls-{_key(files, flags)}", EXECUTABLE, make)
    return FirmwareSimulator(program, executable, traced, where.aliases)


def run(
    simulator: FirmwareSimulator, inputs: Mapping[str, NDArray[np.int64]], *, trace: bool = False
) -> Events:
    """Run a compiled project; arguments, result and errors as for `simulate`."""
    return run_and_listen(simulator, inputs, trace=trace)[0]


def run_and_listen(
    simulator: FirmwareSimulator,
    inputs: Mapping[str, NDArray[np.int64]],
    *,
    trace: bool = False,
    environment: Mapping[str, str] | None = None,
) -> tuple[Events, str]:
    """Likewise, with what the program has written on its standard output and error."""
    program = simulator.program
    codes = joined(program, inputs)
    names = simulator.traced if trace else program.outputs
    sizes = [program.tensors[name].size for name in names]
    with scratch("simulate") as work:
        simulate_events = partial(_run_events, simulator.executable, environment)
        results, written = simulate_events(codes, sum(sizes), work, trace)
    columns = np.split(results, np.cumsum(sizes)[:-1], axis=1)
    events = {
        name: np.ascontiguousarray(column).reshape(len(codes), *program.tensors[name].shape)
        for name, column in zip(names, columns, strict=True)
    }
    return (_with_aliases(simulator, events, inputs) if trace else events), written


def _sources(program: Program, name: str, top: str, where: Layout) -> dict[str, str]:
    """What is compiled: the top function with a hook after each call, and its driver."""
    lines, offset = top.splitlines(), 0
    for node in program.nodes:
        if node.name in where.calls:
            array = where.array(node.output)
            lines[where.calls[node.name].line] += (
                f"\n    keep_codes_({array.name}, {array.size}, {offset});"
            )
            offset += array.size
    values = event_code(program, top, name) | {"N_TRACED": offset}
    return {
        "traced.cpp": "\n".join([*lines, ""]),
        "simulate.cpp": fill("simulate.cpp", values),
        "integer_codes.h": (TEMPLATES / "integer_codes.h").read_text(encoding="utf-8"),
    }


def _includes() -> list[Path]:
    """Where headers of hls4ml are searched: in the installed one alone."""
    templates = hls4ml_templates()
    return [
        templates / "vivado" / "ap_types",
        templates / "vitis",
        templates / "vivado",
        templates / "vivado" / "nnet_utils",
    ]


def _key(files: Mapping[str, bytes], flags: Sequence[str]) -> str:
    """Digest of everything that decides the executable."""
    tools = (compiler_identity(), headers_digest(), *flags, *map(str, _includes()))
    return digest_of({**files, "tools": "\0".join(tools).encode()})


def _compile(files: Mapping[str, bytes], flags: Sequence[str], target: Path) -> None:
    with scratch("compile") as work:
        write_files(work, files)
        run_tool(
            [
                COMPILER,
                *flags,
                *(f"-I{path}" for path in ("firmware", *_includes())),
                "simulate.cpp",
                "-o",
                target / EXECUTABLE,
            ],
            cwd=work,
            hint=HINT,
            artefacts=[target / EXECUTABLE],
        )


def _run_events(
    executable: Path,
    environment: Mapping[str, str] | None,
    codes: NDArray[np.int64],
    n_values: int,
    work: Path,
    trace: bool,
) -> tuple[NDArray[np.int64], str]:
    source, target = work / "inputs.bin", work / "outputs.bin"
    touch(executable)
    codes.tofile(source)
    threads = max(1, min(os.cpu_count() or 1, len(codes) // 256))
    written = run_tool(
        [executable, source, target, str(len(codes)), str(threads), str(int(trace))],
        cwd=work,
        hint="the simulator was compiled but is not there any more; run it again",
        environment=environment,
    )
    results = np.fromfile(target, dtype="<i8")
    if results.size != len(codes) * n_values:
        raise ProjectError(
            f"{executable} wrote {results.size} values; expected {len(codes)} x {n_values}"
        )
    return results.astype(np.int64, copy=False).reshape(len(codes), n_values), written


def _with_aliases(
    simulator: FirmwareSimulator, events: Events, inputs: Mapping[str, NDArray[np.int64]]
) -> Events:
    """Add the inputs, and the tensors that are another one unchanged."""
    tensors = {name: np.asarray(inputs[name]) for name in simulator.program.inputs} | events
    for name, source in simulator.aliases.items():
        tensors[name] = tensors[source]
    return {name: tensors[name] for name in simulator.program.tensors}
