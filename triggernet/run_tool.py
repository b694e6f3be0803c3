"""External programs: found or explained, run to their end, and checked for what they leave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from triggernet.cache import keep_log
from triggernet.errors import MissingToolError, ToolFailedError
from triggernet.signals import undisturbed
from triggernet.temporary import scratch

LAST_LINES = 15


def run_tool(
    command: Sequence[str | Path],
    *,
    cwd: Path,
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
        Standard output and standard error together.

    Raises
    ------
    MissingToolError
        If a program is missing (with `hint`).
    ToolFailedError
        If it fails, takes too long, or leaves an artefact out, with the last lines that it wrote
        and the path of a file with all of them, which is kept (`triggernet.cache`).
    """
    arguments = [str(part) for part in command]
    _require([arguments[0], *needs], cwd, hint)
    # A compiler that is killed leaves files where it keeps temporary ones: in a folder of its own,
    # which goes with it, or with the next run if we are killed too.
    with scratch("tool") as own, tempfile.TemporaryFile() as file:
        extra = {"TMPDIR": str(own), **(environment or {})}
        trouble = _run(arguments, cwd, file, timeout_s, extra)
        file.seek(0)
        written = file.read()
    if trouble is None:
        trouble = _missing_artefact(cwd, artefacts)
    output = written.decode(encoding="utf-8", errors="replace")
    if trouble is not None:
        name = Path(arguments[0]).name
        log = keep_log(name, written) if written.strip() else None
        raise ToolFailedError(f"{name} {trouble}{_end_of(output, log)}", output, log)
    return output


def _require(programs: Sequence[str], cwd: Path, hint: str) -> None:
    for program in programs:
        # which() takes a relative path from the folder we are in, the program's is `cwd`.
        name = str(cwd / program) if "/" in program else program
        if shutil.which(name) is None:
            raise MissingToolError(f"{program} is needed and was not found on this machine; {hint}")


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


def _end_of(output: str, log: Path | None) -> str:
    lines = output.rstrip().splitlines()
    if not lines:
        return "; it wrote nothing"
    place = "" if log is None else f" (all of it is in {log})"
    shown = "\n".join(f"    {line}" for line in lines[-LAST_LINES:])
    return f"; the end of what it wrote{place}:\n{shown}"
