"""What the package knows by name, and files of the user's own in its place."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from triggernet.config import load_config
from triggernet.errors import UsageError

Entry = TypeVar("Entry")


def load_named(
    cls: type[Entry], kind: str, table: Path, name: str | Path, *, known_as: str | None = None
) -> Entry:
    """An entry of a table by its name, or from a YAML file of the user's own.

    Parameters
    ----------
    cls : type
        The dataclass that reads an entry; its field ``name`` becomes the entry's name.
    kind : str
        What an entry is, for messages: ``"part"``.
    table : Path
        A YAML file of the package, one mapping a name.
    name : str or Path
        As the user gave it.
    known_as : str, optional
        How the table spells `name`, where that differs.

    Raises
    ------
    UsageError
        If there is no such name and no such file; the nearest name and all names are listed.
    ConfigError
        If a file has unknown keys, or values that are not allowed.
    """
    path, content = Path(name), read_table(table)
    if path.suffix in (".yaml", ".yml"):
        return load_config(cls, path, {"name": path.stem})
    key = str(name) if known_as is None else known_as
    if key not in content:
        raise UsageError(
            f"no {kind} '{name}'; {known_names(key, content)}, or give a YAML file of your own"
        )
    return load_config(cls, content[key], {"name": key})


def known_names(name: str, table: Mapping[str, Any]) -> str:
    """The end of a message about an unknown name: the nearest one, and all there are."""
    close = difflib.get_close_matches(name, table, n=1)
    nearest = f"did you mean {close[0]}? " if close else ""
    return f"{nearest}known are {', '.join(table)}"


def read_table(table: Path) -> Mapping[str, Any]:
    """A table of the package."""
    content: dict[str, Any] = yaml.safe_load(table.read_text("utf-8"))
    return content
