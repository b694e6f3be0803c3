"""Where a project's figures come from. To add a source, write one function and name it in SOURCES.

A source looks into the project folder (a co-simulation, a synthesis, a vendor's report) and gives
what it finds, each figure with its `how`, tool and version; or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from triggernet.reports.cost.calibration import SCALED, ratios
from triggernet.reports.cost.estimate import BRAM
from triggernet.reports.cost.figures import Error, Figure, Figures, best
from triggernet.reports.cost.slack import SetupSlack
from triggernet.reports.report.rtl_sources import (
    cosimulated,
    counted_by_da4ml,
    scheduled,
    synthesised,
)
from triggernet.reports.report.subject import Kind, Subject
from triggernet.reports.report.vendor import Reading, read_report, reader_of
from triggernet.version import __version__

TOOL = "triggernet estimate"
RTL = "rtl"


Source = Callable[[Subject], list[Figures]]


def vendor_rtl(subject: Subject) -> list[Figures]:
    """Figures of the vendor's reports about the RTL: those below the project's `rtl`."""
    return [reading.figures for _, reading in _readings(subject, "RTL")]


def vendor_hls(subject: Subject) -> list[Figures]:
    """Figures of the vendor's reports about the HLS project."""
    return [reading.figures for _, reading in _readings(subject, "HLS")]


def estimated(subject: Subject) -> list[Figures]:
    """Figures of the calibrated estimate."""
    if subject.estimate is None:
        return []
    total, known = subject.estimate.total, ratios()
    raw = {
        "latency_cycles": float(subject.estimate.latency_cycles),
        "lut": total.lut,
        "ff": total.ff,
        "dsp": total.dsp,
    }
    figures: dict[str, Figure] = {
        # The initiation interval is what the project asks HLS for.
        "interval_cycles": _own(subject.estimate.interval_cycles, None),
        "bram": _own(BRAM, None),
    }
    for name, value in raw.items():
        ratio = known[name]
        scaled = value * ratio.median if name in SCALED else value
        low, high = min(value * ratio.low, scaled), max(value * ratio.high, scaled)
        basis = f"range of published / estimated over {ratio.n_designs} published designs"
        figures[name] = _own(round(scaled), Error(math.floor(low), math.ceil(high), basis))
    return [figures]


SOURCES: tuple[tuple[Kind, Source], ...] = (
    ("RTL", vendor_rtl),
    ("RTL", cosimulated),
    ("RTL", synthesised),
    ("RTL", scheduled),
    ("RTL", counted_by_da4ml),
    ("HLS", vendor_hls),
    ("HLS", estimated),
)


def gather(subject: Subject) -> list[tuple[Kind, Figures]]:
    """What all sources know and about which design, with latencies also in nanoseconds."""
    return [
        (kind, in_nanoseconds(_labelled(figures, kind, subject), subject.period_ns(kind)))
        for kind, source in SOURCES
        for figures in source(subject)
    ]


@dataclass(frozen=True)
class Known:
    """The figures of a project.

    Attributes
    ----------
    figures : mapping of str to Figure
        The most trusted one of each name, of the design that a report is about.
    all : tuple of Figures
        What every source knows, also of the other design.
    """

    figures: Mapping[str, Figure]
    all: tuple[Figures, ...]


def known_figures(subject: Subject) -> Known:
    """Ask every source about a project.

    Raises
    ------
    ProjectError
        If a report in it is damaged.
    """
    figures = gather(subject)
    shown = best(each for kind, each in figures if kind == subject.kind)
    return Known(shown, tuple(each for _, each in figures))


def timing(subject: Subject) -> SetupSlack | None:
    """The timing report with the worst slack about the design; None if there is none."""
    timings = [
        SetupSlack(reading.slack_ns, reading.clock_period_ns, name)
        for name, reading in _readings(subject, subject.kind)
        if reading.slack_ns is not None
    ]
    return min(timings, key=lambda t: t.slack_ns, default=None)


def _labelled(figures: Figures, kind: Kind, subject: Subject) -> Figures:
    """The figures with the design they belong to, where a project has two."""
    if subject.rtl is None or subject.estimate is None:
        return figures
    return {name: replace(figure, design=kind) for name, figure in figures.items()}


def in_nanoseconds(figures: Figures, period_ns: float) -> dict[str, Figure]:
    """`figures` with `latency_ns`, where the latency in cycles is known."""
    cycles = figures.get("latency_cycles")
    if cycles is None:
        return dict(figures)
    error = cycles.error and replace(
        cycles.error,
        low=round(cycles.error.low * period_ns, 3),
        high=round(cycles.error.high * period_ns, 3),
    )
    latency = replace(cycles, value=round(cycles.value * period_ns, 6), error=error)
    return {**figures, "latency_ns": latency}


def _readings(subject: Subject, kind: Kind) -> Iterator[tuple[str, Reading]]:
    """The vendor's reports about the top of a design, in an order that no disk decides."""
    top = subject.top(kind)
    for path in sorted(subject.folder.rglob("*")):
        inside = path.relative_to(subject.folder)
        about_rtl = subject.rtl is not None and (inside.parts[0] == RTL or subject.estimate is None)
        if about_rtl != (kind == "RTL") or reader_of(path.name) is None or not path.is_file():
            continue
        if _about(path.name) in (None, top):
            reading = read_report(path, inside.as_posix())
            if reading.top in (None, top):
                yield inside.as_posix(), reading


def _about(name: str) -> str | None:
    """The module that a report of HLS is about, by its name; None where the name does not tell."""
    for ending in ("_csynth.xml", "_csynth.rpt", "_cosim.rpt"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return None


def _own(value: float, error: Error | None) -> Figure:
    return Figure(value, "estimated", TOOL, __version__, error)
