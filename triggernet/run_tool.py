"""External programs: found or explained, run with a log, and checked for what they leave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from triggernet.errors import ToolError
from triggernet.signals import undisturbed

LAST_LINES = 15


def run_tool(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    hint: str,
    needs: Sequence[str] = (),
    timeout_s: float | None = None,
    artefacts: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end and return what it wrote.

    Parameters
    ----------
    command : sequence of str or Path
        The program and its arguments; a relative path with a slash is meant from `cwd`.
    cwd : Path
        The folder to run it in.
    log : Path
        Receives standard output and standard error together, also when the program fails.
    hint : str
        How to install what may be missing: ``"install g++, on Debian with apt install g++"``.
    needs : sequence of str
        Programs that `command` calls itself and that must be found as well.
    timeout_s : float, optional
        After this many seconds the program and all it started are killed.
    artefacts : sequence of Path
        Files, relative to `cwd`, that must exist afterwards and not be empty: exit code 0 is no
        proof. They are not removed beforehand; run in a new folder where old ones could deceive.
    environment : mapping of str to str, optional
        Added to the environment of the program.

    Returns
    -------
    str
        The content of the log.

    Raises
    ------
    ToolError
        If a program is missing (with `hint`), fails, takes too long, or leaves an artefact out
        (with the log's path and last lines).
    """
    arguments = [str(part) for part in command]
    _require([arguments[0], *needs], cwd, hint)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        trouble = _run(arguments, cwd, file, timeout_s, environment or {})
    if trouble is None:
        trouble = _missing_artefact(cwd, artefacts)
    output = log.read_text(encoding="utf-8", errors="replace")
    if trouble is not None:
        raise ToolError(f"{Path(arguments[0]).name} {trouble}{_end_of(output, log)}")
    return output


def _require(programs: Sequence[str], cwd: Path, hint: str) -> None:
    for program in programs:
        # which() takes a relative path from the folder we are in, the program's is `cwd`.
        name = str(cwd / program) if "/" in program else program
        if shutil.which(name) is None:
            raise ToolError(f"{program} is needed and was not found on this machine; {hint}")


def _run(
    arguments: list[str],
    cwd: Path,
    log: IO[bytes],
    timeout_s: float | None,
    environment: Mapping[str, str],
) -> str | None:
    """Run to the end; what went wrong, or None."""
    with _group() as members:
        with undisturbed():
            process = subprocess.Popen(
                arguments,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # LC_ALL: messages that can be parsed and asked about.
                env={**os.environ, "LC_ALL": "C", **environment},
                process_group=members[0].pid,
            )
            members.append(process)
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return f"was stopped after {timeout_s:g} s, its time limit"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"failed with exit code {code}" if code else None


@contextmanager
def _group() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Give a new process group, for others to join; nothing runs in it after the block.

    Not after a time-out, not after Ctrl-C, no forgotten child - and not if this very process is
    killed: the group's first member waits for the end of a pipe that only we hold, and then kills
    the group, itself too.
    """
    members: list[subprocess.Popen[bytes]] = []
    try:
        with undisturbed():
            guard = subprocess.Popen(
                ["/bin/sh", "-c", "read -r _; kill -KILL 0"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,
            )
            members.append(guard)
        yield members
    finally:
        for member in members[:1]:  # not waited for yet, so the number is still that of the group
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(member.pid, signal.SIGKILL)
        for member in members:
            member.wait()
            if member.stdin is not None:
                member.stdin.close()


def _missing_artefact(cwd: Path, artefacts: Sequence[Path]) -> str | None:
    for artefact in artefacts:
        path = cwd / artefact
        if not path.exists():
            return f"ended well but left no {artefact}"
        if path.is_file() and path.stat().st_size == 0:
            return f"ended well but left {artefact} empty"
    return None


def _end_of(output: str, log: Path) -> str:
    lines = output.rstrip().splitlines()[-LAST_LINES:]
    if not lines:
        return f"; it wrote nothing ({log})"
    return f"; the end of {log}:\n" + "\n".join(f"    {line}" for line in lines)
