"""Which settings matter: importance by a random forest, and linear correlation.

As the tool that the poster used (Weights & Biases, parameter importance): a forest is fitted to the
settings of the trials to predict a measure, and the impurity that splits on a setting take away is
its importance. Choices are one-hot, and the columns of one setting are added up. Beside it stands
the out-of-bag R^2 of the forest (Breiman 2001): the importance that a forest without skill gives
means nothing. Errors are standard deviations over bootstrap samples of the trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.extras import load
from triggernet.studies.sweep.space import Dimension
from triggernet.studies.sweep.trials import Trial

Floats = NDArray[np.float64]
PURPOSE = "to say which settings matter"
TREES = 200
SAMPLES = 30  # of the bootstrap
FEWEST_TRIALS = 20


@dataclass(frozen=True)
class Estimated:
    """A number with its bootstrap error."""

    value: float
    error: float


@dataclass(frozen=True)
class Influence:
    """How the settings of trials go with one of their measures.

    Attributes
    ----------
    measure : str
    n_trials : int
    r2 : float
        Out of bag, of the forest; up to 1.
    importance : mapping of str to Estimated
        By setting, falling; they add up to 1.
    correlation : mapping of str to Estimated
        Pearson's, of numeric settings alone, where they apply.
    """

    measure: str
    n_trials: int
    r2: float
    importance: Mapping[str, Estimated]
    correlation: Mapping[str, Estimated]


def influence(
    trials: Sequence[Trial], dimensions: Mapping[str, Dimension], measure: str, seed: int = 0
) -> Influence | None:
    """Importance and correlation of settings for a measure of completed trials.

    None where fewer than `FEWEST_TRIALS` of them know the measure, or it is the same in all.

    Parameters
    ----------
    trials : sequence of Trial
    dimensions : mapping of str to Dimension
        By setting; of a setting with several ranges any of them.
    measure : str
    seed : int
        Of forests and bootstrap.

    Raises
    ------
    MissingPackageError
        If scikit-learn is not installed.
    """
    known = [t for t in trials if t.state == "complete" and t.measured.get(measure) is not None]
    wanted = np.array([trial.value(measure) for trial in known])
    if len(known) < FEWEST_TRIALS or np.ptp(wanted) == 0:
        return None
    table = _Table.of(known, dimensions)
    forest = _forest(table.columns, wanted, TREES, seed)
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, len(known), len(known)) for _ in range(SAMPLES)]
    importances = [
        table.summed(_forest(table.columns[pick], wanted[pick], TREES // 4, seed).importances)
        for pick in picks
    ]
    central = table.summed(forest.importances)
    order = sorted(central, key=lambda key: -central[key])
    importance = {
        key: Estimated(central[key], float(np.std([each[key] for each in importances], ddof=1)))
        for key in order
    }
    correlation = {
        key: _correlation(column, wanted, picks) for key, column in table.numeric.items()
    }
    return Influence(measure, len(known), forest.r2, importance, correlation)


@dataclass(frozen=True)
class _Forest:
    importances: Floats
    r2: float


def _forest(columns: Floats, wanted: Floats, trees: int, seed: int) -> _Forest:
    load("sklearn", PURPOSE)
    import warnings

    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(trees, oob_score=True, random_state=seed, n_jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of trials that are in every bag
        forest.fit(columns, wanted)
    return _Forest(np.asarray(forest.feature_importances_), float(forest.oob_score_))


@dataclass(frozen=True)
class _Table:
    """Settings of trials as numbers.

    Attributes
    ----------
    columns : float64 array (n, F)
    owner : list of str
        The setting of each column.
    numeric : dict of str to float64 array (n,)
        NaN where a setting does not apply.
    """

    columns: Floats
    owner: list[str]
    numeric: dict[str, Floats]

    @classmethod
    def of(cls, trials: Sequence[Trial], dimensions: Mapping[str, Dimension]) -> _Table:
        columns: list[Floats] = []
        owner: list[str] = []
        numeric: dict[str, Floats] = {}
        for key, dimension in dimensions.items():
            values = [trial.settings.get(key) for trial in trials]
            if dimension.choices:
                made = _one_hot(values)
            else:
                numeric[key] = np.array([np.nan if v is None else float(v) for v in values])
                # Left out is a value of its own, below all others.
                low = float(dimension.low or 0) - 1
                made = [np.where(np.isnan(numeric[key]), low, numeric[key])]
            columns += made
            owner += [key] * len(made)
        return cls(np.stack(columns, axis=1), owner, numeric)

    def summed(self, importances: Floats) -> dict[str, float]:
        """Importances of columns (F,) by setting."""
        total = dict.fromkeys(self.owner, 0.0)
        for key, value in zip(self.owner, importances, strict=True):
            total[key] += float(value)
        return total


def _one_hot(column: Sequence[Any]) -> list[Floats]:
    """A column for each value that occurs."""
    values = list(dict.fromkeys(map(str, column)))
    return [np.array([float(str(v) == value) for v in column]) for value in values]


def _correlation(column: Floats, wanted: Floats, picks: Sequence[NDArray[np.int64]]) -> Estimated:
    """Pearson's correlation where the setting applies, and its bootstrap error."""
    correlations = [pearson(column[pick], wanted[pick]) for pick in picks]
    return Estimated(pearson(column, wanted), float(np.std(correlations, ddof=1)))


def pearson(column: Floats, wanted: Floats) -> float:
    """Pearson's correlation of two columns (n,), NaN left out; 0 where it is not defined.

    Parameters
    ----------
    column, wanted : float64 arrays (n,)
    """
    there = ~np.isnan(column)
    if there.sum() < 2:
        return 0.0
    x, y = column[there] - column[there].mean(), wanted[there] - wanted[there].mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / size) if size > 0 else 0.0
