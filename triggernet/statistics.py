"""Intervals of efficiencies and rejections, and errors of areas under ROC curves.

Everything takes arrays and knows nothing of taggers. Sources:

* C. Clopper and E. Pearson, Biometrika 26 (1934) 404: the interval of a binomial proportion.
* E. DeLong, D. DeLong and D. Clarke-Pearson, Biometrics 44 (1988) 837: variance and covariance of
  areas under ROC curves of the same events.
* X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014) 1389: the same in O(n log n), from
  ranks, of which equal scores share the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

ONE_SIGMA = erf(sqrt(0.5))  # 68.27 %: what one standard deviation of a normal variable covers
FEW = 10  # with fewer counts than this, an interval is more than a third of the value wide


@dataclass(frozen=True)
class Bounded:
    """A value, and the ends of its confidence interval.

    Attributes
    ----------
    value : float or None
        None where it is infinite: the rejection of a cut that nothing passes.
    low : float
    high : float or None
        None where there is no upper end.
    """

    value: float | None
    low: float
    high: float | None


@dataclass(frozen=True)
class Area:
    """An area under a ROC curve, or a difference of two of them, with its standard error.

    Attributes
    ----------
    value : float
    error : float or None
        None where the sample does not tell it: the separation is perfect, or a class has fewer
        than two events.
    """

    value: float
    error: float | None


def clopper_pearson(
    passing: ArrayLike, total: ArrayLike, level: float = ONE_SIGMA
) -> tuple[Floats, Floats]:
    """The central interval of binomial efficiencies, `passing` out of `total`.

    The ends are quantiles of beta distributions (Clopper and Pearson 1934): at least `level` of
    all experiments cover the true value. Between whole counts, as where events on a cut count
    half, the quantiles are those of the same formula.

    Parameters
    ----------
    passing, total : array_like of float
        Counts, or effective counts (see `effective_counts`); 0 <= passing <= total, total > 0.
    level : float
        Between 0 and 1.

    Returns
    -------
    low, high : float64 arrays
    """
    from scipy.special import betaincinv  # slow to load, and most commands need no interval

    k, n = np.broadcast_arrays(np.asarray(passing, np.float64), np.asarray(total, np.float64))
    assert ((k >= 0) & (k <= n) & (n > 0)).all(), "counts of a part and of its whole"
    tail = (1 - level) / 2
    # The parameter of a beta distribution is positive; where it would not be, the end is fixed.
    low = np.where(k > 0, betaincinv(np.where(k > 0, k, 1), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.where(k < n, n - k, 1), 1 - tail), 1.0)
    return low, high


def efficiency(passing: float, total: float, level: float = ONE_SIGMA) -> Bounded:
    """The efficiency `passing` / `total` with its interval; see `clopper_pearson`."""
    low, high = clopper_pearson(passing, total, level)
    return Bounded(passing / total, float(low), float(high))


def rejection(passing: float, total: float, level: float = ONE_SIGMA) -> Bounded:
    """One over the efficiency `passing` / `total`, and over the ends of its interval.

    No end lies below 1. Where nothing passes, value and upper end are infinite, thus None, and
    the lower end is what the sample still tells.
    """
    low, high = clopper_pearson(passing, total, level)
    if passing == 0:
        return Bounded(None, float(1 / high), None)
    return Bounded(total / passing, float(1 / high), float(1 / low))


def interval_text(
    value: float | None, low: float | None, high: float | None, *, minus: str = "-"
) -> str:
    """A value of 1 or more with both ends as differences: "266 +297 -121", or "> 287".

    Parameters
    ----------
    value, low, high : float or None
        As of `Bounded`; `low` is None too where the counts are not known.
    minus : str
        The sign, for pages the typographic one.
    """
    if value is None:
        return "none passes" if low is None else f"> {_rounded(low, low)}"
    if low is None or high is None:
        return _rounded(value, value)
    up, down = (_rounded(abs(end - value), value) for end in (high, low))
    return f"{_rounded(value, value)} +{up} {minus}{down}"


def error_text(value: float, error: float | None, sign: str = "") -> str:
    """An area and its error to four decimals: "0.9694 +- 0.0052"."""
    return f"{value:{sign}.4f}" + ("" if error is None else f" +- {error:.4f}")


def _rounded(value: float, beside: float) -> str:
    """With one decimal beside numbers below 100."""
    return f"{value:.{1 if beside < 100 else 0}f}"


def effective_counts(passing: NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """Counts of as many equal events as weighted ones are worth, for `clopper_pearson`.

    The total is (sum w)^2 / sum w^2, and the part has the weighted efficiency: what ROOT's
    TEfficiency takes for weighted events. The interval is then approximate.

    Parameters
    ----------
    passing, weight : arrays (n,)
        Weights are positive.

    Returns
    -------
    passing, total : float
    """
    total = float(weight.sum() ** 2 / (weight**2).sum())
    return float(weight[passing].sum() / weight.sum()) * total, total


def area_under_roc(scores: Floats, label: Labels, weight: Floats | None = None) -> float:
    """The chance that a signal event scores above a background event, equal scores half.

    Parameters
    ----------
    scores, label, weight
        As for `roc_area`.
    """
    return _area(_components(scores, label, weight))


def roc_area(scores: Floats, label: Labels, weight: Floats | None = None) -> Area:
    """The area under a ROC curve with its standard error after DeLong et al. (1988).

    Parameters
    ----------
    scores, label : arrays (n,)
        Signal has label 1, all others are background; both are there.
    weight : array (n,), optional
        Positive weights of the events. The variance of a mean is then that of a weighted mean,
        sum w^2 (v - mean)^2 / ((sum w)^2 - sum w^2), which is DeLong's for equal weights.
    """
    parts = _components(scores, label, weight)
    return Area(_area(parts), None if _is_perfect(scores, label) else _error(parts))


def roc_area_difference(
    first: Floats, second: Floats, label: Labels, weight: Floats | None = None
) -> Area:
    """The area of `second` minus that of `first` on the same events, with its standard error.

    The error knows how far both agree event by event (DeLong et al. 1988): it is that of the
    differences of their structural components, equal to S11 + S22 - 2 S12.

    Parameters
    ----------
    first, second, label, weight
        As for `roc_area`.
    """
    a, b = _components(first, label, weight), _components(second, label, weight)
    known = not (_is_perfect(first, label) and _is_perfect(second, label))
    moved = [_Component(y.values - x.values, x.weight, x.whole) for x, y in zip(a, b, strict=True)]
    return Area(_area(b) - _area(a), _error(moved) if known else None)


@dataclass(frozen=True)
class _Component:
    """The events of one class: how much of the other class each has on its right side.

    Attributes
    ----------
    values : array (m,)
        Sums of weights of the other class.
    weight : array (m,)
    whole : float
        The weight of all of the other class.
    """

    values: Floats
    weight: Floats
    whole: float


def _components(
    scores: Floats, label: Labels, weight: Floats | None
) -> tuple[_Component, _Component]:
    """For signal the background below it, for background the signal above it, equal ones half.

    The halves are what the mean ranks of Sun and Xu come to; sums of counts are exact.
    """
    signal = label == 1
    weight = np.ones(len(scores)) if weight is None else weight
    x, y, wx, wy = scores[signal], scores[~signal], weight[signal], weight[~signal]
    return (
        _Component(_weight_below(x, y, wy), wx, float(wy.sum())),
        _Component(_weight_below(-y, -x, wx), wy, float(wx.sum())),
    )


def _weight_below(values: Floats, others: Floats, weight: Floats) -> Floats:
    """The weight of `others` below each of `values`, equal ones half."""
    order = np.argsort(others, kind="stable")
    ordered, sums = others[order], np.r_[0.0, np.cumsum(weight[order])]
    below, up_to = (sums[np.searchsorted(ordered, values, side)] for side in ("left", "right"))
    return np.asarray((below + up_to) / 2)


def _area(parts: tuple[_Component, _Component]) -> float:
    signal, background = parts
    pairs = background.whole * signal.whole
    return float((signal.weight * signal.values).sum() / pairs)


def _is_perfect(scores: Floats, label: Labels) -> bool:
    """Whether a cut separates the classes, on either side."""
    x, y = scores[label == 1], scores[label != 1]
    return bool(x.min() > y.max() or x.max() < y.min())


def _error(parts: Sequence[_Component]) -> float | None:
    """The root of the sum of the variances of both classes' means."""
    variance = 0.0
    for part in parts:
        w, v = part.weight, part.values / part.whole
        free = w.sum() ** 2 - (w**2).sum()
        if len(w) < 2:  # one event tells nothing of a spread
            return None
        variance += float((w**2 * (v - np.average(v, weights=w)) ** 2).sum() / free)
    return sqrt(variance)
