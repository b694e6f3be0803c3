"""A configuration as YAML that explains itself: every key with its value and its meaning.

The meanings are those of the ``Attributes`` section in the docstring of each dataclass.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from triggernet.schema import key_of

COLUMNS = 100
_ENTRY = re.compile(r"(?P<names>\w+(?:, \w+)*)(?: : (?P<type>.+))?$")


def explained_yaml(config: Any) -> str:
    """The configuration `config`, a dataclass, as YAML with a comment above each key."""
    return "\n".join(_lines(config, 0)) + "\n"


def _lines(config: Any, depth: int) -> Iterator[str]:
    meanings, indent, before = meanings_of(type(config)), "  " * depth, ""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value) and not _is_short(value):
            yield f"{indent}{key_of(field)}:"
            yield from _lines(value, depth + 1)
            continue
        comment = meanings.get(field.name, "").removesuffix(":")
        if comment != before:  # keys explained together follow one comment
            mark = f"{indent}# "
            yield from textwrap.wrap(comment, COLUMNS, initial_indent=mark, subsequent_indent=mark)
        before = comment
        yield f"{indent}{key_of(field)}: {_flow(value)}"


def _is_short(value: Any) -> bool:
    """Whether a dataclass is shown on one line: few plain values, explained where it is used."""
    entries = [getattr(value, field.name) for field in dataclasses.fields(value)]
    return len(entries) <= 2 and not any(dataclasses.is_dataclass(entry) for entry in entries)


def _flow(value: Any) -> str:
    plain: Any = value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain = dataclasses.asdict(value)
    if isinstance(plain, tuple):
        plain = list(plain)
    text: str = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


def meanings_of(schema: type) -> Mapping[str, str]:
    """What the attributes of a class and of its bases mean, by name, as one line each."""
    meanings: dict[str, str] = {}
    for cls in reversed(schema.__mro__):
        if "__doc__" in vars(cls) and cls.__doc__:
            meanings |= _attributes(inspect.cleandoc(cls.__doc__))
    return meanings


def _attributes(doc: str) -> dict[str, str]:
    """The entries of a numpy docstring's ``Attributes`` section."""
    _, heading, section = doc.partition("Attributes\n----------\n")
    if not heading:
        return {}
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        entry = _ENTRY.match(line)
        if entry:
            names = entry["names"].split(", ")
            meanings |= dict.fromkeys(names, _allowed(entry["type"] or ""))
        elif line.startswith("    "):
            for name in names:
                meanings[name] = f"{meanings[name]} {line.strip()}".strip()
        elif line.strip():
            break  # the next section
    return meanings


def _allowed(kind: str) -> str:
    """What an attribute's type says beyond Python's: the values that are allowed."""
    return f"{kind}:" if kind.startswith(("{", '"')) else ""
