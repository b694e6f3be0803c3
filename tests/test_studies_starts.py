"""The studies of starts, small: they train, keep what is done, and print their tables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import triggernet as tn
from triggernet.data import mock_jets, save_jets

STUDIES = Path(__file__).parents[1] / "tools" / "studies" / "starts"
EPOCHS = ("epochs", "warmup_epochs", "restart_epochs", "decay_epochs")
NUMBER = r"\+?-?\d\.\d{4} ± \d\.\d{4}"


@pytest.fixture
def jets(tmp_path: Path) -> Path:
    save_jets(tmp_path / "jets.h5", mock_jets(300, 1))
    return tmp_path / "jets.h5"


def study(name: str, out: Path, *words: str | Path) -> str:
    """What a study prints, run once more: finished trainings are not repeated."""
    command = [sys.executable, STUDIES / f"{name}.py", "--out", out, "--seeds", "2", "--quick"]
    printed = [
        subprocess.run([*command, *words], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "epochs" in printed[0].stderr
    assert "epochs" not in printed[1].stderr
    assert printed[0].stdout == printed[1].stdout == (out / f"{name}.md").read_text()
    return printed[0].stdout


def test_distillation(tmp_path: Path, jets: Path):
    out = tmp_path / "out"
    text = study("distillation", out, "--test", jets, "--train", jets, "--only", "deepsets-n16")
    assert text.startswith("teacher: 25181 parameters, AUC ")
    rows = re.findall(rf"\| `deepsets-n16` \| (\w+) \| {NUMBER} \| {NUMBER} \| {NUMBER} \|", text)
    assert rows == ["float", "quantised"]
    kept = json.loads((out / "figures.json").read_text())
    names = [f"deepsets-n16-{way}-{seed}" for seed in (0, 1) for way in ("alone", "taught")]
    assert sorted(kept) == sorted(["teacher", *names])
    alone, taught = (kept[f"deepsets-n16-{way}-0"]["float"]["auc"] for way in ("alone", "taught"))
    assert alone != taught


def test_a_teacher_of_the_other_tier(tmp_path: Path, jets: Path):
    out, teacher = tmp_path / "out", tmp_path / "lundnet"
    settings: dict[str, object] = {"model.convs": [8], "model.fusion": 8, "model.hidden": 8}
    settings["encoding.n_constituents"] = 32
    settings |= {f"training.adamw.{k}": n for k, n in zip(EPOCHS, (1, 0, 1, 0), strict=True)}
    tn.train("lundnet", data=jets, out=teacher, settings=settings)
    words = ["--test", jets, "--train", jets, "--teacher", teacher]
    text = study("distillation", out, *words, "--only", "deepsets-n16")
    size = tn.evaluate(teacher, data=jets).float.n_parameters
    assert text.startswith(f"teacher: {size} parameters, AUC ")
    taught = json.loads((out / "deepsets-n16-taught-0" / "provenance.json").read_text())
    assert any("lundnet" in name for name in taught["inputs"])


def test_fine_tuning(tmp_path: Path, jets: Path):
    out = tmp_path / "out"
    words = ["--source", jets, "--target", jets, "--test", jets, "--sizes", "100", "200"]
    text = study("fine_tuning", out, *words)
    rows = re.findall(rf"\| (\d+) \| {NUMBER} \| {NUMBER} \| {NUMBER} \|", text)
    assert rows == ["100", "200"]
    assert (out / "fine_tuning.png").stat().st_size > 10_000
    started = json.loads((out / "started-200-0" / "provenance.json").read_text())
    assert any("source" in name for name in started["inputs"])
