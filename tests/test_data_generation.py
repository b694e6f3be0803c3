"""Generated jets: what is in a sample, and what its settings change."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from triggernet.config import load_config
from triggernet.data import kinematics, load_jets
from triggernet.data.cross_section import cross_section_text
from triggernet.data.generation import (
    CollisionConfig,
    GenerationConfig,
    SelectionConfig,
    event_record,
    generate,
)
from triggernet.data.generation.chunk import ChunkPlan, generate_chunk, refuse_hopeless
from triggernet.data.generation.clustering import FoundJets, cluster
from triggernet.data.generation.particles import EventParticles
from triggernet.data.generation.processes import DIJETS, TOP
from triggernet.data.generation.pythia import EventSource, Resonances, origins, start_pythia
from triggernet.data.generation.sample import plan_chunks, summary_text
from triggernet.data.generation.selection import match, select
from triggernet.errors import ConfigError, ToolError, UsageError

SMALL = GenerationConfig(chunk_jets=15, n_constituents=60)
N_JETS = 60


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "no" / "folder" / "yet" / "jets.h5"
    generate(SMALL, N_JETS, path, seed=3, workers=1)
    return path


def test_the_sample_is_what_was_asked_for(sample):
    jets = load_jets(sample)
    assert jets.constituents.shape == (N_JETS, 60, 4)
    np.testing.assert_array_equal(np.bincount(jets.label), [30, 30])
    np.testing.assert_array_equal(np.bincount(jets.label[:30]), [15, 15])  # chunk by chunk
    assert jets.label[:15].sum() not in {0, 15}  # and mixed within
    pt, eta = kinematics.transverse_momentum(jets.jet), kinematics.pseudorapidity(jets.jet)
    assert ((pt > 550) & (pt < 650) & (np.abs(eta) < 2)).all()
    assert (jets.multiplicity >= jets.present.sum(axis=1)).all()
    falling = np.diff(kinematics.transverse_momentum(jets.constituents), axis=1)
    assert (falling <= 1e-6).all()
    complete = jets.multiplicity <= 60
    assert complete.sum() > 20
    total = jets.constituents[complete].sum(axis=1)
    np.testing.assert_allclose(total, jets.jet[complete], rtol=1e-5, atol=1e-3)


def test_truth_is_a_top_inside_the_jet(sample):
    with h5py.File(sample) as file:
        table = file["jets"][:]
    signal, background = table[table["label"] == 1], table[table["label"] == 0]
    np.testing.assert_allclose(signal["truth_mass"], 173, atol=15)
    d_phi = kinematics.wrap((signal["truth_phi"] - signal["phi"]).astype(float))
    assert (np.hypot(signal["truth_eta"] - signal["eta"], d_phi) < 0.8).all()
    assert (background["truth_pt"] == 0).all()
    jets = load_jets(sample)
    np.testing.assert_allclose(
        kinematics.mass(jets.truth)[jets.label == 1], signal["truth_mass"], rtol=1e-5
    )


def test_attributes_tell_how_the_sample_was_made(sample):
    with h5py.File(sample) as file:
        assert file.attrs["units"] == "GeV"
        about = json.loads(file.attrs["provenance"])
    assert about["seed"] == 3
    assert "chunk_jets: 15" in about["config"]
    assert "pythia8mc" in json.loads(about["packages"])
    statistics = json.loads(about["statistics"])
    for name, sigma in (("qcd", 2.5e-6), ("top", 2.5e-9)):
        found = statistics[name]
        assert found["events_tried"] > found["jets_accepted"] >= 30
        np.testing.assert_allclose(found["sigma_mb"], sigma, rtol=0.1)
    assert statistics["top"]["jets_in_window"] > statistics["top"]["jets_accepted"]
    assert "worker" not in json.dumps(about)


def test_config_files_are_complete(tmp_path, sample):
    """The recorded configuration alone makes the same sample."""
    with h5py.File(sample) as file:
        text = json.loads(file.attrs["provenance"])["config"]
    (tmp_path / "config.yaml").write_text(text)
    assert load_config(GenerationConfig, tmp_path / "config.yaml") == SMALL


def test_every_seed_class_and_chunk_has_jets_of_its_own(sample):
    plans = [ChunkPlan(1, 0, 0, 2), ChunkPlan(2, 0, 0, 2), ChunkPlan(1, 0, 1, 2)]
    assert len({generate_chunk(SMALL, plan).jet.tobytes() for plan in plans}) == 3
    assert len(np.unique(load_jets(sample).jet, axis=0)) == N_JETS


def test_the_leading_constituents_are_the_ones_that_are_kept():
    plan = ChunkPlan(1, 1, 0, 5)
    whole = generate_chunk(replace(SMALL, n_constituents=200), plan)
    short = generate_chunk(replace(SMALL, n_constituents=7), plan)
    assert (whole.n_constituents > 7).all()
    np.testing.assert_array_equal(short.constituents, whole.constituents[:, :7])
    pt = np.hypot(whole.constituents[..., 0], whole.constituents[..., 1])
    assert (np.diff(pt, axis=1) <= 0).all()
    np.testing.assert_array_equal(short.jet, whole.jet)


def test_a_chunk_does_not_depend_on_how_many_jets_are_asked_of_it():
    short, long = (generate_chunk(SMALL, ChunkPlan(1, 1, 4, n)) for n in (4, 9))
    np.testing.assert_array_equal(short.jet, long.jet[:4])
    np.testing.assert_array_equal(short.constituents, long.constituents[:4])


def test_plans_cover_odd_numbers():
    plans = plan_chunks(replace(SMALL, chunk_jets=10), 45, 7)
    sizes = [(plan.number, plan.label, plan.n_jets) for plan in plans]
    assert sizes == [(0, 0, 10), (0, 1, 10), (1, 0, 10), (1, 1, 10), (2, 0, 3), (2, 1, 2)]
    assert len(plan_chunks(SMALL, 1, 7)) == 1


@pytest.mark.parametrize("numbers", [(0, 1, 1), (10, -1, 1), (10, 1, 0)])
def test_senseless_numbers_are_refused(tmp_path, numbers):
    with pytest.raises(UsageError, match="expected at least 1 jet, a non-negative seed"):
        generate(SMALL, numbers[0], tmp_path / "jets.h5", seed=numbers[1], workers=numbers[2])


def test_w_jets_have_the_mass_of_the_w():
    config = GenerationConfig(process="wtag", chunk_jets=40)
    chunk = generate_chunk(config, ChunkPlan(1, 1, 0, 40))
    mass = kinematics.mass(chunk.jet)
    assert 76 < np.median(mass) < 92
    np.testing.assert_allclose(np.median(kinematics.mass(chunk.truth)), 80.4, atol=1.5)
    assert config.classes == ("qcd", "w")


def test_multiple_interactions_and_pile_up_add_particles():
    counts = {}
    for name, collision in (
        ("plain", CollisionConfig()),
        ("mpi", CollisionConfig(multiple_interactions=True)),
        ("pile-up", CollisionConfig(pile_up=5.0)),
    ):
        source = EventSource(GenerationConfig(collision=collision), DIJETS, seed=5)
        particles, _ = source.batch(20)
        assert set(particles.event) == set(range(20))
        counts[name] = len(particles) / 20
    assert counts["mpi"] > 1.3 * counts["plain"]
    assert counts["pile-up"] > counts["plain"] + 5 * 50


def test_without_match_more_jets_pass():
    kept = {}
    for wanted in (True, False):
        config = replace(SMALL, selection=SelectionConfig(match=wanted))
        kept[wanted] = generate_chunk(config, ChunkPlan(2, 1, 0, 20))
    assert kept[True].found > kept[True].accepted
    assert kept[False].found == kept[False].accepted
    assert (kept[False].truth[:, 0] == 0).any()


def test_particle_level_has_more_constituents_than_the_detector_sees():
    level = {}
    for model in ("none", "fine", "coarse"):
        chunk = generate_chunk(replace(SMALL, detector=model), ChunkPlan(1, 1, 0, 60))
        level[model] = chunk.n_constituents.mean()
    assert level["none"] > 1.1 * level["fine"] > 1.25 * level["coarse"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"collision": {"pt_hat_min_gev": 950.0}}, "pt_hat window 950.0 to 900.0"),
        ({"collision": {"pile_up": -1.0}}, "pile_up = -1.0: expected 0 to 1000"),
        ({"selection": {"pt_min_gev": 700.0}}, "jet pT window 700.0 to 650.0"),
        ({"selection": {"radius": 0.0}}, "radius = 0.0: expected a positive number"),
        ({"selection": {"jets": "first"}}, "expected one of all, leading"),
        ({"detector": "delphes"}, "expected one of coarse, fine, none"),
        ({"n_constituents": 0}, "n_constituents = 0: expected 1 or more"),
        ({"collision": {"energy": 7.0}}, "did you mean 'energy_gev'"),
    ],
)
def test_wrong_settings_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        load_config(GenerationConfig, values)


def test_pythias_own_settings_are_passed_on_and_checked():
    config = replace(SMALL, collision=CollisionConfig(pythia=("TimeShower:alfaS = 0.1",)))
    with pytest.raises(ConfigError, match="Pythia does not accept the setting 'TimeShower:alfaS"):
        EventSource(config, DIJETS, seed=1)
    off = CollisionConfig(pythia=("HadronLevel:all = off",))
    particles, _ = EventSource(replace(SMALL, collision=off), DIJETS, 1).batch(3)
    assert not np.isin(np.abs(particles.pdg), (22, 211, 321, 2212)).any()  # partons only


def test_a_hopeless_selection_says_so():
    refuse_hopeless(tried=30_000, kept=5, config=SMALL)
    refuse_hopeless(tried=10_000, kept=0, config=SMALL)
    with pytest.raises(ConfigError, match="0 jets kept of 20000 events: the window 550.0 to 650.0"):
        refuse_hopeless(tried=20_000, kept=0, config=SMALL)


@pytest.fixture(scope="module")
def pythia():
    return start_pythia(["Top:gg2ttbar = on", "PartonLevel:MPI = off"], seed=4)


def test_the_view_of_the_event_record_is_the_event_record(pythia):
    assert pythia.next()
    record = event_record.view(pythia.event)
    assert len(record) == pythia.event.size()
    for k in (0, 5, len(record) - 1):
        particle = pythia.event[k]
        assert record["id"][k] == particle.id()
        assert record["daughter2"][k] == particle.daughter2()
        expected = [particle.px(), particle.py(), particle.pz(), particle.e()]
        np.testing.assert_array_equal(record["p"][k], expected)
    stable = [k for k in range(len(record)) if pythia.event[k].isFinal()]
    np.testing.assert_array_equal(np.flatnonzero(record["status"] > 0), stable)


@pytest.mark.parametrize("name", ["id", "daughter1", "p"])
def test_another_layout_is_refused(pythia, monkeypatch, name):
    offsets = list(event_record.OFFSETS)
    offsets[(*event_record.FIELDS, "p").index(name)] += 4
    monkeypatch.setattr(event_record, "OFFSETS", tuple(offsets))
    event_record.layout.cache_clear()
    try:
        with pytest.raises(ToolError, match=f"laid out differently: field '{name}'"):
            event_record.check_layout(pythia.event)
    finally:
        event_record.layout.cache_clear()


def test_every_top_decays_to_three_partons_that_add_up(pythia):
    for _ in range(5):
        assert pythia.next()
        found = origins(event_record.view(pythia.event), TOP)
        assert len(found) == 2
        for top, partons in found:
            assert partons.shape == (3, 4)
            # Final-state radiation of W and b is not among the three.
            assert (partons.sum(axis=0) - top)[3] < 1.0
            mass = np.sqrt(top[3] ** 2 - (top[:3] ** 2).sum())
            assert 150 < mass < 195


def random_particles(n_events=6, n=80, seed=8) -> EventParticles:
    rng = np.random.default_rng(seed)
    eta, phi = rng.uniform(-2.5, 2.5, n * n_events), rng.uniform(-np.pi, np.pi, n * n_events)
    p = kinematics.massless(rng.exponential(20, n * n_events), eta, phi)
    return EventParticles(rng.integers(0, n_events, len(p)), np.full(len(p), 211, np.int32), p)


def anti_kt(p, radius, min_pt):
    """Anti-kT by its definition, quadratic at every step."""
    momenta, members = [*p], [[k] for k in range(len(p))]
    jets = []
    while momenta:
        m = np.array(momenta)
        weight = 1 / kinematics.transverse_momentum(m) ** 2
        d_y = kinematics.rapidity(m)[:, None] - kinematics.rapidity(m)[None]
        d_phi = kinematics.wrap(kinematics.azimuth(m)[:, None] - kinematics.azimuth(m)[None])
        distance = np.minimum(weight[:, None], weight[None]) * (d_y**2 + d_phi**2) / radius**2
        np.fill_diagonal(distance, weight)
        i, j = sorted(np.unravel_index(np.argmin(distance), distance.shape), reverse=True)
        if i == j:
            if kinematics.transverse_momentum(m)[i] > min_pt:
                jets.append((momenta[i], sorted(members[i])))
        else:
            momenta[j], members[j] = momenta[j] + momenta[i], members[j] + members[i]
        del momenta[i], members[i]
    return sorted(jets, key=lambda jet: -np.hypot(jet[0][1], jet[0][2]))


def test_jets_are_anti_kt_jets():
    particles = random_particles()
    found = cluster(particles, 7, 0.8, 60.0)  # the last event is empty
    assert 6 not in found.event
    for event in range(6):
        mine = np.flatnonzero(particles.event == event)
        expected = anti_kt(particles.p[mine], 0.8, 60.0)
        index = np.flatnonzero(found.event == event)
        assert len(index) == len(expected) > 1
        for jet, (momentum, members) in zip(index, expected, strict=True):
            np.testing.assert_allclose(found.p[jet], momentum)
            held = found.members[found.start[jet] : found.start[jet + 1]]
            assert sorted(held) == sorted(mine[members])


def jets_at(pt, eta, event) -> FoundJets:
    p = kinematics.massless(np.array(pt, float), np.array(eta, float), np.zeros(len(pt)))
    n = len(pt)
    return FoundJets(np.array(event), p, np.arange(n + 1), np.arange(n))


def test_selection_windows_and_leading_jet():
    jets = jets_at([640, 600, 549, 700, 600, 600], [0, 1, 0, 0, 0, 2.1], [0, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(select(jets, SelectionConfig()), [0, 1, 4])
    np.testing.assert_array_equal(select(jets, SelectionConfig(jets="leading")), [0])


def test_match_needs_the_resonance_and_all_its_partons_in_the_same_event():
    jets = jets_at([600, 600, 600], [0.0, 1.5, 0.0], [0, 0, 1])

    def resonance(event, eta, partons):
        pt = np.array(100.0)
        zero = np.array(0.0)
        return (
            event,
            kinematics.massless(pt, np.array(eta), zero),
            np.stack([kinematics.massless(pt, np.array(x), zero) for x in partons]),
        )

    made = [
        resonance(0, 0.3, [0.1, 0.5, 0.7]),  # in jet 0
        resonance(0, 0.1, [0.1, 0.5, 0.9]),  # one parton outside
        resonance(0, 1.5, [1.4, 1.5, 1.6]),  # in jet 1
        resonance(0, 1.4, [1.4, 1.5, 1.6]),  # too, but further away
    ]
    event, p, decay = (np.array(column) for column in zip(*made, strict=True))
    found = match(jets, np.arange(3), Resonances(event, p, decay), 0.8)
    np.testing.assert_array_equal(found, [0, 2, -1])
    nothing = Resonances(np.zeros(0, int), np.zeros((0, 4)), np.zeros((0, 3, 4)))
    np.testing.assert_array_equal(match(jets, np.arange(3), nothing, 0.8), [-1, -1, -1])


@pytest.mark.parametrize(
    ("sigma_mb", "error_mb", "text"),
    [
        (2.4753e-9, 1.23e-11, "2.475 +- 0.012 pb"),
        (2.4753e-6, 1.23e-7, "2,475 +- 123 pb"),
        (2.4753e-10, 1.23e-12, "247.5 +- 1.2 fb"),
        (2.4753e-9, 0.0, "2.48 pb"),
        (0.0, 0.0, "0 fb"),
    ],
)
def test_cross_sections_are_in_picobarn_or_femtobarn(sigma_mb, error_mb, text):
    assert cross_section_text(sigma_mb, error_mb) == text
    if sigma_mb:
        counts = {"jets_accepted": 7, "events_tried": 90}
        counts |= {"sigma_mb": sigma_mb, "sigma_error_mb": error_mb}
        line = f"top: 7 jets accepted of 90 events, cross-section {text}"
        assert summary_text({"jets": 7, "top": counts}) == f"7 jets\n{line}"
