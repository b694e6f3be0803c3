"""Inputs of float models with mean 0 and deviation 1, which belong to the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Standardisation(nn.Module):
    """Subtract a mean, divide by a deviation, cut off what lies far outside.

    Parameters
    ----------
    n_features : int
        F.
    clip : float or None
        Deviations beyond which values are cut off.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, n_features: int, clip: float | None = None) -> None:
        super().__init__()
        self.clip = clip
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("deviation", torch.ones(n_features))

    def forward(self, x: Tensor) -> Tensor:
        """(..., F) to (..., F)."""
        scaled = (x - self.mean) / self.deviation
        return scaled if self.clip is None else scaled.clamp(-self.clip, self.clip)

    @torch.no_grad()
    def fit(self, x: Tensor, weight: Tensor | None = None) -> None:
        """Set both to those of rows (M, F), which count by a weight (M,) if there is one.

        A column that never changes keeps the deviation 1.
        """
        x = x.double()
        share = torch.ones(len(x), dtype=x.dtype) if weight is None else weight.double()
        share = (share / share.sum())[:, None]
        mean = (share * x).sum(0)
        deviation = (share * (x - mean) ** 2).sum(0).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))
