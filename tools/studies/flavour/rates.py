"""Which learning rate is best at which width: tables and plots of the sweeps of this folder.

    triggernet sweep tools/studies/flavour/rates.yaml --data train.h5 --out rates
    .venv/bin/python tools/studies/flavour/rates.py rates --out rates.md --plot rates.png

A sweep of `cycle.yaml` gives heat maps of the maximal against the initial rate. Trainings that
diverged have no loss, and are the worst. A sweep that is not finished gives what it has so far.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from triggernet.files import new_file, write_text
from triggernet.studies.sweep.folder import open_study
from triggernet.studies.sweep.trials import trials_of

WAYS = ("mup", "standard")
RATE, INITIAL = "training.adamw.learning_rate", "training.adamw.cycle.initial"
Losses = Mapping[tuple[str, int, float, float], list[float]]


def losses_of(folder: Path) -> Losses:
    """Losses over seeds by parametrisation, width, rate and initial rate (0 for a fixed one)."""
    found = defaultdict(list)
    for trial in trials_of(open_study(folder)):
        if trial.state in ("complete", "failed"):
            s = trial.settings
            key = (
                s["model.parametrisation"],
                int(s["model.width"]),
                float(s[RATE]),
                float(s.get(INITIAL, 0.0)),
            )
            found[key].append(trial.value("loss") if trial.state == "complete" else math.inf)
    return found


def axis(losses: Losses, place: int) -> list[Any]:
    """The values of one part of the keys, in order."""
    return sorted({key[place] for key in losses})


def mean(values: list[float]) -> tuple[float, float]:
    """Mean and its error from the scatter over seeds; NaN without any."""
    if not values:
        return math.nan, math.nan
    if len(values) < 2 or not np.isfinite(values).all():
        return float(np.mean(values)), math.nan
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def best(losses: Losses, way: str, width: int) -> tuple[float, float]:
    """The rates with the lowest mean loss."""
    points = {key[2:]: mean(v)[0] for key, v in losses.items() if key[:2] == (way, width)}
    known = {k: v for k, v in points.items() if not math.isnan(v)}
    return min(known, key=lambda k: known[k]) if known else (math.nan, math.nan)


def cell(values: list[float]) -> str:
    m, error = mean(values)
    if math.isnan(m):
        return "-"
    return (
        "diverged"
        if math.isinf(m)
        else f"{m:.4f}" + ("" if math.isnan(error) else f" ± {error:.4f}")
    )


def fixed_table(losses: Losses) -> str:
    """Validation losses of fixed rates, the best rate of each width, and what a transfer costs."""
    rates, widths = axis(losses, 2), axis(losses, 1)
    lines = ["| parametrisation | width | " + " | ".join(f"{r:.2g}" for r in rates) + " | best |"]
    lines.append("|" + "---|" * (len(rates) + 3))
    for way in WAYS:
        for width in widths:
            cells = [cell(list(losses.get((way, width, r, 0.0), []))) for r in rates]
            lines.append(
                f"| {way} | {width} | {' | '.join(cells)} | {best(losses, way, width)[0]:.2g} |"
            )
    lines += ["", "Rate found at one width used at the widest:", ""]
    lines += [
        "| parametrisation | found at | its loss | loss at its own best rate |",
        "|---|---|---|---|",
    ]
    widest = widths[-1]
    for way in WAYS:
        own = best(losses, way, widest)[0]
        for width in widths[:-1]:
            taken = best(losses, way, width)[0]
            cells = [cell(list(losses.get((way, widest, r, 0.0), []))) for r in (taken, own)]
            lines.append(f"| {way} | {width} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def cycle_table(losses: Losses) -> str:
    """The best cell of each heat map."""
    lines = [
        "| parametrisation | width | maximal rate | initial rate | loss |",
        "|---|---|---|---|---|",
    ]
    for way in WAYS:
        for width in axis(losses, 1):
            most, initial = best(losses, way, width)
            shown = cell(list(losses.get((way, width, most, initial), [])))
            lines.append(f"| {way} | {width} | {most:.2g} | {initial:.2g} | {shown} |")
    return "\n".join(lines) + "\n"


def draw_fixed(figure: Any, losses: Losses) -> None:
    """Loss against rate, a curve a width, standard and muP side by side."""
    panels: Any = figure.subplots(1, 2, sharey=True)
    for axes, way in zip(panels, WAYS, strict=True):
        for width in axis(losses, 1):
            points = [
                (r, *mean(list(losses.get((way, width, r, 0.0), [])))) for r in axis(losses, 2)
            ]
            x, y, error = np.array([p for p in points if np.isfinite(p[1])]).reshape(-1, 3).T
            axes.errorbar(x, y, np.nan_to_num(error), marker="o", markersize=4, label=str(width))
        axes.set(xscale="log", xlabel="learning rate", ylabel="validation loss")
        axes.set_title(way)
    panels[0].legend(title="width")


def draw_cycle(figure: Any, losses: Losses) -> None:
    """Heat maps of the maximal against the initial rate."""
    widths, rates, initials = (axis(losses, k) for k in (1, 2, 3))
    panels: Any = figure.subplots(2, len(widths), squeeze=False)
    for row, way in zip(panels, WAYS, strict=True):
        for axes, width in zip(row, widths, strict=True):
            grid = [
                [mean(list(losses.get((way, width, r, i), [])))[0] for r in rates] for i in initials
            ]
            shown = axes.imshow(np.ma.masked_invalid(grid), origin="lower", cmap="viridis_r")
            axes.figure.colorbar(shown, ax=axes, label="validation loss")
            axes.set_xticks(range(len(rates)), [f"{r:.1g}" for r in rates])
            axes.set_yticks(range(len(initials)), [f"{i:.0g}" for i in initials])
            axes.set(xlabel="maximal rate", ylabel="initial rate")
            axes.minorticks_off()
            axes.set_title(f"{way}, width {width}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path, help="folder that `triggernet sweep` wrote")
    parser.add_argument("--out", type=Path, required=True, help="tables, as Markdown")
    parser.add_argument("--plot", type=Path, help="PNG, PDF or SVG")
    given = parser.parse_args()
    losses = losses_of(given.study)
    cycled = any(key[3] > 0 for key in losses)
    text = cycle_table(losses) if cycled else fixed_table(losses)
    write_text(given.out, text)
    print(text, end="")
    if given.plot is not None:
        import matplotlib as mpl
        import mplhep
        from matplotlib.figure import Figure

        with mpl.rc_context(mplhep.style.CMS | {"font.size": 12, "savefig.bbox": None}):
            figure = Figure(figsize=(13, 11) if cycled else (13, 6), layout="constrained")
            (draw_cycle if cycled else draw_fixed)(figure, losses)
            with new_file(given.plot) as temporary:
                figure.savefig(temporary, dpi=110)


if __name__ == "__main__":
    main()
