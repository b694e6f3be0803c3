"""The rule for names: what every emitter can write as it stands, into any language or file name.

A name is made of ASCII letters and digits in words joined by single underscores, a letter first
(two underscores in a row are the compilers' own), and has at most `LONGEST` characters. Tensors,
and likewise nodes, are told apart without regard to case: files and layers are named after them.

Words that one language reserves are legal here; the emitter of that language renames or refuses
them (`triggernet.program.netlist.keywords`, `triggernet.deployment.hls.names`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from triggernet.errors import ProgramError

LONGEST = 100  # characters; names of files and modules add some
_CUT = 80  # characters kept of a foreign name, so that numbers fit behind it
_SHOWN = 60  # characters of a wrong name in a message
_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


def is_legal(name: object) -> bool:
    """Whether `name` is a string that obeys the rule."""
    return isinstance(name, str) and len(name) <= LONGEST and bool(_LEGAL.fullmatch(name))


def legal_name(foreign: str) -> str:
    """A legal name made from any text, always the same one; a legal name stays as it is."""
    if is_legal(foreign):
        return foreign
    words = re.findall(r"[A-Za-z0-9]+", foreign)
    name = "_".join(words) or "unnamed"
    name = name if name[0].isalpha() else f"n{name}"
    return name[:_CUT].rstrip("_")


def check_name(kind: str, name: object) -> None:
    """Refuse a name that is not legal.

    Parameters
    ----------
    kind : str
        What it names, for the message, e.g. "tensor".
    name : object

    Raises
    ------
    ProgramError
    """
    if not is_legal(name):
        raise ProgramError(
            f"{kind} {_shown(name)} has no legal name; rename it with ASCII letters and digits, "
            f"in words joined by single underscores, a letter first, at most {LONGEST} characters"
        )


def check_distinct(kind: str, names: Iterable[str]) -> None:
    """Refuse names that differ in the case of their letters alone, or not at all.

    Raises
    ------
    ProgramError
        Naming those of the first group.
    """
    names = list(names)
    counts = Counter(name.lower() for name in names)
    for lower, count in counts.items():
        if count > 1:
            alike = [name for name in names if name.lower() == lower]
            raise ProgramError(
                f"{count} {kind}s are named {' and '.join(repr(n) for n in dict.fromkeys(alike))}; "
                f"every {kind} needs a name of its own, in any case of letters; rename one of them"
            )


def _shown(name: object) -> str:
    if isinstance(name, str) and len(name) > _SHOWN:
        return f"{name[:_SHOWN]!r}... ({len(name)} characters)"
    return repr(name)
