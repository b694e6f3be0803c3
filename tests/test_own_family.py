"""The example of a family outside triggernet: found by its entry point, trained, exported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from triggernet.errors import ConfigError, ModelError
from triggernet.learning.models import registry

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_family"
DATA = Path(__file__).parents[1] / "triggernet" / "data" / "samples" / "toptag_reference.h5"
QUICK = [
    "training.adamw.epochs=2",
    "training.adamw.warmup_epochs=1",
    "training.max_jets=300",
    "training.adamw.decay_epochs=0",
    "training.fine_tune.epochs=1",
    "encoding.n_constituents=4",
]


def installed(folder: Path, name: str, value: str) -> Path:
    """A folder for the path with the metadata that pip would leave."""
    info = folder / "own_family-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-family\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {value}\n")
    return folder


def done_by(path: list[Path], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-m", "triggernet", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def triggernet(path: list[Path], *arguments: str | Path) -> str:
    done = done_by(path, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(path: list[Path], data: Path, run: Path) -> str:
    settings = [argument for key in QUICK for argument in ("--set", key)]
    done = done_by(path, "train", "linearsum", "--data", data, "--out", run, *settings)
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_a_family_of_another_package_goes_through_training_and_export(tmp_path) -> None:
    path = [installed(tmp_path / "site", "linearsum", "own_family.family"), EXAMPLE]
    settings = [argument for key in QUICK for argument in ("--set", key)]
    run, project = tmp_path / "run", tmp_path / "project"
    triggernet(path, "train", "linearsum", "--data", DATA, "--out", run, *settings)
    triggernet(path, "export", run, "--rtl", "--out", project)
    assert "no difference" in triggernet(path, "verify", project, "--vectors", "200")


def test_a_mistake_in_a_package_with_a_family_is_said_to_be_its(tmp_path) -> None:
    package = tmp_path / "own_family"
    shutil.copytree(EXAMPLE / "own_family", package)
    text = (package / "network.py").read_text()
    (package / "network.py").write_text(text.replace(", n_outputs: int)", ")"))
    path = [installed(tmp_path / "site", "linearsum", "own_family.family"), tmp_path]
    printed = refused(path, DATA, tmp_path / "run")
    assert "TypeError in the package 'own_family', which brings a model family" in printed
    assert "mistake of triggernet" not in printed


def test_a_family_with_too_few_outputs_is_refused(tmp_path) -> None:
    package = tmp_path / "own_family"
    shutil.copytree(EXAMPLE / "own_family", package)
    for name in ("network", "quantised"):
        text = (package / f"{name}.py").read_text()
        for before in ("nn.Linear(features, n_outputs", "(features, 0, n_outputs)"):
            text = text.replace(before, before.replace("n_outputs", "1"))
        (package / f"{name}.py").write_text(text)
    path = [installed(tmp_path / "site", "linearsum", "own_family.family"), tmp_path]
    printed = refused(path, DATA.with_name("fiveclass_test.h5"), tmp_path / "run")
    assert "the model gives 1 number an object, and a task of 5 classes needs 5" in printed


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module", "cannot be loaded"),
        ("json", "expected a ModelFamily named 'broken'"),
        ("own_family.family", "expected a ModelFamily named 'broken'"),
    ],
)
def test_a_broken_entry_point_is_named(tmp_path, monkeypatch, value, message) -> None:
    monkeypatch.syspath_prepend(str(installed(tmp_path, "broken", value)))
    monkeypatch.syspath_prepend(str(EXAMPLE))
    registry._others.cache_clear()
    try:
        assert "broken" in registry.model_names()
        with pytest.raises(ModelError, match=message):
            registry.model_family("broken")
        with pytest.raises(ConfigError, match="did you mean 'broken'"):
            registry.model_family("brokn")
    finally:
        registry._others.cache_clear()
