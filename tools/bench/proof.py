"""Checks the lemmas of `triggernet prove` with another solver, cvc5.

    .venv/bin/python tools/bench/proof.py PROJECT [PROJECT ...] [--limit 60]

Every lemma in a project's proof.smt2 must have no solution for cvc5 either. Prints one line a
project; exits with 1 if cvc5 finds a solution, with 3 if it ran out of time.
"""

import argparse
import time
from pathlib import Path

import cvc5

from triggernet.deployment.prove.proof import SCRIPT


def answer(script: str, limit_s: float) -> str:
    """What cvc5 says of one script: "unsat", "sat" or "unknown"."""
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("tlimit-per", str(int(limit_s * 1000)))
    symbols = cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "lemma")
    said = ""
    while True:
        command = parser.nextCommand()
        if command.isNull():
            break
        said += command.invoke(solver, symbols).strip()
    return said


def checked(project: Path, limit_s: float) -> dict[str, int]:
    """How many lemmas got which answer."""
    counts: dict[str, int] = {}
    for script in (project / SCRIPT).read_text("utf-8").split("(reset)\n")[1:]:
        said = answer(script, limit_s)
        counts[said] = counts.get(said, 0) + 1
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each lemma")
    arguments = parser.parse_args()
    code = 0
    for project in arguments.projects:
        started = time.monotonic()
        counts = checked(project, arguments.limit)
        said = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
        seconds = time.monotonic() - started
        print(f"{project.name}: cvc5 {cvc5.__version__}: {said}, {seconds:.1f} s", flush=True)
        if counts.keys() - {"unsat"}:
            code = 1 if counts.get("sat") else max(code, 3)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
