"""What one point of a space is worth: models trained on jets, and counted as hardware."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from triggernet.config import dump_config
from triggernet.data import load_jets
from triggernet.learning.training.config import of_classes
from triggernet.parts import load_part
from triggernet.reports.budgets.tables import load_budget
from triggernet.reports.fold.rate import at_rate

if TYPE_CHECKING:
    from torch import nn

    from triggernet.data import Jets
    from triggernet.learning.training.config import RunConfig
    from triggernet.learning.training.sample import Split
    from triggernet.learning.training.trainer import Trained
    from triggernet.studies.sweep.config import HardwareConfig, StudyConfig

Measured = dict[str, float | None]
MOST_SPLITS = 4  # encodings whose tensors are kept between trials
SECONDS = ("training_s", "counting_s")


class Bench:
    """Measures configurations on the jets of one file; what trials share is made once.

    Parameters
    ----------
    config : StudyConfig
    data : Path
    """

    def __init__(self, config: StudyConfig, data: Path) -> None:
        self.config, self._data = config, data
        self._jets: Jets | None = None
        self._splits: dict[str, Split] = {}
        self._float: nn.Module | None = None

    def measure(
        self, settings: Mapping[str, Any], watch: Callable[[Mapping[str, Any]], None]
    ) -> Measured:
        """All measures of a point, and how long it took; of several repeats their mean.

        Parameters
        ----------
        settings : mapping
            Of the point, by dotted key.
        watch : callable
            Is told every epoch of the first training as it ends; may raise to end it.

        Raises
        ------
        ConfigError
            If the settings contradict one another.
        ModelError
            If the model has no hardware form and needs one, or its training diverges.
        DataError, UnsupportedError
        """
        run = of_classes(self.config.run_config(settings), self._read().classes)
        if self.config.quantises and run.refusal is not None:
            raise run.refusal
        split = self._split(run)
        measured: list[Measured] = []
        for repeat in range(self.config.repeats):
            seed = run.training.seed + repeat
            again = replace(run, training=replace(run.training, seed=seed))
            measured.append(self._once(again, split, watch if repeat == 0 else _unwatched))
        return mean_of(measured)

    def _once(
        self, run: RunConfig, split: Split, watch: Callable[[Mapping[str, Any]], None]
    ) -> Measured:
        from triggernet.learning.training.state import UnkeptState
        from triggernet.learning.training.trainer import fit_models

        began = time.monotonic()
        trained = fit_models(
            run,
            split,
            UnkeptState(watch),
            float_model=self._float_model(),
            quantised=self.config.quantises,
        )
        measured = _physics(trained)
        trained_at = time.monotonic()
        if trained.quantised_model is not None:
            measured |= count_hardware(trained.quantised_model, run, self.config.hardware)
        seconds = (trained_at - began, time.monotonic() - trained_at)
        return measured | dict(zip(SECONDS, seconds, strict=True))

    def _read(self) -> Jets:
        if self._jets is None:
            self._jets = load_jets(self._data)
        return self._jets

    def _split(self, run: RunConfig) -> Split:
        """The jets split and encoded, as long as what decides that stays the same."""
        from triggernet.learning.training.trainer import split_of

        how = run.training
        chosen = (how.seed, how.validation_fraction, how.max_jets, how.max_saturated)
        parts = (run.encoding, run.task, run.auxiliary, how.start)
        key = "\n".join([str(chosen), *map(dump_config, parts)])
        if key not in self._splits:
            while len(self._splits) >= MOST_SPLITS:
                del self._splits[next(iter(self._splits))]
            self._splits[key] = split_of(self._read(), run)
        return self._splits[key]

    def _float_model(self) -> nn.Module | None:
        """The trained float model whose widths are sought, if it is that."""
        if self.config.float_run is not None and self._float is None:
            from triggernet.learning.training.run_folder import load_run

            self._float = load_run(Path(self.config.float_run)).float_model
        return self._float


def count_hardware(model: nn.Module, run: RunConfig, hardware: HardwareConfig) -> Measured:
    """What a quantised model takes at the rate of a budget, counted in its netlist.

    Raises
    ------
    UnsupportedError
        If it cannot be lowered exactly.
    """
    from triggernet.deployment.export.model import program_of
    from triggernet.reports.cost.bit_operations import bit_operations

    program = program_of(model, run.model.name)
    budget = load_budget(hardware.budget)
    design = at_rate(program, budget, load_part(hardware.part), hardware.rtl(budget))
    counts: Measured = {name: getattr(design, name) for name in ("lut", "ff", "dsp", "bram")}
    return counts | {
        "latency_ns": design.latency_ns,
        "interval_cycles": design.config.interval * 1.0,
        "instances": design.instances * 1.0,
        "bit_operations": bit_operations(program).total * 1.0,
    }


def _physics(trained: Trained) -> Measured:
    """The quantised model's figures, or those of the float model if there is no other."""
    judged = "float" if trained.quantised_model is None else "quantised"
    values = trained.metrics[judged]
    return {
        "auc": values["auc"],
        "auc_error": values["auc_error"],
        "float_auc": trained.metrics["float"]["auc"],
        "loss": trained.losses[judged],
        "accuracy": values["accuracy"],
        "rejection": values["rejection_30"],
        "ant": values["ant"],
        "parameters": float(values["n_parameters"]),
    }


def mean_of(measured: list[Measured]) -> Measured:
    """The mean of each measure, and of several the standard deviation of the AUC."""
    if len(measured) == 1:
        return measured[0]
    means: Measured = {}
    for name in measured[0]:
        values = [each[name] for each in measured]
        known = [value for value in values if value is not None]
        means[name] = float(np.mean(known)) if len(known) == len(values) else None
    means["auc_spread"] = float(np.std([each["auc"] or 0.0 for each in measured], ddof=1))
    return means


def _unwatched(line: Mapping[str, Any]) -> None:
    """Of repeats after the first one."""
