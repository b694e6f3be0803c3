"""Plain values (of YAML, JSON, attributes) into frozen dataclasses, with nothing guessed.

The dataclass is the schema: its field names are the keys, its annotations the allowed types, its
defaults the defaults. Understood are ``bool``, ``int``, ``float``, ``str``, ``Path``, ``Literal``,
unions (``X | None``), ``tuple[X, ...]``, ``tuple[X, Y]``, ``Mapping[str, X]``, nested dataclasses,
``Any``, and ``Annotated[X, Within(low, high)]`` for bounds. A dataclass may raise an error of
triggernet in ``__post_init__`` for values that contradict each other; the file and the dotted path
are put in front of its message.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from triggernet.documents import read_json
from triggernet.errors import ConfigError, DataError, TriggernetError, in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BuiltT = TypeVar("BuiltT")

VERSION = "format_version"  # the key by which a file states the version of its layout


@dataclass(frozen=True)
class Within:
    """Bounds of a number, or of how many characters or items there are; both are allowed."""

    low: float
    high: float

    def refusal(self, value: Any) -> str:
        """What is wrong with `value`; empty if nothing is."""
        if isinstance(value, Sized):
            size, unit = len(value), "characters" if isinstance(value, str) else "items"
            wrong = "" if self.low <= size <= self.high else f"{size} {unit}"
        else:
            wrong = "" if self.low <= value <= self.high else shown(value)
        return wrong and f"found {wrong}; allowed are {self.low} to {self.high}"


def as_type(
    cls: type[BuiltT],
    value: Any,
    where: str = "",
    *,
    error: type[TriggernetError] = ConfigError,
    advice: str = "",
    overrides: Mapping[str, Any] | None = None,
) -> BuiltT:
    """Build the dataclass `cls` from plain values, and check every key and value.

    Parameters
    ----------
    cls : type
        A dataclass.
    value
        What a file or text held.
    where : str
        How messages name it.
    error : type
        What is raised.
    advice : str
        What to do about a wrong value, for the end of the message.
    overrides : mapping, optional
        Those of the values that came from the command line, nested: messages say so.

    Returns
    -------
    BuiltT
        Its values have exactly the annotated types: an int given for a float becomes one, a list
        given for a tuple becomes one.

    Raises
    ------
    error
        If a key is unknown (with the nearest known one) or missing, if a value is of another type,
        out of bounds, not among the listed ones, or not finite, or if `cls` itself refuses it.
    """
    built: BuiltT = _Reader(where, overrides or {}, error, advice).dataclass_from(cls, value, ())
    return built


def load_json(
    cls: type[BuiltT], path: Path, *, error: type[TriggernetError] = DataError, advice: str = ""
) -> BuiltT:
    """Build the dataclass `cls` from a JSON file; `error` in one line if the file does not fit."""
    return as_type(cls, read_json(path, error), str(path), error=error, advice=advice)


def refuse_newer(
    content: Any, newest: int, where: str, error: type[TriggernetError] = DataError
) -> None:
    """Refuse content whose ``format_version`` is not among those that this triggernet reads.

    Files written before they had the number are of version 1.

    Raises
    ------
    error
        Saying which versions are read.
    """
    version = content.get(VERSION, 1) if isinstance(content, Mapping) else 1
    if type(version) is not int or not 1 <= version <= newest:
        known = "version 1" if newest == 1 else f"versions 1 to {newest}"
        raise error(
            f"{where} has the {VERSION} {shown(version)}; this triggernet reads {known}; install "
            "the triggernet that wrote the file, or make the file again"
        )


def key_of(field: dataclasses.Field[Any]) -> str:
    """The key of a dataclass field in files: its name; ``from_`` is ``from``, a word of Python."""
    return field.name.removesuffix("_")


@dataclass(frozen=True)
class _Reader:
    """Turns plain values into annotated types; knows where they came from for its messages."""

    where: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    error: type[TriggernetError] = ConfigError
    advice: str = ""

    def fail(self, path: tuple[str, ...], message: str) -> TriggernetError:
        """The error for the value at `path`, with its file and dotted name in front."""
        where = "command line" if _reaches(self.overrides, path) else self.where
        dotted = in_one_line(".".join(path)) if path else ""
        text = ": ".join(part for part in (where, dotted, message) if part)
        return self.error(f"{text}; {self.advice}" if self.advice else text)

    def dataclass_from(self, cls: Any, value: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expected keys and values, found {shown(value)}")
        fields = {key_of(field): field for field in dataclasses.fields(cls) if field.init}
        for key in value:
            if key not in fields:
                raise self.fail((*path, str(key)), f"unknown key; {_nearest(str(key), fields)}")
        hints = get_type_hints(cls, include_extras=True)
        given = {
            name: self.value_from(hints[fields[name].name], value[name], (*path, name))
            for name in fields
            if name in value
        }
        missing = [name for name in fields if name not in given and _is_required(fields[name])]
        if missing:
            raise self.fail((*path, missing[0]), "this key is missing and has no default")
        try:
            return cls(**{fields[key].name: each for key, each in given.items()})
        except TriggernetError as error:
            # What a class says of one of its own keys is said of that key.
            key, colon, rest = str(error).partition(": ")
            if colon and key in fields:
                raise self.fail((*path, key), rest) from error
            raise self.fail(path, str(error)) from error

    def value_from(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:  # noqa: PLR0911 - a flat match
        """`value` as type `kind`, or an error that names `path`."""
        origin = get_origin(kind)
        if kind is Any:
            return value
        if origin is Annotated:
            return self.bounded_from(kind, value, path)
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
        converted = convert(value)
        if converted is None and kind is not type(None):
            raise self.fail(path, f"expected {_named(kind)}, found {shown(value)}")
        return converted

    def bounded_from(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:
        inner, *bounds = get_args(kind)
        converted = self.value_from(inner, value, path)
        for bound in bounds:
            refusal = bound.refusal(converted) if isinstance(bound, Within) else ""
            if refusal:
                raise self.fail(path, refusal)
        return converted

    def union_from(self, kinds: Sequence[Any], value: Any, path: tuple[str, ...]) -> Any:
        if value is None and type(None) in kinds:
            return None
        kinds = [kind for kind in kinds if kind is not type(None)]
        # The exact type first: an int must stay one in `float | int`.
        exact = [kind for kind in kinds if _is_of(value, kind)]
        if len(kinds) == 1 or exact:
            return self.value_from((exact or kinds)[0], value, path)
        for kind in kinds:
            try:
                return self.value_from(kind, value, path)
            except self.error:
                continue
        allowed = " or ".join(_named(kind) for kind in kinds)
        raise self.fail(path, f"expected {allowed}, found {shown(value)}")

    def literal_from(self, allowed: Sequence[Any], value: Any, path: tuple[str, ...]) -> Any:
        for choice in allowed:
            if choice == value and type(choice) is type(value):
                return choice
        listed = ", ".join(map(str, allowed))
        raise self.fail(path, f"expected one of {listed}; found {shown(value)}")

    def tuple_from(self, kinds: Sequence[Any], value: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(value, (list, tuple)):
            raise self.fail(path, f"expected a list, found {shown(value)}")
        if kinds[-1] is Ellipsis:
            kinds = [kinds[0]] * len(value)
        if len(kinds) != len(value):
            raise self.fail(path, f"expected a list of {len(kinds)}, found {shown(value)}")
        return tuple(
            self.value_from(kind, item, (*path, str(i)))
            for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
        )

    def mapping_from(self, kind: Any, value: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(value, Mapping):
            raise self.fail(path, f"expected keys and values, found {shown(value)}")
        for key in value:
            if not isinstance(key, str):
                raise self.fail(path, f"expected a text as key, found {shown(key)}; quote it")
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


def _plain_kind(kind: Any) -> Any:
    """An annotated type without its bounds."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _is_of(value: Any, kind: Any) -> bool:
    """Whether `value` is of exactly this type; a list is a tuple."""
    kind = _plain_kind(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, (list, tuple))
    return kind is type(value)


def _named(kind: Any) -> str:
    """How a message calls a type."""
    kind = _plain_kind(kind)
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if get_origin(kind) is tuple:
        return "a list"
    if dataclasses.is_dataclass(kind) or get_origin(kind) is not None:
        return "keys and values"
    return _NAMES.get(kind, "a path")


def shown(value: Any) -> str:
    """A value and its type, as messages show what was found."""
    if value is None:
        return "nothing (null)"
    text = _digits(value) if isinstance(value, int) else repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _digits(value: int) -> str:
    """An integer in digits; Python itself writes no more than 4300 of them."""
    return repr(value) if value.bit_length() <= 1 << 12 else f"{hex(value)[:57]}..."


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key[:60], known, n=1, cutoff=0.5)
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
