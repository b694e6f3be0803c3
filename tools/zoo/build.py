"""Trains the models of the zoo, writes cards and HLS projects; see `tools/zoo/build`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cards import card

from triggernet.data import load_jets, sample_path
from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.hls import HlsConfig
from triggernet.files import sha256_of, write_text
from triggernet.learning.training import load_run_config, train
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


def main() -> None:
    """Build the entries named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="tools/zoo/build")
    known = sorted(path.stem for path in HERE.glob("*.yaml"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--keep", action="store_true", help="do not train again: new cards only")
    kind.add_argument("--projects", action="store_true", help="only rebuild hls_projects/")
    parser.add_argument("--fiveclass", type=Path, help="jets for the entries of five classes")
    args = parser.parse_args()
    unknown = set(args.names) - set(known)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    names = args.names or known
    lacking = [] if args.projects else without_jets(names, args.fiveclass)
    if lacking:  # said before anything is trained
        parser.error(f"{', '.join(lacking)} need --fiveclass FILE; tools/zoo/build says which jets")
    for name in names:
        if not args.projects:
            build_model(name, args.fiveclass, keep=args.keep)
        if name in WITH_PROJECT:
            build_project(name)


def without_jets(names: Iterable[str], fiveclass: Path | None) -> list[str]:
    """Entries whose training jets were not given."""
    classes = {name: load_run_config(HERE / f"{name}.yaml").task.n_classes for name in names}
    return [name for name, n in classes.items() if samples(n, fiveclass).training is None]


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
            export = export_run(run)
            (folder / "README.md").unlink(missing_ok=True)  # the old card; no part of an export
            write_export(export, folder, overwrite=True)
    tests = {label: load_jets(sample_path(sample)) for sample, label in about.tests.items()}
    text = card(name, len(jets), about.about, tests, project=name in WITH_PROJECT)
    write_text(folder / "README.md", text)
    say(f"models/{name}: written")


def build_project(name: str) -> None:
    """Write hls_projects/NAME from models/NAME, without hls4ml's headers."""
    export = export_run(ROOT / "models" / name)
    target = ROOT / "hls_projects" / name
    shutil.rmtree(target, ignore_errors=True)
    write_export(export, target, hls=HlsConfig(), vendored=False)
    say(f"hls_projects/{name}: written")


if __name__ == "__main__":
    main()
