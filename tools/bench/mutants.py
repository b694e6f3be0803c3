"""Mutants of a project's Verilog: one thing wrong in each, and whether co-simulation sees it.

    .venv/bin/python tools/bench/mutants.py project --mutants 25 [--seed 1] [--vectors 2000]

Every kind of change is made equally often, at random places of `rtl/src/`. One line a mutant; the
exit code is 1 if any passes. One that passes may be equal to the original in every event (a bit
that is never set, a comparison that cannot be met): look at it.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from triggernet.cache import VARIABLE
from triggernet.deployment.rtl.design import read_design
from triggernet.deployment.rtl.simulation import build, check
from triggernet.deployment.verify.jets import encoded_jets
from triggernet.deployment.verify.stimuli import make_stimuli
from triggernet.errors import ToolError
from triggernet.program import evaluate

Change = Callable[[re.Match[str], random.Random], str]
BASES = {"d": 10, "h": 16, "b": 2, "o": 8}


def flipped(match: re.Match[str], choice: random.Random) -> str:
    """A sized number with one bit changed."""
    width, sign, base, digits = match.groups()
    value = int(digits.replace("_", ""), BASES[base]) ^ 1 << choice.randrange(int(width))
    return f"{width}'{sign}{base}{value:{'d' if base == 'd' else {'h': 'x'}.get(base, base)}}"


def moved(match: re.Match[str], choice: random.Random) -> str:
    """A range of bits one place higher or lower."""
    high, low = int(match[2]), int(match[3])
    step = -1 if low > 0 and choice.random() < 0.5 else 1
    return f"{match[1]}[{high + step}:{low + step}]"


KINDS: dict[str, tuple[str, Change]] = {
    "one bit of a number": (r"\b(\d+)'(s?)([dhbo])([0-9a-fA-F_]+)\b", flipped),
    "an index": (r"(\b\w+)\[(\d+)\]", lambda m, _: f"{m[1]}[{int(m[2]) ^ 1}]"),
    "a range of bits": (r"(?<=[=,{(+-] )(\w+)\[(\d+):(\d+)\]", moved),
    "a sum": (r"(?<=[\w)\]}] )[+-](?= [\w($])", lambda m, _: "-" if m[0] == "+" else "+"),
    "a shift": (r"(>>>|<<<|>>|<<) ?(\d+)", lambda m, _: f"{m[1]} {int(m[2]) + 1}"),
    "a sign": (r"\$signed\((\w[\w:\[\]]*)\)", lambda m, _: f"{{1'b0, {m[1]}}}"),
    "a comparison": (r" (>=|<|>|==) (?=[\w(])", lambda m, _: f" {'!=' if m[1] == '==' else '=='} "),
    "a register that keeps its value": (
        r"(\b\w+) <= (?!\1;)[^;]+;",
        lambda m, _: f"{m[1]} <= {m[1]};",
    ),
}


def mutants(texts: dict[Path, str], n: int, seed: int) -> list[tuple[str, Path, int, str]]:
    """Kind, file, line and changed text of `n` mutants (fewer where there are not so many)."""
    choice = random.Random(seed)
    places = {
        kind: [(path, m) for path, text in texts.items() for m in re.finditer(pattern, text)]
        for kind, (pattern, _) in KINDS.items()
    }
    for found in places.values():
        choice.shuffle(found)
    made: list[tuple[str, Path, int, str]] = []
    while len(made) < n and any(places.values()):
        for kind in [kind for kind, found in places.items() if found][: n - len(made)]:
            path, match = places[kind].pop()
            text = texts[path]
            new = KINDS[kind][1](match, choice)
            changed = text[: match.start()] + new + text[match.end() :]
            line = text.count("\n", 0, match.start()) + 1
            if changed != text:
                made.append((f"{kind}: {match[0][:40]!r} -> {new[:40]!r}", path, line, changed))
    return made


def main() -> int:
    """Make the mutants and simulate each; 1 if one passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--mutants", type=int, default=25)
    parser.add_argument("--vectors", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    design = read_design(arguments.project)
    predicted = (design.latency_cycles, design.interval_cycles)
    sources = sorted((arguments.project / "rtl" / "src").rglob("*.v"))
    texts = {path.relative_to(arguments.project): path.read_text() for path in sources}
    counts = {"caught": 0, "PASSES": 0, "does not compile": 0}
    with tempfile.TemporaryDirectory() as temporary:
        os.environ[VARIABLE] = str(Path(temporary) / "cache")
        copy = Path(temporary) / "project"
        shutil.copytree(arguments.project, copy)
        program = build(copy).program
        real, _ = encoded_jets(program, None)
        inputs = make_stimuli(program, arguments.vectors, 1, real).inputs
        expected = evaluate(program, inputs)
        made = mutants(texts, arguments.mutants, arguments.seed)
        for number, (what, path, line, text) in enumerate(made, 1):
            (copy / path).write_text(text)
            try:
                found = check(build(copy), inputs, expected)
                measured = (found["latency_cycles"], found["interval_cycles"])
                caught = found["mismatches"] > 0 or measured != predicted
                verdict = "caught" if caught else "PASSES"
            except ToolError:
                verdict, found = "does not compile", {"mismatches": 0}
            counts[verdict] += 1
            (copy / path).write_text(texts[path])
            print(
                f"{number} {path}:{line} {what}: {verdict}, {found['mismatches']} mismatches",
                flush=True,
            )
    print(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    return int(counts["PASSES"] > 0)


if __name__ == "__main__":
    sys.exit(main())
