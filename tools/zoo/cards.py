"""The cards of the zoo: what each model is and is worth, measured from the files written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from triggernet.data import Jets
from triggernet.deployment.export import export_float, export_run
from triggernet.learning.evaluation import Evaluation, evaluate
from triggernet.learning.training import load_run
from triggernet.statistics import error_text, interval_text

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

CARD = """# {name}

{about}

Trained on {n_train} {trained_on}, by `tools/zoo/build`.
{judged}

{table}

{notes}

{n_parameters} parameters. {spread}

Inputs (`{encoding}`) and the type of every tensor:

| tensor | operator | shape | type |
|---|---|---|---|
{tensors}

    triggernet evaluate models/{name} --data jets.h5
    triggernet export models/{name} --hls --rtl --out project
{verify}"""
FLOAT_CARD = """# {name}

{about}

Trained on {n_train} {trained_on}, by `tools/zoo/build`.
{judged}

{table}

{notes}

{n_parameters} parameters. {spread}

    triggernet evaluate models/{name} --data jets.h5
    triggernet export models/{name} --onnx --out project
    triggernet latency project --data jets.h5

The weights lie here once: the export makes `float.onnx`. With the versions of
`tools/requirements.lock` its SHA-256 is
`{digest}`.
"""
ERRORS = (
    "Intervals are those of 68 % after Clopper and Pearson, errors of an AUC those of DeLong; the"
)
OF_TWO = f"{ERRORS}\nrejection is that of background at 30 % and at 50 % signal efficiency."
OF_CLASSES = f"{ERRORS}\nAUC of a class is that against all others."


def card(name: str, n_train: int, trained_on: str, tests: Mapping[str, Jets], project: bool) -> str:
    """The text of a card.

    Parameters
    ----------
    name : str
        The entry, a folder of models/.
    n_train : int
    trained_on : str
        What kind of jets.
    tests : mapping of str to Jets
        Samples that judge it, with what each is called.
    project : bool
        Whether hls_projects/ has it.
    """
    export = export_run(ROOT / "models" / name)
    judged = {label: evaluate(export.run, jets) for label, jets in tests.items()}
    first = next(iter(judged.values()))
    program = export.program
    writers = {node.output: node.op for node in program.nodes}
    columns = (*CLASS_COLUMNS, *export.run.config.task.classes) if first.classes else COLUMNS
    table = class_rows if first.classes else rows
    lines = [columns, ["---"] * len(columns)]
    lines += [row for label, each in judged.items() for row in table(label, each)]
    return CARD.format(
        name=name,
        about=about(name),
        n_train=n_train,
        trained_on=trained_on,
        judged=OF_CLASSES if first.classes else OF_TWO,
        table=table_text(lines),
        notes="\n".join(note for label, each in judged.items() for note in notes(label, each)),
        n_parameters=first.float.n_parameters,
        spread=repeated(export.run.metrics["spread"]),
        verify=f"    triggernet verify hls_projects/{name}\n" if project else "",
        encoding=", ".join(f"{k}: {v}" for k, v in export.run.config.encoding.types.items()),
        tensors="\n".join(
            f"| {t.name} | {writers.get(t.name, 'input')} | {' x '.join(map(str, t.shape))} "
            f"| `{t.type}` |"
            for t in program.tensors.values()
        ),
    )


def float_card(name: str, n_train: int, trained_on: str, tests: Mapping[str, Jets]) -> str:
    """The text of the card of a model of the High-Level Trigger; parameters as for `card`."""
    folder = ROOT / "models" / name
    run = load_run(folder)
    judged = {label: evaluate(run, jets) for label, jets in tests.items()}
    lines = [COLUMNS, ["---"] * len(COLUMNS)]
    lines += [row for label, each in judged.items() for row in rows(label, each)]
    return FLOAT_CARD.format(
        name=name,
        about=about(name),
        n_train=n_train,
        trained_on=trained_on,
        judged=OF_TWO,
        table=table_text(lines),
        notes="\n".join(note for label, each in judged.items() for note in notes(label, each)),
        n_parameters=next(iter(judged.values())).float.n_parameters,
        spread=repeated(run.metrics["spread"]),
        digest=hashlib.sha256(export_float(folder)).hexdigest(),
    )


def about(name: str) -> str:
    """What an entry's configuration says above its settings."""
    comments = (HERE / f"{name}.yaml").read_text(encoding="utf-8").split("model:")[0]
    return " ".join(line.lstrip("# ") for line in comments.splitlines())


def table_text(lines: Sequence[Sequence[str]]) -> str:
    """Cells as a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


COLUMNS = ("sample", "model", "AUC", "accuracy", "rejection at 30 %", "at 50 %", "ant factor")
CLASS_COLUMNS = ("sample", "model", "accuracy", "mean AUC")  # and the AUC of each class


def repeated(spread: Mapping[str, Any]) -> str:
    """How often the float model was trained, and what that gave on the validation jets."""
    if spread["seeds"] == 1:
        return f"The float training was run once: validation AUC {spread['mean']:.4f}."
    return (
        f"The float training was repeated with {spread['seeds']} seeds: validation AUC\n"
        f"{spread['mean']:.4f}, standard deviation {spread['std']:.4f}; the one with the lowest "
        "validation loss is kept."
    )


def rows(label: str, found: Evaluation) -> list[tuple[str, ...]]:
    """Lines of the card's table: float and quantised."""
    lines = []
    for model, m in found.models.items():
        cells = (
            *(label, model, error_text(m.auc, m.auc_error), f"{m.accuracy:.4f}"),
            interval_text(m.rejection_30, m.rejection_30_low, m.rejection_30_high),
            interval_text(m.rejection_50, m.rejection_50_low, m.rejection_50_high),
            "-" if m.ant is None else f"{m.ant:.1f}",
        )
        lines.append(cells)
    return lines


def class_rows(label: str, found: Evaluation) -> list[tuple[str, ...]]:
    """The same of a model of several classes."""
    lines = []
    for model, m in found.classes.items():
        accuracy, summary = m.accuracy, m.summary
        up = summary.accuracy_high - summary.accuracy
        down = summary.accuracy - accuracy.low
        cells = (
            label,
            model,
            f"{summary.accuracy:.4f} +{up:.4f} -{down:.4f}",
            f"{summary.auc:.4f}",
        )
        lines.append((*cells, *(error_text(a.value, a.error) for a in m.areas.values())))
    return lines


def notes(label: str, found: Evaluation) -> list[str]:
    """What quantisation costs on the same jets, and where a rejection is hardly known."""
    moved = found.auc_difference
    lines = [f"* {label}, {name} model: {n}." for name, m in found.models.items() for n in m.notes]
    if moved is not None:
        shown = error_text(moved.value, moved.error, "+")
        lines.insert(0, f"* {label}, AUC quantised minus float on the same jets: {shown}.")
    return lines
