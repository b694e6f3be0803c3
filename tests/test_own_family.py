"""The example of a family outside triggernet: found by its entry point, trained, exported."""

from __future__ import annotations

import os
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


def triggernet(path: list[Path], *arguments: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, "-m", "triggernet", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_family_of_another_package_goes_through_training_and_export(tmp_path) -> None:
    path = [installed(tmp_path / "site", "linearsum", "own_family.family"), EXAMPLE]
    settings = [argument for key in QUICK for argument in ("--set", key)]
    run, project = tmp_path / "run", tmp_path / "project"
    triggernet(path, "train", "linearsum", "--data", DATA, "--out", run, *settings)
    triggernet(path, "export", run, "--rtl", "--out", project)
    assert "no difference" in triggernet(path, "verify", project, "--vectors", "200")


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
