"""Running every executor of a project on the same vectors, against the exact integers."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import Jets
from triggernet.deployment.project import Project, load_project
from triggernet.deployment.verify.agreement import Agreement, ExecutorResult, Mismatch
from triggernet.deployment.verify.coverage import Coverage
from triggernet.deployment.verify.events import Events
from triggernet.deployment.verify.executors import (
    EXECUTORS,
    ORIGINAL,
    Executor,
    NotComparedError,
    Rounding,
    executors_of,
)
from triggernet.deployment.verify.jets import real_events
from triggernet.deployment.verify.stimuli import Stimuli, make_stimuli
from triggernet.errors import MissingToolError, ProjectError, UsageError
from triggernet.fixedpoint import Codes
from triggernet.program import Program, observe, trace
from triggernet.progress import Progress, say

N_VECTORS = 100_000
N_TRACED = 2_000  # vectors of which every tensor is compared
LARGEST_CHUNK = 4096  # vectors at a time
LARGEST_TENSOR = 1 << 21  # values of a tensor at a time; a dozen of them exist side by side


def verify(
    project: Path,
    jets: Jets | None = None,
    n_vectors: int = N_VECTORS,
    *,
    seed: int = 1,
    executors: Collection[str] | None = None,
    events: Events | None = None,
) -> Agreement:
    """Compare every executor of a project with its exact integers.

    Outputs are compared on all vectors (fewer for slow executors), every tensor on a subset.

    Parameters
    ----------
    project : Path
        A folder that `triggernet export` wrote, with or without firmware.
    jets : Jets, optional
        Real jets; the packaged reference jets if not given.
    n_vectors : int
    seed : int
        Of the vectors.
    executors : collection of str, optional
        Which of `triggernet.deployment.verify.executors.executors_of` the project to run; all of
        them if not given.
    events : Events, optional
        Real events of a model that triggernet did not train.

    Raises
    ------
    ProjectError, ProgramError
        If `project` is no project, holds sources that its record does not list, or its program is
        damaged or not consistent.
    UsageError, DataError
        For fewer than 1 vectors or an unknown executor; if the jets do not fit.
    ToolError
        If the project's sources do not compile. A tool that is missing is no error: the executor
        that needs it is among those that were not compared, and the agreement is not complete.
    """
    known = {*EXECUTORS, *ORIGINAL}
    unknown = sorted(set(executors or ()) - known)
    if unknown:
        raise UsageError(f"unknown executors {unknown}; there are {', '.join(sorted(known))}")
    judges = Agreement.sources(project)  # before anything is read: an edit meanwhile shows
    written = load_project(project)
    program, notes = written.program, oddities(written)
    real, about_jets = real_events(program, jets, events)
    say("choosing vectors")
    stimuli = make_stimuli(program, n_vectors, seed, real)
    comparisons, absent, missing = _prepare(written, stimuli, executors)
    coverage = Coverage()
    _compare_outputs(program, stimuli, comparisons, coverage)
    for comparison in comparisons.values():
        comparison.compare_tensors()
    return Agreement(
        n_vectors,
        seed,
        stimuli.counts(),
        {name: comparison.result() for name, comparison in comparisons.items()},
        absent,
        coverage.table(program),
        (*notes, *about_jets),
        written.model_agrees,
        judges,
        missing,
    )


def oddities(project: Project) -> tuple[str, ...]:
    """What is odd about a project, for whoever reads what was compared."""
    notes = []
    if project.altered:
        notes.append(f"edited since it was generated: {', '.join(project.altered)}")
    if not project.model_agrees:
        notes.append("model.onnx holds another program than program.json")
    return tuple(notes)


def _prepare(
    project: Project, stimuli: Stimuli, names: Collection[str] | None
) -> tuple[dict[str, _Comparison], dict[str, str], tuple[str, ...]]:
    """A comparison for each executor that takes part, why others do not, and who lacks a tool."""
    prepared, absent, missing = {}, {}, []
    for name, make in executors_of(project).items():
        if names is not None and name not in names:
            absent[name] = "not asked for"
            continue
        say(f"preparing {name}")
        try:
            prepared[name] = _Comparison(project.program, stimuli, make(project))
        except NotComparedError as reason:
            absent[name] = str(reason)
        except MissingToolError as reason:
            absent[name] = str(reason)
            missing.append(name)
    return prepared, absent, tuple(missing)


def _compare_outputs(
    program: Program, stimuli: Stimuli, comparisons: Mapping[str, _Comparison], coverage: Coverage
) -> None:
    """All outputs, a chunk of vectors at a time, so that memory does not grow with them."""
    size = max(tensor.size for tensor in program.tensors.values())
    chunk = max(1, min(LARGEST_CHUNK, LARGEST_TENSOR // size))
    with Progress("verifying", len(stimuli), "vectors") as progress:
        for start in range(0, len(stimuli), chunk):
            index = np.arange(start, min(start + chunk, len(stimuli)))
            values = observe(program, stimuli.select(index), coverage.add)
            expected = {name: values[name] for name in program.outputs}
            for comparison in comparisons.values():
                comparison.compare_outputs(index, expected)
            progress.advance(len(index))


@dataclass(frozen=True)
class _Difference:
    """Where a tensor first differs: its place in the flattened tensor and both values."""

    tensor: str
    element: int
    expected: int | None
    found: int | float | None


class _Comparison:
    """One executor against the exact integers."""

    def __init__(self, program: Program, stimuli: Stimuli, executor: Executor) -> None:
        self._program, self._stimuli, self._executor = program, stimuli, executor
        limit = executor.subset or len(stimuli)
        self._vectors = spread(len(stimuli), limit)
        self._traced = spread(len(stimuli), min(limit, N_TRACED))
        self._mismatches = 0
        self._traced_mismatches = 0
        self._ties = 0
        self._first: int | None = None

    def compare_outputs(self, index: NDArray[np.int64], expected: Mapping[str, Codes]) -> None:
        """Those of the vectors `index` that this executor runs."""
        mine = np.isin(index, self._vectors, assume_unique=True)
        if not mine.any():
            return
        answers = self._executor.run(self._stimuli.select(index[mine]))
        wrong = np.zeros(int(mine.sum()), dtype=np.bool_)
        for name, codes in expected.items():
            wrong |= differs(answers[name], codes[mine])
        self._forgive_ties(index[mine], wrong)
        self._mismatches += int(wrong.sum())
        self._note(index[mine][wrong])

    def _forgive_ties(self, vectors: NDArray[np.int64], wrong: NDArray[np.bool_]) -> None:
        """Count those apart in which the executor's own arithmetic has passed a tie."""
        if not isinstance(self._executor, Rounding):
            return
        for place in np.flatnonzero(wrong):
            one = vectors[place : place + 1]
            if self._executor.at_tie(self._stimuli.select(one)):
                wrong[place] = False
                self._ties += 1

    def compare_tensors(self) -> None:
        """Every tensor that the executor shows, on its subset."""
        inputs = self._stimuli.select(self._traced)
        traced, expected = self._executor.trace(inputs), trace(self._program, inputs)
        if set(traced) <= set(self._program.outputs):  # it has no inner values to show
            self._traced = self._traced[:0]
            return
        wrong = np.zeros(len(self._traced), dtype=np.bool_)
        for name, codes in traced.items():
            wrong |= differs(codes, expected[name])
        self._traced_mismatches = int(wrong.sum())
        self._note(self._traced[wrong])

    def result(self) -> ExecutorResult:
        """The counts, and the first difference traced to its node."""
        return ExecutorResult(
            len(self._vectors),
            self._mismatches,
            None if self._first is None else self._explain(self._first),
            self._executor.version,
            len(self._traced),
            self._traced_mismatches,
            self._ties,
        )

    def _note(self, vectors: NDArray[np.int64]) -> None:
        if len(vectors) and (self._first is None or vectors[0] < self._first):
            self._first = int(vectors[0])

    def _explain(self, vector: int) -> Mismatch:
        inputs = self._stimuli.select(np.array([vector]))
        expected = trace(self._program, inputs)
        # The outputs come from an executor's own run: what it traces may be a copy of it.
        traced = self._executor.trace(inputs) | self._executor.run(inputs)
        first = _first_difference(self._program, expected, traced)
        outputs_only = set(traced) <= set(self._program.outputs)
        node = None
        if first is not None and not outputs_only:
            node = next((n for n in self._program.nodes if n.output == first.tensor), None)
        if first is None:  # seen in company only: the executor keeps a state
            first = _Difference(self._program.outputs[0], 0, None, None)
        return Mismatch(
            vector,
            self._stimuli.kinds[vector],
            {name: tuple(int(c) for c in codes.ravel()) for name, codes in inputs.items()},
            node.name if node else None,
            node.op if node else None,
            first.tensor,
            first.element,
            first.expected,
            first.found,
        )


def _first_difference(
    program: Program, expected: Mapping[str, Codes], codes: Mapping[str, NDArray[Any]]
) -> _Difference | None:
    """The first tensor, in program order, in which one vector differs."""
    for name in program.tensors:
        if name not in codes or not differs(codes[name], expected[name]).any():
            continue
        want, have = expected[name].ravel(), codes[name].ravel()
        element = int(np.flatnonzero(want != have)[0])
        value = float(have[element])
        code: int | float | None = int(have[element]) if value.is_integer() else value
        code = code if math.isfinite(value) else None
        return _Difference(name, element, int(want[element]), code)
    return None


def differs(codes: NDArray[Any], expected: Codes) -> NDArray[np.bool_]:
    """Which vectors differ anywhere, (n,); also where a value is on no code at all."""
    wrong = np.asarray(codes != expected)
    if codes.shape != expected.shape:
        raise ProjectError(f"an executor gave values of shape {codes.shape}, not {expected.shape}")
    return np.asarray(wrong.reshape(len(wrong), -1).any(axis=1))


def spread(n_vectors: int, limit: int) -> NDArray[np.int64]:
    """At most `limit` of the vectors, evenly spread, so that every kind has its share."""
    return np.unique(np.linspace(0, n_vectors - 1, min(n_vectors, limit)).astype(np.int64))
