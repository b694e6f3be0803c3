"""Texts, JSON and YAML that somebody else wrote: read, or refused in one line.

A file may be damaged, or made to do damage. What is read here is UTF-8, of a bounded size and
depth, holds finite numbers of a bounded length and every key once, and no text that cannot be
printed. What the values mean is checked by `triggernet.schema`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from triggernet.errors import DataError, TriggernetError, in_one_line

MOST_BYTES = 1 << 26  # the largest program of the zoo takes 90 kB
DEEPEST = 32  # nesting; a project's files take 6 levels
MOST_DIGITS = 400  # of a number: the largest integer of a program takes 155


def read_text(path: Path, error: type[TriggernetError] = DataError) -> str:
    """The text of a file, with the line ends it has.

    Raises
    ------
    error
        If the file is missing, too large or not UTF-8; one line that names it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise error(f"cannot read {path}: {problem.strerror}") from problem
    if len(content) > MOST_BYTES:
        raise error(f"{path} holds more than {MOST_BYTES} bytes, too many for a file of its kind")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise error(f"{path} is not UTF-8 text: {in_one_line(problem)}") from problem


def read_json(path: Path, error: type[TriggernetError] = DataError) -> Any:
    """The content of a JSON file.

    Raises
    ------
    error
        As `read_text`, and if the text is no JSON (line and column are named), or holds a NaN, an
        infinity, a key twice, or more levels or digits than any file of triggernet.
    """
    return parse_json(read_text(path, error), str(path), error)


def parse_json(text: str, where: str, error: type[TriggernetError] = DataError) -> Any:
    """The content of a JSON text that comes from `where`; refused as by `read_json`."""
    try:
        content = json.loads(
            text,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_number,
            object_pairs_hook=_unique,
        )
        refuse_odd(content)
    except RecursionError as problem:
        raise error(f"{where} is not valid JSON: {TOO_DEEP}") from problem
    except ValueError as problem:
        raise error(f"{where} is not valid JSON: {in_one_line(problem)}") from problem
    return content


TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"


def refuse_odd(content: Any) -> None:
    """Raise ValueError for plain values nested too deeply, and for texts that are no Unicode."""
    level = [content]
    for _ in range(DEEPEST + 1):
        texts = [item for item in level if isinstance(item, str)]
        below = [item for item in level if isinstance(item, (dict, list))]
        texts += [key for item in below if isinstance(item, dict) for key in item]
        if any(_is_odd(text) for text in texts if not str(text).isascii()):
            raise ValueError("a text in it holds half a character (a surrogate)")
        if not below:
            return
        level = [
            value for item in below for value in (item.values() if isinstance(item, dict) else item)
        ]
    raise ValueError(TOO_DEEP)


def _is_odd(text: Any) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in str(text))


def _integer(digits: str) -> int:
    return int(_short(digits))


def _number(digits: str) -> float:
    value = float(_short(digits))
    if not math.isfinite(value):
        raise ValueError(f"{digits} is beyond the numbers of double precision")
    return value


def _short(digits: str) -> str:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits; allowed are {MOST_DIGITS}")
    return digits


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        keys = [key for key, _ in pairs]
        doubled = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {doubled!r} is given twice")
    return content
