"""Good starting points for tiny models: random channels, chosen one after the other.

With the first layer fixed, the model is a logistic regression on two sums a channel. So a pool of
random channels is scored cheaply, and the one that helps most next to those already chosen is
kept: orthogonal matching pursuit (Pati, Rezaiifar, Krishnaprasad 1993) with the logistic loss.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEWTON_STEPS = 8
# Of the standardised features: keeps collinear ones from running away, changes nothing else.
_RIDGE = 1e-3


def choose_channels(features: Floats, label: Floats, n_channels: int) -> tuple[list[int], Floats]:
    """Choose channels greedily by the logistic loss.

    Parameters
    ----------
    features : float64 array (n, pool, 2)
        What the second layer sees of each channel of the pool.
    label : float64 array (n,)
    n_channels : int

    Returns
    -------
    chosen : list of int
    weights : float64 array (2 * n_channels + 1,)
        Of the chosen features, channel by channel, then the constant.
    """
    spread = features.std(0)
    features = features / np.where(spread > 0, spread, 1.0)
    chosen: list[int] = []
    weights = np.zeros(1)
    for _ in range(n_channels):
        fits = [
            (*logistic_fit(_design(features, [*chosen, c]), label), c)
            for c in range(features.shape[1])
            if c not in chosen and spread[c].max() > 0
        ]
        _, weights, best = min(fits, key=lambda fit: fit[0])
        chosen.append(best)
    flat = spread[chosen].ravel()
    return chosen, np.r_[weights[:-1] / np.where(flat > 0, flat, 1.0), weights[-1]]


def logistic_fit(design: Floats, label: Floats) -> tuple[float, Floats]:
    """Penalised logistic regression by Newton's method: loss and weights.

    Parameters
    ----------
    design : float64 array (n, F)
        The last column is the constant, which is not penalised.
    label : float64 array (n,)
    """
    weights = np.zeros(design.shape[1])
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[-1] = 1e-9
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (p - label) / len(label) + penalty * weights
        curvature = (design * (p * (1 - p))[:, None]).T @ design / len(label) + np.diag(penalty)
        weights = weights - np.linalg.solve(curvature, slope)
    z = design @ weights
    return float(np.mean(np.logaddexp(0, z) - label * z)), weights


def _design(features: Floats, chosen: list[int]) -> Floats:
    flat = features[:, chosen].reshape(len(features), -1)
    return np.column_stack([flat, np.ones(len(features))])
