"""Baselines that are not trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from triggernet.data.kinematics import mass
from triggernet.errors import DataError
from triggernet.learning.tasks.metrics import Metrics, measure
from triggernet.learning.training.features import check_jets

if TYPE_CHECKING:
    from triggernet.data import Jets


def mass_threshold(jets: Jets, threshold_gev: float) -> Metrics:
    """Judge a cut on the mass of the whole jet: signal above `threshold_gev`.

    The threshold decides the accuracy alone; AUC and rejection are those of the mass itself.

    Parameters
    ----------
    jets : Jets
    threshold_gev : float
        See `best_mass_threshold`.

    Raises
    ------
    DataError
        If the jets are unfit: see `features.check_jets` and `metrics.measure`.
    """
    check_jets(jets)
    return measure(mass(jets.jet) - threshold_gev, jets.label, n_parameters=1)


def best_mass_threshold(jets: Jets) -> float:
    """The cut on the jet mass, in GeV, that gets the most of `jets` right; for other jets.

    Raises
    ------
    DataError
        If the jets are unfit, or lack a class.
    """
    check_jets(jets)
    if not 0 < jets.label.sum() < len(jets):
        raise DataError(
            f"the jets hold {int(jets.label.sum())} signal among {len(jets)}; a threshold needs "
            "jets of both classes"
        )
    masses: NDArray[np.float64] = mass(jets.jet)
    order = np.argsort(masses)
    signal = jets.label[order] == 1
    # Right with a cut above the first k jets: background among those, signal among the others.
    right = np.r_[0, np.cumsum(~signal)] + np.r_[np.cumsum(signal[::-1])[::-1], 0]
    edges = np.r_[masses[order][:1], masses[order]]
    upper = np.r_[masses[order], masses[order][-1:]]
    best = int(right.argmax())
    return float((edges[best] + upper[best]) / 2)
