"""One entry of the zoo from its recipe: what `build.py` has done, here or in other processes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cards import card, float_card

from triggernet.data import load_jets, sample_path
from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.export.run import CARRIED
from triggernet.deployment.hls import HlsConfig
from triggernet.files import sha256_of, write_text
from triggernet.learning.training import load_run, load_run_config, train
from triggernet.progress import say

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# Entries that also get an HLS project; an RTL project takes no more than the entry itself.
WITH_PROJECT = ("nanopelican-c2-n20", "nanopelican-c2-n8j")


@dataclass(frozen=True)
class Samples:
    """Jets of one kind: what entries are trained on, and what judges them.

    Attributes
    ----------
    about : str
        What the training jets are, as cards say it.
    training : Path or None
        None if it was not given.
    tests : mapping of str to str
        What packaged samples are called in cards, by their names.
    """

    about: str
    training: Path | None
    tests: Mapping[str, str]


def samples(n_classes: int, fiveclass: Path | None) -> Samples:
    """The samples of entries of so many classes."""
    if n_classes == 2:
        return Samples(
            "generated top-tagging jets that travel with triggernet",
            sample_path("toptag_generated"),
            {
                "toptag_reference": "1000 reference jets (Zenodo 2603256)",
                "toptag_test": "24000 generated jets, independent",
            },
        )
    about = "jets of `triggernet generate fiveclass --jets 60000 --seed 501`"
    return Samples(about, fiveclass, {"fiveclass_test": "10000 generated jets, independent"})


def build(name: str, fiveclass: str | None, what: Literal["train", "keep", "projects"]) -> None:
    """Write all that belongs to an entry; the same bytes in whichever process.

    Parameters
    ----------
    name : str
    fiveclass : str or None
        Where the jets of five classes are.
    what : {"train", "keep", "projects"}
        Train it, leave the trained model and make the rest, or make its project alone.
    """
    if what != "projects":
        build_model(name, None if fiveclass is None else Path(fiveclass), keep=what == "keep")
    if name in WITH_PROJECT:
        build_project(name)


def build_model(name: str, fiveclass: Path | None, *, keep: bool) -> None:
    """Write models/NAME: train it, unless it is to be kept, and write its card."""
    config = load_run_config(HERE / f"{name}.yaml")
    folder, about = ROOT / "models" / name, samples(config.task.n_classes, fiveclass)
    assert about.training is not None, "see `without_jets`"
    jets = load_jets(about.training)
    if not keep:
        with tempfile.TemporaryDirectory() as temporary:
            run = Path(temporary) / "run"
            train(config, jets, run, {about.training.name: sha256_of(about.training)})
            write_entry(run, folder)
    tests = {label: load_jets(sample_path(sample)) for sample, label in about.tests.items()}
    if config.family.tier == "hlt":
        text = float_card(name, len(jets), about.about, tests)
    else:
        text = card(name, len(jets), about.about, tests, project=name in WITH_PROJECT)
    write_text(folder / "README.md", text)
    say(f"models/{name}: written")


def write_entry(run: Path, folder: Path) -> None:
    """Write what an entry holds of a run: its program and QONNX file, if it has a hardware form.

    The ONNX file of a float model repeats all its weights: an export makes it.
    """
    if load_run(run).quantised_model is not None:
        (folder / "README.md").unlink(missing_ok=True)  # the old card; no part of an export
        write_export(export_run(run), folder, overwrite=True)
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in CARRIED:
        if (run / name).is_file():
            shutil.copyfile(run / name, folder / name)


def build_project(name: str) -> None:
    """Write hls_projects/NAME from models/NAME, without hls4ml's headers."""
    export = export_run(ROOT / "models" / name)
    target = ROOT / "hls_projects" / name
    shutil.rmtree(target, ignore_errors=True)
    write_export(export, target, hls=HlsConfig(), vendored=False)
    say(f"hls_projects/{name}: written")
