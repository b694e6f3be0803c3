"""Detector response after the ATLAS card of Delphes 3, vectorised over a batch of events.

The numbers are those of `cards/delphes_card_ATLAS.tcl` of Delphes (J. de Favereau et al.,
JHEP 02 (2014) 057): tracking efficiency and momentum resolution in bins of pT and pseudorapidity,
and the steps of its energy flow (module SimpleCalorimeter), see `calorimeter.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.generation.calorimeter import (
    Tracks,
    electromagnetic,
    energy_flow,
    fluctuate,
    hadronic,
)
from triggernet.data.generation.particles import EventParticles, concatenate

Array = NDArray[np.float64]

FIELD_T = 2.0
RADIUS_M = 1.15
HALF_LENGTH_M = 3.51
CURVATURE_GEV_PER_T_M = 0.299792458  # pT in GeV = 0.2998 B[T] r[m] for unit charge

NEUTRINOS = (12, 14, 16)
CHARGED = (11, 13, 211, 321, 2212, 3112, 3222, 3312, 3334)


def respond(particles: EventParticles, model: str, rng: np.random.Generator) -> EventParticles:
    """Energy-flow objects that a detector would see of stable particles.

    Parameters
    ----------
    particles
        Stable particles of a batch of events.
    model : "coarse", "fine" or "none"
        "coarse": electromagnetic towers of 0.1 x 10 degrees like the hadronic ones, and the energy
        flow of Delphes before 3.4 (`calorimeter.by_better`). "fine": electromagnetic towers of
        0.0174 x 1 degree, and the energy flow since (`calorimeter.by_average`). "none" returns
        the visible particles unchanged.
    rng
        Source of all random numbers.

    Returns
    -------
    EventParticles
        Massless tracks and towers, unordered.
    """
    visible = particles.select(~np.isin(np.abs(particles.pdg), NEUTRINOS))
    if model == "none":
        return EventParticles(visible.event, visible.pdg, kinematics.on_light_cone(visible.p))
    phi, eta = impact_points(visible)
    tracks = reconstruct_tracks(visible, phi, eta, rng)
    photons, tracks = energy_flow(electromagnetic(model), visible, (eta, phi), tracks, rng)
    neutrals, tracks = energy_flow(hadronic(model), visible, (eta, phi), tracks, rng)
    charged = EventParticles(
        tracks.event, tracks.pdg, kinematics.massless(tracks.pt, tracks.eta, tracks.phi)
    )
    return concatenate([charged, photons, neutrals])


def charge(pdg: NDArray[np.int32]) -> NDArray[np.int64]:
    """Electric charge of stable particles, (n,): the sign of the code, reversed for leptons."""
    code = np.abs(pdg)
    sign = np.where((code == 11) | (code == 13) | np.isin(code, (3112, 3312, 3334)), -1, 1)
    return np.where(np.isin(code, CHARGED), sign * np.sign(pdg), 0).astype(np.int64)


def impact_points(particles: EventParticles) -> tuple[Array, Array]:
    """Azimuth and pseudorapidity (n,) where particles from the origin reach the calorimeter.

    A helix of radius r leaves the cylinder of radius R after the transverse arc
    2 r asin(R / 2r), or through an end cap after the arc that takes it to the half-length;
    whichever comes first. One that curls inside R always ends in an end cap.
    """
    pt, phi = particles.pt, kinematics.azimuth(particles.p)
    slope = particles.p[:, 3] / np.maximum(pt, 1e-9)  # dz per transverse arc
    to_end = HALF_LENGTH_M / np.maximum(np.abs(slope), 1e-9)
    q = charge(particles.pdg)
    bending = q * FIELD_T * CURVATURE_GEV_PER_T_M / np.maximum(pt, 1e-9)  # 1 / r, signed
    reach = RADIUS_M * np.abs(bending) / 2
    to_barrel = np.where(
        reach < 1e-6,
        RADIUS_M,
        2 * np.arcsin(np.minimum(reach, 1.0)) / np.maximum(np.abs(bending), 1e-12),
    )
    arc = np.minimum(np.where(reach > 1.0, np.inf, to_barrel), to_end)
    half_turn = arc * bending / 2
    chord = np.where(
        np.abs(half_turn) < 1e-6, arc, np.sin(half_turn) * 2 / np.where(q == 0, 1, bending)
    )
    azimuth = phi - half_turn + np.where(chord < 0, np.pi, 0.0)
    return kinematics.wrap(azimuth), np.arcsinh(slope * arc / np.maximum(np.abs(chord), 1e-9))


def reconstruct_tracks(
    particles: EventParticles, phi: Array, eta: Array, rng: np.random.Generator
) -> Tracks:
    """Tracks of the charged particles: efficiency first, then a log-normal change of pT.

    `phi`, `eta` (n,) are the impact points, which the energy flow needs.
    """
    pt, eta0 = particles.pt, particles.eta
    draw = rng.random(len(particles))
    seen = (charge(particles.pdg) != 0) & (draw < efficiency(particles.pdg, pt, eta0))
    resolution = momentum_resolution(particles.pdg[seen], pt[seen], eta0[seen])
    smeared = fluctuate(pt[seen], resolution * pt[seen], rng)
    return Tracks(
        event=particles.event[seen],
        pdg=particles.pdg[seen],
        pt=smeared,
        eta=eta0[seen],
        phi=kinematics.azimuth(particles.p[seen]),
        resolution=resolution,
        at_eta=eta[seen],
        at_phi=phi[seen],
    )


def efficiency(pdg: NDArray[np.int32], pt: Array, eta: Array) -> Array:
    """Tracking efficiency (n,) of the card; pT in GeV.

    Zero for pT <= 0.1 GeV or beyond |eta| = 2.5; columns of the table: (low, high pT) in the
    barrel (|eta| <= 1.5) and (low, high) in the end caps, low meaning pT <= 1 GeV.
    """
    code = np.abs(pdg)
    column = np.where(np.abs(eta) <= 1.5, 0, 2) + (pt > 1.0)
    hadron = np.array([0.70, 0.95, 0.60, 0.85])[column]
    electron = np.array([0.73, 0.95, 0.50, 0.83])[column]
    electron = np.where(pt > 100, np.where(np.abs(eta) <= 1.5, 0.99, 0.90), electron)
    muon = np.array([0.75, 0.99, 0.70, 0.98])[column]
    value = np.where(code == 11, electron, np.where(code == 13, muon, hadron))
    return np.where((pt > 0.1) & (np.abs(eta) <= 2.5), value, 0.0)


def momentum_resolution(pdg: NDArray[np.int32], pt: Array, eta: Array) -> Array:
    """Relative pT resolution sqrt(a^2 + (b pT)^2) of the card, (n,); pT in GeV.

    The bins end at |eta| = 0.5, 1.5 and 2.5.
    """
    bins = np.digitize(np.abs(eta), [0.5, 1.5])
    code = np.abs(pdg)
    hadron = np.array([[0.06, 1.3e-3], [0.10, 1.7e-3], [0.25, 3.1e-3]])[bins]
    electron = np.array([[0.03, 1.3e-3], [0.05, 1.7e-3], [0.15, 3.1e-3]])[bins]
    muon = np.array([[0.01, 1.0e-4], [0.015, 1.5e-4], [0.025, 3.5e-4]])[bins]
    terms = np.where((code == 11)[:, None], electron, np.where((code == 13)[:, None], muon, hadron))
    return np.hypot(terms[:, 0], terms[:, 1] * pt)
