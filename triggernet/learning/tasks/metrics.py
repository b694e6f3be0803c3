"""What a binary tagger is judged by: accuracy, AUC, background rejection."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from triggernet.errors import DataError

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

SIGNAL_EFFICIENCY = 0.3  # where the field quotes the background rejection


@dataclass(frozen=True)
class Metrics:
    """How well logits tell signal from background.

    Attributes
    ----------
    n_jets : int
    accuracy : float
        With the cut at a logit of 0.
    auc : float
        Area under the ROC curve; ties count half.
    rejection_30 : float or None
        1 / background efficiency at 30 % signal efficiency; None where no background passes.
    rejection_30_error : float or None
        Its statistical error, from the binomial error of the background efficiency.
    n_parameters : int
    ant : float or None
        Rejection per parameter.
    """

    n_jets: int
    accuracy: float
    auc: float
    rejection_30: float | None
    rejection_30_error: float | None
    n_parameters: int
    ant: float | None

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        return asdict(self)


def measure(logits: Floats, label: Labels, n_parameters: int) -> Metrics:
    """Judge `logits` (n,) against `label` (n,), 1 for signal and 0 for background.

    Raises
    ------
    DataError
        If only one of the two classes is there, or a logit is not a number.
    """
    _check(logits, label)
    rejection, error = background_rejection(logits, label)
    return Metrics(
        n_jets=len(label),
        accuracy=float(np.mean((logits > 0) == (label == 1))),
        auc=area_under_roc(logits, label),
        rejection_30=rejection,
        rejection_30_error=error,
        n_parameters=n_parameters,
        ant=None if rejection is None else rejection / n_parameters,
    )


def area_under_roc(logits: Floats, label: Labels) -> float:
    """The chance that a signal jet scores above a background jet (Mann-Whitney), ties half."""
    signal = label == 1
    n_signal, n_background = int(signal.sum()), int((~signal).sum())
    above = rankdata(logits)[signal].sum() - n_signal * (n_signal + 1) / 2
    return float(above / (n_signal * n_background))


def background_rejection(
    logits: Floats, label: Labels, efficiency: float = SIGNAL_EFFICIENCY
) -> tuple[float | None, float | None]:
    """1 / background efficiency where `efficiency` of the signal passes, and its error.

    The cut is the score of the last signal jet that has to pass; background with that very score
    counts as half, as on the straight line of the ROC curve.
    """
    signal = np.sort(logits[label == 1])[::-1]
    background = logits[label != 1]
    cut = signal[max(int(np.ceil(efficiency * len(signal))) - 1, 0)]
    passing = float(np.sum(background > cut) + 0.5 * np.sum(background == cut))
    if passing == 0:
        return None, None
    fraction = passing / len(background)
    # error of 1/f is sigma(f) / f^2 with sigma(f)^2 = f (1 - f) / n
    return 1 / fraction, float(np.sqrt((1 - fraction) / passing) / fraction)


def roc_curve(logits: Floats, label: Labels) -> tuple[Floats, Floats]:
    """Signal and background efficiencies at every distinct cut, tightest first."""
    order = np.argsort(-logits, kind="stable")
    signal = np.cumsum(label[order] == 1)
    background = np.arange(1, len(order) + 1) - signal
    last = np.r_[np.diff(logits[order]) != 0, True]  # one point a distinct score
    return signal[last] / signal[-1], background[last] / background[-1]


def _check(logits: Floats, label: Labels) -> None:
    if not np.isfinite(logits).all():
        raise DataError(
            f"{int((~np.isfinite(logits)).sum())} of {len(logits)} logits are not finite; "
            "the model or its inputs hold NaN"
        )
    check_labels(label)


def check_labels(label: Labels) -> None:
    """Refuse jets of one class only.

    Raises
    ------
    DataError
        If signal (1) or background (0) is missing.
    """
    if not ((label == 1).any() and (label == 0).any()):
        raise DataError(
            f"the jets hold {int((label == 1).sum())} signal and {int((label == 0).sum())} "
            "background; both are needed to judge a tagger"
        )
