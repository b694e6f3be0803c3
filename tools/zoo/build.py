"""Trains the models of the zoo, writes cards and HLS projects; see `tools/zoo/build`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from entries import HERE, build, samples

from triggernet.cluster import each
from triggernet.errors import TriggernetError
from triggernet.learning.training import load_run_config


def main() -> None:
    """Build the entries named on the command line, or all."""
    args = arguments()
    names = args.names or known()
    fiveclass = None if args.fiveclass is None else str(args.fiveclass.resolve())
    what = "keep" if args.keep else "projects" if args.projects else "train"
    units = ((name, fiveclass, what) for name in names)
    try:
        for _ in each(build, units, workers=args.workers, address=args.cluster):
            pass  # every unit says what it wrote
    except TriggernetError as error:
        sys.exit(f"tools/zoo/build: error: {error}")


def arguments() -> argparse.Namespace:
    """The options, checked."""
    parser = argparse.ArgumentParser(prog="tools/zoo/build")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known())}")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--keep", action="store_true", help="do not train again: new cards only")
    kind.add_argument("--projects", action="store_true", help="only rebuild hls_projects/")
    parser.add_argument("--fiveclass", type=Path, help="jets for the entries of five classes")
    parser.add_argument("--workers", type=int, default=1, help="processes on this machine (1)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, in their place")
    args = parser.parse_args()
    if args.workers < 1 or (args.cluster is not None and args.workers != 1):
        parser.error(f"--workers {args.workers}: give at least 1, or --cluster alone")
    unknown = set(args.names) - set(known())
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(known())}")
    lacking = [] if args.projects else without_jets(args.names or known(), args.fiveclass)
    if lacking:  # said before anything is trained
        parser.error(f"{', '.join(lacking)} need --fiveclass FILE; tools/zoo/build says which jets")
    return args


def known() -> list[str]:
    """The entries that have a recipe."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


def without_jets(names: Iterable[str], fiveclass: Path | None) -> list[str]:
    """Entries whose training jets were not given."""
    classes = {name: load_run_config(HERE / f"{name}.yaml").task.n_classes for name in names}
    return [name for name, n in classes.items() if samples(n, fiveclass).training is None]


if __name__ == "__main__":
    main()
