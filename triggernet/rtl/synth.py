"""Synthesis of a project's RTL with Yosys: what it takes in primitives of a Xilinx FPGA."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from triggernet.errors import DataError, ToolError, UsageError
from triggernet.files import read_json, write_json
from triggernet.progress import say
from triggernet.rtl.count import Counts, Module, cells_of, counts_of, modules_of
from triggernet.rtl.folder import (
    read_design,
    refuse_edited,
    source_digest,
    source_files,
)
from triggernet.run_tool import run_tool

RESULT = "synth.json"
BUILD = "rtl/build/synth"
TOOL = "Yosys"
PACKAGE = "pyosys"
HINT = "install it with `pip install triggernet[rtl]`"
FAMILIES = ("xc7", "xcup")
TIME_LIMIT_S = 3600.0
SHOWN = 5  # problems of a design that are listed in an error
# No pins and no clock buffer: the design is a block of a larger one.
COMMAND = "synth_xilinx -family {family} -flatten -noiopad -noclkbuf -top {top}"


@dataclass(frozen=True)
class Synthesis:
    """What a design takes, counted by Yosys.

    Attributes
    ----------
    lut, ff, dsp, bram, carry, srl : int
        See `triggernet.rtl.count`.
    cells : mapping of str to int
        Primitives by type.
    modules : mapping of str to Module
        What was synthesised as one, with the number of instances.
    family : str
        "xc7" (7-series) or "xcup" (UltraScale+).
    flatten : bool
        Whether the whole design was synthesised as one module.
    tool, version : str
    seconds : float
        What the run took; the first one, if it is `cached`.
    digest : str
        Of the sources.
    place : dict or None
        A placed and routed version for an open FPGA; see `triggernet.rtl.place`.
    cached : bool
        Whether an earlier run's result was found.
    """

    lut: int
    ff: int
    dsp: int
    bram: int
    carry: int
    srl: int
    cells: Mapping[str, int]
    modules: Mapping[str, Module]
    family: str
    flatten: bool
    tool: str
    version: str
    seconds: float
    digest: str
    place: Mapping[str, Any] | None = None
    cached: bool = field(default=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The synthesis ready for JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "cached"}
        modules = {name: module.as_dict() for name, module in self.modules.items()}
        return values | {"modules": modules, "cells": dict(self.cells)}

    def short_modules(self) -> list[tuple[str, Module]]:
        """The modules by the names that they have in the sources, one or more of each."""
        return [(_short(name), module) for name, module in self.modules.items()]

    def as_text(self) -> str:
        """The counts and the modules, for a terminal."""
        names = ("lut", "ff", "dsp", "bram", "carry", "srl")
        rows: list[tuple[str, ...]] = [
            ("", "instances", "LUT", "FF", "DSP", "BRAM", "CARRY", "SRL")
        ]
        rows += [
            (
                _short(name),
                str(m.instances),
                *(str(m.instances * getattr(m.counts, n)) for n in names),
            )
            for name, m in self.modules.items()
        ]
        rows.append(("in all", "", *(str(getattr(self, n)) for n in names)))
        how = "the same sources were synthesised before" if self.cached else f"{self.seconds:.1f} s"
        return "\n".join([f"{self.tool} {self.version}, {self.family}, {how}", "", *_table(rows)])


def synthesise(
    project: Path,
    *,
    family: str = "xc7",
    flatten: bool = False,
    time_limit_s: float = TIME_LIMIT_S,
) -> Synthesis:
    """Synthesise the RTL of a project, unless the same sources were synthesised before.

    A module that exists twice or more is synthesised once and counted as often, unless it is tiny:
    minutes become seconds. What could be shared or simplified across its border is then not found,
    nor is a register outside drawn into a DSP inside; on the other hand a small module is often
    optimised better than a part of a large one, so that either way may give the smaller count.

    Parameters
    ----------
    project : Path
        Folder with ``rtl/``, as exported. The result is left in its ``synth.json``.
    family : "xc7" or "xcup"
        Yosys packs no registers into the DSPs of UltraScale+ ("xcup"): there the registers of a
        pipelined product count as FF. The figures of "xc7" are closer to Vivado's for both.
    flatten : bool
        Synthesise the whole as one module.
    time_limit_s : float

    Raises
    ------
    ProjectError
        If the project has no RTL, it was edited, or it infers latches.
    ToolError
        If Yosys is missing, refuses the Verilog (with file and line) or takes too long.
    UsageError
        If the family is unknown.
    """
    if family not in FAMILIES:
        raise UsageError(f"unknown family '{family}'; known are {', '.join(FAMILIES)}")
    top = read_design(project).top
    refuse_edited(project)
    digest, version = source_digest(project), version_of(PACKAGE)
    before = read_synthesis(project)
    if before is not None and before.digest != digest:
        before = None
    if before and (before.family, before.flatten, before.version) == (family, flatten, version):
        return replace(before, cached=True)
    say(f"Yosys synthesises {top} ({family}{', as one module' if flatten else ''}) ...")
    started = time.monotonic()
    command = COMMAND.format(family=family, top=top)
    statistics = run_yosys(project, top, command, not flatten, time_limit_s)
    modules = modules_of(statistics, top)
    cells = cells_of(statistics, modules)
    found = Synthesis(
        **vars(counts_of(cells)),
        cells=cells,
        modules=modules,
        family=family,
        flatten=flatten,
        tool=TOOL,
        version=version,
        seconds=round(time.monotonic() - started, 1),
        digest=digest,
        place=before.place if before else None,
    )
    write_json(project / RESULT, found.as_dict())
    return found


def read_synthesis(project: Path) -> Synthesis | None:
    """The synthesis that an earlier run left; None if there is none that can be read."""
    if not (project / RESULT).is_file():
        return None
    try:
        content = read_json(project / RESULT)
        modules = {
            name: Module(m["instances"], Counts(**{f.name: m[f.name] for f in fields(Counts)}))
            for name, m in content["modules"].items()
        }
        return Synthesis(**content | {"modules": modules})
    except (AttributeError, DataError, KeyError, TypeError):
        return None


def run_yosys(
    project: Path,
    top: str,
    command: str,
    shared: bool,
    time_limit_s: float,
    *,
    kind: str = "xilinx",
    more: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Run one synthesis command of Yosys on a project; the statistics of the netlist.

    Parameters
    ----------
    project : Path
    top : str
    command : str
        Of Yosys; paths in it are meant from the project's `rtl`.
    shared : bool
        Keep modules that are used more than once.
    time_limit_s : float
    kind : str
        Names the files of this run in the project's build folder.
    more : tuple of str
        Further sources, by their path from `rtl`.

    Raises
    ------
    ToolError
        As `synthesise`.
    """
    rtl, build = (project / "rtl").resolve(), (project / BUILD).resolve()
    sources = [f"src/{name}" for name in source_files(project) if name.endswith(".v")]
    statistics, log = build / f"{kind}.statistics.json", build / f"{kind}.log"
    build.mkdir(parents=True, exist_ok=True)
    statistics.unlink(missing_ok=True)
    job = {
        "sources": [*sources, *more],
        "top": top,
        "command": command,
        "shared": shared,
        "statistics": statistics.relative_to(rtl).as_posix(),
    }
    write_json(build / f"{kind}.job.json", job)
    require_package(PACKAGE)
    worker: list[str | Path] = [
        sys.executable,
        "-m",
        "triggernet.rtl.yosys_worker",
        build / f"{kind}.job.json",
    ]
    try:
        run_tool(
            worker, cwd=rtl, log=log, hint=HINT, timeout_s=time_limit_s, artefacts=[statistics]
        )
    except ToolError as error:
        complaint = _complaint(log.read_text("utf-8", "replace") if log.is_file() else "")
        if not complaint:
            raise
        raise ToolError(
            f"Yosys refuses the RTL of {project}; the paths are from its rtl folder, the whole "
            f"of its output is in {log}:\n{complaint}"
        ) from error
    return dict(read_json(statistics))


def _complaint(output: str) -> str:
    """What Yosys stopped for, line by line; empty if it did not stop by itself."""
    errors = re.findall(r"^.*ERROR: .*$", output, re.MULTILINE)
    if any("check -assert" in line for line in errors):
        _, _, checked = output.rpartition("Executing CHECK pass")
        warnings = re.findall(r"^Warning: (.*(?:\n {4}.*)*)", checked, re.MULTILINE)
        errors = "\n".join(warnings[:SHOWN]).splitlines()
    return "\n".join(f"    {line.strip()}" for line in errors)


def require_package(name: str) -> None:
    """ToolError, with what to do, if a Python package that holds a tool is not installed."""
    if importlib.util.find_spec(name.replace("-", "_")) is None:
        raise ToolError(f"{name} is needed and was not found; {HINT}")


def version_of(package: str) -> str:
    """The version of an installed package; ToolError, with what to do, if it is not there."""
    require_package(package)
    return importlib.metadata.version(package)


def _short(module: str) -> str:
    """The name of a module without the parameters that Yosys writes into it."""
    return module.split("\\")[1] if module.startswith("$paramod") else module


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
