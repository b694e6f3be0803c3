"""Small studies for tests: what they hold, and how they are run in a process of their own."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from triggernet.data.samples import sample_path

JETS = sample_path("toptag_generated")
SMALL: dict[str, Any] = {
    "run": {
        "model": {"name": "jedilinear", "rounds": [2], "node": [2], "head": [2]},
        "encoding": {"n_constituents": 4},
        "training": {
            "max_jets": 300,
            "validation_fraction": 0.5,
            "adamw": {"epochs": 2, "warmup_epochs": 1, "decay_epochs": 0, "batch_size": 50},
            "fine_tune": {"epochs": 1, "calibration_jets": 50},
        },
    },
    "space": {
        "model.embedding": {"choices": [[2], [4], [3, 3]]},
        "training.adamw.learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
    },
    "sampler": {"name": "tpe", "startup_trials": 2, "seed": 3},
    "trials": 4,
}


def study_of(**changes: Any) -> dict[str, Any]:
    """The small study with other sections; None leaves one out."""
    content = copy.deepcopy(SMALL) | changes
    return {key: value for key, value in content.items() if value is not None}


def write_study(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def command(study: Path, out: Path, *more: str) -> list[str]:
    words = ["sweep", str(study), "--data", str(JETS), "--out", str(out), *more]
    return [sys.executable, "-m", "triggernet", *words]


def triggernet(*words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    full = [sys.executable, "-m", "triggernet", *words]
    return subprocess.run(full, capture_output=True, text=True, timeout=300, check=False)


def run(study: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """`triggernet sweep` in a process of its own."""
    return triggernet(*command(study, out, *more)[3:])
