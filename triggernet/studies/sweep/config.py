"""The file of a study: what varies, what all trials have in common, what they are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from triggernet.config import as_plain, load_config, nested
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.errors import ConfigError
from triggernet.learning.training.config import RunConfig, flat, load_run_config
from triggernet.learning.training.run_folder import finished_config
from triggernet.parts import load_part
from triggernet.program.netlist.layout import Products, Tables
from triggernet.reports.budgets.tables import Budget, load_budget
from triggernet.studies.sweep.measures import MEASURES, check_objectives
from triggernet.studies.sweep.space import MODEL, Settings, Space, check_keys, read_space

TUNED = ("quantisation.", "training.fine_tune.")  # what a trained float model leaves open


@dataclass(frozen=True)
class SamplerConfig:
    """How the next point is chosen.

    Attributes
    ----------
    name : {"tpe", "random", "grid", "nsga2"}
        Tree-structured Parzen estimator, multivariate and grouped; at random; every point once; or
        a genetic search for several objectives.
    startup_trials : int
        Of `tpe`: so many at random first.
    population : int
        Of `nsga2`: trials in a generation.
    seed : int
    """

    name: Literal["tpe", "random", "grid", "nsga2"] = "tpe"
    startup_trials: int = 20
    population: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.startup_trials < 1 or self.population < 2 or self.seed < 0:
            raise ConfigError(
                f"startup_trials {self.startup_trials}, population {self.population}, seed "
                f"{self.seed}: allowed are 1 and more, 2 and more, 0 and more"
            )


@dataclass(frozen=True)
class PrunerConfig:
    """When a trial is ended that does worse than others did after as many epochs.

    Attributes
    ----------
    name : {"none", "hyperband"}
    watch : {"auc", "loss"}
        What is compared, on the validation jets, after each epoch.
    min_epochs : int
        No trial is ended before.
    factor : int
        Of so many trials about one goes on to the next stage.
    """

    name: Literal["none", "hyperband"] = "none"
    watch: Literal["auc", "loss"] = "auc"
    min_epochs: int = 1
    factor: int = 3

    def __post_init__(self) -> None:
        if self.min_epochs < 1 or self.factor < 2:
            raise ConfigError(
                f"min_epochs {self.min_epochs}, factor {self.factor}: allowed are 1 and more, 2 "
                "and more"
            )


@dataclass(frozen=True)
class HardwareConfig:
    """Which hardware a trial is counted as: at the interval that a budget needs.

    Attributes
    ----------
    budget : str
        A name of the package's table, or a YAML file.
    part : str
    tables : {"bram", "lut"}
    dsp : {"all", "pairs", "none"}
    """

    budget: str = "cms-phase2"
    part: str = "xcvu13p"
    tables: Tables = "lut"
    dsp: Products = "all"

    def rtl(self, budget: Budget) -> RtlConfig:
        """What is lowered."""
        clock_mhz = budget.clock_mhz or 200.0
        return RtlConfig(
            part=self.part,
            clock_period_ns=round(1000 / clock_mhz, 4),
            tables=self.tables,
            dsp=self.dsp,
        )


@dataclass(frozen=True)
class StudyConfig:
    """All that decides what a study does; made by `load_study_config`.

    Attributes
    ----------
    run : mapping
        What all trials have in common: the keys of a run's configuration.
    space : mapping
        What varies: by dotted key a range or choices (see `space.Dimension`), or a list of them.
    objectives : tuple of str
        Of `measures.MEASURES`; with more than one, what is sought is their front.
    sampler : SamplerConfig
    pruner : PrunerConfig
    trials : int
        Completed or pruned ones, unless the command says otherwise.
    repeats : int
        Trainings of each trial, with seeds counted up; the mean counts.
    hardware : HardwareConfig
    float_run : str, optional
        A run folder: its float model is quantised anew in each trial, which varies widths alone.
    full : mapping
        Dotted keys of a run, for the training of a chosen trial in full.
    """

    run: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Any] = field(default_factory=dict)
    objectives: tuple[str, ...] = ("auc",)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    pruner: PrunerConfig = field(default_factory=PrunerConfig)
    trials: int = 100
    repeats: int = 1
    hardware: HardwareConfig = field(default_factory=HardwareConfig)
    float_run: str | None = None
    full: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_objectives(self.objectives)
        if self.trials < 1 or self.repeats < 1:
            raise ConfigError(
                f"trials {self.trials}, repeats {self.repeats}: allowed are 1 and more"
            )
        several = len(self.objectives) > 1
        if several and self.pruner.name != "none":
            raise ConfigError(
                f"pruner.name: {self.pruner.name} compares trials by one number, and there are "
                f"{len(self.objectives)} objectives; set pruner.name: none, or one objective"
            )
        if self.sampler.name == "nsga2" and not several:
            raise ConfigError(
                "sampler.name: nsga2 seeks the front of several objectives, and there is one; "
                "take tpe, or add an objective"
            )
        if self.needs_hardware:
            load_part(self.hardware.part)
            self.hardware.rtl(load_budget(self.hardware.budget))
        check_keys(self.points, flat(self.run), self.families)
        self._check_tuned()
        if self.sampler.name == "grid":
            next(self.points.cells())

    def _check_tuned(self) -> None:
        """From a trained float model nothing but widths and fine-tuning can vary."""
        if self.float_run is None:
            return
        for axis in self.points.axes:
            if not axis.key.startswith(TUNED):
                raise ConfigError(
                    f"space.{axis.key}: the float model of float_run is trained already; allowed "
                    f"are keys of {' and '.join(TUNED)}"
                )

    @cached_property
    def points(self) -> Space:
        """The space, read."""
        return read_space(self.space)

    @cached_property
    def common(self) -> Settings:
        """What all trials have in common, by dotted keys: also what a trained run had."""
        given = flat(self.run)
        if self.float_run is None:
            return given
        trained = flat(as_plain(finished_config(Path(self.float_run))))
        return flat(as_plain(load_run_config(nested(trained | given))))

    @property
    def families(self) -> tuple[str, ...]:
        """The models that the trials may be of."""
        varied = [axis.dimension for axis in self.points.axes if axis.key == MODEL]
        if varied:
            return tuple(dict.fromkeys(str(name) for each in varied for name in each.choices))
        if MODEL not in self.common:
            raise ConfigError(f"run.{MODEL}: this key is missing; name a model, or vary it")
        return (str(self.common[MODEL]),)

    @property
    def needs_hardware(self) -> bool:
        """Whether an objective is a figure of the hardware."""
        return any(MEASURES[name].of_hardware for name in self.objectives)

    @property
    def quantises(self) -> bool:
        """Whether trials make the quantised model, which is then the one that is judged."""
        keys = (axis.key for axis in self.points.axes)
        tuned = any(key.startswith(TUNED) for key in keys)
        return self.needs_hardware or self.float_run is not None or tuned

    def run_config(self, settings: Mapping[str, Any]) -> RunConfig:
        """The configuration of a trial's training.

        Raises
        ------
        ConfigError
            If its settings contradict one another.
        """
        return load_run_config(nested(self.common | dict(settings)))


def load_study_config(source: Path | Mapping[str, Any]) -> StudyConfig:
    """Read and check the file of a study, or what it holds.

    Raises
    ------
    ConfigError
        For unknown or contradictory keys, with the nearest known one.
    """
    return load_config(StudyConfig, source)
