"""Trainings that begin from other runs: warm starts, rates by part, frozen trunks, teachers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from test_task import SHORT, five_classes

from triggernet.config import dump_config, load_config
from triggernet.data import Jets, mock_jets
from triggernet.errors import ConfigError, DataError, ModelError
from triggernet.learning.tasks.task import Task
from triggernet.learning.training import Run, load_run_config, train
from triggernet.learning.training.sample import Target, split_jets
from triggernet.learning.training.start import (
    keep_trunk,
    of_head,
    teacher_logits,
    warm_start,
)
from triggernet.learning.training.start_config import StartConfig, Trunk

JETS = mock_jets(600, 1)
SMALL = SHORT | {"model.phi": [6], "model.rho": [5]}


def trained(folder: Path, jets: Jets = JETS, model: str = "deepsets", **settings: object) -> Run:
    config = load_run_config({"model": {"name": model}}, {**SMALL, **settings})
    return train(config, jets, folder)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "first"
    trained(folder)
    return folder


def weights(run: Run) -> dict[str, torch.Tensor]:
    return dict(run.float_model.state_dict())


def test_the_key_from_is_a_word_of_python() -> None:
    config = load_config(StartConfig, {"from": "run", "trunk": "frozen"})
    assert (config.from_, config.trunk) == ("run", "frozen")
    assert load_config(StartConfig, {"from": "run", "trunk": {"rate": 0.1}}).trunk == Trunk(0.1)
    assert "from: run" in dump_config(config)


def test_a_slow_training_stays_where_it_began(first: Path, tmp_path: Path) -> None:
    before = weights(trained(tmp_path / "again"))
    slow = {"training.adamw.learning_rate": 1e-9, "training.start.from": str(first)}
    after = weights(trained(tmp_path / "second", **slow))
    for name, value in after.items():
        assert torch.allclose(value, before[name], atol=1e-6), name


def test_a_frozen_trunk_does_not_move_and_a_fresh_head_does(first: Path, tmp_path: Path) -> None:
    start = {"from": str(first), "head": "fresh", "trunk": "frozen"}
    run = trained(tmp_path / "frozen", **{f"training.start.{k}": v for k, v in start.items()})
    before = weights(trained(tmp_path / "again"))
    for name, value in weights(run).items():
        assert torch.equal(value, before[name]) != of_head(run.float_model, name), name


def test_a_slow_trunk_moves_less(first: Path, tmp_path: Path) -> None:
    def moved(rate: float) -> float:
        settings = {"training.start.from": str(first), "training.start.trunk.rate": rate}
        run = trained(tmp_path / f"rate{rate}", **settings)
        trunk = [n for n in weights(run) if not of_head(run.float_model, n)]
        return sum(float((weights(run)[n] - before[n]).abs().sum()) for n in trunk)

    before = weights(trained(tmp_path / "again"))
    assert 0 < moved(0.01) < 0.3 * moved(1.0)


def test_a_frozen_batch_norm_keeps_its_statistics(tmp_path: Path) -> None:
    settings = {
        "model.name": "nanopelican",
        "model.batch_norm": True,
        **{k: v for k, v in SHORT.items() if k.startswith(("encoding", "training"))},
    }
    config = load_run_config(settings_nested(settings))
    before = train(config, JETS, tmp_path / "one").float_model.state_dict()
    start = {"training.start.from": str(tmp_path / "one"), "training.start.trunk": "frozen"}
    config = load_run_config(settings_nested(settings), start)
    after = train(config, JETS, tmp_path / "two").float_model.state_dict()
    kept = [name for name in before if name.startswith("norm")]
    assert kept
    assert all(torch.equal(before[name], after[name]) for name in kept)


def settings_nested(flat: dict[str, object]) -> dict:
    nested: dict = {}
    for key, value in flat.items():
        *parents, name = key.split(".")
        node = nested
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = value
    return nested


def test_a_teacher_moves_the_student(first: Path, tmp_path: Path) -> None:
    settings = {"training.start.teacher": str(first), "training.start.teacher_weight": 1.0}
    taught = weights(trained(tmp_path / "taught", **settings))
    alone = weights(trained(tmp_path / "alone"))
    assert any(not torch.equal(taught[name], alone[name]) for name in taught)


def test_a_teacher_speaks_in_the_order_of_the_student(first: Path, tmp_path: Path) -> None:
    start = StartConfig(teacher=str(first))
    mine = teacher_logits(start, JETS, Task(JETS.classes))
    other = teacher_logits(start, JETS, Task(JETS.classes[::-1]))
    assert torch.equal(mine, -other)
    five = five_classes(600, 1)
    run = trained(tmp_path / "five", five)
    start = StartConfig(teacher=str(tmp_path / "five"))
    order = [3, 1, 0, 4, 2]
    names = tuple(five.classes[k] for k in order)
    assert run.config.task.classes == five.classes
    same = teacher_logits(start, five, Task(five.classes))
    assert torch.equal(teacher_logits(start, five, Task(names)), same[:, order])
    with pytest.raises(ModelError, match="tells gluon, quark, W, Z, top apart, this model a, b"):
        teacher_logits(start, five_named(five, "abcde"), Task(tuple("abcde")))


def five_named(jets: Jets, names: str) -> Jets:
    return dataclasses.replace(jets, classes=tuple(names))


def test_the_loss_of_a_student(first: Path) -> None:
    settings = {"training.start.teacher": str(first), "training.start.teacher_weight": 0.25}
    config = load_run_config({"model": {"name": "deepsets"}}, {**SMALL, **settings})
    split = split_jets(
        JETS, config, lambda j: teacher_logits(config.training.start, j, config.task)
    )
    assert split.train.teacher is not None
    assert split.validation.teacher is None
    logits = torch.zeros(len(split.train), dtype=torch.float64)
    target = split.train.target(slice(None))
    mixed = split.loss(logits, target)
    alone = split.loss(logits, Target(target.label))
    taught = dataclasses.replace(config.training.start, teacher_weight=1.0)
    only = dataclasses.replace(split, start=taught).loss(logits, target)
    assert mixed.item() == pytest.approx(0.75 * alone.item() + 0.25 * only.item())


# Refusals


def test_another_architecture_is_named(first: Path, tmp_path: Path) -> None:
    other = {"training.start.from": str(first), "model.phi": [7]}
    with pytest.raises(ModelError, match=r"phi\.0\.bias is \(6,\) there and \(7,\) here"):
        trained(tmp_path / "wide", **other)
    assert not (tmp_path / "wide").exists()
    five = five_classes(600, 1)
    with pytest.raises(ModelError, match=r"rho.*set training\.start\.head: fresh"):
        trained(tmp_path / "five", five, **{"training.start.from": str(first)})
    fresh = {"training.start.from": str(first), "training.start.head": "fresh"}
    trained(tmp_path / "fresh", five, **fresh)


def test_a_model_that_names_no_head(first: Path) -> None:
    start = StartConfig(from_=str(first), trunk="frozen")
    with pytest.raises(ModelError, match="does not say which of its parameters are the head"):
        warm_start(torch.nn.Linear(2, 1), start)


def test_a_frozen_trunk_leaves_a_head_within_it_alone() -> None:
    model = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Dropout()))
    model.head_parameters = ("0.1.",)
    keep_trunk(model.train(), StartConfig(from_="x", trunk="frozen"))
    assert [module.training for module in model.modules()] == [True, False, False, True]


def test_no_run_to_start_from(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no run folder"):
        trained(tmp_path / "x", **{"training.start.from": str(tmp_path / "nowhere")})


def test_a_teacher_that_needs_more_than_the_jets_have(tmp_path: Path) -> None:
    trained(tmp_path / "teacher", **{"encoding.n_constituents": 8})
    few = dataclasses.replace(JETS, constituents=JETS.constituents[:, :5])
    with pytest.raises(DataError, match=r"training\.start\.teacher: the jets lack what"):
        trained(tmp_path / "x", few, **{"training.start.teacher": str(tmp_path / "teacher")})


def test_a_teacher_of_other_classes(first: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="tells 2 classes apart, this model 5"):
        trained(tmp_path / "x", five_classes(600, 1), **{"training.start.teacher": str(first)})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.start.head": "fresh"}, "of no effect without 'from'"),
        ({"training.start.teacher_weight": 1.5}, "teacher_weight 1.5"),
        ({"training.start.from": "x", "training.start.trunk.rate": 0.0}, "rate"),
        ({"training.start.from": "x", "training.recipe": "multistart"}, "use recipe adamw"),
    ],
)
def test_settings_that_contradict(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_run_config({"model": {"name": "nanopelican"}}, {"training.recipe": "adamw"} | settings)


@pytest.mark.parametrize("name", ["deepsets", "jedilinear", "semiequivariant", "lorentznet"])
def test_a_frozen_trunk_runs_once(name: str, tmp_path: Path, monkeypatch) -> None:
    """And the training ends where one that runs it for every batch does."""
    settings = {k: v for k, v in SHORT.items() if not k.startswith("training.fine")}
    quick = settings | {"training.fine_tune.epochs": 0, "training.fine_tune.calibration_jets": 50}
    nested = {"model": {"name": name}}
    first = train(load_run_config(nested, quick), JETS, tmp_path / "first")
    start = {"training.start.from": str(tmp_path / "first"), "training.start.trunk": "frozen"}
    frozen = load_run_config(nested, quick | start)
    kind, calls = type(first.float_model), []
    trunk = kind.trunk_outputs
    monkeypatch.setattr(
        kind, "trunk_outputs", lambda self, x: calls.append(len(x["momenta"])) or trunk(self, x)
    )
    cached = weights(train(frozen, JETS, tmp_path / "cached"))
    # Both parts once, and the validation jets again for the metrics after the training.
    assert sum(calls) == len(JETS) + 2 * round(0.2 * len(JETS))
    monkeypatch.delattr(kind, "trunk_outputs")
    monkeypatch.setattr(kind, "forward", lambda self, x: self.head_logits(trunk(self, x)))
    plain = weights(train(frozen, JETS, tmp_path / "plain"))
    assert all(torch.allclose(cached[k], plain[k], rtol=1e-5, atol=1e-7) for k in plain)
    assert any(not torch.equal(cached[k], weights(first)[k]) for k in cached)
