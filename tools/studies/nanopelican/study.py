#!/usr/bin/env python3
"""Both tables of "19 Parameters Is All You Need", by the paper's protocol and by our recipe.

    tools/studies/nanopelican/study.py --out FOLDER --data train.h5 --test test.h5

C = 1, 2, 3 and 10, plain and N-scaled, LorentzNet with 120 parameters, and a cut on the jet mass,
beside the published rows. With the train.h5 and test.h5 of Zenodo 2603256, `--constituents 80` and
`--full` (140 epochs, 25 seeds, the five of lowest validation loss) it is the paper's own study;
without `--full` the schedule is a quarter as long and fewer seeds are trained. Each training is a
run folder in FOLDER, done once; tables.md is written after every row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from rows import FULL_KEPT, FULL_SEEDS, PARTS, Protocols, Row
from table_text import data_table, lowest, table
from trainings import QUICK, Study, arguments

import triggernet as tn
from triggernet.data import sample_path
from triggernet.files import write_text

BATCH = 512  # of every AdamW training
TRIAL: Mapping[str, Any] = {
    **{key: QUICK[key] for key in QUICK if "adamw" not in key},
    "training.multistart.starts": 2,
    "training.multistart.pool": 6,
    "training.multistart.screen_iterations": 3,
    "training.multistart.finalists": 1,
    "training.multistart.iterations": 5,
    "training.fine_tune.epochs": 0,
    "training.fine_tune.calibration_jets": 10,
}


def judged(run: Path, test: Path, reference: Path) -> dict[str, Any]:
    """The float model of a run on both samples, its validation loss, and how long it learned."""
    from triggernet.learning.training.features import exact_inputs
    from triggernet.learning.training.sample import predict

    loaded = tn.load_run(run)
    found: dict[str, Any] = {}
    for name, path in (("test", test), ("reference", reference)):
        jets = tn.load_jets(path)
        task, model = loaded.config.task, loaded.float_model
        logits = task.logits(predict(model, exact_inputs(jets, loaded.config))).numpy()
        n_parameters = loaded.metrics["float"]["n_parameters"]
        found[name] = task.measure(logits, task.labels(jets.classes, jets.label), n_parameters)
        found[name] = found[name].as_dict()
    lines = [json.loads(text) for text in (run / "history.jsonl").read_text().splitlines()]
    found["loss"] = next(each["validation_loss"] for each in lines if each["stage"] == "float")
    found["epochs"] = sum(each["stage"] == "adamw" for each in lines)
    share = loaded.config.training.validation_fraction
    found["fitted"] = round(loaded.metrics["float"]["n_jets"] * (1 - share) / share)
    return found


def mass_cut(data: Path, test: Path, reference: Path) -> dict[str, Any]:
    """A cut on the jet mass, chosen on the jets to train on."""
    from triggernet.learning.evaluation.baselines import best_mass_threshold, mass_threshold

    threshold = best_mass_threshold(tn.load_jets(data))
    files = {"test": test, "reference": reference}
    found = {name: mass_threshold(tn.load_jets(path), threshold) for name, path in files.items()}
    return {name: asdict(metrics) for name, metrics in found.items()} | {"threshold": threshold}


def rows_of(parts: Sequence[str], args: Any) -> Iterator[tuple[Row, int]]:
    """All rows of the parts asked for, with their numbers of seeds."""
    for part in parts:
        rows, seeds = PARTS[part]
        for row in rows:
            if args.channels is None or row.n_channels in (0, *args.channels):
                full = args.full and row.protocol == "paper"
                yield row, args.seeds or (FULL_SEEDS if full else seeds)


def described(row: Row, found: Sequence[Mapping[str, Any]], kept: int) -> str:
    """How a row was trained, with jets, epochs and steps."""
    jets, epochs = found[0]["fitted"], found[0]["epochs"]
    if not epochs:
        return f"ours, {jets:,} jets"
    who = "the paper's" if row.protocol == "paper" else "AdamW"
    steps = epochs * -(-jets // BATCH)
    chosen = f", {kept} of lowest loss of {len(found)}" if kept < len(found) else ""
    return f"{who}, {jets:,} jets, {epochs} epochs, {steps:,} steps{chosen}"


def main(words: Sequence[str] | None = None) -> int:
    """Train what is asked for, and print the tables."""
    files = {"data": "jets to train on", "test": "jets that judge"}
    parser = arguments(__doc__ or "", seeds=0, **files)
    parser.add_argument("--reference", type=Path, default=sample_path("toptag_reference"))
    parser.add_argument("--constituents", type=int, default=80)
    parser.add_argument("--lorentznet-constituents", type=int, help="default: as --constituents")
    parser.add_argument("--jets", type=int, help="use the first ones of --data only")
    parser.add_argument("--channels", type=int, nargs="+", help="rows of these C only")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--full", action="store_true", help="the paper's epochs and seeds")
    args = parser.parse_args(words)
    n_reference = len(tn.load_jets(args.reference))
    more = dict(TRIAL if args.quick else {})
    if args.jets:
        more["training.max_jets"] = args.jets
    protocols = Protocols(
        args.data,
        args.reference,
        args.constituents,
        args.lorentznet_constituents or args.constituents,
        args.full,
        n_reference,
        more,
    )
    study = Study(args.out, args.test, lambda run, test: judged(run, test, args.reference))
    args.out.mkdir(parents=True, exist_ok=True)
    shown = ""
    rows: dict[Row, Sequence[Mapping[str, Any]]] = {}
    names: dict[str, str] = {}
    mass = mass_cut(args.data, args.test, args.reference)
    for row, seeds in rows_of(args.parts, args):
        trainings = [protocols.training(row, seed) for seed in range(seeds)]
        found = [study.figures(training) for training in trainings]
        kept = FULL_KEPT if args.full and row.protocol == "paper" else len(found)
        rows[row], names[row.name] = lowest(found, kept), described(row, found, kept)
        shown = "\n".join(part for part in (table(rows, names, mass), data_table(rows)) if part)
        write_text(args.out / "tables.md", shown)
    sys.stdout.write(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
