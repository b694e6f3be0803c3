"""Times of calls: how they are taken, and what is said of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class EventTime:
    """How long one kind of event takes.

    Attributes
    ----------
    stage : str
        "preparation", "network" or "event", both together.
    objects, threads : int
        Jets of an event, and threads that onnxruntime may use.
    constituents : int
        At most so many of each jet.
    events : int
        How many were measured.
    median_ms, p95_ms, p99_ms, longest_ms : float
        Of the time that passes.
    cpu_ms : float
        Mean processor time, of all threads together.
    """

    stage: str
    objects: int
    threads: int
    constituents: int
    events: int
    median_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Clock:
    """Time that passed and processor time, in seconds."""

    passed: float
    cpu: float

    @classmethod
    def of(cls, call: Callable[[], Any]) -> tuple[Clock, Any]:
        """How long a call takes, and what it returns."""
        passed, cpu = time.perf_counter(), time.process_time()
        result = call()
        return cls(time.perf_counter() - passed, time.process_time() - cpu), result

    def __add__(self, other: Clock) -> Clock:
        return Clock(self.passed + other.passed, self.cpu + other.cpu)


def timing(
    stage: str, taken: Sequence[Clock], *, objects: int, threads: int, constituents: int
) -> EventTime:
    """What is said of the times of many events."""
    passed = 1e3 * np.array([each.passed for each in taken])
    median, p95, p99 = np.percentile(passed, [50, 95, 99])
    return EventTime(
        stage,
        objects,
        threads,
        constituents,
        len(taken),
        float(median),
        float(p95),
        float(p99),
        float(passed.max()),
        float(1e3 * np.mean([each.cpu for each in taken])),
    )
