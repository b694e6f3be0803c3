"""`triggernet latency`: how long an event takes with the float model in onnxruntime."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from triggernet.data import Jets, load_jets, sample_path
from triggernet.deployment.onnxruntime.session import float_model_of, open_session, running
from triggernet.deployment.onnxruntime.timing import Clock, EventTime, timing
from triggernet.deployment.project.layout import FLOAT_MODEL
from triggernet.errors import UsageError
from triggernet.learning.training.config import RunConfig
from triggernet.learning.training.run_folder import finished_config
from triggernet.progress import Progress
from triggernet.results import ProjectResult, ResultFile

WARM_UP = 10  # events before the clock counts
CONSTITUENTS = (16, 32, 64, 128)  # kept of each jet, to see how the time grows


@dataclass(frozen=True)
class Latency(ProjectResult):
    """How long events take, from jets in memory to scores.

    Attributes
    ----------
    timings : tuple of EventTime
        For each number of objects and threads the preparation of the inputs (Lund trees, tracks
        chosen and sorted), the network, and both; then one object by its constituents.
    load_ms, first_ms : float
        Reading the file, and the first call of the network behind that.
    memory_mb : float or None
        By which the process grows with a session and its calls; None where the system does not say.
    processor : str
    cores : int
        That this process may use.
    versions : mapping of str to str
    judges : mapping of str to str
        Digests of what was measured, see `triggernet.results.PARTS`.
    """

    FILE = ResultFile("latency", "latency.json", "triggernet latency")
    PARTS = ("float",)

    timings: tuple[EventTime, ...]
    load_ms: float
    first_ms: float
    memory_mb: float | None
    processor: str
    cores: int
    versions: Mapping[str, str]
    judges: Mapping[str, str] = field(default_factory=dict)

    def of(self, stage: str, objects: int, threads: int) -> EventTime | None:
        """The timing of whole jets for so many objects and threads; None if it was not taken."""
        matching = [
            each
            for each in self.timings
            if (each.stage, each.objects, each.threads) == (stage, objects, threads)
        ]
        return max(matching, key=lambda each: each.constituents, default=None)

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        return asdict(self) | {"timings": [asdict(each) for each in self.timings]}

    def as_text(self) -> str:
        """For people."""
        head: tuple[str, ...] = (
            "stage",
            "jets",
            "threads",
            "constituents",
            "median",
            "95 %",
            "99 %",
            "longest",
        )
        rows: list[tuple[str, ...]] = [(*head, "CPU, mean")]
        for t in self.timings:
            times = (t.median_ms, t.p95_ms, t.p99_ms, t.longest_ms, t.cpu_ms)
            counts = map(str, (t.objects, t.threads, t.constituents))
            rows.append((t.stage, *counts, *(f"{x:.3f}" for x in times)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [
            "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows
        ]
        memory = "not known" if self.memory_mb is None else f"{self.memory_mb:.0f} MB"
        last = (
            f"the file is read in {self.load_ms:.1f} ms; the first call takes "
            f"{self.first_ms:.1f} ms; memory {memory}"
        )
        first = f"milliseconds an event on {self.processor}, {self.cores} cores"
        return "\n".join([first, *table, last])


def measure_latency(
    project: Path,
    jets: Jets | None = None,
    *,
    objects: Sequence[int] = (1, 5, 20),
    threads: Sequence[int] = (1, 2),
    events: int = 300,
) -> Latency:
    """Measure events of jets drawn at random, one after another.

    Parameters
    ----------
    project : Path
        A folder that `triggernet export --onnx` wrote.
    jets : Jets, optional
        The packaged reference jets if not given.
    objects, threads : sequence of int
        Jets of an event; threads that one call may use.
    events : int
        How many are measured of each kind.

    Raises
    ------
    ProjectError, ModelError, ProgramError
        If there is no float model in the project, or it is damaged.
    UsageError, DataError
        For numbers below 1; if the jets do not fit.
    """
    if min(*objects, *threads, events) < 1:
        raise UsageError("objects, threads and events: at least 1 of each is needed")
    path = float_model_of(project)
    from triggernet.learning.training.features import check_jets

    judges, config = Latency.sources(project), finished_config(project)
    jets = load_jets(sample_path("toptag_reference")) if jets is None else jets
    check_jets(jets)
    before = _resident_mb()
    bench = _Bench(path, config, jets, events)
    load, session = Clock.of(lambda: open_session(str(path), threads[0]))
    _, first = bench.event(session, 1, config.encoding.n_constituents)
    measured = list(bench.all(objects, threads))
    after = _resident_mb()
    return Latency(
        timings=tuple(measured),
        load_ms=1e3 * load.passed,
        first_ms=1e3 * first.passed,
        memory_mb=None if before is None or after is None else max(0.0, after - before),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        versions={name: importlib.metadata.version(name) for name in ("onnxruntime", "numpy")},
        judges=judges,
    )


class _Bench:
    """Events of jets, prepared and run."""

    def __init__(self, path: Path, config: RunConfig, jets: Jets, events: int) -> None:
        self.path, self.config, self.jets, self.events = path, config, jets, events
        self._rng = np.random.default_rng(1)

    def all(self, objects: Sequence[int], threads: Sequence[int]) -> Iterator[EventTime]:
        """Every number of objects and threads, then one object by its constituents."""
        most = self.config.encoding.n_constituents
        fewer = [n for n in CONSTITUENTS if n < most]
        total = len(objects) * len(threads) + len(fewer)
        with Progress("measuring", total, "kinds of events") as progress:
            for n_threads in threads:
                session = open_session(str(self.path), n_threads)
                for n in objects:
                    yield from self.measured(session, n, n_threads, most)
                    progress.advance(1)
            session = open_session(str(self.path), 1)
            for n in fewer:
                yield from self.measured(session, 1, 1, n)
                progress.advance(1)

    def measured(
        self, session: Any, objects: int, threads: int, constituents: int
    ) -> Iterator[EventTime]:
        """Preparation, network and both."""
        taken = [self.event(session, objects, constituents) for _ in range(WARM_UP + self.events)][
            WARM_UP:
        ]
        stages = {
            "preparation": [prepared for prepared, _ in taken],
            "network": [run for _, run in taken],
            "event": [prepared + run for prepared, run in taken],
        }
        given = {"objects": objects, "threads": threads, "constituents": constituents}
        for stage, clocks in stages.items():
            yield timing(stage, clocks, **given)

    def event(self, session: Any, objects: int, constituents: int) -> tuple[Clock, Clock]:
        """The times of preparation and network for jets drawn at random."""
        from triggernet.deployment.onnxruntime.float_file import feed
        from triggernet.learning.training.features import exact_inputs

        index = self._rng.integers(len(self.jets), size=objects)
        jets = self.jets.select(index)
        if constituents < jets.constituents.shape[1]:  # as if they had no more
            kept = jets.constituents[:, :constituents]
            tracks = None if jets.tracks is None else jets.tracks[:, :constituents]
            jets = Jets(kept, jets.jet, jets.label, jets.classes, tracks=tracks)
        prepared, inputs = Clock.of(lambda: feed(session, exact_inputs(jets, self.config)))
        with running("onnxruntime", FLOAT_MODEL):
            run, _ = Clock.of(lambda: session.run(None, inputs))
        return prepared, run


def _resident_mb() -> float | None:
    """Memory of this process; None where the system does not say."""
    status = Path("/proc/self/statm")
    if not status.is_file():
        return None
    pages = int(status.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor() -> str:
    """What the system calls its processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
