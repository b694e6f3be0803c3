"""Commands stopped at random moments, two at once, on full and read-only disks: is anything lost?

    .venv/bin/python tools/bench/interruptions.py [--rounds 20] [--seed 1] [--only train verify]

Every round runs a real command on small inputs in a folder of its own and disturbs it. Then:

1. what lies at the paths that the user named is whole, or not there;
2. no process is left, 3. nor a temporary file (SIGKILL alone may leave some);
4. the same command, told to resume where it says so, ends with the files of an undisturbed run,
   byte for byte, and leaves nothing beside them.

After TERM and INT the exit codes are 143 and 130, and no traceback is shown; a command that had
ended when the signal came keeps its own. Before triggernet catches signals (the process's own mask
says so) one ends Python as it ends any program (-15, -2), and an interrupt may show a traceback.

The disturbances: the signals KILL, TERM and INT to the process or to its group, the same command
twice at once, and, where this process may mount disks, one that is full or read-only. One line a
round, a table at the end; the exit code is 1 if a round broke a rule.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MARK = "TRIGGERNET_INTERRUPTION"  # in the environment of all that a round starts
CACHES = (f"torchinductor_{getpass.getuser()}",)  # of PyTorch, where temporary files are kept
CODES = {"KILL": -9, "TERM": 143, "INT": 130}
SETTINGS: dict[str, Any] = {
    "encoding": {"n_constituents": 4},
    "training": {
        "multistart": {
            "starts": 3, "pool": 16, "screen_jets": 300, "screen_iterations": 10,
            "finalists": 2, "iterations": 60,
        },
        "adamw": {"epochs": 6, "batch_size": 32, "warmup_epochs": 1, "decay_epochs": 1},
        "fine_tune": {"epochs": 6, "batch_size": 32, "calibration_jets": 60},
    },
}  # fmt: skip
GENERATE = "generate toptag --jets 60 --seed 3 --workers 2 --set chunk_jets=15"
GENERATE += " --set n_constituents=40 --out {out}/jets.h5"
EXPORT = f"export {ROOT}/models/nanopelican-c2-n8j --hls --rtl --interval 8 --slim"
TRAIN = "train nanopelican --data {inputs}/jets.h5 --config {inputs}/config.json --out {out}/run"


@dataclass(frozen=True)
class Case:
    """A command; what it needs, what it leaves, and what of that may differ (times).

    `words` are its arguments with ``{inputs}`` and ``{out}`` to be filled in. `copied` is a folder
    of the inputs that it writes into; `unlike` are keys of JSON results; `new` says that it
    refuses a folder that exists.
    """

    words: str
    left: str
    copied: str | None = None
    unlike: tuple[str, ...] = ()
    new: bool = False

    def command(self, inputs: Path, out: Path) -> list[str]:
        words = self.words.format(inputs=inputs, out=out).split()
        return [sys.executable, "-m", "triggernet", *words]

    def result(self, out: Path) -> dict[str, Any] | None:
        """Content of all files that it left, by path; None without any."""
        place = out / self.left
        if not place.exists():
            return None
        paths = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
        return {str(p.relative_to(out)): self._content(p) for p in paths}

    def _content(self, path: Path) -> Any:
        if not self.unlike or path.suffix != ".json":
            return path.read_bytes()
        return {k: v for k, v in json.loads(path.read_bytes()).items() if k not in self.unlike}


CASES = {
    "generate": Case(GENERATE, "jets.h5"),
    "convert": Case("convert {inputs}/jets.h5 {out}/compact.h5 --compact 8", "compact.h5"),
    "train": Case(TRAIN, "run", new=True),
    "train-adamw": Case(
        f"{TRAIN} --set training.recipe=adamw --set model.batch_norm=true", "run", new=True
    ),
    "export": Case(f"{EXPORT} --out {{out}}/project", "project", new=True),
    "verify": Case("verify {out}/project --vectors 500", "project/agreement.json", "project"),
    "cosim": Case("cosim {out}/project --vectors 500", "project/cosim.json", "project"),
    "synth": Case("synth {out}/project", "project/synth.json", "project", ("seconds", "digest")),
}


@dataclass(frozen=True)
class Bench:
    """Inputs, what an undisturbed run of each command leaves, and the seconds that it takes."""

    inputs: Path
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Round:
    """One folder, with everything in it that commands write, temporary files and caches too."""

    case: Case
    bench: Bench
    folder: Path
    broken: list[str] = field(default_factory=list)
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        for name in ("out", "tmp", "cache"):
            (self.folder / name).mkdir(parents=True)
        if self.case.copied is not None:
            shutil.copytree(self.bench.inputs / self.case.copied, self.out / self.case.copied)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Run the command in a group of its own."""
        log = (self.folder / f"log-{secrets.token_hex(4)}").open("w+")
        process = subprocess.Popen(
            [*self.case.command(self.bench.inputs, self.out), *more],
            stdout=subprocess.DEVNULL,
            stderr=log,
            stdin=subprocess.DEVNULL,
            text=True,
            env=os.environ
            | {MARK: self.mark, "TMPDIR": str(self.folder / "tmp"), "OMP_NUM_THREADS": "1"}
            | {"TRIGGERNET_CACHE": str(self.folder / "cache")},
            process_group=0,
            # In the background of a shell interrupts are ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        process.stderr = log  # to be read when it has ended
        return process

    def end(self, process: subprocess.Popen[str], *codes: int, begun: bool = True) -> str:
        """Wait, check the exit code and what was said; the last line of it.

        One that had not `begun` when it was disturbed may show Python's own traceback.
        """
        code = process.wait()
        assert process.stderr is not None
        with process.stderr as log:
            log.seek(0)
            text = log.read()
        lines = text.strip().splitlines() or [""]
        if code not in codes:
            self.broken.append(f"exit code {code}: {lines[-1][:200]}")
        if begun and ("Traceback" in text or "Exception ignored" in text):
            self.broken.append("traceback: " + " | ".join(lines[-4:])[:400])
        if code == 2 and "triggernet: error: " not in lines[-1]:
            self.broken.append(f"no line says why: {lines[-1][:200]}")
        self._wait_for_orphans()
        return lines[-1]

    def _wait_for_orphans(self) -> None:
        deadline = time.monotonic() + 10
        while (alive := list(marked(self.mark))) and time.monotonic() < deadline:
            time.sleep(0.05)
        if alive:
            self.broken.append(f"still running: {', '.join(name for _, name in alive)}")
        for process, _ in alive:
            os.kill(process, signal.SIGKILL)

    def check_whole(self) -> None:
        """What lies where the user looks is that of an undisturbed run."""
        if (self.out / "run" / "state").exists():  # unfinished, and says so
            return
        found = self.case.result(self.out)
        expected = self.bench.results[self.name]
        if found is not None and found != expected:
            wrong = {p for p in {*found, *expected} if found.get(p) != expected.get(p)}
            self.broken.append(f"not whole: {', '.join(sorted(wrong))}")

    @property
    def name(self) -> str:
        return next(name for name, case in CASES.items() if case is self.case)

    def temporary(self) -> list[str]:
        """What no command should leave: hidden or temporary files, other than caches."""
        beside = (p for p in self.out.rglob(".*") if p.name != ".gitignore")
        cached = (self.folder / "cache").rglob(".*")
        passing = (p for p in (self.folder / "tmp").iterdir() if p.name not in CACHES)
        return sorted(str(p.relative_to(self.folder)) for p in (*beside, *cached, *passing))

    def finish(self) -> None:
        """The next run of the same command ends as if nothing had been."""
        resume = ["--resume"] if (self.out / "run" / "state").is_dir() else []
        if self.case.new and not resume and (self.out / self.case.left).exists():
            return  # it had ended
        self.end(self.start(*resume), 0)
        if self.case.result(self.out) is None:
            self.broken.append("the next run left nothing")
        self.check_whole()
        if self.temporary():
            self.broken.append(f"left after the next run: {', '.join(self.temporary())}")


def marked(mark: str) -> Iterator[tuple[int, str]]:
    """Processes that have the mark in their environment."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (path / "environ").read_bytes().split(b"\0"):
                yield int(path.name), (path / "comm").read_text().strip()
        except OSError:
            continue


def catches_signals(process: int) -> bool:
    """Whether SIGTERM is caught, or ignored as by a command that has ended; Python does neither."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    masks = [int(x.split()[1], 16) for x in lines if x.startswith(("SigCgt", "SigIgn"))]
    return any(mask >> (signal.SIGTERM - 1) & 1 for mask in masks)


def stopped(name: str) -> Callable[[Round, random.Random], str]:
    """Send a signal at a random moment."""

    def disturb(each: Round, choice: random.Random) -> str:
        number = signal.Signals[f"SIG{name}"]
        delay = choice.uniform(0.15, 1.02 * each.bench.seconds[each.name])
        group = choice.random() < 0.5
        process = each.start()
        begun = True
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            begun = catches_signals(process.pid)
            (os.killpg if group else os.kill)(process.pid, number)
        each.end(process, 0, CODES[name], *([] if begun else [-number]), begun=begun)
        left = each.temporary()
        if left and name != "KILL":
            each.broken.append(f"left: {', '.join(left)}")
        each.check_whole()
        each.finish()
        where = "the group" if group else "the process"
        return f"after {delay:.1f} s, to {where}, {len(left)} temporary files left"

    return disturb


def twice(each: Round, choice: random.Random) -> str:
    """Both end well, or one is refused in a line."""
    first = each.start()
    time.sleep(choice.uniform(0, 0.3 * each.bench.seconds[each.name]))
    second = each.start()
    first.wait()
    second.wait()  # their marks are the same: no process is left when both have ended
    said = [each.end(process, 0, 2) for process in (first, second)]
    if first.returncode and second.returncode:
        each.broken.append(f"both failed: {said}")
    each.check_whole()
    if each.temporary():
        each.broken.append(f"left: {', '.join(each.temporary())}")
    return f"exit codes {first.returncode} and {second.returncode}"


def full(each: Round, choice: random.Random) -> str:
    """A disk with too little room; then there is room."""
    contents = each.bench.results[each.name].values()
    needed_kb = sum(len(c) if isinstance(c, bytes) else 4096 for c in contents) // 1024
    size_kb = 4 * choice.randrange(1, 2 + needed_kb // 3)
    with disk(each.out, size_kb):
        if each.case.copied is not None:
            grow(each.out, 1 << 20)
            shutil.copytree(each.bench.inputs / each.case.copied, each.out / each.case.copied)
            used_kb = shutil.disk_usage(each.out).used // 1024
            grow(each.out, used_kb + choice.randrange(0, 12, 4))
        said = each.end(each.start(), 0, 2)
        each.check_whole()
        grow(each.out, 1 << 20)
        each.finish()
    return f"{size_kb} kB: {said[:100]}"


def read_only(each: Round, _choice: random.Random) -> str:
    """A disk that cannot be written."""
    with disk(each.out, 1 << 20):
        if each.case.copied is not None:
            shutil.copytree(each.bench.inputs / each.case.copied, each.out / each.case.copied)
        run("mount", "-o", "remount,ro", str(each.out))
        said = each.end(each.start(), 2)
        run("mount", "-o", "remount,rw", str(each.out))
        each.finish()
    return said[:120]


@contextmanager
def disk(place: Path, size_kb: int) -> Iterator[None]:
    """A file system in memory."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(place))
    try:
        yield
    finally:
        run("umount", "-l", str(place))


def grow(place: Path, size_kb: int) -> None:
    run("mount", "-o", f"remount,size={size_kb}k", str(place))


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def can_mount() -> bool:
    """Whether this process may mount disks."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with disk(Path(folder) / "disk", 64):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def prepare(folder: Path, names: list[str]) -> Bench:
    """Jets and a project; then every command undisturbed."""
    from triggernet.cli import main as triggernet
    from triggernet.data import mock_jets, save_jets

    bench = Bench(folder / "inputs")
    bench.inputs.mkdir()
    save_jets(bench.inputs / "jets.h5", mock_jets(600, 1))
    (bench.inputs / "config.json").write_text(json.dumps(SETTINGS))
    if any(CASES[name].copied for name in names):
        assert triggernet(CASES["export"].words.format(out=bench.inputs).split()) == 0
    for name in names:
        each = Round(CASES[name], bench, folder / "undisturbed" / name)
        started = time.monotonic()
        each.end(each.start(), 0)
        bench.seconds[name] = time.monotonic() - started
        result = CASES[name].result(each.out)
        assert result is not None, each.broken
        bench.results[name] = result
        print(f"{name} undisturbed: {bench.seconds[name]:.1f} s {each.broken or ''}", flush=True)
    return bench


def table(rounds: Mapping[tuple[str, str], list[list[str]]]) -> str:
    rows = [f"{'command':16}{'disturbance':14}{'rounds':>8}{'broken':>8}"]
    for (name, disturbance), broken in rounds.items():
        rows.append(f"{name:16}{disturbance:14}{len(broken):8}{sum(map(bool, broken)):8}")
    return "\n".join(rows)


def main() -> int:
    """Run the rounds; 1 if one broke a rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of every command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--how", nargs="+", help="signals, twice, full, read-only; default: all")
    arguments = parser.parse_args()
    how = {name: stopped(name) for name in CODES} | {"twice": twice}
    if can_mount():
        how |= {"full": full, "read-only": read_only}
    chosen = [name for name in how if arguments.how is None or name in arguments.how]
    choice = random.Random(arguments.seed)
    rounds: dict[tuple[str, str], list[list[str]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="interruptions-") as temporary:
        bench = prepare(Path(temporary), arguments.only)
        for number in range(arguments.rounds):
            for name in arguments.only:
                disturbance = chosen[number % len(chosen)]
                each = Round(CASES[name], bench, Path(temporary) / f"{number}-{name}")
                said = how[disturbance](each, choice)
                rounds[name, disturbance].append(each.broken)
                verdict = "; ".join(each.broken) or "as it should be"
                print(f"{number} {name}, {disturbance} ({said}): {verdict}", flush=True)
                shutil.rmtree(each.folder)
    print(table(rounds))
    return int(any(any(broken) for broken in rounds.values()))


if __name__ == "__main__":
    sys.exit(main())
