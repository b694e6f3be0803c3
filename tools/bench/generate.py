#!/usr/bin/env python3
"""How fast jets are generated.

Prints, for both classes, accepted jets a second and core and the share of time inside Pythia, and
how much faster two processes are than one. Run it on an idle machine:

    python tools/bench/generate.py --jets 2000
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from triggernet.data.generation import GenerationConfig, generate
from triggernet.data.generation.chunk import ChunkPlan, generate_chunk


def speed(config: GenerationConfig, label: int, n_jets: int) -> dict[str, float]:
    """Rates of one class a second of CPU time; the start of Pythia counts."""
    chunk = generate_chunk(config, ChunkPlan(1, label, 0, n_jets))
    return {
        "jets_per_second": round(chunk.accepted / chunk.seconds, 1),
        "events_per_second": round(chunk.tried / chunk.seconds, 1),
        "share_in_pythia": round(chunk.pythia_seconds / chunk.seconds, 3),
    }


def seconds(config: GenerationConfig, n_jets: int, workers: int) -> float:
    """Time of a whole sample, with the start of the processes and the writing of the file."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        generate(config, n_jets, Path(folder) / "jets.h5", seed=1, workers=workers)
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--process", choices=("toptag", "wtag"), default="toptag")
    parser.add_argument("--jets", type=int, default=2000, help="jets of each class and run")
    parser.add_argument("--detector", choices=("coarse", "fine", "none"), default="coarse")
    args = parser.parse_args()
    # fastjet prints a banner, in every process: standard output is for the result alone.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    load = round(os.getloadavg()[0], 2)
    config = GenerationConfig(
        process=args.process, detector=args.detector, chunk_jets=max(args.jets // 8, 1)
    )
    result = {name: speed(config, k, args.jets) for k, name in enumerate(config.classes)}
    one, two = (seconds(config, 2 * args.jets, workers) for workers in (1, 2))
    scaling = {"seconds_1": round(one, 1), "seconds_2": round(two, 1), "gain": round(one / two, 2)}
    print(json.dumps(result | {"workers": scaling, "load_before": load}, indent=2), file=out)


if __name__ == "__main__":
    main()
