"""Widths as narrow as the AUC allows: what can be narrowed, what is written, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sweeps import JETS, study_of

import triggernet as tn
from triggernet.cli import main
from triggernet.data import load_jets
from triggernet.deployment.export import export_run
from triggernet.errors import ConfigError, ModelError, UsageError
from triggernet.learning.training import load_run, load_run_config, train
from triggernet.learning.training.sample import Sample, predict
from triggernet.statistics import roc_area_difference
from triggernet.studies.sweep.bench import count_hardware
from triggernet.studies.sweep.config import HardwareConfig
from triggernet.studies.widths.judge import ONE_SIDED_95, Loss
from triggernet.studies.widths.knobs import knobs_of, narrower

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small net with widths that are far too generous."""
    content = study_of()["run"]
    content["model"] |= {"embedding": [4], "rounds": [3]}
    content["training"] |= {"max_jets": 900}
    content["training"]["adamw"] |= {"epochs": 12, "learning_rate": 0.02}
    content["training"]["fine_tune"] |= {"epochs": 2}
    content["quantisation"] = {"hidden": {"width": 14}, "weight": 12, "bias": 14}
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(load_run_config(content), load_jets(JETS), folder)
    return folder


def test_knobs_are_widths_bits_and_digits():
    knobs = knobs_of(load_run_config({"model": {"name": "jedilinear"}}).quantisation)
    assert knobs == {
        "quantisation.score.width": 12,
        "quantisation.weight": 8,
        "quantisation.bias": 10,
        "quantisation.digits": None,
        "quantisation.columns.width": 12,
        "quantisation.hidden.width": 10,
        "quantisation.pooled.width": 12,
    }


@pytest.mark.parametrize(
    ("key", "value", "step", "below"),
    [
        ("quantisation.weight", 8, 2, 6),
        ("quantisation.d.width", 3, 2, None),
        ("quantisation.d.width", 3, 1, 2),
        ("quantisation.digits", None, 2, 2),
        ("quantisation.digits", None, 1, 3),
        ("quantisation.digits", 2, 2, 1),
        ("quantisation.digits", 1, 1, None),
    ],
)
def test_a_knob_goes_down_to_its_end(key, value, step, below):
    assert narrower(key, value, step) == below


def test_the_bound_is_one_sided():
    assert Loss(0.001, 0.0005, 0.9, 0.901, 100).bound == 0.001 + ONE_SIDED_95 * 0.0005
    from scipy.stats import norm

    assert norm.cdf(ONE_SIDED_95) == pytest.approx(0.95, abs=1e-5)


def test_narrower_widths_are_found_judged_and_written(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("triggernet.studies.widths.fit.MOST_ROUNDS", 1)
    out = tmp_path / "narrow"
    words = ["fit-widths", str(run), "--budget", "cms-phase2", "--data", str(JETS)]
    more = ["--out", str(out), "--loss", "0.05", "--epochs", "1", "--json"]
    assert main([*words, *more]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["met"]
    assert said["after"]["lut"] < said["before"]["lut"]
    assert said["changed"]
    before, after = load_run(run), load_run(out)
    for key, (old, new) in said["changed"].items():
        name = key.removeprefix("quantisation.")
        assert knobs_of(before.config.quantisation)[f"quantisation.{name}"] == old
        assert knobs_of(after.config.quantisation)[f"quantisation.{name}"] == new
        assert old is None or new < old
    for mine, theirs in zip(
        before.float_model.parameters(), after.float_model.parameters(), strict=True
    ):
        assert np.array_equal(mine.detach().numpy(), theirs.detach().numpy())
    check_figures(out, after, said)


def check_figures(out, after, said):
    """The figures are those of the run that was written, on the jets that were kept back."""
    counted = count_hardware(after.quantised, after.config, HardwareConfig())
    assert counted["lut"] == said["after"]["lut"]
    jets = load_jets(JETS, 900)
    back = jets.select(np.arange(2, len(jets), 3))
    sample = Sample.of(back, after.config)
    exact = predict(after.float_model, sample.exact).numpy()
    codes = predict(after.quantised, sample.hardware).numpy()
    moved = roc_area_difference(exact, codes, sample.label.numpy())
    assert said["after"]["value"] == pytest.approx(-moved.value, abs=1e-12)
    assert said["after"]["error"] == pytest.approx(moved.error)
    assert said["after"]["bound"] < said["allowed"]
    assert export_run(out).program.nodes
    kept = json.loads((out / "widths.json").read_text())
    assert kept["changed"] == said["changed"]


def test_a_loss_that_no_width_keeps_is_said(run, tmp_path, monkeypatch):
    monkeypatch.setattr("triggernet.studies.widths.fit.MOST_ROUNDS", 1)
    with pytest.raises(ModelError, match="no narrower widths of .* keep the loss of AUC below 1e-"):
        tn.fit_widths(run, data=JETS, out=tmp_path / "no", budget="cms-phase2", loss=1e-9, epochs=1)
    assert not (tmp_path / "no").exists()


def test_what_cannot_be_narrowed_is_refused(run, tmp_path):
    given = {"data": JETS, "out": tmp_path / "no"}
    with pytest.raises(UsageError, match="no budget 'cms'"):
        tn.fit_widths(run, budget="cms", **given)
    with pytest.raises(UsageError, match="loss 0.0, epochs 3: allowed are above 0"):
        tn.fit_widths(run, loss=0.0, **given)
    with pytest.raises(UsageError, match="exists and is not empty"):
        tn.fit_widths(run, data=JETS, out=run)
    with pytest.raises(ModelError, match="is no run folder"):
        tn.fit_widths(tmp_path, **given)
    with pytest.raises(ConfigError, match="nowhere.yaml"):
        tn.fit_widths(run, budget=tmp_path / "nowhere.yaml", **given)
