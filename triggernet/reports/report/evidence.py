"""What else lies in a project and belongs into its report: types, inputs, physics, agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from triggernet.errors import DataError, ProjectError
from triggernet.files import provenance, read_json, sha256_of
from triggernet.program import Program

Floats = NDArray[np.float64]

AGREEMENT = "agreement.json"
METRICS = "metrics.json"
CONFIG = "config.yaml"
PROVENANCE = "provenance.json"
MODELS = ("float", "quantised")


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
class Executor:
    """How one executor compares with the exact integers."""

    name: str
    version: str
    n: int
    mismatches: int
    first: str


@dataclass(frozen=True)
class Agreement:
    """The result of `triggernet verify`."""

    n_vectors: int
    exact: bool
    executors: tuple[Executor, ...]


@dataclass(frozen=True)
class Curve:
    """A ROC curve: background rejection at signal efficiencies."""

    name: str
    efficiency: tuple[float, ...]
    rejection: tuple[float, ...]


@dataclass(frozen=True)
class Physics:
    """Metrics of the float and the quantised model on one sample, and their ROC curves."""

    sample: str
    metrics: Mapping[str, Mapping[str, Any]]
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """Everything that a report shows besides the figures; None or empty where it is absent."""

    tensors: tuple[TensorRow, ...]
    encoding: Mapping[str, Any] = field(default_factory=dict)
    physics: Physics | None = None
    agreement: Agreement | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def collect(folder: Path, program: Program, data: Path | None = None) -> Evidence:
    """Collect the evidence in a project folder.

    Parameters
    ----------
    folder : Path
    program : Program
    data : Path, optional
        Jets on which to evaluate the project's model anew, for the ROC curve.

    Raises
    ------
    DataError
        If a file is damaged.
    ProjectError
        If a file is not what its name says.
    """
    return Evidence(
        tensors=tensor_rows(program),
        encoding=_encoding(folder),
        physics=_evaluated(folder, data) if data else _metrics(folder),
        agreement=_agreement(folder),
        provenance=_provenance(folder),
    )


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
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not valid YAML: {error}") from error
    found = content.get("encoding") if isinstance(content, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def _metrics(folder: Path) -> Physics | None:
    path = folder / METRICS
    if not path.is_file():
        return None
    content = read_json(path)
    metrics = {k: content[k] for k in MODELS if isinstance(content, dict) and k in content}
    if not all(isinstance(m, dict) and "auc" in m for m in metrics.values()) or not metrics:
        raise ProjectError(f"{path} holds no metrics of {' or '.join(MODELS)}; train again")
    return Physics("validation jets of the training", metrics)


def _evaluated(folder: Path, data: Path) -> Physics:
    from triggernet.data import load_jets
    from triggernet.learning.evaluation import evaluate
    from triggernet.learning.tasks.metrics import roc_curve
    from triggernet.learning.training import load_run

    found = evaluate(load_run(folder), load_jets(data))
    curves = tuple(
        roc(name, *roc_curve(logits, found.label), int((found.label == 0).sum()))
        for name, logits in zip(MODELS, (found.float_logits, found.quantised_logits), strict=True)
    )
    return Physics(data.name, found.as_dict(), curves)


def roc(name: str, signal: Floats, background: Floats, n_background: int) -> Curve:
    """A curve at 99 efficiencies, from those of `triggernet.learning.tasks.metrics.roc_curve`.

    Where less than one jet of the background passes, there is nothing to draw.
    """
    at = np.linspace(0.02, 1.0, 99)
    passing = np.interp(at, np.r_[0.0, signal], np.r_[0.0, background])
    kept = passing * n_background >= 1
    return Curve(
        name,
        tuple(float(x) for x in np.round(at[kept], 4)),
        tuple(float(r) for r in 1 / passing[kept]),
    )


def _agreement(folder: Path) -> Agreement | None:
    path = folder / AGREEMENT
    if not path.is_file():
        return None
    content = read_json(path)
    try:
        executors = tuple(
            Executor(name, str(e["version"]), int(e["n"]), int(e["mismatches"]), _first(e["first"]))
            for name, e in content["executors"].items()
        )
        return Agreement(int(content["n_vectors"]), bool(content["exact"]), executors)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProjectError(
            f"{path} is no agreement of `triggernet verify` ({error!r}); verify again"
        ) from error


def _first(first: Any) -> str:
    """The first mismatch as text: a mapping, a number, text or nothing."""
    if first is None:
        return ""
    if isinstance(first, dict):
        return ", ".join(f"{key} {value}" for key, value in first.items())
    return str(first)


def _provenance(folder: Path) -> Mapping[str, str]:
    """What made the project and this report, by name."""
    made = provenance()
    found = {"report by": f"triggernet {made['triggernet']}, Python {made['python']}"}
    record = folder / "triggernet.json"
    if record.is_file():
        content = read_json(record)
        versions = content.get("versions", {})
        found["project by"] = ", ".join(f"{k} {v}" for k, v in sorted(versions.items()))
        found["project digest"] = str(content.get("digest", ""))
        edited = _edited(folder, content.get("files", {}))
        if edited:
            found["edited since the export"] = ", ".join(edited)
    model = folder / "model.onnx"
    if model.is_file():
        found["model.onnx, SHA-256"] = sha256_of(model)
    if (folder / PROVENANCE).is_file():
        trained = read_json(folder / PROVENANCE)
        packages = trained.get("packages", {})
        found["trained by"] = f"triggernet {trained.get('triggernet', '')}, " + ", ".join(
            f"{name} {packages[name]}" for name in ("torch", "brevitas") if name in packages
        )
        found["seed"] = str(trained.get("seed", ""))
        for name, digest in trained.get("inputs", {}).items():
            found[f"trained on {name}, SHA-256"] = str(digest)
    return found


def _edited(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """Files of the project that are not as exported: changed or missing."""
    return sorted(
        name
        for name, digest in digests.items()
        if not (folder / name).is_file() or sha256_of(folder / name) != digest
    )
