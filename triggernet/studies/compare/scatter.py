"""Geometry of the plots of a comparison: trade-offs in, coordinates of a drawing out.

The page draws them as SVG, `scatter_plot.py` as a picture in the style of the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from triggernet.reports.pages.axes import Axis
from triggernet.reports.pages.charts import Tick
from triggernet.reports.pages.labels import Box, Label, place_labels
from triggernet.reports.pages.text import duration
from triggernet.studies.compare.trade_off import Merit, Point, TradeOff

WIDTH, HEIGHT = 600.0, 380.0
MARKER = 5.0  # half its size
MARGIN = 0.12  # of a linear axis that does not begin at 0, at both ends
TITLES = {"lut": "LUT", "latency_ns": "latency [ns]", "n_parameters": "parameters"}
LATENCY = "latency_ns"
TIERS = 100  # latencies further apart than this factor are of both tiers: on a logarithmic axis


@dataclass(frozen=True)
class Marker:
    """A point with its error bar; `group` is the place of its origin in the legend."""

    x: float
    y: float
    low: float
    high: float
    group: int


@dataclass(frozen=True)
class ScatterLine:
    """A Pareto front: who is on it, and the corners of its line; `group` is None for all."""

    names: tuple[str, ...]
    corners: tuple[tuple[float, float], ...]
    group: int | None


@dataclass(frozen=True)
class ScatterChart:
    """A merit against a cost; y points down.

    Attributes
    ----------
    merit : Merit
    cost, title : str
    x_ticks, y_ticks : tuple of Tick
    markers : tuple of Marker
    labels : tuple of Label
        Of the markers, in their order.
    fronts : tuple of ScatterLine
    legend : tuple of str
        What each group is.
    left_out : tuple of str
        Who is not drawn, and why.
    """

    merit: Merit
    cost: str
    title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    markers: tuple[Marker, ...]
    labels: tuple[Label, ...]
    fronts: tuple[ScatterLine, ...]
    legend: tuple[str, ...]
    left_out: tuple[str, ...]
    width: float = WIDTH
    height: float = HEIGHT


def scatter_chart(trade_off: TradeOff) -> ScatterChart:
    """The chart of a trade-off; without points, one without axes."""
    legend = tuple(dict.fromkeys(point.origin for point in trade_off.points))
    title, points, left_out = TITLES[trade_off.cost], trade_off.points, tuple(_left_out(trade_off))
    if not points:
        return ScatterChart(
            trade_off.merit, trade_off.cost, title, (), (), (), (), (), legend, left_out
        )
    costs = [p.cost for p in points]
    both_tiers = trade_off.cost == LATENCY and max(costs) > TIERS * min(costs)
    across = _axis(costs, WIDTH, both_tiers or trade_off.cost != LATENCY)
    if both_tiers:  # from nanoseconds to milliseconds: each number with its unit
        title, across = "latency", replace(across, text=duration)
    ends = [end for p in points for end in (p.low, p.high)]
    up = _axis(ends, HEIGHT, log=True) if trade_off.merit.log else _around(ends, HEIGHT)
    markers = tuple(_marker(p, across, up, legend.index(p.origin)) for p in points)
    fronts = tuple(
        ScatterLine(
            tuple(p.name for p in front.points),
            _corners([markers[points.index(p)] for p in front.points]),
            legend.index(front.origin) if front.origin else None,
        )
        for front in trade_off.fronts
    )
    places = [(m.x, m.y, p.name) for m, p in zip(markers, points, strict=True)]
    labels = place_labels(places, _obstacles(markers, fronts), WIDTH, HEIGHT)
    return ScatterChart(
        trade_off.merit,
        trade_off.cost,
        title,
        across.ticks,
        tuple(Tick(HEIGHT - tick.at, tick.text) for tick in up.ticks),
        markers,
        tuple(labels),
        fronts,
        legend,
        left_out,
    )


def _left_out(trade_off: TradeOff) -> Iterator[str]:
    reasons = dict.fromkeys(why for _, why in trade_off.left_out)
    for reason in reasons:
        yield f"{', '.join(name for name, why in trade_off.left_out if why == reason)} ({reason})"


def _axis(values: Sequence[float], length: float, log: bool) -> Axis:
    low, high = min(values), max(values)
    if not log:
        return Axis(0.0, high * 1.15, length, log)
    margin = max((high / low) ** 0.12, 1.15)
    return Axis(low / margin, high * margin, length, log)


def _around(values: Sequence[float], length: float) -> Axis:
    """A linear axis that shows differences: it need not begin at 0."""
    low, high = min(values), max(values)
    margin = MARGIN * (high - low or 1.0)
    return Axis(low - margin, high + margin, length, log=False)


def _marker(point: Point, across: Axis, up: Axis, group: int) -> Marker:
    y, low, high = (HEIGHT - up.at(v) for v in (point.worth, point.low, point.high))
    return Marker(across.at(point.cost), y, low, high, group)


def _corners(front: Sequence[Marker]) -> tuple[tuple[float, float], ...]:
    """From the first point along what can be had at each cost, to the right end of the plot."""
    corners = [(front[0].x, front[0].y)]
    for marker in front[1:]:
        corners += [(marker.x, corners[-1][1]), (marker.x, marker.y)]
    return (*corners, (WIDTH, corners[-1][1]))


def _obstacles(markers: Sequence[Marker], fronts: Sequence[ScatterLine]) -> list[Box]:
    obstacles = []
    for m in markers:
        obstacles.append(Box(m.x - MARKER, m.y - MARKER, 2 * MARKER, 2 * MARKER))
        obstacles.append(Box(m.x - 1.5, m.high, 3, m.low - m.high))
    for front in fronts:
        for (x0, y0), (x1, y1) in zip(front.corners, front.corners[1:], strict=False):
            left, top = min(x0, x1), min(y0, y1)
            obstacles.append(Box(left - 3, top - 3, abs(x1 - x0) + 6, abs(y1 - y0) + 6))
    return obstacles
