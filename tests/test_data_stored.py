"""Files of jets read and written in parts: the same jets, the same bytes, the same refusals."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from old_files import without_digest

import triggernet
from triggernet.data import conversion, iterate_jets, load_jets, mock_jets, save_jets, stored_jets
from triggernet.data.readers import native
from triggernet.data.readers.hdf5 import _in_chunks
from triggernet.data.readers.hls4ml_layout import save_hls4ml
from triggernet.errors import DataError, FileError, UsageError

JETS = replace(mock_jets(50, seed=9).leading(12), event=np.arange(50) // 3)
FIELDS = ("constituents", "jet", "label", "multiplicity", "truth", "event")


@pytest.fixture
def path(tmp_path):
    save_jets(tmp_path / "jets.h5", JETS)
    return tmp_path / "jets.h5"


@pytest.mark.parametrize("n_at_most", [1, 7, 50, 1000])
@pytest.mark.parametrize("limit", [None, 23])
def test_parts_are_slices_of_the_whole(path, n_at_most, limit):
    whole = load_jets(path, limit)
    parts = list(iterate_jets(path, n_at_most, limit))
    assert [len(part) for part in parts[:-1]] == [n_at_most] * (len(parts) - 1)
    assert 0 < len(parts[-1]) <= n_at_most
    for name in FIELDS:
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(together, getattr(whole, name))
    about = (whole.classes, whole.provenance, whole.cut_at)
    assert all((part.classes, part.provenance, part.cut_at) == about for part in parts)
    stored = stored_jets(path, limit)
    assert (len(stored), stored.classes) == (len(whole), whole.classes)
    np.testing.assert_array_equal(stored.label, whole.label)


def test_every_part_knows_that_a_jet_of_the_file_was_cut(path):
    multiplicity = JETS.present.sum(axis=1)
    multiplicity[-1] += 5
    save_jets(path, replace(JETS, multiplicity=multiplicity, cut_at=None))
    assert {part.cut_at for part in iterate_jets(path, 10)} == {load_jets(path).cut_at} == {12}
    save_jets(path, replace(JETS, multiplicity=JETS.present.sum(axis=1), cut_at=None))
    assert {part.cut_at for part in iterate_jets(path, 10)} == {None}


def test_files_of_other_formats_come_in_parts_too(tmp_path):
    five = replace(JETS, classes=("gluon", "top"))
    save_hls4ml(tmp_path / "published.h5", five)
    parts = list(iterate_jets(tmp_path / "published.h5", 20))
    assert [len(part) for part in parts] == [20, 20, 10]
    whole = load_jets(tmp_path / "published.h5")
    found = np.concatenate([part.constituents for part in parts])
    np.testing.assert_array_equal(found, whole.constituents)


def test_a_conversion_in_parts_gives_the_bytes_of_one(path, tmp_path, monkeypatch):
    monkeypatch.setattr(native, "ROWS_PER_CHUNK", 8)
    save_jets(path, JETS)
    save_jets(path, load_jets(path))  # energies are computed anew from what single precision keeps
    for n_at_once in (1, 5, 8, 20, 50):
        monkeypatch.setattr(conversion, "JETS_AT_ONCE", n_at_once)
        triggernet.convert(path, out=tmp_path / "copy.h5")
        assert (tmp_path / "copy.h5").read_bytes() == path.read_bytes()
        triggernet.convert(path, out=tmp_path / "top.h5", classes=["top"])
        found = load_jets(tmp_path / "top.h5")
        expected = load_jets(path).select(JETS.label == 1)
        for name in FIELDS:
            wanted = np.zeros(len(found)) if name == "label" else getattr(expected, name)
            np.testing.assert_array_equal(getattr(found, name), wanted)


def test_the_published_layout_is_written_in_parts(path, tmp_path, monkeypatch):
    save_jets(path, replace(JETS, classes=("gluon", "top")))
    save_hls4ml(tmp_path / "once.h5", load_jets(path))
    monkeypatch.setattr(conversion, "JETS_AT_ONCE", 7)
    triggernet.convert(path, out=tmp_path / "parts.h5", layout="hls4ml")
    assert (tmp_path / "parts.h5").read_bytes() == (tmp_path / "once.h5").read_bytes()


def test_pieces_hold_all_rows_in_order():
    rows = {"a": np.arange(23), "b": np.arange(46).reshape(23, 2), "short": np.arange(3)}
    first = {name: values[:6] for name, values in rows.items()}
    later = [{name: rows[name][s] for name in ("a", "b")} for s in (slice(6, 8), slice(8, 23))]
    pieces = list(_in_chunks([first, *later], 5))
    assert [len(piece["a"]) for piece in pieces] == [5, 5, 5, 5, 3]
    for name, values in rows.items():
        found = np.concatenate([piece[name] for piece in pieces if name in piece])
        np.testing.assert_array_equal(found, values)
    assert [len(piece["a"]) for piece in _in_chunks([rows], 50)] == [23]


def test_damage_is_found_before_the_first_part(path, tmp_path):
    with h5py.File(path, "r+") as file:
        table = file["constituents"][:]
        table["px"][-1, 0] += 1
        file["constituents"][:] = table
    with pytest.raises(DataError, match="its content is not what its digest was made of"):
        next(iterate_jets(path, 10))
    with pytest.raises(DataError, match="its content is not what its digest was made of"):
        triggernet.convert(path, out=tmp_path / "copy.h5")
    assert not (tmp_path / "copy.h5").exists()


def test_a_wrong_jet_is_named_by_its_number_in_the_file(path):
    with h5py.File(without_digest(path), "r+") as file:
        table = file["constituents"][:]
        table["valid"][31] = False
        file["constituents"][:] = table
    parts = iterate_jets(path, 10)
    for _ in range(3):
        next(parts)
    with pytest.raises(DataError, match="is damaged: jet 31 states .* of 10 jets do not agree"):
        next(parts)


@pytest.mark.parametrize("numbers", [(0, None), (5, 0)])
def test_numbers_below_one_are_refused(path, numbers):
    with pytest.raises(DataError, match=r"cannot read 0 jets .*1 or more"):
        list(iterate_jets(path, *numbers))


def test_what_is_no_file_of_jets_is_refused(tmp_path, path):
    (tmp_path / "text").write_text("no jets here, not one")
    with pytest.raises(DataError, match="is neither HDF5 nor ROOT"):
        stored_jets(tmp_path / "text")
    with h5py.File(path, "r+") as file:
        del file["constituents"]
    with pytest.raises(DataError, match="no dataset 'constituents'"):
        stored_jets(path)
    save_jets(path, JETS.select(slice(0)))
    with pytest.raises(DataError, match="holds no jets; there is nothing to convert"):
        triggernet.convert(path, out=tmp_path / "copy.h5")


def test_a_failing_disk_leaves_no_part_of_a_conversion(path, tmp_path, monkeypatch):
    from test_data_hdf5 import small_files

    monkeypatch.setattr(native, "ROWS_PER_CHUNK", 8)
    with pytest.raises(FileError, match=r"cannot write .*copy\.h5: File too large"):  # noqa: SIM117
        with small_files(4096):
            triggernet.convert(path, out=tmp_path / "copy.h5")
    assert list(tmp_path.iterdir()) == [path]


def test_wrong_layouts_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(UsageError, match="no layout 'delphes'"):
        triggernet.convert(tmp_path / "none.h5", out=tmp_path / "copy.h5", layout="delphes")
