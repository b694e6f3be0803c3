"""The physics of a report: how well a project's model does, and its ROC curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ProjectError
from triggernet.results import METRICS, Content
from triggernet.statistics import Area, clopper_pearson, error_text

if TYPE_CHECKING:
    from triggernet.learning.evaluation import Evaluation

Floats = NDArray[np.float64]
MODELS = ("float", "quantised")


@dataclass(frozen=True)
class Curve:
    """A ROC curve: background rejection at signal efficiencies, with its 68 % intervals."""

    name: str
    efficiency: tuple[float, ...]
    rejection: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Physics:
    """How well the float and the quantised model do on one sample.

    Attributes
    ----------
    sample : str
    metrics : mapping of str to mapping of str to Any
        Those of `triggernet.learning.tasks.metrics.Metrics`, by model.
    curves : tuple of Curve
        Of both models; of several classes, those of each against all others, of the main model.
    auc_difference : Area or None
    classes : mapping of str to mapping of str to Any
        Those of `triggernet.learning.tasks.classes.ClassMetrics`, by model; empty for two classes,
        and where the jets are not at hand.
    """

    sample: str
    metrics: Mapping[str, Mapping[str, Any]]
    curves: tuple[Curve, ...] = ()
    auc_difference: Area | None = None
    classes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def several_classes(self) -> bool:
        """Whether there is no one background to reject."""
        return all(metrics.get("n_background") == 0 for metrics in self.metrics.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known about the metrics."""
        from triggernet.learning.tasks.metrics import few_pass

        notes = [f"{name} model: {t}" for name, m in self.metrics.items() for t in few_pass(m)]
        if self.auc_difference is not None:
            moved = error_text(self.auc_difference.value, self.auc_difference.error, "+")
            notes.insert(0, f"AUC, quantised minus float on the same jets: {moved}")
        return tuple(notes)

    def as_dict(self) -> dict[str, Any]:
        """The metrics and what must be known about them, ready for JSON."""
        moved = self.auc_difference and asdict(self.auc_difference)
        notes = list(self.notes)
        values = {"sample": self.sample, **self.metrics, "auc_difference": moved, "notes": notes}
        return values | ({"classes": dict(self.classes)} if self.classes else {})


def kept(folder: Path, content: Content, *, outdated: bool) -> Physics | None:
    """The physics of the training that made the project; None if it was of other weights.

    Raises
    ------
    ProjectError
        If there are no metrics in what was kept.
    """
    if outdated:
        return None
    metrics = {k: v for k in MODELS if (v := content.values.get(k)) is not None}
    if not all(isinstance(m, dict) and "auc" in m for m in metrics.values()) or not metrics:
        path = folder / METRICS.name
        raise ProjectError(f"{path} holds no metrics of {' or '.join(MODELS)}; train again")
    from triggernet.learning.tasks.metrics import up_to_date

    metrics = {name: up_to_date(values) for name, values in metrics.items()}
    unchecked = "" if content.sealed else "; not sealed, could not be checked"
    return Physics(f"validation jets of the training{unchecked}", metrics)


def evaluated(folder: Path, data: Path) -> Physics:
    """The physics of a project's model on jets of a file, with curves.

    Raises
    ------
    DataError
        If the jets are damaged or unfit.
    """
    from triggernet.data import load_jets
    from triggernet.learning.evaluation import evaluate
    from triggernet.learning.training import load_run

    run = load_run(folder)
    evaluation = evaluate(run, load_jets(data))
    return Physics(
        data.name,
        {name: each.as_dict() for name, each in evaluation.models.items()},
        tuple(_curves(evaluation, run.config.task.classes)),
        evaluation.auc_difference,
        {name: each.as_dict() for name, each in evaluation.classes.items()},
    )


def _curves(evaluation: Evaluation, classes: tuple[str, ...]) -> Iterator[Curve]:
    from triggernet.learning.tasks.classes import log_odds
    from triggernet.learning.tasks.metrics import roc_curve

    label = evaluation.label
    if not evaluation.classes:
        for name, logits in zip(
            MODELS, (evaluation.float_logits, evaluation.quantised_logits), strict=True
        ):
            yield roc(name, *roc_curve(logits, label), int((label == 0).sum()))
        return
    main = evaluation.float_logits if evaluation.quantised is None else evaluation.quantised_logits
    for k, name in enumerate(classes):
        of_class = (label == k).astype(np.int64)
        yield roc(name, *roc_curve(log_odds(main, k), of_class), int((label != k).sum()))


def roc(name: str, signal: Floats, background: Floats, n_background: int) -> Curve:
    """A curve at 99 efficiencies, from those of `triggernet.learning.tasks.metrics.roc_curve`.

    Where less than one jet of the background passes, there is nothing to draw.
    """
    at = np.linspace(0.02, 1.0, 99)
    passing = np.interp(at, np.r_[0.0, signal], np.r_[0.0, background])
    kept = passing * n_background >= 1
    low, high = clopper_pearson(n_background * passing[kept], n_background)
    return Curve(
        name,
        tuple(float(x) for x in np.round(at[kept], 4)),
        *(tuple(float(r) for r in 1 / each) for each in (passing[kept], high, low)),
    )
