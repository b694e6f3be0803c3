"""Where a project's figures come from. To add a source, write one function and name it in SOURCES.

A source looks into the project folder (a co-simulation, a synthesis, a vendor's report) and gives
what it finds, each figure with its `how`, tool and version; or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from triggernet import __version__
from triggernet.program import Program
from triggernet.report.calibration import SCALED, ratios
from triggernet.report.estimate import BRAM, Estimate
from triggernet.report.figures import Error, Figure, Figures
from triggernet.report.vendor import Reading, read_report, reader_of

TOOL = "triggernet estimate"


@dataclass(frozen=True)
class Design:
    """What a source may need to know: the folder, its top function, program and estimate."""

    folder: Path
    top: str
    program: Program
    estimate: Estimate


@dataclass(frozen=True)
class Timing:
    """The worst setup slack that a timing report gives, and what that report is."""

    slack_ns: float
    clock_period_ns: float | None
    source: str

    @property
    def met(self) -> bool:
        """Whether the clock is reached."""
        return self.slack_ns >= 0


Source = Callable[[Design], list[Figures]]


def vendor(design: Design) -> list[Figures]:
    """Figures of the vendor's reports in the project."""
    return [reading.figures for _, reading in _readings(design)]


def estimated(design: Design) -> list[Figures]:
    """Figures of the calibrated estimate."""
    total, known = design.estimate.total, ratios()
    raw = {
        "latency_cycles": float(design.estimate.latency_cycles),
        "lut": total.lut,
        "ff": total.ff,
        "dsp": total.dsp,
    }
    figures: dict[str, Figure] = {
        # The initiation interval is what the project asks HLS for.
        "interval_cycles": _own(design.estimate.interval_cycles, None),
        "bram": _own(BRAM, None),
    }
    for name, value in raw.items():
        ratio = known[name]
        scaled = value * ratio.median if name in SCALED else value
        low, high = min(value * ratio.low, scaled), max(value * ratio.high, scaled)
        basis = f"range of published / estimated over {ratio.n_designs} published designs"
        figures[name] = _own(round(scaled), Error(math.floor(low), math.ceil(high), basis))
    return [figures]


SOURCES: tuple[Source, ...] = (vendor, estimated)


def gather(design: Design) -> list[Figures]:
    """What all sources know, with latencies also in nanoseconds."""
    period = design.estimate.clock.period_ns
    return [in_nanoseconds(figures, period) for source in SOURCES for figures in source(design)]


def timing(design: Design) -> Timing | None:
    """The timing report with the worst slack in the project; None if there is none."""
    found = [
        Timing(reading.slack_ns, reading.clock_period_ns, name)
        for name, reading in _readings(design)
        if reading.slack_ns is not None
    ]
    return min(found, key=lambda t: t.slack_ns, default=None)


def in_nanoseconds(figures: Figures, period_ns: float) -> dict[str, Figure]:
    """`figures` with `latency_ns`, where the latency in cycles is known."""
    cycles = figures.get("latency_cycles")
    if cycles is None:
        return dict(figures)
    error = cycles.error and Error(
        round(cycles.error.low * period_ns, 3),
        round(cycles.error.high * period_ns, 3),
        cycles.error.basis,
    )
    latency = replace(cycles, value=round(cycles.value * period_ns, 6), error=error)
    return {**figures, "latency_ns": latency}


def _readings(design: Design) -> Iterator[tuple[str, Reading]]:
    """The vendor's reports about the top function, in an order that does not depend on the disk."""
    for path in sorted(design.folder.rglob("*")):
        if path.is_file() and reader_of(path.name) is not None:
            name = path.relative_to(design.folder).as_posix()
            if _about(path.name) in (None, design.top):
                reading = read_report(path, name)
                if reading.top in (None, design.top):
                    yield name, reading


def _about(name: str) -> str | None:
    """The module that a report of HLS is about, by its name; None where the name does not tell."""
    for ending in ("_csynth.xml", "_csynth.rpt", "_cosim.rpt"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return None


def _own(value: float, error: Error | None) -> Figure:
    return Figure(value, "estimated", TOOL, __version__, error)
