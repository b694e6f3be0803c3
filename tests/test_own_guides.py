"""The guides "Bring your own model" and "Bring your own jets", followed to the letter."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r'(?ms)^```(\w+)(?: title="([\w.]+)")?\n(.*?)^```$')


def run(command: list[str], folder: Path) -> str:
    path = os.pathsep.join([str(ROOT), str(folder)])
    environment = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def follow(page: str, folder: Path) -> str:
    """Write the files of a page, run its programs and commands in order; what they print."""
    printed = []
    for kind, name, text in BLOCK.findall((ROOT / "docs" / "guides" / page).read_text("utf-8")):
        if name:
            (folder / name).write_text(text, "utf-8")
        if kind == "python" and not text.startswith("import brevitas"):
            printed.append(run([sys.executable, name], folder))
        lines = text.splitlines() if kind == "bash" else []
        printed += [run([sys.executable, "-m", *shlex.split(line)], folder) for line in lines]
    return "\n".join(printed)


def test_own_model(tmp_path: Path) -> None:
    printed = follow("own-model.md", tmp_path)
    loss = re.search(r"loss (\d\.\d+)", printed)
    assert loss is not None
    assert float(loss[1]) < 0.5  # a coin has 0.69
    agreement = json.loads((tmp_path / "project" / "agreement.json").read_text())
    assert agreement["exact"]
    assert {"file, float32", "file, float64", "hls", "rtl"} <= set(agreement["executors"])
    assert "no difference" in printed
    assert (tmp_path / "report.html").stat().st_size > 10_000
    first, second = (tmp_path / k / "program.json" for k in ("project", "again"))
    assert first.read_text() == second.read_text()


def test_own_jets(tmp_path: Path) -> None:
    printed = follow("own-jets.md", tmp_path)
    assert "400 ('qcd', 'top')" in printed
    assert (tmp_path / "jets.h5").is_file()


@pytest.mark.parametrize("page", ["own-model.md", "own-jets.md"])
def test_every_python_block_is_a_file(page: str) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "guides" / page).read_text("utf-8"))
    assert all(name for kind, name, _ in blocks if kind == "python")
