"""Distributions of jets that physicists look at first, and how far two samples agree in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import Jets
from triggernet.errors import DataError
from triggernet.statistics import roc_area

Floats = NDArray[np.float64]

TOP_MASS_WINDOW_GEV = (140.0, 210.0)
RESAMPLED = 200


def observables(jets: Jets) -> dict[str, Floats]:
    """One number a jet, (n,) each.

    "multiplicity": constituents of the whole jet; "mass" and "pt" of the whole jet in GeV;
    "leading fraction": pT of the leading constituent over the jet's.
    """
    pt = kinematics.transverse_momentum(jets.jet)
    leading = kinematics.transverse_momentum(jets.constituents[:, 0])
    return {
        "multiplicity": jets.multiplicity.astype(np.float64),
        "mass": kinematics.mass(jets.jet),
        "pt": pt,
        "leading fraction": leading / np.where(pt > 0, pt, 1.0),
    }


@dataclass(frozen=True)
class TwoSample:
    """One observable of one class in two samples.

    Attributes
    ----------
    name, observable : str
        Class and observable.
    mean, other_mean : float
    error : float
        Standard error of the difference of the means.
    distance : float
        Kolmogorov-Smirnov distance: the largest difference of the cumulative distributions.
    p_value : float
        Probability of a larger distance if both samples were of one distribution.
    """

    name: str
    observable: str
    mean: float
    other_mean: float
    error: float
    distance: float
    p_value: float


def compare(jets: Jets, other: Jets) -> list[TwoSample]:
    """Compare all observables, class by class, with a two-sample Kolmogorov-Smirnov test.

    Raises
    ------
    DataError
        If the samples have different classes, or one lacks jets of a class.
    """
    refuse_incomparable(jets, other)
    first, second = observables(jets), observables(other)
    result = []
    for label, name in enumerate(jets.classes):
        for observable in first:
            a = first[observable][jets.label == label]
            b = second[observable][other.label == label]
            result.append(two_sample(name, observable, a, b))
    return result


def refuse_incomparable(jets: Jets, other: Jets) -> None:
    """Raise DataError for different classes, and for a class of which one sample has no jets."""
    if jets.classes != other.classes:
        raise DataError(f"cannot compare jets of {jets.classes} with jets of {other.classes}")
    for label, name in enumerate(jets.classes):
        a, b = (int((sample.label == label).sum()) for sample in (jets, other))
        if min(a, b) < 2:
            raise DataError(f"{a} and {b} jets of class {name!r}: expected at least 2")


def two_sample(name: str, observable: str, a: Floats, b: Floats) -> TwoSample:
    """The comparison of one observable, (n,) and (m,)."""
    from scipy.stats import ks_2samp

    test = ks_2samp(a, b)
    error = float(np.sqrt(a.var() / len(a) + b.var() / len(b)))
    return TwoSample(
        name,
        observable,
        float(a.mean()),
        float(b.mean()),
        error,
        float(test.statistic),
        float(test.pvalue),
    )


@dataclass(frozen=True)
class Separation:
    """Area under the curve of a one-variable tagger, with its statistical error."""

    auc: float
    error: float | None


def mass_threshold(jets: Jets) -> Separation:
    """How well the jet mass alone tells signal from background.

    The last class is the signal, all others are background. The error is that of DeLong et al.:
    see `triggernet.statistics`.

    Raises
    ------
    DataError
        If one of the two has no jets.
    """
    mass = kinematics.mass(jets.jet)
    signal = (jets.label == len(jets.classes) - 1).astype(np.int64)
    if not 0 < signal.sum() < len(signal):
        raise DataError(
            f"{signal.sum()} signal and {(signal == 0).sum()} background jets: need both"
        )
    area = roc_area(mass, signal)
    return Separation(area.value, area.error)


@dataclass(frozen=True)
class Peak:
    """Median and half the central 68 % of the masses inside a window, with errors, in GeV."""

    position: float
    width: float
    position_error: float
    width_error: float


def mass_peak(jets: Jets, window: tuple[float, float] = TOP_MASS_WINDOW_GEV) -> Peak:
    """Where the signal's mass peak lies and how wide it is; errors from resampled jets.

    Raises
    ------
    DataError
        If fewer than two jets lie inside the window.
    """
    mass = kinematics.mass(jets.jet)[jets.label == len(jets.classes) - 1]
    inside = mass[(mass > window[0]) & (mass < window[1])]
    if len(inside) < 2:
        raise DataError(f"{len(inside)} signal jets of {window[0]} to {window[1]} GeV: too few")
    rng = np.random.default_rng(0)
    samples = [inside, *(rng.choice(inside, len(inside)) for _ in range(RESAMPLED))]
    low, middle, high = np.percentile(np.array(samples), [15.87, 50, 84.13], axis=1)
    width = (high - low) / 2
    errors = float(middle[1:].std()), float(width[1:].std())
    return Peak(float(middle[0]), float(width[0]), *errors)
