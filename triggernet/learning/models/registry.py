"""The families of models by name: those of triggernet, and those that other packages bring.

A package announces a family by an entry point of the group ``triggernet.models``, whose name is
that of the family and whose value is a module with a `FAMILY`, or the family itself:

    [project.entry-points."triggernet.models"]
    linearsum = "own_family.family"
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from triggernet.errors import ConfigError, ModelError
from triggernet.learning.models.family import ModelFamily

GROUP = "triggernet.models"
OWN: Mapping[str, str] = MappingProxyType(
    {
        name: f"{__package__}.{name}.family"
        for name in (
            "nanopelican",
            "deepsets",
            "jedilinear",
            "semiequivariant",
            "pairnet",
            "lorentznet",
            "mlp",
            "efp",
            "lundnet",
            "particlenet",
            "gn2",
            "dips",
        )
    }
)


def model_family(name: str) -> ModelFamily:
    """The family `name`.

    Raises
    ------
    ConfigError
        For an unknown name, with the nearest known one.
    ModelError
        If the package that brings it cannot be loaded, or brings something else.
    """
    if name in OWN:
        family: ModelFamily = import_module(OWN[name]).FAMILY
        return family
    if name in _others():
        return _loaded(_others()[name])
    close = difflib.get_close_matches(name, model_names(), n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(model_names())}"
    raise ConfigError(f"unknown model {name!r}; {hint}")


def summaries() -> Mapping[str, str]:
    """What each family of triggernet's own is, in a few words, by its name."""
    return {name: model_family(name).summary for name in OWN}


def model_names() -> tuple[str, ...]:
    """All models that can be trained, those of other packages last."""
    return (*OWN, *(name for name in sorted(_others()) if name not in OWN))


def guests() -> frozenset[str]:
    """Names of the packages that bring families of their own."""
    return frozenset(
        point.value.partition(":")[0].partition(".")[0] for point in _others().values()
    )


@cache
def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> ModelFamily:
    try:
        loaded = point.load()
    except Exception as error:
        raise ModelError(
            f"model {point.name!r} comes from {point.value}, which cannot be loaded: {error}"
        ) from error
    family = getattr(loaded, "FAMILY", loaded)
    if not isinstance(family, ModelFamily) or family.name != point.name:
        raise ModelError(
            f"the entry point {point.name!r} of {GROUP} gives {family!r:.80}; expected a "
            f"ModelFamily named {point.name!r}, or a module whose FAMILY is one"
        )
    return family
