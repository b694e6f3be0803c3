"""Synthesis of a project's RTL with Yosys: what it takes in primitives of a Xilinx FPGA."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.count import Counts, Module, cells_of, counts_of, modules_of
from triggernet.deployment.rtl.design import read_design, refuse_edited, source_digest
from triggernet.deployment.rtl.yosys import PACKAGE, TIME_LIMIT_S, Job, run_yosys, version_of
from triggernet.errors import DataError, UsageError
from triggernet.files import read_json, write_json
from triggernet.progress import say

RESULT = "synth.json"
TOOL = "Yosys"
FAMILIES = ("xc7", "xcup")
# No pins and no clock buffer: the design is a block of a larger one.
COMMAND = "synth_xilinx -family {family} -flatten -noiopad -noclkbuf -top {top}"


@dataclass(frozen=True)
class Synthesis:
    """What a design takes, counted by Yosys.

    Attributes
    ----------
    lut, ff, dsp, bram, carry, srl : int
        See `triggernet.deployment.rtl.count`.
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
        A placed and routed version for an open FPGA; see `triggernet.deployment.rtl.place`.
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
        pipelined product count as FF. Vivado packs them, so "xc7" is the better model of both.
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
    options = {"family": family, "flatten": flatten}
    options |= {"version": version_of(PACKAGE), "digest": source_digest(project)}
    before = read_synthesis(project)
    if before is not None and all(getattr(before, k) == v for k, v in options.items()):
        return replace(before, cached=True)
    found = _run(project, top, options, time_limit_s)
    if before is not None and before.digest == found.digest:
        found = replace(found, place=before.place)
    write_json(project / RESULT, found.as_dict())
    return found


def _run(project: Path, top: str, options: dict[str, Any], time_limit_s: float) -> Synthesis:
    family, flatten = options["family"], options["flatten"]
    say(f"Yosys synthesises {top} ({family}{', as one module' if flatten else ''}) ...")
    started = time.monotonic()
    job = Job(top, COMMAND.format(family=family, top=top), shared=not flatten)
    statistics = run_yosys(project, job, time_limit_s=time_limit_s)
    modules = modules_of(statistics, top)
    cells = cells_of(statistics, modules)
    seconds = round(time.monotonic() - started, 1)
    counts = vars(counts_of(cells))
    return Synthesis(**counts, **options, cells=cells, modules=modules, tool=TOOL, seconds=seconds)


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
