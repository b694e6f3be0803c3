"""The zoo through exact integers, HLS C++ and folded Verilog, bit for bit.

    .venv/bin/python tools/bench/zoo.py                          # all entries, 100,000 vectors each
    .venv/bin/python tools/bench/zoo.py lorentznet-n16 --vectors 1000 --all    # and Brevitas, ONNX

    .venv/bin/python tools/bench/zoo.py jedilinear-fiveclass-n16 --interval 1

Each entry is exported from models/ as HLS C++ and as Verilog that takes an event in as many clocks
as there are constituents, if nothing else is asked; `verify` compares them, or `cosim`, clock by
clock, with gaps and resets. One line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.hls import HlsConfig
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.verify import cosim, verify
from triggernet.deployment.verify.executors import EXECUTORS

ZOO = Path(__file__).parents[2] / "models"


def agreement(folder: Path, vectors: int, executors: Collection[str]) -> dict:
    """How often each executor differs from the exact integers."""
    found = verify(folder, n_vectors=vectors, executors=executors).as_dict()
    mismatches = {k: [e["mismatches"], e["n"]] for k, e in found["executors"].items()}
    return {"exact": found["exact"], "mismatches": mismatches}


def simulation(folder: Path, vectors: int) -> dict:
    """What `cosim` finds, the test bench of the HLS firmware with it."""
    found = cosim(folder, n_vectors=vectors)
    return {
        "exact": found.passed,
        "mismatches": {"cosim": [found.mismatches, found.n_vectors]},
        "clocks": {"latency": found.latency_cycles, "interval": found.interval_cycles},
        "hls": None if found.hls is None else [found.hls.mismatches, found.hls.events],
    }


def main() -> int:
    """Print a line for each entry; 1 if one of them disagrees."""
    known = sorted(p.parent.name for p in ZOO.glob("*/program.json"))
    parser = argparse.ArgumentParser(prog="tools/bench/zoo.py")
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"of {', '.join(known)}")
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--all", action="store_true", help="with Brevitas, qonnx and onnxruntime")
    parser.add_argument("--cosim", action="store_true", help="`triggernet cosim` instead")
    parser.add_argument("--interval", type=int, help="clocks between events; default: constituents")
    args = parser.parse_args()
    exact, executors = True, tuple(EXECUTORS) if args.all else ("hls", "rtl")
    for name in args.entries or known:
        export, started = export_run(ZOO / name), time.monotonic()
        interval = args.interval or export.run.config.encoding.n_constituents
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "project"
            write_export(export, folder, rtl=RtlConfig(interval=interval), hls=HlsConfig())
            if args.cosim:
                found = simulation(folder, args.vectors)
            else:
                found = agreement(folder, args.vectors, executors)
        seconds = round(time.monotonic() - started, 1)
        line = {"entry": name, "interval": interval, **found, "seconds": seconds}
        print(json.dumps(line), flush=True)
        exact &= line["exact"]
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
