"""Random models of Brevitas: read, and compared with their own files in float64 and float32.

    .venv/bin/python tools/bench/foreign.py --models 220 --events 200

A model is exact, or refused with a named reason; there is no third outcome.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from brevitas_models import random_model

from triggernet.deployment.export import write_export
from triggernet.deployment.export.foreign import Types, export_source
from triggernet.deployment.project import load_project
from triggernet.deployment.verify.original import OriginalFloat64
from triggernet.deployment.verify.stimuli import make_stimuli
from triggernet.errors import UnsupportedError
from triggernet.program import evaluate


def judged(seed: int, events: int, folder: Path) -> tuple[str, str, str]:
    """Kind of a model, what came out ("exact", "refused" or "DIFFERENT"), and its description."""
    recipe, model = random_model(seed)
    try:
        made = export_source(model, f"model{seed}.onnx", Path(), Types({}, {}))
    except UnsupportedError as error:
        return recipe.kind, "refused", f"{recipe}: {error}"
    write_export(made, folder)
    project = load_project(folder)
    assert project.origin is not None
    executor = OriginalFloat64(project, project.origin)
    stimuli = make_stimuli(project.program, events, seed, None)
    index = np.arange(min(events, executor.subset or events))
    inputs = stimuli.select(index)
    expected, answers = evaluate(project.program, inputs), executor.run(inputs)
    wrong = sum(
        int((answers[n] != expected[n]).reshape(len(index), -1).any(axis=1).sum())
        for n in project.program.outputs
    )
    values = len(np.unique(np.concatenate([v.ravel() for v in expected.values()])))
    text = f"{recipe}: {wrong} of {len(index)} events differ, {values} codes"
    return recipe.kind, "exact" if not wrong else "DIFFERENT", text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=220)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--events", type=int, default=200)
    args = parser.parse_args()
    table: dict[str, Counter[str]] = {}
    start = time.monotonic()
    for seed in range(args.first, args.first + args.models):
        with tempfile.TemporaryDirectory() as temporary:
            kind, outcome, text = judged(seed, args.events, Path(temporary) / "model")
        table.setdefault(kind, Counter())[outcome] += 1
        print(f"{seed:4d} {outcome:9s} {text}", flush=True)
    print(
        f"\n{args.models} models in {time.monotonic() - start:.0f} s\n"
        "| kind | exact | refused | different |\n|---|---|---|---|"
    )
    for kind, counts in sorted(table.items()):
        print(f"| {kind} | {counts['exact']} | {counts['refused']} | {counts['DIFFERENT']} |")
    return int(any(counts["DIFFERENT"] for counts in table.values()))


if __name__ == "__main__":
    sys.exit(main())
