"""A small file of jets with tracks, generated once a session."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from triggernet.data.generation.flavour.config import FlavourConfig, TrackingConfig
from triggernet.data.generation.flavour.sample import MAKER
from triggernet.data.generation.sample import generate

SMALL = FlavourConfig(
    multiple_interactions=False, chunk_jets=300, tracking=TrackingConfig(pile_up_library=20)
)


@cache
def generated() -> Path:
    """1200 jets with weights; other tests only read it."""
    path = Path(mkdtemp()) / "jets.h5"
    generate(replace(SMALL, resampling="weights"), 1200, path, seed=3, given=MAKER)
    return path
