"""A study as people read it: every number as text, ready for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triggernet.reports.pages.text import number
from triggernet.studies.sweep.charts import (
    ParallelChart,
    PointChart,
    front_chart,
    history_chart,
    parallel_chart,
    shown,
)
from triggernet.studies.sweep.importance import Estimated, Influence
from triggernet.studies.sweep.measures import MEASURES
from triggernet.studies.sweep.report import StudyReport, dimensions_of
from triggernet.studies.sweep.trials import Trial
from triggernet.words import counted

ABSENT = "–"
BAR = 90.0  # width of a whole importance
MEANING = {
    "complete": "came to their end",
    "pruned": "were ended early, since others did better",
    "failed": "failed",
    "running": "are under way",
    "waiting": "wait",
}


@dataclass(frozen=True)
class TableView:
    """A table as text; the first `left` columns are words."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int


@dataclass(frozen=True)
class InfluenceRow:
    """A setting: its importance with a bar, and its correlation."""

    setting: str
    importance: str
    bar: float
    correlation: str


@dataclass(frozen=True)
class InfluenceView:
    """What matters for one measure."""

    title: str
    sentence: str
    rows: tuple[InfluenceRow, ...]


@dataclass(frozen=True)
class SweepView:
    """Everything that the templates show of a study."""

    name: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    best: tuple[TableView, ...]
    front: TableView
    charts: tuple[PointChart, ...]
    parallel: ParallelChart
    influences: tuple[InfluenceView, ...]
    failures: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]


def sweep_view(report: StudyReport) -> SweepView:
    """A study as text and chart geometry."""
    objectives = report.config.objectives
    charts = [*(history_chart(report, name) for name in objectives), front_chart(report)]
    first, second = report.traded
    counts = (f"{n} {MEANING[state]}" for state, n in report.counts.items())
    return SweepView(
        name=report.name,
        sentence=f"{counted(len(report.trials), 'trial')} of the study {report.name}.",
        facts=(
            ("Trials", ", ".join(counts) or "none yet"),
            ("Objectives", ", ".join(objectives)),
            ("Sampler", f"{report.config.sampler.name}, seed {report.config.sampler.seed}"),
            ("Pruner", report.config.pruner.name),
            ("Trainings of a trial", number(report.config.repeats)),
        ),
        best=tuple(
            _table(f"Best trials by {name}", report.best(name), objectives) for name in objectives
        ),
        front=_table(
            f"Front of {first} against {second}",
            report.front,
            tuple(dict.fromkeys((*objectives, second))),
        ),
        charts=tuple(chart for chart in charts if chart is not None),
        parallel=parallel_chart(report, dimensions_of(report.config)),
        influences=tuple(_influence(each) for each in report.influences),
        failures=tuple((number(n), reason) for reason, n in report.failures.items()),
        provenance=tuple(_provenance(report.about)),
    )


def _table(title: str, trials: Sequence[Trial], measures: Sequence[str]) -> TableView:
    """Trials with their measures and settings."""
    names = tuple(dict.fromkeys((*measures, "auc", "ant", "parameters")))
    keys = tuple(dict.fromkeys(key for trial in trials for key in trial.settings))
    rows = [
        (
            str(trial.number),
            *(_measure(trial, name) for name in names),
            *(shown(trial.settings.get(key, ABSENT)) for key in keys),
        )
        for trial in trials
    ]
    return TableView(title, ("trial", *names, *keys), tuple(rows), 0)


def _measure(trial: Trial, name: str) -> str:
    value = trial.measured.get(name)
    return ABSENT if value is None else f"{value:.4f}" if name == "auc" else number(value)


def _influence(influence: Influence) -> InfluenceView:
    rows = tuple(
        InfluenceRow(
            key,
            _estimated(value),
            round(BAR * max(value.value, 0.0), 1),
            _estimated(influence.correlation[key], "+") if key in influence.correlation else ABSENT,
        )
        for key, value in influence.importance.items()
    )
    title = MEASURES[influence.measure].title
    return InfluenceView(
        f"What matters for {influence.measure}",
        f"Of {influence.n_trials} completed trials; measure: {title}. The forest explains "
        f"{influence.r2:.2f} of the variance of trials that it has not seen (out-of-bag R²).",
        rows,
    )


def _estimated(value: Estimated, sign: str = "") -> str:
    return f"{value.value:{sign}.2f} ± {value.error:.2f}".replace("-", "−")


def _provenance(about: Mapping[str, object]) -> list[tuple[str, str]]:
    entries = [("triggernet", str(about["triggernet"])), ("python", str(about["python"]))]
    for key in ("packages", "inputs"):
        values = about[key]
        assert isinstance(values, Mapping)
        entries += [(name, str(value)) for name, value in values.items()]
    return entries
