"""A project's C++ under the compiler's sanitisers: what the language does not define."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triggernet.deployment.hls.simulation import build, run_and_listen

# Without optimisation: it finds the same and compiles in half the time.
FLAGS = ("-O0", "-g1", "-fsanitize=undefined,address", "-fsanitize-recover=address")
GO_ON = {"ASAN_OPTIONS": "halt_on_error=0"}
# Of Vitis, as hls4ml ships them: they shift negative values to the left in a hundred places.
FOREIGN = re.compile(r"/(ap_types|ac_types)/")
FINDING = re.compile(r"(\S+): runtime error: .*|SUMMARY: AddressSanitizer: \S+ (\S+) .*")


def undefined_behaviour(folder: Path, inputs: Mapping[str, NDArray[np.int64]]) -> tuple[str, ...]:
    """What gcc's sanitisers of undefined behaviour and of addresses find on some events.

    Everything is compiled with them, the types of Vitis too; what these do themselves is left out.

    Parameters
    ----------
    folder : Path
        A project that `write_project` wrote, with or without hls4ml's headers.
    inputs : mapping of str to int64 (n, *shape)
        Codes of every input of the program, within the bounds of its type.

    Returns
    -------
    tuple of str
        A line for each place, with the file and line in the project's C++ or in hls4ml's kernels.

    Raises
    ------
    ProjectError, UsageError, ToolError
        As `simulate`.
    """
    _, written = run_and_listen(build(folder, FLAGS), inputs, trace=True, environment=GO_ON)
    first: dict[str, str] = {}  # by its place: it is told again for other values
    for finding in FINDING.finditer(written):
        place = finding[1] or finding[2]
        if not FOREIGN.search(place):
            first.setdefault(place, finding[0])
    return tuple(first.values())
