"""Kinds of samples: jets of constituents, and jets with tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triggernet.data.generation.config import GenerationConfig, processes_of_jets
from triggernet.data.generation.flavour.config import FlavourConfig

if TYPE_CHECKING:
    from triggernet.data.generation.sample import Maker

FLAVOUR = "flavour"


def processes() -> tuple[str, ...]:
    """What can be generated."""
    return (*processes_of_jets(), FLAVOUR)


def config_of(process: str) -> type[Any]:
    """The type of the configuration of a process, known or not."""
    return FlavourConfig if process == FLAVOUR else GenerationConfig


def maker_of(process: str) -> Maker:
    """How samples of a process are made."""
    from triggernet.data.generation import sample

    if process == FLAVOUR:
        from triggernet.data.generation.flavour.sample import MAKER

        return MAKER
    return sample.maker()
