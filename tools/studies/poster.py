"""A study of the poster's space beside what the poster says: importance, correlation, verdicts.

    python tools/studies/poster.py STUDY [--random STUDY ...] [--startup 100]

The trials that TPE chose crowd where it expects much. So everything is said twice: of all completed
trials, and of those drawn at random, the first `startup` of STUDY and all of `--random`. Printed in
Markdown, for docs/benchmarks/sweep.md.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triggernet.studies.sweep.folder import open_study
from triggernet.studies.sweep.importance import Estimated, Influence, influence
from triggernet.studies.sweep.report import dimensions_of
from triggernet.studies.sweep.space import Dimension
from triggernet.studies.sweep.trials import Trial, trials_of

DEPTH, HIDDEN = ("model.edge_layers", "model.node_layers"), "model.n_hidden"
NOT, VECTORS, NARROW = ("model.iterations", "model.k"), "model.n_vectors", 40
SIGMAS = 2.0
MOST_ANT = 20


@dataclass(frozen=True)
class Verdict:
    """A statement of the poster, what is found here, and whether that agrees."""

    statement: str
    found: str
    agrees: bool | None

    @property
    def word(self) -> str:
        """For a table; a statement that the error leaves open is neither."""
        return {True: "agrees", False: "disagrees", None: "open"}[self.agrees]


def shown(value: Estimated, sign: str = "") -> str:
    """A number with its error."""
    return f"{value.value:{sign}.2f} ± {value.error:.2f}".replace("-", "−")


def grows(found: Influence, key: str) -> Verdict:
    """Whether the measure grows with a setting."""
    value = found.correlation[key]
    clear = abs(value.value) > SIGMAS * value.error
    name = key.removeprefix("model.")
    statement = f"{found.measure} grows with {name}"
    text = f"correlation {shown(value, '+')}"
    return Verdict(statement, text, value.value > 0 if clear else None)


def matters_little(found: Influence, key: str) -> Verdict:
    """Whether a setting has less than its even share of the importance."""
    value, even = found.importance[key], 1 / len(found.importance)
    clear = abs(value.value - even) > SIGMAS * value.error
    name = key.removeprefix("model.")
    text = f"importance {shown(value)}, an even share is {even:.2f}"
    statement = f"{name} matters little for {found.measure}"
    return Verdict(statement, text, value.value < even if clear else None)


def narrow_is_best(trials: Sequence[Trial]) -> Verdict:
    """Whether the best ant is that of nets with few vectors and few hidden channels."""
    known = [t for t in trials if t.state == "complete" and t.measured.get("ant") is not None]
    best = sorted(known, key=lambda t: -t.value("ant"))[:MOST_ANT]

    def share(of: Sequence[Trial]) -> float:
        return sum(map(is_narrow, of)) / max(len(of), 1)

    rest = [t for t in known if t not in best]
    inside, outside = share(best), share(rest)
    error = math.sqrt(max(outside * (1 - outside), 1e-9) / max(len(best), 1))
    clear = abs(inside - outside) > SIGMAS * error
    text = (
        f"of the {len(best)} best {100 * inside:.0f} %, of the others {100 * outside:.0f} ± "
        f"{100 * error:.0f} % (in so few)"
    )
    statement = f"the best ant has below {NARROW} vector and below {NARROW} hidden channels"
    return Verdict(statement, text, inside > outside if clear else None)


def is_narrow(trial: Trial) -> bool:
    """With one iteration there is a single vector."""
    widths = (trial.settings.get(VECTORS, 1), trial.settings[HIDDEN])
    return all(int(width) < NARROW for width in widths)


def verdicts(found: Mapping[str, Influence], trials: Sequence[Trial]) -> list[Verdict]:
    """All statements of the poster that can be judged."""
    lines = []
    if "auc" in found:
        lines += [grows(found["auc"], key) for key in (*DEPTH, HIDDEN)]
        lines += [matters_little(found["auc"], key) for key in NOT]
    if "ant" in found:
        lines += [matters_little(found["ant"], key) for key in NOT]
        lines.append(narrow_is_best(trials))
    return lines


def page(name: str, trials: Sequence[Trial], dimensions: Mapping[str, Dimension]) -> str:
    """Tables of some trials."""
    judged = {measure: influence(trials, dimensions, measure) for measure in ("auc", "ant")}
    found = {measure: each for measure, each in judged.items() if each is not None}
    heads = [f"{m}: {kind}" for m in found for kind in ("importance", "correlation")]
    lines = [f"### {name}", ""]
    lines += [
        f"{each.n_trials} completed trials know {m}; out-of-bag R² {each.r2:.2f}."
        for m, each in found.items()
    ]
    lines += ["", f"| setting | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for key in dimensions:
        cells = []
        for each in found.values():
            correlation = each.correlation.get(key)
            cells += [shown(each.importance[key])]
            cells += ["–" if correlation is None else shown(correlation, "+")]
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    lines += ["", "| the poster says | here | |", "|---|---|---|"]
    lines += [f"| {v.statement} | {v.found} | {v.word} |" for v in verdicts(found, trials)]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--random", type=Path, nargs="*", default=[])
    parser.add_argument("--startup", type=int, default=100)
    args = parser.parse_args()
    study = open_study(args.study)
    trials, dimensions = trials_of(study), dimensions_of(study.config)
    random = list(trials[: args.startup])
    for folder in args.random:
        random += trials_of(open_study(folder))
    print(page("All trials", trials, dimensions))
    print()
    print(page("Trials drawn at random", random, dimensions))


if __name__ == "__main__":
    main()
