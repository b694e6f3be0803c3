"""How well a run does on jets that it has not seen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.kinematics import transverse_momentum
from triggernet.errors import ModelError
from triggernet.learning.evaluation.flavour import Judged, measure_flavours
from triggernet.learning.evaluation.parts import PartMetrics, measure_parts
from triggernet.learning.tasks.auxiliary import Residuals
from triggernet.learning.tasks.metrics import Metrics
from triggernet.learning.tasks.task import Task, probabilities
from triggernet.learning.training.sample import Sample, predict, saturation_text
from triggernet.learning.training.trainer import parameters_of
from triggernet.statistics import Area, error_text, interval_text, roc_area_difference

if TYPE_CHECKING:
    from triggernet.data import Jets
    from triggernet.learning.tasks.classes import ClassMetrics
    from triggernet.learning.training.run_folder import Run

UNWEIGHTED = "the weights of the jets count in losses only; every figure here counts each jet once"


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a run's models on one sample, and what they are made of.

    Attributes
    ----------
    float : Metrics
    quantised : Metrics or None
        None for a model without a hardware form.
    float_logits : float64 array (n,)
    hardware_logits : float64 array (n,) or None
        Those of the quantised model.
    label : int64 array (n,)
    saturated : mapping of str to int
        Values of each input of the quantised model that lay outside its range.
    classes : mapping of str to ClassMetrics
        Of the same models, where there are several classes; empty for two.
    notes : tuple of str
        What must be known about the figures of all models.
    properties : mapping of str to Residuals
        What the float model learned beside the classes.
    judged : Judged or None
        Working points of the discriminants of the task, if it has some, of the quantised model or
        else of the float one.
    parts : PartMetrics or None
        What the float model learned of constituents and pairs.
    """

    float: Metrics
    quantised: Metrics | None
    float_logits: NDArray[np.float64]
    hardware_logits: NDArray[np.float64] | None
    label: NDArray[np.int64]
    saturated: Mapping[str, int]
    classes: Mapping[str, ClassMetrics] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    properties: Mapping[str, Residuals] = field(default_factory=dict)
    judged: Judged | None = None
    parts: PartMetrics | None = None

    @property
    def quantised_logits(self) -> NDArray[np.float64]:
        """The logits of the quantised model.

        Raises
        ------
        ModelError
            If there is none.
        """
        if self.hardware_logits is None:
            raise ModelError(
                "there are no logits of a quantised model: this model has no hardware form"
            )
        return self.hardware_logits

    @property
    def auc_difference(self) -> Area | None:
        """AUC of the quantised model minus that of the float one, on the same jets."""
        if self.hardware_logits is None or self.classes:
            return None
        return roc_area_difference(self.float_logits, self.hardware_logits, self.label)

    def _text_of_classes(self) -> str:
        texts = [f"{name} model: {each.as_text()}" for name, each in self.classes.items()]
        if self.quantised is not None:
            texts.append(f"saturated inputs: {saturation_text(self.saturated)}")
        return "\n\n".join(texts)

    @property
    def models(self) -> dict[str, Metrics]:
        """The metrics of every model that there is, by its name."""
        both = {"float": self.float, "quantised": self.quantised}
        return {name: metrics for name, metrics in both.items() if metrics is not None}

    def as_dict(self) -> dict[str, Any]:
        """Both metrics and the difference of their AUCs, ready for JSON."""
        by_model: dict[str, Any] = {"float": None, "quantised": None}
        for name, metrics in self.models.items():
            by_model[name] = metrics.with_notes()
        difference = self.auc_difference
        if self.classes:
            by_model["classes"] = {name: each.as_dict() for name, each in self.classes.items()}
        by_model["auc_difference"] = difference and asdict(difference)
        if self.properties:
            by_model["properties"] = {
                name: each.as_dict() for name, each in self.properties.items()
            }
        if self.judged is not None:
            by_model["discriminants"] = self.judged.metrics.as_dict()
        if self.parts is not None:
            by_model["parts"] = self.parts.as_dict()
        return by_model | {"notes": list(self.notes)}

    def as_text(self) -> str:
        """Tables for people."""
        text = self._text_of_classes() if self.classes else self._text_of_two()
        lines = [
            f"{name}, prediction - truth: {p.as_text()}" for name, p in self.properties.items()
        ]
        if self.judged is not None:
            lines += ["", self.judged.metrics.as_text()]
        if self.parts is not None:
            lines += ["", self.parts.as_text()]
        return "\n".join([text, *lines, *(f"note: {note}" for note in self.notes)])

    def _text_of_two(self) -> str:
        table = [("with 68 % intervals", *self.models)]
        for name, show in _ROWS.items():
            table.append((name, *(show(metrics) for metrics in self.models.values())))
        wide = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            f"{first:<{wide[0]}}"
            + "".join(f"{text:>{n + 2}}" for text, n in zip(rest, wide[1:], strict=True))
            for first, *rest in table
        ]
        difference = self.auc_difference
        if difference is not None:
            shown = error_text(difference.value, difference.error, "+")
            lines.append(f"AUC, quantised minus float on the same jets: {shown}")
        if self.quantised is not None:
            lines.append(f"saturated inputs: {saturation_text(self.saturated)}")
        for name, metrics in self.models.items():
            lines += [f"note: {name} model: {note}" for note in metrics.notes]
        return "\n".join(lines)


def evaluate(run: Run, jets: Jets) -> Evaluation:
    """Judge a run on `jets`.

    Raises
    ------
    DataError
        If the jets are unfit: other classes than the task's, one of them missing, NaN, negative
        energies.
    """
    task = run.config.task
    sample = Sample.of(jets, run.config)
    label = sample.label.numpy()
    n_parameters = parameters_of(run.float_model)
    exact, hardware = logits_of(run, sample)
    task.check_complete(label, "sample")
    judged = _judged(task, exact if hardware is None else hardware, label, jets)
    of_classes = {"float": task.measure_classes(exact, label, n_parameters)}
    if hardware is not None:
        of_classes["quantised"] = task.measure_classes(hardware, label, n_parameters)
    return Evaluation(
        task.measure(exact, label, n_parameters),
        None if hardware is None else task.measure(hardware, label, n_parameters),
        exact,
        hardware,
        label,
        sample.saturated,
        {name: metrics for name, metrics in of_classes.items() if metrics is not None},
        () if jets.weight is None else (UNWEIGHTED,),
        _residuals(run, sample),
        judged,
        measure_parts(run.float_model, sample),
    )


def _judged(
    task: Task, logits: NDArray[np.float64], label: NDArray[np.int64], jets: Jets
) -> Judged | None:
    """Working points of the task's discriminants; None if it has none."""
    if not task.mixtures or task.n_outputs == 1:
        return None
    p, pt_gev = probabilities(logits), transverse_momentum(jets.jet)
    metrics = measure_flavours(p, label, task.classes, pt_gev, task.mixtures)
    return Judged(p, label, task.classes, pt_gev, task.mixtures, metrics)


def _residuals(run: Run, sample: Sample) -> dict[str, Residuals]:
    if not sample.properties:
        return {}
    outputs = predict(run.float_model, sample.exact)
    told = run.config.task.properties(outputs, sample.properties)
    return {
        name: Residuals.of(told[name].numpy(), target.numpy())
        for name, target in sample.properties.items()
    }


def logits_of(run: Run, sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Logits (n,) or (n, C) of the float and, where there is one, of the quantised model."""
    exact = run.config.task.logits(predict(run.float_model, sample.exact)).numpy()
    if run.quantised_model is None:
        return exact, None
    # In double precision the quantised module is exact, as `triggernet verify` shows.
    module = copy.deepcopy(run.quantised_model).double()
    inputs = {name: values.double() for name, values in sample.hardware.items()}
    return exact, predict(module, inputs).numpy()


def _accuracy(metrics: Metrics) -> str:
    up, down = metrics.accuracy_high - metrics.accuracy, metrics.accuracy - metrics.accuracy_low
    return f"{metrics.accuracy:.4f} +{up:.4f} -{down:.4f}"


_ROWS: Mapping[str, Callable[[Metrics], str]] = {
    "jets": lambda m: str(m.n_jets),
    "parameters": lambda m: str(m.n_parameters),
    "accuracy": _accuracy,
    "AUC": lambda m: error_text(m.auc, m.auc_error),
    "background rejection at 30 % signal efficiency": lambda m: interval_text(
        m.rejection_30, m.rejection_30_low, m.rejection_30_high
    ),
    "background rejection at 50 % signal efficiency": lambda m: interval_text(
        m.rejection_50, m.rejection_50_low, m.rejection_50_high
    ),
    "ant factor": lambda m: "none" if m.ant is None else f"{m.ant:.2f}",
}
