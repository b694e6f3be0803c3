"""Jets ready for training: inputs of both kinds and labels, split into two parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from triggernet.data.encoding import encode
from triggernet.errors import DataError, EncodingError
from triggernet.learning.tasks.auxiliary import (
    TARGETS,
    parts_of,
    properties_of,
    regression_loss,
)
from triggernet.learning.tasks.losses import distillation_loss
from triggernet.learning.tasks.parts import (
    PARTS,
    inverse_frequencies,
    origin_loss,
    vertex_loss,
)
from triggernet.learning.training.features import check_jets, code_values, exact_inputs
from triggernet.learning.training.start_config import StartConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triggernet.data import Jets
    from triggernet.learning.tasks.auxiliary import Auxiliary
    from triggernet.learning.tasks.task import Task
    from triggernet.learning.training.config import RunConfig, TrainingConfig


class Target(NamedTuple):
    """What is to be learned of a batch: labels (B,), and what there is besides.

    Logits of a teacher, (B,) or (B, C); weights (B,); properties (B,) by name, NaN where unknown;
    labels of constituents and pairs (B, N, ...) by name.
    """

    label: Tensor
    teacher: Tensor | None = None
    weight: Tensor | None = None
    properties: Mapping[str, Tensor] = MappingProxyType({})
    parts: Mapping[str, Tensor] = MappingProxyType({})


@dataclass(frozen=True)
class Sample:
    """Inputs of n jets by name and their labels.

    Attributes
    ----------
    exact : dict of str to tensor (n, ...)
        What the float model reads: see `features.exact_inputs`.
    hardware : dict of str to float32 tensor (n, ...)
        See `features.hardware_inputs`; empty for a model of the tier hlt.
    label : int64 tensor (n,)
        In the order of the task's classes; of two, 1 is the signal.
    saturated : mapping of str to int
        How many values of each input of `hardware` lay outside its range and were set to its end.
    teacher : float64 tensor (n,) or (n, C), optional
        Logits of another model, to learn from.
    weight : float64 tensor (n,), optional
        How much each jet counts in the loss; all the same without.
    properties : mapping of str to float64 tensor (n,)
        What is learned beside the classes; NaN where it is not known of a jet.
    parts : mapping of str to int8 tensor (n, N, ...)
        Labels of constituents and pairs: see `triggernet.learning.tasks.parts`.
    """

    exact: dict[str, Tensor]
    hardware: dict[str, Tensor]
    label: Tensor
    saturated: Mapping[str, int]
    teacher: Tensor | None = None
    weight: Tensor | None = None
    properties: Mapping[str, Tensor] = field(default_factory=dict)
    parts: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, jets: Jets, config: RunConfig) -> Sample:
        """What the models of a configuration read and learn of jets, which are checked first."""
        check_jets(jets)
        exact = exact_inputs(jets, config)
        label = torch.from_numpy(config.task.labels(jets.classes, jets.label))
        of_jets = properties_of(config.auxiliary)
        properties = {name: torch.from_numpy(TARGETS[name](jets)) for name in of_jets}
        n = config.encoding.n_constituents
        parts = {
            name: torch.from_numpy(PARTS[name].labels(jets, n))
            for name in parts_of(config.auxiliary)
        }
        weight = None if jets.weight is None else torch.from_numpy(jets.weight)
        learned: dict[str, Any] = {"weight": weight, "properties": properties, "parts": parts}
        if config.family.tier == "hlt":
            return cls(exact, {}, label, {}, **learned)
        encoded = encode(jets, config.encoding)
        values = code_values(encoded, config.encoding)
        return cls(exact, values, label, encoded.saturated, **learned)

    def __len__(self) -> int:
        return len(self.label)

    def target(self, index: Tensor | slice) -> Target:
        """What is to be learned of some of the jets."""
        teacher, weight = (None if x is None else x[index] for x in (self.teacher, self.weight))
        properties = {name: values[index] for name, values in self.properties.items()}
        parts = {name: labels[index] for name, labels in self.parts.items()}
        return Target(self.label[index], teacher, weight, properties, parts)


@dataclass(frozen=True)
class Split:
    """The jets that weights are fitted to, in random order, those that judge them, and the task."""

    train: Sample
    validation: Sample
    task: Task
    start: StartConfig = field(default_factory=StartConfig)
    auxiliary: Mapping[str, Auxiliary] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """Tasks of constituents and pairs, in the order of the configuration."""
        return parts_of(self.auxiliary)

    @cached_property
    def origin_weights(self) -> Tensor:
        """How much tracks of each origin count, (K,)."""
        given = self.auxiliary["origin"].class_weights
        return torch.tensor(given or inverse_frequencies(self.train.parts["origin"].numpy()))

    def loss(
        self, outputs: Tensor, target: Target, parts: Mapping[str, Tensor] = MappingProxyType({})
    ) -> Tensor:
        """The loss of a batch: that of the classes, and those of all that is learned beside them.

        Parameters
        ----------
        outputs : tensor (B,) or (B, C)
            Of objects: classes, then properties.
        target : Target
        parts : mapping of str to tensor (B, N, ...)
            Outputs for constituents and pairs.
        """
        loss = self._loss_of_classes(self.task.logits(outputs), target)
        for name, values in self.task.properties(outputs, properties_of(self.auxiliary)).items():
            added = regression_loss(values, target.properties[name], target.weight)
            loss = loss + self.auxiliary[name].weight * added
        for name, values in parts.items():
            loss = loss + self.auxiliary[name].weight * self.loss_of_part(name, values, target)
        return loss

    def loss_of_part(self, name: str, outputs: Tensor, target: Target) -> Tensor:
        """That of a task of constituents or pairs, without its weight."""
        label = target.parts[name]
        if name == "origin":
            return origin_loss(outputs, label, self.origin_weights, target.weight)
        published = self.auxiliary[name].fakes_with_heavy
        return vertex_loss(outputs, label, target.weight, fakes_with_heavy=published)

    def _loss_of_classes(self, logits: Tensor, target: Target) -> Tensor:
        """The task's loss, and how far the logits are from a teacher's."""
        loss = self.task.loss(logits, target.label, target.weight)
        if target.teacher is None:
            return loss
        a = self.start.teacher_weight
        taught = distillation_loss(logits, target.teacher, self.start.temperature, target.weight)
        return (1 - a) * loss + a * taught

    def judged(self, outputs: Tensor) -> Mapping[str, float]:
        """Loss and AUC of the classes, of the outputs for the validation jets."""
        logits = self.task.logits(outputs)
        return self.task.judged(logits, self.validation.label, self.validation.weight)


def split_jets(
    jets: Jets, config: RunConfig, teacher: Callable[[Jets], Tensor | None] = lambda _: None
) -> Split:
    """Shuffle and split jets as `config.training` says; `teacher` gives logits to learn from.

    Raises
    ------
    DataError
        If the jets are unfit or narrower than the encoding, or one of the parts would lack a class;
        if they have weights, and the recipe counts every jet once.
    EncodingError
        If the widths of the encoding cannot hold the jets: more than `training.max_saturated` of
        the values of an input would saturate.
    """
    training = config.training
    jets = jets if training.max_jets is None else jets.select(slice(training.max_jets))
    check_jets(jets)
    _refuse_empty_places(jets, config.encoding.n_constituents)
    if jets.weight is not None and training.recipe == "multistart":
        raise DataError(
            "the jets have weights, and recipe multistart counts every jet once; use recipe adamw"
        )
    parts = [jets.select(index) for index in _parts(jets, training)]
    task = config.task
    samples = [Sample.of(part, config) for part in parts]
    for sample, name in zip(samples, ("training part", "validation part"), strict=True):
        advice = "give more jets or another validation_fraction"
        counted = sample.label if sample.weight is None else sample.label[sample.weight > 0]
        task.check_complete(counted.numpy(), name, advice)
    taught = replace(samples[0], teacher=teacher(parts[0]))
    split = Split(taught, samples[1], task, training.start, config.auxiliary)
    _refuse_narrow(split.train, config)
    return split


def _parts(jets: Jets, training: TrainingConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the jets to train on and of those to validate, both in random order.

    Jets of one event are in the same part, where the events are known.
    """
    order = np.random.default_rng(training.seed).permutation(len(jets))
    n_validation = round(training.validation_fraction * len(jets))
    if jets.event is not None:
        _, first, number = np.unique(jets.event[order], return_index=True, return_inverse=True)
        order = order[np.argsort(first[number], kind="stable")]  # the rest after an event's first
        event = jets.event[order]
        n_validation += int((event[n_validation:] == event[n_validation - 1]).sum())
    return order[n_validation:], order[:n_validation]


def _refuse_empty_places(jets: Jets, n_constituents: int) -> None:
    """Raise DataError if more constituents are asked for than the sample has room for."""
    stored = jets.constituents.shape[1]
    if n_constituents > stored:
        raise DataError(
            f"encoding.n_constituents = {n_constituents}, and the sample stores at most {stored} "
            f"constituents of a jet: the other inputs would be empty; ask for {stored} or fewer"
        )


def _refuse_narrow(sample: Sample, config: RunConfig) -> None:
    """Raise EncodingError for an input whose type cuts off more of the jets than is allowed."""
    allowed = config.training.max_saturated
    for name, saturated in sample.saturated.items():
        n = int(torch.count_nonzero(sample.hardware[name]))  # zero: absent, or small anyway
        if saturated > allowed * n:
            key = name if config.encoding.polar else "momentum"
            raise EncodingError(
                f"{saturated} of {n} values of the input {name!r} do not fit its type "
                f"{config.encoding.types[name]} and would saturate; at most {allowed:.3g} of them "
                f"may: raise encoding.{key}_width, or training.max_saturated"
            )


def saturation_text(saturated: Mapping[str, int]) -> str:
    """``pt 3, eta 1``: the inputs with values outside their range; ``none`` without any."""
    saturating = [f"{name} {count}" for name, count in saturated.items() if count]
    return ", ".join(saturating) or "none"


def predict(model: torch.nn.Module, inputs: dict[str, Tensor], batch_size: int = 1000) -> Tensor:
    """Outputs (n,) or (n, C) of a model in evaluation mode, float64, batch by batch."""
    training = model.training
    model.eval()
    logits = in_batches(lambda x: {"logits": model(x).double()}, inputs, batch_size)["logits"]
    model.train(training)
    return logits


@torch.no_grad()
def in_batches(
    function: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    inputs: dict[str, Tensor],
    batch_size: int = 1000,
) -> dict[str, Tensor]:
    """What a function of tensors (B, ...) by name makes of inputs (n, ...), batch by batch."""
    n = len(next(iter(inputs.values())))
    parts = [
        function({name: x[k : k + batch_size] for name, x in inputs.items()})
        for k in range(0, n, batch_size)
    ]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
