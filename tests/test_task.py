"""Tasks: losses against torch's own, labels, weights, and a model of five classes everywhere."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from triggernet.cli import main
from triggernet.config import load_config
from triggernet.data import Jets, mock_jets, save_jets
from triggernet.errors import ConfigError, DataError
from triggernet.learning.evaluation import evaluate
from triggernet.learning.layers.calibration import cover_ranges, loss_up_to_offset
from triggernet.learning.tasks.losses import classification_loss, distillation_loss
from triggernet.learning.tasks.task import Task, probabilities
from triggernet.learning.training import load_run, load_run_config
from triggernet.learning.training.features import float_inputs, hardware_inputs

CLASSES = ("gluon", "quark", "W", "Z", "top")
FAMILIES = ("mlp", "deepsets", "jedilinear", "nanopelican", "semiequivariant", "lorentznet")
SHORT = {
    "encoding.n_constituents": 4,
    "training.recipe": "adamw",
    "training.adamw.epochs": 3,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.decay_epochs": 1,
    "training.adamw.restart_epochs": 1,
    "training.fine_tune.epochs": 2,
    "training.fine_tune.calibration_jets": 300,
}


def five_classes(n: int, seed: int) -> Jets:
    """Jets whose class is how hard their leading constituent is: something to learn."""
    jets = mock_jets(n, seed)
    pt = np.hypot(jets.constituents[:, 0, 1], jets.constituents[:, 0, 2])
    label = np.searchsorted(np.quantile(pt, [0.2, 0.4, 0.6, 0.8]), pt)
    return dataclasses.replace(jets, label=label, classes=CLASSES)


def set_words(settings: dict[str, object]) -> list[str]:
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


# Losses


def test_losses_are_torchs_own() -> None:
    rng = torch.Generator().manual_seed(0)
    one, five = torch.randn(50, generator=rng), torch.randn(50, 5, generator=rng)
    signal, label = torch.randint(2, (50,)), torch.randint(5, (50,))
    binary = nn.functional.binary_cross_entropy_with_logits(one, signal.float())
    assert torch.equal(classification_loss(one, signal), binary)
    assert torch.equal(classification_loss(five, label), nn.functional.cross_entropy(five, label))


def test_class_weights_are_torchs_own() -> None:
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0])
    logits, label = torch.randn(60, 5), torch.randint(5, (60,))
    found = Task(CLASSES, tuple(weights.tolist())).loss(logits, label)
    expected = nn.functional.cross_entropy(logits, label, weight=weights)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    events = torch.rand(60) + 0.1
    each = nn.functional.cross_entropy(logits, label, reduction="none")
    wanted = (each * events * weights[label]).sum() / (events * weights[label]).sum()
    found = Task(CLASSES, tuple(weights.tolist())).loss(logits, label, events)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_the_divergence_of_softened_probabilities(temperature: float) -> None:
    student, teacher = torch.randn(40, 5).double(), torch.randn(40, 5).double()
    p, q = (torch.softmax(x / temperature, 1) for x in (teacher, student))
    expected = temperature**2 * (p * (p.log() - q.log())).sum(1).mean()
    assert distillation_loss(student, teacher, temperature).item() == pytest.approx(expected.item())
    one, other = torch.randn(40).double(), torch.randn(40).double()
    two = [torch.stack([0 * x, x], 1) for x in (one, other)]
    assert distillation_loss(one, other, temperature).item() == pytest.approx(
        distillation_loss(*two, temperature).item()
    )
    assert distillation_loss(one, one, temperature).item() == pytest.approx(0, abs=1e-12)


def test_a_shift_of_all_logits_of_a_class_is_taken_back() -> None:
    logits, label = torch.randn(400, 5).double(), torch.randint(5, (400,))
    shift = torch.tensor([0.4, -0.3, 0.0, 0.2, -0.5]).double()
    least = loss_up_to_offset(logits, label)
    assert least < classification_loss(logits, label).item()
    assert loss_up_to_offset(logits + shift, label) == pytest.approx(least, abs=1e-4)


# Labels


def test_labels_come_in_the_order_of_the_task() -> None:
    task = Task(("top", "qcd", "W"))
    assert task.labels(("W", "top", "qcd"), np.array([0, 1, 2, 0])).tolist() == [2, 0, 1, 2]
    assert (task.n_outputs, Task().n_outputs, Task(("a", "b")).n_outputs) == (3, 1, 1)
    # Any two classes will do for a tagger of two.
    assert Task(("qcd", "top")).labels(("qcd", "W"), np.array([0, 1])).tolist() == [0, 1]
    assert Task(("qcd", "top")).labels(("top", "qcd"), np.array([0, 1])).tolist() == [1, 0]
    # One that both have keeps its side, or a tagger would be judged upside down.
    assert Task(("qcd", "top")).labels(("top", "W"), np.array([0, 1])).tolist() == [1, 0]
    assert Task(("qcd", "top")).labels(("W", "qcd"), np.array([0, 1])).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (CLASSES, "5 classes .*the model tells 3 apart.*--signal"),
        (("a", "b", "c"), "of the classes a, b, c, the model tells top, qcd, W apart"),
    ],
)
def test_jets_of_other_classes_are_refused(classes: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Task(("top", "qcd", "W")).labels(classes, np.zeros(3, int))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": ["a"]}, "two or more different names"),
        ({"classes": ["a", "a"]}, "two or more different names"),
        ({"class_weights": [1.0, -1.0]}, "allowed are numbers above 0"),
        ({"class_weights": [1.0, math.nan]}, "expected a finite number"),
        ({"class_weights": [1.0, 2.0, 3.0]}, "found 3 for 2 classes"),
    ],
)
def test_a_task_that_cannot_be_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(Task, settings)


def test_the_fast_recipe_is_for_two_classes() -> None:
    with pytest.raises(ConfigError, match="multistart is for two classes"):
        load_run_config({"model": {"name": "nanopelican"}, "task": {"classes": list(CLASSES)}})


def test_probabilities_add_up() -> None:
    found = probabilities(np.array([[0.0, 0.0], [1000.0, -1000.0]]))
    assert found.tolist() == [[0.5, 0.5], [1.0, 0.0]]


# Models


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_has_any_number_of_outputs(name: str) -> None:
    """Float and hardware are the same network, up to rounding; as for one output."""
    config = load_run_config(
        {"model": {"name": name}, "task": {"classes": list(CLASSES)}},
        SHORT | ({"encoding.jet": True} if name == "semiequivariant" else {}),
    )
    assert config.refusal is None
    family, jets = config.family, five_classes(300, 1)
    torch.manual_seed(0)
    model = family.make_float(config.model, config.encoding, 5).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # as large as after a training
            parameter.add_(0.3 * torch.randn_like(parameter))
    quantised = family.make_quantised(config.model, config.quantisation, config.encoding, 5)
    inputs = hardware_inputs(jets, config.encoding)
    quantised.set_weights(model.absorbed() if name == "nanopelican" else model)
    cover_ranges(quantised, inputs)
    with torch.no_grad():
        exact = model(float_inputs(jets, config.encoding)).double()
        found = quantised.eval()(inputs).double()
    assert exact.shape == found.shape == (300, 5)
    assert len(set(exact.std(0).tolist())) == 5
    for k in range(5):
        assert np.corrcoef(exact[:, k], found[:, k])[0, 1] > 0.9, k


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of five classes and jets to judge it on."""
    folder = tmp_path_factory.mktemp("five")
    train, test = folder / "train.h5", folder / "test.h5"
    save_jets(train, five_classes(1500, 1))
    save_jets(test, five_classes(800, 2))
    words = set_words(
        SHORT
        | {"model.hidden": "[8]", "training.adamw.epochs": 12}
        | {"training.adamw.batch_size": 64, "training.adamw.learning_rate": 0.01}
    )
    out = folder / "run"
    assert main(["train", "mlp", "--data", str(train), "--out", str(out), *words]) == 0
    return out, test


def test_five_classes_through_every_command(
    five: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, jets = five
    project, page = run.parent / "project", run.parent / "report.html"

    def json_of(*words: object) -> dict:
        capsys.readouterr()
        assert main([*map(str, words), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    judged = json_of("evaluate", run, "--data", jets, "-o", run.parent / "roc.png")
    assert judged["quantised"]["accuracy"] > 0.4  # of five equal classes .2 is chance
    assert sorted(judged["classes"]["quantised"]["auc"]) == sorted(CLASSES)
    json_of("export", run, "--hls", "--rtl", "--out", project)
    found = json_of("verify", project, "--data", jets, "--vectors", 600)
    assert (found["exact"], found["not_compared"]) == (True, {})
    simulated = json_of("cosim", project, "--data", jets, "--vectors", 600)
    assert (simulated["mismatches"], simulated["hls"]["passed"]) == (0, True)
    reported = json_of("report", project, "--data", jets, "-o", page)
    assert reported["figures"]["latency_cycles"]["value"] == simulated["latency_cycles"]
    assert f"{judged['quantised']['accuracy']:.4f}" in page.read_text()
    compared = json_of("compare", run, project, "--data", jets)
    assert compared["runs"][1]["figures"] == reported["figures"]


def test_classes_are_kept_and_asked_for(five: tuple[Path, Path], tmp_path: Path, capsys) -> None:
    run, _ = five
    assert load_run(run).config.task.classes == CLASSES
    two = tmp_path / "two.h5"
    save_jets(two, mock_jets(100, 1))
    assert main(["evaluate", str(run), "--data", str(two)]) == 2
    assert "have 2 classes" in capsys.readouterr().err
    swapped = dataclasses.replace(five_classes(400, 3), classes=CLASSES[::-1])
    with pytest.raises(DataError, match="has 0 "):
        missing = five_classes(400, 3)
        evaluate(load_run(run), missing.select(missing.label > 0))
    before = evaluate(load_run(run), five_classes(400, 3))
    after = evaluate(load_run(run), dataclasses.replace(swapped, label=4 - swapped.label))
    assert before.as_dict() == after.as_dict()
