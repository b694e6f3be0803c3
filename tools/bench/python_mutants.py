"""Mutants of triggernet's own Python: one thing wrong in each, and whether the tests see it.

    .venv/bin/python tools/bench/python_mutants.py FOLDER --mutants 120 [--seed 1] [--limit 90]

Random places of the program, its operators, the netlist and the comparison of executors (PACKAGES)
are changed, one at a time, in a copy of the tree that lies in FOLDER. Before, TESTS are run once
with a trace that says which lines each executes; a mutant then meets the tests that execute its
line, quickest first. The heavy packages are imported once, and a fork of that process tests a
mutant in seconds. Strings, annotations, decorators, assertions, `raise` statements are left alone.

One line a mutant goes to FOLDER/results.jsonl; a run that was stopped goes on from there. One that
survives may be equal to the original in everything that can be seen from outside: look at it.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from python_changes import change, worth_changing

ROOT = Path(__file__).parents[2]
# Folders of the package by the name that the table has for them.
PACKAGES: dict[str, tuple[str, ...]] = {
    "operators": ("program/operators",),
    "program": ("program", "program/readers"),
    "netlist": ("program/netlist",),
    "verify": ("deployment/verify",),
}
COPIED = ("triggernet", "tests", "models", "hls_projects", "tools", "pyproject.toml", "README.md")
# Files of tests that execute the four packages in seconds, not minutes.
TESTS = (
    "fixedpoint", "netlist", "program", "operators", "operators_wide", "edge_operators", "verify",
    "rtl_operators", "rtl_errors", "rtl_cosim", "rtl_export", "rtl_models", "export",
    "hls_kernels", "quantised_edges", "jedilinear", "mutation", "names", "onnx_model",
    "random_programs", "agreement", "operator_shapes", "bit_operations", "zoo",
)  # fmt: skip
HEAVY = ("numpy", "scipy.stats", "torch", "onnx", "onnxruntime", "qonnx.core.modelwrapper")
HEAVY += ("brevitas.nn", "hypothesis", "numba", "h5py", "matplotlib.pyplot", "hls4ml", "da4ml")
MAP_LIMIT_S = 900.0  # of one file of tests, traced
BUDGET_S = 20.0  # of the tests that one mutant meets, as they took when traced
FOR_PYTEST = ("-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0")
FOR_PYTEST += ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is there already


@dataclass(frozen=True)
class Mutant:
    """A piece of a file, in bytes from `start` to `end`, and what stands there instead."""

    path: str
    line: int
    last_line: int
    start: int
    end: int
    kind: str
    old: str
    new: str


def package_of(path: str) -> str:
    """The package that a file of the tree belongs to."""
    folder = path.removeprefix("triggernet/").rpartition("/")[0]
    return next(package for package, folders in PACKAGES.items() if folder in folders)


def places(root: Path, choice: random.Random) -> dict[str, dict[str, list[Mutant]]]:
    """Every possible mutant, by package and kind, in random order."""
    found: dict[str, dict[str, list[Mutant]]] = {name: defaultdict(list) for name in PACKAGES}
    for package, folders in PACKAGES.items():
        for path in sorted(p for f in folders for p in (root / "triggernet" / f).glob("*.py")):
            text = path.read_bytes()
            offsets = [0]
            for line in text.splitlines(keepends=True):
                offsets.append(offsets[-1] + len(line))
            for node in worth_changing(ast.parse(text)):
                made = change(node, choice)
                if made is None:
                    continue
                assert isinstance(node, ast.expr | ast.stmt)
                assert node.end_lineno is not None
                assert node.end_col_offset is not None
                start = offsets[node.lineno - 1] + node.col_offset
                end = offsets[node.end_lineno - 1] + node.end_col_offset
                old, where = text[start:end].decode(), path.relative_to(root).as_posix()
                mutant = Mutant(
                    where, node.lineno, node.end_lineno, start, end, made[0], old, made[1]
                )
                found[package][made[0]].append(mutant)
    for kinds in found.values():
        for mutants in kinds.values():
            choice.shuffle(mutants)
    return found


def draw(root: Path, n: int, seed: int) -> list[Mutant]:
    """`n` mutants: packages in turns, within each the kinds in turns, places at random."""
    choice = random.Random(seed)
    found = places(root, choice)
    orders = {package: sorted(kinds) for package, kinds in found.items()}
    made: list[Mutant] = []
    while len(made) < n:
        for package in PACKAGES:
            kind = orders[package].pop(0)
            orders[package].append(kind)
            if found[package][kind]:
                made.append(found[package][kind].pop())
    return made[:n]


class Tracer:
    """A plugin of pytest: which lines of the four packages each test executes, and how long."""

    def __init__(self, root: Path) -> None:
        folders = [folder for folders in PACKAGES.values() for folder in folders]
        self._folders = tuple(f"{root}/triggernet/{folder}/" for folder in folders)
        self._cut = len(str(root)) + 1
        self._ours: dict[CodeType, bool] = {}
        self.lines: dict[str, dict[str, set[int]]] = {}
        self.seconds: dict[str, float] = {}
        self._now: dict[str, set[int]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._now = self.lines[item.nodeid] = defaultdict(set)
        started = time.monotonic()
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.seconds[item.nodeid] = time.monotonic() - started

    def _call(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        code = frame.f_code
        ours = self._ours.get(code)
        if ours is None:
            ours = self._ours[code] = code.co_filename.startswith(self._folders)
        return self._line if ours else None

    def _line(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            self._now[frame.f_code.co_filename[self._cut :]].add(frame.f_lineno)
        return self._line

    def as_dict(self) -> dict[str, Any]:
        return {
            test: {
                "seconds": round(self.seconds[test], 3),
                "lines": {path: sorted(lines) for path, lines in by_path.items()},
            }
            for test, by_path in self.lines.items()
            if test in self.seconds
        }


def in_fork(work: Callable[[], int], log: Path, limit_s: float) -> int | None:
    """Run `work` in a process of its own; its exit code, or None if it took too long."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.setsid()
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            code = work()
        except BaseException:  # noqa: BLE001 -- this process ends here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    deadline = time.monotonic() + limit_s
    status = None
    try:
        while status is None and time.monotonic() < deadline:
            done, value = os.waitpid(pid, os.WNOHANG)
            status = os.waitstatus_to_exitcode(value) if done else None
            time.sleep(0.0 if done else 0.05)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        if status is None:
            os.waitpid(pid, 0)
    return status


def trace_tests(names: Sequence[str], tree: Path, folder: Path) -> dict[str, Any]:
    """What every test executes; kept in a file for each file of tests."""
    (folder / "traces").mkdir(exist_ok=True)
    traces: dict[str, Any] = {}
    for name in names:
        kept = folder / "traces" / f"{name}.json"

        def work(name: str = name, kept: Path = kept) -> int:
            tracer = Tracer(tree)
            code = int(pytest.main([*FOR_PYTEST, f"tests/test_{name}.py"], plugins=[tracer]))
            if code == 0:
                kept.write_text(json.dumps(tracer.as_dict()))
            return code

        if not kept.is_file():
            print(f"tracing tests/test_{name}.py ...", flush=True)
            code = in_fork(work, folder / "traces" / f"{name}.log", MAP_LIMIT_S)
            if code != 0:
                print(f"  left out: pytest ended with {code}", flush=True)
        if kept.is_file():
            traces |= json.loads(kept.read_text())
    return traces


def tests_for(mutant: Mutant, traces: Mapping[str, Any]) -> list[str]:
    """Tests that execute the mutant's line (or, where no test does, its file), quickest first."""
    lines = set(range(mutant.line, mutant.last_line + 1))
    at_line = [t for t, v in traces.items() if lines & set(v["lines"].get(mutant.path, ()))]
    in_file = [t for t, v in traces.items() if mutant.path in v["lines"]]
    chosen, spent = [], 0.0
    for test in sorted(at_line or in_file, key=lambda test: traces[test]["seconds"]):
        spent += traces[test]["seconds"]
        if chosen and spent > BUDGET_S:
            break
        chosen.append(test)
    return chosen


def judge(mutant: Mutant, tests: list[str], tree: Path, log: Path, limit_s: float) -> str:
    """Put the mutant into the tree, run `tests` and take it out again."""
    path = tree / mutant.path
    whole = path.read_bytes()
    path.write_bytes(whole[: mutant.start] + mutant.new.encode() + whole[mutant.end :])
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()  # its time stamp has a resolution of a second only

    def work() -> int:
        sys.dont_write_bytecode = True
        return int(pytest.main([*FOR_PYTEST, *tests]))

    try:
        code = in_fork(work, log, limit_s)
    finally:
        path.write_bytes(whole)
    return "timed out" if code is None else "survived" if code == 0 else "killed"


def prepare(folder: Path) -> Path:
    """The copy of the tree; made once. What is imported from now on is imported from there."""
    tree = folder / "tree"
    if not tree.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "build", ".*")
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, tree / name)
    sys.path[:] = [str(tree), *(p for p in sys.path if Path(p).resolve() not in {ROOT, tree})]
    os.environ |= {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    os.chdir(tree)
    for name in HEAVY:
        importlib.import_module(name)
    assert not any(name.partition(".")[0] == "triggernet" for name in sys.modules)
    gc.freeze()
    return tree


def summary(results: list[dict[str, Any]]) -> str:
    """How many mutants of each package were killed, and those that were not."""
    counts = Counter((package_of(r["path"]), r["verdict"]) for r in results)
    verdicts = ("killed", "survived", "timed out", "not executed")
    rows = [f"{'':10}" + "".join(f"{v:>14}" for v in verdicts)]
    rows += [f"{p:10}" + "".join(f"{counts[p, v]:14}" for v in verdicts) for p in PACKAGES]
    rows += [
        f"{r['verdict']}: {r['path']}:{r['line']} {r['kind']}: {r['old']!r} -> {r['new']!r}"
        f" ({r['tests']} tests)"
        for r in results
        if r["verdict"] in {"survived", "not executed"}
    ]
    return "\n".join(rows)


def main() -> int:
    """Judge the mutants that FOLDER does not know yet; 0 if no mutant survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="+", default=TESTS, metavar="NAME", help="tests/test_*.py")
    parser.add_argument("--limit", type=float, default=90.0, metavar="S", help="of one mutant")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tree = prepare(folder)
    traces = trace_tests(arguments.tests, tree, folder)
    if not traces:
        sys.exit(f"no file of tests passes; see {folder / 'traces'}")
    kept = folder / "results.jsonl"
    results = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    known = {(r["path"], r["start"], r["end"], r["new"]) for r in results}
    for number, mutant in enumerate(draw(tree, arguments.mutants, arguments.seed), 1):
        if (mutant.path, mutant.start, mutant.end, mutant.new) in known:
            continue
        started, tests, log = time.monotonic(), tests_for(mutant, traces), folder / "mutant.log"
        verdict = judge(mutant, tests, tree, log, arguments.limit) if tests else "not executed"
        seconds = round(time.monotonic() - started, 1)
        about = {"verdict": verdict, "tests": len(tests), "seconds": seconds}
        results.append(asdict(mutant) | about)
        with kept.open("a") as file:
            file.write(json.dumps(results[-1]) + "\n")
        what = f"{mutant.kind}: {mutant.old[:40]!r} -> {mutant.new[:40]!r}"
        print(f"{number} {mutant.path}:{mutant.line} {what}: {verdict}, {seconds} s", flush=True)
    print(summary(results))
    return int(any(r["verdict"] == "survived" for r in results))


if __name__ == "__main__":
    sys.exit(main())
