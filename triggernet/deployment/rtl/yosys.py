"""Yosys on the sources of a project: a job in, the statistics of the netlist out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.project.layout import RTL
from triggernet.deployment.rtl.design import source_files
from triggernet.errors import ToolError, ToolFailedError
from triggernet.extras import require
from triggernet.files import read_json, write_files, write_json
from triggernet.run_tool import run_tool

JOB, STATISTICS, BTOR = "job.json", "statistics.json", "design.btor"
PACKAGE = "pyosys"
PURPOSE = "to synthesise Verilog"
HINT = "install it with pip install 'triggernet[rtl]'"
TIME_LIMIT_S = 3600.0
SHOWN = 5  # problems of a design that are listed in an error


@dataclass(frozen=True)
class Job:
    """One run of Yosys.

    Attributes
    ----------
    top : str
    command : str
        The synthesis command; paths in it are meant from the folder that Yosys runs in.
    shared : bool
        Keep modules that are used more than once, and are not tiny, as modules.
    more : tuple of str
        Further sources, by their path in that folder.
    netlist : str
        Where in that folder to write the netlist, if anywhere.
    """

    top: str
    command: str
    shared: bool = False
    more: tuple[str, ...] = ()
    netlist: str = ""


def run_yosys(
    project: Path, job: Job, work: Path, *, time_limit_s: float = TIME_LIMIT_S
) -> dict[str, Any]:
    """Synthesise a copy of a project's sources; the output of ``stat -json``.

    Parameters
    ----------
    project : Path
    job : Job
    work : Path
        A folder for the copy and for what Yosys leaves; it holds the job's further sources.
    time_limit_s : float

    Raises
    ------
    MissingToolError
        If Yosys is missing.
    ToolError
        If Yosys refuses the Verilog (with file and line) or takes too long.
    """
    _run(project, job, work, Path(STATISTICS), time_limit_s)
    return dict(read_json(work / STATISTICS))


def as_btor(project: Path, top: str, work: Path, *, time_limit_s: float = TIME_LIMIT_S) -> str:
    """A project's design as BTOR2, flattened, its nets called as in the Verilog.

    Parameters
    ----------
    project : Path
    top : str
        The top module.
    work : Path
        A folder for the copy of the sources.
    time_limit_s : float

    Raises
    ------
    MissingToolError, ToolError
        As `run_yosys`.
    """
    passes = "flatten; memory_map; dffunmap; opt_clean"
    job = Job(top, f"{passes}; write_btor {BTOR}")
    _run(project, job, work, Path(BTOR), time_limit_s)
    return (work / BTOR).read_text(encoding="utf-8")


def _run(project: Path, job: Job, work: Path, artefact: Path, time_limit_s: float) -> None:
    require(PACKAGE, purpose=PURPOSE)
    sources = {name.removeprefix(f"{RTL}/"): c for name, c in source_files(project).items()}
    write_files(work, sources)
    texts = [name for name in sources if name.endswith(".v")]
    values = {"sources": [*texts, *job.more], "top": job.top, "command": job.command}
    wanted = {"shared": job.shared, "statistics": STATISTICS, "netlist": job.netlist}
    write_json(work / JOB, values | wanted)
    worker = [sys.executable, "-m", "triggernet.deployment.rtl.yosys_worker", JOB]
    try:
        run_tool(worker, cwd=work, hint=HINT, timeout_s=time_limit_s, artefacts=[artefact])
    except ToolFailedError as error:
        complaint = _complaint(error.output)
        if not complaint:
            raise
        raise ToolError(
            f"Yosys refuses the RTL of {project}; the paths are from its rtl folder, the whole "
            f"of its output is in {error.log}:\n{complaint}"
        ) from error


def _complaint(output: str) -> str:
    """What Yosys stopped for, line by line; empty if it did not stop by itself."""
    errors = re.findall(r"^.*ERROR: .*$", output, re.MULTILINE)
    if any("check -assert" in line for line in errors):
        _, _, checked = output.rpartition("Executing CHECK pass")
        warnings = re.findall(r"^Warning: (.*(?:\n {4}.*)*)", checked, re.MULTILINE)
        errors = "\n".join(warnings[:SHOWN]).splitlines()
    return "\n".join(f"    {line.strip()}" for line in errors)
