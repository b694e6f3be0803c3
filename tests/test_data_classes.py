"""Classes of jets, selected and merged; and the layout of the published five-class jets."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

import triggernet
from triggernet.cli import main
from triggernet.data import kinematics, load_jets, mock_jets, save_jets
from triggernet.data.classes import class_groups, regroup
from triggernet.data.readers.hls4ml_layout import PARTICLE, WHOLE_JET, save_hls4ml
from triggernet.errors import DataError, UsageError

FIVE = ("gluon", "quark", "w", "z", "top")
LABELS = np.array([4, 0, 1, 2, 3, 1, 4, 0, 0, 2, 3, 4])
JETS = replace(
    mock_jets(12, seed=6), label=LABELS, classes=FIVE, event=np.arange(12) // 2, provenance={"a": 1}
)


def test_selected_classes_keep_their_jets_and_get_new_labels():
    found = regroup(JETS, class_groups(["top", "quark"]))
    assert found.classes == ("top", "quark")
    np.testing.assert_array_equal(found.label, [0, 1, 1, 0, 0])
    kept = [0, 2, 5, 6, 11]
    for name in ("constituents", "jet", "multiplicity", "truth", "event"):
        np.testing.assert_array_equal(getattr(found, name), getattr(JETS, name)[kept])
    assert found.provenance == {"a": 1, "selection": f"top, quark of {', '.join(FIVE)}"}


def test_classes_merge_to_background_and_signal():
    groups = class_groups(signal=["top"], background=["gluon", "quark"])
    found = regroup(JETS, groups)
    assert found.classes == ("gluon+quark", "top")
    np.testing.assert_array_equal(found.label, [1, 0, 0, 0, 1, 0, 0, 1])
    again = regroup(found, class_groups(["top", "gluon+quark"]))
    assert again.provenance["selection"] == (
        f"gluon+quark, top of {', '.join(FIVE)}; top, gluon+quark of gluon+quark, top"
    )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"classes": ["top", "glun"]}, UsageError, "no class 'glun'.*did you mean 'gluon'"),
        ({"classes": ["top", "tau"]}, UsageError, "no class 'tau'; their classes are gluon, quark"),
        ({"classes": ["top", "w", "top"]}, UsageError, "class 'top' is named twice"),
        ({"signal": ["top"], "background": ["w", "top"]}, UsageError, "'top' is named twice"),
        ({"signal": ["top"]}, UsageError, "signal without background: name the classes"),
        ({"background": ["top"]}, UsageError, "background without signal: name the classes"),
        (
            {"classes": ["top"], "signal": ["w"], "background": ["z"]},
            UsageError,
            "give either classes, or signal and background",
        ),
    ],
)
def test_wrong_choices_are_refused_in_one_line(tmp_path, given, error, message):
    save_jets(tmp_path / "jets.h5", JETS)
    with pytest.raises(error, match=message) as caught:
        triggernet.convert(tmp_path / "jets.h5", out=tmp_path / "out.h5", **given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.h5").exists()


def test_a_class_without_jets_is_refused(tmp_path):
    save_jets(tmp_path / "jets.h5", JETS.select(LABELS != 3))
    message = "none of the 10 jets is of the class 'z'; there are 3 of gluon, 2 of quark, 2 of w, 3"
    for given in ({"classes": ["z", "top"]}, {"signal": ["top"], "background": ["w", "z"]}):
        with pytest.raises(DataError, match=message):
            triggernet.convert(tmp_path / "jets.h5", out=tmp_path / "out.h5", **given)
    triggernet.convert(tmp_path / "jets.h5", out=tmp_path / "out.h5", classes=["top", "w"])
    assert load_jets(tmp_path / "out.h5").classes == ("top", "w")


def test_the_command_selects_and_merges(tmp_path, capsys):
    source, target = str(tmp_path / "jets.h5"), str(tmp_path / "out.h5")
    save_jets(tmp_path / "jets.h5", JETS)
    assert main(["convert", source, target, "--classes", "w,z"]) == 0
    assert capsys.readouterr().out == f"{target}: 4 jets of w, z\n"
    words = ["--signal", "w, z", "--background", "quark,gluon", "--compact", "8"]
    assert main(["convert", source, target, *words]) == 0
    assert load_jets(tmp_path / "out.h5").classes == ("quark+gluon", "w+z")
    capsys.readouterr()
    with pytest.raises(SystemExit, match="2"):
        main(["convert", source, target, "--classes", "w,,z"])
    assert "'w,,z' is not allowed; give names with commas" in capsys.readouterr().err
    assert main(["convert", source, target, "--classes", "w,tau"]) == 2
    assert capsys.readouterr().err == (
        "triggernet: error: the jets have no class 'tau'; their classes are gluon, quark, w, z, "
        "top\n"
    )


def test_the_published_layout_comes_back_as_it_was(tmp_path):
    path = tmp_path / "published.h5"
    save_hls4ml(path, JETS)
    found = load_jets(path)
    np.testing.assert_array_equal(found.label, JETS.label)
    assert found.classes == FIVE
    assert found.provenance == {"a": 1}  # no word of Zenodo
    np.testing.assert_allclose(
        found.leading(64).constituents, JETS.constituents, rtol=1e-6, atol=1e-4
    )
    assert not found.present[:, 64:].any()
    np.testing.assert_array_equal(found.multiplicity, JETS.multiplicity)
    np.testing.assert_allclose(found.jet, JETS.jet, rtol=1e-6)
    save_hls4ml(tmp_path / "again.h5", found)
    again = load_jets(tmp_path / "again.h5")
    np.testing.assert_array_equal(again.constituents, found.constituents)


def test_the_published_layout_has_the_published_shapes_and_values(tmp_path):
    save_hls4ml(tmp_path / "published.h5", JETS)
    with h5py.File(tmp_path / "published.h5") as file:
        listed, whole = file["jetConstituentList"][:], file["jets"][:]
        particle = [name.decode() for name in file["particleFeatureNames"]]
        jet = [name.decode() for name in file["jetFeatureNames"]]
    assert (listed.shape, listed.dtype) == ((12, 150, 16), np.float64)
    assert (whole.shape, whole.dtype) == ((12, 59), np.float64)
    assert particle == [*PARTICLE, "j1_pdgid"]
    assert jet == list(WHOLE_JET)
    assert jet[-6:] == ["j_g", "j_q", "j_w", "j_z", "j_t", "j_undef"]
    np.testing.assert_array_equal(whole[:, -6:-1], np.eye(5)[LABELS])
    assert (whole[:, -1] == 0).all()
    assert (listed[:, 64:] == 0).all()
    assert (listed[:, :64][~JETS.present] == 0).all()
    at = {name: listed[0, 1, k] for k, name in enumerate(PARTICLE)}
    e, px, py, pz = JETS.constituents[0, 1]
    total = JETS.jet[0]
    pt, jet_pt = np.hypot(px, py), np.hypot(total[1], total[2])
    eta, jet_eta = np.arcsinh(pz / pt), np.arcsinh(total[3] / jet_pt)
    turn = np.angle(complex(px, py) / complex(total[1], total[2]))
    expected = {
        "j1_px": px, "j1_py": py, "j1_pz": pz, "j1_e": e, "j1_erel": e / total[0], "j1_pt": pt,
        "j1_ptrel": pt / jet_pt, "j1_eta": eta, "j1_etarel": eta - jet_eta,
        "j1_phi": np.arctan2(py, px), "j1_phirel": turn,
        "j1_deltaR": np.hypot(eta - jet_eta, turn), "j1_costheta": pz / e,
        "j1_costhetarel": total[1:] @ [px, py, pz] / np.linalg.norm(total[1:]) / e,
    }  # fmt: skip
    for name, value in expected.items():
        np.testing.assert_allclose(at[name], value, rtol=1e-5, atol=1e-5, err_msg=name)
    assert {name for name, value in at.items() if np.isnan(value)} == {"j1_etarot", "j1_phirot"}
    of_jet = {name: whole[0, k] for k, name in enumerate(WHOLE_JET)}
    mass = kinematics.mass(JETS.jet)[0]
    known = {"j_pt": jet_pt, "j_eta": jet_eta, "j_mass": mass}
    for name, value in {**known, "j_multiplicity": JETS.multiplicity[0]}.items():
        np.testing.assert_allclose(of_jet[name], value, rtol=1e-5, err_msg=name)
    assert sum(np.isnan(value) for value in of_jet.values()) == 59 - 4 - 6


def test_convert_writes_the_published_layout(tmp_path):
    save_jets(tmp_path / "jets.h5", JETS)
    source, target = tmp_path / "jets.h5", tmp_path / "published.h5"
    triggernet.convert(source, out=target, layout="hls4ml", classes=["top", "w"])
    with h5py.File(target) as file:
        assert file["jetConstituentList"].shape == (5, 150, 16)
    found = load_jets(target)
    assert found.classes == FIVE
    np.testing.assert_array_equal(found.label, [4, 2, 4, 2, 4])
    with pytest.raises(UsageError, match="no layout 'zenodo'; there are triggernet, hls4ml"):
        triggernet.convert(source, out=target, layout="zenodo")
    with pytest.raises(UsageError, match="the layout 'hls4ml' has no compact form"):
        triggernet.convert(source, out=target, layout="hls4ml", compact=16)
    other = replace(JETS, classes=("qcd", *FIVE[1:]))
    save_jets(source, other)
    with pytest.raises(DataError, match="has no column for the class 'qcd'; it has gluon, quark"):
        triggernet.convert(source, out=target, layout="hls4ml")


@pytest.mark.parametrize(("n_columns", "last"), [(15, "j1_pdgid"), (16, "j1_charge")])
def test_only_the_name_of_the_particle_code_may_lack_a_column(tmp_path, n_columns, last):
    save_hls4ml(tmp_path / "jets.h5", JETS)
    with h5py.File(tmp_path / "jets.h5", "r+") as file:
        listed = file["jetConstituentList"][..., :n_columns]
        del file["jetConstituentList"]
        file["jetConstituentList"] = listed
        names = np.array([*PARTICLE, last], dtype="S")
        del file["particleFeatureNames"]
        file["particleFeatureNames"] = names
    with pytest.raises(DataError, match=f"{n_columns}.; expected 3 axes, .* are named: 17"):
        load_jets(tmp_path / "jets.h5")


def test_a_column_of_the_particle_code_is_read_over(tmp_path):
    save_hls4ml(tmp_path / "jets.h5", JETS)
    expected = load_jets(tmp_path / "jets.h5")
    with h5py.File(tmp_path / "jets.h5", "r+") as file:
        listed = np.pad(file["jetConstituentList"][:], ((0, 0), (0, 0), (0, 1)))
        del file["jetConstituentList"]
        file["jetConstituentList"] = listed
    found = load_jets(tmp_path / "jets.h5")
    np.testing.assert_array_equal(found.constituents, expected.constituents)
