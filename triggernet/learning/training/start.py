"""Trainings that begin from other runs: warm starts, frozen trunks, teachers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from triggernet.errors import DataError, EncodingError, ModelError
from triggernet.learning.layers.mup import Scaling
from triggernet.learning.training.run_folder import load_run
from triggernet.learning.training.sample import Sample, predict
from triggernet.learning.training.start_config import Trunk
from triggernet.progress import say

if TYPE_CHECKING:
    from triggernet.data import Jets
    from triggernet.learning.tasks.task import Task
    from triggernet.learning.training.start_config import StartConfig

SHOWN = 3  # tensors that a message names


def warm_start(model: nn.Module, start: StartConfig) -> None:
    """Set the weights of a float model to those of the run that it begins from, if any.

    Raises
    ------
    ModelError
        If that is no finished run, or its model is of another architecture: with the first tensors
        that differ; if head and trunk are told apart and the model does not say which is which.
    """
    if start.from_ is None:
        return
    divided = start.head == "fresh" or start.trunk != Trunk()
    if divided and not any(of_head(model, name) for name in model.state_dict()):
        raise ModelError(
            "training.start: this model does not say which of its parameters are the head; leave "
            "head and trunk as they are, or give the module `head_parameters`"
        )
    theirs: dict[str, Any] = load_run(Path(start.from_)).float_model.state_dict()
    mine = model.state_dict()
    if start.head == "fresh":
        theirs, mine = (
            {n: t for n, t in s.items() if not of_head(model, n)} for s in (theirs, mine)
        )
    differing = [
        name for name in sorted(theirs.keys() | mine.keys()) if not _alike(name, theirs, mine)
    ]
    if differing:
        differences = "; ".join(_difference(name, theirs, mine) for name in differing[:SHOWN])
        more = f", and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        heads = all(of_head(model, name) for name in differing)
        advice = "set training.start.head: fresh" if heads else "start from a run of the same model"
        raise ModelError(
            f"training.start.from: the model of {start.from_} is of another architecture: "
            f"{differences}{more}; {advice}"
        )
    model.load_state_dict(theirs, strict=False)
    say(f"starting from the float weights of {start.from_}, the head {start.head}")


def of_head(model: nn.Module, name: str) -> bool:
    """Whether a tensor of the model's state belongs to its head."""
    heads: tuple[str, ...] = getattr(model, "head_parameters", ())
    return name.startswith(heads)


def parameter_groups(model: nn.Module, start: StartConfig) -> list[dict[str, Any]]:
    """Parameters for an optimiser, each group with the share of the learning rate it has.

    ``scale`` is that share, which every schedule keeps, and ``decay`` what the weight decay is
    multiplied with; both follow from the start and from the model's ``scalings``, if it has some
    (`triggernet.learning.layers.mup`). Those of a frozen trunk are in no group, and need no
    gradient from now on.
    """
    scalings: Mapping[str, Scaling] = getattr(model, "scalings", {})
    groups: dict[Scaling, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        rate = 1.0 if of_head(model, name) else _rate(start)
        if rate:
            own = scalings.get(name, Scaling())
            groups.setdefault(Scaling(rate * own.rate, own.decay), []).append(parameter)
        else:
            parameter.requires_grad_(False)
    return [
        {"params": parameters, "scale": scaling.rate, "decay": scaling.decay}
        for scaling, parameters in groups.items()
    ]


def _rate(start: StartConfig) -> float:
    return 0.0 if start.trunk == "frozen" else start.trunk.rate


def keep_trunk(model: nn.Module, start: StartConfig) -> None:
    """After `model.train()`: a frozen trunk stays in evaluation, its batch norms too."""
    if start.trunk != "frozen":
        return
    for name, module in model.named_modules():
        if name and not of_head(model, f"{name}."):
            module.training = False  # not `eval()`: that would reach into a head within


def teacher_logits(start: StartConfig, jets: Jets, task: Task) -> Tensor | None:
    """What the teacher says of the jets, float64 (n,) or (n, C); None without a teacher.

    Raises
    ------
    ModelError
        If it is no finished run, or tells other classes apart.
    DataError
        If it needs inputs that the jets lack.
    """
    if start.teacher is None:
        return None
    run = load_run(Path(start.teacher))
    if run.config.task.n_outputs != task.n_outputs:
        raise ModelError(
            f"training.start.teacher: {start.teacher} tells {run.config.task.n_classes} classes "
            f"apart, this model {task.n_classes}; take a teacher of the same classes"
        )
    try:
        sample = Sample.of(jets, replace(run.config, task=task))
    except (DataError, EncodingError) as error:
        raise DataError(
            f"training.start.teacher: the jets lack what {start.teacher} reads: {error}"
        ) from error
    logits = run.config.task.logits(predict(run.float_model, sample.exact))
    return _in_order(logits, run.config.task.classes, task.classes, start.teacher)


def _in_order(logits: Tensor, theirs: Sequence[str], mine: Sequence[str], teacher: str) -> Tensor:
    """Logits of a teacher in the student's order of classes; unnamed ones are taken as is."""
    if theirs == mine or not theirs or not mine:
        return logits
    if logits.ndim == 1:
        swapped = theirs[0] == mine[1] or theirs[1] == mine[0]
        return -logits if swapped else logits
    if set(theirs) != set(mine):
        raise ModelError(
            f"training.start.teacher: {teacher} tells {', '.join(theirs)} apart, this model "
            f"{', '.join(mine)}; take a teacher of the same classes"
        )
    return logits[:, [theirs.index(name) for name in mine]]


def _alike(name: str, theirs: dict[str, Any], mine: dict[str, Any]) -> bool:
    return name in theirs and name in mine and _shape(theirs[name]) == _shape(mine[name])


def _difference(name: str, theirs: dict[str, Any], mine: dict[str, Any]) -> str:
    there = _shape(theirs[name]) if name in theirs else "missing"
    here = _shape(mine[name]) if name in mine else "missing"
    return f"{name} is {there} there and {here} here"


def _shape(value: Any) -> Any:
    return tuple(value.shape) if torch.is_tensor(value) else type(value).__name__
