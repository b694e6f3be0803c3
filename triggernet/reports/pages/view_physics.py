"""The physics of a report as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from triggernet.reports.pages.charts import RocChart, roc_chart
from triggernet.reports.pages.text import ABSENT, number
from triggernet.reports.report.physics import Physics
from triggernet.statistics import error_text, interval_text

Row = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Confusion:
    """Which classes are taken for which: a row for each true class, in per cent of its jets."""

    model: str
    classes: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class PhysicsView:
    """How well the models do, as text and chart geometry.

    Attributes
    ----------
    sample : str
    models : tuple of str
        The columns of the table.
    rows : tuple of (str, tuple of str)
    notes : tuple of str
    roc : RocChart or None
    signal, background : str
        What the axes of the chart count.
    confusion : Confusion or None
    """

    sample: str
    models: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    roc: RocChart | None
    signal: str
    background: str
    confusion: Confusion | None


def physics_view(physics: Physics) -> PhysicsView:
    """The physics of a report, ready for the templates."""
    several = physics.several_classes
    return PhysicsView(
        physics.sample,
        tuple(physics.metrics),
        tuple(_rows(physics)),
        tuple(_notes(physics)),
        roc_chart(physics.curves),
        "efficiency of a class" if several else "signal efficiency ε_S",
        "rejection of all others" if several else "background rejection 1/ε_B",
        _confusion(physics),
    )


def _rows(physics: Physics) -> Iterator[Row]:
    metrics = tuple(physics.metrics.values())

    def row(name: str, key: str, form: str = "") -> Row:
        return name, tuple(_optional(m, key, form) for m in metrics)

    yield row("Jets", "n_jets")
    yield row("Parameters", "n_parameters")
    yield row("Accuracy", "accuracy", ".4f")
    if physics.several_classes:
        yield "AUC, mean of each class against all others", tuple(map(_auc, metrics))
        yield from _rows_of_classes(physics)
        return
    yield "AUC", tuple(map(_auc, metrics))
    for percent in (30, 50):
        name = f"Background rejection 1/ε_B at ε_S = {percent} %"
        yield name, tuple(_rejection(m, percent) for m in metrics)
    yield row("Rejection per parameter (ant)", "ant", ".1f")


def _rows_of_classes(physics: Physics) -> Iterator[Row]:
    for name in next(iter(physics.classes.values()), {}).get("classes", ()):
        areas = [physics.classes[model]["auc"][name] for model in physics.metrics]
        texts = (error_text(area["value"], area["error"]) for area in areas)
        yield f"AUC of {name}", tuple(text.replace("+-", "±") for text in texts)


def _confusion(physics: Physics) -> Confusion | None:
    """That of the model that goes to hardware, or of the float one where nothing does."""
    if not physics.classes:
        return None
    model, metrics = list(physics.classes.items())[-1]
    rows = tuple(
        (name, tuple(f"{100 * count / sum(counts):.1f}" for count in counts))
        for name, counts in zip(metrics["classes"], metrics["confusion"], strict=True)
    )
    return Confusion(model, tuple(metrics["classes"]), rows)


def _notes(physics: Physics) -> Iterator[str]:
    yield "Ends of intervals enclose 68 % (Clopper-Pearson); errors of the AUC are DeLong's."
    for note in physics.notes:
        yield f"{note}.".replace("+-", "±")


def _optional(metrics: Mapping[str, Any], key: str, form: str) -> str:
    value = metrics.get(key)
    if value is None:
        return ABSENT
    return format(value, form) if form else number(value)


def _auc(metrics: Mapping[str, Any]) -> str:
    return error_text(metrics["auc"], metrics.get("auc_error")).replace("+-", "±")


def _rejection(metrics: Mapping[str, Any], percent: int) -> str:
    name = f"rejection_{percent}"
    if name not in metrics:
        return ABSENT
    ends = (metrics.get(f"{name}_{end}") for end in ("low", "high"))
    return interval_text(metrics[name], *ends, minus="−")
