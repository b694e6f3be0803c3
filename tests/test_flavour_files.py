"""Jets with tracks in files: triggernet's, those of the community, and what inspect shows."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from flavour_files import generated
from matplotlib.image import imread

from triggernet import cli
from triggernet.data import kinematics, load_jets, save_jets, tracks
from triggernet.data.conversion import convert
from triggernet.data.readers.compact import compact_encoding, save_compact
from triggernet.data.readers.flavour import SOURCE
from triggernet.errors import DataError


@pytest.fixture(scope="module")
def file():
    return generated()


@pytest.fixture(scope="module")
def jets(file):
    return load_jets(file)


def test_generate_and_inspect_from_the_command_line(file, tmp_path, capsys):
    out = tmp_path / "few.h5"
    args = ["generate", "flavour", "--jets", "60", "--out", str(out), "--set", "resampling=draw"]
    args += ["--set", "multiple_interactions=false", "--set", "tracking.pile_up=0"]
    assert cli.main([*args, "--set", "target=light"]) == 0
    assert "(resampling: draw)" in capsys.readouterr().out
    assert cli.main(["inspect", str(file), "-o", str(tmp_path / "a.png"), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["tracks"]["b"]["origins"]["b hadron"] > 0.1
    assert "mass_threshold" not in values
    assert imread(tmp_path / "a.png").shape[0] > 500
    assert cli.main(["inspect", str(file)]) == 0
    text = capsys.readouterr().out
    assert "tracks a jet, s(d0) above 3" in text
    assert "jet-mass threshold" not in text
    against = ["inspect", str(file), "--against", str(file), "-o", str(tmp_path / "b.png")]
    assert cli.main(against) == 0


def test_tracks_are_kept_by_selections_and_conversions(file, jets, tmp_path):
    few = jets.select(slice(3, 40))
    np.testing.assert_array_equal(few.tracks, jets.tracks[3:40])
    convert(file, tmp_path / "b.h5", groups=(("light",), ("b",)), layout="flavour")
    back = load_jets(tmp_path / "b.h5")
    mine = jets.select(np.isin(jets.label, (0, 2)))
    np.testing.assert_array_equal(back.tracks, mine.tracks)
    assert back.classes == ("b", "c", "light", "tau")
    np.testing.assert_array_equal(back.label, mine.label)
    np.testing.assert_allclose(back.weight, mine.weight)
    np.testing.assert_array_equal(back.event, mine.event)
    assert load_jets(file, 7).tracks.shape == (7, 40)


def test_layouts_without_a_place_for_tracks_refuse_them(jets, tmp_path):
    with pytest.raises(DataError, match="no place for the tracks of the jets; use the layout"):
        save_jets(tmp_path / "a.h5", jets)
    unweighted = replace(jets, weight=None)
    with pytest.raises(DataError, match="a compact file has no place for the tracks"):
        save_compact(tmp_path / "b.h5", unweighted, compact_encoding(8))
    plain = replace(jets, tracks=None, classes=("b", "c", "light", "tau"))
    save_jets(tmp_path / "plain.h5", plain)
    with pytest.raises(DataError, match="the jets have no tracks"):
        convert(tmp_path / "plain.h5", tmp_path / "c.h5", layout="flavour")
    with pytest.raises(DataError, match=r"tracks \(1, 40\); expected"):
        replace(jets, tracks=jets.tracks[:1])


def community_file(path, jets, *, processed=False, name="tracks"):
    """The same jets as the collaboration's tools write them: half precision, their own fields."""
    half = [(n, "f2") for n in tracks.MEASURED] + [(n, "u1") for n in tracks.COUNTED[:-1]]
    dtype = np.dtype(
        [*half, (tracks.ORIGIN, "i4"), (tracks.VERTEX, "i4"), ("valid", "?"), ("chi2", "f2")]
    )
    rows = np.zeros(jets.tracks.shape, dtype)
    for n in dtype.names[:-1]:
        rows[n] = jets.tracks[n]
    rows["qOverP"] = jets.tracks["qOverP"]
    for n in tracks.MEASURED:
        rows[n][~jets.tracks["valid"]] = np.nan  # padding is NaN there
    label = "flavour_label" if processed else SOURCE
    fields = [("pt_btagJes", "f4"), ("eta_btagJes", "f4"), ("eventNumber", "i8"), (label, "i4")]
    table = np.zeros(len(jets), fields)
    table["pt_btagJes"] = 1000 * kinematics.transverse_momentum(jets.jet)
    table["eta_btagJes"] = kinematics.pseudorapidity(jets.jet)
    table["eventNumber"] = jets.event
    identity = np.array([5, 4, 0, 15])[jets.label]
    table[label] = np.array([1, 0, 2, 3])[jets.label] if processed else identity
    with h5py.File(path, "w") as stored:
        stored.create_dataset("eventwise", data=np.zeros(3, [("eventNumber", "i8")]))
        stored.create_dataset("jets", data=table, compression="lzf")
        stored.create_dataset(name, data=rows, compression="lzf")
        if processed:
            stored["jets"].attrs["flavour_label"] = ["cjets", "bjets", "ujets", "taujets"]
    return rows


@pytest.mark.parametrize("name", ["tracks", "tracks_loose"])
def test_files_of_the_community_are_read(jets, tmp_path, name):
    some = jets.select(slice(0, 100))
    community_file(tmp_path / "a.h5", some, name=name)
    read = load_jets(tmp_path / "a.h5")
    np.testing.assert_array_equal(read.label, some.label)
    np.testing.assert_array_equal(read.event, some.event)
    np.testing.assert_array_equal(read.tracks["valid"], some.tracks["valid"])
    np.testing.assert_array_equal(read.tracks[tracks.VERTEX], some.tracks[tracks.VERTEX])
    np.testing.assert_array_equal(read.tracks[tracks.ORIGIN], some.tracks[tracks.ORIGIN])
    np.testing.assert_allclose(read.tracks["d0"], some.tracks["d0"], rtol=1e-3, atol=1e-4)
    assert (read.tracks["leptonID"] == 0).all()
    np.testing.assert_allclose(read.jet[:, 3], some.jet[:, 3], rtol=1e-5)
    community_file(tmp_path / "b.h5", some, processed=True, name=name)
    processed = load_jets(tmp_path / "b.h5")
    assert processed.classes == ("c", "b", "light", "tau")
    names = [processed.classes[k] for k in processed.label]
    assert names == [some.classes[k] for k in some.label]


def test_jets_of_no_class_are_left_out_and_counted(jets, tmp_path):
    some = jets.select(slice(0, 20))
    community_file(tmp_path / "a.h5", some)
    with h5py.File(tmp_path / "a.h5", "r+") as stored:
        table = stored["jets"][:]
        table[SOURCE][:3] = 54
        stored["jets"][:] = table
    read = load_jets(tmp_path / "a.h5")
    assert len(read) == 17
    assert read.provenance["left_out"] == "3 jets of no class"


def test_what_is_missing_in_a_file_is_named(jets, tmp_path):
    some = jets.select(slice(0, 5))
    community_file(tmp_path / "a.h5", some)
    with h5py.File(tmp_path / "a.h5", "r+") as stored:
        rows = stored["tracks"][:]
        kept = [n for n in rows.dtype.names if n != "phiUncertainty"]
        del stored["tracks"]
        stored["tracks"] = rows[kept]
    with pytest.raises(DataError, match="the tracks have no field 'phiUncertainty'"):
        load_jets(tmp_path / "a.h5")
    community_file(tmp_path / "b.h5", some)
    with h5py.File(tmp_path / "b.h5", "r+") as stored:
        table = stored["jets"][:]
        del stored["jets"]
        stored["jets"] = table[["pt_btagJes", "eta_btagJes"]]
    with pytest.raises(DataError, match="no field 'HadronConeExclTruthLabelID', nor"):
        load_jets(tmp_path / "b.h5")
    community_file(tmp_path / "c.h5", some)
    with h5py.File(tmp_path / "c.h5", "r+") as stored:
        rows = stored["tracks"][:]
        rows["d0"][rows["valid"]] = np.inf
        stored["tracks"][:] = rows
    with pytest.raises(DataError, match="d0 of a track is not a finite number"):
        load_jets(tmp_path / "c.h5")


def test_a_file_that_was_altered_is_refused(file, tmp_path):
    copy = tmp_path / "copy.h5"
    copy.write_bytes(file.read_bytes())
    with h5py.File(copy, "r+") as stored:
        table = stored["jets"][:]
        table["pt"][0] += 1
        stored["jets"][:] = table
    with pytest.raises(DataError, match="not what its digest was made of"):
        load_jets(copy)
