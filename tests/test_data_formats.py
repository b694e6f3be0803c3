"""Readers: every format gives the same jets; wrong files say what is wrong."""

from __future__ import annotations

import random
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
from damage import BYTES, drop, insert
from jet_files import (
    JETS,
    listed_first,
    write_converted,
    write_hls4ml,
    write_jetclass,
    write_published,
)
from old_files import without_digest

from triggernet.data import Jets, kinematics, load_jets, sample_path, save_jets
from triggernet.errors import DataError, UsageError

ROOT = b"root" + (62400).to_bytes(4, "big") + (100).to_bytes(4, "big")  # version, first record
CLASSES5 = ("gluon", "quark", "w", "z", "top")


def same(found: Jets, label=JETS.label, jet=None) -> None:
    """`found` holds the jets of `JETS` to single precision."""
    n = JETS.constituents.shape[1]
    np.testing.assert_allclose(
        found.leading(n).constituents, JETS.constituents, rtol=1e-6, atol=1e-4
    )
    assert not found.present[:, n:].any()
    expected = JETS.constituents.sum(axis=1) if jet is None else jet
    np.testing.assert_allclose(found.jet, expected, rtol=1e-6)
    np.testing.assert_array_equal(found.label, label)
    massless = kinematics.on_light_cone(found.constituents)
    np.testing.assert_array_equal(found.constituents, massless)


def test_native(tmp_path):
    path = tmp_path / "jets.h5"
    save_jets(path, JETS)
    found = load_jets(path)
    same(found, jet=JETS.jet)
    np.testing.assert_array_equal(found.multiplicity, JETS.multiplicity)
    np.testing.assert_array_equal(found.truth, np.zeros((12, 4)))
    assert found.classes == JETS.classes
    assert found.provenance == JETS.provenance


def test_truth_is_kept(tmp_path):
    truth = kinematics.massless(*np.random.default_rng(3).uniform(0.1, 2.0, (3, 12)))
    truth[:, 0] = np.hypot(truth[:, 0], 1.7)
    truth[3] = 0.0
    save_jets(tmp_path / "a.h5", replace(JETS, truth=truth))
    found = load_jets(tmp_path / "a.h5")
    np.testing.assert_allclose(found.truth, truth, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.select(slice(2, 5)).truth, found.truth[2:5])
    save_jets(tmp_path / "b.h5", found)
    np.testing.assert_array_equal(load_jets(tmp_path / "b.h5").truth, found.truth)
    with pytest.raises(DataError, match=r"truth \(5, 4\); expected \(12, 4\)"):
        replace(JETS, truth=truth[:5])


def test_published_truth_is_read_where_it_is(tmp_path):
    write_published(tmp_path / "some.h5")  # truthE alone is no four-momentum
    assert (load_jets(tmp_path / "some.h5").truth == 0).all()
    columns = {f"truthP{axis}": np.float32(k) for k, axis in enumerate("XYZ", start=2)}
    write_published(tmp_path / "all.h5", **columns)
    np.testing.assert_array_equal(load_jets(tmp_path / "all.h5").truth, [[1.0, 2, 3, 4]] * 12)


def test_what_is_not_valid_is_not_read(tmp_path):
    path = tmp_path / "jets.h5"
    save_jets(path, JETS)
    with h5py.File(without_digest(path), "r+") as file:
        table = file["constituents"][:]
        for name in ("energy", "px", "py", "pz"):
            table[name][~table["valid"]] = 7.0
        file["constituents"][:] = table
    same(load_jets(path), jet=JETS.jet)


def test_native_files_repeat_byte_for_byte(tmp_path):
    for name in ("a.h5", "b.h5"):
        save_jets(tmp_path / name, JETS)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_top_tagging_reference_as_published(tmp_path):
    path = tmp_path / "test.h5"
    write_published(path)
    found = load_jets(path)
    assert found.constituents.shape == (12, 200, 4)
    assert found.classes == ("qcd", "top")
    assert found.provenance["licence"] == "CC BY 4.0"
    same(found)


@pytest.mark.parametrize("complib", [None, "zlib", "blosc:lz4"])
def test_tables_of_pandas_may_be_compressed_in_other_ways(tmp_path, complib):
    path = tmp_path / "test.h5"
    write_published(path)
    frame = pd.read_hdf(path, key="table")
    frame.to_hdf(tmp_path / "other.h5", key="table", format="table", complib=complib, complevel=9)
    same(load_jets(tmp_path / "other.h5"))


def test_names_of_columns_are_not_run(tmp_path):
    """A pickle can call anything when it is read; here it would make a file."""
    path, made = tmp_path / "test.h5", tmp_path / "made"
    write_published(path)
    with h5py.File(path, "r+") as file:
        attributes = file["table/table"].attrs
        attributes["values_block_0_kind"] = f"cos\nmkdir\n(V{made}\ntR.".encode()
    with pytest.raises(DataError, match="the table has no column 'E_0'"):
        load_jets(path)
    assert not made.exists()


def test_damaged_rows_are_said(tmp_path):
    path = tmp_path / "test.h5"
    write_published(path)
    with h5py.File(path) as file:
        chunk = file["table/table"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + 4] ^= 1  # the size of the data, as the chunk states it
    path.write_bytes(content)
    with pytest.raises(DataError, match="is damaged: the rows of 'table' from 0 on"):
        load_jets(path)


def test_top_tagging_reference_as_converted(tmp_path):
    path = tmp_path / "test.h5"
    write_converted(path)
    found = load_jets(path)
    assert found.classes == ("qcd", "top")
    same(found)


def test_hls4ml_lhc_jets(tmp_path):
    path = tmp_path / "jets.h5"
    write_hls4ml(path)
    found = load_jets(path)
    assert found.classes == CLASSES5
    same(found, label=np.arange(12) % 5)
    assert found.cut_at == (64 if JETS.present[:, -1].any() else None)
    write_hls4ml(path, jetConstituentList=listed_first(20))
    assert load_jets(path).cut_at == 20  # the format does not tell how many there were


def test_jetclass(tmp_path):
    path = tmp_path / "jets.root"
    jet = write_jetclass(path)
    found = load_jets(path)
    assert found.classes == ("qcd", "hbb", "tbqq")
    same(found, label=np.array([1, 2, 0] * 4), jet=jet)


@pytest.mark.parametrize(
    "write", [write_published, write_converted, write_hls4ml, write_jetclass, None]
)
def test_limit_reads_the_first_jets(tmp_path, write):
    path = tmp_path / "jets.file"
    write(path) if write else save_jets(path, JETS)
    whole, part = load_jets(path), load_jets(path, limit=5)
    n = part.constituents.shape[1]
    np.testing.assert_array_equal(part.constituents, whole.constituents[:5, :n])
    np.testing.assert_array_equal(part.label, whole.label[:5])
    assert len(load_jets(path, limit=99)) == 12
    with pytest.raises(DataError, match="the limit must be 1 or more"):
        load_jets(path, limit=0)


def test_the_content_decides_not_the_name(tmp_path):
    path = tmp_path / "jets.txt"
    save_jets(path, JETS)
    same(load_jets(path), jet=JETS.jet)


def test_packaged_reference_jets():
    jets = load_jets(sample_path("toptag_reference"))
    assert jets.constituents.shape == (1000, 200, 4)
    np.testing.assert_array_equal(np.bincount(jets.label), [532, 468])
    pt = kinematics.transverse_momentum(jets.jet)
    assert ((pt > 550) & (pt < 650)).all()


def test_unknown_sample_is_refused():
    with pytest.raises(UsageError, match="no packaged sample 'w'; there are toptag_generated"):
        sample_path("w")


PARTS = ("E", "PX", "PY", "PZ")


def moved(place, source):
    """Columns that put the constituent of place `source` into another place as well."""
    p = JETS.leading(200).constituents.astype(np.float32)
    return {f"{part}_{place}": p[:, source, k] for k, part in enumerate(PARTS)}


def turned(place):
    """Columns that turn one constituent back to front, which keeps its energy and pT."""
    p = JETS.constituents.astype(np.float32)
    return {f"P{axis}_{place}": -p[:, place, k] for k, axis in enumerate("XY", start=1)}


def one_row_more(path):
    write_published(path)
    with h5py.File(path, "r+") as file:
        file["table/table"].attrs["NROWS"] = 13


def damaged_jets(**changes):
    def write(path):
        save_jets(path, JETS)
        with h5py.File(without_digest(path), "r+") as file:
            for name, values in changes.items():
                del file[name]
                if values is not None:
                    file[name] = values

    return write


def version_3(path):
    save_jets(path, JETS)
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 3


def truncated(path):
    save_jets(path, JETS)
    path.write_bytes(path.read_bytes()[:-200])


def garbled(path, write):
    """The file with its larger part overwritten."""
    write(path)
    content = bytearray(path.read_bytes())
    middle = slice(len(content) // 5, len(content) * 9 // 10)
    content[middle] = bytes(range(256)) * (len(content[middle]) // 256 + 1)
    path.write_bytes(content)


def cut(path, write):
    """The first third of the file."""
    write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def changed(write, key, values, attribute=None):
    """A writer whose file has another dataset or attribute at `key`, or a group for None."""

    def write_changed(path):
        write(path)
        with h5py.File(path, "r+") as file:
            place = file.attrs if attribute else file
            del place[key]
            if values is None:
                file.create_group(key)
            else:
                place[key] = values

    return write_changed


def native(path):
    save_jets(path, JETS)
    without_digest(path)


def not_a_number(path):
    p = JETS.constituents.copy()
    p[3, 2, 1] = np.nan
    write_converted(path, Pmu=p)


@pytest.mark.parametrize(("damage", "number"), [(insert, 137), (drop, 203)])
def test_root_files_over_which_uproot_asserts_are_damaged(tmp_path, damage, number):
    path = tmp_path / "jets.root"
    write_jetclass(path)
    rng = random.Random(f"2 jetclass {number}")  # as in test_fuzz
    rng.random(), rng.choice(BYTES)
    path.write_bytes(damage(path.read_bytes(), rng))
    with pytest.raises(DataError, match=r"jets.root is damaged, or not laid out like JetClass: \w"):
        load_jets(path)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("pt,eta,phi\n"), "neither HDF5 nor ROOT: it begins with"),
        (lambda path: h5py.File(path, "w").close(), "no known keys .* found none"),
        (truncated, "is damaged, or not laid out"),
        (version_3, "version 3 of 'triggernet jets'; this triggernet reads 1 to 2"),
        (damaged_jets(constituents=None), "no dataset 'constituents'; found jets"),
        (damaged_jets(jets=np.zeros(3)), "dataset 'jets' has no field 'energy'"),
        (lambda path: write_published(path, ["PY_7"]), "the table has no column 'PY_7'"),
        (lambda path: write_published(path, ["is_signal_new"]), "no column 'is_signal_new'"),
        (lambda path: write_published(path, is_signal_new=4), "labels from 4 to 4; expected 0"),
        (lambda path: write_published(path, E_3=np.float32(7)), "energy is not its momentum"),
        (lambda path: write_published(path, E_3=-JETS.constituents[:, 3, 0]), "energy is not"),
        (lambda path: write_published(path, E_3=np.float32("nan")), "not a finite number"),
        (lambda path: write_published(path, E_199=np.float32(1)), "energy is not its momentum"),
        (lambda path: write_published(path, **moved(0, 5)), "jet 0 .* not sorted by falling pT"),
        (lambda path: write_published(path, **moved(199, 1)), "not sorted by falling pT"),
        (lambda path: write_published(path, **turned(0)), "is not of 545 < pT < 655 GeV|axis"),
        (lambda path: write_published(path, **turned(25)), "further than 1.5 from its axis"),
        (lambda path: write_published(path, is_signal_new=0.5), "a label that is no whole number"),
        (one_row_more, "its table has 12 rows and states 13"),
        (lambda path: write_converted(path, Nobj=None), "'Pmu' without 'Nobj'"),
        (lambda path: write_converted(path, is_signal=np.zeros(3)), "do not belong together"),
        (lambda path: write_hls4ml(path, jets=None), "no dataset 'jets', which holds the labels"),
        (
            lambda path: write_hls4ml(path, particleFeatureNames=np.array(["j1_px"] * 5, "S")),
            "no feature 'j1_py' in 'particleFeatureNames'",
        ),
        (lambda path: write_hls4ml(path, jets=np.zeros((12, 6))), "exactly one of the classes"),
        (lambda path: write_jetclass(path, ["part_py"]), "no branch 'part_py'"),
        (lambda path: write_jetclass(path, ["label_QCD"]), "no branch 'label_QCD'"),
        (lambda path: write_jetclass(path, flags=np.ones((12, 3))), "exactly one class"),
        (lambda path: path.write_bytes(ROOT + b"\0" * 500), "no tree 'tree'"),
        (
            lambda path: path.write_text("root:x:0:0:root:/root:/bin/bash\n"),
            "neither HDF5 nor ROOT",
        ),
        (lambda path: garbled(path, write_published), "is damaged|holds no table"),
        (lambda path: garbled(path, write_converted), "is damaged|not a finite number"),
        (lambda path: garbled(path, write_jetclass), "is damaged"),
        (lambda path: cut(path, write_jetclass), "is damaged"),
        (changed(native, "constituents", None), "'constituents' has no field 'energy'; found none"),
        (changed(native, "classes", "7", "attribute"), "is damaged, or not laid out"),
        (
            lambda path: write_converted(path, is_signal=np.zeros((12, 3))),
            r"'is_signal' \(12, 3\) .* do not belong together",
        ),
        (
            changed(write_hls4ml, "jetConstituentList", np.zeros((12, 4))),
            r"'jetConstituentList' has shape \(12, 4\); expected 3 axes, .* named: 5",
        ),
        (changed(write_hls4ml, "jets", np.zeros(12)), r"'jets' has shape \(12,\); expected 2 axes"),
        (not_a_number, "constituents hold a momentum that is not a finite number"),
    ],
)
def test_wrong_files_say_what_is_wrong(tmp_path, write, message):
    path = tmp_path / "jets.file"
    write(path)
    with pytest.raises(DataError, match=message) as caught:
        load_jets(path)
    assert str(path) in str(caught.value)
