"""Figures of a design: each with how it was obtained, by what, and how far off it may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

How = Literal["exact", "measured", "routed", "placed", "simulated", "synthesised", "estimated"]

FIGURES = ("latency_cycles", "latency_ns", "interval_cycles", "lut", "ff", "dsp", "bram")
# Where several sources have a figure, the one further left is shown.
TRUST: tuple[How, ...] = (
    *("exact", "measured", "routed", "placed", "simulated", "synthesised"),
    "estimated",
)


@dataclass(frozen=True)
class Error:
    """The range in which the true value of a figure is expected, and why.

    Attributes
    ----------
    low, high : float
        In the unit of the figure.
    basis : str
        What the range was measured on.
    of : str
        What the range is about if not the figure as it stands: "once placed". It need not contain
        the figure.
    """

    low: float
    high: float
    basis: str
    of: str = ""


@dataclass(frozen=True)
class Figure:
    """One figure of a design.

    Attributes
    ----------
    value : float or int
    how : str
        "exact", "measured" (by a clock, on a machine), "routed" or "placed" (vendor's place and
        route), "simulated" (cycle by cycle), "synthesised", "estimated".
    tool, version : str
        What it comes from.
    error : Error or None
        None where none is known.
    source : str
        The file it was read from, relative to the project; empty if it was computed.
    design : str
        "RTL" or "HLS" where a project holds both, empty otherwise.
    """

    value: float
    how: How
    tool: str
    version: str
    error: Error | None = None
    source: str = ""
    design: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The figure ready for JSON."""
        error = self.error and {
            "low": self.error.low,
            "high": self.error.high,
            "basis": self.error.basis,
            "of": self.error.of,
        }
        return {
            "value": self.value,
            "how": self.how,
            "tool": self.tool,
            "version": self.version,
            "error": error,
            "source": self.source,
        }


Figures = Mapping[str, Figure]  # by name, one of FIGURES; absent where not known


def best(sources: Iterable[Figures]) -> dict[str, Figure]:
    """The most trusted figure of each name; of equally trusted ones the first."""
    chosen: dict[str, Figure] = {}
    for figures in sources:
        for name, figure in figures.items():
            known = chosen.get(name)
            if known is None or TRUST.index(figure.how) < TRUST.index(known.how):
                chosen[name] = figure
    return chosen


def of_instances(figures: Figures, instances: int) -> Figures:
    """What several designs that take turns are together: more resources, a shorter interval."""
    if instances == 1:
        return figures
    factors = {name: float(instances) for name in ("lut", "ff", "dsp", "bram")}
    factors["interval_cycles"] = 1 / instances
    return {
        name: _times(figure, factors[name]) if name in factors else figure
        for name, figure in figures.items()
    }


def _times(figure: Figure, factor: float) -> Figure:
    error = figure.error
    if error is not None:
        error = replace(error, low=error.low * factor, high=error.high * factor)
    return replace(figure, value=figure.value * factor, error=error)
