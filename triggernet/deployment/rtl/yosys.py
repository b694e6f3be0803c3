"""Yosys on the sources of a project: a job in, the statistics of the netlist out."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.design import RTL, source_files
from triggernet.errors import ToolError
from triggernet.files import read_json, write_json
from triggernet.run_tool import run_tool

BUILD = "rtl/build/synth"
PACKAGE = "pyosys"
HINT = "install it with `pip install triggernet[rtl]`"
TIME_LIMIT_S = 3600.0
SHOWN = 5  # problems of a design that are listed in an error


@dataclass(frozen=True)
class Job:
    """One run of Yosys.

    Attributes
    ----------
    top : str
    command : str
        The synthesis command; paths in it are meant from the project's `rtl`.
    shared : bool
        Keep modules that are used more than once, and are not tiny, as modules.
    kind : str
        Names the files of this run in the project's build folder.
    more : tuple of str
        Further sources, by their path from `rtl`.
    """

    top: str
    command: str
    shared: bool = False
    kind: str = "xilinx"
    more: tuple[str, ...] = ()


def run_yosys(project: Path, job: Job, *, time_limit_s: float = TIME_LIMIT_S) -> dict[str, Any]:
    """Synthesise the sources of a project; the output of ``stat -json``.

    Raises
    ------
    ToolError
        If Yosys is missing, refuses the Verilog (with file and line) or takes too long.
    """
    require_package(PACKAGE)
    rtl, build = (project / "rtl").resolve(), (project / BUILD).resolve()
    build.mkdir(parents=True, exist_ok=True)
    path, log = build / f"{job.kind}.job.json", build / f"{job.kind}.log"
    statistics = build / f"{job.kind}.statistics.json"
    statistics.unlink(missing_ok=True)
    sources = [
        name.removeprefix(f"{RTL}/") for name in source_files(project) if name.endswith(".v")
    ]
    values = {"sources": [*sources, *job.more], "top": job.top, "command": job.command}
    where = statistics.relative_to(rtl).as_posix()
    write_json(path, values | {"shared": job.shared, "statistics": where})
    worker: list[str | Path] = [
        sys.executable,
        "-m",
        "triggernet.deployment.rtl.yosys_worker",
        path,
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
