"""HDF5 files on which the HDF5 library would never come back are refused before it sees them."""

from __future__ import annotations

import mmap
import random

import h5py
import numpy as np
import pytest

from triggernet.data import load_jets, mock_jets, save_jets
from triggernet.data.readers import hdf5_heaps
from triggernet.data.readers.hdf5_heaps import HEAD, SIGNATURE, refuse_endless_heaps
from triggernet.errors import DataError


def free_space(content):
    """Where the free space of the first heap begins."""
    start = content.index(SIGNATURE)
    at = start + HEAD
    while index := int.from_bytes(content[at : at + 2], "little"):
        assert index > 0
        size = int.from_bytes(content[at + 8 : at + HEAD], "little")
        at += HEAD + (size + 7) // 8 * 8
    return at


def test_free_space_without_a_size_is_refused(tmp_path):
    path = tmp_path / "jets.h5"
    save_jets(path, mock_jets(5, seed=1))
    content = bytearray(path.read_bytes())
    at = free_space(content)
    assert int.from_bytes(content[at + 8 : at + HEAD], "little") > 0
    content[at + 8 : at + HEAD] = bytes(8)
    path.write_bytes(content)
    # Not `load_jets` first: without the check it never comes back.
    with pytest.raises(DataError, match=r"jets.h5 is damaged: free space .* at byte \d+ has no"):
        refuse_endless_heaps(path)
    with pytest.raises(DataError, match="has no size; take another copy"):
        load_jets(path)


@pytest.mark.parametrize("shift", [-9, -8, -7, -1, 0, 1])
def test_a_heap_is_found_wherever_a_window_ends(tmp_path, monkeypatch, shift):
    save_jets(tmp_path / "jets.h5", mock_jets(5, seed=1))
    content = bytearray((tmp_path / "jets.h5").read_bytes())
    at = free_space(content)
    content[at + 8 : at + HEAD] = bytes(8)
    window = 4 * mmap.PAGESIZE
    monkeypatch.setattr(hdf5_heaps, "WINDOW", window)
    before = (window + shift - content.index(SIGNATURE)) % window
    (tmp_path / "moved.h5").write_bytes(bytes(before) + content + bytes(window))
    with pytest.raises(DataError, match=r"moved.h5 is damaged: free space"):
        refuse_endless_heaps(tmp_path / "moved.h5")


def test_heaps_of_whole_files_pass(tmp_path):
    rng = random.Random(1)
    path = tmp_path / "texts.h5"
    with h5py.File(path, "w") as file:  # several heaps, some of them full
        for k in range(40):
            file.attrs[f"a{k}"] = "x" * rng.randrange(3000)
        file["texts"] = np.array(["y" * rng.randrange(50) for _ in range(500)], h5py.string_dtype())
    assert path.read_bytes().count(SIGNATURE) > 1
    refuse_endless_heaps(path)


def test_a_file_that_is_cut_within_a_heap_passes_on(tmp_path):
    path = tmp_path / "jets.h5"
    save_jets(path, mock_jets(5, seed=1))
    content = path.read_bytes()
    start = content.index(SIGNATURE)
    for length in (start + 9, start + HEAD, start + HEAD + 5, free_space(content) + 3):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match="jets.h5 is damaged, or not laid out"):
            load_jets(path)
