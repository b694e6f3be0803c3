"""The channels of constraints on pairs, each by itself: coefficients, masses, what passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.learning.models.pair_function import (
    COEFFICIENTS,
    PairConstraints,
    PairInvariants,
)
from triggernet.statistics import area_under_roc

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
CHUNK = 2_000_000  # entries of pairs at a time

# How coefficients are called where people read them.
TITLES: Mapping[str, str] = {
    "sign": "m_ij²",
    "row": "p_i·J",
    "column": "p_j·J",
    "jet": "m_J²",
    "constant": "constant [GeV²]",
    "pair_weight": "weight [1/GeV²]",
    "diagonal_slope": "diagonal: p_i·J",
    "diagonal_jet": "diagonal: m_J²",
    "diagonal_constant": "diagonal: constant [GeV²]",
    "diagonal_weight": "diagonal: weight [1/GeV²]",
}


@dataclass(frozen=True)
class Channel:
    """One channel of a model.

    Attributes
    ----------
    coefficients : mapping of str to float
        By `COEFFICIENTS`.
    mass_gev, diagonal_mass_gev : float or None
        The jet mass at which the jet's own part of the constraint, ``jet m_J^2 + constant``,
        changes its sign; None where it does not.
    passing, diagonal_passing : tuple of float
        Shares of pairs, and of particles, that pass: of QCD and of top jets.
    added : tuple of float
        Mean of what it adds to the score: to QCD and to top jets.
    auc : float
        Of what it adds alone.
    auc_without : float
        Of the score with the mean in its place.
    """

    coefficients: Mapping[str, float]
    mass_gev: float | None
    diagonal_mass_gev: float | None
    passing: tuple[float, float]
    diagonal_passing: tuple[float, float]
    added: tuple[float, float]
    auc: float
    auc_without: float


@dataclass(frozen=True)
class Reading:
    """One model, float or of integer constants, on a sample.

    Attributes
    ----------
    constraints : PairConstraints
        Channels in the order in which they are shown.
    count : int
        The number of constituents for which coefficients are quoted.
    channels : tuple of Channel
    bias : float
    auc : float
    added : float64 array (n, C)
        What each channel adds to the score of each jet.
    score : float64 array (n,)
    """

    constraints: PairConstraints
    count: int
    channels: tuple[Channel, ...]
    bias: float
    auc: float
    added: Floats
    score: Floats

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "n_constituents": self.count,
            "depends_on_count": len(self.constraints.bias) > 1,
            "bias": self.bias,
            "auc": self.auc,
            "channels": [asdict(channel) for channel in self.channels],
        }


def in_parts(
    constraints: PairConstraints, momenta: Floats, jet: Floats
) -> Iterator[tuple[slice, PairInvariants]]:
    """The invariants of jets, as many at a time as the memory takes."""
    M = momenta.shape[1] + constraints.spurion_jet + 2 * constraints.spurion_beams
    step = max(1, CHUNK // (M * M * max(constraints.n_channels, 1)))
    for first in range(0, len(momenta), step):
        part = slice(first, first + step)
        yield part, constraints.invariants(momenta[part], jet[part])


def read(
    constraints: PairConstraints, momenta: Floats, jet: Floats, label: Labels, count: int
) -> Reading:
    """Read constraints on jets; the channel that separates most comes first.

    Parameters
    ----------
    constraints : PairConstraints
    momenta, jet : float64 arrays (n, N, 4), (n, 4)
    label : int64 array (n,)
        1 for top jets.
    count : int
        For which coefficients are quoted.
    """
    n, C = len(label), constraints.n_channels
    added, bias = np.zeros((n, C)), np.zeros(n)
    passed = np.zeros((2, 2, C))  # pairs and particles of QCD and of tops
    total = np.zeros((2, 2, 1))
    for part, x in in_parts(constraints, momenta, jet):
        z, g = constraints.arguments(x)
        added[part], bias[part] = constraints.contributions(x).sum(2), constraints.bias_of(x)
        pairs, known = x.pairs, x.present
        for kind in (0, 1):
            of = label[part] == kind
            passed[0, kind] += ((z[of] > 0) & pairs[of][..., None]).sum((0, 1, 2))
            passed[1, kind] += ((g[of] > 0) & known[of][..., None]).sum((0, 1))
            total[0, kind] += pairs[of].sum()
            total[1, kind] += known[of].sum()
    score = added.sum(1) + bias
    shares = passed / np.maximum(total, 1)
    apart = [area_under_roc(added[:, c], label) for c in range(C)]
    order = sorted(range(C), key=lambda c: -abs(apart[c] - 0.5))
    at = constraints.at(count)
    means = np.stack([added[label == kind].mean(0) for kind in (0, 1)])  # (2, C)
    channels = tuple(
        _channel(
            {name: float(at[name][c]) for name in COEFFICIENTS},
            np.stack([shares[0, :, c], shares[1, :, c], means[:, c]]),
            apart[c],
            area_under_roc(score - added[:, c], label),
        )
        for c in order
    )
    return Reading(
        constraints.ordered(order),
        count,
        channels,
        float(at["bias"]),
        area_under_roc(score, label),
        added[:, order],
        score,
    )


def _channel(own: Mapping[str, float], classes: Floats, auc: float, without: float) -> Channel:
    """A channel from its coefficients, and from what passes and is added, class by class (3, 2)."""
    passing, diagonal, added = ((float(qcd), float(top)) for qcd, top in classes)
    return Channel(
        own,
        vanishing_mass(own["jet"], own["constant"]),
        vanishing_mass(own["diagonal_jet"], own["diagonal_constant"]),
        passing,
        diagonal,
        added,
        auc,
        without,
    )


def vanishing_mass(jet: float, constant: float) -> float | None:
    """The mass in GeV at which ``jet m^2 + constant`` is 0; None if there is none."""
    return sqrt(-constant / jet) if jet * constant < 0 else None


def rearranged(reading: Reading, order: list[int]) -> Reading:
    """The same reading with its channels in another order."""
    return Reading(
        reading.constraints.ordered(order),
        reading.count,
        tuple(reading.channels[c] for c in order),
        reading.bias,
        reading.auc,
        reading.added[:, order],
        reading.score,
    )
