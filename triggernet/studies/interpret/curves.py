"""Messages against the mass of a pair, and what each feature of a particle is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.learning.models.pair_function import PairCurves
from triggernet.statistics import area_under_roc

Floats = NDArray[np.float64]
MASSES_GEV = np.geomspace(0.1, 300.0, 120)


@dataclass(frozen=True)
class CurveReading:
    """A model whose pair function is a set of curves.

    Attributes
    ----------
    names : tuple of str
    masses_gev : float64 array (n,)
    curves : float64 array (n, C)
        Shifted to a mean of 0 and scaled to a spread of 1, which the layers behind them undo.
    turning_gev : tuple of float
        Where each curve is steepest in the logarithm of the mass.
    auc : float
    lost : mapping of str to float
        By feature: AUC lost when the model is told its mean instead, the largest loss first.
    """

    names: tuple[str, ...]
    masses_gev: Floats
    curves: Floats
    turning_gev: tuple[float, ...]
    auc: float
    lost: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "masses_gev": self.masses_gev.tolist(),
            "curves": {name: self.curves[:, c].tolist() for c, name in enumerate(self.names)},
            "turning_gev": dict(zip(self.names, self.turning_gev, strict=True)),
            "auc": self.auc,
            "auc_lost_without": dict(self.lost),
        }


def read_curves(
    function: PairCurves, score: Callable[[Any], Floats], model: Any, label: NDArray[np.int64]
) -> CurveReading:
    """Read the curves of a model.

    Parameters
    ----------
    function : PairCurves
    score : callable (model)
        The scores (n,) of a float model on the jets.
    model : module
    label : int64 array (n,)
    """
    raw = function.curve(MASSES_GEV)  # (n, C)
    size = raw.std(0)
    alive = size > 0
    curves = (raw - raw.mean(0))[:, alive] / size[alive]  # (n, C')
    slope = np.abs(np.gradient(curves, np.log(MASSES_GEV), axis=0))
    auc = area_under_roc(score(model), label)
    lost = {
        name: auc - area_under_roc(score(function.without(name)), label)
        for name in function.features
    }
    ranked = dict(sorted(lost.items(), key=lambda item: -item[1]))
    names = tuple(name for name, lives in zip(function.names, alive, strict=True) if lives)
    turning = tuple(float(MASSES_GEV[k]) for k in slope.argmax(0))
    return CurveReading(names, MASSES_GEV, curves, turning, auc, ranked)
