"""Choice of the binary points: for each tensor the integer bits that cost the least loss.

A range that covers the largest value wastes bits on outliers; one that clips too much loses
information. Both show in the loss, so the loss decides, tensor by tensor in order of the dataflow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from triggernet.learning.layers.quantisers import ActivationQuantiser
from triggernet.learning.tasks.losses import classification_loss

STEPS_DOWN = 9  # integer bits tried below those that cover the largest value
PATIENCE = 3  # fruitless tries in a row before the search of one tensor ends
OFFSET_STEPS = 12  # of Newton's method; the last ones change nothing any more


def calibrate(model: nn.Module, inputs: Mapping[str, Tensor], label: Tensor) -> float:
    """Set the integer bits of every quantiser of `model` that leaves them open.

    Parameters
    ----------
    model : nn.Module
        Takes `inputs`, gives logits (B,) or (B, C).
    inputs : mapping of str to float tensors (B, ...)
    label : integer tensor (B,)

    Returns
    -------
    float
        Cross-entropy of the calibrated model on these jets, up to a constant in the logits.
    """
    free = cover_ranges(model, inputs)
    best = _loss(model, inputs, label)
    for _ in range(2):  # a second pass: the first choices were made with wide neighbours
        for quantiser in free:
            best = _choose(model, quantiser, inputs, label, best)
    return best


@torch.no_grad()
def cover_ranges(model: nn.Module, inputs: Mapping[str, Tensor]) -> list[ActivationQuantiser]:
    """Give every quantiser left open the integer bits that hold its largest value.

    Returns
    -------
    list of ActivationQuantiser
        Those that were left open and are in use, in order of the dataflow.
    """
    quantisers = [m for m in model.modules() if isinstance(m, ActivationQuantiser) and not m.fixed]
    for quantiser in quantisers:
        quantiser.largest = 0.0
    model(inputs)
    used = []
    for quantiser in quantisers:
        if quantiser.largest:
            magnitude = math.floor(math.log2(quantiser.largest)) + 1
            quantiser.set_integer(magnitude + int(quantiser.kind.signed))
            used.append(quantiser)
        quantiser.largest = None
    return used


def _choose(
    model: nn.Module,
    quantiser: ActivationQuantiser,
    inputs: Mapping[str, Tensor],
    label: Tensor,
    best: float,
) -> float:
    chosen = start = quantiser.kind.integer
    worse = 0
    for integer in range(start - 1, start - STEPS_DOWN, -1):
        quantiser.set_integer(integer)
        loss = _loss(model, inputs, label)
        if loss < best:
            chosen, best, worse = integer, loss, 0
        else:
            worse += 1
        if worse == PATIENCE:
            break
    quantiser.set_integer(chosen)
    return best


@torch.no_grad()
def _loss(model: nn.Module, inputs: Mapping[str, Tensor], label: Tensor) -> float:
    return loss_up_to_offset(model(inputs), label)


def loss_up_to_offset(logits: Tensor, label: Tensor) -> float:
    """Cross-entropy of logits (B,) or (B, C), plus the constants that make it least.

    Rounding down shifts the logits, which the first epoch of fine-tuning undoes. Judged with the
    shift, a range that saturates too early would look good where it shifts them back.
    """
    shifted = logits.double()
    if shifted.ndim == 1:
        return float(classification_loss(shifted + _offset(shifted, label.double()), label))
    offsets = torch.zeros(shifted.shape[1], dtype=torch.float64)  # (C,)
    targets = nn.functional.one_hot(label.long(), shifted.shape[1]).double()  # (B, C)
    for _ in range(OFFSET_STEPS):  # Newton's method, the classes apart: nearly so they are
        p = torch.softmax(shifted + offsets, 1)  # (B, C)
        step = (targets - p).mean(0) / (p * (1 - p)).mean(0).clamp(min=1e-6)  # (C,)
        offsets = offsets + step.clamp(-2.0, 2.0) / 2  # half: a step of one class moves all
    return float(classification_loss(shifted + offsets, label))


def _offset(logits: Tensor, target: Tensor) -> Tensor:
    """The constant to add to logits (B,) for the least binary cross-entropy."""
    offset = torch.zeros((), dtype=torch.float64)
    for _ in range(OFFSET_STEPS):  # Newton's method, its steps bounded: far out it would diverge
        p = torch.sigmoid(logits + offset)  # (B,)
        step = (target - p).mean() / (p * (1 - p)).mean().clamp(min=1e-6)
        offset = offset + step.clamp(-2.0, 2.0)
    return offset
