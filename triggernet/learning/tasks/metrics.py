"""What a binary tagger is judged by: accuracy, AUC, background rejection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet import statistics
from triggernet.errors import DataError
from triggernet.statistics import FEW, Bounded, area_under_roc

__all__ = [
    "EFFICIENCIES",
    "SIGNAL_EFFICIENCY",
    "Metrics",
    "area_under_roc",
    "background_rejection",
    "check_labels",
    "few_pass",
    "measure",
    "passing_background",
    "roc_curve",
    "up_to_date",
]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

SIGNAL_EFFICIENCY = 0.3  # where the field quotes the background rejection
EFFICIENCIES = (SIGNAL_EFFICIENCY, 0.5)  # where we quote it


@dataclass(frozen=True)
class Metrics:
    """How well logits tell signal from background.

    Ends of intervals, `_low` and `_high`, are those of the central 68 % (Clopper and Pearson); the
    error of the AUC is that of DeLong. See `triggernet.statistics`.

    Attributes
    ----------
    n_jets, n_background : int
        All jets, and the background among them; 0 where there are several classes.
    accuracy, accuracy_low, accuracy_high : float
        With the cut at a logit of 0.
    auc : float
        Area under the ROC curve; ties count half.
    auc_error : float or None
        None where signal and background do not overlap, or one of them is a single jet.
    rejection_30, rejection_30_low, rejection_30_high : float or None
        1 / background efficiency at 30 % signal efficiency; where no background passes, the lower
        end alone is known.
    passing_30 : float
        Background jets that pass there; those on the cut count half.
    rejection_50, rejection_50_low, rejection_50_high, passing_50
        The same at 50 %.
    n_parameters : int
    ant : float or None
        Rejection at 30 % per parameter.
    """

    n_jets: int
    n_background: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    auc: float
    auc_error: float | None
    rejection_30: float | None
    rejection_30_low: float | None
    rejection_30_high: float | None
    passing_30: float
    rejection_50: float | None
    rejection_50_low: float | None
    rejection_50_high: float | None
    passing_50: float
    n_parameters: int
    ant: float | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known about the figures: where few background jets pass."""
        return few_pass(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        return asdict(self)

    def with_notes(self) -> dict[str, Any]:
        """The same, and the notes."""
        return self.as_dict() | {"notes": list(self.notes)}


def few_pass(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence for each signal efficiency at which fewer than `FEW` background jets pass."""
    notes = []
    for percent in (round(100 * each) for each in EFFICIENCIES):
        passing, total = metrics.get(f"passing_{percent}"), metrics.get("n_background")
        if total == 0:  # several classes: they have notes of their own
            continue
        if passing is not None and passing < FEW:
            of = "" if total is None else f" of {total:g}"
            notes.append(
                f"fewer than {FEW} background jets pass at {percent} % signal efficiency "
                f"({passing:g}{of}), so that this rejection is hardly known"
            )
    return tuple(notes)


def measure(logits: Floats, label: Labels, n_parameters: int) -> Metrics:
    """Judge `logits` (n,) against `label` (n,), 1 for signal and 0 for background.

    Raises
    ------
    DataError
        If only one of the two classes is there, or a logit is not a number.
    """
    _check(logits, label)
    right = int(np.sum((logits > 0) == (label == 1)))
    accuracy, area = statistics.efficiency(right, len(label)), statistics.roc_area(logits, label)
    passing = [passing_background(logits, label, each) for each in EFFICIENCIES]
    n_background = int(np.sum(label != 1))
    at_30, at_50 = (statistics.rejection(each, n_background) for each in passing)
    return Metrics(
        n_jets=len(label),
        n_background=n_background,
        accuracy=right / len(label),
        accuracy_low=accuracy.low,
        accuracy_high=float(accuracy.high or 1),
        auc=area.value,
        auc_error=area.error,
        rejection_30=at_30.value,
        rejection_30_low=at_30.low,
        rejection_30_high=at_30.high,
        passing_30=passing[0],
        rejection_50=at_50.value,
        rejection_50_low=at_50.low,
        rejection_50_high=at_50.high,
        passing_50=passing[1],
        n_parameters=n_parameters,
        ant=None if at_30.value is None else at_30.value / n_parameters,
    )


def background_rejection(
    logits: Floats, label: Labels, efficiency: float = SIGNAL_EFFICIENCY
) -> Bounded:
    """1 / background efficiency where `efficiency` of the signal passes, and its 68 % interval.

    The interval is that of the background that passes, at this cut.
    """
    passing = passing_background(logits, label, efficiency)
    return statistics.rejection(passing, int(np.sum(label != 1)))


def passing_background(logits: Floats, label: Labels, efficiency: float) -> float:
    """How many background jets pass where `efficiency` of the signal does.

    The cut is the score of the last signal jet that has to pass; background with that very score
    counts as half, as on the straight line of the ROC curve.
    """
    return passing(logits[label != 1], cut_at(logits[label == 1], efficiency))


def cut_at(signal: Floats, efficiency: float) -> float:
    """The score of the last of some signal jets (n,) that has to pass."""
    ordered = np.sort(signal)[::-1]
    return float(ordered[max(int(np.ceil(efficiency * len(ordered))) - 1, 0)])


def passing(scores: Floats, cut: float) -> float:
    """How many of some jets (n,) pass a cut; those on it count half."""
    return float(np.sum(scores > cut) + 0.5 * np.sum(scores == cut))


def roc_curve(logits: Floats, label: Labels) -> tuple[Floats, Floats]:
    """Signal and background efficiencies at every distinct cut, tightest first."""
    order = np.argsort(-logits, kind="stable")
    signal = np.cumsum(label[order] == 1)
    background = np.arange(1, len(order) + 1) - signal
    last = np.r_[np.diff(logits[order]) != 0, True]  # one point a distinct score
    return signal[last] / signal[-1], background[last] / background[-1]


def up_to_date(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as older versions wrote them, with the interval in place of the symmetric error.

    Rejection and error together tell the counts that both came from, and so the interval: with
    the background efficiency f, the error is that of 1 / f with sigma(f)^2 = f (1 - f) / n.
    Metrics of today are returned as they are.
    """
    renewed = dict(metrics)
    value, error = renewed.get("rejection_30"), renewed.pop("rejection_30_error", None)
    if value is None or not error or renewed.get("passing_30") is not None:
        return renewed
    passing = (1 - 1 / value) * (value / error) ** 2
    bounds = statistics.rejection(passing, passing * value)
    return renewed | {
        "n_background": round(passing * value),
        "rejection_30_low": bounds.low,
        "rejection_30_high": bounds.high,
        "passing_30": round(passing, 6),
    }


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
