"""Which of the found jets are kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.generation.clustering import FoundJets
from triggernet.data.generation.config import SelectionConfig
from triggernet.data.generation.pythia import Resonances


def select(jets: FoundJets, config: SelectionConfig) -> NDArray[np.int64]:
    """Indices of the jets inside the window, in order."""
    pt = kinematics.transverse_momentum(jets.p)
    kept = (pt > config.pt_min_gev) & (pt < config.pt_max_gev)
    kept &= np.abs(kinematics.pseudorapidity(jets.p)) < config.abs_eta_max
    if config.jets == "leading":
        kept &= np.diff(jets.event, prepend=-1) > 0
    return np.flatnonzero(kept)


def match(
    jets: FoundJets, index: NDArray[np.int64], resonances: Resonances, radius: float
) -> NDArray[np.int64]:
    """Resonance that each jet holds, (k,), or -1.

    A jet holds a resonance if it and all partons of its decay lie within `radius` of the jet axis,
    in pseudorapidity and azimuth. Of two, the nearer one.
    """
    if len(resonances.event) == 0 or len(index) == 0:
        return np.full(len(index), -1, np.int64)
    axis = jets.p[index]
    distance = kinematics.delta_r(axis[:, None], resonances.p[None])  # (k, r)
    partons = kinematics.delta_r(axis[:, None, None], resonances.decay[None])  # (k, r, d)
    holds = (jets.event[index][:, None] == resonances.event[None]) & (distance < radius)
    holds &= (partons < radius).all(axis=-1)
    nearest = np.argmin(np.where(holds, distance, np.inf), axis=1)
    return np.where(holds.any(axis=1), nearest, -1).astype(np.int64)
