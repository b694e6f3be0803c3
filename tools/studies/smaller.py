"""How much smaller a net may be: the best net of a study against others a fraction of its size.

    python tools/studies/smaller.py STUDY --data FILE --test FILE --out DIR [--times 20] [--seeds 3]
        [--candidates 3] [--set KEY=VALUE ...]

Trials are judged on few jets, so the best `candidates` by AUC are trained in full once, and so are
the best ones that are smaller than the best of those by the factor; the better one of either kind
is trained with further seeds. Everything lies in DIR and goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from triggernet.studies.sweep.chosen import chosen_settings
from triggernet.studies.sweep.report import report_study
from triggernet.studies.sweep.trials import Trial
from triggernet.yaml_text import parse_yaml

sys.path.insert(0, str(Path(__file__).parent / "starts"))
from trainings import Study, Training, markdown, mean_text

MODEL = "model.name"
Judge = Callable[[int, int], dict[str, Any]]  # of a trial and a seed: figures of its float model


def best_in_full(trials: Iterable[Trial], many: int, judge: Judge) -> int:
    """Of the best trials by their few jets, the one that is best when trained in full."""
    ranked = sorted(trials, key=lambda t: -t.value("auc"))[:many]
    return max((t.number for t in ranked), key=lambda number: judge(number, 0)["auc"])


def compared(args: argparse.Namespace) -> str:
    """The table of both nets."""
    complete = report_study(args.study).complete
    study = Study(args.out, args.test)
    given = dict(pair.split("=", 1) for pair in args.set)
    more = {key: parse_yaml(text, key) for key, text in given.items()}

    def judge(number: int, seed: int) -> dict[str, Any]:
        settings = chosen_settings(args.study, number) | more | {"training.seed": seed}
        training = Training(
            f"trial-{number}-seed-{seed}", args.data, None, settings, str(settings[MODEL])
        )
        figures: dict[str, Any] = study.figures(training)["float"]
        return figures

    best = best_in_full(complete, args.candidates, judge)
    size = judge(best, 0)["n_parameters"]
    small = [t for t in complete if t.value("parameters") * args.times <= size]
    lines = []
    for name, number in (("best", best), ("small", best_in_full(small, args.candidates, judge))):
        found = [judge(number, seed) for seed in range(args.seeds)]
        aucs = [each["auc"] for each in found]
        settings = chosen_settings(args.study, number)
        widths = [str(settings[f"model.{key}"]) for key in ("n_scalars", "n_vectors", "n_hidden")]
        words = [str(settings[f"model.{key}"]) for key in ("iterations", "graph")]
        lines.append(
            [
                f"{name} (trial {number})",
                f"{found[0]['n_parameters']:,}",
                mean_text(aucs),
                f"{found[0]['auc_error']:.4f}",
                " / ".join(widths),
                *words,
            ]
        )
    head = ["net", "parameters", "AUC", "error of one", "s / v / h", "iterations", "graph"]
    return markdown(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    print(compared(args))


if __name__ == "__main__":
    main()
