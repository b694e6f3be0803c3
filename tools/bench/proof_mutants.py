"""Mutants of a project's Verilog, proved and simulated: who sees what.

    .venv/bin/python tools/bench/proof_mutants.py project --mutants 60 [--seed 1] [--vectors 2000]

The mutants are those of `mutants.py`. Each is refuted by `triggernet prove` with an event that the
simulated Verilog then answers wrongly (replayed), proved equal, or left open; beside it stands
whether co-simulation sees it. The exit code is 1 if a proof and the simulation contradict each
other.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from mutants import mutants

from triggernet.deployment.prove import Proof, prove
from triggernet.deployment.rtl.simulation import Simulator, build, check
from triggernet.deployment.verify.jets import encoded_jets
from triggernet.deployment.verify.stimuli import make_stimuli
from triggernet.errors import ToolError
from triggernet.program import Program, evaluate

REPLAYS = 20  # of one event, back to back, with gaps and resets


def replayed(simulator: Simulator, program: Program, proof: Proof) -> bool:
    """Whether the simulated Verilog answers a counterexample otherwise than the integers.

    In all phases of the test bench, as `triggernet cosim` does it: each begins with other values
    in what nobody sets, and a word of a table that a mutant leaves out may be right by luck once.
    """
    assert proof.counterexample is not None
    inputs = {
        name: np.tile(
            np.array(codes, dtype=np.int64).reshape(program.tensors[name].shape),
            (REPLAYS, *[1] * len(program.tensors[name].shape)),
        )
        for name, codes in proof.counterexample.items()
    }
    return check(simulator, inputs, evaluate(program, inputs))["mismatches"] > 0


def judged(copy: Path, inputs: dict[str, np.ndarray], limit_s: float) -> tuple[str, str]:
    """What the proof says of a mutant, and what co-simulation does."""
    try:
        simulator = build(copy)
        found = check(simulator, inputs, evaluate(simulator.program, inputs))
        design = simulator.design
        measured = (found["latency_cycles"], found["interval_cycles"])
        same = measured == (design.latency_cycles, design.interval_cycles)
        seen = "caught" if found["mismatches"] or not same else "passes"
        proof = prove(copy, limit_s=limit_s, edited=True)
    except ToolError:
        return "does not compile", "does not compile"
    if proof.verdict == "refuted" and not replayed(simulator, simulator.program, proof):
        return "refuted, NOT REPLAYED", seen
    return {"proved": "proved equal"}.get(proof.verdict, proof.verdict), seen


def main() -> int:
    """Make the mutants and judge each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--mutants", type=int, default=60)
    parser.add_argument("--vectors", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for each question")
    arguments = parser.parse_args()
    sources = sorted((arguments.project / "rtl" / "src").rglob("*.v"))
    texts = {path.relative_to(arguments.project): path.read_text() for path in sources}
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "project"
        shutil.copytree(arguments.project, copy)
        program = build(copy).program
        inputs = dict(
            make_stimuli(program, arguments.vectors, 1, encoded_jets(program, None)[0]).inputs
        )
        made = mutants(texts, arguments.mutants, arguments.seed)
        for number, (what, path, line, text) in enumerate(made, 1):
            started = time.monotonic()
            (copy / path).write_text(text)
            result = judged(copy, inputs, arguments.limit)
            (copy / path).write_text(texts[path])
            counts[result] += 1
            seconds = time.monotonic() - started
            proof, simulation = result
            print(
                f"{number} {path}:{line} {what}: {proof}; cosim: {simulation} ({seconds:.0f} s)",
                flush=True,
            )
    for (proof, simulation), n in sorted(counts.items()):
        print(f"{n} {proof}, cosim {simulation}")
    contradicted = counts["proved equal", "caught"] + sum(
        n for (proof, _), n in counts.items() if "NOT REPLAYED" in proof
    )
    return int(contradicted > 0)


if __name__ == "__main__":
    sys.exit(main())
