"""Losses of tasks on logits of one output, (B,), or of several, (B, C)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def classification_loss(logits: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean cross-entropy: binary for one output, of the softmax for several.

    Parameters
    ----------
    logits : tensor (B,) or (B, C)
    label : integer tensor (B,)
        0 or 1 for one output, 0 to C - 1 for several.
    weight : tensor (B,), optional
        Of every object; the mean is divided by their sum.
    """
    reduction = "mean" if weight is None else "none"
    if logits.ndim == 1:
        losses = nn.functional.binary_cross_entropy_with_logits(
            logits, label.to(logits.dtype), reduction=reduction
        )
    else:
        losses = nn.functional.cross_entropy(logits, label.long(), reduction=reduction)
    return losses if weight is None else _weighted_mean(losses, weight)


def _weighted_mean(losses: Tensor, weight: Tensor) -> Tensor:
    """Of losses (B,); 0 where all weights are."""
    weight = weight.to(losses.dtype)
    return (losses * weight).sum() / weight.sum().clamp_min(torch.finfo(losses.dtype).tiny)


def distillation_loss(
    logits: Tensor, teacher: Tensor, temperature: float, weight: Tensor | None = None
) -> Tensor:
    """``T^2 KL(teacher || student)`` of probabilities softened by T.

    Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network" (2015). For one output the
    probabilities are those of signal and background.

    Parameters
    ----------
    logits, teacher : tensors (B,) or (B, C)
        Of the student and of the teacher, alike in shape.
    temperature : float
        T; both are divided by it.
    weight : tensor (B,), optional
        Of every object; the mean is divided by their sum.
    """
    student, wanted = (_log_probabilities(x / temperature) for x in (logits, teacher.to(logits)))
    each = nn.functional.kl_div(student, wanted, reduction="none", log_target=True).sum(1)  # (B,)
    divergence = each.mean() if weight is None else _weighted_mean(each, weight)
    return temperature**2 * divergence


def _log_probabilities(logits: Tensor) -> Tensor:
    """(B, C); of one output the two of background and signal."""
    if logits.ndim > 1:
        return nn.functional.log_softmax(logits, 1)
    log = nn.functional.logsigmoid
    return log(logits[:, None] * logits.new_tensor([-1.0, 1.0]))


def one_or_all(outputs: Tensor) -> Tensor:
    """Logits of outputs (B, C): (B,) where there is one, all of them otherwise."""
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs
