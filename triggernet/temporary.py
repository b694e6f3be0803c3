"""Temporary files and folders that know their owner, so that those of killed processes are found.

An output `name` is first written to `.name.OWNER.RANDOM.tmp` beside it. OWNER is a machine and a
process: whoever writes `name` next removes what a process of the same machine left that runs no
more. What another machine (or container) left on a shared disk is not touched, since from here it
cannot be told whether it is at work.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Literal

from triggernet.writing import writing

_NAME = re.compile(
    r"\.(?P<name>.+)\.(?P<machine>[0-9a-f]{8})-(?P<process>\d+)\.[0-9a-f]{8}\.(?P<kind>tmp|old)(\..+)?"
)


def sibling(path: Path, kind: Literal["tmp", "old"] = "tmp") -> Path:
    """A name beside `path` that nothing else uses; the same file system, so a rename is atomic.

    Parameters
    ----------
    path : Path
    kind : "tmp" or "old"
        What will become `path`, or what was `path` and is put back by `sweep` if there is no other.
    """
    owner = f"{_machine()}-{os.getpid()}"
    return path.with_name(f".{path.name}.{owner}.{secrets.token_hex(4)}.{kind}")


def sweep(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` left beside it.

    Raises nothing: what cannot be removed stays.
    """
    for left in _left_in(path.parent, path.name):
        if left.suffix == ".old" and not path.exists():
            with suppress(OSError):
                left.rename(path)
        else:
            _try_to_remove(left)


def sweep_folder(folder: Path) -> None:
    """Remove whatever processes that were killed left in `folder`, for which path it may be."""
    for left in _left_in(folder, None):
        _try_to_remove(left)


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """Give a folder for the time of a block, where the system keeps temporary files.

    Parameters
    ----------
    purpose : str
        Part of its name. What earlier blocks of the same purpose left when they were killed is
        removed.

    Raises
    ------
    FileError
        If there is no room, or writing is not allowed; it names the folder.
    """
    place = Path(tempfile.gettempdir()) / f"triggernet-{purpose}"
    sweep(place)
    folder = sibling(place)
    try:
        with writing(folder):
            folder.mkdir(mode=0o700)
            yield folder
    finally:
        _try_to_remove(folder)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all it holds; nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def exchange(one: Path, other: Path) -> bool:
    """Swap two paths in one step; False if the system cannot, and then nothing happened.

    Between two renames there would be a moment without either (renameat2 of Linux, glibc 2.28).
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(library.renameat2(here, os.fsencode(one), here, os.fsencode(other), swap) == 0)


def _try_to_remove(path: Path) -> None:
    with suppress(OSError):
        remove(path)


def _left_in(folder: Path, name: str | None) -> list[Path]:
    """What killed processes of this machine left in `folder`, of `name` or of all names."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        entry
        for entry in entries
        if (part := _NAME.fullmatch(entry.name)) is not None
        and name in {None, part["name"]}
        and part["machine"] == _machine()
        and not _runs(int(part["process"]))
    ]


def _runs(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; no number of a process
        return True
    return True


@cache
def _machine() -> str:
    """Eight digits for where numbers of processes mean the same: host, start-up, container."""
    parts = [os.uname().nodename]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
