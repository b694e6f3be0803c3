"""Synthesis of a project's RTL with Yosys: what it takes in primitives of a Xilinx FPGA."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from triggernet.cache import cached
from triggernet.deployment.rtl.count import cells_of, counts_of, modules_of
from triggernet.deployment.rtl.design import read_design, refuse_edited, source_files
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.rtl.yosys import PACKAGE, PURPOSE, TIME_LIMIT_S, Job, run_yosys
from triggernet.errors import ProjectError, ToolError, UsageError
from triggernet.extras import version_of
from triggernet.progress import say
from triggernet.results import digest_of
from triggernet.temporary import scratch

TOOL = "Yosys"
NETLIST = "netlist.v"
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
    with scratch("netlist") as kept:
        synthesis = _run(project, top, options, time_limit_s, kept)

        def make(target: Path) -> None:
            shutil.copy(kept / NETLIST, target / NETLIST)

        cached(_netlist_name(project, options), NETLIST, make)
    if before is not None and before.judges == synthesis.judges:
        synthesis = replace(synthesis, place=before.place)
    synthesis.save(project)
    return synthesis


def counted_netlist(project: Path) -> str:
    """Verilog of the primitives of the 7-series that `synthesise` counts.

    It is kept in the user's cache (`triggernet.cache`). The count is left in ``synth.json``.

    Raises
    ------
    ProjectError, ToolError
        As `synthesise`; a `ToolError` too if it is not the netlist that was counted.
    """
    synthesis = synthesise(project)
    name = _netlist_name(project, vars(synthesis))

    def make(target: Path) -> None:
        again = _run(project, read_design(project).top, vars(synthesis), TIME_LIMIT_S, target)
        if again.cells != synthesis.cells:
            raise ToolError(f"{TOOL} {synthesis.version} made another netlist than it has counted")

    return cached(name, NETLIST, make).read_text(encoding="utf-8")


def _netlist_name(project: Path, options: Mapping[str, Any]) -> str:
    """Of the folder in the cache that holds a netlist."""
    sources = {name: text for name, text in source_files(project).items() if name.endswith(".v")}
    how = f"{TOOL} {options['version']} {COMMAND} {options['family']} {options['flatten']}"
    return f"netlist-{digest_of({**sources, 'how': how.encode()})}"


def _earlier(project: Path) -> Synthesis | None:
    """What an earlier run left; None if there is none that can be trusted."""
    try:
        return Synthesis.load(project)
    except ProjectError as error:
        say(f"an earlier result is not used: {error}")
        return None


def _run(
    project: Path, top: str, settings: Mapping[str, Any], time_limit_s: float, kept: Path
) -> Synthesis:
    """Let Yosys run; its netlist is left in the folder `kept`."""
    options = {name: settings[name] for name in ("family", "flatten", "version", "judges")}
    family, flatten = options["family"], options["flatten"]
    say(f"Yosys synthesises {top} ({family}{', as one module' if flatten else ''}) ...")
    started = time.monotonic()
    command = COMMAND.format(family=family, top=top)
    job = Job(top, command, shared=not flatten, netlist=NETLIST)
    with scratch("synth") as work:
        statistics = run_yosys(project, job, work, time_limit_s=time_limit_s)
        shutil.copy(work / NETLIST, kept / NETLIST)
    modules = modules_of(statistics, top)
    cells = cells_of(statistics, modules)
    seconds = round(time.monotonic() - started, 1)
    counts = vars(counts_of(cells))
    return Synthesis(**counts, **options, cells=cells, modules=modules, tool=TOOL, seconds=seconds)
