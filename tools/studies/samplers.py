"""TPE against random search: the best value by number of trials, several studies of each.

    python tools/studies/samplers.py STUDY.yaml --data FILE --out DIR [--seeds 3] [--trials 100]
        [--startup 20]

TPE begins with `startup` random trials, which must be fewer than `trials` to tell it from random.
Each study has a folder of its own below DIR and goes on where it was stopped. The table is printed
in Markdown, and left as ``samplers.json`` in DIR.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from triggernet.documents import read_text
from triggernet.files import write_json
from triggernet.studies.sweep import Sweep, load_study_config, sweep
from triggernet.studies.sweep.measures import MEASURES
from triggernet.yaml_text import parse_yaml

SAMPLERS = ("tpe", "random")


def best_after(found: Sweep, counts: list[int]) -> list[float | None]:
    """The best value of the first objective among so many first trials."""
    measure = found.objectives[0]
    best = max if MEASURES[measure].direction == "maximize" else min
    values: list[float | None] = []
    for count in counts:
        known = [t.value(measure) for t in found.trials[:count] if t.state == "complete"]
        values.append(best(known) if known else None)
    return values


def compared(
    study: Path, data: Path, out: Path, *, seeds: int, trials: int, startup: int
) -> dict[str, list[list[float | None]]]:
    """For each sampler and seed the best values at each tenth of the trials."""
    content: dict[str, Any] = parse_yaml(read_text(study), str(study))
    counts = [max(1, trials * tenth // 10) for tenth in range(1, 11)]
    table: dict[str, list[list[float | None]]] = {name: [] for name in SAMPLERS}
    for seed in range(1, seeds + 1):
        for name in SAMPLERS:
            sampler = {"name": name, "seed": seed, "startup_trials": startup}
            config = load_study_config(content | {"sampler": sampler})
            found = sweep(config, data, out / f"{name}-{seed}", trials=trials)
            table[name].append(best_after(found, counts))
    write_json(out / "samplers.json", {"trials": counts, "best": table})
    return table


def as_markdown(table: dict[str, list[list[float | None]]], trials: int) -> str:
    """Mean and standard deviation over seeds."""
    lines = [f"| trials | {' | '.join(SAMPLERS)} |", "|---:|---:|---:|"]
    for tenth in range(10):
        cells = []
        for name in SAMPLERS:
            values = [row[tenth] for row in table[name] if row[tenth] is not None]
            spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
            cells.append(f"{mean(values):.4f}{spread}" if values else "–")
        lines.append(f"| {max(1, trials * (tenth + 1) // 10)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--startup", type=int, default=20)
    args = parser.parse_args()
    sizes = {"seeds": args.seeds, "trials": args.trials, "startup": args.startup}
    table = compared(args.study, args.data, args.out, **sizes)
    print(as_markdown(table, args.trials))


if __name__ == "__main__":
    main()
