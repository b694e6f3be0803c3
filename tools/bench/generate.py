#!/usr/bin/env python3
"""How fast jets are generated.

Prints, for every class, accepted jets a second and core and the share of time inside Pythia, the
share in a balanced sample, and how much faster two processes are than one. Run it on an idle
machine; on a busy one only CPU times mean something, of which the gain of two free cores follows:
`gain_by_cpu` counts the start of the processes as parallel and leaves out that cores share memory.

    python tools/bench/generate.py --jets 2000
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from triggernet.config import load_config
from triggernet.data.generation import GenerationConfig, generate
from triggernet.data.generation.chunk import ChunkPlan, generate_chunk
from triggernet.data.generation.config import preset, processes_of_jets


def speed(config: GenerationConfig, label: int, n_jets: int) -> dict[str, float]:
    """Rates of one class a second of CPU time; the start of Pythia counts."""
    chunk = generate_chunk(config, ChunkPlan(1, label, 0, n_jets))
    return {
        "jets_per_second": round(chunk.accepted / chunk.seconds, 1),
        "events_per_second": round(chunk.tried / chunk.seconds, 1),
        "share_in_pythia": round(chunk.pythia_seconds / chunk.seconds, 3),
    }


def share_of_sample(classes: list[dict[str, float]]) -> float:
    """Share inside Pythia of a sample with equal numbers of jets of all classes."""
    times = [1 / found["jets_per_second"] for found in classes]
    inside = [t * found["share_in_pythia"] for t, found in zip(times, classes, strict=True)]
    return round(sum(inside) / sum(times), 3)


def seconds(config: GenerationConfig, n_jets: int, workers: int) -> tuple[float, float]:
    """Wall and CPU time of a whole sample, with the start of processes and writing the file."""
    with tempfile.TemporaryDirectory() as folder:
        started, before = time.perf_counter(), os.times()
        generate(config, n_jets, Path(folder) / "jets.h5", seed=1, workers=workers)
        return time.perf_counter() - started, sum(os.times()[:4]) - sum(before[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--process", choices=processes_of_jets(), default="toptag")
    parser.add_argument("--jets", type=int, default=2000, help="jets of each class and run")
    parser.add_argument("--detector", choices=("coarse", "fine", "none"))
    args = parser.parse_args()
    load = round(os.getloadavg()[0], 2)
    given = {"process": args.process, "chunk_jets": max(args.jets // 8, 1)}
    given |= {"detector": args.detector} if args.detector else {}
    config = load_config(GenerationConfig, given, defaults=preset(args.process))
    result = {name: speed(config, k, args.jets) for k, name in enumerate(config.classes)}
    share = share_of_sample(list(result.values()))
    (one, cpu_one), (two, cpu_two) = (
        seconds(config, len(config.classes) * args.jets, n) for n in (1, 2)
    )
    scaling = {
        "seconds_1": round(one, 1),
        "seconds_2": round(two, 1),
        "gain": round(one / two, 2),
        "cpu_seconds_1": round(cpu_one, 1),
        "cpu_seconds_2": round(cpu_two, 1),
        "gain_by_cpu": round(2 * cpu_one / cpu_two, 2),
    }
    rest = {"share_in_pythia": share, "workers": scaling, "load_before": load}
    print(json.dumps(result | rest, indent=2))


if __name__ == "__main__":
    main()
