"""Geometry of a report's charts: numbers in, coordinates of SVG elements out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from triggernet.reports.budgets.verdict import Line
from triggernet.reports.report.physics import Curve

WIDTH = 720.0


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Bar:
    """A filled part of a bar, from `x` on, and the whisker of its error, if any."""

    x: float
    width: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class LatencyChart:
    """The whole latency of the trigger as one bar, and the algorithm's share magnified below.

    Attributes
    ----------
    share_x : float
        Where the algorithm's share ends on the upper bar.
    used : Bar
        The algorithm on the upper bar.
    zoom : Bar
        The algorithm on the lower bar, which is its share alone (or itself, if it is longer).
    limit_x : float
        Where the share ends on the lower bar.
    upper, lower : tuple of Tick
    """

    share_x: float
    used: Bar
    zoom: Bar
    limit_x: float
    upper: tuple[Tick, ...]
    lower: tuple[Tick, ...]


def latency_chart(line: Line, low: float | None, high: float | None) -> LatencyChart | None:
    """The chart of a latency line in ns with the range of its error; None if it is not known."""
    if line.value is None:
        return None
    whole = max(line.whole, line.value)
    span = max(line.limit, line.value, high or 0.0) * 1.02

    def upper(ns: float) -> float:
        return WIDTH * ns / whole

    def lower(ns: float) -> float:
        return WIDTH * ns / span

    return LatencyChart(
        share_x=upper(line.limit),
        used=Bar(0.0, max(upper(line.value), 1.5)),
        zoom=Bar(
            0.0,
            lower(line.value),
            None if low is None else lower(low),
            None if high is None else lower(high),
        ),
        limit_x=lower(line.limit),
        upper=tuple(Tick(upper(ns), _ns(ns)) for ns in steps(0.0, whole)),
        lower=tuple(Tick(lower(ns), _ns(ns)) for ns in steps(0.0, span)),
    )


@dataclass(frozen=True)
class RocChart:
    """Background rejection on a logarithmic axis against signal efficiency.

    Attributes
    ----------
    curves : tuple of (str, str)
        Name, and the points of an SVG polyline.
    bands : tuple of (str, str)
        Name, and the points of the SVG polygon of its intervals.
    x_ticks, y_ticks : tuple of Tick
    working_x : float
        Where the field quotes the rejection: 30 % signal efficiency.
    """

    curves: tuple[tuple[str, str], ...]
    bands: tuple[tuple[str, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    working_x: float
    width: float = 400.0
    height: float = 270.0


def roc_chart(curves: Sequence[Curve]) -> RocChart | None:
    """The chart of ROC curves; None without any."""
    if not curves:
        return None
    width, height = RocChart.width, RocChart.height
    decades = max(1, math.ceil(math.log10(max(max(c.high) for c in curves))))

    def y(rejection: float) -> float:
        return height * (1 - math.log10(rejection) / decades)

    def line(c: Curve, values: Sequence[float]) -> list[str]:
        pairs = zip(c.efficiency, values, strict=True)
        return [f"{width * e:.1f},{y(r):.1f}" for e, r in pairs]

    return RocChart(
        tuple((c.name, " ".join(line(c, c.rejection))) for c in curves),
        tuple((c.name, " ".join(line(c, c.high) + line(c, c.low)[::-1])) for c in curves),
        tuple(Tick(width * k / 5, f"{k / 5:.1f}") for k in range(6)),
        tuple(Tick(y(10.0**k), f"{10**k:,}".replace(",", " ")) for k in range(decades + 1)),
        width * 0.3,
    )


def steps(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, four to eight of them."""
    span = high - low
    magnitude = 10.0 ** math.floor(math.log10(span))
    step = next(
        m * magnitude for m in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if span / (m * magnitude) <= 8
    )
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _ns(ns: float) -> str:
    return f"{ns / 1000:g} µs" if ns >= 1000 else f"{ns:g} ns"
