"""How long a project takes to build and how fast its C++ simulates, for the models of the zoo.

    python tools/bench/hls.py [NAME...] [--vectors 50000]

From the trained model to the written project (hls4ml already imported), g++'s compilation of it,
and the simulation of the vectors that `triggernet verify` takes: CPU seconds of this process and of
the programs it runs, so vectors a second and core. The outputs are compared with the exact
integers, whose speed is told too.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """A result, and the CPU seconds it took here and in programs that it ran."""
    before = cpu_s()
    result = work()
    return result, cpu_s() - before


def cpu_s() -> float:
    """CPU seconds of this process and of the programs it has run."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def measure(name: str, n_vectors: int, folder: Path) -> str:
    """One line of the table."""
    from triggernet.cache import VARIABLE
    from triggernet.deployment.export import export_run, write_export
    from triggernet.deployment.hls import HlsConfig, build, run
    from triggernet.deployment.verify import make_stimuli
    from triggernet.deployment.verify.jets import encoded_jets
    from triggernet.program import evaluate

    def generate(project: Path) -> None:
        write_export(export_run(ROOT / "models" / name), project, hls=HlsConfig())

    generate(folder / "first")  # imports
    _, generating = timed(lambda: generate(folder / "project"))
    os.environ[VARIABLE] = str(folder / "cache")  # an empty one: it must compile
    simulator, compiling = timed(lambda: build(folder / "project"))
    program = simulator.program
    inputs = make_stimuli(program, n_vectors, 1, encoded_jets(program, None)[0]).inputs
    found, simulating = timed(lambda: run(simulator, inputs))
    exact, evaluating = timed(lambda: evaluate(program, inputs))
    different = sum(int((found[k] != exact[k]).any(-1).sum()) for k in program.outputs)
    rates = f"{n_vectors / simulating:>10.0f} {n_vectors / evaluating:>10.0f}"
    return f"{name:<22} {generating:>9.1f} {compiling:>8.1f} {rates} {different:>10}"


def main(words: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = sorted(path.parent.name for path in (ROOT / "models").glob("*/program.json"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--vectors", type=int, default=50_000)
    args = parser.parse_args(words)
    unknown = set(args.names) - set(known)
    if unknown:
        parser.error(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    columns = f"{'write s':>9} {'g++ s':>8} {'C++/s':>10} {'integers/s':>10} {'different':>10}"
    print(f"{'project':<22} {columns}")
    for name in args.names or known:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(name, args.vectors, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
