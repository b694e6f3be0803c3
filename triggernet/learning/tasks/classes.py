"""What a tagger of several classes is judged by: accuracy, AUC and rejection of each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet import statistics
from triggernet.errors import DataError
from triggernet.learning.tasks.metrics import EFFICIENCIES, Metrics, passing_background
from triggernet.statistics import FEW, Area, Bounded, error_text, interval_text

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class ClassRejection:
    """The rejection of one class at a fixed efficiency of another.

    Attributes
    ----------
    signal, background : str
    signal_efficiency : float
    rejection : Bounded
        1 / efficiency of the background, with its 68 % interval.
    passing : float
        Jets of the background that pass; those on the cut count half.
    n_background : int
    """

    signal: str
    background: str
    signal_efficiency: float
    rejection: Bounded
    passing: float
    n_background: int

    @property
    def note(self) -> str | None:
        """What must be known about it: whether few jets of the background pass."""
        if self.passing >= FEW:
            return None
        return (
            f"fewer than {FEW} jets of {self.background} pass at "
            f"{round(100 * self.signal_efficiency)} % efficiency of {self.signal} "
            f"({self.passing:g} of {self.n_background}), so that this rejection is hardly known"
        )

    def as_dict(self) -> dict[str, Any]:
        """Value, ends and counts by name, ready for JSON."""
        counts = {"passing": self.passing, "n_background": self.n_background, "note": self.note}
        return asdict(self.rejection) | counts


@dataclass(frozen=True)
class ClassMetrics:
    """How well logits tell several classes apart.

    Attributes
    ----------
    classes : tuple of str
    n_jets : int
    accuracy : Bounded
        The share of jets whose own class has the largest logit (the first of equal ones), with
        its 68 % interval.
    areas : mapping of str to Area
        AUC of each class against all others, with its standard error.
    rejections : tuple of ClassRejection
        Of every class at each of `metrics.EFFICIENCIES` of every other one.
    confusion : int64 array (C, C)
        Jets by true class (row) and class with the largest logit (column).
    n_parameters : int
    """

    classes: tuple[str, ...]
    n_jets: int
    accuracy: Bounded
    areas: Mapping[str, Area]
    rejections: tuple[ClassRejection, ...]
    confusion: Labels
    n_parameters: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known about the rejections."""
        return tuple(each.note for each in self.rejections if each.note is not None)

    def rejection(self, signal: str, background: str, efficiency: float) -> ClassRejection:
        """The rejection of `background` where `efficiency` of `signal` passes.

        Raises
        ------
        KeyError
            If it is not among those measured.
        """
        for each in self.rejections:
            key = each.signal, each.background, each.signal_efficiency
            if key == (signal, background, efficiency):
                return each
        raise KeyError((signal, background, efficiency))

    @property
    def summary(self) -> Metrics:
        """What it has in common with the metrics of two classes.

        The accuracy with its interval, and as AUC the mean of those of each class against all
        others, without an error; there is no one background, so `n_background` and all that is
        counted of it are 0, and there is no one rejection.
        """
        mean = float(np.mean([area.value for area in self.areas.values()]))
        none = {f"rejection_{p}{end}": None for p in (30, 50) for end in ("", "_low", "_high")}
        accuracy = self.accuracy
        return Metrics(
            n_jets=self.n_jets,
            n_background=0,
            accuracy=accuracy.value or 0.0,
            accuracy_low=accuracy.low,
            accuracy_high=1.0 if accuracy.high is None else accuracy.high,
            auc=mean,
            auc_error=None,
            passing_30=0.0,
            passing_50=0.0,
            n_parameters=self.n_parameters,
            ant=None,
            **none,
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything by name, ready for JSON; rejections by efficiency, signal and background."""
        rejections: dict[str, dict[str, dict[str, Any]]] = {}
        for each in self.rejections:
            matrix = rejections.setdefault(f"rejection_{round(100 * each.signal_efficiency)}", {})
            matrix.setdefault(each.signal, {})[each.background] = each.as_dict()
        return {
            "classes": list(self.classes),
            "n_jets": self.n_jets,
            "accuracy": asdict(self.accuracy),
            "auc": {name: asdict(area) for name, area in self.areas.items()},
            **rejections,
            "confusion": self.confusion.tolist(),
            "n_parameters": self.n_parameters,
            "notes": list(self.notes),
        }

    def as_text(self) -> str:
        """Tables for people."""
        value, low, high = self.accuracy.value or 0.0, self.accuracy.low, self.accuracy.high or 1.0
        lines = [
            f"{self.n_jets} jets of {len(self.classes)} classes, {self.n_parameters} parameters",
            f"accuracy {value:.4f} +{high - value:.4f} -{value - low:.4f} (68 % interval)",
            *("", "AUC of each class against all others:"),
            *_aligned([(k, error_text(a.value, a.error)) for k, a in self.areas.items()]),
        ]
        for efficiency in dict.fromkeys(each.signal_efficiency for each in self.rejections):
            percent = round(100 * efficiency)
            lines += ["", f"rejection of the column at {percent} % efficiency of the row:"]
            lines += _aligned(self._matrix(efficiency))
        lines += ["", "share of the row (true class) that is taken for the column, in %:"]
        lines += _aligned(self._shares())
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _matrix(self, efficiency: float) -> Iterator[tuple[str, ...]]:
        yield "", *self.classes
        for s in self.classes:
            row = {
                each.background: interval_text(**asdict(each.rejection))
                for each in self.rejections
                if (each.signal, each.signal_efficiency) == (s, efficiency)
            }
            yield s, *(row.get(name, "-") for name in self.classes)

    def _shares(self) -> Iterator[tuple[str, ...]]:
        yield "", *self.classes
        for name, row in zip(self.classes, self.confusion, strict=True):
            yield name, *(f"{100 * count / row.sum():.1f}" for count in row)


def measure_classes(
    logits: Floats, label: Labels, classes: Sequence[str], n_parameters: int
) -> ClassMetrics:
    """Judge logits of several classes.

    Parameters
    ----------
    logits : float array (n, C)
        Their softmax are the probabilities p of the classes.
    label : int array (n,)
        The true class, 0 to C - 1.
    classes : sequence of str
        The C names.
    n_parameters : int

    Raises
    ------
    DataError
        If logits, labels and classes do not fit one another, a logit is not a number, or a class
        has no jets.
    """
    check_classes(logits, label, classes)
    best = logits.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (label, best), 1)
    return ClassMetrics(
        classes=tuple(classes),
        n_jets=len(label),
        accuracy=statistics.efficiency(int((best == label).sum()), len(label)),
        areas={
            name: statistics.roc_area(log_odds(logits, k), (label == k).astype(np.int64))
            for k, name in enumerate(classes)
        },
        rejections=tuple(_rejections(logits, label, classes)),
        confusion=confusion,
        n_parameters=n_parameters,
    )


def _rejections(logits: Floats, label: Labels, classes: Sequence[str]) -> Iterator[ClassRejection]:
    for efficiency in EFFICIENCIES:
        for s, signal in enumerate(classes):
            for b, background in enumerate(classes):
                if b == s:
                    continue
                score, is_signal = pair(logits, label, s, b)
                passing = passing_background(score, is_signal, efficiency)
                n = int((is_signal == 0).sum())
                rejected = statistics.rejection(passing, n)
                yield ClassRejection(signal, background, efficiency, rejected, passing, n)


def discriminant(logits: Floats, signal: int, background: int) -> Floats:
    """The log-odds (n,) of p_s / (p_s + p_b), which are the difference of two logits.

    A cut on one is a cut on the other, but the logarithm does not saturate.
    """
    return np.asarray(logits[:, signal] - logits[:, background], np.float64)


def log_odds(logits: Floats, signal: int) -> Floats:
    """The log-odds (n,) of the probability of a class against all others.

    They are made of the sorted differences of logits, which are exact on the grid of hardware, so
    that what is equal stays equal.
    """
    above = np.delete(logits - logits[:, signal, None], signal, axis=1)  # (n, C - 1)
    return np.asarray(-np.logaddexp.reduce(np.sort(above, axis=1), axis=1), np.float64)


def pair(logits: Floats, label: Labels, signal: int, background: int) -> tuple[Floats, Labels]:
    """The discriminant of the jets of two classes, and 1 for signal, 0 for background."""
    kept = (label == signal) | (label == background)
    score = discriminant(logits[kept], signal, background)
    return score, (label[kept] == signal).astype(np.int64)


def check_classes(logits: Floats, label: Labels, classes: Sequence[str]) -> None:
    """Refuse logits, labels and classes that do not fit one another.

    Raises
    ------
    DataError
        As `measure_classes`.
    """
    if logits.ndim != 2 or logits.shape != (len(label), len(classes)) or len(classes) < 2:
        raise DataError(
            f"the outputs have shape {logits.shape} for {len(label)} jets of {len(classes)} classes"
            f" ({', '.join(classes)}); allowed are one row a jet and one output a class, of two "
            "classes or more; train a model with as many outputs, or select classes"
        )
    if not np.isfinite(logits).all():
        bad = int((~np.isfinite(logits).all(axis=1)).sum())
        raise DataError(
            f"logits of {bad} of {len(logits)} jets are not finite; the model or its inputs hold "
            "NaN"
        )
    if len(label) and not (label.min() >= 0 and label.max() < len(classes)):
        raise DataError(
            f"labels go from {label.min()} to {label.max()}; allowed are 0 to {len(classes) - 1}, "
            f"the places of {', '.join(classes)}"
        )
    empty = [name for k, name in enumerate(classes) if not (label == k).any()]
    if empty:
        raise DataError(
            f"there are no jets of {', '.join(empty)}; every class must be there to be judged: "
            "give other jets, or select the classes that they hold"
        )


def _aligned(rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> list[str]:
    table = list(rows)
    first, *rest = (max(map(len, column)) for column in zip(*table, strict=True))
    return [
        f"{row[0]:<{first}}"
        + "".join(f"  {text:>{n}}" for text, n in zip(row[1:], rest, strict=True))
        for row in table
    ]
