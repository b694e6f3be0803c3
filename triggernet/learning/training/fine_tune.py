"""Quantisation-aware fine-tuning of any module, from where its float model ended."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from triggernet.errors import ModelError
from triggernet.learning.tasks.losses import one_or_all
from triggernet.learning.training.sample import Sample, Split, Target, in_batches, predict
from triggernet.learning.training.threads import single_thread
from triggernet.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triggernet.learning.training.recipes import FineTuneConfig
    from triggernet.learning.training.state import TrainingState

_STATE = "fine-tune"


def fine_tune(
    model: nn.Module, split: Split, config: FineTuneConfig, seed: int, state: TrainingState
) -> float:
    """Train `model` with its quantisers and leave it at its best validation checkpoint.

    The learning rate follows a cosine to zero. After ``config.freeze_at`` of the epochs
    ``model.freeze_scales()`` is called: power-of-two scales that still flip would undo the
    annealing. Only checkpoints with frozen scales can be the best one, the last of which stands
    for ``config.epochs = 0``.

    Parameters
    ----------
    model : nn.Module
        Maps the inputs of ``split.train.hardware`` to logits; has ``freeze_scales()``.
    split : Split
    config : FineTuneConfig
    seed : int
        Order of the batches.
    state : TrainingState
        Keeps every epoch.

    Returns
    -------
    float
        Validation loss of the best checkpoint.
    """
    network, split = _prepared(model, split)
    tuning = _Tuning(model, network, split, config, seed)
    frozen_from = math.ceil(config.freeze_at * config.epochs)
    kept = state.get(_STATE)
    if kept is not None:
        tuning.restore(kept)
    for line in tuning.history:
        state.log(**line)
    with single_thread(), Progress("fine-tuning", config.epochs, "epochs") as progress:
        progress.advance(len(tuning.history))
        for epoch in range(len(tuning.history), config.epochs):
            if epoch == frozen_from:
                tuning.freeze()
            line = tuning.epoch(epoch, judged=epoch >= frozen_from)
            state.put(_STATE, tuning.snapshot())
            state.log(**line)
            state.watch(line)
            progress.advance(note=f"validation loss {line['validation_loss']:.4f}")
    return tuning.finish()


class _Head(nn.Module):
    """The trainable part of a model, fed with what its fixed part made of the inputs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, invariants: dict[str, Tensor]) -> Tensor:
        head: Any = self.model.head
        return one_or_all(head(invariants))


def _prepared(model: nn.Module, split: Split) -> tuple[nn.Module, Split]:
    """What to train on what: models with `invariants` and `head` run their fixed part once."""
    if not hasattr(model, "invariants"):
        return model, split
    train, validation = (_invariants(model, s) for s in (split.train, split.validation))
    return _Head(model), dataclasses.replace(split, train=train, validation=validation)


def _invariants(model: Any, sample: Sample) -> Sample:
    model.eval()
    return dataclasses.replace(sample, hardware=in_batches(model.invariants, sample.hardware))


class _Tuning:
    """A fine-tuning under way: all that a resumed one needs is in its snapshot."""

    def __init__(
        self, model: nn.Module, network: nn.Module, split: Split, config: FineTuneConfig, seed: int
    ) -> None:
        self.model, self.network = model, network
        self.split, self.config, self.seed = split, config, seed
        # Parameters whose natural size is not one need a rate of that size.
        scales: dict[str, float] = getattr(model, "learning_rate_scales", {})
        groups = [
            {"params": [parameter], "scale": scales.get(name, 1.0)}
            for name, parameter in model.named_parameters()
        ]
        self.optimiser = torch.optim.Adam(groups, lr=config.learning_rate)
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.best_loss = math.inf

    def freeze(self) -> None:
        """Freeze the scales, from the next batch on."""
        freeze: Any = self.model.freeze_scales
        freeze()

    def epoch(self, number: int, judged: bool) -> dict[str, Any]:
        """One pass over the training jets; the line for the history."""
        self.model.train()
        total = 0.0
        n_batches = -(-len(self.split.train) // self.config.batch_size)
        batches = _batches(self.split.train, self.config.batch_size, self.seed, number)
        for k, (inputs, target) in enumerate(batches):
            self._anneal((number + k / n_batches) / self.config.epochs)
            self.optimiser.zero_grad(set_to_none=True)
            logits = self.network(inputs)
            loss = self.split.loss(logits, target)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            total += float(loss.detach()) * len(target.label)
        line = {"stage": _STATE, "epoch": number, "loss": total / len(self.split.train)}
        line |= self._judge(judged)
        self.history.append(line)
        return line

    def _anneal(self, done: float) -> None:
        rate = self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["scale"]

    def _judge(self, may_be_best: bool) -> dict[str, float]:
        judged = self.split.judged(predict(self.network, self.split.validation.hardware))
        loss = judged["validation_loss"]
        if not math.isfinite(loss):
            raise ModelError(
                "the quantisation-aware training diverged; lower fine_tune.learning_rate"
            )
        if may_be_best and loss < self.best_loss:
            self.best_loss, self.best = loss, copy.deepcopy(self.model.state_dict())
        return dict(judged)

    def finish(self) -> float:
        """Leave the model at its best, scales frozen."""
        self.freeze()
        if self.best is None:
            self._judge(may_be_best=True)
        if self.best is not None:
            self.model.load_state_dict(self.best)
        self.model.eval()
        return self.best_loss

    def snapshot(self) -> dict[str, Any]:
        """Everything as it is between two epochs."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": self.history,
            "best": self.best,
            "best_loss": self.best_loss,
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Go back to a snapshot."""
        self.model.load_state_dict(kept["model"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.history, self.best, self.best_loss = kept["history"], kept["best"], kept["best_loss"]


def _batches(
    sample: Sample, batch_size: int, seed: int, epoch: int
) -> Iterator[tuple[dict[str, Tensor], Target]]:
    """Batches in an order that depends on seed and epoch alone, so that any epoch can be redone."""
    generator = torch.Generator().manual_seed(1_000_003 * seed + epoch)
    order = torch.randperm(len(sample), generator=generator)
    for begin in range(0, len(order), batch_size):
        index = order[begin : begin + batch_size]
        yield {name: x[index] for name, x in sample.hardware.items()}, sample.target(index)
