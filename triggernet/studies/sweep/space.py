"""The space of a study: which keys of a run's configuration vary, and between what."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from triggernet.errors import ConfigError
from triggernet.learning.models.registry import model_family
from triggernet.learning.training.config import keys_of_run
from triggernet.schema import as_type, shown

MODEL = "model.name"
Settings = dict[str, Any]


class Suggests(Protocol):
    """What Optuna's trials offer."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None, log: bool
    ) -> float:
        """A number."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of several."""


@dataclass(frozen=True)
class Dimension:
    """What a key may be: a number between two ends, or one of several values.

    Attributes
    ----------
    low, high : int or float, optional
        Ends of a range, both included; of whole numbers if neither has a decimal point.
    log : bool
        Small and large numbers are tried alike often, by their logarithm.
    step : int or float, optional
        Only `low` and whole steps above it.
    choices : tuple
        The values, of any kind that the key may have.
    when : mapping
        Keys of the space and the values, or lists of values, that they must have; otherwise this
        key is left out, and has its default.
    """

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    step: int | float | None = None
    choices: tuple[Any, ...] = ()
    when: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ranged = self.low is not None or self.high is not None
        if ranged == bool(self.choices):
            raise ConfigError("a range (low and high) or choices are needed, not both")
        if self.choices and (self.log or self.step is not None):
            raise ConfigError("log and step are of a range; leave them out beside choices")
        if len({json.dumps(each) for each in self.choices}) != len(self.choices):
            raise ConfigError(f"choices: found {list(self.choices)}; each may stand once")
        if ranged:
            self._check_range()

    def _check_range(self) -> None:
        if self.low is None or self.high is None or not self.low <= self.high:
            raise ConfigError(
                f"low {self.low}, high {self.high}: give both, the smaller one as low"
            )
        if self.log and self.low <= 0:
            raise ConfigError(f"log: true with low {self.low}; low must be above 0")
        if self.log and self.step is not None:
            raise ConfigError("log: true and step contradict each other; leave one of them out")
        if self.step is not None and self.step <= 0:
            raise ConfigError(f"step: found {self.step}; it must be above 0")
        if self.is_whole and type(self.step) is float:
            raise ConfigError(f"step {self.step} of whole numbers; give low and high as 1.0")

    @property
    def is_whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return type(self.low) is int and type(self.high) is int

    def applies(self, settings: Mapping[str, Any]) -> bool:
        """Whether the settings chosen so far are those of `when`."""
        return all(
            key in settings and settings[key] in _listed(values)
            for key, values in self.when.items()
        )

    def suggest(self, trial: Suggests, name: str) -> Any:
        """A value of it, as the sampler of a study has it."""
        if self.choices:
            texts = tuple(json.dumps(each) for each in self.choices)
            return self.choices[texts.index(trial.suggest_categorical(name, texts))]
        low, high = self._ends
        if self.is_whole:
            step = int(self.step or 1)
            return trial.suggest_int(name, int(low), int(high), step=step, log=self.log)
        return trial.suggest_float(name, low, high, step=self.step, log=self.log)

    def grid(self) -> Sequence[Any]:
        """All its values; ConfigError if they are not countable."""
        if self.choices:
            return self.choices
        low, high = self._ends
        if self.is_whole:
            return range(int(low), int(high) + 1, int(self.step or 1))
        if self.step is None:
            raise ConfigError("a grid needs choices, whole numbers, or a step")
        count = int((high - low) / self.step + 1e-9) + 1
        return [low + k * self.step for k in range(count)]

    @property
    def _ends(self) -> tuple[float, float]:
        assert self.low is not None
        assert self.high is not None
        return float(self.low), float(self.high)

    def stored(self, value: Any) -> Any:
        """How the storage of a study keeps a value of it."""
        return json.dumps(value) if self.choices else value


@dataclass(frozen=True)
class SpaceAxis:
    """A key with one of its dimensions; `name` tells it apart from others of the same key."""

    key: str
    name: str
    dimension: Dimension


@dataclass(frozen=True)
class Space:
    """All that varies in a study: axes, each behind those that it depends on."""

    axes: tuple[SpaceAxis, ...]

    def suggest(self, trial: Suggests) -> Settings:
        """One point of it: values by the keys of a run's configuration."""
        settings: Settings = {}
        for axis in self.axes:
            if axis.dimension.applies(settings):
                settings[axis.key] = axis.dimension.suggest(trial, axis.name)
        return settings

    def cells(self) -> Iterator[dict[str, Any]]:
        """All points of a grid, as the storage of a study keeps them, by the names of axes."""
        yield from self._cells(0, {}, {})

    def _cells(self, k: int, settings: Settings, stored: Settings) -> Iterator[Settings]:
        if k == len(self.axes):
            yield stored
            return
        axis = self.axes[k]
        if not axis.dimension.applies(settings):
            yield from self._cells(k + 1, settings, stored)
            return
        try:
            values = axis.dimension.grid()
        except ConfigError as error:
            raise ConfigError(f"space.{axis.key}: {error}") from error
        for value in values:
            more = {axis.name: axis.dimension.stored(value)}
            yield from self._cells(k + 1, settings | {axis.key: value}, stored | more)


def read_space(given: Mapping[str, Any]) -> Space:
    """The space of a study's file.

    Parameters
    ----------
    given : mapping
        By dotted key a dimension, or a list of dimensions of which one applies at a time.

    Raises
    ------
    ConfigError
        If it is empty, a dimension contradicts itself, or depends on what is not there.
    """
    if not given:
        raise ConfigError("space: it is empty; give at least one key of a run's configuration")
    axes: list[SpaceAxis] = []
    for key, value in given.items():
        several = isinstance(value, (list, tuple))
        for each in value if several else [value]:
            dimension = as_type(Dimension, each, f"space.{key}")
            name = _name(key, dimension) if several else key
            axes.append(SpaceAxis(key, name, dimension))
    for axis in axes:
        _check_condition(axis, axes)
    return Space(tuple(_in_order(axes)))


def _name(key: str, dimension: Dimension) -> str:
    conditions = (f"{k} {_plain(v)}" for k, v in dimension.when.items())
    return f"{key} ({', '.join(conditions)})"


def _plain(values: Any) -> str:
    return "/".join(str(each) for each in _listed(values))


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _check_condition(axis: SpaceAxis, axes: Sequence[SpaceAxis]) -> None:
    keys = list(dict.fromkeys(each.key for each in axes))
    for key, values in axis.dimension.when.items():
        where = f"space.{axis.key}: when {key}"
        if key not in keys:
            raise ConfigError(f"{where}: no such key in the space; {nearest(key, keys)}")
        known = [v for each in axes if each.key == key for v in each.dimension.choices]
        strange = [v for v in _listed(values) if known and v not in known]
        if strange:
            raise ConfigError(f"{where}: found {shown(strange[0])}; it can be {known}")


def _in_order(axes: Sequence[SpaceAxis]) -> Iterator[SpaceAxis]:
    """Each axis behind those of the keys that it depends on."""
    left = list(axes)
    while left:
        waiting = {axis.key for axis in left}
        ready = [axis for axis in left if not waiting & axis.dimension.when.keys()]
        if not ready:
            raise ConfigError(f"space: {', '.join(sorted(waiting))} depend on one another")
        yield from ready
        left = [axis for axis in left if axis not in ready]


def check_keys(space: Space, run: Mapping[str, Any], families: Sequence[str]) -> None:
    """Refuse keys that no configuration of a run has, or that the study itself fixes.

    Parameters
    ----------
    space : Space
    run : mapping
        What all trials have in common, by dotted keys.
    families : sequence of str
        Models that the trials may be of.

    Raises
    ------
    ConfigError
        Naming the key, and the nearest one there is.
    """
    known = {name: keys_of_run(model_family(name).name) for name in families}
    for axis in space.axes:
        if axis.key in run:
            raise ConfigError(
                f"space.{axis.key}: run.{axis.key} is {shown(run[axis.key])} for all trials, and "
                "the space varies it; leave one of them out"
            )
        allowed = axis.dimension.when.get(MODEL, list(families))
        for name in _listed(allowed):
            if axis.key != MODEL and axis.key not in known[name]:
                hint = nearest(axis.key, known[name])
                only = f"; or give it `when: {{{MODEL}: ...}}`" if len(families) > 1 else ""
                raise ConfigError(f"space.{axis.key}: model {name!r} has no such key; {hint}{only}")


def nearest(key: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown key."""
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
