"""The design of a program at the rate of a budget, quickly: for searches over many programs."""

from __future__ import annotations

from dataclasses import replace

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.parts import Part
from triggernet.program import Program
from triggernet.reports.budgets.tables import Budget
from triggernet.reports.fold.alternatives import Alternative, alternative


def at_rate(program: Program, budget: Budget, part: Part, config: RtlConfig) -> Alternative:
    """One design that keeps up with the jets of a budget, counted before any synthesis.

    It has the longest useful interval that the rate allows; where not even an interval of one
    clock is short enough, several instances take turns. `fold` looks at all intervals, which
    takes longer and may find a smaller design.

    Parameters
    ----------
    program : Program
    budget : Budget
    part : Part
    config : RtlConfig
        Clock, part, tables and products; the interval is what is chosen.

    Raises
    ------
    UnsupportedError
        As `triggernet.deployment.rtl.lower.lower`.
    """
    clocks = int(budget.interval_ns / config.clock_period_ns + 1e-9)
    return alternative(program, budget, part, replace(config, interval=max(clocks, 1)))
