"""A report on a float model as people read it: every number as text, ready for the templates."""

from __future__ import annotations

from dataclasses import dataclass

from triggernet.reports.pages.text import number, percent
from triggernet.reports.pages.view import (
    CHECK_NOTE,
    HEADLINES,
    LineRow,
    line_row,
    verdict_sentence,
)
from triggernet.reports.pages.view_physics import PhysicsView, physics_view
from triggernet.reports.report.evidence import Check
from triggernet.reports.report.hlt import HltReport
from triggernet.words import counted

STAGES = {"preparation": "Preparation", "network": "Network", "event": "Both"}


@dataclass(frozen=True)
class TimingRow:
    """The times of one kind of event as text, in ms; `share` is of the slowest one's 99 %."""

    stage: str
    objects: str
    threads: str
    constituents: str
    median: str
    p95: str
    p99: str
    longest: str
    cpu: str
    share: float


@dataclass(frozen=True)
class HltView:
    """Everything that the templates show."""

    name: str
    verdict: str
    headline: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[LineRow, ...]
    timings: tuple[TimingRow, ...]
    timing_note: str
    agreement: tuple[tuple[str, str], ...]
    physics: PhysicsView | None
    budget_source: str
    checks: tuple[Check, ...]
    provenance: tuple[tuple[str, str], ...]

    @property
    def check_note(self) -> str:
        """How far the checks reach."""
        return CHECK_NOTE


def hlt_view(report: HltReport) -> HltView:
    """The report as text."""
    agreement = report.agreement
    differs = "" if agreement is None or agreement.agrees else " But ONNX Runtime does not agree."
    return HltView(
        name=report.name,
        verdict=report.verdict,
        headline=HEADLINES[report.verdict],
        sentence=verdict_sentence(report.lines) + differs,
        facts=_facts(report),
        lines=tuple(line_row(line) for line in report.lines),
        timings=_timings(report),
        timing_note=_timing_note(report),
        agreement=_agreement(report),
        physics=None if report.physics is None else physics_view(report.physics),
        budget_source=report.budget.source,
        checks=report.checks,
        provenance=tuple(report.provenance.items()),
    )


def _facts(report: HltReport) -> tuple[tuple[str, str], ...]:
    budget = report.budget
    return (
        ("Budget", f"{budget.name}: {budget.title}"),
        ("Share of the mean", f"{percent(budget.algorithm_share)} of {number(budget.mean_ms)} ms"),
        ("Events that reach it", percent(budget.event_share)),
        ("An event", counted(budget.objects_per_event, "object")),
        ("Threads", str(budget.threads)),
    )


def _timings(report: HltReport) -> tuple[TimingRow, ...]:
    timings = report.latency.timings if report.latency else ()
    slowest = max((each.p99_ms for each in timings), default=1.0)
    return tuple(
        TimingRow(
            STAGES[each.stage],
            str(each.objects),
            str(each.threads),
            str(each.constituents),
            f"{each.median_ms:.2f}",
            f"{each.p95_ms:.2f}",
            f"{each.p99_ms:.2f}",
            f"{each.longest_ms:.2f}",
            f"{each.cpu_ms:.2f}",
            each.p99_ms / slowest,
        )
        for each in timings
    )


def _timing_note(report: HltReport) -> str:
    latency = report.latency
    if latency is None:
        return "Not measured yet: `triggernet latency PROJECT` does, and leaves its result here."
    memory = "not known" if latency.memory_mb is None else f"{latency.memory_mb:.0f} MB"
    versions = ", ".join(f"{name} {version}" for name, version in latency.versions.items())
    return (
        f"Measured on {latency.processor}, {latency.cores} cores, with {versions}. The file is "
        f"read in {latency.load_ms:.0f} ms, the first call takes {latency.first_ms:.1f} ms; memory "
        f"{memory}. CPU time is that of all threads."
    )


def _agreement(report: HltReport) -> tuple[tuple[str, str], ...]:
    agreement = report.agreement
    if agreement is None:
        return ()
    return (
        ("Objects", number(agreement.n_objects)),
        (
            "Largest difference of a score",
            f"{agreement.largest:.2g}, allowed {agreement.tolerance:.2g}",
        ),
        ("Mean difference", f"{agreement.mean:.2g}"),
        ("Decisions that flip at the working point", str(agreement.flips)),
        ("Objects whose neighbours differ by a tie", str(agreement.ties)),
    )
