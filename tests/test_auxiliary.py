"""Properties of jets that are learned beside the classes: targets, losses, trainings, refusals."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from test_start import SMALL, trained, weights
from test_task import FAMILIES, five_classes
from torch.nn import functional

from triggernet.cli import main
from triggernet.data import Jets, mock_jets, save_jets
from triggernet.errors import ConfigError
from triggernet.learning.evaluation import evaluate
from triggernet.learning.tasks.auxiliary import (
    Auxiliary,
    Residuals,
    multiplicity,
    regression_loss,
    response,
)
from triggernet.learning.training import load_run, load_run_config, train
from triggernet.learning.training.sample import Sample, split_jets

BOTH = {"auxiliary.multiplicity.weight": 0.3, "auxiliary.response.weight": 2.0}


def with_truth(jets: Jets) -> Jets:
    """Every second jet holds a particle of 1.25 times its momentum."""
    known = (np.arange(len(jets)) % 2)[:, None]
    return dataclasses.replace(jets, truth=1.25 * jets.jet * known)


JETS = with_truth(mock_jets(600, 1))


# Targets and losses


def test_targets_are_what_they_are_said_to_be():
    assert np.isnan(response(JETS)[::2]).all()
    np.testing.assert_allclose(response(JETS)[1::2], math.log(1.25))
    np.testing.assert_allclose(np.exp(multiplicity(JETS)), JETS.multiplicity)
    empty = dataclasses.replace(JETS, multiplicity=np.zeros(len(JETS), np.int64))
    assert np.isnan(multiplicity(empty)).all()


def test_the_loss_is_torchs_own_over_what_is_known():
    rng = torch.Generator().manual_seed(0)
    outputs = torch.randn(30, generator=rng, requires_grad=True)
    target = 3 * torch.randn(30, generator=rng)
    target[::3] = math.nan
    known = ~torch.isnan(target)
    loss = regression_loss(outputs, target)
    torch.testing.assert_close(loss, functional.smooth_l1_loss(outputs[known], target[known]))
    loss.backward()
    assert torch.isfinite(outputs.grad).all()
    assert (outputs.grad[::3] == 0).all()
    weight = torch.rand(30, generator=rng)
    each = functional.smooth_l1_loss(outputs[known], target[known], reduction="none")
    torch.testing.assert_close(
        regression_loss(outputs, target, weight),
        (each * weight[known]).sum() / weight[known].sum(),
    )
    assert float(regression_loss(outputs.detach(), torch.full((30,), math.nan))) == 0.0


def test_losses_are_summed_with_their_weights():
    config = load_run_config({"model": {"name": "deepsets"}}, {**SMALL, **BOTH})
    split = split_jets(JETS, config)
    target = split.train.target(slice(50))
    outputs = torch.randn(50, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = (
        functional.binary_cross_entropy_with_logits(outputs[:, 0], target.label.double())
        + 0.3 * regression_loss(outputs[:, 1], target.properties["multiplicity"])
        + 2.0 * regression_loss(outputs[:, 2], target.properties["response"])
    )
    torch.testing.assert_close(split.loss(outputs, target), expected)
    # Models are chosen by their classes alone.
    validation = torch.randn(len(split.validation), 3, dtype=torch.float64)
    assert split.judged(validation) == split.judged(validation[:, 0])


def test_residuals_are_quantiles():
    target = np.array([0.0, np.nan, 0.0, 0.0])
    found = Residuals.of(np.array([1.0, 50.0, 2.0, 3.0]), target)
    assert found == Residuals(3, 2.0, pytest.approx(0.68))
    assert Residuals.of(target, np.full(4, np.nan)).as_text() == "not known of any jet"


# Trainings


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_learns_more_than_its_classes(name: str, tmp_path: Path):
    jets = with_truth(five_classes(300, 2))
    sizes = {} if name != "deepsets" else {"model.phi": [6], "model.rho": [5]}
    settings = {k: v for k, v in SMALL.items() if not k.startswith("model.")} | sizes
    config = load_run_config({"model": {"name": name}}, {**settings, **BOTH})
    run = train(config, jets, tmp_path / name)
    found = evaluate(run, jets)
    assert found.float_logits.shape == (300, 5)
    assert [found.properties[p].n_known for p in ("multiplicity", "response")] == [300, 150]
    assert run.quantised_model is None


def test_what_is_learned_comes_near_the_truth(tmp_path: Path):
    rate = {"training.adamw.epochs": 40, "training.adamw.learning_rate": 0.01}
    run = trained(tmp_path / "run", JETS, **BOTH, **rate)
    found = evaluate(run, JETS)
    assert found.properties["response"].median == pytest.approx(0, abs=0.1)
    text = found.as_text()
    assert "response, prediction - truth: median" in text
    assert set(found.as_dict()["properties"]) == set(found.properties)
    assert "properties" not in evaluate(trained(tmp_path / "alone"), JETS).as_dict()


def test_a_training_of_the_classes_alone_begins_from_one_of_more(tmp_path: Path):
    first = trained(tmp_path / "first", JETS, **BOTH)
    start = {"training.start.from": str(tmp_path / "first"), "training.start.head": "fresh"}
    slow = {"training.adamw.learning_rate": 1e-9}
    run = trained(tmp_path / "second", JETS, **start, **slow)
    assert torch.allclose(weights(run)["phi.0.weight"], weights(first)["phi.0.weight"], atol=1e-6)
    assert run.quantised_model is not None
    assert load_run(tmp_path / "first").config.auxiliary == {
        "multiplicity": Auxiliary(0.3),
        "response": Auxiliary(2.0),
    }


def test_a_teacher_of_more_teaches_its_classes(tmp_path: Path):
    trained(tmp_path / "teacher", JETS, **BOTH)
    settings = {"training.start.teacher": str(tmp_path / "teacher")}
    run = trained(tmp_path / "student", JETS, **settings)
    assert evaluate(run, JETS).float_logits.shape == (600,)


def test_a_file_for_a_cpu_has_the_classes_alone(tmp_path: Path):
    trained(tmp_path / "run", JETS, **BOTH)
    words = ["export", str(tmp_path / "run"), "--onnx", "--out", str(tmp_path / "project")]
    assert main(words) == 0
    save_jets(tmp_path / "jets.h5", JETS)
    words = ["verify", str(tmp_path / "project"), "--data", str(tmp_path / "jets.h5")]
    assert main(words) == 0
    session = onnxruntime.InferenceSession(tmp_path / "project" / "float.onnx")
    assert session.get_outputs()[0].shape == ["batch"]
    sample = Sample.of(JETS, load_run(tmp_path / "run").config)
    inputs = {each.name: sample.exact[each.name].numpy() for each in session.get_inputs()}
    (logits,) = session.run(None, inputs)
    found = evaluate(load_run(tmp_path / "run"), JETS).float_logits
    np.testing.assert_allclose(logits, found, rtol=1e-6, atol=1e-6)


# Refusals


def test_several_tasks_do_not_go_to_hardware(tmp_path: Path, capsys):
    save_jets(tmp_path / "jets.h5", JETS)
    folder = tmp_path / "run"
    trained(folder, JETS, **BOTH)
    assert main(["export", str(folder), "--rtl", "--out", str(tmp_path / "project")]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "hardware takes one task, the classes" in line
    assert "learns multiplicity, response as well" in line
    words = ["evaluate", str(folder), "--data", str(tmp_path / "jets.h5"), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["quantised"] is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"auxiliary.mass.weight": 1}, "no property 'mass'; there are response, multiplicity"),
        ({"auxiliary.response.weight": 0}, "weight: found 0.0; allowed are numbers above 0"),
        ({"auxiliary.response.weight": -1}, "allowed are numbers above 0"),
        ({"auxiliary.response.share": 1}, "share"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ConfigError, match=message):
        load_run_config({"model": {"name": "deepsets"}}, settings)


def test_the_fast_recipe_learns_classes_alone():
    with pytest.raises(ConfigError, match="multistart learns classes alone; use recipe adamw"):
        load_run_config({"model": {"name": "nanopelican"}}, BOTH)
