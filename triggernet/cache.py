"""A folder of the user's own for what can be made again: compiled simulators, Lund trees, logs.

It is the folder that the environment variable ``TRIGGERNET_CACHE`` names, otherwise ``triggernet``
in ``XDG_CACHE_HOME``, otherwise ``~/.cache/triggernet``. Programs in it are run without a further
question, so it must be the user's and nobody else may write to it. It may be removed at any time
when no command runs; what is in it is bounded, the oldest goes first.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from triggernet.errors import UsageError
from triggernet.temporary import remove, sibling, sweep_folder

VARIABLE = "TRIGGERNET_CACHE"
SIMULATORS, LOGS, TREES = "simulators", "logs", "trees"
MOST_SIMULATORS = 200
MOST_TREES = 20
MOST_LOGS = 50
IN_USE_S = 24 * 3600.0  # what was used since then may be in use


def cache_folder() -> Path:
    """The cache of this user, made if missing.

    Raises
    ------
    UsageError
        If it cannot be made or written to, is another user's, or others may write to it.
    """
    path = _place()
    advice = f"name a folder of your own in the environment variable {VARIABLE}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise UsageError(f"cannot make the cache {path}: {error.strerror}; {advice}") from error
    if status.st_uid != os.geteuid():
        raise UsageError(
            f"the cache {path} belongs to user {status.st_uid}, you are user {os.geteuid()}; "
            f"programs are run from it, so {advice}"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(
            f"others than you may write to the cache {path} (mode {stat.S_IMODE(status.st_mode):o})"
            f" and programs are run from it; take that right away with `chmod go-w {path}`, or "
            f"{advice}"
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"you may not write to the cache {path}; {advice}")
    return path


def _place() -> Path:
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")
    if not base.is_absolute():  # as the specification of that variable has it
        base = Path("~/.cache").expanduser()
    return base / "triggernet"


def cached(name: str, artefact: str, make: Callable[[Path], None], kind: str = SIMULATORS) -> Path:
    """A file of the cache, made if it is not there; whole or not at all.

    Two processes that make the same one do not disturb each other: the first to end wins.

    Parameters
    ----------
    name : str
        Of the folder that holds the file; must tell apart whatever decides its content.
    artefact : str
        The file's name.
    make : callable
        Is given a new folder in which it must leave the file.
    kind : str
        `SIMULATORS`, or `TREES`, which are made in seconds and so kept in smaller number.

    Raises
    ------
    UsageError
        As `cache_folder`.
    """
    folder = _subfolder(kind)
    path = folder / name / artefact
    if not path.is_file():
        sweep_folder(folder)
        new = sibling(path.parent)
        try:
            new.mkdir(mode=0o700)
            make(new)
            _sync(new / artefact)
            _publish(new, path)
        finally:
            remove(new)
        if kind == SIMULATORS:
            _prune(folder, MOST_SIMULATORS)
        else:  # whoever reads one at this moment has it open
            _prune(folder, MOST_TREES, in_use_s=0.0)
    touch(path)
    return path


def touch(path: Path) -> None:
    """Say that a file of `cached` is in use."""
    with suppress(OSError):  # somebody removed it; running it will say so
        os.utime(path.parent)


def keep_log(program: str, output: bytes) -> Path | None:
    """Keep what a program wrote before it failed; its path, or None where there is no place."""
    when = time.strftime("%Y%m%d-%H%M%S")
    try:
        folder = _subfolder(LOGS)
        path = folder / f"{when}-{program}-{os.getpid()}-{secrets.token_hex(2)}.log"
        path.write_bytes(output)
        _prune(folder, MOST_LOGS)
    except (OSError, UsageError):  # the failure itself is what the user must be told
        return None
    return path


def _subfolder(name: str) -> Path:
    folder = cache_folder() / name
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the cache {folder}: {error.strerror}") from error
    return folder


def _sync(path: Path) -> None:
    """Put a file on the disk: after a power cut it must be whole, or not there."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _publish(new: Path, path: Path) -> None:
    """Move the folder `new` to where `path` is its file, unless there is one already."""
    if path.parent.is_dir() and not path.is_file():  # somebody removed a part of it
        shutil.rmtree(path.parent, ignore_errors=True)
    try:
        new.rename(path.parent)
    except OSError:
        if not path.is_file():
            raise


def _prune(folder: Path, most: int, in_use_s: float = IN_USE_S) -> None:
    """Remove the oldest entries above `most`; none that was used in the last `in_use_s`."""
    now, entries = time.time(), []
    for entry in folder.iterdir():
        with suppress(OSError):
            if not entry.name.startswith("."):
                entries.append((entry.stat().st_mtime, entry))
    for at, entry in sorted(entries)[: max(0, len(entries) - most)]:
        if entry.is_file() or now - at > in_use_s:
            gone = sibling(entry)  # first of all: nobody may find half of it
            with suppress(OSError):
                entry.rename(gone)
                remove(gone)
