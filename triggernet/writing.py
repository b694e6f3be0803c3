"""Errors of the operating system while something is written, in the user's own words."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from triggernet.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What to do about an error of the operating system; others have no advice of their own.
_ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room there, or choose another disk"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "choose a place you may write to"),
}


@contextmanager
def writing(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Name `path`, which the user knows, in what the operating system refuses within the block.

    Parameters
    ----------
    path : Path
        The file or folder that the block writes.
    temporary : Path, optional
        The file or folder that it writes first.

    Raises
    ------
    FileError
        For an error of the operating system about `path`, a folder it lies in, `temporary`,
        something in one of them, or about nothing in particular (a full disk). Errors about other
        files pass as they are.
    """
    try:
        yield
    except ConnectionError:  # whoever reads our output has left: about no file
        raise
    except OSError as error:
        blamed = _blamed(error, path, temporary)
        if blamed is None:
            raise
        advice = _ADVICE.get(error.errno or 0, "choose another place")
        reason = error.strerror or str(error)
        raise FileError(f"cannot write {blamed}: {reason}; {advice}") from error


def _blamed(error: OSError, path: Path, temporary: Path | None) -> Path | None:
    """The path to name for an error while `path` was written; None if it is about another file."""
    if not isinstance(error.filename, (str, bytes)):
        return path
    name, place = Path(os.fsdecode(error.filename)).resolve(), path.resolve()
    for folder in (place, place if temporary is None else temporary.resolve()):
        if name.is_relative_to(folder):
            return path / name.relative_to(folder)
    return path if place.is_relative_to(name) else None
