"""How good a tagger of flavours is: rejections at working points, in regions of pT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet import statistics
from triggernet.learning.tasks.discriminants import Discriminant
from triggernet.learning.tasks.metrics import cut_at, passing
from triggernet.statistics import Bounded, interval_text

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

# Efficiencies at which each signal is judged; of the first one the cut is carried to high pT.
WORKING_POINTS: Mapping[str, tuple[float, ...]] = {
    "b": (0.70, 0.60, 0.77, 0.85),
    "c": (0.40, 0.20, 0.30, 0.50),
}
OTHERWISE = (0.70, 0.50)
SPLIT_GEV = 250.0
REGIONS = ("low", "high")
PT_EDGES_GEV = (20, 40, 60, 85, 110, 140, 175, 250, 400, 600, 1000, 1500, 3000)
SCANNED = np.linspace(0.0, 1.0, 21)
FEWEST = 20  # jets of a class in a region that are judged


@dataclass(frozen=True)
class Point:
    """A cut on a discriminant, and what passes in one region of pT.

    Attributes
    ----------
    signal : str
    target : float
        The efficiency for which the cut was made.
    made, region : str
        The regions in which the cut was made and in which it is applied: "low" or "high".
    cut : float
    efficiency : Bounded
        Of the signal here; jets on the cut count half, as those of the backgrounds do.
    rejections : mapping of str to Bounded
        1 / efficiency of each background, with its 68 % interval.
    """

    signal: str
    target: float
    made: str
    region: str
    cut: float
    efficiency: Bounded
    rejections: Mapping[str, Bounded]


@dataclass(frozen=True)
class FlavourMetrics:
    """Working points of all discriminants, and how the rejections depend on pT and on fractions.

    Attributes
    ----------
    points : tuple of Point
    by_pt : mapping of str to list of mappings
        For each signal at its first efficiency, bin by bin with a cut of its own: ``pt_low_gev``,
        ``pt_high_gev``, and by background a `Bounded`.
    scans : mapping of str to mapping of str to list of mappings
        For each signal and each background but light: ``fraction``, and the rejections at the
        first efficiency in the low region.
    """

    points: tuple[Point, ...]
    by_pt: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    scans: Mapping[str, Mapping[str, list[dict[str, Any]]]] = field(default_factory=dict)

    def point(self, signal: str, target: float, made: str, region: str) -> Point | None:
        """One of the points, None if it was not measured."""
        key = signal, target, made, region
        for each in self.points:
            if (each.signal, each.target, each.made, each.region) == key:
                return each
        return None

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def as_text(self) -> str:
        """For people."""
        lines = [f"working points (jets below and above {SPLIT_GEV:g} GeV):"]
        for p in self.points:
            cut = f"{100 * p.target:.0f} % of {p.signal} at {p.made} pT"
            value = p.efficiency.value or 0.0
            shown = [f"{k} {interval_text(**asdict(r))}" for k, r in p.rejections.items()]
            lines.append(
                f"  {cut}, D_{p.signal} > {p.cut:.3f}, {p.region} pT: efficiency "
                f"{100 * value:.1f} %, rejection of {', '.join(shown)}"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Judged:
    """Probabilities (n, C) of jets with labels (n,) and pT (n,) in GeV, and what they are worth."""

    probabilities: Floats
    label: Labels
    classes: Sequence[str]
    pt_gev: Floats
    discriminants: Mapping[str, Discriminant]
    metrics: FlavourMetrics


def measure_flavours(
    probabilities: Floats,
    label: Labels,
    classes: Sequence[str],
    pt_gev: Floats,
    discriminants: Mapping[str, Discriminant],
) -> FlavourMetrics:
    """Judge probabilities (n, C) of jets with labels (n,) and pT (n,) in GeV."""
    names = np.array(classes)[label]
    regions = {"low": pt_gev < SPLIT_GEV, "high": pt_gev >= SPLIT_GEV}
    points, by_pt, scans = [], {}, {}
    for signal, discriminant in discriminants.items():
        value = discriminant.of(probabilities, classes)
        points += list(_points(value, names, regions, discriminant))
        target = working_points(signal)[0]
        by_pt[signal] = list(_by_pt(value, names, pt_gev, discriminant, target))
        low = regions["low"] if _enough(names[regions["low"]], discriminant) else regions["high"]
        scans[signal] = {
            name: list(_scan(probabilities[low], names[low], classes, discriminant, name, target))
            for name in discriminant.fractions
            if name != "light" and _enough(names[low], discriminant)
        }
    return FlavourMetrics(tuple(points), by_pt, scans)


def working_points(signal: str) -> tuple[float, ...]:
    """Efficiencies at which a signal is judged."""
    return WORKING_POINTS.get(signal, OTHERWISE)


def rejections_at(
    value: Floats, names: NDArray[Any], cut: float, discriminant: Discriminant
) -> dict[str, Bounded]:
    """The rejection of each background that has jets; those on the cut count half."""
    rejections = {}
    for name in discriminant.fractions:
        of_class = value[names == name]
        if len(of_class) >= FEWEST:
            rejections[name] = statistics.rejection(passing(of_class, cut), len(of_class))
    return rejections


def _enough(names: NDArray[Any], discriminant: Discriminant) -> bool:
    return bool((names == discriminant.signal).sum() >= FEWEST)


def _points(
    value: Floats,
    names: NDArray[Any],
    regions: Mapping[str, NDArray[np.bool_]],
    discriminant: Discriminant,
) -> Iterator[Point]:
    """Every working point in both regions; the first one of low pT applied to high pT too."""
    signal = discriminant.signal
    targets = working_points(signal)
    for target in targets:
        for made in REGIONS:
            here = regions[made]
            if not _enough(names[here], discriminant):
                continue
            cut = cut_at(value[here & (names == signal)], target)
            carried = made == "low" and target == targets[0]
            for region in REGIONS if carried else (made,):
                there = regions[region]
                if not _enough(names[there], discriminant):
                    continue
                of_signal = value[there & (names == signal)]
                yield Point(
                    signal,
                    target,
                    made,
                    region,
                    cut,
                    statistics.efficiency(passing(of_signal, cut), len(of_signal)),
                    rejections_at(value[there], names[there], cut, discriminant),
                )


def _by_pt(
    value: Floats, names: NDArray[Any], pt_gev: Floats, discriminant: Discriminant, target: float
) -> Iterator[dict[str, Any]]:
    for low, high in pairwise(PT_EDGES_GEV):
        here = (pt_gev >= low) & (pt_gev < high)
        if _enough(names[here], discriminant):
            cut = cut_at(value[here & (names == discriminant.signal)], target)
            rejected = rejections_at(value[here], names[here], cut, discriminant)
            yield {"pt_low_gev": low, "pt_high_gev": high, "rejections": rejected}


def _scan(
    probabilities: Floats,
    names: NDArray[Any],
    classes: Sequence[str],
    discriminant: Discriminant,
    background: str,
    target: float,
) -> Iterator[dict[str, Any]]:
    for fraction in SCANNED:
        scanned = discriminant.with_fraction(background, float(fraction))
        value = scanned.of(probabilities, classes)
        cut = cut_at(value[names == discriminant.signal], target)
        rejected = rejections_at(value, names, cut, discriminant)
        yield {"fraction": float(fraction), "rejections": rejected}
