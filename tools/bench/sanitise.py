"""The zoo's HLS C++ under the compiler's sanitisers of undefined behaviour and of addresses.

    .venv/bin/python tools/bench/sanitise.py                    # all entries, 2,000 vectors each
    .venv/bin/python tools/bench/sanitise.py mlp-n8 --vectors 20000

The vectors are those of `triggernet verify`. One line of JSON each; 1 if anything is found.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.hls import HlsConfig, undefined_behaviour
from triggernet.deployment.project.layout import PROGRAM
from triggernet.deployment.verify import make_stimuli
from triggernet.deployment.verify.jets import encoded_jets

ZOO = Path(__file__).parents[2] / "models"


def findings_of(name: str, vectors: int) -> tuple[str, ...]:
    """What the sanitisers find in an entry's C++."""
    export = export_run(ZOO / name)
    stimuli = make_stimuli(export.program, vectors, 1, encoded_jets(export.program, None)[0])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        write_export(export, folder, hls=HlsConfig())
        return undefined_behaviour(folder, stimuli.inputs)


def main() -> int:
    """Print a line for each entry; 1 if one of them does what is undefined."""
    known = sorted(p.name for p in ZOO.iterdir() if (p / PROGRAM).is_file())
    parser = argparse.ArgumentParser(prog="tools/bench/sanitise.py")
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"of {', '.join(known)}")
    parser.add_argument("--vectors", type=int, default=2_000)
    args = parser.parse_args()
    clean = True
    for name in args.entries or known:
        started = time.monotonic()
        findings = findings_of(name, args.vectors)
        clean &= not findings
        seconds = round(time.monotonic() - started, 1)
        line = {"entry": name, "vectors": args.vectors, "findings": findings, "seconds": seconds}
        print(json.dumps(line), flush=True)
    return not clean


if __name__ == "__main__":
    raise SystemExit(main())
