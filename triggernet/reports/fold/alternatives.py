"""Designs of one program at many intervals, and the smallest one that a budget allows."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower, useful_intervals
from triggernet.errors import UnsupportedError, UsageError
from triggernet.parts import RESOURCES, Part
from triggernet.program import Program
from triggernet.progress import Progress
from triggernet.reports.budgets.tables import Budget
from triggernet.reports.fold.unbeaten import unbeaten

HOW = (
    "counted in the netlist, before any synthesis; LUTs of products and tables as they are written"
)


@dataclass(frozen=True)
class Alternative:
    """One way to build a program, as many instances of it as the budget's rate needs.

    Attributes
    ----------
    config : RtlConfig
    latency_cycles : int
    latency_ns : float
    instances : int
        How many take turns, so that together they keep up with the jets.
    lut, ff, dsp, bram : float
        Of all instances.
    shares : dict of str to float
        Of the part, by resource.
    problems : tuple of str
        Why the budget does not allow it; empty if it does.
    excess : float
        How many times a limit is exceeded, at most.
    """

    config: RtlConfig
    latency_cycles: int
    latency_ns: float
    instances: int
    lut: float
    ff: float
    dsp: float
    bram: float
    shares: dict[str, float]
    problems: tuple[str, ...]
    excess: float

    @property
    def size(self) -> float:
        """The share of the part of which it takes most."""
        return max(self.shares.values())

    @property
    def name(self) -> str:
        """Its choices in words."""
        return (
            f"interval {self.config.interval}, tables in {self.config.tables}, "
            f"DSPs for {self.config.dsp} products"
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values = {k: round(getattr(self, k)) for k in ("lut", "ff", "dsp", "bram")}
        return {
            "interval_cycles": self.config.interval,
            "tables": self.config.tables,
            "dsp_products": self.config.dsp,
            "latency_cycles": self.latency_cycles,
            "latency_ns": round(self.latency_ns, 3),
            "instances": self.instances,
            **values,
            "share": round(self.size, 6),
            "problems": list(self.problems),
        }


@dataclass(frozen=True)
class Folding:
    """The design chosen, what else was considered, and which bound decided."""

    chosen: Alternative
    alternatives: tuple[Alternative, ...]
    bound: str
    budget: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "chosen": self.chosen.as_dict(),
            "budget": self.budget,
            "bound": self.bound,
            "how": HOW,
            "alternatives": [a.as_dict() for a in self.alternatives],
        }

    def as_text(self) -> str:
        """A table of the designs that no other one beats in everything, the chosen one marked."""
        head = f"{'':2}{'interval':>9}{'tables':>8}{'dsp':>7}{'latency':>9}{'LUT':>8}{'FF':>8}"
        lines = [f"{head}{'DSP':>6}{'BRAM':>6}{'instances':>11}"]
        others = [a for a in front(self.alternatives) if a is not self.chosen]
        for a in sorted([self.chosen, *others], key=lambda a: (a.config.interval, a.lut)):
            mark = "*" if a is self.chosen else "" if not a.problems else "-"
            lines.append(
                f"{mark:2}{a.config.interval:9}{a.config.tables:>8}{a.config.dsp:>7}"
                f"{a.latency_cycles:9}{a.lut:8.0f}{a.ff:8.0f}{a.dsp:6.0f}{a.bram:6.0f}"
                f"{a.instances:11}"
            )
        lines += [
            f"* chosen for the budget '{self.budget}': {self.chosen.name}; {self.bound}",
            "- not allowed by the budget; not shown: what is beaten in everything by another one",
        ]
        return "\n".join(lines)


def fold(program: Program, budget: Budget, part: Part, config: RtlConfig) -> Folding:
    """The smallest design of a program that meets a budget.

    Parameters
    ----------
    program : Program
    budget : Budget
        Latency, rate, and share of the part.
    part : Part
    config : RtlConfig
        Clock, part and name; its interval, tables and products are what is chosen.

    Raises
    ------
    UsageError
        If no design meets the budget, with the closest one and by how much it fails.
    """
    candidates = tuple(alternatives(program, budget, part, config))
    allowed = [a for a in candidates if not a.problems]
    if not allowed:
        closest = min(candidates, key=lambda a: a.excess)
        raise UsageError(
            f"no design of '{program.name}' at {config.clock_period_ns:g} ns meets the budget "
            f"'{budget.name}'; the closest one ({closest.name}): {'; '.join(closest.problems)}"
        )
    chosen = min(allowed, key=lambda a: (a.size, a.lut, a.latency_ns))
    return Folding(chosen, candidates, _bound(chosen, candidates), budget.name)


def _bound(chosen: Alternative, candidates: Sequence[Alternative]) -> str:
    """What keeps a smaller design from being allowed."""
    smaller = [a for a in candidates if a.problems and a.size < chosen.size]
    if smaller:
        best = min(smaller, key=lambda a: a.size)
        return f"a smaller design ({best.name}) is not allowed: {'; '.join(best.problems)}"
    single = min(candidates, key=lambda a: a.size / a.instances)
    if single.size / single.instances < chosen.size / chosen.instances:
        return (
            f"the rate decides: one copy of {single.name} is smaller, but {single.instances} "
            "copies of it would have to take turns"
        )
    return "no limit decides: it is the smallest design of all"


def alternatives(
    program: Program, budget: Budget, part: Part, config: RtlConfig
) -> Iterator[Alternative]:
    """Every interval that makes a difference, with every choice of tables and products."""
    choices = list(
        itertools.product(useful_intervals(program), ("bram", "lut"), ("all", "pairs", "none"))
    )
    seen: set[tuple[float, ...]] = set()
    with Progress("designing", len(choices), "designs") as progress:
        for interval, tables, dsp in choices:
            progress.advance(1)
            candidate = dataclasses.replace(config, interval=interval, tables=tables, dsp=dsp)  # type: ignore[arg-type]
            try:
                judged = alternative(program, budget, part, candidate)
            except UnsupportedError:
                if interval == 1:
                    raise
                continue
            key = (
                judged.config.interval,
                judged.latency_cycles,
                judged.lut,
                judged.dsp,
                judged.bram,
            )
            if key not in seen:
                seen.add(key)
                yield judged


def alternative(program: Program, budget: Budget, part: Part, config: RtlConfig) -> Alternative:
    """The design of a program at the interval of `config`, and what the budget says of it."""
    hardware = lower(program, config)
    interval_ns = hardware.interval_cycles * config.clock_period_ns
    instances = max(1, math.ceil(round(interval_ns / budget.interval_ns, 9)))
    counts = {r: getattr(hardware.count, r) * instances for r in RESOURCES}
    shares = {r: counts[r] / part.total(r) for r in RESOURCES}
    latency_ns = hardware.latency_cycles * config.clock_period_ns
    return Alternative(
        dataclasses.replace(config, instances=instances),
        hardware.latency_cycles,
        latency_ns,
        instances,
        **counts,
        shares=shares,
        problems=tuple(_problems(latency_ns, shares, budget)),
        excess=max(latency_ns / budget.algorithm_ns, max(shares.values()) / budget.resource_share),
    )


def _problems(latency_ns: float, shares: dict[str, float], budget: Budget) -> Iterator[str]:
    if latency_ns > budget.algorithm_ns:
        over = latency_ns - budget.algorithm_ns
        yield (
            f"its latency of {latency_ns:g} ns is {over:g} ns above the {budget.algorithm_ns:g} ns "
            "allowed"
        )
    for resource, share in shares.items():
        if share > budget.resource_share:
            yield (
                f"it takes {100 * share:.3g} % of the {resource.upper()}, "
                f"{100 * budget.resource_share:.3g} % are allowed"
            )


def front(candidates: Sequence[Alternative]) -> list[Alternative]:
    """Alternatives that no other one beats or equals in latency and in every resource."""
    places = unbeaten([(a.latency_ns, a.lut, a.ff, a.dsp, a.bram) for a in candidates])
    return [candidates[k] for k in places]
