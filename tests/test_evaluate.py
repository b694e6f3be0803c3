"""Evaluating a run: the command, its JSON, its plot, and jets that it refuses."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from triggernet import statistics
from triggernet.cli import main
from triggernet.data import EncodingConfig, decode, encode, mock_jets, save_jets
from triggernet.errors import DataError, EncodingError, UsageError
from triggernet.learning.evaluation import evaluate
from triggernet.learning.evaluation.roc import band, plot_roc, rejection_curve
from triggernet.learning.tasks.metrics import area_under_roc
from triggernet.learning.training import load_run_config, train
from triggernet.learning.training.features import float_inputs, hardware_inputs
from triggernet.statistics import roc_area, roc_area_difference

SETTINGS = {
    "encoding.n_constituents": 6,
    "training.multistart.starts": 3,
    "training.multistart.pool": 16,
    "training.multistart.finalists": 2,
    "training.multistart.screen_jets": 300,
    "training.multistart.screen_iterations": 10,
    "training.multistart.iterations": 60,
    "training.fine_tune.epochs": 2,
    "training.fine_tune.batch_size": 64,
    "training.fine_tune.calibration_jets": 60,
}
KEYS = {
    "n_jets", "n_background", "accuracy", "accuracy_low", "accuracy_high", "auc", "auc_error",
    "rejection_30", "rejection_30_low", "rejection_30_high", "passing_30", "rejection_50",
    "rejection_50_low", "rejection_50_high", "passing_50", "n_parameters", "ant", "notes",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    train(load_run_config(None, SETTINGS, "nanopelican"), mock_jets(600, 1), out)
    return out


@pytest.fixture(scope="module")
def run(folder):
    from triggernet.learning.training import load_run

    return load_run(folder)


def test_command_prints_one_json_object_and_draws(folder, tmp_path, capfd):
    data, plot = tmp_path / "jets.h5", tmp_path / "roc.png"
    save_jets(data, mock_jets(400, 2))
    assert main(["evaluate", str(folder), "--data", str(data), "--json", "-o", str(plot)]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found.pop("saturated") == {"pt": 0, "eta": 0, "phi": 0}
    difference = found.pop("auc_difference")
    assert difference["value"] == found["quantised"]["auc"] - found["float"]["auc"]
    assert found.pop("notes") == []
    assert set(found) == {"float", "quantised"}
    for metrics in found.values():
        assert set(metrics) == KEYS
        assert metrics["n_jets"] == 400
        assert metrics["n_parameters"] == 21
        assert metrics["auc"] > 0.8
        assert (metrics["ant"] is None) == (metrics["rejection_30"] is None)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main(["evaluate", str(folder), "--data", str(data)]) == 0
    text = capfd.readouterr().out
    assert f"{found['quantised']['auc']:.4f}" in text
    assert "background rejection at 30 % signal efficiency" in text
    assert "background rejection at 50 % signal efficiency" in text
    shown = f"{difference['value']:+.4f} +- {difference['error']:.4f}"
    assert f"AUC, quantised minus float on the same jets: {shown}\n" in text
    assert "saturated inputs: none" in text
    notes = [f"note: {name} model: {n}" for name, m in found.items() for n in m["notes"]]
    assert notes  # 200 background jets: fewer than 10 pass
    assert text.splitlines()[-len(notes) :] == notes


def test_both_models_are_judged_on_what_they_read(run):
    jets = mock_jets(300, 3)
    found = evaluate(run, jets)
    with torch.no_grad():
        exact = run.float_model(float_inputs(jets, run.config.encoding)).numpy()
        quantised = run.quantised(hardware_inputs(jets, run.config.encoding)).numpy()
    np.testing.assert_array_equal(found.float_logits, exact)
    np.testing.assert_array_equal(found.quantised_logits, quantised)
    assert found.float.auc == area_under_roc(exact, jets.label)
    assert found.quantised.auc == area_under_roc(quantised, jets.label)


def test_the_difference_of_the_aucs_knows_that_the_jets_are_the_same(run):
    found = evaluate(run, mock_jets(300, 3))
    exact, hardware = found.float_logits, found.quantised_logits
    assert found.auc_difference == roc_area_difference(exact, hardware, found.label)
    errors = [roc_area(each, found.label).error for each in (exact, hardware)]
    assert found.auc_difference.error < np.hypot(*errors)
    assert dataclasses.replace(found, hardware_logits=None).auc_difference is None


def test_bands_are_asymmetric_and_never_below_1():
    rejection = np.array([1.0, 1.02, 5.0, 200.0, 400.0, np.nan])
    low, high = band(rejection, 200)
    assert np.isnan([low[-1], high[-1]]).all()
    low, value, high = low[:-1], rejection[:-1], high[:-1]
    assert (low >= 1).all()
    assert ((low <= value) & (value <= high)).all()
    one = statistics.rejection(1, 200)
    assert (low[3], high[3]) == pytest.approx((one.low, one.high))
    assert high[3] - 200 > 2 * (200 - low[3])


def test_no_curve_is_drawn_where_less_than_one_background_jet_passes():
    rng = np.random.default_rng(1)
    label = (np.arange(900) % 3 == 0).astype(np.int64)
    curve = rejection_curve(rng.normal(size=900) + 2.5 * label, label)
    assert np.isnan(curve[0])
    assert curve[-1] == 1
    assert 100 < np.nanmax(curve) <= 600
    one = statistics.rejection(1, 600)
    # One jet of background shares its score with a fifth of the signal: between no jet and one.
    tied = rejection_curve(np.r_[np.zeros(99), 1, np.ones(20), np.zeros(80)], np.arange(200) >= 100)
    assert np.nanmax(tied) == pytest.approx(100)
    assert np.nanmax(band(curve, 600)[1]) <= one.high * (1 + 1e-9)


def test_values_out_of_range_are_reported(run):
    jets = mock_jets(50, 3)
    found = evaluate(run, dataclasses.replace(jets, constituents=jets.constituents * 8))
    assert found.saturated["pt"] > 0
    assert f"saturated inputs: pt {found.saturated['pt']}" in found.as_text()


@pytest.mark.parametrize("kind", ["polar", "cartesian"])
def test_float_inputs_are_the_encoded_ones_without_rounding(kind):
    fine = EncodingConfig(
        kind=kind, n_constituents=10, jet=True, pt_width=32, pt_lsb_gev=2.0**-20, jet_pt_width=32,
        jet_pt_lsb_gev=2.0**-20, jet_excess_width=32, jet_excess_lsb_gev=2.0**-22,
        momentum_width=32, momentum_lsb_gev=2.0**-18,
    )  # fmt: skip
    jets = mock_jets(50, 5)
    exact = float_inputs(jets, fine)
    decoded = decode(encode(jets, fine), fine)
    step = 1e-4 if kind == "cartesian" else 2.0  # angles stay on their grid of pi/720
    np.testing.assert_allclose(exact["momenta"], decoded.constituents, rtol=5e-3, atol=step)
    np.testing.assert_allclose(exact["jet"], decoded.jet, rtol=1e-6, atol=1e-3)
    for name, value in hardware_inputs(jets, fine).items():
        atol = 0.51 if name in ("eta", "phi") else 1e-4
        np.testing.assert_allclose(exact[name], value, rtol=1e-6, atol=atol)


def test_float_momenta_keep_every_product_of_the_laboratory():
    jets = mock_jets(20, 6)
    polar = float_inputs(jets, EncodingConfig(n_constituents=12))
    momenta, lab = polar["momenta"].numpy(), jets.leading(12).constituents
    metric = np.diag([1.0, -1, -1, -1])
    found, expected = (np.einsum("nia,ab,njb->nij", p, metric, p) for p in (momenta, lab))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-7)
    with_jet = np.einsum("nia,ab,nb->ni", momenta, metric, polar["jet"].numpy())
    expected = np.einsum("nia,ab,nb->ni", lab, metric, jets.jet)
    np.testing.assert_allclose(with_jet, expected, rtol=1e-8, atol=1e-7)


def test_jets_that_make_no_sense_are_refused(run):
    jets = mock_jets(40, 7)
    three = dataclasses.replace(jets, classes=("qcd", "w", "top"))
    with pytest.raises(DataError, match=r"3 classes \(qcd, w, top\), the model tells 2 apart"):
        evaluate(run, three)
    broken = jets.constituents.copy()
    broken[4, 1, 2] = np.nan
    with pytest.raises(EncodingError, match="not finite, first in jet 4"):
        evaluate(run, dataclasses.replace(jets, constituents=broken))
    negative = jets.constituents.copy()
    negative[7, 0, 0] *= -1
    with pytest.raises(DataError, match="1 jets have negative energies, first jet 7"):
        evaluate(run, dataclasses.replace(jets, constituents=negative))
    with pytest.raises(DataError, match="has 20 qcd and 0 top jets; all classes are needed"):
        evaluate(run, jets.select(jets.label == 0))


def test_bad_commands_exit_with_2(folder, tmp_path, capfd):
    data = tmp_path / "jets.h5"
    save_jets(data, mock_jets(40, 2))
    assert main(["evaluate", str(tmp_path), "--data", str(data)]) == 2
    assert "is no run folder" in capfd.readouterr().err
    assert main(["evaluate", str(folder), "--data", str(tmp_path / "none.h5")]) == 2
    words = ["train", "nanopelican", "--data", str(data), "--out"]
    assert main([*words, str(folder)]) == 2
    assert "exists and is not empty" in capfd.readouterr().err
    assert main([*words, str(tmp_path / "new"), "--set", "training.sead=1"]) == 2
    assert "did you mean 'seed'" in capfd.readouterr().err
    assert not (tmp_path / "new").exists()


def test_plot_refuses_other_endings(run, tmp_path):
    with pytest.raises(UsageError, match="must end in one of .png, .pdf, .svg"):
        plot_roc(evaluate(run, mock_jets(60, 8)), tmp_path / "roc.txt")
