"""What a tagger is worth against what it costs: points of plots, and their Pareto fronts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from triggernet.reports.cost.figures import Figure
from triggernet.reports.fold.unbeaten import unbeaten
from triggernet.studies.compare.row import Row

PARAMETERS = "n_parameters"
COSTS = ("lut", "latency_ns", PARAMETERS)
QUANTISED, FLOAT = "quantised model", "float model: it has no hardware form"
NOT_KNOWN = "not known"
ON_A_PROCESSOR = "a float model for a processor"
NO_BACKGROUND = "no background passes, so that the rejection is not known"


@dataclass(frozen=True)
class Merit:
    """What taggers are judged by in a plot.

    Attributes
    ----------
    name : str
    symbol : str
        Its formula, where it is not plain.
    log : bool
        Whether its axis is logarithmic.
    """

    name: str
    symbol: str
    log: bool


REJECTION = Merit("background rejection", "1/ε_B", log=True)
ACCURACY = Merit("accuracy", "", log=False)


def merit_of(rows: Sequence[Row]) -> Merit:
    """By what runs are judged: several classes have no one background to reject."""
    return REJECTION if any(row.main.n_background for row in rows) else ACCURACY


@dataclass(frozen=True)
class Point:
    """One run in a plot.

    Attributes
    ----------
    name : str
    cost : float
    worth, low, high : float
        The merit with the ends of its 68 % interval.
    origin : str
        Where the cost comes from, or which model the merit is of.
    """

    name: str
    cost: float
    worth: float
    low: float
    high: float
    origin: str


@dataclass(frozen=True)
class Front:
    """Points that no other one of the same origin beats, by rising cost.

    Attributes
    ----------
    origin : str
        That of their costs; empty for parameters, which are counted in one way only.
    points : tuple of Point
    """

    origin: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class TradeOff:
    """The merit of all runs against one cost.

    Attributes
    ----------
    merit : Merit
    cost : str
        One of COSTS.
    points : tuple of Point
    fronts : tuple of Front
        One for each origin of the cost: figures that were obtained in different ways are not
        compared.
    left_out : tuple of (str, str)
        Runs that cannot be drawn, and why.
    """

    merit: Merit
    cost: str
    points: tuple[Point, ...]
    fronts: tuple[Front, ...]
    left_out: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """Who is on which front, and who is not in the plot; ready for JSON."""
        return {
            "fronts": [
                {"origin": front.origin or None, "runs": [p.name for p in front.points]}
                for front in self.fronts
            ],
            "left_out": dict(self.left_out),
        }


def trade_off(rows: Sequence[Row], cost: str) -> TradeOff:
    """The merit of all runs against `cost`: "lut", "latency_ns" or "n_parameters"."""
    merit = merit_of(rows)
    points: list[Point] = []
    left_out: list[tuple[str, str]] = []
    for row in rows:
        point = _point(row, merit, cost)
        if isinstance(point, Point):
            points.append(point)
        else:
            left_out.append((row.name, point))
    return TradeOff(merit, cost, tuple(points), tuple(_fronts(points, cost)), tuple(left_out))


def _fronts(points: Sequence[Point], cost: str) -> Iterator[Front]:
    if cost == PARAMETERS:
        groups = {"": list(points)} if points else {}
    else:
        groups = {p.origin: [q for q in points if q.origin == p.origin] for p in points}
    for origin, group in groups.items():
        yield Front(origin, front(group))


def front(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that no other one beats in cost and merit, by rising cost."""
    kept = [points[k] for k in unbeaten([(p.cost, -p.worth) for p in points])]
    return tuple(sorted(kept, key=lambda p: p.cost))


def _point(row: Row, merit: Merit, cost: str) -> Point | str:
    """A run in a plot, or why it is not in it."""
    metrics, figure = row.main, row.firmware.figures.get(cost)
    if cost == PARAMETERS:
        value: float = metrics.n_parameters
        origin = FLOAT if row.quantised_metrics is None else QUANTISED
    elif figure is None:
        unknown = ON_A_PROCESSOR if row.firmware.design == "ONNX" else NOT_KNOWN
        return row.firmware.absent or unknown
    else:
        value, origin = figure.value, origin_of(figure)
    if merit is ACCURACY:
        ends = metrics.accuracy_low, metrics.accuracy_high
        return Point(row.name, value, metrics.accuracy, *ends, origin)
    low, high = metrics.rejection_30_low, metrics.rejection_30_high
    if metrics.rejection_30 is None or low is None or high is None:
        return NO_BACKGROUND
    return Point(row.name, value, metrics.rejection_30, low, high, origin)


def origin_of(figure: Figure) -> str:
    """Which figures may stand on one front: those that one tool obtained in one way.

    Our own schedule is the same number whether a co-simulation has confirmed it (`exact`) or not.
    """
    how = "" if figure.how in ("exact", "estimated") else f", {figure.how}"
    return f"{figure.tool}{how}"
