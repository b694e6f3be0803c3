"""Calorimeter towers and energy flow after Delphes 3 (module SimpleCalorimeter), vectorised.

Each event's particles are summed into towers, tower energies fluctuate log-normally with the
card's resolution, and tracks and towers are combined so that no energy counts twice
(J. de Favereau et al., JHEP 02 (2014) 057, sections 2.3 and 2.4). How they are combined changed
with Delphes 3.4; both ways are here, `by_better` and `by_average`. Thresholds and resolutions are
those of `delphes_card_ATLAS.tcl`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.generation.particles import EventParticles

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

LONG_LIVED = (310, 3122)  # K0S and Lambda share their energy 30 : 70
LIGHT = (11, 22, 111)
INVISIBLE = (12, 13, 14, 16)
PHOTON, NEUTRAL_HADRON = 22, 130
CELLS = 1024  # more than rings in a calorimeter or cells in a ring


@dataclass(frozen=True)
class Tracks:
    """Reconstructed tracks, one entry each: pT in GeV, directions at the origin and at impact."""

    event: Integers
    pdg: NDArray[np.int32]
    pt: Array
    eta: Array
    phi: Array
    resolution: Array  # relative
    at_eta: Array
    at_phi: Array

    @property
    def energy(self) -> Array:
        """Energy in GeV of massless tracks, (n,)."""
        return np.asarray(self.pt * np.cosh(self.eta))


@dataclass(frozen=True)
class Calorimeter:
    """One calorimeter: geometry, thresholds and response.

    `eta_edges` (k+1,) bound the rings; `phi_cells` (k,) is the number of equal cells around each,
    counted from -pi. `fraction` gives the share of a particle's energy from |pdg|, `resolution`
    the standard deviation in GeV from |eta| and energy in GeV. `combine` splits the energy of the
    towers between neutral objects and tracks.
    """

    eta_edges: Array
    phi_cells: Integers
    min_energy_gev: float
    tower_pdg: int
    fraction: Callable[[NDArray[np.int32]], Array]
    resolution: Callable[[Array, Array], Array]
    min_significance: float
    combine: Callable[[Calorimeter, Towers], tuple[Array, Array]]

    def cell(self, eta: Array, phi: Array) -> tuple[Integers, Integers]:
        """Ring and cell index (n,) of directions; ring -1 outside."""
        ring = np.searchsorted(self.eta_edges, eta) - 1  # (n,)
        ring = np.where((ring < 0) | (ring >= len(self.phi_cells)), -1, ring)
        cells = self.phi_cells[ring]  # (n,)
        index = np.floor((kinematics.wrap(phi) + np.pi) / (2 * np.pi) * cells)
        return ring, np.minimum(index, cells - 1).astype(np.int64)


def electromagnetic(model: str) -> Calorimeter:
    """The electromagnetic calorimeter of the "fine" or "coarse" model (see `detector.respond`)."""
    edges, cells = fine_geometry() if model == "fine" else coarse_geometry()
    share, resolution = electromagnetic_share, electromagnetic_resolution
    return Calorimeter(edges, cells, 0.5, PHOTON, share, resolution, **flow(model))


def hadronic(model: str) -> Calorimeter:
    """The hadronic calorimeter of the "fine" or "coarse" model: the same towers in both."""
    edges, cells = coarse_geometry()
    return Calorimeter(
        edges, cells, 1.0, NEUTRAL_HADRON, hadronic_share, hadronic_resolution, **flow(model)
    )


def flow(model: str) -> dict[str, Any]:
    """Significance and way of combining that belong to a model."""
    if model == "fine":
        return {"min_significance": 2.0, "combine": by_average}
    return {"min_significance": 1.0, "combine": by_better}


def fine_geometry() -> tuple[Array, Integers]:
    """Edges and cells of towers of 0.0174 x 1 degree up to |eta| = 2.958, coarser beyond."""
    step = 0.0174
    central = np.concatenate(
        [-2.958 + step * np.arange(85), step * np.arange(-85, 87), 1.4964 + step * np.arange(1, 85)]
    )
    forward = np.array([3.125, 3.3, 3.475, 3.65, 3.825, 4.0, 4.175, 4.35, 4.525, 4.7, 5.0])
    edges = np.concatenate([-forward[::-1], np.unique(np.round(central, 6)), forward])
    cells = np.where(np.abs(edges[:-1] + edges[1:]) / 2 < 2.958, 360, 36)
    return edges, cells


def coarse_geometry() -> tuple[Array, Integers]:
    """Edges and cells of towers of 0.1 x 10 degrees, 20 degrees forward of |eta| = 2.5."""
    forward = np.array([2.6, 2.8, 3.0, 3.2, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9])
    central = np.round(np.arange(-25, 26) * 0.1, 6)
    edges = np.concatenate([-forward[::-1], central, forward])
    cells = np.where(np.abs(edges[:-1] + edges[1:]) / 2 < 2.5, 36, 18)
    return edges, cells


def electromagnetic_share(pdg: NDArray[np.int32]) -> Array:
    """Share of a particle's energy that the electromagnetic calorimeter measures."""
    code = np.abs(pdg)
    return np.where(np.isin(code, LIGHT), 1.0, np.where(np.isin(code, LONG_LIVED), 0.3, 0.0))


def hadronic_share(pdg: NDArray[np.int32]) -> Array:
    """Share of a particle's energy that the hadronic calorimeter measures."""
    code = np.abs(pdg)
    share = np.where(np.isin(code, LIGHT + INVISIBLE), 0.0, 1.0)
    return np.where(np.isin(code, LONG_LIVED), 0.7, share)


def electromagnetic_resolution(eta: Array, energy: Array) -> Array:
    """Standard deviation in GeV: 0.17 % E + 10.1 % sqrt(E), forward 3.5 % E + 28.5 % sqrt(E)."""
    central = np.hypot(0.0017 * energy, 0.101 * np.sqrt(energy))
    forward = np.hypot(0.0350 * energy, 0.285 * np.sqrt(energy))
    return np.where(np.abs(eta) <= 3.2, central, forward)


def hadronic_resolution(eta: Array, energy: Array) -> Array:
    """Standard deviation in GeV: constant, stochastic and noise terms by pseudorapidity."""
    root = np.sqrt(energy)
    barrel = np.sqrt((0.0302 * energy) ** 2 + (0.5205 * root) ** 2 + 1.59**2)
    endcap = np.hypot(0.0500 * energy, 0.706 * root)
    forward = np.hypot(0.09420 * energy, 1.00 * root)
    distance = np.abs(eta)
    return np.where(distance <= 1.7, barrel, np.where(distance <= 3.2, endcap, forward))


@dataclass(frozen=True)
class Towers:
    """The occupied towers of a batch (k of them) and the tracks (t) that point to them.

    `deposited` is the true energy in GeV, `energy` the measured one (zero below the thresholds),
    `sigma` its standard deviation; `of_track` (t,) is each track's tower, `track_energy` and
    `track_sigma` (t,) in GeV.
    """

    event: Integers
    ring: Integers
    cell: Integers
    eta: Array
    deposited: Array
    energy: Array
    sigma: Array
    of_track: Integers
    track_energy: Array
    track_sigma: Array

    def sum_of(self, per_track: Array) -> Array:
        """Sum (k,) over the tracks of each tower."""
        return kinematics.sum_by(self.of_track, per_track, len(self.event))


def energy_flow(
    calorimeter: Calorimeter,
    particles: EventParticles,
    impact: tuple[Array, Array],
    tracks: Tracks,
    rng: np.random.Generator,
) -> tuple[EventParticles, Tracks]:
    """Neutral objects of one calorimeter, and the tracks after its correction.

    Parameters
    ----------
    calorimeter
        Which one.
    particles
        All visible particles; `impact` holds their (eta, phi) at the calorimeter, (n,) each.
    tracks
        Tracks that came out of the step before; those this calorimeter does not measure
        (electrons in the hadronic one, for instance) pass unchanged.
    rng
        Source of random numbers.
    """
    ring, _ = calorimeter.cell(tracks.at_eta, tracks.at_phi)
    measured = (calorimeter.fraction(tracks.pdg) > 0) & (ring >= 0)
    towers = measure(calorimeter, fill(calorimeter, particles, impact, tracks, measured), rng)
    neutral, scale = calorimeter.combine(calorimeter, towers)
    pt = tracks.pt.copy()
    pt[measured] *= scale
    return (
        tower_objects(calorimeter, towers, neutral, rng),
        select_tracks(replace(tracks, pt=pt), pt > 0),
    )


def measure(calorimeter: Calorimeter, towers: Towers, rng: np.random.Generator) -> Towers:
    """The towers with measured energies: fluctuated, then cut at the thresholds."""
    true_sigma = calorimeter.resolution(towers.eta, towers.deposited)
    energy = fluctuate(towers.deposited, true_sigma, rng)
    sigma = calorimeter.resolution(towers.eta, energy)
    return replace(towers, energy=significant(calorimeter, energy, sigma), sigma=sigma)


def significant(calorimeter: Calorimeter, energy: Array, sigma: Array) -> Array:
    """The energies (k,) above the minimum and above `min_significance` times `sigma`, others 0."""
    cut = np.maximum(calorimeter.min_energy_gev, calorimeter.min_significance * sigma)  # (k,)
    return np.where(energy >= cut, energy, 0.0)


def by_better(calorimeter: Calorimeter, towers: Towers) -> tuple[Array, Array]:
    """Track by track the better measurement, as Delphes did before 3.4.

    Tracks that resolve better than the calorimeter stand, and their energy is taken off the
    tower. What remains is shared among the tower's other tracks, or is neutral if it has none.

    Returns
    -------
    float64 array (k,)
        Energy of the neutral object of each tower, GeV.
    float64 array (t,)
        Factor on each track's momentum.
    """
    at = towers.eta[towers.of_track]  # (t,)
    better = towers.track_sigma <= calorimeter.resolution(at, towers.track_energy)  # (t,)
    rest = towers.energy - towers.sum_of(towers.track_energy * better)  # (k,)
    rest = significant(calorimeter, rest, towers.sigma)
    worse = towers.sum_of(towers.track_energy * ~better)  # (k,)
    scale = np.divide(rest, worse, out=np.zeros_like(rest), where=worse > 0)
    return np.where(worse > 0, 0.0, rest), np.where(better, 1.0, scale[towers.of_track])


def by_average(calorimeter: Calorimeter, towers: Towers) -> tuple[Array, Array]:
    """A significant excess over the tracks, or the average of both, as Delphes does since 3.4.

    Without a significant excess the tracks of the tower are scaled so that their sum is the mean
    of both measurements, weighted by the inverse variances. Returns as `by_better`.
    """
    tracks = towers.sum_of(towers.track_energy)  # (k,)
    variance = towers.sum_of(towers.track_sigma**2)  # (k,)
    excess = np.maximum(towers.energy - tracks, 0.0)  # (k,)
    error = np.sqrt(variance + towers.sigma**2)  # (k,)
    neutral = (excess > calorimeter.min_energy_gev) & (
        excess > calorimeter.min_significance * error
    )
    # (E_t / v_t + E_c / v_c) / (1 / v_t + 1 / v_c) / E_t, written without divisions by zero
    total = tracks * (variance + towers.sigma**2)  # (k,)
    best = tracks * towers.sigma**2 + towers.energy * variance  # (k,)
    scale = np.divide(best, total, out=np.ones_like(total), where=total > 0)
    scale = np.where(neutral, 1.0, scale)
    return np.where(neutral, excess, 0.0), scale[towers.of_track]


def fluctuate(mean: Array, sigma: Array, rng: np.random.Generator) -> Array:
    """Log-normal energies (n,) in GeV of given mean and standard deviation; zero stays zero."""
    safe = np.where(mean > 0, mean, 1.0)
    width = np.sqrt(np.log1p((sigma / safe) ** 2))
    drawn = safe * np.exp(width * rng.standard_normal(len(mean)) - 0.5 * width**2)
    return np.where(mean > 0, drawn, 0.0)


def fill(
    calorimeter: Calorimeter,
    particles: EventParticles,
    impact: tuple[Array, Array],
    tracks: Tracks,
    measured: NDArray[np.bool_],
) -> Towers:
    """Sum particles and the `measured` tracks into towers, event by event."""
    share = calorimeter.fraction(particles.pdg)  # (p,), of p particles
    ring, cell = calorimeter.cell(*impact)
    hits = (share > 0) & (ring >= 0)  # (p,), h of them
    track_ring, track_cell = calorimeter.cell(tracks.at_eta[measured], tracks.at_phi[measured])
    event = np.concatenate([particles.event[hits], tracks.event[measured]])  # (h + t,)
    rings = np.concatenate([ring[hits], track_ring])  # (h + t,)
    cells = np.concatenate([cell[hits], track_cell])  # (h + t,)
    key = (event * CELLS + rings) * CELLS + cells
    towers, tower = np.unique(key, return_inverse=True)  # (k,) and (h + t,)
    n_hits = int(hits.sum())
    energy = (share * particles.p[:, 0])[hits]  # (h,)
    rings = towers // CELLS % CELLS  # (k,)
    deposited = kinematics.sum_by(tower[:n_hits], energy, len(towers))  # (k,)
    return Towers(
        event=towers // CELLS**2,
        ring=rings,
        cell=towers % CELLS,
        eta=0.5 * (calorimeter.eta_edges[rings] + calorimeter.eta_edges[rings + 1]),
        deposited=deposited,
        energy=deposited,
        sigma=np.zeros(len(towers)),
        of_track=tower[n_hits:],
        track_energy=tracks.energy[measured],
        track_sigma=(tracks.resolution * tracks.energy)[measured],
    )


def tower_objects(
    calorimeter: Calorimeter, towers: Towers, energy: Array, rng: np.random.Generator
) -> EventParticles:
    """Massless objects of the towers with `energy` (k,) > 0, at a random place in the tower."""
    eta_low = calorimeter.eta_edges[towers.ring]
    eta_high = calorimeter.eta_edges[towers.ring + 1]
    eta = eta_low + (eta_high - eta_low) * rng.random(len(energy))  # (k,)
    phi = (towers.cell + rng.random(len(energy))) / calorimeter.phi_cells[towers.ring]
    phi = phi * 2 * np.pi - np.pi
    kept = energy > 0
    p = kinematics.massless(energy[kept] / np.cosh(eta[kept]), eta[kept], phi[kept])
    pdg = np.full(len(p), calorimeter.tower_pdg, np.int32)
    return EventParticles(towers.event[kept], pdg, p)


def select_tracks(tracks: Tracks, index: NDArray[np.bool_]) -> Tracks:
    """The tracks at `index`."""
    return Tracks(**{name: value[index] for name, value in vars(tracks).items()})
