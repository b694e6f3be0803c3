"""Geometry of a study's charts: trials in, coordinates of SVG elements out; y points down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triggernet.reports.pages.axes import Axis
from triggernet.reports.pages.charts import Tick
from triggernet.reports.pages.text import number
from triggernet.studies.sweep.measures import MEASURES
from triggernet.studies.sweep.report import StudyReport
from triggernet.studies.sweep.space import Dimension
from triggernet.studies.sweep.trials import Trial

WIDTH, HEIGHT = 600.0, 320.0
BETWEEN = 110.0  # axes of parallel coordinates
MOST_LINES = 400
SHADES = 5  # of lines, by the rank of their trial

Place = tuple[float, float]


@dataclass(frozen=True)
class PointChart:
    """Points, and a line of steps through some of them.

    Attributes
    ----------
    title, x_title, y_title : str
    x_ticks, y_ticks : tuple of Tick
    points, line : tuple of (float, float)
    """

    title: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Place, ...]
    line: tuple[Place, ...]
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class ParallelAxis:
    """One vertical axis of parallel coordinates."""

    x: float
    title: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class ParallelChart:
    """Each trial a line through its settings, the best ones drawn last.

    Attributes
    ----------
    axes : tuple of ParallelAxis
    lines : tuple of (int, str)
        Shade, 0 for the worst, and the points of an SVG polyline.
    left_out : int
        Trials that are not drawn.
    """

    axes: tuple[ParallelAxis, ...]
    lines: tuple[tuple[int, str], ...]
    left_out: int
    width: float
    height: float = HEIGHT


def history_chart(report: StudyReport, measure: str) -> PointChart | None:
    """A measure of each completed trial, and the best one so far; None without any."""
    known = [t for t in report.complete if t.measured.get(measure) is not None]
    if not known:
        return None
    up = _axis([t.value(measure) for t in known], HEIGHT, log=_is_log(measure))
    across = Axis(0.0, max(len(report.trials) - 1, 1) * 1.0, WIDTH, log=False)
    best = max if MEASURES[measure].direction == "maximize" else min
    points, line = [], []
    lead: float | None = None
    for trial in known:
        value = trial.value(measure)
        x = across.at(trial.number)
        points.append((x, HEIGHT - up.at(value)))
        ahead = value if lead is None else best(lead, value)
        if lead is not None:
            line.append((x, HEIGHT - up.at(lead)))
        line.append((x, HEIGHT - up.at(ahead)))
        lead = ahead
    title = MEASURES[measure].title
    return PointChart(
        f"History of {measure}", "trial", title, across.ticks, _up(up), tuple(points), tuple(line)
    )


def front_chart(report: StudyReport) -> PointChart | None:
    """All completed trials in two measures, and their front; None without any."""
    first, second = report.traded
    known = [t for t in report.complete if _both(t, first, second)]
    if not known:
        return None
    up = _axis([t.value(first) for t in known], HEIGHT, log=_is_log(first))
    across = _axis([t.value(second) for t in known], WIDTH, log=_is_log(second))

    def place(trial: Trial) -> Place:
        return across.at(trial.value(second)), HEIGHT - up.at(trial.value(first))

    front = [place(trial) for trial in report.front]
    line = front[:1]
    for x, y in front[1:]:
        line += [(x, line[-1][1]), (x, y)]
    titles = MEASURES[second].title, MEASURES[first].title
    name = f"{first} against {second}"
    points = tuple(map(place, known))
    return PointChart(name, *titles, across.ticks, _up(up), points, tuple(line))


def parallel_chart(report: StudyReport, dimensions: Mapping[str, Dimension]) -> ParallelChart:
    """The settings of completed trials and their first objective, best trials above the others."""
    measure = report.config.objectives[0]
    known = [t for t in report.complete if t.measured.get(measure) is not None]
    sign = 1.0 if MEASURES[measure].direction == "maximize" else -1.0
    ranked = sorted(known, key=lambda t: sign * t.value(measure))
    drawn = _thinned(ranked)
    values = [t.value(measure) for t in drawn] or [0.0]
    scales = {key: _setting_axis(key, each, known) for key, each in dimensions.items()}
    last = len(scales) * BETWEEN
    objective = _axis(values, HEIGHT, log=_is_log(measure))
    axes = [
        ParallelAxis(k * BETWEEN, key.rsplit(".", 1)[-1], scale.ticks)
        for k, (key, scale) in enumerate(scales.items())
    ]
    axes.append(ParallelAxis(last, measure, _up(objective)))
    lines = []
    for rank, trial in enumerate(drawn):
        places = [
            f"{k * BETWEEN:.0f},{scale.at(trial.settings.get(key)):.0f}"
            for k, (key, scale) in enumerate(scales.items())
        ]
        places.append(f"{last:.0f},{HEIGHT - objective.at(trial.value(measure)):.0f}")
        lines.append((SHADES * rank // max(len(drawn), 1), " ".join(places)))
    return ParallelChart(tuple(axes), tuple(lines), len(known) - len(drawn), last)


def _thinned(ranked: Sequence[Trial]) -> list[Trial]:
    """The best quarter of what can be drawn, and others at even distances of rank."""
    if len(ranked) <= MOST_LINES:
        return list(ranked)
    best = MOST_LINES // 4
    others, wanted = ranked[:-best], MOST_LINES - best
    return [others[k * len(others) // wanted] for k in range(wanted)] + list(ranked[-best:])


@dataclass(frozen=True)
class _SettingAxis:
    """Where values of a setting lie on a vertical axis; what is left out lies at its foot."""

    places: Mapping[str, float]
    axis: Axis | None

    def at(self, value: object) -> float:
        if self.axis is None or not isinstance(value, (int, float)):
            return self.places.get(str(value), HEIGHT)
        return HEIGHT - self.axis.at(float(value))

    @property
    def ticks(self) -> tuple[Tick, ...]:
        if self.axis is not None:
            return _up(self.axis)
        return tuple(Tick(y, text) for text, y in self.places.items())


def _setting_axis(key: str, dimension: Dimension, trials: Sequence[Trial]) -> _SettingAxis:
    if dimension.choices:
        texts = list(dict.fromkeys(str(t.settings[key]) for t in trials if key in t.settings))
        step = HEIGHT / max(len(texts), 1)
        return _SettingAxis({text: step * (k + 0.5) for k, text in enumerate(texts)}, None)
    values = [float(t.settings[key]) for t in trials if key in t.settings]
    return _SettingAxis({}, _axis(values or [0.0], HEIGHT, log=dimension.log, margin=0.1))


def _axis(values: Sequence[float], length: float, *, log: bool, margin: float = 0.05) -> Axis:
    low, high = min(values), max(values)
    if log and low > 0:
        factor = max((high / low) ** margin, 1.05)
        return Axis(low / factor, high * factor, length, log=True)
    room = (high - low) * margin or abs(high) * margin or 1.0
    return Axis(low - room, high + room, length, log=False)


def _up(axis: Axis) -> tuple[Tick, ...]:
    return tuple(Tick(HEIGHT - tick.at, tick.text) for tick in axis.ticks)


def _is_log(measure: str) -> bool:
    """Sizes span decades."""
    return measure not in ("auc", "accuracy", "loss", "latency_ns")


def _both(trial: Trial, first: str, second: str) -> bool:
    return None not in (trial.measured.get(first), trial.measured.get(second))


def shown(value: object) -> str:
    """A setting or a measure as text."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)
