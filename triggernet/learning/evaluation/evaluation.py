"""How well a run does on jets that it has not seen."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ModelError
from triggernet.learning.tasks.metrics import Metrics, measure
from triggernet.learning.training.sample import Sample, predict, saturation_text
from triggernet.learning.training.trainer import parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triggernet.data import Jets
    from triggernet.learning.training.run_folder import Run


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
    """

    float: Metrics
    quantised: Metrics | None
    float_logits: NDArray[np.float64]
    hardware_logits: NDArray[np.float64] | None
    label: NDArray[np.int64]
    saturated: Mapping[str, int]

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

    def as_dict(self) -> dict[str, Any]:
        """Both metrics, ready for JSON."""
        quantised = None if self.quantised is None else self.quantised.as_dict()
        return {"float": self.float.as_dict(), "quantised": quantised}

    def as_text(self) -> str:
        """A table for people."""
        rows: dict[str, Callable[[Metrics], str]] = {
            "jets": lambda m: str(m.n_jets),
            "parameters": lambda m: str(m.n_parameters),
            "accuracy": lambda m: f"{m.accuracy:.4f}",
            "AUC": lambda m: f"{m.auc:.4f}",
            "rejection at 30 %": _rejection,
            "ant factor": lambda m: "none" if m.ant is None else f"{m.ant:.2f}",
        }
        columns = {"float": self.float, "quantised": self.quantised}
        shown = {name: metrics for name, metrics in columns.items() if metrics is not None}
        lines = [f"{'':<18}" + "".join(f"{name:>14}" for name in shown)]
        for name, show in rows.items():
            lines.append(f"{name:<18}" + "".join(f"{show(m):>14}" for m in shown.values()))
        if self.quantised is not None:
            lines.append(f"saturated inputs: {saturation_text(self.saturated)}")
        return "\n".join(lines)


def evaluate(run: Run, jets: Jets) -> Evaluation:
    """Judge a run on `jets`.

    Raises
    ------
    DataError
        If the jets are unfit: other than two classes, one of them missing, NaN, negative energies.
    """
    sample = Sample.of(jets, run.config.encoding)
    label = sample.label.numpy()
    n_parameters = parameters_of(run.float_model)
    exact, hardware = logits_of(run, sample)
    return Evaluation(
        measure(exact, label, n_parameters),
        None if hardware is None else measure(hardware, label, n_parameters),
        exact,
        hardware,
        label,
        sample.saturated,
    )


def logits_of(run: Run, sample: Sample) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Logits (n,) of the float and, where there is one, of the quantised model."""
    exact = predict(run.float_model, sample.exact).numpy()
    if run.quantised_model is None:
        return exact, None
    # In double precision the quantised module is exact, as `triggernet verify` shows.
    module = copy.deepcopy(run.quantised_model).double()
    inputs = {name: values.double() for name, values in sample.hardware.items()}
    return exact, predict(module, inputs).numpy()


def _rejection(metrics: Metrics) -> str:
    if metrics.rejection_30 is None:
        return "none passes"
    return f"{metrics.rejection_30:.0f} +- {metrics.rejection_30_error:.0f}"
