"""The verdict of a budget on a design, line by line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from triggernet.deployment.onnxruntime.timing import EventTime
from triggernet.parts import RESOURCES, Part
from triggernet.reports.budgets.tables import Budget, HltBudget
from triggernet.reports.cost.figures import Figure, Figures
from triggernet.reports.cost.hardware import Clock
from triggernet.reports.cost.slack import SetupSlack

Verdict = Literal["met", "failed", "unknown"]
LABELS = {
    "latency": "Latency",
    "interval": "Interval between jets",
    "clock": "Clock",
    "timing": "Timing closure",
    "lut": "LUT",
    "ff": "FF",
    "dsp": "DSP",
    "bram": "BRAM (18 kbit)",
    "mean": "Mean CPU time of any event",
    "tail": "Latency, 99 % of the events that reach it",
}
SAME_CLOCK = 0.005  # 2.78 ns is 360 MHz


@dataclass(frozen=True)
class Line:
    """One line of a budget.

    Attributes
    ----------
    name, label : str
    value : float or None
        What the design takes; None where it is not known.
    limit : float
        What it may take.
    unit : str
    verdict : str
    how : str
        How the value was obtained; empty where it is not known.
    at_worst : str
        The verdict at the unfavourable end of the value's error; as `verdict` without one.
    whole : float
        What the limit is a share of: the trigger's latency, the part's resource. 0 if of nothing.
    slr : float or None
        Share of one super logic region; resources only.
    """

    name: str
    label: str
    value: float | None
    limit: float
    unit: str
    verdict: Verdict
    how: str
    at_worst: Verdict
    whole: float = 0.0
    slr: float | None = None

    @property
    def margin(self) -> float | None:
        """The part of the limit that is left, negative if exceeded.

        None where the value is not known, and for the clock, which is either right or not.
        """
        if self.value is None or self.name == "clock":
            return None
        return 1 - self.value / self.limit

    def as_dict(self) -> dict[str, Any]:
        """The line ready for JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "limit": self.limit,
            "unit": self.unit,
            "margin": None if self.margin is None else round(self.margin, 4),
            "verdict": self.verdict,
            "at_worst": self.at_worst,
            "how": self.how,
        }


def judge(
    figures: Figures, budget: Budget, part: Part, clock: Clock, timing: SetupSlack | None
) -> tuple[Line, ...]:
    """The lines of a budget for the figures of a design at a clock."""
    lines = [
        _line("latency", figures.get("latency_ns"), budget.algorithm_ns, "ns", budget.latency_ns),
        _interval(figures.get("interval_cycles"), budget, clock),
    ]
    if budget.clock_mhz is not None:
        lines.append(_clock(budget.clock_mhz, clock))
    if timing is not None:
        needed = clock.period_ns - timing.slack_ns
        lines.append(_plain("timing", needed, clock.period_ns, "ns", "synthesised", timing.met))
    for name in RESOURCES:
        total = part.total(name)
        limit = math.floor(total * budget.resource_share)
        lines.append(_line(name, figures.get(name), limit, "", total, total / part.slrs))
    return tuple(lines)


def judge_hlt(timing: EventTime | None, budget: HltBudget) -> tuple[Line, ...]:
    """The lines of a budget of the High-Level Trigger for the measured time of whole events.

    Two things are judged apart. The mean processor time of an event, times the share of events that
    reach the algorithm, against its share of the mean of the whole menu; and the latency that 99 %
    of those events keep against the timeout.
    """
    cost = None if timing is None else timing.cpu_ms * budget.event_share
    tail = None if timing is None else timing.p99_ms
    return (
        _measured("mean", cost, budget.algorithm_ms, budget.mean_ms),
        _measured("tail", tail, budget.timeout_ms, 0.0),
    )


def _measured(name: str, value: float | None, limit: float, whole: float) -> Line:
    if value is None:
        return Line(name, LABELS[name], None, limit, "ms", "unknown", "", "unknown", whole)
    verdict = _verdict(value <= limit)
    return Line(name, LABELS[name], value, limit, "ms", verdict, "measured", verdict, whole)


def overall(lines: Sequence[Line]) -> Verdict:
    """Failed if a line is, else unknown if a line is, else met."""
    verdicts = {line.verdict for line in lines}
    if "failed" in verdicts:
        return "failed"
    return "unknown" if "unknown" in verdicts else "met"


def _line(
    name: str,
    figure: Figure | None,
    limit: float,
    unit: str,
    whole: float,
    slr: float | None = None,
) -> Line:
    if figure is None:
        return Line(name, LABELS[name], None, limit, unit, "unknown", "", "unknown", whole)
    worst = figure.error.high if figure.error else figure.value
    return Line(
        name,
        LABELS[name],
        figure.value,
        limit,
        unit,
        _verdict(figure.value <= limit),
        figure.how,
        _verdict(worst <= limit),
        whole,
        None if slr is None else figure.value / slr,
    )


def _interval(figure: Figure | None, budget: Budget, clock: Clock) -> Line:
    """A new jet every bunch crossing, or as often as time multiplexing and jets per event say."""
    limit, name = budget.interval_ns, "interval"
    if figure is None:
        return Line(name, LABELS[name], None, limit, "ns", "unknown", "", "unknown")
    value = figure.value * clock.period_ns
    # A hair of rounding in a clock such as 2.778 ns must not decide.
    return _plain(name, value, limit, "ns", figure.how, value <= limit * (1 + 1e-9))


def _clock(needed_mhz: float, clock: Clock) -> Line:
    value = 1000 / clock.period_ns
    met = abs(value / needed_mhz - 1) <= SAME_CLOCK
    return _plain("clock", value, needed_mhz, "MHz", "exact", met)


def _plain(name: str, value: float, limit: float, unit: str, how: str, met: bool) -> Line:
    verdict = _verdict(met)
    return Line(name, LABELS[name], value, limit, unit, verdict, how, verdict)


def _verdict(met: bool) -> Verdict:
    return "met" if met else "failed"
