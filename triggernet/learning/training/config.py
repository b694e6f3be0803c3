"""The configuration of a training run: which model, which inputs, which widths, which recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_type_hints

import yaml

from triggernet.config import load_config, read_key
from triggernet.data import EncodingConfig
from triggernet.data.track_columns import TYPES
from triggernet.errors import ConfigError, DataError, ModelError, naming
from triggernet.learning.models import ModelFamily, model_family
from triggernet.learning.tasks.auxiliary import Auxiliary, check_auxiliary, parts_of, properties_of
from triggernet.learning.tasks.task import Task
from triggernet.learning.training.recipes import AdamWConfig, FineTuneConfig, MultistartConfig
from triggernet.learning.training.start_config import StartConfig
from triggernet.schema import key_of, shown

Preset = Literal["default", "paper"]


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained.

    Attributes
    ----------
    recipe : {"multistart", "adamw"}
        For the float model: quasi-Newton from many starts, or AdamW on Lightning.
    seed : int
        Everything random follows from it.
    seeds : int
        Float trainings, with seeds counted up; the one with the lowest validation loss is kept
        and the spread reported.
    validation_fraction : float
        Share of the jets that no weight is fitted to.
    max_jets : int or None
        Use the first ones only.
    max_saturated : float
        The share of the values of an input that may lie outside the range of its type; jets that
        the encoding cannot hold are refused.
    start : StartConfig
        Another run to begin from, or to learn from.
    multistart, adamw, fine_tune
        The recipes' own settings; `fine_tune` is the quantisation-aware part.
    """

    recipe: Literal["multistart", "adamw"] = "multistart"
    seed: int = 0
    seeds: int = 1
    validation_fraction: float = 0.2
    max_jets: int | None = None
    max_saturated: float = 0.01
    start: StartConfig = field(default_factory=StartConfig)
    multistart: MultistartConfig = field(default_factory=MultistartConfig)
    adamw: AdamWConfig = field(default_factory=AdamWConfig)
    fine_tune: FineTuneConfig = field(default_factory=FineTuneConfig)

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.seed < 0:
            raise ConfigError(
                f"seed {self.seed}, seeds {self.seeds}: allowed are 0 and more, 1 and more"
            )
        if not 0 < self.validation_fraction < 1:
            raise ConfigError(
                f"validation_fraction: found {self.validation_fraction}; allowed is 0 to 1, "
                "neither included"
            )
        if not 0 <= self.max_saturated <= 1:
            raise ConfigError(f"max_saturated: found {self.max_saturated}; allowed is 0 to 1")


@dataclass(frozen=True)
class RunConfig:
    """All that decides the result of a run; made by `load_run_config`.

    Attributes
    ----------
    model, quantisation
        Of the types that the model's family states.
    encoding : EncodingConfig
    training : TrainingConfig
    task : Task
        The names of the classes, which the training jets give if none stand here (of two the second
        is the signal), and how much the jets of each class count in the loss.
    auxiliary : mapping of str to Auxiliary
        What the float model learns beside the classes, by their names: properties of the jets, and
        tasks of their constituents.
    """

    model: Any
    encoding: EncodingConfig
    quantisation: Any
    training: TrainingConfig
    task: Task
    auxiliary: Mapping[str, Auxiliary]

    @property
    def n_outputs(self) -> int:
        """Of the model: those of the classes, then one a property."""
        return self.task.n_outputs + len(properties_of(self.auxiliary))

    @property
    def family(self) -> ModelFamily:
        """The registry's entry of the model."""
        return model_family(self.model.name)

    @property
    def refusal(self) -> ModelError | None:
        """The error for asking for the hardware form; None if this configuration has one."""
        if self.auxiliary:
            return ModelError(
                f"hardware takes one task, the classes, and this model learns "
                f"{', '.join(self.auxiliary)} as well; start a training without auxiliary from it "
                "(training.start, head: fresh)"
            )
        return self.family.refusal(self.model, self.encoding)

    def __post_init__(self) -> None:
        family, recipe = self.family, self.training.recipe
        family.check(self.model, self.encoding)
        if self.encoding.kind in TYPES and not family.any_columns:
            raise ConfigError(
                f"encoding.kind: {self.encoding.kind} gives tracks more than momenta, which model "
                f"{family.name!r} does not read; set encoding.kind: polar, or take deepsets or "
                "jedilinear"
            )
        if recipe not in family.recipes:
            raise ConfigError(
                f"training.recipe: {recipe} does not work for model {family.name!r}; allowed: "
                f"{', '.join(family.recipes)}"
            )
        check_auxiliary(self.auxiliary, family.parts, family.name)
        start = self.training.start
        if parts_of(self.auxiliary) and start.trunk == "frozen":
            raise ConfigError(
                "training.start.trunk: what is learned of constituents needs a trunk that learns; "
                f"leave {', '.join(parts_of(self.auxiliary))} out of auxiliary, or do not freeze it"
            )
        if recipe == "multistart" and (start.from_ is not None or start.teacher is not None):
            raise ConfigError(
                "training.recipe: multistart makes starts of its own and learns from labels alone; "
                "use recipe adamw with training.start"
            )
        if recipe == "multistart" and self.auxiliary:
            raise ConfigError(
                "training.recipe: multistart learns classes alone; use recipe adamw with auxiliary"
            )
        if recipe == "multistart" and self.task.n_outputs > 1:
            raise ConfigError(
                f"training.recipe: multistart is for two classes, and task.classes has "
                f"{self.task.n_classes}; use recipe adamw"
            )
        if recipe == "multistart" and (self.model.batch_norm or self.model.dropout > 0):
            raise ConfigError(
                "training.recipe: multistart minimises the exact loss and contradicts "
                "model.batch_norm and model.dropout; use recipe adamw, or leave them out"
            )


def load_run_config(
    source: Path | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    model: str | None = None,
    preset: str = "default",
) -> RunConfig:
    """Read and check a run's configuration.

    Parameters
    ----------
    source : Path, mapping or None
        A YAML file or its content.
    overrides : mapping, optional
        Values that win over `source`, with dotted keys.
    model : str, optional
        The model's name; must agree with `source` where that names one.
    preset : {"default", "paper"}
        Values under those of `source`.

    Raises
    ------
    ConfigError
        For unknown or contradictory keys.
    """
    if preset not in get_args(Preset):
        raise ConfigError(f"unknown preset {preset!r}; known: {', '.join(get_args(Preset))}")
    named = read_key("model.name", source, overrides) or model
    with naming(source) if isinstance(source, Path) else nullcontext():
        family = _family(named, model)
    under = {"training.recipe": family.recipes[0]} | flat(_preset(preset))
    if family.n_constituents is not None:
        under["encoding.n_constituents"] = family.n_constituents
    return cast("RunConfig", load_config(_schema(family.name), source, overrides, under))


def of_classes(config: RunConfig, classes: Sequence[str]) -> RunConfig:
    """The same with the classes of the jets where the configuration names none.

    Raises
    ------
    ConfigError
        If the recipe, or the number of class weights, is not for so many.
    DataError
        If all jets are of one class.
    """
    if config.task.classes:
        return config
    if len(classes) == 1:
        raise DataError(
            f"all jets are of the class {classes[0]}; a training needs jets of two classes or more"
        )
    try:
        task = dataclasses.replace(config.task, classes=tuple(classes))
    except ConfigError as error:
        raise ConfigError(f"task.{error}") from error
    return dataclasses.replace(config, task=task)


def _family(named: Any, model: str | None) -> ModelFamily:
    """The family of the model that a configuration names: of `model`, if that is given."""
    if named is None:
        raise ConfigError("model.name: this key is missing and has no default")
    if not isinstance(named, str):
        raise ConfigError(f"model.name: expected a text, found {shown(named)}")
    if model is not None and named != model:
        raise ConfigError(f"the configuration is of model {named!r}, not of {model!r}")
    return model_family(named)


@cache
def _schema(name: str) -> type[Any]:
    """`RunConfig` with the model's own sections: the types that `load_config` checks.

    One class a model, so that equal configurations are equal.
    """
    family = model_family(name)
    sections = [
        ("model", family.config, field(default_factory=family.config)),
        ("encoding", EncodingConfig, field(default_factory=EncodingConfig)),
        ("quantisation", family.quantisation, field(default_factory=family.quantisation)),
        ("training", TrainingConfig, field(default_factory=TrainingConfig)),
        ("task", Task, field(default_factory=Task)),
        ("auxiliary", Mapping[str, Auxiliary], field(default_factory=dict)),
    ]
    return dataclasses.make_dataclass("RunConfig", sections, bases=(RunConfig,), frozen=True)


def keys_of_run(model: str) -> tuple[str, ...]:
    """All dotted keys that a run's configuration of a model can have, in their order."""
    return tuple(_keys(_schema(model_family(model).name)))


def _keys(cls: type[Any], above: str = "") -> Iterator[str]:
    hints = get_type_hints(cls)
    for each in dataclasses.fields(cls):
        name = f"{above}{key_of(each)}"
        kind = hints[each.name]
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            yield from _keys(kind, f"{name}.")
        else:
            yield name


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested values by dotted keys."""
    settings: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{above}{key}"
        settings |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return settings


def presets() -> Mapping[str, str]:
    """All presets, with what each is, as the first sentence of its file says."""
    lines = {name: _preset_text(name).partition("\n")[0] for name in get_args(Preset)}
    return {name: line.partition(". ")[0].strip("# .") for name, line in lines.items()}


def _preset(name: str) -> Mapping[str, Any]:
    """The values of a preset, nested."""
    return cast("Mapping[str, Any]", yaml.safe_load(_preset_text(name)))


def _preset_text(name: str) -> str:
    return (files(__package__) / "presets" / f"{name}.yaml").read_text(encoding="utf-8")
