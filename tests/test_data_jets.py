"""Jets in memory, their kinematics, and mock jets."""

from __future__ import annotations

import numpy as np
import pytest

from triggernet.data import Jets, kinematics, mock_jets
from triggernet.errors import DataError


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(DataError, match="do not belong together"):
        Jets(np.zeros((2, 3, 4)), np.zeros((2, 4)), np.zeros(3, int))
    with pytest.raises(DataError, match="multiplicity"):
        Jets(np.zeros((2, 3, 4)), np.zeros((2, 4)), np.zeros(2, int), multiplicity=np.ones(3, int))


def test_leading_keeps_the_jet_and_its_multiplicity():
    jets = mock_jets(6, seed=1)
    short = jets.leading(4)
    assert short.constituents.shape == (6, 4, 4)
    np.testing.assert_array_equal(short.jet, jets.jet)
    np.testing.assert_array_equal(short.multiplicity, jets.present.sum(axis=1))
    assert (short.multiplicity > 4).all()
    longer = short.leading(9)
    assert longer.constituents.shape == (6, 9, 4)
    assert not longer.present[:, 4:].any()


def test_select_takes_everything_along():
    jets = mock_jets(8, seed=2)
    chosen = jets.select(np.array([5, 1]))
    np.testing.assert_array_equal(chosen.constituents, jets.constituents[[5, 1]])
    np.testing.assert_array_equal(chosen.jet, jets.jet[[5, 1]])
    np.testing.assert_array_equal(chosen.label, jets.label[[5, 1]])
    np.testing.assert_array_equal(chosen.multiplicity, jets.multiplicity[[5, 1]])
    assert chosen.classes == jets.classes


def test_massless_momenta_come_back():
    rng = np.random.default_rng(3)
    pt, eta = rng.uniform(0.1, 500, 50), rng.uniform(-4, 4, 50)
    phi = rng.uniform(-np.pi, np.pi, 50)
    p = kinematics.massless(pt, eta, phi)
    np.testing.assert_allclose(kinematics.transverse_momentum(p), pt)
    np.testing.assert_allclose(kinematics.pseudorapidity(p), eta)
    np.testing.assert_allclose(kinematics.rapidity(p), eta, atol=1e-5)
    np.testing.assert_allclose(kinematics.azimuth(p), phi)
    np.testing.assert_allclose(kinematics.mass(p), 0, atol=2e-3)


def test_rapidity_and_masses_of_a_known_particle():
    p = np.array([[5.0, 0.0, 3.0, 0.0], [13.0, 3.0, 0.0, 12.0]])
    np.testing.assert_allclose(kinematics.mass(p), [4.0, 4.0])
    np.testing.assert_allclose(kinematics.transverse_mass(p), [5.0, 5.0])
    np.testing.assert_allclose(kinematics.rapidity(p), [0.0, 0.5 * np.log(25.0)])


def test_angles_wrap_into_one_turn():
    angle = np.array([np.pi, -np.pi, 3.5, -3.5, 0.2])
    expected = [-np.pi, -np.pi, 3.5 - 2 * np.pi, 2 * np.pi - 3.5, 0.2]
    np.testing.assert_allclose(kinematics.wrap(angle), expected)


def test_distance_across_the_seam_is_short():
    first = kinematics.massless(np.array(1.0), np.array(0.3), np.array(np.pi - 0.1))
    second = kinematics.massless(np.array(1.0), np.array(0.6), np.array(0.3 - np.pi))
    np.testing.assert_allclose(kinematics.delta_r(first, second), 0.5)


def test_mock_jets_are_sorted_massless_and_in_the_window():
    jets = mock_jets(200, seed=4)
    pt = kinematics.transverse_momentum(jets.constituents)
    assert (np.diff(pt, axis=1) <= 0).all()
    massless = kinematics.on_light_cone(jets.constituents)
    np.testing.assert_allclose(jets.constituents, massless, atol=1e-9)
    jet_pt = kinematics.transverse_momentum(jets.jet)
    assert ((jet_pt > 550) & (jet_pt < 650)).all()
    np.testing.assert_allclose(jets.jet, jets.constituents.sum(axis=1))
    np.testing.assert_array_equal(jets.label, np.arange(200) % 2)


def test_mock_jets_repeat_and_differ_by_seed():
    first, again, other = mock_jets(10, seed=5), mock_jets(10, seed=5), mock_jets(10, seed=6)
    np.testing.assert_array_equal(first.constituents, again.constituents)
    assert not np.array_equal(first.constituents, other.constituents)


def test_mock_classes_differ_in_mass():
    jets = mock_jets(2000, seed=7)
    mass = kinematics.mass(jets.jet)
    assert np.median(mass[jets.label == 1]) > 1.4 * np.median(mass[jets.label == 0])
    counts = [jets.multiplicity[jets.label == label].mean() for label in (0, 1)]
    np.testing.assert_allclose(counts, [40, 50], atol=3)
