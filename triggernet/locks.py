"""One writer at a time: two commands on one output do not spoil each other's work."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from triggernet.errors import UsageError

# Systems of files without locks: two at once are then the user's affair.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Refuse other writers of `path`, in any process, for the time of the block.

    The lock is held on an empty file `.NAME.lock` beside `path`; it ends with the process that
    holds it, however that ends, so a file that a killed process left locks nothing.

    Parameters
    ----------
    path : Path
        The file or folder that is written; need not exist.

    Raises
    ------
    UsageError
        If another one writes it, or there is no writing there at all.
    """
    lock = _lock_of(path)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(lock)
    except BlockingIOError as error:
        raise UsageError(
            f"{path} is being written by another triggernet ({error.filename}); wait for its end, "
            "or choose another name"
        ) from None
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}; choose a place you may write to"
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()  # while it is held: see _acquire
        os.close(descriptor)


@contextmanager
def in_turn(lock: Path) -> Iterator[None]:
    """Wait until no other process is in such a block of the same file `lock`, which stays.

    Raises
    ------
    UsageError
        If there is no writing there.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(
            f"cannot write {lock}: {error.strerror}; choose a place you may write to"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lock_of(path: Path) -> Path:
    """Beside `path`; inside where that is a folder in one that is not ours (a mounted disk)."""
    place = path.resolve()
    if place.is_dir() and not os.access(place.parent, os.W_OK):
        return place / f".{place.name}.lock"
    return place.with_name(f".{place.name}.lock")


def _acquire(lock: Path) -> int:
    """Lock the file, made if missing; BlockingIOError, saying who, if another one holds it."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have removed it: then a new one counts.
            if _is_at(descriptor, lock):
                with suppress(OSError):  # no room to say who we are
                    os.truncate(descriptor, 0)
                    os.write(descriptor, f"process {os.getpid()} on {os.uname().nodename}".encode())
                return descriptor
        except BlockingIOError as error:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "just begun"
            os.close(descriptor)
            raise BlockingIOError(error.errno, error.strerror, holder) from None
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return descriptor
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that lies at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
