"""The zoo as Verilog: co-simulated, synthesised, at several intervals; one line of JSON each.

    .venv/bin/python tools/bench/rtl.py                         # all entries, unrolled and folded
    .venv/bin/python tools/bench/rtl.py nanopelican-c2-n8j      # one of them
    .venv/bin/python tools/bench/rtl.py --vectors 1000 --no-synth

Each design is exported from models/, takes the vectors back to back, with gaps and with resets
through Verilator, and is counted by Yosys. "lut_placed" is what a placed design is predicted to
take, with its range.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.synth import synthesise
from triggernet.deployment.verify import COSIM, cosim
from triggernet.files import write_json
from triggernet.program import Program
from triggernet.reports.report.report import report

ZOO = Path(__file__).parents[2] / "models"
# Unrolled up to so many pairs or edges, and folded; with jet aggregates also with fewer DSPs.
UNROLLED_UP_TO = 200


def designs(program: Program, n: int, *, jet: bool) -> list[RtlConfig]:
    found = [RtlConfig(interval=n)]
    if max(t.shape[0] for t in program.tensors.values()) <= UNROLLED_UP_TO:
        found.insert(0, RtlConfig(interval=1))
        if jet:
            found.insert(1, RtlConfig(interval=1, dsp="pairs"))
    return found


def measured(entry: Path, config: RtlConfig, vectors: int, *, synth: bool) -> dict:
    with tempfile.TemporaryDirectory() as temporary:
        folder, started = Path(temporary) / "project", time.monotonic()
        write_export(export_run(entry), folder, rtl=config)
        exported = time.monotonic() - started
        found = cosim(folder, vectors)
        write_json(folder / COSIM, found.as_dict())
        line = {
            "entry": entry.name,
            "interval": config.interval,
            "dsp_products": config.dsp,
            "export_s": round(exported, 1),
            "vectors": vectors,
            "mismatches": found.mismatches,
            "latency_cycles": found.latency_cycles,
            "latency_ns": found.latency_cycles * config.clock_period_ns
            if found.latency_cycles
            else None,
            "predicted_latency_cycles": found.predicted_latency_cycles,
            "passed": found.passed,
        }
        if synth:
            counted = synthesise(folder)
            line |= {k: getattr(counted, k) for k in ("lut", "ff", "dsp", "bram", "srl", "seconds")}
            error = report(folder).figures["lut"].error
            line["lut_placed"] = [error.low, error.high] if error else None
        return line


def main() -> int:
    known = sorted(p.parent.name for p in ZOO.glob("*/program.json"))
    parser = argparse.ArgumentParser(prog="tools/bench/rtl.py")
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"of {', '.join(known)}")
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--no-synth", dest="synth", action="store_false")
    args = parser.parse_args()
    passed = True
    for name in args.entries or known:
        export = export_run(ZOO / name)
        encoding = export.run.config.encoding
        jet = encoding.jet and name.startswith("nanopelican")
        for config in designs(export.program, encoding.n_constituents, jet=jet):
            line = measured(ZOO / name, config, args.vectors, synth=args.synth)
            print(json.dumps(line), flush=True)
            passed &= line["passed"]
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
