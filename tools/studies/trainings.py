"""Trainings of a study: each once, in a folder of its own, its figures in one file as they come.

A study that is stopped goes on where it was: finished trainings are not repeated, an unfinished one
is resumed.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import triggernet as tn
from triggernet.files import write_text
from triggernet.progress import say

FIGURES, METRICS = "figures.json", "metrics.json"
QUICK: Mapping[str, Any] = {  # settings of a trial
    "training.max_jets": 400,
    "training.adamw.epochs": 2,
    "training.adamw.warmup_epochs": 0,
    "training.adamw.restart_epochs": 1,
    "training.adamw.decay_epochs": 1,
    "training.fine_tune.epochs": 1,
    "training.fine_tune.calibration_jets": 100,
}


@dataclass(frozen=True)
class Training:
    """What `triggernet train` is given.

    Attributes
    ----------
    name : str
        Of its folder and of its entry in the figures.
    data : Path
        Jets to train on.
    config : Path or None
        A YAML file with settings.
    settings : mapping of str to Any
        Those that win over it, by dotted keys.
    model : str or None
        None takes that of the file.
    preset : str
        Where settings come from that are not given.
    """

    name: str
    data: Path
    config: Path | None
    settings: Mapping[str, Any]
    model: str | None = None
    preset: str = "default"


def trained(training: Training, run: Path) -> float | None:
    """Train to the folder `run`, unless that has been done.

    Returns
    -------
    float or None
        Processor seconds of the training; None where it was done before, or not in one go.
    """
    if (run / METRICS).is_file():
        return None
    fresh, started = not run.exists(), time.process_time()
    say(f"{training.name} ...")
    tn.train(
        training.model,
        data=training.data,
        out=run,
        config=training.config,
        settings=training.settings,
        preset=training.preset,
        resume=not fresh,
    )
    return time.process_time() - started if fresh else None


def evaluated(run: Path, jets: Path) -> dict[str, Any]:
    """What `triggernet evaluate --json` says of a run."""
    return tn.evaluate(run, data=jets).as_dict()


@dataclass(frozen=True)
class Study:
    """A folder of trainings and the jets that judge them all.

    Attributes
    ----------
    folder, test : Path
    judge : callable (run folder, jets)
        What is kept of a finished training.
    """

    folder: Path
    test: Path
    judge: Callable[[Path, Path], dict[str, Any]] = evaluated

    def run(self, training: Training) -> Path:
        """Train, unless it has been done; the run folder."""
        run = self.folder / training.name
        trained(training, run)
        return run

    def figures(self, training: Training) -> dict[str, Any]:
        """What `judge` says of a training on the test jets, kept in a file with its time."""
        kept = self.kept().get(training.name)
        if kept is not None:
            return dict(kept)
        run = self.folder / training.name
        return self.judged(training.name, run, cpu_seconds=trained(training, run))

    def judged(self, name: str, run: Path, **more: Any) -> dict[str, Any]:
        """The same of a run that is there, kept under a name with what is given of it."""
        kept = self.kept()
        if name not in kept:
            kept[name] = self.judge(run, self.test) | more
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text(self.folder / FIGURES, json.dumps(kept, indent=1) + "\n")
        figures: dict[str, Any] = kept[name]
        return figures

    def kept(self) -> dict[str, Any]:
        """All figures so far."""
        path = self.folder / FIGURES
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def mean_text(values: Sequence[float], digits: int = 4, sign: str = "") -> str:
    """The mean of repeated trainings and its error, from their scatter."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:{sign}.{digits}f}"
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return f"{mean:{sign}.{digits}f} ± {error:.{digits}f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def arguments(about: str, *, seeds: int, **paths: str) -> argparse.ArgumentParser:
    """The options that all studies have.

    Parameters
    ----------
    about : str
        The study's own docstring.
    seeds : int
        How often a training is repeated if nothing else is asked for.
    paths : str
        Files that the study needs, with their help.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of trainings and results")
    for name, text in paths.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
    parser.add_argument(
        "--seeds", type=int, default=seeds, help=f"repetitions of every training ({seeds})"
    )
    parser.add_argument("--quick", action="store_true", help="few jets and epochs, for a trial")
    return parser
