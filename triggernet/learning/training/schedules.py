"""How the learning rate of AdamW goes through a training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from triggernet.learning.training.recipes import AdamWConfig

BETA1 = 0.9  # of Adam, as usual
CYCLED_BETA1 = (0.95, 0.85)  # at the ends of a cycle, and where its rate is highest


class Pace(NamedTuple):
    """Learning rate and first moment's decay (beta 1) of one step."""

    rate: float
    beta1: float


def pace(config: AdamWConfig, step: int, steps_an_epoch: int) -> Pace:
    """Those of a step, counted from 0 through all epochs."""
    if config.schedule == "constant":
        return Pace(config.learning_rate, BETA1)
    if config.schedule == "one-cycle":
        return one_cycle(config, step, config.epochs * steps_an_epoch)
    epoch, batch = divmod(step, steps_an_epoch)
    return Pace(learning_rate(config, epoch + batch / steps_an_epoch), BETA1)


def one_cycle(config: AdamWConfig, step: int, steps: int) -> Pace:
    """A cosine up to the full rate and one down, beta 1 the other way round.

    L. Smith, N. Topin (arXiv:1708.07120), as `torch.optim.lr_scheduler.OneCycleLR` counts steps.
    """
    cycle = config.cycle
    top = max(cycle.rise * steps - 1, 0.0)
    if step <= top:
        share = step / top if top > 0 else 1.0
        ends = (cycle.initial, config.learning_rate), CYCLED_BETA1
    else:
        share = (step - top) / max(steps - 1 - top, 1.0)
        ends = (config.learning_rate, cycle.final), CYCLED_BETA1[::-1]
    return Pace(*(_cosine(*each, share) for each in ends))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def learning_rate(config: AdamWConfig, epoch: float) -> float:
    """The rate at a fractional epoch: linear warm-up, cosines with restarts, exponential decay.

    The cosines end at ``config.floor`` of the full rate, and the decay goes on from there. With
    ``config.milestones`` it is a staircase instead.
    """
    if config.milestones:
        passed = sum(epoch >= milestone for milestone in config.milestones)
        return config.learning_rate * math.pow(0.1, passed)
    if epoch < config.warmup_epochs:
        return config.learning_rate * (epoch + 1e-3) / config.warmup_epochs
    annealed = config.epochs - config.decay_epochs
    if epoch >= annealed:
        return config.learning_rate * config.floor * math.pow(config.decay, epoch - annealed)
    position, length = epoch - config.warmup_epochs, float(config.restart_epochs)
    while position >= length:
        position -= length
        length *= config.restart_factor
    cosine = 0.5 * (1 + math.cos(math.pi * position / length))
    return config.learning_rate * (config.floor + (1 - config.floor) * cosine)
