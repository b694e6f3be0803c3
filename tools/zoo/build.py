"""Trains the models of the zoo, writes cards and HLS projects; see `tools/zoo/build`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triggernet.data import Jets, load_jets, sample_path
from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.hls import HlsConfig
from triggernet.files import sha256_of, write_text
from triggernet.learning.evaluation import Evaluation, evaluate
from triggernet.learning.training import load_run_config, train
from triggernet.progress import say
from triggernet.statistics import error_text, interval_text

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TRAINING = "toptag_generated"
REFERENCE = "toptag_reference"
# Entries that also get an HLS project; an RTL project takes no more than the entry itself.
WITH_PROJECT = ("nanopelican-c2-n20", "nanopelican-c2-n8j")

CARD = """# {name}

{about}

Trained on {n_train} generated top-tagging jets that travel with triggernet, by `tools/zoo/build`.
Intervals are those of 68 % after Clopper and Pearson, errors of an AUC those of DeLong; the
rejection is that of background at 30 % and at 50 % signal efficiency.

| sample | model | AUC | accuracy | rejection at 30 % | at 50 % | ant factor |
|---|---|---|---|---|---|---|
{rows}

{notes}

{n_parameters} parameters. {spread}

Inputs (`{encoding}`) and the type of every tensor:

| tensor | operator | shape | type |
|---|---|---|---|
{tensors}

    triggernet evaluate models/{name} --data jets.h5
    triggernet export models/{name} --hls --rtl --out project
{verify}"""


def main() -> None:
    """Build the entries named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="tools/zoo/build")
    known = sorted(path.stem for path in HERE.glob("*.yaml"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--test", type=Path, help="independent generated jets, for the cards")
    kind.add_argument("--projects", action="store_true", help="only rebuild hls_projects/")
    parser.add_argument("--keep", action="store_true", help="do not train again: new cards only")
    args = parser.parse_args()
    unknown = set(args.names) - set(known)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    for name in args.names or known:
        if args.test is not None:
            if not args.keep:
                build_model(name)
            text = card(name, load_jets(args.test))
            write_text(ROOT / "models" / name / "README.md", text)
            say(f"models/{name}: written")
        if name in WITH_PROJECT:
            build_project(name)


def build_model(name: str) -> None:
    """Train an entry and write models/NAME, but for its card."""
    config = load_run_config(HERE / f"{name}.yaml")
    source = sample_path(TRAINING)
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary) / "run"
        train(config, load_jets(source), run, {source.name: sha256_of(source)})
        export, folder = export_run(run), ROOT / "models" / name
        (folder / "README.md").unlink(missing_ok=True)  # the old model's card; no part of an export
        write_export(export, folder, overwrite=True)


def build_project(name: str) -> None:
    """Write hls_projects/NAME from models/NAME, without hls4ml's headers."""
    export = export_run(ROOT / "models" / name)
    target = ROOT / "hls_projects" / name
    shutil.rmtree(target, ignore_errors=True)
    write_export(export, target, hls=HlsConfig(), vendored=False)
    say(f"hls_projects/{name}: written")


def card(name: str, test: Jets) -> str:
    """The model card: measured now, from the files written."""
    folder = ROOT / "models" / name
    export = export_run(folder)
    reference = load_jets(sample_path(REFERENCE))
    samples = {
        f"{len(reference)} reference jets (Zenodo 2603256)": evaluate(export.run, reference),
        f"{len(test)} generated jets, independent": evaluate(export.run, test),
    }
    program = export.program
    writers = {node.output: node.op for node in program.nodes}
    comments = (HERE / f"{name}.yaml").read_text(encoding="utf-8").split("model:")[0]
    return CARD.format(
        name=name,
        about=" ".join(line.lstrip("# ") for line in comments.splitlines()),
        n_train=len(load_jets(sample_path(TRAINING))),
        rows="\n".join(row for label, found in samples.items() for row in rows(label, found)),
        notes="\n".join(note for label, found in samples.items() for note in notes(label, found)),
        n_parameters=next(iter(samples.values())).as_dict()["float"]["n_parameters"],
        spread=repeated(export.run.metrics["spread"]),
        verify=f"    triggernet verify hls_projects/{name}\n" if name in WITH_PROJECT else "",
        encoding=", ".join(f"{k}: {v}" for k, v in export.run.config.encoding.types.items()),
        tensors="\n".join(
            f"| {t.name} | {writers.get(t.name, 'input')} | {' x '.join(map(str, t.shape))} "
            f"| `{t.type}` |"
            for t in program.tensors.values()
        ),
    )


def repeated(spread: Mapping[str, Any]) -> str:
    """How often the float model was trained, and what that gave on the validation jets."""
    if spread["seeds"] == 1:
        return f"The float training was run once: validation AUC {spread['mean']:.4f}."
    return (
        f"The float training was repeated with {spread['seeds']} seeds: validation AUC\n"
        f"{spread['mean']:.4f}, standard deviation {spread['std']:.4f}; the one with the lowest "
        "validation loss is kept."
    )


def rows(label: str, found: Evaluation) -> list[str]:
    """Lines of the card's table: float and quantised."""
    lines = []
    for model, m in found.models.items():
        cells = (
            *(label, model, error_text(m.auc, m.auc_error), f"{m.accuracy:.4f}"),
            interval_text(m.rejection_30, m.rejection_30_low, m.rejection_30_high),
            interval_text(m.rejection_50, m.rejection_50_low, m.rejection_50_high),
            "-" if m.ant is None else f"{m.ant:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def notes(label: str, found: Evaluation) -> list[str]:
    """What quantisation costs on the same jets, and where a rejection is hardly known."""
    moved = found.auc_difference
    lines = [f"* {label}, {name} model: {n}." for name, m in found.models.items() for n in m.notes]
    if moved is not None:
        shown = error_text(moved.value, moved.error, "+")
        lines.insert(0, f"* {label}, AUC quantised minus float on the same jets: {shown}.")
    return lines


if __name__ == "__main__":
    main()
