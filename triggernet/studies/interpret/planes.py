"""Which pairs pass a constraint: densities in a plane of invariants, with the constraint drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.learning.models.pair_function import PairConstraints
from triggernet.studies.interpret.channels import Reading
from triggernet.studies.interpret.observed import Floats, Observed

MASS_BINS_GEV = ((40.0, 100.0), (140.0, 200.0), (220.0, 300.0))
MOST_JETS = 400  # of a class in a bin
CELLS = (40, 30)
SHADES = 6
PER_SHADE = 2.0  # each shade is so many times as dense as the one before
FEWEST = 5  # jets that a panel needs
# Of axes, in GeV^2: what of the pairs lies beyond is left out.
SOFT, HARD = 0.01, 0.9995


@dataclass(frozen=True)
class Plane:
    """Pairs of the jets of one class in a range of jet masses.

    Attributes
    ----------
    class_name : str
    mass_range_gev : tuple of float
    symmetric : bool
        The axes are (p_i + p_j).J and m_ij^2; otherwise p_i.J and p_j.J.
    x_range, y_range : tuple of float
        In GeV^2, logarithmic, the same for all planes of a channel.
    shade : int array of CELLS
        0 for no pairs, up to `SHADES`.
    line : float64 array (L, 2)
        Where the constraint holds as an equation, at the mean m_J^2 of the jets; without equal
        coefficients also at the median m_ij^2 of the pairs.
    passing : float
        The share of pairs that pass.
    """

    class_name: str
    mass_range_gev: tuple[float, float]
    symmetric: bool
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    shade: NDArray[np.int64]
    line: Floats
    passing: float


@dataclass(frozen=True)
class _Pairs:
    """Pairs i != j of some jets: both axes, m_ij^2, and whether they pass."""

    x: Floats
    y: Floats
    mass2: Floats
    jet: float
    passes: NDArray[np.bool_]


def planes(
    reading: Reading, momenta: Floats, jet: Floats, observed: Observed, classes: tuple[str, ...]
) -> tuple[tuple[Plane, ...], ...]:
    """The planes of every channel: signal, then background, in all ranges of jet mass.

    Parameters
    ----------
    reading : Reading
    momenta, jet : float64 arrays (n, N, 4), (n, 4)
    observed : Observed
    classes : tuple of str
        Names of labels 0 and 1.
    """
    function, drawn = reading.constraints, []
    for c in range(function.n_channels):
        seen = {}
        for kind in (1, 0):
            for bounds in MASS_BINS_GEV:
                inside = (observed.label == kind) & (observed.mass_gev > bounds[0])
                chosen = np.flatnonzero(inside & (observed.mass_gev < bounds[1]))[:MOST_JETS]
                if len(chosen) >= FEWEST:
                    seen[bounds, kind] = _pairs(function, c, momenta[chosen], jet[chosen])
        drawn.append(_drawn(function, c, reading.count, seen, classes))
    return tuple(drawn)


def _pairs(function: PairConstraints, c: int, momenta: Floats, jet: Floats) -> _Pairs:
    x = function.invariants(momenta, jet)
    which, passes = x.pairs, function.arguments(x)[0][..., c] > 0
    if function.symmetric[c]:
        which = which & np.triu(np.ones(which.shape[1:], dtype=bool))
        across, up = x.to_jet[:, :, None] + x.to_jet[:, None], x.mass2
    else:
        across, up = np.broadcast_arrays(x.to_jet[:, :, None], x.to_jet[:, None])
    return _Pairs(across[which], up[which], x.mass2[which], float(x.jet.mean()), passes[which])


def _drawn(
    function: PairConstraints,
    c: int,
    count: int,
    seen: dict[tuple[tuple[float, float], int], _Pairs],
    classes: tuple[str, ...],
) -> tuple[Plane, ...]:
    if not seen:
        return ()
    ranges = tuple(
        _range(np.concatenate([getattr(pairs, axis) for pairs in seen.values()]))
        for axis in ("x", "y")
    )
    x_range, y_range = ranges
    return tuple(
        Plane(
            classes[kind],
            bounds,
            bool(function.symmetric[c]),
            x_range,
            y_range,
            _shades(pairs, x_range, y_range),
            _line(function, c, count, pairs, x_range),
            float(pairs.passes.mean()),
        )
        for (bounds, kind), pairs in seen.items()
    )


def _range(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values[values > 0], [SOFT, HARD])
    return float(low), float(high)


def _shades(
    pairs: _Pairs, x_range: tuple[float, float], y_range: tuple[float, float]
) -> NDArray[np.int64]:
    edges = [np.geomspace(*r, n + 1) for r, n in zip((x_range, y_range), CELLS, strict=True)]
    counts, _, _ = np.histogram2d(pairs.x, pairs.y, bins=edges)
    steps = np.log(np.maximum(counts, 1e-9) / max(counts.max(), 1)) / np.log(PER_SHADE)
    return np.where(counts > 0, np.clip(SHADES + np.ceil(steps), 1, SHADES), 0).astype(np.int64)


def _line(
    function: PairConstraints, c: int, count: int, pairs: _Pairs, x_range: tuple[float, float]
) -> Floats:
    """Points of the constraint; those at y <= 0 cannot be drawn and are left out."""
    own = {name: float(values[c]) for name, values in function.at(count).items() if name != "bias"}
    x = np.geomspace(*x_range, 200)
    rest = own["row"] * x + own["jet"] * pairs.jet + own["constant"]
    slope = own["sign"]
    if not function.symmetric[c]:
        rest = rest + own["sign"] * float(np.median(pairs.mass2))
        slope = own["column"]
    if slope == 0:
        return np.empty((0, 2))
    y = -rest / slope
    return np.stack([x[y > 0], y[y > 0]], axis=1)
