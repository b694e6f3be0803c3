"""Jets of five classes near 1 TeV, and which jets come from the same collision."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from triggernet.config import load_config
from triggernet.data import (
    compact_encoding,
    kinematics,
    load_jets,
    mock_jets,
    save_compact,
    save_jets,
)
from triggernet.data.generation import GenerationConfig, generate
from triggernet.data.generation.chunk import ChunkPlan, generate_chunk
from triggernet.data.generation.config import preset
from triggernet.data.generation.event_record import view
from triggernet.data.generation.processes import GLUON, QUARK, W_PAIRS, Z_PAIRS
from triggernet.data.generation.pythia import EventSource, origins
from triggernet.data.generation.sample import plan_chunks
from triggernet.errors import DataError

FIVE = load_config(
    GenerationConfig,
    {"process": "fiveclass", "chunk_jets": 30, "n_constituents": 64},
    defaults=preset("fiveclass"),
)
PAIRS = GenerationConfig(chunk_jets=40, n_constituents=8)


@pytest.fixture(scope="module")
def chunks():
    return [generate_chunk(FIVE, ChunkPlan(1, label, 0, 30)) for label in range(5)]


def test_every_class_holds_what_it_is_called_after(chunks):
    assert FIVE.classes == ("gluon", "quark", "w", "z", "top")
    masses = [np.median(kinematics.mass(chunk.truth)) for chunk in chunks]
    np.testing.assert_allclose(masses, [0.0, 0.2, 80.4, 91.2, 172.5], atol=1.5)
    for chunk in chunks:
        pt, eta = kinematics.transverse_momentum(chunk.jet), kinematics.pseudorapidity(chunk.jet)
        assert ((pt > 800) & (pt < 1600) & (np.abs(eta) < 2.5)).all()
        assert 930 < np.median(pt) < 1070
        assert (kinematics.delta_r(chunk.jet, chunk.truth) < 0.8).all()
        assert 930 < np.median(kinematics.transverse_momentum(chunk.truth)) < 1070
    jet_masses = [np.median(kinematics.mass(chunk.jet)) for chunk in chunks[2:]]
    assert 75 < jet_masses[0] < jet_masses[1] < 120
    assert 165 < jet_masses[2] < 200
    gluon, quark = (chunk.n_constituents.mean() for chunk in chunks[:2])
    assert gluon > 1.2 * quark


@pytest.mark.parametrize(
    ("kind", "codes", "n_partons"),
    [(GLUON, {21}, 0), (QUARK, {1, 2, 3}, 0), (W_PAIRS, {24}, 2), (Z_PAIRS, {23}, 2)],
)
def test_origins_are_two_an_event_and_of_the_right_kind(kind, codes, n_partons):
    source = EventSource(FIVE, kind, seed=3)
    pythia = source._pythia
    counts = []
    for _ in range(10):
        assert pythia.next()
        record = view(pythia.event)
        found = origins(record, kind)
        counts.append(len(found))
        for momentum, partons in found:
            same = (record["p"] == momentum).all(axis=1)
            assert set(np.abs(record["id"][same])) <= codes
            assert np.hypot(momentum[0], momentum[1]) > 700
            assert partons.shape == (n_partons, 4)
            if n_partons:
                np.testing.assert_allclose(partons.sum(axis=0), momentum, atol=1e-3 * momentum[3])
    assert max(counts) == 2
    assert np.mean(counts) > (1.5 if kind is QUARK else 1.99)  # charm and bottom are no light quark


def test_a_sample_holds_equal_parts_of_five_classes(tmp_path):
    few = replace(FIVE, chunk_jets=2)
    sizes = [(plan.number, plan.label, plan.n_jets) for plan in plan_chunks(few, 12, 7)]
    assert sizes[:5] == [(0, label, 2) for label in range(5)]
    assert sizes[5:] == [(1, 0, 1), (1, 1, 1)]
    found = generate(few, 12, tmp_path / "jets.h5", seed=7)
    jets = load_jets(tmp_path / "jets.h5")
    assert jets.classes == FIVE.classes
    np.testing.assert_array_equal(np.bincount(jets.label), [3, 3, 2, 2, 2])
    assert list(found) == ["jets", *FIVE.classes]
    assert jets.cut_at == 64


def test_jets_of_one_event_are_known():
    chunk = generate_chunk(PAIRS, ChunkPlan(1, 1, 0, 40))
    assert chunk.event.shape == (40,)
    assert (np.diff(chunk.event) >= 0).all()
    assert chunk.event[0] >= 0
    assert chunk.event[-1] < chunk.tried
    first = np.flatnonzero(np.diff(chunk.event) == 0)
    assert len(first) > 3
    phi = kinematics.azimuth(chunk.jet)
    assert (np.abs(kinematics.wrap(phi[first] - phi[first + 1])) > 2).all()  # tops recoil
    alone = replace(PAIRS, selection=replace(PAIRS.selection, jets="leading"))
    leading = generate_chunk(alone, ChunkPlan(1, 1, 0, 40))
    assert len(np.unique(leading.event)) == 40


def test_events_have_numbers_of_their_own_in_the_whole_file(tmp_path):
    few = replace(PAIRS, chunk_jets=10)
    generate(few, 40, tmp_path / "jets.h5", seed=5)
    jets = load_jets(tmp_path / "jets.h5")
    chunks = [generate_chunk(few, plan) for plan in plan_chunks(few, 40, 5)]
    assert len(np.unique(jets.event)) == sum(len(np.unique(chunk.event)) for chunk in chunks)
    assert jets.event.max() < sum(chunk.tried for chunk in chunks)
    of_jet = {tuple(p): event for p, event in zip(jets.jet, jets.event, strict=True)}
    start = 0
    for chunk in chunks:
        expected = [start + event for event in chunk.event]
        assert [of_jet[tuple(p)] for p in chunk.jet] == expected
        start += chunk.tried


def save_integers(path, jets):
    save_compact(path, jets, compact_encoding(8))


@pytest.mark.parametrize("save", [save_jets, save_integers])
def test_events_are_kept_in_files_and_selections(tmp_path, save):
    jets = replace(mock_jets(6, seed=2), event=np.array([0, 0, 3, 5, 5, 9]))
    save(tmp_path / "jets.h5", jets)
    found = load_jets(tmp_path / "jets.h5")
    np.testing.assert_array_equal(found.event, jets.event)
    assert found.event.dtype == np.int64
    np.testing.assert_array_equal(found.select(np.array([4, 1])).event, [5, 0])
    np.testing.assert_array_equal(found.leading(3).event, jets.event)
    with pytest.raises(DataError, match=r"event \(5,\); expected \(6,\)"):
        replace(jets, event=jets.event[:5])


def test_an_event_is_part_of_the_digest_of_a_compact_file(tmp_path):
    save_integers(tmp_path / "jets.h5", replace(mock_jets(6, seed=2), event=np.arange(6)))
    with h5py.File(tmp_path / "jets.h5", "r+") as file:
        assert file.attrs["format_version"] == 3
        file["event"][0, 3] += 1
    with pytest.raises(DataError, match="its content is not what its digest was made of"):
        load_jets(tmp_path / "jets.h5")
    save_integers(tmp_path / "jets.h5", mock_jets(6, seed=2))
    with h5py.File(tmp_path / "jets.h5") as file:
        assert file.attrs["format_version"] == 2
        assert "event" not in file


def test_files_without_events_are_read_and_written_as_before(tmp_path):
    save_jets(tmp_path / "jets.h5", mock_jets(6, seed=2))
    found = load_jets(tmp_path / "jets.h5")
    assert found.event is None
    assert found.select(slice(2)).event is None
    with h5py.File(tmp_path / "jets.h5") as file:
        assert "event" not in file["jets"].dtype.names
