"""Whether several trainings found the same constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.learning.models.pair_function import COEFFICIENTS
from triggernet.studies.interpret.channels import Reading, rearranged

Floats = NDArray[np.float64]
STABLE = 0.2  # of the mean: a spread below it, and one sign, is called agreement
DEAD = 1e-12  # relative: what varies by less over the jets is rounding
ALIKE = 0.97  # correlation of what channels add, from which on two trainings are one minimum


@dataclass(frozen=True)
class Spread:
    """A coefficient of one channel over trainings.

    Attributes
    ----------
    values : tuple of float
        In the order of the runs.
    mean, std : float
    agrees : bool
        All have one sign and the standard deviation is below `STABLE` of the mean.
    """

    values: tuple[float, ...]
    mean: float
    std: float
    agrees: bool

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of some values."""
        mean, std = float(np.mean(values)), float(np.std(values, ddof=1))
        one_sign = len({float(np.sign(value)) for value in values}) == 1
        return cls(tuple(values), mean, std, one_sign and std <= STABLE * abs(mean))


@dataclass(frozen=True)
class Agreement:
    """Several trainings side by side.

    Attributes
    ----------
    runs : tuple of str
    auc : Spread
    channels : tuple of mappings of str to Spread
        By `COEFFICIENTS`, and ``mass_gev`` and ``diagonal_mass_gev`` where every training has one.
    alike : tuple of float
        Of each channel the mean correlation, over pairs of trainings, of what it adds to jets.
    score : float
        The same of the whole score.
    """

    runs: tuple[str, ...]
    auc: Spread
    channels: tuple[Mapping[str, Spread], ...]
    alike: tuple[float, ...]
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def matched(readings: Sequence[Reading], onto: Reading | None = None) -> list[Reading]:
    """The same readings with the channels that do alike in the same place.

    The order is that of `onto`, or of the training of highest AUC; channels of the others are
    assigned to it by the sum of correlations of what they add to the same jets.
    """
    from scipy.optimize import linear_sum_assignment

    first = onto or max(readings, key=lambda reading: reading.auc)
    C = first.added.shape[1]
    placed = []
    for reading in readings:
        alike = _correlations(np.concatenate([first.added, reading.added], 1).T)[:C, C:]
        _, columns = linear_sum_assignment(-alike)
        placed.append(rearranged(reading, [int(c) for c in columns]))
    return placed


def agreement(names: Sequence[str], readings: Sequence[Reading]) -> Agreement:
    """Compare readings of as many channels, already `matched`, on the same jets."""
    C = len(readings[0].channels)
    channels = []
    for c in range(C):
        own = [reading.channels[c] for reading in readings]
        spread = {name: Spread.of([x.coefficients[name] for x in own]) for name in COEFFICIENTS}
        for name in ("mass_gev", "diagonal_mass_gev"):
            masses = [mass for x in own if (mass := getattr(x, name)) is not None]
            if len(masses) == len(own):
                spread[name] = Spread.of(masses)
        channels.append(spread)
    return Agreement(
        tuple(names),
        Spread.of([reading.auc for reading in readings]),
        tuple(channels),
        tuple(_alike([reading.added[:, c] for reading in readings]) for c in range(C)),
        _alike([reading.score for reading in readings]),
    )


def _alike(series: Sequence[Floats]) -> float:
    """The mean correlation over pairs of series."""
    return float(_correlations(np.stack(series))[np.triu_indices(len(series), 1)].mean())


def _correlations(series: Floats) -> Floats:
    """Those of all pairs of series (k, n), (k, k).

    Two channels that add the same number to every jet are alike; one of them is like no other.
    """
    centred = series - series.mean(1, keepdims=True)  # (k, n)
    size = np.sqrt((centred**2).sum(1))  # (k,)
    dead = size <= DEAD * np.sqrt(series.shape[1]) * np.abs(series).max(1)  # (k,), by rounding
    units = np.where(dead[:, None], 0.0, centred / np.where(dead, 1.0, size)[:, None])  # (k, n)
    return np.asarray(units @ units.T + np.outer(dead, dead))


def minima(names: Sequence[str], readings: Sequence[Reading]) -> tuple[Agreement, ...]:
    """Trainings that ended in the same minimum, side by side; the larger groups first.

    The training of highest AUC gathers those whose every channel adds the same to jets as one of
    its own, up to a factor and with a correlation of at least `ALIKE`; then the best of the rest
    does. Those that stay alone are left out.
    """
    left = sorted(range(len(names)), key=lambda k: -readings[k].auc)
    groups: list[tuple[list[int], list[Reading]]] = []
    while left:
        leader = readings[left[0]]
        own = dict(zip(left, matched([readings[k] for k in left], leader), strict=True))
        near = [k for k in left if k == left[0] or _nearest(leader, own[k]) >= ALIKE]
        groups.append((near, [own[k] for k in near]))
        left = [k for k in left if k not in near]
    groups.sort(key=lambda group: -len(group[0]))
    return tuple(
        agreement([names[k] for k in sorted(near)], [members[near.index(k)] for k in sorted(near)])
        for near, members in groups
        if len(near) > 1
    )


def _nearest(first: Reading, second: Reading) -> float:
    """The correlation of the channels that are least alike; matched readings."""
    pairs = zip(first.added.T, second.added.T, strict=True)
    return min(_alike(pair) for pair in pairs)
