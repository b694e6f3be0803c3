"""YAML into frozen dataclasses and back: `triggernet.schema` says what a dataclass may hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from triggernet.documents import read_text
from triggernet.errors import ConfigError
from triggernet.schema import as_type, key_of
from triggernet.yaml_text import parse_yaml, write_yaml

ConfigT = TypeVar("ConfigT")


def load_config(
    cls: type[ConfigT],
    source: Path | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> ConfigT:
    """Build the dataclass `cls` from a YAML file or a mapping, and check every key and value.

    Parameters
    ----------
    cls : type
        A dataclass.
    source : Path, mapping or None
        A YAML file, its content, or None for the defaults alone.
    overrides : mapping, optional
        Values that win over `source`: nested, or with dotted keys (``{"training.epochs": 3}``).
    defaults : mapping, optional
        Values that stand under those of `source`, in place of the defaults of `cls`.

    Returns
    -------
    ConfigT
        An instance of `cls` whose values have exactly the annotated types: an int given for a
        float becomes one, a list given for a tuple becomes one.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not YAML (with its line), if a key is unknown (with the
        nearest known one), missing or doubled, if a value is of another type, not among the
        listed ones, or not finite, or if `cls` itself refuses the values.
    """
    where = str(source) if isinstance(source, Path) else ""
    content = _content(source)
    winning = nested(overrides or {})
    if isinstance(content, Mapping):
        content = _merged(_merged(nested(defaults or {}), content), winning)
    return as_type(cls, content, where, overrides=winning)


def read_key(
    key: str, source: Path | Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None
) -> Any:
    """The value of a dotted `key`, or None, before anything is checked.

    For a key that decides which dataclass the rest belongs to.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not YAML.
    """
    content = _content(source)
    node = _merged(content, nested(overrides or {})) if isinstance(content, Mapping) else None
    for name in key.split("."):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def dump_config(config: Any) -> str:
    """The resolved configuration as YAML text that `load_config` turns into an equal object."""
    return write_yaml(as_plain(config))


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``training.epochs=3`` of a command line into a dotted key and its YAML value.

    Raises
    ------
    ConfigError
        If there is no ``=``, no key before it, or no YAML value behind it.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"cannot use {text!r} as a setting; expected KEY=VALUE")
    return key.strip(), parse_yaml(value, key.strip())


def nested(overrides: Mapping[Any, Any]) -> dict[Any, Any]:
    """``{"a.b": 1}`` as ``{"a": {"b": 1}}``; nested mappings stay as they are."""
    tree: dict[Any, Any] = {}
    for key, value in overrides.items():
        *parents, name = key.split(".") if isinstance(key, str) else (key,)
        branch = {name: nested(value) if isinstance(value, Mapping) else value}
        for parent in reversed(parents):
            branch = {parent: branch}
        tree = _merged(tree, branch)
    return tree


def _merged(base: Mapping[str, Any], winning: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in winning.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return merged


def as_plain(value: Any) -> Any:
    """`value` in the types that YAML has."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field for field in dataclasses.fields(value) if field.init)
        return {key_of(field): as_plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {key: as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _content(source: Path | Mapping[str, Any] | None) -> Any:
    """What the source holds; an empty file holds no keys."""
    content = source
    if isinstance(source, Path):
        content = parse_yaml(read_text(source, ConfigError), str(source))
    return {} if content is None else content
