"""What else lies in a project and belongs into its report: types, inputs, physics, agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from triggernet.deployment.project import Record
from triggernet.deployment.project.layout import FLOAT_MODEL, MODEL
from triggernet.deployment.project.origin import SOURCE, read_origin
from triggernet.deployment.project.sources import edited_files
from triggernet.deployment.verify import Agreement
from triggernet.documents import read_text
from triggernet.errors import ConfigError
from triggernet.files import provenance, sha256_of
from triggernet.program import Program
from triggernet.reports.report.foreign_physics import judged_events
from triggernet.reports.report.physics import Physics, evaluated, kept
from triggernet.reports.report.subject import Subject
from triggernet.results import METRICS, Content, Exhibit, State, judged, read_result
from triggernet.schema import Within, load_json
from triggernet.yaml_text import parse_yaml

CONFIG = "config.yaml"
PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class TensorRow:
    """One tensor of the program, for people."""

    name: str
    shape: str
    type: str
    lsb: float
    low: float
    high: float
    role: str


@dataclass(frozen=True)
class Check:
    """What a report could check of one piece of evidence: the file, its state, and a sentence."""

    file: str
    state: State
    text: str


@dataclass(frozen=True)
class Evidence:
    """Everything that a report shows besides the figures; None or empty where it is absent."""

    tensors: tuple[TensorRow, ...]
    encoding: Mapping[str, Any] = field(default_factory=dict)
    physics: Physics | None = None
    agreement: Agreement | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()


def collect(subject: Subject, data: Path | None = None) -> Evidence:
    """Collect the evidence in a project folder.

    Parameters
    ----------
    subject : Subject
    data : Path, optional
        Jets on which to evaluate the project's model anew, for the ROC curve.

    Raises
    ------
    DataError
        If a file is damaged.
    ProjectError
        If a file is not what its name says.
    """
    folder = subject.folder
    metrics = read_result(folder, METRICS)
    about = about_metrics(folder, metrics)
    if data is not None:
        physics: Physics | None = (
            evaluated(folder, data) if read_origin(folder) is None else judged_events(folder, data)
        )
    else:
        physics = (
            None if metrics is None else kept(folder, metrics, outdated=about.state == "outdated")
        )
    return Evidence(
        tensors=tensor_rows(subject.program),
        encoding=_encoding(folder),
        physics=physics,
        agreement=subject.results.agreement.result,
        provenance=made_by(folder, subject.record),
        checks=(*_checks(subject), about),
    )


def _checks(subject: Subject) -> tuple[Check, ...]:
    """What could be checked of the results of tools: of those that the project can have."""
    results = subject.results
    exhibits: list[Exhibit[Any]] = [results.agreement]
    if subject.rtl is not None:
        exhibits += [results.cosimulation, results.netlist, results.proof, results.synthesis]
    return tuple(Check(e.file.name, e.state, e.as_text()) for e in exhibits)


def about_metrics(folder: Path, metrics: Content | None) -> Check:
    """Metrics cannot be made anew in minutes: those without a seal are shown, and it is said."""
    if metrics is not None and not metrics.sealed:
        text = (
            f"{METRICS.name} has no seal: an older triggernet wrote it. It is shown and cannot be "
            "checked; `triggernet report --data` evaluates the model anew."
        )
        return Check(METRICS.name, "unsealed", text)
    if metrics is None:
        return Check(METRICS.name, "absent", Exhibit(METRICS, "absent").as_text())
    now = judged(folder, tuple(metrics.judges))
    changed = tuple(part for part in metrics.judges if metrics.judges[part] != now.get(part))
    state: State = "outdated" if changed else "current"
    return Check(METRICS.name, state, Exhibit(METRICS, state, None, changed).as_text())


def tensor_rows(program: Program) -> tuple[TensorRow, ...]:
    """Every tensor with its type and range of values; the quantised copies of inputs aside."""
    writers = {node.output: node.op for node in program.nodes}
    rows = []
    for tensor in program.tensors.values():
        role = "input" if tensor.name in program.inputs else writers[tensor.name]
        role = f"{role}, output" if tensor.name in program.outputs else role
        if role != "Quant":
            shape, lsb = " × ".join(map(str, tensor.shape)), tensor.type.lsb
            bounds = tensor.lo * lsb, tensor.hi * lsb
            rows.append(TensorRow(tensor.name, shape, str(tensor.type), lsb, *bounds, role))
    return tuple(rows)


def _encoding(folder: Path) -> Mapping[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        return {}
    content = parse_yaml(read_text(path, ConfigError), str(path))
    encoding = content.get("encoding") if isinstance(content, dict) else None
    return dict(encoding) if isinstance(encoding, dict) else {}


def made_by(folder: Path, record: Record | None) -> Mapping[str, str]:
    """What made the project and this report, by name."""
    made = provenance()
    makers = {"report by": f"triggernet {made['triggernet']}, Python {made['python']}"}
    if record is not None:
        makers["project by"] = ", ".join(f"{k} {v}" for k, v in sorted(record.versions.items()))
        makers["project digest"] = record.digest
        edited = edited_files(folder, record)
        if edited:
            makers["edited since the export"] = ", ".join(edited)
    for name in (MODEL, FLOAT_MODEL, SOURCE):
        if (folder / name).is_file():
            makers[f"{name}, SHA-256"] = sha256_of(folder / name)
    origin = read_origin(folder)
    if origin is not None:
        makers["model from"] = "; ".join([origin.file, *origin.notes])
    if (folder / PROVENANCE).is_file():
        trained = load_json(_Trained, folder / PROVENANCE)
        makers["trained by"] = f"triggernet {trained.triggernet}, " + ", ".join(
            f"{name} {trained.packages[name]}"
            for name in ("torch", "brevitas")
            if name in trained.packages
        )
        makers["seed"] = "" if trained.seed is None else str(trained.seed)
        for name, digest in trained.inputs.items():
            makers[f"trained on {name}, SHA-256"] = digest
    return makers


@dataclass(frozen=True)
class _Trained:
    """The schema of a run's ``provenance.json``."""

    triggernet: Annotated[str, Within(0, 200)] = ""
    python: Annotated[str, Within(0, 200)] = ""
    seed: Annotated[int, Within(0, 1 << 64)] | None = None
    packages: Mapping[str, Annotated[str, Within(0, 200)]] = field(default_factory=dict)
    inputs: Mapping[str, Annotated[str, Within(0, 200)]] = field(default_factory=dict)
