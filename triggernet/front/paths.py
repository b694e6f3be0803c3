"""Paths as users give them."""

from __future__ import annotations

import os
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
    return Path(given)


def maybe(given: AnyPath | None) -> Path | None:
    """The same where there may be none."""
    return None if given is None else path(given)
