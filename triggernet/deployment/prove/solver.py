"""The solver: whether the text of a lemma can be satisfied, and by which values."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from triggernet.extras import load, version_of

PACKAGE = "bitwuzla"
PURPOSE = "to prove Verilog"

Verdict = Literal["unsat", "sat", "unknown"]


@dataclass(frozen=True)
class Decision:
    """What a solver says of a script.

    Attributes
    ----------
    verdict : {"unsat", "sat", "unknown"}
        "unknown" if the time did not suffice.
    seconds : float
    values : dict of str to int
        Of a script that can be satisfied, its variables.
    """

    verdict: Verdict
    seconds: float
    values: dict[str, int] = field(default_factory=dict)


def version() -> str:
    """The version of the solver.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    return version_of(PACKAGE, PURPOSE)


def decide(script: str, limit_s: float) -> Decision:
    """Run the solver on a script with one ``check-sat``.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    bitwuzla = load(PACKAGE, PURPOSE)
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    options.set(bitwuzla.Option.TIME_LIMIT_PER, max(1, int(limit_s * 1000)))
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    started = time.monotonic()
    parser.parse(script.replace("(check-sat)", "") or " ", True, False)
    result = parser.bitwuzla().check_sat()
    seconds = time.monotonic() - started
    if result == bitwuzla.Result.UNSAT:
        return Decision("unsat", seconds)
    if result != bitwuzla.Result.SAT:
        return Decision("unknown", seconds)
    solved = parser.bitwuzla()
    values = {str(x): int(solved.get_value(x).value(10)) for x in parser.get_declared_funs()}
    return Decision("sat", seconds, values)
