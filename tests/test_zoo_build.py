"""The builder of the zoo: the same bytes in one process and in several."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPE = """
model: {name: mlp, hidden: [2]}
encoding: {n_constituents: 2}
training:
  seed: SEED
  max_jets: 600
  adamw: {epochs: 1, warmup_epochs: 0, decay_epochs: 0, restart_epochs: 1}
  fine_tune: {epochs: 1, calibration_jets: 100}
"""


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A copy of the builder with two small entries of its own."""
    tools = tmp_path / "tools" / "zoo"
    tools.mkdir(parents=True)
    for name in ("build.py", "entries.py", "cards.py"):
        shutil.copy(ROOT / "tools" / "zoo" / name, tools)
    for name, seed in (("first", "1"), ("second", "2")):
        (tools / f"{name}.yaml").write_text(RECIPE.replace("SEED", seed), encoding="utf-8")
    return tmp_path


def built(zoo: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, zoo / "tools" / "zoo" / "build.py", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def taken(zoo: Path) -> dict[str, bytes]:
    """All files of the entries, which are taken away."""
    files = [path for path in sorted((zoo / "models").rglob("*")) if path.is_file()]
    found = {str(path.relative_to(zoo)): path.read_bytes() for path in files}
    shutil.rmtree(zoo / "models")
    return found


def test_several_processes_build_the_same_zoo(zoo: Path) -> None:
    (zoo / "models").mkdir()
    assert (one := built(zoo)).returncode == 0, one.stderr
    expected = taken(zoo)
    assert {name.split("/")[1] for name in expected} == {"first", "second"}
    (zoo / "models").mkdir()
    assert (two := built(zoo, "--workers", "2")).returncode == 0, two.stderr
    assert taken(zoo) == expected


@pytest.mark.parametrize(
    "words", [("--workers", "0"), ("--workers", "2", "--cluster", "tcp://x:1")]
)
def test_processes_that_contradict_each_other_are_refused(zoo: Path, words: tuple) -> None:
    found = built(zoo, *words)
    assert found.returncode == 2
    assert "give at least 1, or --cluster alone" in found.stderr


def test_a_cluster_that_does_not_answer_is_one_line(zoo: Path) -> None:
    found = built(zoo, "--cluster", "tcp://127.0.0.1:1")
    assert found.returncode == 1
    assert "no cluster answers at tcp://127.0.0.1:1" in found.stderr
    assert "Traceback" not in found.stderr
