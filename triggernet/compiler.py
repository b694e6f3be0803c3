"""The C++ compiler that simulators are built with."""

from __future__ import annotations

import shutil
from pathlib import Path

from triggernet.errors import MissingToolError
from triggernet.run_tool import run_tool
from triggernet.temporary import scratch

COMPILER = "g++"
HINT = "install g++ and make, on Debian and Ubuntu with `apt install g++ make`"
# For make: no options of another make, and no Python module of the folder it is started in.
PLAIN = {"MAKEFLAGS": "", "MAKEFILES": "", "PYTHONSAFEPATH": "1"}


def compiler_version() -> str:
    """Version of the g++ that is used.

    Raises
    ------
    MissingToolError
        If there is none.
    """
    with scratch("compiler") as work:
        return run_tool([COMPILER, "-dumpfullversion"], cwd=work, hint=HINT).strip()


def compiler_identity() -> str:
    """The g++ that is used, for the keys of what it compiled: its version and where it lies.

    Raises
    ------
    MissingToolError
        If there is none.
    """
    path = shutil.which(COMPILER)
    if path is None:
        raise MissingToolError(f"{COMPILER} is needed and was not found on this machine; {HINT}")
    return f"{Path(path).resolve()} {compiler_version()}"
