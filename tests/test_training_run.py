"""Training from jets to a run folder: recipes, resuming after a kill, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from triggernet.cli import main
from triggernet.data import mock_jets, save_jets
from triggernet.errors import ConfigError, DataError, EncodingError, ModelError, UsageError
from triggernet.files import read_json, sha256_of, write_json
from triggernet.learning.training import load_run, load_run_config, run_folder, train
from triggernet.learning.training.adamw import _Show
from triggernet.learning.training.fine_tune import _batches
from triggernet.learning.training.recipes import AdamWConfig
from triggernet.learning.training.sample import Sample
from triggernet.learning.training.schedules import learning_rate
from triggernet.learning.training.state import TrainingState
from triggernet.locks import locked
from triggernet.signals import Stopped
from triggernet.yaml_text import parse_yaml, write_yaml

SMALL = {
    "encoding": {"n_constituents": 6},
    "training": {
        "multistart": {
            "starts": 3, "pool": 16, "screen_jets": 300, "screen_iterations": 10,
            "finalists": 2, "iterations": 60,
        },
        "adamw": {"epochs": 3, "batch_size": 64, "warmup_epochs": 1, "decay_epochs": 1},
        "fine_tune": {"epochs": 3, "batch_size": 64, "calibration_jets": 60},
    },
}  # fmt: skip
ADAMW = {"training.recipe": "adamw", "model.batch_norm": True, "model.dropout": 0.05}
JETS = mock_jets(600, 1)


def weights_of(run):
    models = run.float_model, run.quantised
    return [value for model in models for value in model.state_dict().values()]


def same_weights(first, second):
    pairs = zip(weights_of(first), weights_of(second), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, train(load_run_config(SMALL, model="nanopelican"), JETS, folder, {"j": "0" * 64})


def test_run_folder_holds_everything(finished):
    folder, run = finished
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "config.yaml", "float.pt", "checkpoint.pt", "metrics.json", "history.jsonl",
        "provenance.json",
    }  # fmt: skip
    metrics = read_json(folder / "metrics.json")
    assert metrics["float"]["auc"] > 0.8
    assert metrics["quantised"]["auc"] > metrics["float"]["auc"] - 0.05
    assert metrics["spread"] == {
        "seeds": 1, "auc": [metrics["float"]["auc"]], "mean": metrics["float"]["auc"], "std": None
    }  # fmt: skip
    assert read_json(folder / "provenance.json")["inputs"] == {"j": "0" * 64}
    stages = [
        json.loads(line)["stage"] for line in (folder / "history.jsonl").read_text().splitlines()
    ]
    assert stages.count("screen") == 3
    assert stages.count("fine-tune") == 3
    assert load_run_config(folder / "config.yaml") == run.config


def test_loaded_run_is_the_trained_one(finished):
    folder, run = finished
    assert same_weights(load_run(folder), run)


def test_same_seed_same_result_other_seed_another(finished, tmp_path):
    _, run = finished
    again = train(load_run_config(SMALL, model="nanopelican"), JETS, tmp_path / "again")
    assert same_weights(run, again)
    config = load_run_config(SMALL, {"training.seed": 1}, "nanopelican")
    assert not same_weights(run, train(config, JETS, tmp_path / "other"))


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def test_killed_anywhere_and_resumed_ends_the_same(finished, tmp_path, monkeypatch):
    config, keep = load_run_config(SMALL, model="nanopelican"), TrainingState.put
    folder = tmp_path / "killed"
    for survived in (0, 2, 3, 2):  # of 3 starts, 3 segments, a calibration, 3 epochs
        budget = [survived]

        def put(self, name, value, budget=budget):
            if budget[0] == 0:
                raise Killed
            budget[0] -= 1
            keep(self, name, value)

        monkeypatch.setattr(TrainingState, "put", put)
        with pytest.raises(Killed):
            train(config, JETS, folder, resume=True)
    with pytest.raises(ModelError, match="not finished"):
        load_run(folder)
    with pytest.raises(UsageError, match="unfinished training; go on with --resume"):
        train(config, JETS, folder)
    monkeypatch.setattr(TrainingState, "put", keep)
    resumed = train(config, JETS, folder, resume=True)
    assert same_weights(finished[1], resumed)
    histories = [(f / "history.jsonl").read_text() for f in (finished[0], folder)]
    assert histories[0] == histories[1]
    assert same_weights(resumed, train(config, JETS, folder, resume=True))  # nothing left to do


def test_killed_between_epochs_of_lightning_ends_the_same(tmp_path, monkeypatch):
    config = load_run_config(SMALL, ADAMW | {"training.fine_tune.epochs": 0}, "nanopelican")
    whole = train(config, JETS, tmp_path / "whole")
    keep, left = _Show.on_validation_epoch_end, [2]

    def kill(self, trainer, pl_module):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        keep(self, trainer, pl_module)

    monkeypatch.setattr(_Show, "on_validation_epoch_end", kill)
    with pytest.raises(Killed):
        train(config, JETS, tmp_path / "killed")
    monkeypatch.setattr(_Show, "on_validation_epoch_end", keep)
    resumed = train(config, JETS, tmp_path / "killed", resume=True)
    assert same_weights(whole, resumed)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), Stopped(signal.SIGTERM)])
def test_an_interrupt_passes_through_lightning_and_says_how_to_go_on(
    tmp_path, monkeypatch, capsys, interrupt
):
    def stop(self, trainer, pl_module):
        raise interrupt

    monkeypatch.setattr(_Show, "on_validation_epoch_end", stop)
    config, before = load_run_config(SMALL, ADAMW, "nanopelican"), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(config, JETS, tmp_path / "run")
    assert caught.value is interrupt
    assert signal.getsignal(signal.SIGINT) is before
    said = f"kept in {tmp_path / 'run'}; the same command with --resume goes on from there"
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


def test_killed_when_it_had_just_begun(finished, tmp_path, monkeypatch):
    config, folder, keep = load_run_config(SMALL, model="nanopelican"), tmp_path / "run", write_json
    monkeypatch.setattr(run_folder, "write_json", raise_killed)
    with pytest.raises(Killed):
        train(config, JETS, folder, {"j": "0" * 64})
    monkeypatch.setattr(run_folder, "write_json", keep)
    with pytest.raises(UsageError, match="unfinished training; go on with --resume"):
        train(config, JETS, folder, {"j": "0" * 64})
    resumed = train(config, JETS, folder, {"j": "0" * 64}, resume=True)
    assert same_weights(finished[1], resumed)
    assert not list(folder.glob(".*"))


def raise_killed(*args):
    raise Killed


def test_killed_when_all_was_written(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    (folder / "state").mkdir()
    (folder / "state" / "fine-tune.pt").write_bytes(b"x")
    config = load_run_config(SMALL, model="nanopelican")
    train(config, JETS, folder, {"j": "0" * 64}, resume=True)
    assert not (folder / "state").exists()


def test_two_trainings_to_one_folder(tmp_path):
    config = load_run_config(SMALL, model="nanopelican")
    refusal = pytest.raises(UsageError, match="run is being written by another triggernet")
    with locked(tmp_path / "run"), refusal:
        train(config, JETS, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_killed_process_resumes(finished, tmp_path):
    data, out, config = tmp_path / "jets.h5", tmp_path / "run", tmp_path / "config.yaml"
    save_jets(data, JETS)
    config.write_text(json.dumps(SMALL))
    words = [
        "train",
        "nanopelican",
        "--data",
        str(data),
        "--config",
        str(config),
        "--out",
        str(out),
    ]
    process = subprocess.Popen([sys.executable, "-m", "triggernet", *words], stderr=subprocess.PIPE)
    history = out / "history.jsonl"
    limit = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < limit:
        if history.is_file() and history.read_text().count("\n") >= 2:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert main([*words, "--resume"]) == 0
    assert load_run(out).metrics["float"]["auc"] == pytest.approx(
        finished[1].metrics["float"]["auc"],
        abs=2e-3,  # the file stores float32 momenta
    )


def test_every_epoch_has_an_order_of_its_own():
    sample = Sample.of(JETS, load_run_config(None, {"encoding.n_constituents": 2}, "nanopelican"))

    def order(seed, epoch):
        return torch.cat([inputs["pt"][:, 0] for inputs, _ in _batches(sample, 64, seed, epoch)])

    assert torch.equal(order(0, 1), order(0, 1))
    assert not torch.equal(order(0, 1), order(0, 2))
    assert not torch.equal(order(0, 1), order(1, 1))
    assert torch.equal(order(0, 1).sort().values, order(1, 2).sort().values)


def test_resuming_something_else_is_refused(finished, tmp_path):
    folder, _ = finished
    other = load_run_config(SMALL, {"training.seed": 5}, "nanopelican")
    with pytest.raises(UsageError, match="differs from the configuration given"):
        train(other, JETS, folder, {"j": "0" * 64}, resume=True)
    config = load_run_config(SMALL, model="nanopelican")
    with pytest.raises(UsageError, match="begun with other inputs"):
        train(config, JETS, folder, {"j": "1" * 64}, resume=True)
    with pytest.raises(UsageError, match="exists and is not empty"):
        train(config, JETS, folder)


def test_checkpoint_of_another_model_is_refused(finished, tmp_path):
    folder, _ = finished
    config = load_run_config(SMALL, {"model.n_channels": 1}, "nanopelican")
    other = tmp_path / "other"
    train(config, JETS, other)
    for name in ("float.pt", "checkpoint.pt"):
        good = (other / name).read_bytes()
        (other / name).write_bytes((folder / name).read_bytes())
        with pytest.raises(ModelError, match=f"{name} is a checkpoint of another model"):
            load_run(other)
        (other / name).write_bytes(good[: len(good) // 2])
        with pytest.raises(ModelError, match=f"{name} is no checkpoint of triggernet"):
            load_run(other)
        (other / name).unlink()
        with pytest.raises(ModelError, match=f"{name} is missing"):
            load_run(other)
        (other / name).write_bytes(good)
    with pytest.raises(ModelError, match="is no run folder: it has no config.yaml"):
        load_run(tmp_path)


def test_weights_belong_to_the_configuration_as_it_was_written(finished, tmp_path):
    folder, run = finished
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    content = parse_yaml((old / "config.yaml").read_text(), "")
    assert list(content["quantisation"]) != sorted(content["quantisation"])
    content["quantisation"] = dict(sorted(content["quantisation"].items()))  # other order
    del content["model"]["dropout"]  # a key that came later
    sections = [write_yaml(content[name]) for name in ("model", "encoding", "quantisation")]
    for name in ("float.pt", "checkpoint.pt"):
        state = torch.load(old / name, weights_only=True)["state"]
        digest = sha256_of("\n".join(sections).encode())
        torch.save({"model": digest, "state": state}, old / name)
    (old / "metrics.json").write_text(json.dumps(dict(run.metrics)))  # its seal is of other bytes
    (old / "config.yaml").write_text(write_yaml(content))
    assert same_weights(load_run(old), run)
    content["quantisation"]["weight"] += 1
    (old / "config.yaml").write_text(write_yaml(content))
    with pytest.raises(ModelError, match="float.pt is a checkpoint of another model"):
        load_run(old)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model.n_chanels": 3}, "model.n_chanels: unknown key; did you mean 'n_channels'"),
        ({"training.epochs": 3}, "training.epochs: unknown key"),
        ({"model.name": "nanopelikan"}, "unknown model 'nanopelikan'; did you mean 'nanopelican'"),
        ({"model.aggregates": "jet"}, "set encoding.jet: true"),
        ({"encoding.eta_width": 8}, "eta_width 8 and encoding.phi_width 9 differ"),
        ({"model.spurion_jet": True}, "spurion_jet: true reads the whole jet"),
        ({"model.batch_norm": True}, "multistart .* contradicts model.batch_norm"),
        ({"training.multistart.finalists": 30}, "finalists: found 30, more than the 3 starts"),
        ({"training.adamw.warmup_epochs": 30}, "together exceed epochs 3"),
        ({"training.fine_tune.freeze_at": 1.0}, "freeze_at 1.0: allowed"),
        ({"training.validation_fraction": 0.0}, "validation_fraction: found 0.0"),
        ({"training.multistart.starts": 0}, "starts: found 0; at least 1"),
        ({"training.seeds": 0}, "seeds 0"),
        ({"training.max_saturated": 2.0}, "max_saturated: found 2.0"),
    ],
)
def test_unknown_and_contradictory_keys_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        load_run_config(SMALL, settings, None if "model.name" in settings else "nanopelican")


def test_model_of_the_command_and_of_the_file_must_agree():
    with pytest.raises(ConfigError, match="is of model 'deepsets', not of 'nanopelican'"):
        load_run_config({"model": {"name": "deepsets"}}, model="nanopelican")
    with pytest.raises(ConfigError, match="model.name: this key is missing"):
        load_run_config(SMALL)
    with pytest.raises(ConfigError, match="recipe: multistart does not work for model 'deepsets'"):
        load_run_config({}, {"training.recipe": "multistart"}, "deepsets")
    with pytest.raises(ConfigError, match="unknown preset 'papper'"):
        load_run_config({}, model="nanopelican", preset="papper")


def test_paper_preset_is_the_published_schedule():
    config = load_run_config(model="nanopelican", preset="paper")
    assert config.model.batch_norm
    assert config.model.dropout == 0.05
    assert config.training.adamw == AdamWConfig()
    assert (
        load_run_config(
            {"model": {"dropout": 0.0}}, model="nanopelican", preset="paper"
        ).model.dropout
        == 0
    )

    def rate(epoch):
        return learning_rate(config.training.adamw, epoch) / config.training.adamw.learning_rate

    assert rate(2) == pytest.approx(0.5, abs=1e-3)
    restarts = [4, 8, 16, 32, 64]  # 4 + 8 + 16 + 32 + 64 = 124 epochs of cosines
    assert [rate(e) for e in restarts] == pytest.approx([1.0] * 5)
    assert [rate(e - 1e-6) for e in [*restarts[1:], 128]] == pytest.approx([0.01] * 5, rel=1e-3)
    assert rate(130) / rate(129) == pytest.approx(0.5)


def test_deepsets_trains_through_the_same_calls(tmp_path):
    settings = {"training.adamw.epochs": 8, "training.adamw.learning_rate": 0.02, "model.phi": [8]}
    run = train(load_run_config(SMALL, settings, "deepsets"), JETS, tmp_path / "run")
    assert run.metrics["float"]["auc"] > 0.75
    assert run.metrics["quantised"]["auc"] > run.metrics["float"]["auc"] - 0.05
    assert same_weights(run, load_run(tmp_path / "run"))


def test_seeds_are_spread_and_the_best_kept(tmp_path):
    settings = {"training.seeds": 2, "training.fine_tune.epochs": 0}
    run = train(load_run_config(SMALL, settings, "nanopelican"), JETS, tmp_path / "run")
    lines = [
        json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    ]
    floats = [line for line in lines if line["stage"] == "float"]
    best = min(floats, key=lambda line: line["validation_loss"])
    spread = run.metrics["spread"]
    assert spread["auc"] == [line["validation_auc"] for line in floats]
    assert spread["std"] == pytest.approx(np.std(spread["auc"], ddof=1))
    assert run.metrics["float"]["auc"] == best["validation_auc"]
    assert run.as_text().endswith(f"2 seeds: {spread['mean']:.4f} +- {spread['std']:.4f}")


def test_jets_unfit_for_training_are_refused(tmp_path):
    config = load_run_config(SMALL, model="nanopelican")
    with pytest.raises(DataError, match="has 240 qcd and 0 top jets; all classes are needed"):
        train(config, JETS.select(JETS.label == 0), tmp_path / "a")
    with pytest.raises(DataError, match="there are no jets"):
        train(config, JETS.select(slice(0)), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_width_that_cannot_hold_the_jets_is_refused(tmp_path, capsys):
    narrow = {"encoding.pt_width": 6, "encoding.eta_width": 6, "encoding.phi_width": 6}
    config = load_run_config(SMALL, narrow, "nanopelican")
    with pytest.raises(EncodingError, match=r"values of the input 'pt' do not fit .*<6,4>.*0\.01"):
        train(config, JETS, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    settings = narrow | {"training.max_saturated": 1.0, "training.fine_tune.epochs": 0}
    train(load_run_config(SMALL, settings, "nanopelican"), JETS, tmp_path / "run")
    assert re.search(r"saturate in training: pt \d+, eta \d+, phi \d+\n", capsys.readouterr().err)
