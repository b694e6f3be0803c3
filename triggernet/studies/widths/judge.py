"""What a choice of widths costs: in AUC against the float model, and in hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from triggernet.config import as_plain, nested
from triggernet.learning.training.config import flat, load_run_config
from triggernet.parts import load_part
from triggernet.statistics import roc_area, roc_area_difference
from triggernet.studies.sweep.bench import count_hardware

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from triggernet.learning.training.config import RunConfig
    from triggernet.learning.training.sample import Sample, Split
    from triggernet.studies.sweep.bench import Measured
    from triggernet.studies.sweep.config import HardwareConfig

ONE_SIDED_95 = 1.6449  # standard deviations


@dataclass(frozen=True)
class Loss:
    """By how much less AUC the quantised model has than the float one, on the same jets.

    Attributes
    ----------
    value, error : float
        The error is that of the paired difference (DeLong).
    auc, float_auc : float
    n_jets : int
    """

    value: float
    error: float
    auc: float
    float_auc: float
    n_jets: int

    @property
    def bound(self) -> float:
        """The upper end at 95 % confidence, one-sided."""
        return self.value + ONE_SIDED_95 * self.error


def loss_on(float_model: nn.Module, quantised_model: nn.Module, sample: Sample) -> Loss:
    """The loss of AUC of a quantised model on jets of two classes."""
    from triggernet.learning.training.sample import predict

    exact = predict(float_model, sample.exact).numpy()
    return loss_of(exact, quantised_model, sample)


def loss_of(exact: NDArray[np.float64], quantised_model: nn.Module, sample: Sample) -> Loss:
    """The same with the logits (n,) of the float model at hand."""
    from triggernet.learning.training.sample import predict

    label = sample.label.numpy()
    logits = predict(quantised_model, sample.hardware).numpy()
    moved = roc_area_difference(exact, logits, label)
    float_auc, auc = roc_area(exact, label).value, roc_area(logits, label).value
    return Loss(-moved.value, moved.error or 0.0, auc, float_auc, len(label))


@dataclass(frozen=True)
class Candidate:
    """A choice of widths that was tried: its model, loss and hardware."""

    choice: Mapping[str, Any]
    model: nn.Module
    loss: Loss
    counted: Measured
    size: float


class Judge:
    """Tries choices of widths around one float model.

    Parameters
    ----------
    run : RunConfig
    float_model : nn.Module
    split : Split
        Jets to fine-tune on, and those that choices are judged on.
    hardware : HardwareConfig
    """

    def __init__(
        self, run: RunConfig, float_model: nn.Module, split: Split, hardware: HardwareConfig
    ) -> None:
        from triggernet.learning.training.sample import predict

        self.run, self.split, self._float, self._hardware = run, split, float_model, hardware
        self._exact = predict(float_model, split.validation.exact).numpy()

    def run_with(self, choice: Mapping[str, Any], epochs: int | None = None) -> RunConfig:
        """The run's configuration with other widths, and as many epochs of fine-tuning."""
        run = load_run_config(nested(flat(as_plain(self.run)) | dict(choice)))
        if epochs is None:
            return run
        tuning = replace(run.training.fine_tune, epochs=epochs)
        return replace(run, training=replace(run.training, fine_tune=tuning))

    def tried(self, choice: Mapping[str, Any], epochs: int | None) -> Candidate:
        """A choice calibrated, fine-tuned for some epochs (None: those of the run), and judged.

        Raises
        ------
        ConfigError, ModelError, UnsupportedError
            If there is no such model.
        """
        from triggernet.learning.training.state import UnkeptState
        from triggernet.learning.training.trainer import quantise

        run = self.run_with(choice, epochs)
        model = quantise(run, self.split, self._float, UnkeptState(_unwatched))
        assert model is not None, "the run has a hardware form"
        loss = loss_of(self._exact, model, self.split.validation)
        counted = count_hardware(model, run, self._hardware)
        return Candidate(choice, model, loss, counted, size_of(counted, self._hardware))


def size_of(counted: Measured, hardware: HardwareConfig) -> float:
    """Hardware as one number: LUT, and DSPs by how many LUTs there are of the part for each."""
    part = load_part(hardware.part)
    lut, dsp = counted["lut"] or 0.0, counted["dsp"] or 0.0
    return lut + dsp * part.total("lut") / part.total("dsp")


def _unwatched(line: Mapping[str, Any]) -> None:
    """Nobody ends these trainings early."""
