"""Running the test bench that an HLS project brings along, as `make check` runs it."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.hls.simulation import COMPILER, compiler_version
from triggernet.errors import ToolError
from triggernet.run_tool import run_tool

HINT = "install g++ and make, on Debian and Ubuntu with `apt install g++ make`"
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


def run_bench(project: Path) -> HlsBench:
    """Build an HLS project's test bench with its Makefile and run it.

    Raises
    ------
    ToolError
        If g++ or make is missing, the project's C++ does not compile, or there are no events.
    """
    log = project.resolve() / "build" / "check.log"
    try:
        run_tool(
            ["make", "check", f"PYTHON={sys.executable}", f"CXX={COMPILER}"],
            cwd=project,
            log=log,
            hint=HINT,
            needs=[COMPILER],
            environment={"MAKEFLAGS": ""},
        )
    except ToolError:
        # A difference is a finding; whatever else makes it fail is not.
        found = _summary(log)
        if found is None or found[1] == 0:
            raise
    found = _summary(log)
    if found is None:
        raise ToolError(f"the test bench of {project} told no result; see {log}")
    return HlsBench(*found, COMPILER, compiler_version().strip())


def _summary(log: Path) -> tuple[int, int] | None:
    if not log.is_file():
        return None
    found = SUMMARY.search(log.read_text(encoding="utf-8", errors="replace"))
    return None if found is None else (int(found[1]), int(found[2]))
