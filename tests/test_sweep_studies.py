"""The files and scripts of tools/studies: every study can begin, and small versions are run."""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sweeps import JETS, study_of, write_study

from triggernet.data import load_jets, sample_path
from triggernet.learning.training import load_run, load_run_config
from triggernet.learning.training.sample import Sample, predict
from triggernet.studies.sweep import load_study_config, sweep
from triggernet.studies.sweep.sweep import probe
from triggernet.studies.sweep.trials import Trial

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "tools" / "studies"


def script(name):
    spec = importlib.util.spec_from_file_location(name, STUDIES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["semiequivariant", "hardware-n16"])
def test_every_study_is_valid_and_has_points(name):
    config = load_study_config(STUDIES / f"{name}.yaml")
    probe(config)
    for family in config.families:
        config.run_config({"model.name": family, **config.full})


def test_samplers_are_compared_on_equal_numbers_of_trials(tmp_path):
    samplers = script("samplers")
    study = write_study(tmp_path / "study.yaml", study_of())
    table = samplers.compared(study, JETS, tmp_path / "out", seeds=2, trials=3, startup=1)
    assert {name: len(rows) for name, rows in table.items()} == {"tpe": 2, "random": 2}
    for rows in table.values():
        for row in rows:
            known = [value for value in row if value is not None]
            assert len(row) == 10
            assert known == sorted(known)
    kept = json.loads((tmp_path / "out" / "samplers.json").read_text())
    assert kept["best"] == table
    assert kept["trials"][-1] == 3
    text = samplers.as_markdown(table, 3)
    assert text.splitlines()[0] == "| trials | tpe | random |"
    assert len(text.splitlines()) == 12


def options(**more):
    return argparse.Namespace(**more)


def test_every_point_of_a_front_is_trained_exported_and_compared(tmp_path):
    front = script("front")
    content = study_of(objectives=["auc", "lut"], sampler={"name": "random"}, trials=2)
    content["full"] = {"training.adamw.epochs": 3}
    sweep(load_study_config(content), JETS, tmp_path / "study")
    args = options(
        study=tmp_path / "study",
        data=JETS,
        test=sample_path("toptag_reference"),
        out=tmp_path / "out",
        beside=[ROOT / "models" / "jedilinear-n8"],
        most=1,
        vectors=100,
        set=["training.max_jets=200"],
    )
    found = front.rows(args)
    assert len(found) == 2
    (point,) = (row for row in found if row["name"].startswith("trial-"))
    assert point["exact"] is True
    assert {"hls", "rtl"} <= set(point["executors"])
    config = load_run_config(tmp_path / "out" / point["name"] / "config.yaml")
    assert (config.training.adamw.epochs, config.training.max_jets) == (3, 200)
    assert point["lut"] > 0
    stamp = (tmp_path / "out" / point["name"] / "metrics.json").stat().st_mtime_ns
    assert front.rows(args) == found  # it goes on where it was
    assert (tmp_path / "out" / point["name"] / "metrics.json").stat().st_mtime_ns == stamp
    assert front.as_markdown(found).count("\n") == 3


def test_points_of_a_long_front_are_spread_with_both_ends():
    front = script("front")
    trials = [Trial(n, "complete", {}, {}, 1, None, "", 1.0) for n in range(20)]
    report = argparse.Namespace(front=trials)
    assert front.spread(report, 4) == [0, 6, 13, 19]
    assert front.spread(report, 30) == list(range(20))


def test_the_best_of_few_jets_is_not_taken_for_the_best_in_full():
    smaller = script("smaller")
    aucs = {1: 0.97, 2: 0.96, 3: 0.95, 4: 0.94}
    trials = [Trial(n, "complete", {}, {"auc": a}, 1, None, "", 1.0) for n, a in aucs.items()]
    in_full = {1: 0.90, 2: 0.93, 3: 0.92, 4: 0.99}
    asked = []

    def judge(number, seed):
        asked.append((number, seed))
        return {"auc": in_full[number]}

    assert smaller.best_in_full(trials, 3, judge) == 2
    assert sorted(asked) == [(1, 0), (2, 0), (3, 0)]


def test_a_net_is_compared_with_much_smaller_ones(tmp_path):
    smaller = script("smaller")
    run = {
        "model": {"name": "semiequivariant", "n_vectors": 0, "iterations": 1, "mean": "present"},
        "encoding": {"n_constituents": 4, "jet": True},
        "training": {"max_jets": 200, "adamw": {"epochs": 1, "warmup_epochs": 0}},
    }
    run["training"]["adamw"] |= {"decay_epochs": 0}
    space = {"model.n_hidden": {"choices": [2, 24]}}
    content = study_of(run=run, space=space, sampler={"name": "grid"})
    sweep(load_study_config(content), JETS, tmp_path / "study")
    args = options(
        study=tmp_path / "study",
        data=JETS,
        test=sample_path("toptag_reference"),
        out=tmp_path / "out",
        times=2,
        seeds=2,
        candidates=2,
        set=[],
    )
    lines = smaller.compared(args).splitlines()
    sizes = {line.split("|")[1].split("(")[0].strip(): line.split("|")[2] for line in lines[2:]}
    assert set(sizes) == {"best", "small"}
    kept = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert all(name.endswith(("seed-0", "seed-1")) for name in kept)


def test_rounding_has_the_slope_of_its_error_in_the_bits():
    learned = script("learned_widths")
    layer = learned.Rounded(2)
    with torch.no_grad():
        layer.f.copy_(torch.tensor([2.0, 3.0]))
    x = torch.tensor([[0.3, 0.3], [0.7, -0.7]], requires_grad=True)
    y = layer(x)
    torch.testing.assert_close(y, torch.tensor([[0.25, 0.25], [0.75, -0.75]]))
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.ones(2, 2))
    error = (x - y).detach().sum(0)  # it falls as 2^-f
    torch.testing.assert_close(layer.f.grad, math.log(2) * error)
    assert layer.bits().tolist() == [2.0, 3.0]  # below 1: no bit in front of the point


def test_bits_of_weights_are_those_between_the_first_and_the_last():
    spans = script("learned_widths").spans
    codes = np.array([0, 1, -4, 6, 5, -9])
    assert spans(codes).tolist() == [0, 1, 1, 2, 3, 4]


def test_learned_widths_start_from_the_float_model_and_pay_for_bits():
    learned = script("learned_widths")
    run = load_run(ROOT / "models" / "jedilinear-n8")
    jets = load_jets(JETS, 400)
    sample = Sample.of(jets, run.config)
    model = learned.Learned(run.float_model, 8)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".f"):
                parameter.fill_(20.0)
    exact = {name: x.double() for name, x in sample.hardware.items()}
    expected = predict(run.float_model, exact)
    torch.testing.assert_close(
        predict(model, sample.hardware).double(), expected, rtol=1e-3, atol=1e-3
    )
    cheap, dear = (
        learned.exact_ebops(learned.trained(run, sample, beta, 20), sample) for beta in (0.0, 1e-3)
    )
    assert dear < cheap
    assert learned.ebops_of(run) > 0
