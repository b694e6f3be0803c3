"""A score against variables of jets, class by class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.studies.interpret.observed import Observed

Floats = NDArray[np.float64]
N_BINS = 16
N_MASS_BINS = 50
FEWEST = 20  # jets of a class in a bin that is shown


@dataclass(frozen=True)
class Profile:
    """The mean score and its central 68 % in bins of one variable.

    Attributes
    ----------
    variable : str
    centre : mapping of str to tuple of float
        By class: mean of the variable in each bin with enough jets.
    mean, low, high : mappings of str to tuple of float
    at_fixed_mass : float
        The correlation of score and variable among jets of one class and nearly one mass.
    """

    variable: str
    centre: dict[str, tuple[float, ...]]
    mean: dict[str, tuple[float, ...]]
    low: dict[str, tuple[float, ...]]
    high: dict[str, tuple[float, ...]]
    at_fixed_mass: float

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    @property
    def peak(self) -> dict[str, float]:
        """Where the mean score of each class is highest."""
        return {
            name: self.centre[name][int(np.argmax(mean))]
            for name, mean in self.mean.items()
            if mean
        }


def profiles(score: Floats, observed: Observed, classes: tuple[str, ...]) -> tuple[Profile, ...]:
    """The score against every variable; `classes` are the names of labels 0 and 1."""
    ends = np.quantile(observed.mass_gev, np.linspace(0, 1, N_MASS_BINS + 1)[1:-1])
    alike = 2 * np.digitize(observed.mass_gev, ends) + observed.label  # (n,)
    return tuple(
        _profile(title, values, score, observed.label, classes, _correlation(values, score, alike))
        for title, values in observed.variables.items()
    )


def _correlation(first: Floats, second: Floats, group: NDArray[np.int64]) -> float:
    """The correlation of what is left of two variables without their means in each group."""
    _, index, size = np.unique(group, return_inverse=True, return_counts=True)
    left = [x - (np.bincount(index, x) / size)[index] for x in (first, second)]
    norm = float(np.sqrt((left[0] ** 2).sum() * (left[1] ** 2).sum()))
    return float((left[0] * left[1]).sum()) / norm if norm > 0 else 0.0


def _profile(
    title: str,
    values: Floats,
    score: Floats,
    label: NDArray[np.int64],
    classes: tuple[str, ...],
    at_fixed_mass: float,
) -> Profile:
    first, last = (float(end) for end in np.quantile(values, [0.005, 0.995]))
    edges = np.unique(np.linspace(first, last, N_BINS + 1))
    place = np.digitize(values, edges)
    profile = Profile(title, {}, {}, {}, {}, at_fixed_mass)
    for kind, name in enumerate(classes):
        bins = [(label == kind) & (place == k) for k in range(1, len(edges))]
        full = [inside for inside in bins if inside.sum() >= FEWEST]
        profile.centre[name] = tuple(float(values[inside].mean()) for inside in full)
        profile.mean[name] = tuple(float(score[inside].mean()) for inside in full)
        low, high = (
            tuple(float(np.quantile(score[inside], q)) for inside in full) for q in (0.16, 0.84)
        )
        profile.low[name], profile.high[name] = low, high
    return profile
