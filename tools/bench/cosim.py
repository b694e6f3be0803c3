"""Speed of co-simulation: jets a second through a project's Verilog, and the time to build it.

    .venv/bin/python tools/bench/cosim.py project [project ...] [--vectors 20000]

Where a project holds HLS firmware too, its C++ simulation is timed on the same jets, and the ratio
is given. Everything is built afresh, in a temporary cache.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import triggernet.deployment.hls.simulation as hls
import triggernet.deployment.rtl.simulation as rtl
from triggernet.cache import VARIABLE
from triggernet.deployment.verify.jets import encoded_jets
from triggernet.deployment.verify.stimuli import make_stimuli

BACK_ENDS = {"rtl": (rtl, "rtl/design.json"), "hls": (hls, "firmware")}


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the clock, seconds of processors (children too), and the result."""
    before, started = os.times(), time.monotonic()
    result = call()
    seconds, after = time.monotonic() - started, os.times()
    return seconds, sum(after[:4]) - sum(before[:4]), result


def measure(project: Path, n_vectors: int) -> dict[str, dict[str, float]]:
    """Build and run times of every back end of a project."""
    found: dict[str, dict[str, float]] = {}
    for name, (back_end, sign) in BACK_ENDS.items():
        if not (project / sign).exists():
            continue
        with tempfile.TemporaryDirectory() as temporary:
            os.environ[VARIABLE] = temporary
            build = timed(lambda module=back_end: module.build(project))
            simulator = build[2]
            program = simulator.program
            real, _ = encoded_jets(program, None)
            inputs = make_stimuli(program, n_vectors, 1, real).inputs
            run = timed(lambda m=back_end, s=simulator, i=inputs: m.run(s, i))
        found[name] = {
            "build_s": build[0],
            "build_cpu_s": build[1],
            "jets_per_s": n_vectors / run[0],
            "jets_per_cpu_s": n_vectors / run[1],
        }
        if name == "rtl":
            found[name]["clocks_per_s"] = found[name]["jets_per_s"] * (
                simulator.design.interval_cycles
            )
    return found


def main() -> int:
    """Measure the projects that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="+", type=Path, metavar="PROJECT")
    parser.add_argument("--vectors", type=int, default=20_000)
    arguments = parser.parse_args()
    for project in arguments.projects:
        found = measure(project, arguments.vectors)
        for name, figures in found.items():
            text = ", ".join(f"{key} {value:,.4g}" for key, value in figures.items())
            print(f"{project.name} {name}: {text}", flush=True)
        if len(found) == len(BACK_ENDS):
            speed = found["rtl"]["jets_per_cpu_s"] / found["hls"]["jets_per_cpu_s"]
            build = found["rtl"]["build_cpu_s"] / found["hls"]["build_cpu_s"]
            print(f"{project.name} rtl / hls: speed {speed:.3g}, build time {build:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
