"""YAML into frozen dataclasses and back, with nothing guessed.

The dataclass is the schema: its field names are the keys, its annotations the allowed types, its
defaults the defaults. Understood are ``bool``, ``int``, ``float``, ``str``, ``Path``, ``Literal``,
unions (``X | None``), ``tuple[X, ...]``, ``tuple[X, Y]``, ``Mapping[str, X]`` and nested
dataclasses. A dataclass may raise `ConfigError` in ``__post_init__`` for values that contradict
each other; the file and the dotted path are put in front of its message.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from triggernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    winning = _nested(overrides or {})
    if isinstance(content, Mapping):
        content = _merged(_merged(_nested(defaults or {}), content), winning)
    built: ConfigT = _Reader(where, winning).dataclass_from(cls, content, ())
    return built


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
    node = _merged(content, _nested(overrides or {})) if isinstance(content, Mapping) else None
    for name in key.split("."):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def dump_config(config: Any) -> str:
    """The resolved configuration as YAML text that `load_config` turns into an equal object."""
    return yaml.dump(
        _plain(config),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=100,
    )


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
    return key.strip(), _parse_yaml(value, key.strip())


@dataclass(frozen=True)
class _Reader:
    """Turns plain values into annotated types; knows where they came from for its messages."""

    where: str
    overrides: Mapping[str, Any]

    def fail(self, path: tuple[str, ...], message: str) -> ConfigError:
        """The error for the value at `path`, with its file and dotted name in front."""
        where = "command line" if _reaches(self.overrides, path) else self.where
        return ConfigError(": ".join(part for part in (where, ".".join(path), message) if part))

    def dataclass_from(self, cls: Any, value: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expected keys and values, found {_shown(value)}")
        fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
        for key in value:
            if key not in fields:
                raise self.fail((*path, str(key)), f"unknown key; {_nearest(str(key), fields)}")
        hints = get_type_hints(cls)
        given = {
            name: self.value_from(hints[name], value[name], (*path, name))
            for name in fields
            if name in value
        }
        missing = [name for name in fields if name not in given and _is_required(fields[name])]
        if missing:
            raise self.fail((*path, missing[0]), "this key is missing and has no default")
        try:
            return cls(**given)
        except ConfigError as error:
            raise self.fail(path, str(error)) from error

    def value_from(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:
        """`value` as type `kind`, or a ConfigError that names `path`."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self.union_from(get_args(kind), value, path)
        if origin is Literal:
            return self.literal_from(get_args(kind), value, path)
        if origin is tuple:
            return self.tuple_from(get_args(kind), value, path)
        if origin is not None and issubclass(origin, Mapping):
            return self.mapping_from(get_args(kind)[1], value, path)
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            return value if isinstance(value, kind) else self.dataclass_from(kind, value, path)
        convert = _SCALARS.get(kind)
        if convert is None:
            raise TypeError(f"{'.'.join(path)}: a config field cannot be of type {kind}")
        found = convert(value)
        if found is None and kind is not type(None):
            raise self.fail(path, f"expected {_named(kind)}, found {_shown(value)}")
        return found

    def union_from(self, kinds: Sequence[Any], value: Any, path: tuple[str, ...]) -> Any:
        if value is None and type(None) in kinds:
            return None
        kinds = [kind for kind in kinds if kind is not type(None)]
        if len(kinds) == 1:
            return self.value_from(kinds[0], value, path)
        # The exact type first: an int must stay one in `float | int`.
        for kind in sorted(kinds, key=lambda kind: kind is not type(value)):
            try:
                return self.value_from(kind, value, path)
            except ConfigError:
                continue
        allowed = " or ".join(_named(kind) for kind in kinds)
        raise self.fail(path, f"expected {allowed}, found {_shown(value)}")

    def literal_from(self, allowed: Sequence[Any], value: Any, path: tuple[str, ...]) -> Any:
        for choice in allowed:
            if choice == value and type(choice) is type(value):
                return choice
        listed = ", ".join(map(str, allowed))
        raise self.fail(path, f"expected one of {listed}; found {_shown(value)}")

    def tuple_from(self, kinds: Sequence[Any], value: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(value, (list, tuple)):
            raise self.fail(path, f"expected a list, found {_shown(value)}")
        if kinds[-1] is Ellipsis:
            kinds = [kinds[0]] * len(value)
        if len(kinds) != len(value):
            raise self.fail(path, f"expected a list of {len(kinds)}, found {_shown(value)}")
        return tuple(
            self.value_from(kind, item, (*path, str(i)))
            for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
        )

    def mapping_from(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expected keys and values, found {_shown(value)}")
        for key in value:
            if not isinstance(key, str):
                raise self.fail(path, f"expected a text as key, found {_shown(key)}; quote it")
        return {key: self.value_from(kind, item, (*path, key)) for key, item in value.items()}


def _float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an int beyond the range of a double
        return None


_SCALARS: Mapping[Any, Callable[[Any], Any]] = {
    bool: lambda value: value if isinstance(value, bool) else None,
    int: lambda value: value if isinstance(value, int) and not isinstance(value, bool) else None,
    float: _float,
    str: lambda value: value if isinstance(value, str) else None,
    Path: lambda value: Path(value) if isinstance(value, (str, Path)) else None,
}

_NAMES = {bool: "true or false", int: "an integer", float: "a finite number", str: "a text"}


def _named(kind: Any) -> str:
    """How a message calls a type."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if get_origin(kind) is tuple:
        return "a list"
    if dataclasses.is_dataclass(kind) or get_origin(kind) is not None:
        return "keys and values"
    return _NAMES.get(kind, "a path")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing (null)"
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known) or 'none'}"


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _reaches(tree: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether `tree` holds a value at `path` or one that contains it."""
    node: Any = tree
    for name in path:
        if not isinstance(node, Mapping):
            return True
        if name not in node:
            return False
        node = node[name]
    return bool(path) and not isinstance(node, Mapping)


def _nested(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """``{"a.b": 1}`` as ``{"a": {"b": 1}}``; nested mappings stay as they are."""
    tree: dict[str, Any] = {}
    for key, value in overrides.items():
        *parents, name = key.split(".")
        branch = {name: _nested(value) if isinstance(value, Mapping) else value}
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


def _plain(value: Any) -> Any:
    """`value` in the types that YAML has."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.init)
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _content(source: Path | Mapping[str, Any] | None) -> Any:
    """What the source holds; an empty file holds no keys."""
    content = _read_yaml(source) if isinstance(source, Path) else source
    return {} if content is None else content


def _read_yaml(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the config {path} is not UTF-8 text: {error}") from error
    return _parse_yaml(text, str(path))


def _parse_yaml(text: str, where: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{where}{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {error}") from error


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """By first character, which plain scalars are no text: YAML 1.2 core schema, section 10.3.2."""
    number = r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0b[01]+", "-+0123456789"),
        ("float", number + r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+.0123456789"),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ):
        for char in first:
            entry = (f"tag:yaml.org,2002:{name}", re.compile(rf"^(?:{pattern})$"))
            table.setdefault(char, []).append(entry)
    return table


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of version 1.2: 1e-3 is a number, `no` is a text."""

    yaml_implicit_resolvers = _resolvers()  # replaces the table of YAML 1.1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            keys = [str(key.value) for key, _ in node.value]
            doubled = next(key for key in keys if keys.count(key) > 1)
            raise yaml.MarkedYAMLError(
                problem=f"the key {doubled!r} is given twice", problem_mark=node.start_mark
            )
        return mapping


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads: quotes every text that it would take for something else."""

    yaml_implicit_resolvers = _resolvers()

    def represent_mapping(
        self, tag: str, mapping: Any, flow_style: bool | None = None
    ) -> yaml.MappingNode:
        """One key a line, also in the innermost mapping; lists of scalars stay on one line."""
        del flow_style
        return super().represent_mapping(tag, mapping, flow_style=False)
