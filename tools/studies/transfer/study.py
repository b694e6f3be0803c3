#!/usr/bin/env python3
"""What a tagger of tops gains from one that was trained elsewhere.

    tools/studies/transfer/study.py FOLDER --target train.h5 --test test.h5 --source top2000.h5 \
        [--w w500.h5] [--sizes 1000 3000 10000] [--seeds 3] [--largest 20000] [--parts curves ...]

Each training lies in FOLDER/runs and is done once; stopped, the same command goes on. What is
finished is printed as tables, written to FOLDER/tables.md, and drawn to FOLDER/*.png.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from pictures import save
from protocol import MODES, NETWORKS, Place, Transfer, done

from triggernet.files import read_json

CURVES = ("LundNet-5", "ParticleNet-Lite")
SOURCE_SEED = 100
RATES = {"top2000": 1 / 10, "w500": 1 / 3}  # of the learning rate from scratch, in a fine-tuning
PARTS = ("sources", "curves", "networks", "w")
Job = tuple[Transfer, Transfer | None, str]


def source(network: str, sample: str, n_jets: int) -> Transfer:
    """The training that others start from."""
    return Transfer(network, "scratch", n_jets, SOURCE_SEED, source=f"on-{sample}")


def jobs(parts: Sequence[str], args: argparse.Namespace) -> Iterator[Job]:
    """All trainings asked for, what others need first."""
    for network in CURVES:
        if {"sources", "curves", "networks"} & set(parts):
            yield source(network, "top2000", args.source_jets), None, "source"
    for seed in range(args.seeds) if "curves" in parts else ():
        for n in args.sizes:
            for network in CURVES:
                base = source(network, "top2000", args.source_jets)
                yield from (target(mode, n, seed, base) for mode in MODES)
    if "networks" in parts:
        for network in NETWORKS:
            yield Transfer(network, "scratch", args.largest, 0), None, "target"
        base = source("LundNet-5", "top2000", args.source_jets)
        yield target("fine-tuned", args.largest, 0, base)
    if "w" in parts and args.w is not None:
        base = source("LundNet-5", "w500", args.w_jets)
        yield base, None, "w"
        for seed in range(args.seeds):
            n = args.sizes[len(args.sizes) // 2]
            yield from (target(mode, n, seed, base) for mode in MODES[1:])


def target(mode: str, n_jets: int, seed: int, base: Transfer) -> Job:
    """A training on the target: from scratch, or from the training `base`."""
    if mode == "scratch":
        return Transfer(base.network, mode, n_jets, seed), None, "target"
    origin = base.source.removeprefix("on-")
    return Transfer(base.network, mode, n_jets, seed, origin, RATES[origin]), base, "target"


def finished(folder: Path) -> list[dict[str, Any]]:
    """Results of all trainings that are done."""
    return [read_json(path) for path in sorted((folder / "runs").glob("*/judged.json"))]


def main(words: Sequence[str] | None = None, small: dict[str, Any] | None = None) -> int:
    """Run the study; `small` are settings of all trainings, for tests."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    for name, needed in (("target", True), ("test", True), ("source", True), ("w", False)):
        parser.add_argument(f"--{name}", type=Path, required=needed, help="a file of jets")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 3000, 10000])
    for name, value in (("seeds", 3), ("largest", 20000), ("source-jets", 12000), ("w-jets", 9000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    args = parser.parse_args(words)
    data = {"target": args.target, "source": args.source, "w": args.w}
    place = Place(args.folder, data, args.test, small or {})
    for training, base, sample in jobs(args.parts, args):
        done(place, training, base, sample)
    print(save(finished(args.folder), args.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
