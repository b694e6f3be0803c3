"""How well a run does on jets that it has not seen."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.training.metrics import Metrics, measure
from triggernet.training.sample import Sample, predict, saturation_text
from triggernet.training.train import parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triggernet.data import Jets
    from triggernet.training.run_folder import Run


@dataclass(frozen=True)
class Evaluation:
    """Metrics of both models on one sample, and what they are made of.

    Attributes
    ----------
    float, quantised : Metrics
    float_logits, quantised_logits : float64 arrays (n,)
    label : int64 array (n,)
    saturated : mapping of str to int
        Values of each input of the quantised model that lay outside its range.
    """

    float: Metrics
    quantised: Metrics
    float_logits: NDArray[np.float64]
    quantised_logits: NDArray[np.float64]
    label: NDArray[np.int64]
    saturated: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Both metrics, ready for JSON."""
        return {"float": self.float.as_dict(), "quantised": self.quantised.as_dict()}

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
        lines = [f"{'':<18}{'float':>14}{'quantised':>14}"]
        for name, show in rows.items():
            lines.append(f"{name:<18}{show(self.float):>14}{show(self.quantised):>14}")
        return "\n".join([*lines, f"saturated inputs: {saturation_text(self.saturated)}"])


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
    exact = predict(run.float_model, sample.exact).numpy()
    # In double precision the quantised module is exact, as `triggernet verify` shows.
    exact_module = copy.deepcopy(run.quantised).double()
    hardware = {name: values.double() for name, values in sample.hardware.items()}
    quantised = predict(exact_module, hardware).numpy()
    return Evaluation(
        measure(exact, label, n_parameters),
        measure(quantised, label, n_parameters),
        exact,
        quantised,
        label,
        sample.saturated,
    )


def _rejection(metrics: Metrics) -> str:
    if metrics.rejection_30 is None:
        return "none passes"
    return f"{metrics.rejection_30:.0f} +- {metrics.rejection_30_error:.0f}"
