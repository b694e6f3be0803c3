"""The detector response: table values, geometry, energy flow, and what it may not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from triggernet.data import kinematics
from triggernet.data.generation import calorimeter, detector
from triggernet.data.generation.calorimeter import Tracks, electromagnetic, hadronic
from triggernet.data.generation.particles import EventParticles

PION, PHOTON, ELECTRON, MUON, NEUTRON, KSHORT, NEUTRINO = 211, 22, 11, 13, 2112, 310, 12


def particles(pdg, pt, eta, phi=0.0, event=0) -> EventParticles:
    arrays = np.broadcast_arrays(pdg, *(np.asarray(x, float) for x in (pt, eta, phi)), event)
    pdg, pt, eta, phi, event = (np.atleast_1d(a) for a in arrays)
    p = kinematics.massless(pt, eta, phi)
    return EventParticles(event.astype(np.int64), pdg.astype(np.int32), p)


@pytest.mark.parametrize(
    ("pdg", "pt", "eta", "expected"),
    [
        (PION, 0.09, 0.0, 0.0),
        (PION, 0.5, 1.4, 0.70),
        (-PION, 2.0, -1.4, 0.95),
        (PION, 0.5, 1.6, 0.60),
        (PION, 2.0, -2.4, 0.85),
        (PION, 50.0, 2.6, 0.0),
        (ELECTRON, 0.5, 0.0, 0.73),
        (ELECTRON, 50.0, 0.0, 0.95),
        (-ELECTRON, 150.0, 0.0, 0.99),
        (ELECTRON, 0.5, 2.0, 0.50),
        (ELECTRON, 50.0, 2.0, 0.83),
        (ELECTRON, 150.0, 2.0, 0.90),
        (MUON, 0.5, 0.0, 0.75),
        (MUON, 5.0, 0.0, 0.99),
        (MUON, 0.5, 2.0, 0.70),
        (-MUON, 5.0, 2.0, 0.98),
    ],
)
def test_efficiencies_are_those_of_the_card(pdg, pt, eta, expected):
    value = detector.efficiency(np.array([pdg], np.int32), np.array([pt]), np.array([eta]))
    np.testing.assert_allclose(value, expected)


@pytest.mark.parametrize(
    ("pdg", "pt", "eta", "expected"),
    [
        (PION, 10.0, 0.2, np.hypot(0.06, 1.3e-2)),
        (PION, 10.0, -1.0, np.hypot(0.10, 1.7e-2)),
        (PION, 100.0, 2.0, np.hypot(0.25, 0.31)),
        (ELECTRON, 100.0, 0.2, np.hypot(0.03, 0.13)),
        (MUON, 100.0, 1.0, np.hypot(0.015, 0.015)),
    ],
)
def test_resolutions_are_those_of_the_card(pdg, pt, eta, expected):
    value = detector.momentum_resolution(np.array([pdg], np.int32), np.array([pt]), np.array([eta]))
    np.testing.assert_allclose(value, expected)


def test_charges():
    codes = np.array(
        [211, -211, 11, -11, 13, -13, 2212, -2212, 321, 3112, -3112, 3222, 22, 2112, 130]
    )
    expected = [1, -1, -1, 1, -1, 1, 1, -1, 1, -1, 1, 1, 0, 0, 0]
    np.testing.assert_array_equal(detector.charge(codes.astype(np.int32)), expected)


def test_neutral_particles_fly_straight():
    phi, eta = detector.impact_points(particles(PHOTON, [1.0, 20.0], [0.4, -2.2], [1.0, -2.0]))
    np.testing.assert_allclose(phi, [1.0, -2.0])
    np.testing.assert_allclose(eta, [0.4, -2.2])


def test_a_charged_particle_bends_by_the_known_angle():
    # Radius of curvature r = pT / (0.29979 B): the chord to the cylinder subtends asin(R / 2r).
    pt = 1.2
    turn = np.arcsin(1.15 / 2 * 0.299792458 * 2.0 / pt)
    phi, _ = detector.impact_points(particles([PION, -PION], pt, 0.3, 0.5))
    np.testing.assert_allclose(phi, [0.5 - turn, 0.5 + turn])


def test_a_curling_particle_ends_in_an_end_cap():
    radius = 0.2 / (0.299792458 * 2.0)  # 0.33 m, less than half of 1.15 m
    eta = 1.0
    phi, impact = detector.impact_points(particles(PION, 0.2, eta))
    arc = 3.51 / np.sinh(eta)
    x, y = radius * np.sin(arc / radius), radius * (np.cos(arc / radius) - 1)
    np.testing.assert_allclose(phi, np.arctan2(y, x))
    np.testing.assert_allclose(impact, np.arcsinh(3.51 / np.hypot(x, y)))


def test_hard_tracks_keep_their_direction():
    start = particles(PION, 5000.0, np.linspace(-2.4, 2.4, 9), 1.0)
    phi, eta = detector.impact_points(start)
    np.testing.assert_allclose(phi, 1.0, atol=1e-4)
    np.testing.assert_allclose(eta, start.eta, atol=1e-4)


@pytest.mark.parametrize(
    "build",
    [lambda: electromagnetic("fine"), lambda: electromagnetic("coarse"), lambda: hadronic("fine")],
)
def test_every_direction_has_its_cell(build):
    device = build()
    assert (np.diff(device.eta_edges) > 0).all()
    np.testing.assert_allclose(device.eta_edges, -device.eta_edges[::-1], atol=0.02)
    rng = np.random.default_rng(1)
    eta, phi = rng.uniform(-6, 6, 2000), rng.uniform(-np.pi, np.pi, 2000)
    ring, cell = device.cell(eta, phi)
    inside = ring >= 0
    outer = device.eta_edges[-1]
    np.testing.assert_array_equal(inside, (eta > -outer) & (eta <= outer))
    ring, cell, eta, phi = ring[inside], cell[inside], eta[inside], phi[inside]
    assert ((device.eta_edges[ring] < eta) & (eta <= device.eta_edges[ring + 1])).all()
    width = 2 * np.pi / device.phi_cells[ring]
    assert ((cell * width <= phi + np.pi + 1e-9) & (phi + np.pi <= (cell + 1) * width + 1e-9)).all()


def test_granularities():
    eta, phi = np.array([0.005, 0.015, 0.02, 0.09]), np.full(4, 0.001)
    fine, _ = electromagnetic("fine").cell(eta, phi)
    coarse, _ = electromagnetic("coarse").cell(eta, phi)
    assert len(set(fine)) == 3
    assert len(set(coarse)) == 1
    assert electromagnetic("fine").phi_cells.max() == 360
    assert electromagnetic("coarse").phi_cells.max() == 36


def test_resolutions_of_the_calorimeters():
    energy = np.array([100.0])
    central, forward = np.array([1.0]), np.array([4.0])
    expected = np.sqrt((0.0017 * 100) ** 2 + 0.101**2 * 100)
    np.testing.assert_allclose(calorimeter.electromagnetic_resolution(central, energy), expected)
    expected = np.sqrt((0.035 * 100) ** 2 + 0.285**2 * 100)
    np.testing.assert_allclose(calorimeter.electromagnetic_resolution(forward, energy), expected)
    expected = np.sqrt((0.0302 * 100) ** 2 + 0.5205**2 * 100 + 1.59**2)
    np.testing.assert_allclose(calorimeter.hadronic_resolution(central, energy), expected)
    expected = np.sqrt((0.05 * 100) ** 2 + 0.706**2 * 100)
    np.testing.assert_allclose(calorimeter.hadronic_resolution(np.array([2.0]), energy), expected)
    expected = np.sqrt((0.0942 * 100) ** 2 + 100)
    np.testing.assert_allclose(calorimeter.hadronic_resolution(forward, energy), expected)


def test_every_particle_shares_its_energy():
    codes = np.array([PION, NEUTRON, PHOTON, ELECTRON, MUON, KSHORT, 3122, 130, 14], np.int32)
    em, had = calorimeter.electromagnetic_share(codes), calorimeter.hadronic_share(codes)
    np.testing.assert_allclose(em, [0, 0, 1, 1, 0, 0.3, 0.3, 0, 0])
    np.testing.assert_allclose(had, [1, 1, 0, 0, 0, 0.7, 0.7, 1, 0])


def test_fluctuations_have_the_asked_mean_and_deviation():
    drawn = calorimeter.fluctuate(
        np.full(200_000, 10.0), np.full(200_000, 3.0), np.random.default_rng(2)
    )
    assert abs(drawn.mean() - 10) < 0.03
    assert abs(drawn.std() - 3) < 0.05
    assert calorimeter.fluctuate(np.zeros(1), np.ones(1), np.random.default_rng(2)) == 0


def one_tower(energy, tracks, sigmas, min_significance=1.0, combine=calorimeter.by_better):
    """A hadronic tower at eta = 0.05 with tracks of given energies and errors, combined."""
    device = hadronic("coarse")
    device = replace(device, min_significance=min_significance, combine=combine)
    eta = np.array([0.05])
    measured = np.array([float(energy)])
    zero = np.zeros(1, np.int64)
    towers = calorimeter.Towers(
        event=zero, ring=zero, cell=zero, eta=eta, deposited=measured, energy=measured,
        sigma=device.resolution(eta, measured), of_track=np.zeros(len(tracks), np.int64),
        track_energy=np.array(tracks, float), track_sigma=np.array(sigmas, float),
    )  # fmt: skip
    neutral, scale = combine(device, towers)
    return float(neutral[0]), scale


def test_better_tracks_stand_and_the_rest_is_neutral():
    neutral, scale = one_tower(60.0, [20.0, 10.0], [1.0, 1.0])
    np.testing.assert_allclose(neutral, 30.0)
    np.testing.assert_allclose(scale, [1.0, 1.0])


def test_an_insignificant_rest_vanishes():
    neutral, scale = one_tower(32.0, [20.0, 10.0], [1.0, 1.0])  # resolution at 32 GeV: 3.5 GeV
    assert neutral == 0
    np.testing.assert_allclose(scale, [1.0, 1.0])


def test_worse_tracks_share_what_the_better_leave():
    neutral, scale = one_tower(100.0, [20.0, 50.0], [1.0, 40.0])
    assert neutral == 0
    np.testing.assert_allclose(scale, [1.0, 80 / 50])


def test_a_significant_excess_is_neutral_in_the_average_flow():
    neutral, scale = one_tower(60.0, [20.0], [1.0], 2.0, calorimeter.by_average)
    np.testing.assert_allclose(neutral, 40.0)
    np.testing.assert_allclose(scale, [1.0])


def test_without_excess_tracks_take_the_weighted_mean():
    tracks, errors, energy = [20.0, 10.0], [2.0, 1.0], 34.0
    neutral, scale = one_tower(energy, tracks, errors, 2.0, calorimeter.by_average)
    sigma = float(calorimeter.hadronic_resolution(np.array([0.05]), np.array([energy]))[0])
    mean = (30.0 / 5.0 + energy / sigma**2) / (1 / 5.0 + 1 / sigma**2)
    assert neutral == 0
    np.testing.assert_allclose(scale, [mean / 30.0] * 2)


@pytest.mark.parametrize("model", ["coarse", "fine"])
def test_energy_is_right_on_average(model):
    rng = np.random.default_rng(3)
    n = 4000
    for pdg in (PHOTON, NEUTRON, PION):
        sent = particles(np.full(n, pdg), 60.0, rng.uniform(-1.4, 1.4, n), 1.0, np.arange(n))
        seen = detector.respond(sent, model, rng)
        total = np.bincount(seen.event, seen.pt, n)
        assert abs(np.mean(total) / 60 - 1) < 0.03, (pdg, np.mean(total))


def test_neutrinos_leave_nothing_and_muons_only_tracks():
    rng = np.random.default_rng(4)
    assert len(detector.respond(particles([NEUTRINO], 50.0, 0.3), "coarse", rng)) == 0
    n = 500
    seen = detector.respond(
        particles(np.full(n, MUON), 50.0, 0.3, 1.0, np.arange(n)), "coarse", rng
    )
    assert (seen.pdg == MUON).all()
    assert 0.97 < len(seen) / n < 1.0


def test_everything_seen_is_massless():
    rng = np.random.default_rng(5)
    codes = rng.choice([PION, -PION, PHOTON, NEUTRON, KSHORT, ELECTRON], 3000)
    sent = particles(
        codes,
        rng.exponential(5, 3000) + 0.2,
        rng.uniform(-2.5, 2.5, 3000),
        rng.uniform(-3, 3, 3000),
        rng.integers(0, 5, 3000),
    )
    for model in ("coarse", "fine", "none"):
        seen = detector.respond(sent, model, np.random.default_rng(6))
        np.testing.assert_allclose(seen.p, kinematics.on_light_cone(seen.p), rtol=1e-9, atol=1e-9)
        assert set(seen.event) == set(range(5))


def test_events_do_not_mix():
    """Two events give the towers of each alone: nothing is summed across."""
    rng = np.random.default_rng(7)
    device = electromagnetic("coarse")
    tracks = Tracks(*(np.zeros(0, kind) for kind in ("i8", "i4", *"ffffff")))
    sent = particles(np.full(40, PHOTON), 10.0, rng.uniform(-1, 1, 40), 0.5, np.arange(40) % 2)
    impact = (sent.eta, kinematics.azimuth(sent.p))
    none = np.zeros(0, bool)
    both = calorimeter.fill(device, sent, impact, tracks, none)
    for event in (0, 1):
        mine = sent.event == event
        alone = calorimeter.fill(
            device, sent.select(mine), tuple(x[mine] for x in impact), tracks, none
        )
        np.testing.assert_allclose(both.deposited[both.event == event], alone.deposited)
    np.testing.assert_allclose(both.deposited.sum(), sent.p[:, 0].sum())
