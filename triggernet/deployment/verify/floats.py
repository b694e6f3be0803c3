"""The float model in PyTorch against its ONNX file in onnxruntime, object by object."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from triggernet.data import Jets, load_jets, sample_path
from triggernet.deployment.onnxruntime.float_file import OUTPUT, feed
from triggernet.deployment.onnxruntime.session import float_model_of, open_session, running
from triggernet.deployment.project.layout import FLOAT_MODEL
from triggernet.deployment.verify.float_agreement import FloatAgreement
from triggernet.errors import UsageError
from triggernet.learning.tasks.parts import PARTS
from triggernet.learning.tasks.task import probabilities
from triggernet.learning.training.run_folder import Run, load_run
from triggernet.learning.training.sample import Sample
from triggernet.program.onnx_model import load_model
from triggernet.progress import Progress

Floats = NDArray[np.float64]

TOLERANCE = 1e-5  # of a score, where the neighbours agree
MOST_TIES = 1e-3  # share of objects whose neighbours may differ
SIGNAL_EFFICIENCY = 0.5
BATCH = 256
LISTED = 20


def verify_float(
    project: Path, jets: Jets | None = None, n_objects: int = 100_000
) -> FloatAgreement:
    """Compare the float model of a project in PyTorch and in onnxruntime, on the same jets.

    Parameters
    ----------
    project : Path
        A folder that `triggernet export --onnx` wrote.
    jets : Jets, optional
        The packaged reference jets if not given.
    n_objects : int
        At most so many, the first ones.

    Raises
    ------
    ProjectError
        If there is no float model in it.
    ModelError, ProgramError
        If its weights or its ONNX file are damaged.
    UsageError, DataError
        For fewer than 1 object; if the jets do not fit.
    """
    if n_objects < 1:
        raise UsageError(f"{n_objects} objects: at least 1 is needed")
    path = float_model_of(project)
    judges = FloatAgreement.sources(project)
    run = load_run(project)
    jets = load_jets(sample_path("toptag_reference")) if jets is None else jets
    sample = Sample.of(jets.select(slice(n_objects)), run.config)
    ours, theirs, tied, beside = _logits(run, path, sample)
    return _compared(_scores(ours), _scores(theirs), tied, sample.label.numpy(), judges, beside)


def _logits(
    run: Run, path: Path, sample: Sample
) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    """Logits of PyTorch and onnxruntime, whose neighbours differ (n,), and differences (n,).

    The differences are those of scores of constituents and pairs, if the file has such outputs.
    """
    model, parts = run.float_model.eval(), []
    session = open_session(str(path))
    further = tuple(each.name for each in session.get_outputs() if each.name != OUTPUT)
    tables = _NeighbourTables(model, path)
    with torch.no_grad(), Progress("verifying", len(sample), "objects") as progress:
        for k in range(0, len(sample), BATCH):
            inputs = {name: x[k : k + BATCH] for name, x in sample.exact.items()}
            with running("onnxruntime", FLOAT_MODEL):
                theirs, *others = session.run([OUTPUT, *further], feed(session, inputs))
            ours = run.config.task.logits(model(inputs)).double().numpy()
            beside = _difference_of_parts(model, inputs, dict(zip(further, others, strict=True)))
            parts.append((ours, theirs, tables.differ(inputs), beside))
            progress.advance(len(theirs))
    exact, answered, tied, beside = (np.concatenate(each) for each in zip(*parts, strict=True))
    return exact, answered.astype(np.float64), tied, beside


def _difference_of_parts(
    model: nn.Module, inputs: Mapping[str, Tensor], theirs: Mapping[str, Floats]
) -> Floats:
    """The largest difference of a score of an object's constituents and pairs, (B,)."""
    largest = np.zeros(len(next(iter(inputs.values()))))
    if not theirs:
        return largest
    _, ours = cast("Any", model).with_parts(inputs, tuple(theirs))
    for name, answered in theirs.items():
        to_score = torch.sigmoid if PARTS[name].level == "pair" else _softmax
        other = torch.from_numpy(answered).double()
        apart = to_score(ours[name].detach().double()) - to_score(other)
        largest = np.maximum(largest, np.nan_to_num(apart.abs().flatten(1).amax(1).numpy(), nan=1))
    return largest


def _softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits, -1)


class _NeighbourTables:
    """The nearest neighbours that both sides find, where a model has any."""

    def __init__(self, model: nn.Module, path: Path) -> None:
        self._model = model
        self._names: tuple[str, ...] = ()
        self._session: Any = None
        if not hasattr(model, "neighbours"):
            return
        graph = load_model(path)
        tops = [tuple(node.output) for node in graph.graph.node if node.op_type == "TopK"]
        self._names = tuple(name for pair in tops for name in pair)
        for k, name in enumerate(self._names):  # values, then indices, of each
            kind = onnx.TensorProto.INT64 if k % 2 else onnx.TensorProto.DOUBLE
            graph.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
        self._session = open_session(graph.SerializeToString())

    def differ(self, inputs: Mapping[str, Tensor]) -> NDArray[np.bool_]:
        """Objects (B,) of which any constituent has other neighbours; their order is no matter."""
        n = len(next(iter(inputs.values())))
        differing = np.zeros(n, np.bool_)
        if self._session is None:
            return differing
        with running("onnxruntime", FLOAT_MODEL):
            arrays = self._session.run(list(self._names), feed(self._session, inputs))
        neighbours: Any = self._model.neighbours
        present = inputs["constituents"][..., 0].numpy() > 0  # (B, N)
        for ours, distance, place in zip(
            neighbours(inputs), arrays[::2], arrays[1::2], strict=True
        ):
            theirs = np.sort(np.where(np.isinf(distance), -1, place), axis=2)  # (B, N, k)
            other = (np.sort(ours.numpy(), axis=2) != theirs).any(2)  # (B, N)
            differing |= (other & present).any(1)
        return differing


def _scores(logits: Floats) -> Floats:
    """Probabilities (n,) of the signal, or (n, C) of all classes."""
    if logits.ndim > 1:
        return probabilities(logits)
    return probabilities(np.stack([np.zeros_like(logits), logits], 1))[:, 1]


def _compared(
    ours: Floats,
    theirs: Floats,
    tied: NDArray[np.bool_],
    label: NDArray[np.int64],
    judges: Mapping[str, str],
    beside: Floats | None = None,
) -> FloatAgreement:
    # A score that is no number differs by as much as scores can.
    difference = np.nan_to_num(np.abs(ours - theirs), nan=1.0).reshape(len(ours), -1).max(1)
    difference = difference if beside is None else np.maximum(difference, beside)
    if ours.ndim == 1:
        efficiency, threshold = SIGNAL_EFFICIENCY, _threshold(ours, label)
        flips = (ours > threshold) != (theirs > threshold)
    else:
        efficiency, threshold = 0.0, 0.0
        flips = ours.argmax(1) != theirs.argmax(1)
    free = np.flatnonzero(~tied)
    largest = difference[free].max(initial=0.0)
    names = ("torch", "onnxruntime")
    return FloatAgreement(
        n_objects=len(ours),
        tolerance=TOLERANCE,
        most_ties=MOST_TIES,
        largest=float(largest),
        mean=float(difference[free].mean()) if len(free) else 0.0,
        worst=int(free[difference[free].argmax()]) if len(free) else None,
        ties=int(tied.sum()),
        tied=tuple(int(k) for k in np.flatnonzero(tied)[:LISTED]),
        largest_tied=float(difference[tied].max(initial=0.0)),
        signal_efficiency=efficiency,
        threshold=threshold,
        flips=int(flips.sum()),
        versions={name: importlib.metadata.version(name) for name in names},
        judges=judges,
    )


def _threshold(scores: Floats, label: NDArray[np.int64]) -> float:
    """The score above which that share of the signal lies; 0.5 without signal."""
    signal = scores[label == 1]
    return float(np.quantile(signal, 1 - SIGNAL_EFFICIENCY)) if len(signal) else 0.5
