"""Running the test bench that an HLS project brings along, as `make check` runs it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from triggernet.cache import cached
from triggernet.compiler import COMPILER, HINT, PLAIN, compiler_identity, compiler_version
from triggernet.deployment.hls.firmware import read_name
from triggernet.deployment.project.sources import project_sources
from triggernet.deployment.project.vendored import headers_digest
from triggernet.errors import ToolError, ToolFailedError
from triggernet.files import write_files
from triggernet.results import digest_of
from triggernet.run_tool import run_tool
from triggernet.temporary import scratch

COMPILED = ("Makefile", "*.cpp", "*.h", "firmware/*")
SUMMARY = re.compile(r"^\S+: (\d+) events, (\d+) mismatches$", re.MULTILINE)


@dataclass(frozen=True)
class HlsBench:
    """What an HLS project's own test bench found.

    Attributes
    ----------
    events : int
        In its ``tb_data/``.
    mismatches : int
        Output values that differ from the expected ones.
    tool, version : str
        The compiler.
    """

    events: int
    mismatches: int
    tool: str
    version: str

    @property
    def passed(self) -> bool:
        """Whether there were events, and all of them agreed."""
        return self.events > 0 and self.mismatches == 0

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"passed": self.passed}


def run_bench(project: Path, *, edited: bool = False) -> HlsBench:
    """Build an HLS project's test bench with its Makefile, in a copy of its listed files; run it.

    Parameters
    ----------
    project : Path
    edited : bool
        Take files too that the project's record does not list, instead of refusing them.

    Raises
    ------
    ProjectError
        If there are files among the project's sources that its record does not list.
    ToolError
        If g++ or make is missing, the project's C++ does not compile, or there are no events.
    """
    project = project.resolve()
    files = project_sources(project, *COMPILED, edited=edited)
    program = f"{read_name(project)}_test"
    events = project_sources(project, "tb_data/*", edited=edited)
    tools = f"{compiler_identity()} {headers_digest()}"
    key = digest_of({**files, "tools": tools.encode()})
    executable = cached(f"bench-{key}", program, partial(_compile, files, program))
    with scratch("bench") as work:
        write_files(work, events)
        try:
            output = run_tool([executable], cwd=work, hint=HINT)
        except ToolFailedError as error:
            # A difference is a finding; whatever else makes it fail is not.
            output = error.output
            summary = SUMMARY.search(output)
            if summary is None or int(summary[2]) == 0:
                raise
    summary = SUMMARY.search(output)
    if summary is None:
        raise ToolError(f"the test bench of {project} told no result; it wrote {output!r}")
    return HlsBench(int(summary[1]), int(summary[2]), COMPILER, compiler_version())


def _compile(files: Mapping[str, bytes], program: str, target: Path) -> None:
    built = Path("build") / program
    settings = {"PYTHON": sys.executable, "CXX": COMPILER, "CXXFLAGS": "-O1"}
    with scratch("bench") as work:
        write_files(work, files)
        run_tool(
            ["make", "-f", "Makefile", *(f"{k}={v}" for k, v in settings.items()), built],
            cwd=work,
            hint=HINT,
            needs=[COMPILER],
            artefacts=[built],
            environment=PLAIN,
        )
        shutil.copy(work / built, target / program)
