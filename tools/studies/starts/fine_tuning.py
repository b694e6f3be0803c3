"""Does a tagger of one pT window help in another? AUC against the number of jets to train on.

    .venv/bin/python tools/studies/starts/fine_tuning.py --out FOLDER \\
        --source low.h5 --target high.h5 --test high_test.h5

A JEDI-linear network of 16 constituents is trained on jets of 550 to 650 GeV, then for jets of 800
to 1,000 GeV: from scratch; from the weights of the first, at a tenth of the learning rate; and with
all but its head frozen. Every size is trained with each seed, in floating point. The files come
from

    triggernet generate toptag --jets 60000 --seed 2027 --out low.h5
    triggernet generate toptag --jets 30000 --seed 801 --set selection.pt_min_gev=800 \\
        --set selection.pt_max_gev=1000 --set collision.pt_hat_min_gev=600 \\
        --set collision.pt_hat_max_gev=1300 --out high.h5

and the same with --jets 20000 --seed 802 for the test.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from trainings import QUICK, Study, Training, arguments, markdown, mean_text

from triggernet.files import new_file, write_text

CONFIG = Path(__file__).parents[2] / "zoo" / "jedilinear-n16.yaml"
FLOAT_ONLY = {"training.fine_tune.epochs": 0, "training.fine_tune.calibration_jets": 200}
WAYS: Mapping[str, Mapping[str, Any]] = {
    "from scratch": {},
    "started": {"training.adamw.learning_rate": 1e-3},
    "frozen": {"training.start.trunk": "frozen"},
}
SIZES = (300, 1000, 3000, 10000, 30000)


def trainings(
    target: Path, source: Path, seeds: int, sizes: Sequence[int], more: Mapping[str, Any]
) -> dict[tuple[str, int], list[Training]]:
    """All trainings for the target window, by way and number of jets."""
    found = {}
    for way, settings in WAYS.items():
        start = {} if way == "from scratch" else {"training.start.from": str(source)}
        for size in sizes:
            common = {**FLOAT_ONLY, "training.max_jets": size, "training.seeds": 1}
            found[way, size] = [
                Training(
                    f"{way.replace(' ', '-')}-{size}-{seed}",
                    target,
                    CONFIG,
                    {**common, "training.seed": seed, **start, **settings, **more},
                )
                for seed in range(seeds)
            ]
    return found


def plot(aucs: Mapping[tuple[str, int], Sequence[float]], before: float, path: Path) -> None:
    """AUC against the number of jets, with the errors of the means."""
    import mplhep
    from matplotlib import pyplot as plt

    with plt.style.context(mplhep.style.CMS | {"font.size": 14}):
        figure, axes = plt.subplots(figsize=(8, 6))
        for way in WAYS:
            sizes = [size for w, size in aucs if w == way]
            means = [np.mean(aucs[way, size]) for size in sizes]
            errors = [np.std(aucs[way, s], ddof=1) / len(aucs[way, s]) ** 0.5 for s in sizes]
            axes.errorbar(sizes, means, errors, marker="o", capsize=3, label=way)
        axes.axhline(before, color="grey", linestyle="--", label="as trained at 550-650 GeV")
        axes.set(xscale="log", xlabel="jets to train on", ylabel="AUC, 800-1,000 GeV")
        axes.legend()
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=110, bbox_inches="tight")
        plt.close(figure)


def table(aucs: Mapping[tuple[str, int], Sequence[float]], sizes: Sequence[int]) -> str:
    """A line for each number of jets."""
    rows = [[f"{size:,}", *(mean_text(aucs[way, size]) for way in WAYS)] for size in sizes]
    return markdown(["jets", *WAYS], rows)


def main(words: Sequence[str] | None = None) -> int:
    """Train the source and all that follows, then print the table and draw the curves."""
    files = {"source": "jets to begin with", "target": "jets of the other window"}
    parser = arguments(__doc__ or "", seeds=3, **files, test="jets that judge")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    args = parser.parse_args(words)
    more = {k: v for k, v in QUICK.items() if k.startswith("training.adamw")} if args.quick else {}
    study = Study(args.out, args.test)
    first = Training("source", args.source, CONFIG, {**FLOAT_ONLY, "training.seeds": 1, **more})
    before = study.figures(first)["float"]["auc"]
    planned = trainings(args.target, study.folder / first.name, args.seeds, args.sizes, more)
    aucs = {
        key: [study.figures(training)["float"]["auc"] for training in repeated]
        for key, repeated in planned.items()
    }
    shown = f"AUC at 800-1,000 GeV of the tagger of 550-650 GeV as it is: {before:.4f}\n\n"
    shown += table(aucs, args.sizes)
    write_text(args.out / "fine_tuning.md", shown)
    plot(aucs, before, args.out / "fine_tuning.png")
    sys.stdout.write(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
