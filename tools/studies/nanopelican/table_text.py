"""The study's tables in Markdown: each row beside the published one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rows import MASS_AUC, PUBLISHED, Row
from trainings import markdown

from triggernet.statistics import clopper_pearson

Figures = Mapping[str, Any]
HEAD = (
    "network",
    "trained",
    "seeds",
    "accuracy",
    "AUC",
    "statistical",
    "rejection at 30 %",
    "statistical",
    "AUC, reference jets",
    "CPU time",
)


def lowest(found: Sequence[Figures], count: int) -> list[Figures]:
    """The trainings of lowest validation loss."""
    return sorted(found, key=lambda figures: float(figures["loss"]))[:count]


def spread(values: Sequence[float], digits: int) -> str:
    """Mean and standard deviation over seeds."""
    text = f"{np.mean(values):.{digits}f}"
    return text if len(values) < 2 else f"{text} ± {np.std(values, ddof=1):.{digits}f}"


def statistical(found: Sequence[Figures]) -> tuple[str, str]:
    """Errors of the test sample, as means over the trainings: of the AUC, and of the rejection.

    That of the rejection is half the 68 % interval of Clopper and Pearson at the mean number of
    background jets that pass.
    """
    area = np.mean([f["test"]["auc_error"] or 0.0 for f in found])
    total = found[0]["test"]["n_background"]
    passing = float(np.mean([f["test"]["passing_30"] for f in found]))
    low, high = clopper_pearson(passing, total)
    width = (1 / float(low) - 1 / float(high)) / 2 if low > 0 else float("inf")
    return f"{area:.4f}", f"{width:.0f}"


def rejection(found: Sequence[Figures]) -> str:
    """Background rejection at 30 % signal efficiency over seeds; from those that tell it."""
    known = [f["test"]["rejection_30"] for f in found if f["test"]["rejection_30"] is not None]
    return spread(known, 0) if known else "none passes"


def line(row: Row, found: Sequence[Figures], trained: str) -> list[str]:
    """A row as measured."""
    area, width = statistical(found)
    seconds = [f["cpu_seconds"] for f in found if f["cpu_seconds"] is not None]
    return [
        f"{row.network} ({found[0]['test']['n_parameters']} parameters)",
        trained,
        str(len(found)),
        spread([f["test"]["accuracy"] for f in found], 4),
        spread([f["test"]["auc"] for f in found], 4),
        area,
        rejection(found),
        width,
        spread([f["reference"]["auc"] for f in found], 4),
        f"{np.mean(seconds):.0f} s" if seconds else "-",
    ]


def published(row: Row) -> list[str]:
    """The same network as published."""
    given = PUBLISHED[row.n_channels, row.scaled]
    name = f"{row.network} ({given.n_parameters} parameters)"
    auc, rejected = given.auc, given.rejection_30
    return [name, "published", "5 of 25", given.accuracy, auc, "-", rejected, "-", "-", "-"]


def mass_line(mass: Figures) -> list[str]:
    """A cut on the mass of the whole jet, whose place the training jets decide."""
    area, width = statistical([mass])
    return [
        f"jet mass (published AUC {MASS_AUC})",
        "cut",
        "-",
        f"{mass['test']['accuracy']:.4f}",
        f"{mass['test']['auc']:.4f}",
        area,
        rejection([mass]),
        width,
        f"{mass['reference']['auc']:.4f}",
        "-",
    ]


def table(rows: Mapping[Row, Sequence[Figures]], words: Mapping[str, str], mass: Figures) -> str:
    """All rows, network by network, the published one after ours.

    Parameters
    ----------
    rows : mapping of Row to figures of its seeds
    words : mapping of str to str
        How trainings of each protocol are called.
    mass : figures of the mass cut
    """
    lines: list[list[str]] = []
    for key in PUBLISHED:
        same = [row for row in rows if (row.n_channels, row.scaled) == key and row.jets == "train"]
        lines += [line(row, rows[row], words[row.name]) for row in same]
        lines += [published(same[0])] if same else []
    return markdown(HEAD, [*lines, mass_line(mass)])


def data_table(rows: Mapping[Row, Sequence[Figures]]) -> str:
    """The same network trained on equally many generated and reference jets; "" without them."""
    lines = [
        [
            f"{row.jets} jets",
            str(len(found)),
            spread([f["test"]["auc"] for f in found], 4),
        ]
        for row, found in rows.items()
        if row.jets != "train"
    ]
    return markdown(["trained on", "seeds", "AUC on the test jets"], lines) if lines else ""
