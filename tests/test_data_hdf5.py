"""Files of jets hold what was to be written: on a full disk, and after damage of any kind."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from dataclasses import replace

import h5py
import numpy as np
import pytest
from old_files import without_digest

from triggernet.data import (
    Jets,
    load_jets,
    mock_jets,
    sample_path,
    save_compact,
    save_jets,
)
from triggernet.data.readers import hdf5
from triggernet.data.readers.compact import compact_encoding
from triggernet.data.readers.hdf5 import DIGEST
from triggernet.errors import DataError, FileError

JETS = mock_jets(30, seed=4)


def write_native(path, jets=JETS):
    save_jets(path, jets)


def write_compact(path, jets=JETS):
    save_compact(path, jets, compact_encoding(16))


WRITERS = pytest.mark.parametrize("write", [write_native, write_compact])


def equal(first: Jets, second: Jets) -> bool:
    """Whether two samples are the same to the last bit, provenance included."""
    names = ("constituents", "jet", "label", "multiplicity", "truth")
    about = [(jets.classes, dict(jets.provenance), jets.cut_at) for jets in (first, second)]
    arrays = [np.array_equal(getattr(first, name), getattr(second, name)) for name in names]
    return all(arrays) and about[0] == about[1]


@contextmanager
def small_files(n_bytes):
    """No file may grow beyond `n_bytes`: the operating system refuses, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@WRITERS
def test_a_disk_without_room_leaves_the_old_file_and_says_so(tmp_path, write):
    path = tmp_path / "jets.h5"
    write(path, mock_jets(3, seed=1))
    old = path.read_bytes()
    with pytest.raises(FileError, match="cannot write .*jets.h5: File too large"):  # noqa: SIM117
        with small_files(4096):
            write(path, JETS)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@WRITERS
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_what_does_not_read_back_is_not_published(tmp_path, monkeypatch, write, share):
    """The disk keeps nothing of it, or half of the larger blocks."""
    path, whole = tmp_path / "jets.h5", hdf5._Stream.write

    def forgets(stream, content):
        kept = bytearray(content)
        if share == 1.0 or len(kept) > 200:
            lost = int(len(kept) * share)
            kept[-lost:] = bytes(lost)
        return whole(stream, kept)

    monkeypatch.setattr(hdf5._Stream, "write", forgets)
    with pytest.raises(FileError, match=r"cannot write .*jets\.h5: .* does not read back"):
        write(path)
    assert not list(tmp_path.iterdir())


@WRITERS
def test_a_sound_file_of_other_numbers_is_not_published(tmp_path, monkeypatch, write):
    whole = hdf5._fill

    def alters(file, *args):
        given = whole(file, *args)
        name = "jets" if "jets" in file else "label"
        file[name][...] = np.zeros_like(file[name][...])
        return given

    monkeypatch.setattr(hdf5, "_fill", alters)
    with pytest.raises(FileError, match="does not read back as it was given .dataset '.*' is ano"):
        write(tmp_path / "jets.h5")
    assert not list(tmp_path.iterdir())


@WRITERS
def test_no_flipped_bit_changes_a_number(tmp_path, write):
    path = tmp_path / "jets.h5"
    write(path)
    content, jets, rng = path.read_bytes(), load_jets(path), np.random.default_rng(5)
    refused = 0
    for place in rng.integers(len(content), size=80):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            assert equal(load_jets(path), jets), place
        except DataError:
            refused += 1
    assert refused > 25  # the rest of the bytes is unused space and what HDF5 does not look at


@WRITERS
@pytest.mark.parametrize("limit", [None, 2])
def test_another_number_is_found_though_the_file_is_sound(tmp_path, write, limit):
    path = tmp_path / "jets.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        for name in ("jets", "multiplicity"):
            if name in file:
                values = file[name][:]
                last = values["n_constituents"] if values.dtype.names else values[0]
                last[-1] += 1
                file[name][:] = values
    with pytest.raises(DataError, match="its content is not what its digest was made of"):
        load_jets(path, limit)


@WRITERS
def test_attributes_are_part_of_the_digest(tmp_path, write):
    path = tmp_path / "jets.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        file.attrs["classes"] = '["top", "qcd"]'
    with pytest.raises(DataError, match="its content is not what its digest was made of"):
        load_jets(path)
    with h5py.File(path, "r+") as file:
        del file.attrs[DIGEST]
    with pytest.raises(DataError, match=f"it lacks the attribute '{DIGEST}'"):
        load_jets(path)


@WRITERS
def test_files_without_a_digest_are_read_as_before(tmp_path, write):
    path = tmp_path / "jets.h5"
    write(path)
    jets = load_jets(path)
    assert equal(load_jets(without_digest(path)), jets)
    assert equal(load_jets(path, limit=7), load_jets(path).select(slice(7)))


def test_packaged_jets_are_read_as_they_are():
    jets = load_jets(sample_path("toptag_generated"))
    assert jets.constituents.shape == (36_000, 32, 4)
    assert jets.cut_at == 32


def test_the_packaged_test_jets_are_others_than_those_of_the_training():
    jets, trained_on = (
        load_jets(sample_path(name)) for name in ("toptag_test", "toptag_generated")
    )
    assert jets.classes == ("qcd", "top")
    np.testing.assert_array_equal(np.bincount(jets.label), [12_000, 12_000])
    assert jets.constituents.shape == (24_000, 32, 4)
    assert jets.provenance["seed"] == 91 != trained_on.provenance["seed"]
    both = np.concatenate([jets.constituents[:, :4], trained_on.constituents[:, :4]])
    assert len(np.unique(both.reshape(len(both), -1), axis=0)) == 60_000  # no jet is there twice
    assert len(np.unique(jets.event)) > 20_000
    folder = sample_path("toptag_test").parent
    assert sum(path.stat().st_size for path in folder.glob("*.h5")) < 8.5e6


def never_written(path, name):
    """The file with a dataset of the same shape and chunks that nothing was written to."""
    with h5py.File(without_digest(path), "r+") as file:
        shape, dtype, chunks = file[name].shape, file[name].dtype, file[name].chunks
        del file[name]
        file.create_dataset(name, shape, dtype, chunks=chunks, compression="gzip")


@pytest.mark.parametrize(
    ("write", "name"),
    [(write_native, "constituents"), (write_native, "jets"), (write_compact, "eta")],
)
def test_chunks_that_were_never_written_are_no_zeros(tmp_path, write, name):
    path = tmp_path / "jets.h5"
    write(path)
    never_written(path, name)
    with pytest.raises(DataError, match=f"chunks of '/{name}' were never written"):
        load_jets(path)


@pytest.mark.parametrize("valid", [False, True])
def test_multiplicities_and_constituents_must_agree(tmp_path, valid):
    path = tmp_path / "jets.h5"
    save_jets(path, replace(JETS, multiplicity=JETS.multiplicity))
    with h5py.File(without_digest(path), "r+") as file:
        jets, constituents = file["jets"][:], file["constituents"][:]
        if valid:
            jets["n_constituents"][3] = JETS.present[3].sum() - 1
        else:
            constituents["valid"][3] = False
        file["jets"][:], file["constituents"][:] = jets, constituents
    with pytest.raises(DataError, match=r"jet 3 states \d+ constituents and holds \d+ \(1 of 30"):
        load_jets(path)


def test_constituents_may_vanish_that_are_softer_than_a_step(tmp_path):
    p = JETS.constituents.copy()
    p[3, JETS.multiplicity[3] - 1] = 0.0
    save_jets(tmp_path / "jets.h5", replace(JETS, constituents=p))
    assert load_jets(tmp_path / "jets.h5").multiplicity[3] == JETS.multiplicity[3]
