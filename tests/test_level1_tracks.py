"""Taggers of flavours for Level-1: tracks in integers, a student of GN2, exact in all executors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from flavour_files import generated

from triggernet import cli
from triggernet.data import EncodingConfig, encode, load_jets, mock_jets, save_jets
from triggernet.data.encoding import exact_values
from triggernet.data.kinematics import transverse_momentum
from triggernet.data.readers import flavour
from triggernet.data.track_columns import TYPES, deviates_of
from triggernet.data.tracks import SIGNIFICANCE, momenta_of
from triggernet.errors import ConfigError, DataError
from triggernet.learning.training import load_run_config

KINDS = ("outer-tracks", "pixel-tracks")


@pytest.fixture(scope="module")
def jets():
    found = load_jets(generated())
    taus = np.flatnonzero(found.label == 3)
    index = np.random.default_rng(1).permutation(np.concatenate([np.arange(1200), *[taus] * 4]))
    return replace(found.select(index), weight=None, event=np.arange(len(index)))


@pytest.fixture(scope="module")
def file(jets, tmp_path_factory):
    path = tmp_path_factory.mktemp("flavour") / "jets.h5"
    flavour.save_flavour_parts(path, jets, len(jets), [jets])
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_tracks_above_two_gev_come_with_their_own_columns(jets, kind):
    config = EncodingConfig(kind=kind, n_constituents=8, pt_width=16)
    encoded = encode(jets, config)
    assert list(encoded.inputs) == ["pt", "eta", "phi", "z0", "dxy"]
    pt = encoded.inputs["pt"] * config.pt_lsb_gev
    assert pt[pt > 0].min() >= 2.0
    assert (np.diff(pt, axis=1) <= 0).all()
    for name, values in encoded.inputs.items():
        assert (values[pt == 0] == 0).all(), name
    momenta = transverse_momentum(momenta_of(jets.tracks, jets.jet))
    np.testing.assert_array_equal((pt > 0).sum(1), np.minimum((momenta > 2).sum(1), 8))


def test_columns_stay_with_their_tracks(jets):
    some = jets.select(slice(0, 40))
    p, values = exact_values(some, EncodingConfig(kind="pixel-tracks", n_constituents=5))
    pt = transverse_momentum(p)
    mine = transverse_momentum(momenta_of(some.tracks, some.jet))
    for jet, place in zip(*np.nonzero(pt), strict=True):
        track = np.argmin(np.abs(mine[jet] - pt[jet, place]))
        expected = float(some.tracks[SIGNIFICANCE][jet, track]) / 0.25
        assert values["dxy"][jet, place] == pytest.approx(expected)


def test_outer_tracks_are_measured_as_an_outer_tracker_would(jets):
    config = EncodingConfig(kind="outer-tracks", n_constituents=6)
    (p, outer), (_, again) = (exact_values(jets, config) for _ in range(2))
    np.testing.assert_array_equal(outer["z0"], again["z0"])
    _, pixel = exact_values(jets, EncodingConfig(kind="pixel-tracks", n_constituents=6))
    there = p[..., 0] > 0
    difference = (outer["z0"] * 0.5 - pixel["z0"] * 0.0625)[there]
    assert difference.std() == pytest.approx(1.0, rel=0.1)
    assert (outer["dxy"] >= 0).all()
    first, second = deviates_of(jets.tracks)
    drawn = np.concatenate([x[jets.tracks["valid"]] for x in (first, second)])
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.std() == pytest.approx(1, abs=0.03)
    assert abs(np.corrcoef(first[jets.tracks["valid"]], second[jets.tracks["valid"]])[0, 1]) < 0.05


def test_jets_without_tracks_and_models_without_columns_are_refused():
    with pytest.raises(DataError, match="encoding.kind: outer-tracks needs jets with tracks"):
        encode(mock_jets(4), EncodingConfig(kind="outer-tracks"))
    with pytest.raises(ConfigError, match="which model 'efp' does not read"):
        load_run_config(None, {"encoding.kind": "outer-tracks"}, "efp")
    assert not TYPES["outer-tracks"]["dxy"].signed


def test_a_student_of_gn2_is_exact_in_all_executors(file, tmp_path, capsys):
    teacher = tmp_path / "gn2"
    small = ["model.width=16", "model.layers=1", "model.heads=4", "encoding.n_constituents=10"]
    epochs = ["training.adamw.epochs=1", "training.adamw.schedule=constant"]
    words = [x for setting in small + epochs for x in ("--set", setting)]
    args = ["train", "gn2", "--data", str(file), "--out", str(teacher)]
    assert cli.main([*args, *words]) == 0
    student = ["model.phi=[8]", "model.rho=[8]", "encoding.n_constituents=4"]
    student += ["encoding.kind=outer-tracks", "training.fine_tune.epochs=1", "encoding.pt_width=16"]
    student += ["training.max_saturated=0.2", f"training.start.teacher={teacher}"]
    words = [x for setting in student + epochs for x in ("--set", setting)]
    run, project = tmp_path / "run", tmp_path / "project"
    args = ["train", "deepsets", "--data", str(file), "--out", str(run)]
    assert cli.main([*args, *words]) == 0
    assert cli.main(["export", str(run), "--out", str(project)]) == 0
    capsys.readouterr()
    args = ["verify", str(project), "--data", str(file), "--vectors", "300", "--json"]
    assert cli.main(args) == 0
    agreement = json.loads(capsys.readouterr().out)
    assert agreement["exact"]
    assert {each["mismatches"] for each in agreement["executors"].values()} == {0}
    assert cli.main(["verify", str(project), "--vectors", "100"]) in (0, 3)
    assert "of tracks: no real jets among the vectors" in capsys.readouterr().out
    assert cli.main(["evaluate", str(run), "--data", str(file)]) == 0
    assert "70 % of b at low pT" in capsys.readouterr().out
    plain = tmp_path / "plain.h5"
    save_jets(plain, mock_jets(50))
    assert cli.main(["verify", str(project), "--data", str(plain), "--vectors", "100"]) == 2
