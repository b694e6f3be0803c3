"""Synthesis of a project's RTL with Yosys: what it takes in primitives of a Xilinx FPGA."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.count import cells_of, counts_of, modules_of
from triggernet.deployment.rtl.design import read_design, refuse_edited
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.rtl.yosys import PACKAGE, PURPOSE, TIME_LIMIT_S, Job, run_yosys
from triggernet.errors import ProjectError, UsageError
from triggernet.extras import version_of
from triggernet.progress import say
from triggernet.temporary import scratch

TOOL = "Yosys"
FAMILIES = ("xc7", "xcup")
# No pins and no clock buffer: the design is a block of a larger one.
COMMAND = "synth_xilinx -family {family} -flatten -noiopad -noclkbuf -top {top}"


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
    options |= {
        "version": version_of(PACKAGE, PURPOSE),
        "judges": Synthesis.sources(project),
    }
    before = _earlier(project)
    if before is not None and all(getattr(before, k) == v for k, v in options.items()):
        return replace(before, cached=True)
    synthesis = _run(project, top, options, time_limit_s)
    if before is not None and before.judges == synthesis.judges:
        synthesis = replace(synthesis, place=before.place)
    synthesis.save(project)
    return synthesis


def _earlier(project: Path) -> Synthesis | None:
    """What an earlier run left; None if there is none that can be trusted."""
    try:
        return Synthesis.load(project)
    except ProjectError as error:
        say(f"an earlier result is not used: {error}")
        return None


def _run(project: Path, top: str, options: dict[str, Any], time_limit_s: float) -> Synthesis:
    family, flatten = options["family"], options["flatten"]
    say(f"Yosys synthesises {top} ({family}{', as one module' if flatten else ''}) ...")
    started = time.monotonic()
    job = Job(top, COMMAND.format(family=family, top=top), shared=not flatten)
    with scratch("synth") as work:
        statistics = run_yosys(project, job, work, time_limit_s=time_limit_s)
    modules = modules_of(statistics, top)
    cells = cells_of(statistics, modules)
    seconds = round(time.monotonic() - started, 1)
    counts = vars(counts_of(cells))
    return Synthesis(**counts, **options, cells=cells, modules=modules, tool=TOOL, seconds=seconds)
