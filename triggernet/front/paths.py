"""Paths as users give them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

AnyPath = str | os.PathLike[str]
Named = str | Path  # a name of one of the package's tables, or a file of the user's own


def path(given: AnyPath) -> Path:
    """A path from text or anything that stands for a path.

    Raises
    ------
    TypeError
        If it is neither: a number, say, meant for another argument.
    """
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"a path is a str or a Path; got {given!r} ({type(given).__name__})")
    return Path(given)


def several(given: Sequence[AnyPath]) -> list[Path]:
    """Paths from a sequence of them.

    Raises
    ------
    TypeError
        If it is one path alone: its letters are no paths.
    """
    if isinstance(given, str | os.PathLike):
        raise TypeError(f"runs are a list of paths, such as ['run-a', 'run-b']; got {given!r}")
    return [path(each) for each in given]


def maybe(given: AnyPath | None) -> Path | None:
    """The same where there may be none."""
    return None if given is None else path(given)
