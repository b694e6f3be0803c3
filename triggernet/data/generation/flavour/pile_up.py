"""Tracks of other collisions: a library of inelastic ones, drawn from and turned at random."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import tracks
from triggernet.data.generation.event_record import view
from triggernet.data.generation.flavour.collisions import pile_up_settings
from triggernet.data.generation.flavour.config import FlavourConfig
from triggernet.data.generation.flavour.truth import CHARGED, truth_of
from triggernet.data.generation.pythia import start_pythia
from triggernet.data.kinematics import wrap

REACH_MM = 6.0  # in z sin theta; what lies further from the vertex is never selected


@dataclass(frozen=True)
class Library:
    """Charged particles of inelastic collisions, one collision after the other.

    Attributes
    ----------
    charged : array of dtype `CHARGED`
    start : int64 array (n + 1,)
        Collision k owns `charged[start[k]:start[k + 1]]`.
    """

    charged: NDArray[Any]
    start: NDArray[np.int64]


@lru_cache(maxsize=1)
def make_library(config: FlavourConfig, seed: int) -> Library:
    """Simulate the collisions of a library; without pile-up it is empty.

    The last one is kept: to start Pythia takes longer than the collisions.
    """
    if config.tracking.pile_up == 0:
        return Library(np.zeros(0, CHARGED), np.zeros(1, np.int64))
    pythia = start_pythia(pile_up_settings(config), seed)
    parts: list[NDArray[Any]] = []
    while len(parts) < config.tracking.pile_up_library:
        if pythia.next():
            parts.append(truth_of(view(pythia.event), 0).charged)
    sizes = [len(part) for part in parts]
    return Library(np.concatenate(parts), np.concatenate([[0], np.cumsum(sizes)]))


def draw(
    library: Library, config: FlavourConfig, n_events: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Charged particles of the other collisions of `n_events` events, near the primary vertex.

    Their places are relative to the primary vertex; their origin is pile-up.
    """
    tracking = config.tracking
    per_event = rng.poisson(tracking.pile_up, n_events)
    event = np.repeat(np.arange(n_events), per_event)
    if len(event) == 0 or len(library.start) < 2:
        return np.zeros(0, CHARGED)
    vertex = rng.normal(0, tracking.beam_spot_mm, n_events)
    z = rng.normal(0, tracking.beam_spot_mm, len(event)) - vertex[event]
    turn = rng.uniform(-np.pi, np.pi, len(event))
    chosen = rng.integers(len(library.start) - 1, size=len(event))
    sizes = np.diff(library.start)[chosen]
    collision = np.repeat(np.arange(len(event)), sizes)
    within = np.arange(len(collision)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    index = library.start[chosen][collision] + within
    near = np.abs(z[collision] + library.charged["place"][index, 2]) < REACH_MM * np.cosh(
        library.charged["eta"][index]
    )
    return _moved(library.charged[index[near]], event, z, turn, collision[near])


def _moved(
    charged: NDArray[Any],
    event: NDArray[np.int64],
    z: NDArray[np.float64],
    turn: NDArray[np.float64],
    collision: NDArray[np.int64],
) -> NDArray[Any]:
    """Particles (n,) of the collisions at `collision` (n,), turned and put in their places."""
    result = charged.copy()
    cos, sin = np.cos(turn[collision]), np.sin(turn[collision])
    x, y = charged["place"][:, 0], charged["place"][:, 1]
    result["place"][:, 0], result["place"][:, 1] = cos * x - sin * y, sin * x + cos * y
    result["place"][:, 2] += z[collision]
    result["phi"] = wrap(charged["phi"] + turn[collision])
    result["event"] = event[collision]
    result["origin"] = tracks.PILE_UP
    return result
