"""Samples of trainings: weights of jets, and jets of one event that stay together."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from test_start import JETS, SMALL, trained, weights
from torch import nn

from triggernet.data import Jets, convert, load_jets, mock_jets, save_jets
from triggernet.errors import DataError
from triggernet.learning.evaluation import evaluate
from triggernet.learning.evaluation.evaluation import UNWEIGHTED
from triggernet.learning.tasks.losses import classification_loss, distillation_loss
from triggernet.learning.training import load_run_config
from triggernet.learning.training.features import float_inputs
from triggernet.learning.training.sample import Split, predict, split_jets
from triggernet.learning.training.trainer import trained_of

CONFIG = load_run_config({"model": {"name": "deepsets"}}, SMALL)


def weighted(jets: Jets, weight: np.ndarray) -> Jets:
    return dataclasses.replace(jets, weight=weight.astype(float))


def numbered(split: Split) -> list[np.ndarray]:
    """Which jets of `JETS`, told by their momenta, are in both parts."""
    jets = (sample.exact["jet"].numpy() for sample in (split.train, split.validation))
    of_all = float_inputs(JETS, CONFIG.encoding)["jet"].numpy()
    place = {tuple(jet): k for k, jet in enumerate(of_all)}
    assert len(place) == len(JETS)
    return [np.array([place[tuple(jet)] for jet in part]) for part in jets]


# Events


@pytest.mark.parametrize("per_event", [2, 7])
def test_jets_of_one_event_are_in_one_part(per_event):
    event = np.random.default_rng(3).permutation(np.arange(len(JETS)) // per_event)
    train, validation = numbered(split_jets(dataclasses.replace(JETS, event=event), CONFIG))
    assert set(event[train]).isdisjoint(event[validation])
    assert sorted([*train, *validation]) == list(range(len(JETS)))
    asked = CONFIG.training.validation_fraction * len(JETS)
    assert asked <= len(validation) < asked + per_event


def test_events_of_one_jet_each_change_nothing():
    plain = numbered(split_jets(JETS, CONFIG))
    event = np.random.default_rng(4).permutation(len(JETS)) + 10_000
    known = numbered(split_jets(dataclasses.replace(JETS, event=event), CONFIG))
    assert all(np.array_equal(a, b) for a, b in zip(plain, known, strict=True))


def test_without_events_the_jets_of_a_pair_are_drawn_apart():
    train, validation = numbered(split_jets(JETS, CONFIG))
    assert set(train // 2) & set(validation // 2)


# Weights


def test_weighted_losses_are_torchs_own_means():
    rng = torch.Generator().manual_seed(5)
    one, five = torch.randn(40, generator=rng), torch.randn(40, 5, generator=rng)
    label, weight = torch.arange(40) % 5, torch.rand(40, generator=rng)
    entropy = nn.functional.cross_entropy(five, label, reduction="none")
    torch.testing.assert_close(
        classification_loss(five, label, weight), (entropy * weight).sum() / weight.sum()
    )
    binary = nn.functional.binary_cross_entropy_with_logits(
        one, (label > 2).float(), weight, reduction="sum"
    )
    torch.testing.assert_close(
        classification_loss(one, (label > 2).long(), weight), binary / weight.sum()
    )


def test_an_object_of_weight_two_is_two_objects():
    rng = torch.Generator().manual_seed(6)
    logits, teacher = torch.randn(6, 3, generator=rng), torch.randn(6, 3, generator=rng)
    label, weight = torch.arange(6) % 3, torch.tensor([2.0, 1, 0, 1, 1, 1])
    twice = torch.tensor([0, 0, 1, 3, 4, 5])
    torch.testing.assert_close(
        classification_loss(logits, label, weight), classification_loss(logits[twice], label[twice])
    )
    torch.testing.assert_close(
        distillation_loss(logits, teacher, 3.0, weight),
        distillation_loss(logits[twice], teacher[twice], 3.0),
    )
    assert float(classification_loss(logits, label, torch.zeros(6))) == 0.0


def test_weights_reach_the_losses_of_a_training(tmp_path: Path):
    rate = {"training.adamw.learning_rate": 0.03, "training.fine_tune.learning_rate": 0.03}
    one = trained(tmp_path / "one", weighted(JETS, np.ones(len(JETS))), **rate)
    plain = trained(tmp_path / "plain", **rate)
    heavy = trained(tmp_path / "heavy", weighted(JETS, 1 + 9 * JETS.label), **rate)
    assert all(torch.allclose(a, weights(plain)[n], rtol=1e-6) for n, a in weights(one).items())
    before, after = (evaluate(run, JETS) for run in (plain, heavy))
    for model in ("float_logits", "quantised_logits"):  # the signal counts more
        assert getattr(after, model).mean() > getattr(before, model).mean() + 0.1


def test_the_loss_of_a_finished_training_is_weighted(tmp_path: Path):
    weight = 0.1 + np.random.default_rng(8).random(len(JETS))
    split = split_jets(weighted(JETS, weight), CONFIG)
    model = trained(tmp_path / "run").float_model
    found = trained_of(CONFIG, split, model, None).losses
    judged = split.judged(predict(model, split.validation.exact))
    assert found == {"float": judged["validation_loss"]}
    plain = split_jets(JETS, CONFIG)
    assert found != trained_of(CONFIG, plain, model, None).losses


def test_figures_say_that_they_count_every_jet_once(tmp_path: Path):
    run = trained(tmp_path / "run")
    weight = np.random.default_rng(1).random(len(JETS))
    plain, found = evaluate(run, JETS), evaluate(run, weighted(JETS, weight))
    assert found.as_dict() == plain.as_dict() | {"notes": [UNWEIGHTED]}
    assert found.as_text() == f"{plain.as_text()}\nnote: {UNWEIGHTED}"


def test_weights_come_back_from_a_file(tmp_path: Path):
    weight = np.random.default_rng(2).random(len(JETS))
    save_jets(tmp_path / "jets.h5", weighted(JETS, weight))
    convert(tmp_path / "jets.h5", tmp_path / "again.h5")
    for name in ("jets.h5", "again.h5"):
        assert np.array_equal(load_jets(tmp_path / name).weight, weight)
    assert np.array_equal(load_jets(tmp_path / "jets.h5", 7).weight, weight[:7])


@pytest.mark.parametrize(
    ("options", "place"),
    [({"n_compact": 4}, "a compact file"), ({"layout": "hls4ml"}, "the layout 'hls4ml'")],
)
def test_files_without_a_place_for_weights(tmp_path: Path, options, place):
    jets = dataclasses.replace(weighted(JETS, np.ones(len(JETS))), classes=("quark", "top"))
    save_jets(tmp_path / "jets.h5", jets)
    with pytest.raises(DataError, match=f"^{place} has no place for the weights of the jets"):
        convert(tmp_path / "jets.h5", tmp_path / "out.h5", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["jets.h5"]


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_weights_that_are_none(bad):
    weight = np.ones(len(JETS))
    weight[[5, 9]] = bad
    message = rf"^2 of 600 jets have a weight that is negative or not finite, first jet 5 \({bad:g}"
    with pytest.raises(DataError, match=message):
        weighted(JETS, weight)


def test_weights_of_another_length():
    with pytest.raises(DataError, match=r"^weight \(3,\); expected \(600,\)$"):
        weighted(JETS, np.ones(3))


def test_a_class_without_any_weight():
    with pytest.raises(DataError, match="the training part has .* 0 signal jets"):
        split_jets(weighted(JETS, JETS.label == 0), CONFIG)


def test_the_recipe_that_counts_every_jet_once_refuses_weights():
    config = load_run_config({"model": {"name": "nanopelican"}}, {"encoding.n_constituents": 4})
    with pytest.raises(
        DataError, match="recipe multistart counts every jet once; use recipe adamw"
    ):
        split_jets(weighted(mock_jets(50, 1), np.ones(50)), config)
