"""Jets with tracks: generated, read, written, looked at."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from flavour_files import SMALL, generated

from triggernet.data import kinematics, load_jets, tracks
from triggernet.data.generation.chunk import ChunkPlan
from triggernet.data.generation.flavour import association, dense, resampling, truth
from triggernet.data.generation.flavour.chunk import generate_chunk
from triggernet.data.generation.flavour.collisions import MASSES_GEV, settings
from triggernet.data.generation.flavour.config import CLASSES, FlavourConfig, TrackingConfig
from triggernet.data.generation.flavour.helix import lifetime_signs, on_layers, perigee, radius_mm
from triggernet.data.generation.flavour.resolution import deviates, resolution
from triggernet.data.generation.flavour.sample import MAKER, plan_chunks
from triggernet.data.generation.flavour.tracking import FOUND, SENSORS_MM, hits, holes
from triggernet.data.generation.sample import generate
from triggernet.data.track_plots import describe_tracks
from triggernet.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def file():
    return generated()


@pytest.fixture(scope="module")
def jets(file):
    return load_jets(file)


def traced(place, pt, eta, phi, q, steps=400_001):
    """Points of the helix through `place`, backwards and forwards: positions and directions."""
    r = radius_mm(np.array([pt]), np.array([q]))[0]
    turn = np.linspace(-1.0, 1.0, steps) * min(1.0, 2000 / abs(r))
    angle = phi - turn * np.sign(q)
    x = place[0] + r * (np.sin(phi) - np.sin(angle))
    y = place[1] - r * (np.cos(phi) - np.cos(angle))
    z = place[2] + abs(r) * turn * np.sinh(eta)
    return x, y, z, angle


@pytest.mark.parametrize("q", [1, -1])
@pytest.mark.parametrize("phi", [-2.5, 0.3, 1.7])
@pytest.mark.parametrize("pt", [0.6, 20.0])
def test_the_perigee_is_the_point_of_the_helix_next_to_the_vertex(q, phi, pt):
    place, eta = np.array([[3.0, -5.0, 7.0]]), 0.8
    d0, z0, phi0 = (
        x[0]
        for x in perigee(
            place, np.array([pt]), np.array([eta]), np.array([phi]), np.array([q], np.int64)
        )
    )
    x, y, z, angle = traced(place[0], pt, eta, phi, q)
    nearest = np.argmin(np.hypot(x, y))
    np.testing.assert_allclose(abs(d0), np.hypot(x, y)[nearest], rtol=1e-4)
    np.testing.assert_allclose(
        d0 * np.array([np.sin(phi0), -np.cos(phi0)]), [x[nearest], y[nearest]], atol=0.02
    )
    np.testing.assert_allclose(z0, z[nearest], atol=0.02)
    np.testing.assert_allclose(kinematics.wrap(phi0 - angle[nearest]), 0, atol=1e-3)
    azimuth, height = on_layers(
        np.array([50.0]),
        *(
            np.array([v])
            for v in (d0, z0, phi0, eta, q / abs(radius_mm(np.array([pt]), np.array([1]))[0]))
        ),
    )
    outgoing = np.arange(len(x)) > nearest
    crossing = np.flatnonzero(outgoing & (np.hypot(x, y) > 50))[0]
    found = np.array([50 * np.cos(azimuth[0, 0]), 50 * np.sin(azimuth[0, 0]), height[0, 0]])
    np.testing.assert_allclose(found, [x[crossing], y[crossing], z[crossing]], atol=0.6)


def test_particles_from_the_vertex_have_no_impact_parameter():
    one = np.ones(1)
    d0, z0, phi0 = perigee(np.zeros((1, 3)), 2 * one, one, one, np.array([-1]))
    np.testing.assert_allclose([d0[0], z0[0], phi0[0]], [0, 0, 1], atol=1e-9)


@pytest.mark.parametrize("phi_jet", [0.4, -2.9])
@pytest.mark.parametrize("eta_jet", [1.2, -0.7])
def test_decays_in_flight_have_positive_signs_and_decays_behind_negative_ones(phi_jet, eta_jet):
    rng = np.random.default_rng(1)
    n, pt = 500, np.full(500, 50.0)
    eta, phi = eta_jet + rng.normal(0, 0.1, n), phi_jet + rng.normal(0, 0.1, n)
    q = rng.choice([-1, 1], n)
    flight = np.array([np.cos(phi_jet), np.sin(phi_jet), np.sinh(eta_jet)])
    for length, sign in ((4.0, 1), (-4.0, -1)):
        place = np.tile(length * flight, (n, 1))
        d0, z0, phi0 = perigee(place, pt, eta, phi, q)
        axis = np.full(n, eta_jet), np.full(n, phi_jet)
        in_plane, along = lifetime_signs(d0, z0, phi0, eta, axis)
        assert (in_plane == sign).mean() > 0.98
        assert (along == sign).mean() > 0.98


def test_impact_parameters_tell_flavours_apart_above_and_are_symmetric_below(jets):
    described = describe_tracks(jets)
    above = {name: described[name]["share_above_3"] for name in ("b", "c", "light")}
    below = {name: described[name]["share_below_minus_3"] for name in ("b", "c", "light")}
    assert above["b"] > 0.2
    assert above["b"] > 2 * above["c"] > 2 * above["light"]
    assert above["light"] < 0.05
    assert above["b"] > 3 * below["b"]
    assert abs(above["light"] - below["light"]) < 0.02
    b = jets.tracks[jets.label == CLASSES.index("b")]
    decayed = b["valid"] & np.isin(b[tracks.ORIGIN], (tracks.FROM_B, tracks.FROM_BC))
    for name in (tracks.SIGNIFICANCE, "IP3D_signed_z0_significance"):
        of_decays = b[name][decayed]
        assert (of_decays > 3).mean() > 3 * (of_decays < -3).mean()


def test_origins_are_those_of_the_flavour(jets):
    for label, name in enumerate(CLASSES):
        rows = jets.tracks[jets.label == label]
        share = {
            k: (rows[tracks.ORIGIN][rows["valid"]] == k).mean() for k in range(len(tracks.ORIGINS))
        }
        heavy = share[tracks.FROM_B] + share[tracks.FROM_BC]
        assert (heavy > 0.3) == (name == "b")
        assert (share[tracks.FROM_C] > 0.05) == (name == "c")
        assert (share[tracks.FROM_TAU] > 0.1) == (name == "tau")
        assert 0.01 < share[tracks.PILE_UP] < 0.5


def test_vertices_belong_to_what_decayed(jets):
    vertex, origin, valid = (jets.tracks[k] for k in (tracks.VERTEX, tracks.ORIGIN, "valid"))
    assert (vertex[valid & (origin <= tracks.FAKE)] == -1).all()
    assert (vertex[valid & (origin == tracks.PRIMARY)] == 0).mean() > 0.99
    assert (vertex[valid & (origin == tracks.FROM_B)] > 0).mean() > 0.95
    assert (vertex[~valid] == -1).all()
    assert (origin[~valid] == -1).all()


def test_vertices_are_merged_where_steps_lead_from_one_to_the_other():
    found = np.zeros((1, 6), FOUND)
    found["place"][0, :, 2] = [0.05, 5.0, 5.08, 5.16, 9.0, 9.0]
    found["origin"] = [[tracks.PRIMARY, *[tracks.FROM_B] * 3, tracks.FROM_BC, tracks.PILE_UP]]
    there = np.ones((1, 6), bool)
    assert association.vertices(found, there).tolist() == [[0, 1, 1, 1, 2, -1]]
    there[0, 2] = False  # the step between is gone
    assert association.vertices(found, there).tolist() == [[0, 1, -1, 2, 3, -1]]


def test_the_selection_of_tracks_is_that_of_the_talk():
    good = np.zeros(1, FOUND)
    good["pt"], good["hits"] = 1.0, True
    assert association.selected(good).all()
    worse = {"pt": 0.49, "d0": 3.6, "z0": -5.1, "shared": [0, 2, 0], "holes": [2, 0]}
    for name, value in worse.items():
        bad = good.copy()
        bad[name] = value
        assert not association.selected(bad).any(), name
    for name, value in {"shared": [0, 1, 1], "holes": [1, 1], "z0": 5.1}.items():
        fine = good.copy()
        fine[name] = value
        fine["eta"] = 0.5 if name == "z0" else 0.0
        assert association.selected(fine).all(), name
    few = good.copy()
    few["hits"][0, 7:] = False
    assert not association.selected(few).any()
    for name, value in {"shared": [0, 1, 2], "holes": [1, 2]}.items():
        bad = good.copy()
        bad[name] = value
        assert not association.selected(bad).any(), name


def test_the_cone_shrinks_as_in_athena():
    np.testing.assert_allclose(
        association.cone_of(np.array([20.0, 150.0, 1000.0])),
        0.239 + np.exp(-1.220 - 1.64e-5 * np.array([20e3, 150e3, 1000e3])),
    )
    assert association.cone_of(np.array([20.0]))[0] == pytest.approx(0.4517, abs=1e-3)


def test_particles_hit_what_lies_outside_of_where_they_were_made():
    rng = np.random.default_rng(0)
    made = np.repeat([0.0, 40.0, 200.0], 4000)
    hit = hits(made, rng)
    outside = made[:, None] < SENSORS_MM
    assert not hit[~outside].any()
    assert hit[outside].mean() == pytest.approx(0.98, abs=0.002)
    of = np.ones((3, 12), bool)
    of[0, 0] = of[1, 2] = of[2, 5] = of[2, 11] = False  # the first and the last are no holes
    assert holes(of).tolist() == [[0, 0], [1, 0], [0, 1]]


def test_resolutions_are_those_of_the_tables():
    pt, eta = np.array([1.0, 1.0, 20.0, 20.0]), np.array([0.0, 2.0, 0.0, 2.5])
    sigma = resolution(pt, eta, np.ones(4, bool))
    np.testing.assert_allclose(sigma.d0[:2], np.hypot([0.0104, 0.0137], [0.0818, 0.1557]))
    np.testing.assert_allclose(sigma.z0[2], np.hypot(0.0306, 0.1157 / 20**0.744))
    np.testing.assert_allclose(sigma.phi, [0.0015, 0.00326, 1.5e-4, 2.3e-4])
    np.testing.assert_allclose(sigma.theta[3], 0.0025 / np.cosh(2.5) ** 2)
    without = resolution(pt, eta, np.zeros(4, bool))
    np.testing.assert_allclose(without.d0, 1.5 * sigma.d0)
    np.testing.assert_allclose(without.phi, sigma.phi)
    drawn = deviates(200_000, 0.025, 3.0, np.random.default_rng(0))
    assert drawn.std() == pytest.approx(np.sqrt(0.975 + 0.025 * 9), rel=0.02)
    assert (np.abs(drawn) > 4).mean() > 50 * 6.3e-5


def test_hits_of_tracks_side_by_side_are_shared():
    found = np.zeros((1, 3), FOUND)
    found["hits"], found["pt"] = True, 10.0
    found["true_curvature"] = 1e-4
    found["true_phi"][0] = [0.0, 1e-4, 1.0]
    there = np.ones((1, 3), bool)
    dense.share_hits(found, there, np.random.default_rng(1))
    assert found["shared"][0, :2, 2].tolist() == [8, 8]  # no strip is known to be of two
    both = found["shared"][0, :, 1] + found["split"][0, :, 1]
    assert both.tolist() == [4, 4, 0]
    assert (found["shared"][0, 0] == found["shared"][0, 1]).all()
    assert found["shared"][0, 2].sum() == 0
    alone = np.zeros((1, 3), FOUND)
    alone["hits"] = True
    dense.share_hits(alone, np.array([[True, False, False]]), np.random.default_rng(1))
    assert alone["shared"].sum() == alone["split"].sum() == 0


def test_wrong_tracks_are_more_where_tracks_are_dense():
    rng = np.random.default_rng(2)
    found = np.zeros((4000, 20), FOUND)
    found["q_over_p"], found["sigma_d0"], found["sigma_z0"] = 1.0, 0.02, 0.1
    found["origin"], found["hits"] = tracks.PRIMARY, True
    there = np.ones((4000, 20), bool)
    there[2000:, 5:] = False
    wider, exists = dense.with_fakes(found, there, np.full(4000, 0.25), rng)
    fake = exists & (wider["origin"] == tracks.FAKE)
    share = [fake[rows].sum() / there[rows].sum() for rows in (slice(0, 2000), slice(2000, None))]
    assert share[0] == pytest.approx(0.005 + 0.045 * 20 / (np.pi * 0.25**2) / 400, rel=0.1)
    assert 0.005 < share[1] < share[0]
    assert set(wider["hits"][fake].sum(-1)) == {8, 9}
    assert (wider["holes"][fake] == [0, 1]).all()
    assert wider["d0"][fake].std() == pytest.approx(0.2, rel=0.1)


def test_hadrons_are_known_by_their_codes():
    codes = {511: 5, -5122: 5, 541: 5, 421: 4, -4122: 4, 443: 1, 553: 1, 15: 15, 310: 3, 211: 1}
    codes |= {5: 0, 21: 0, 4101: 0, 5503: 0, 11: 0, 24: 0, 32: 0, 10411: 4, 3122: 3}
    found = truth.kind_of(np.array(list(codes), np.int32))
    assert found.tolist() == list(codes.values())


def test_chunks_take_settings_in_turns():
    masses = {m for k in range(10) for m in MASSES_GEV if f"32:m0 = {m}" in settings(SMALL, 1, k)}
    assert masses == set(MASSES_GEV)
    tuned = replace(SMALL, pythia=("TimeShower:alphaSvalue = 0.12",))
    assert settings(tuned, 0, 0)[-1] == "TimeShower:alphaSvalue = 0.12"


def test_the_same_settings_give_the_same_file(file, tmp_path):
    again = tmp_path / "again.h5"
    generate(replace(SMALL, resampling="weights"), 1200, again, seed=3, given=MAKER)
    assert again.read_bytes() == file.read_bytes()


def test_a_chunk_does_not_depend_on_those_before_it():
    config = replace(SMALL, chunk_jets=40, tracking=TrackingConfig(pile_up=0.0))
    plan = ChunkPlan(5, 1, 1, 40)
    first = generate_chunk(config, plan)
    generate_chunk(config, ChunkPlan(5, 0, 0, 40))
    second = generate_chunk(config, plan)
    for name in ("jets", "tracks"):
        assert first[name].tobytes() == second[name].tobytes()


def test_plans_share_jets_between_sources():
    plans = plan_chunks(replace(SMALL, high_pt_share=0.25), 1000, 1)
    assert sum(p.n_jets for p in plans if p.label == 0) == 750
    assert sum(p.n_jets for p in plans if p.label == 1) == 250
    assert len({p.name for p in plans}) == len(plans)


def test_damaged_chunks_are_refused_by_name(tmp_path):
    path = tmp_path / "chunk-0-00000.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="chunk-0-00000.npz is damaged .*remove it"):
        from triggernet.data.generation.flavour.sample import read_chunk

        read_chunk(path)


def test_windows_of_both_sources(jets, file):
    with h5py.File(file) as stored:
        process = stored["jets"]["process"]
    pt = kinematics.transverse_momentum(jets.jet)
    assert pt[process == 0].min() > 20
    assert pt[process == 0].max() <= 250 < pt[process == 1].min()
    assert set(np.unique(jets.label)) == {0, 1, 2, 3}
    assert jets.classes == ("b", "c", "light", "tau")
    significance = np.abs(np.where(jets.tracks["valid"], jets.tracks[tracks.SIGNIFICANCE], 0))
    assert (np.diff(significance, axis=1) <= 0).all()


def test_weights_make_the_distributions_of_all_flavours_that_of_the_target():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 30_000)
    pt = np.exp(rng.normal(4 + 0.2 * label, 0.5))
    eta = rng.normal(0, 0.8 + 0.1 * label)
    number = resampling.bins_of(pt, eta, np.zeros(len(label), np.int64))
    weight = resampling.weights(label, number, 1)
    for each in range(3):
        assert weight[label == each].mean() == pytest.approx(1)
        mean = np.average(np.log(pt[label == each]), weights=weight[label == each])
        assert mean == pytest.approx(np.log(pt[label == 1]).mean(), abs=0.02)
    np.testing.assert_allclose(weight[label == 1], 1)
    index = resampling.drawn(label, number, 1, rng)
    histograms = [np.bincount(number[index][label[index] == k], minlength=125) for k in (0, 1, 2)]
    populated = (
        np.array([np.bincount(number[label == k], minlength=125) for k in (0, 1, 2)]).min(0) > 0
    )
    for each in (0, 2):
        np.testing.assert_array_equal(histograms[each][populated], histograms[1][populated])
    copies = np.bincount(index, minlength=len(label))
    assert copies[label == 1].max() == 1
    assert copies.max() > 1


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="rising numbers from 15 on"):
        FlavourConfig(pt_split_gev=10.0)
    with pytest.raises(ConfigError, match=r"at most 2\.5"):
        FlavourConfig(abs_eta_max=3.0)
    with pytest.raises(ConfigError, match="high_pt_share"):
        FlavourConfig(high_pt_share=1.5)
    for values in (
        {"pile_up": -1.0},
        {"n_tracks": 0},
        {"pile_up_library": 0},
        {"tail_share": 1.0},
        {"tail_width": 0.5},
    ):
        with pytest.raises(ConfigError):
            TrackingConfig(**values)
