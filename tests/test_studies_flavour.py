"""The studies of flavour tagging, small: they train, keep what is done, and print their tables."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from flavour_files import generated

import triggernet as tn
from triggernet.data import load_jets
from triggernet.data.readers import flavour

STUDIES = Path(__file__).parents[1] / "tools" / "studies" / "flavour"


def module(name):
    spec = importlib.util.spec_from_file_location(name, STUDIES / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(STUDIES.parent))
    try:
        spec.loader.exec_module(loaded)
    finally:
        sys.path.remove(str(STUDIES.parent))
    return loaded


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    found = load_jets(generated())
    taus = np.flatnonzero(found.label == 3)
    index = np.concatenate([np.arange(len(found)), *[taus] * 4])
    found = replace(found.select(index), weight=None, event=np.arange(len(index)))
    path = tmp_path_factory.mktemp("flavour") / "jets.h5"
    order = np.random.default_rng(1).permutation(len(found))
    flavour.save_flavour_parts(path, found, len(found), [found.select(order)])
    return path


def test_nothing_grows_with_the_width_in_mup_and_something_does_in_the_standard_one():
    study = module("coordinates")
    torch.set_num_threads(1)
    widths = [32, 64, 128, 256]
    found = study.measured(widths, 1, 2)
    for step in (1, 2):
        mup, standard = (study.slopes(found[way][step], widths) for way in ("mup", "standard"))
        assert max(mup.values()) < 0.2
        assert max(standard.values()) > 0.3
        # What begins at random and small may still fall; all else keeps its size.
        kept = {k: v for k, v in mup.items() if "logits" not in k and k != "project"}
        assert min(kept.values()) > -0.3
    at_first = study.slopes(found["mup"][0], widths)
    assert max(at_first.values()) < 0.15
    text = study.table(found, widths)
    assert text.count("\n") == 8


def test_the_study_of_rates_finds_the_best_of_each_width(jets, tmp_path):
    text = (STUDIES / "rates.yaml").read_text()
    for old, new in (
        ("[32, 64, 128, 256]", "[8, 16]"),
        ("[3.1623e-4, 1.0e-3, 3.1623e-3, 1.0e-2, 3.1623e-2]", "[1.0e-4, 1.0e-2]"),
        ("[0, 1, 2]", "[0]"),
        ("base_width: 64", "base_width: 8"),
        ("max_jets: 32000", "max_jets: 1300"),
        ("epochs: 3", "epochs: 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "small.yaml").write_text(text)
    tn.sweep(tmp_path / "small.yaml", data=jets, out=tmp_path / "study", trials=8)
    command = [sys.executable, STUDIES / "rates.py", tmp_path / "study", "--out"]
    command += [tmp_path / "rates.md", "--plot", tmp_path / "rates.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (tmp_path / "rates.md").read_text()
    assert done.stdout.count("| mup | 8 |") == 2
    assert "| standard | 16 |" in done.stdout
    assert (tmp_path / "rates.png").stat().st_size > 10_000


def test_heat_maps_show_the_best_cell(tmp_path):
    study = module("rates")
    losses = {
        (way, width, rate, initial): [1.0 + abs(np.log10(rate) + 3) + 0.1 * (initial > 1e-6)]
        for way in ("mup", "standard")
        for width in (64, 128)
        for rate in (1e-4, 1e-3, 1e-2)
        for initial in (1e-7, 1e-5)
    }
    losses["mup", 64, 1e-2, 1e-7] = [float("inf")]
    assert study.best(losses, "mup", 64) == (1e-3, 1e-7)
    assert "| mup | 64 | 0.001 | 1e-07 | 1.0000 |" in study.cycle_table(losses)
    from matplotlib.figure import Figure

    study.draw_cycle(Figure(), losses)
    assert study.cell([1.0, float("inf")]) == "diverged"
    assert study.mean([1.0, 3.0]) == (2.0, 1.0)


def test_taggers_are_compared_and_their_tasks_taken_away(jets, tmp_path, monkeypatch, capsys):
    study, out = module("taggers"), tmp_path / "out"
    monkeypatch.setattr(study, "TASKS", {k: study.TASKS[k] for k in ("jets only", "with both")})
    given = ["--out", out, "--train", jets, "--test", jets, "--other", jets]
    monkeypatch.setattr(sys, "argv", ["taggers", *map(str, given), "--seeds", "1", "--quick"])
    study.main()
    text = capsys.readouterr().out
    for name in ("impact parameters", "DIPS", "GN2", "jets only", "with both"):
        assert f"| {name} |" in text
    kept = json.loads((out / "figures.json").read_text())
    assert {"impact-parameters", "dips", "gn2", "gn2-other", "jets-only-0"} <= set(kept)
    assert "origin_confusion" in kept["with-both-0"]["parts"]
    assert "parts" not in kept["jets-only-0"]
    monkeypatch.setattr(study.tn, "train", lambda *_, **__: pytest.fail("trained once more"))
    study.main()
    assert capsys.readouterr().out == text == (out / "taggers.md").read_text()

    pupil = module("student")
    monkeypatch.undo()
    monkeypatch.setattr(pupil, "KINDS", {"pixels (a bound)": "pixel-tracks"})
    monkeypatch.setattr(pupil, "QUICK", {**pupil.QUICK, "training.max_saturated": 0.5})
    given = ["--out", tmp_path / "pupils", "--train", jets, "--test", jets, "--seeds", "1"]
    given += ["--teacher", out / "gn2", "--quick", "--without-hardware"]
    monkeypatch.setattr(sys, "argv", ["student", *map(str, given)])
    pupil.main()
    text = capsys.readouterr().out
    for way in ("labels alone", "taught"):
        for form in ("float", "quantised"):
            assert f"| pixels (a bound) | {way} | {form} |" in text
