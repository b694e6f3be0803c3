"""Geometry of the drawings: numbers in, coordinates of SVG elements out; y points down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.reports.pages.axes import Axis
from triggernet.reports.pages.charts import Tick
from triggernet.studies.interpret.agreement import Agreement, Spread
from triggernet.studies.interpret.channels import TITLES, Reading
from triggernet.studies.interpret.curves import CurveReading
from triggernet.studies.interpret.planes import CELLS, SHADES, Plane
from triggernet.studies.interpret.profiles import Profile

Floats = NDArray[np.float64]
WIDTH, HEIGHT = 360.0, 220.0
PANEL = (240.0, 180.0)
ROW = 20.0  # of the drawing of spreads
WIDEST = 2.0  # relative to the mean: values beyond are drawn at the edge
N_BINS = 40


@dataclass(frozen=True)
class Line:
    """A line, dots or a filled shape of one group of colour.

    Attributes
    ----------
    group : int
    path : str
        Of an SVG path.
    """

    group: int
    path: str


@dataclass(frozen=True)
class Chart:
    """One drawing with its axes.

    Attributes
    ----------
    title, x_title, y_title : str
    x_ticks, y_ticks : tuple of Tick
    lines, bands : tuple of Line
    shades : tuple of str
        Paths of cells, the faintest first.
    legend : tuple of str
        Names of the groups.
    group : int
        Of the shades.
    """

    title: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...] = ()
    bands: tuple[Line, ...] = ()
    shades: tuple[str, ...] = ()
    legend: tuple[str, ...] = ()
    group: int = 0
    width: float = WIDTH
    height: float = HEIGHT


def _path(places: Sequence[tuple[float, float]], closed: bool = False) -> str:
    text = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return text + "Z" if closed else text


def _up(axis: Axis) -> tuple[Tick, ...]:
    return tuple(Tick(axis.length - tick.at, tick.text) for tick in axis.ticks)


def _linear(values: Sequence[float], length: float) -> Axis:
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or abs(high) or 1.0
    return Axis(low - room, high + room, length, log=False)


def profile_chart(profile: Profile) -> Chart:
    """The score against a variable of jets: mean and central 68 % of each class."""
    ends = [v for table in (profile.low, profile.high) for each in table.values() for v in each]
    across = _linear([v for each in profile.centre.values() for v in each], WIDTH)
    up = _linear(ends, HEIGHT)

    def places(name: str, values: Sequence[float]) -> list[tuple[float, float]]:
        pairs = zip(profile.centre[name], values, strict=True)
        return [(across.at(x), HEIGHT - up.at(y)) for x, y in pairs]

    lines, bands = [], []
    for group, name in enumerate(profile.mean):
        if profile.mean[name]:
            lines.append(Line(group, _path(places(name, profile.mean[name]))))
            edge = places(name, profile.high[name]) + places(name, profile.low[name])[::-1]
            bands.append(Line(group, _path(edge, closed=True)))
    return Chart(
        f"Score against {profile.variable}",
        profile.variable,
        "score",
        across.ticks,
        _up(up),
        tuple(lines),
        tuple(bands),
        legend=tuple(profile.mean),
    )


def added_chart(
    reading: Reading, c: int, label: NDArray[np.int64], classes: Sequence[str]
) -> Chart:
    """How often a channel adds how much to the score of a jet, class by class."""
    values = reading.added[:, c]
    low, high = np.quantile(values, [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, N_BINS + 1)
    shares = [np.histogram(values[label == k], edges)[0] / (label == k).sum() for k in (0, 1)]
    across = Axis(float(edges[0]), float(edges[-1]), WIDTH, log=False)
    up = Axis(0.0, 1.05 * float(max(share.max() for share in shares)), HEIGHT, log=False)
    lines = []
    for group, share in enumerate(shares):
        xs = np.repeat(edges, 2)[1:-1]
        steps = zip(xs, np.repeat(share, 2), strict=True)
        places = [(across.at(float(x)), HEIGHT - up.at(float(y))) for x, y in steps]
        lines.append(Line(group, _path(places)))
    title = f"Channel {c + 1}: what it adds to the score"
    ticks = across.ticks, _up(up)
    return Chart(title, "added", "share of jets", *ticks, tuple(lines), legend=tuple(classes))


def plane_chart(plane: Plane, group: int) -> Chart:
    """The pairs of one class, and the constraint."""
    across = Axis(*plane.x_range, PANEL[0], log=True)
    up = Axis(*plane.y_range, PANEL[1], log=True)
    wide, tall = PANEL[0] / CELLS[0], PANEL[1] / CELLS[1]
    box = f"h{wide:.1f}v{tall:.1f}h-{wide:.1f}z"
    shades = [
        "".join(
            f"M{i * wide:.1f} {PANEL[1] - (j + 1) * tall:.1f}{box}"
            for i, j in np.argwhere(plane.shade == shade)
        )
        for shade in range(1, SHADES + 1)
    ]
    low, high = plane.y_range
    inside = [(x, y) for x, y in plane.line if low <= y <= high]
    places = [(across.at(x), PANEL[1] - up.at(y)) for x, y in inside]
    bounds = "{:.0f}–{:.0f} GeV".format(*plane.mass_range_gev)
    titles = ("(p_i + p_j)·J [GeV²]", "m_ij² [GeV²]")
    return Chart(
        f"{plane.class_name}, m_J {bounds}: {100 * plane.passing:.0f} % pass",
        *(titles if plane.symmetric else ("p_i·J [GeV²]", "p_j·J [GeV²]")),
        _sparse(across.ticks),
        _sparse(_up(up)),
        (Line(group, _path(places)),) if places else (),
        shades=tuple(shades),
        group=group,
        width=PANEL[0],
        height=PANEL[1],
    )


def _sparse(ticks: tuple[Tick, ...]) -> tuple[Tick, ...]:
    """At most five ticks: panels are narrow."""
    return ticks[:: -(-len(ticks) // 5)]


def spread_chart(agreed: Agreement) -> Chart:
    """Every coefficient over its mean: a dot a training."""
    rows = [
        (c, name, spread)
        for c, channel in enumerate(agreed.channels)
        for name, spread in channel.items()
        if spread.mean != 0 and spread.std > 0
    ]
    height = ROW * max(len(rows), 1)
    across = Axis(-WIDEST, WIDEST, WIDTH, log=False)
    lines, ticks = [], []
    for k, (c, name, spread) in enumerate(rows):
        y = ROW * (k + 0.5)
        lines.append(Line(c % 4, "".join(_dot(across, v, y) for v in _relative(spread))))
        ticks.append(Tick(y, f"{c + 1}: {row_title(name)}"))
    return Chart(
        "Coefficients of all trainings over the size of their mean",
        "coefficient / |mean|",
        "",
        across.ticks,
        tuple(ticks),
        tuple(lines),
        height=height,
    )


def row_title(name: str) -> str:
    """A coefficient, or a mass at which a constraint changes its sign, for people."""
    masses = {"mass_gev": "sign changes at m_J", "diagonal_mass_gev": "diagonal: sign changes at"}
    return TITLES.get(name) or masses[name]


def _relative(spread: Spread) -> list[float]:
    return [float(np.clip(v / abs(spread.mean), -WIDEST, WIDEST)) for v in spread.values]


def _dot(axis: Axis, value: float, y: float) -> str:
    return f"M{axis.at(value) - 3:.1f} {y:.1f}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"


def curves_chart(reading: CurveReading) -> Chart:
    """Messages against the mass of the pair."""
    across = Axis(float(reading.masses_gev[0]), float(reading.masses_gev[-1]), 2 * WIDTH, log=True)
    up = _linear([float(reading.curves.min()), float(reading.curves.max())], HEIGHT)
    lines = tuple(
        Line(
            c,
            _path(
                [
                    (across.at(float(m)), HEIGHT - up.at(float(y)))
                    for m, y in zip(reading.masses_gev, reading.curves[:, c], strict=True)
                ]
            ),
        )
        for c in range(len(reading.names))
    )
    return Chart(
        "Messages against the mass of the pair",
        "m_ij [GeV]",
        "message, spread 1",
        across.ticks,
        _up(up),
        lines,
        legend=reading.names,
        width=2 * WIDTH,
    )
