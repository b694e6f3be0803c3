"""Fold ``auto`` of `export`: the smallest design that a budget allows, and its alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.errors import UsageError
from triggernet.files import to_json
from triggernet.parts import load_part
from triggernet.program import Program
from triggernet.reports.budgets.tables import Budget, load_budget
from triggernet.reports.budgets.verdict import SAME_CLOCK
from triggernet.reports.fold.alternatives import Folding, fold
from triggernet.reports.fold.plot import pareto_png
from triggernet.results import ResultFile, digest_of, sealed

ALTERNATIVES = ResultFile(
    "alternatives", "rtl/alternatives.json", "triggernet export --rtl --fold auto"
)


def folded(
    program: Program, budget: str | Path, config: RtlConfig, given: Mapping[str, Any]
) -> tuple[RtlConfig, Folding, dict[str, bytes]]:
    """The configuration of the smallest design that a budget allows.

    Parameters
    ----------
    program : Program
    budget : str or Path
        A name of the package's table, or a YAML file.
    config : RtlConfig
        Part, clock and name.
    given : mapping
        What the user has chosen already; of the settings only the clock may be among it.

    Returns
    -------
    (RtlConfig, Folding, files)
        The files, by their path in a project, show what was considered.

    Raises
    ------
    UsageError
        If something is chosen twice, the clock is not the budget's, no design meets the budget, or
        a name is unknown.
    """
    config = check_fold(budget, config, given)
    allowed = load_budget(budget)
    folding = fold(program, allowed, load_part(config.part), config)
    judges = {"program": digest_of({"program.json": f"{program.to_json()}\n".encode()})}
    files = {
        ALTERNATIVES.name: to_json(sealed(ALTERNATIVES, folding.as_dict(), judges)).encode(),
        "rtl/alternatives.png": pareto_png(folding, allowed),
    }
    return folding.chosen.config, folding, files


def check_fold(budget: str | Path, config: RtlConfig, given: Mapping[str, Any]) -> RtlConfig:
    """`config` at the clock of a budget; errors as for `folded`."""
    twice = sorted(set(given) - {"clock_period_ns"})
    if twice:
        raise UsageError(
            f"fold 'auto' chooses {', '.join(twice)} itself; give either the one or the other"
        )
    allowed = load_budget(budget)
    load_part(config.part)
    if allowed.clock_mhz is not None and "clock_period_ns" not in given:
        config = replace(config, clock_period_ns=round(1000 / allowed.clock_mhz, 4))
    _check_clock(allowed, config)
    return config


def _check_clock(budget: Budget, config: RtlConfig) -> None:
    """Refuse a clock that the budget's trigger does not have."""
    if budget.clock_mhz is None:
        return
    clock_mhz = 1000 / config.clock_period_ns
    if abs(clock_mhz / budget.clock_mhz - 1) > SAME_CLOCK:
        raise UsageError(
            f"a clock of {clock_mhz:g} MHz ({config.clock_period_ns:g} ns) is not that of the "
            f"budget '{budget.name}', {budget.clock_mhz:g} MHz; leave the clock out"
        )
