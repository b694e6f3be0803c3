#!/usr/bin/env python3
"""How much memory jets take that are read as a whole, read in parts, and converted.

Writes files of mock jets in triggernet's own format, each larger than the one before, and handles
each in a process of its own: the peak resident memory beyond that of a process which has imported
the same and read nothing. Prints JSON: MB for each file.

    python tools/bench/memory.py
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from triggernet.data import mock_jets
from triggernet.data.conversion import JETS_AT_ONCE
from triggernet.data.readers.native import save_parts

MB = 1e6
START = """
import resource, sys
from pathlib import Path
from triggernet.data import conversion, convert, iterate_jets, load_jets
source, target = Path(sys.argv[1]), Path(sys.argv[2])
"""
ENDS = "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
WAYS = {
    "load_jets": "jets = load_jets(source)",
    "iterate_jets": "n = sum(len(part) for part in iterate_jets(source, conversion.JETS_AT_ONCE))",
    "convert": "convert(source, target)",
    "convert, two classes": "convert(source, target, groups=(('top',), ('qcd',)))",
}


def peak_mb(work: str, source: Path, target: Path) -> float:
    """Peak resident memory of a fresh process that does `work`."""
    code = f"{START}{work}\n{ENDS}"
    command = [sys.executable, "-c", code, str(source), str(target)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(printed) * 1024 / MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", type=int, nargs="+", default=[1, 10, 40], help="sizes of files")
    args = parser.parse_args()
    part = mock_jets(JETS_AT_ONCE, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "jets.h5", Path(folder) / "out.h5"
        for n_parts in args.parts:
            n_jets = n_parts * JETS_AT_ONCE
            save_parts(source, part, n_jets, [part] * n_parts)
            bare = peak_mb("", source, target)
            row = {"jets": n_jets, "file": round(source.stat().st_size / MB, 1)}
            row["bare"] = round(bare, 1)
            for name, work in WAYS.items():
                row[name] = round(peak_mb(work, source, target) - bare, 1)
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
