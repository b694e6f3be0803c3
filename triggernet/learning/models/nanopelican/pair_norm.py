"""Symmetric arrays over pairs of particles, and the BatchNorm and dropout that act on them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class PairEntries(NamedTuple):
    """The M x M entries of a batch, kept as pairs i < j and a diagonal.

    Attributes
    ----------
    upper, lower : Tensor (B, P, C)
        Entries (i, j) and (j, i), zero where a particle is absent; the same tensor if symmetric.
    diagonal : Tensor (B, M, C)
    present : bool Tensor (B, M)
    """

    upper: Tensor
    lower: Tensor
    diagonal: Tensor
    present: Tensor

    @classmethod
    def of(
        cls, upper: Tensor, diagonal: Tensor, present: Tensor, lower: Tensor | None = None
    ) -> PairEntries:
        """Entries with those of absent particles set to zero; symmetric without `lower`."""
        both = pair_mask(present)[..., None]  # (B, P, 1)
        masked = torch.where(both, upper, 0.0)  # (B, P, C)
        mirrored = masked if lower is None else torch.where(both, lower, 0.0)  # (B, P, C)
        return cls(masked, mirrored, torch.where(present[..., None], diagonal, 0.0), present)

    def total(self) -> Tensor:
        """The sum over all i, j: (B, C)."""
        return self.upper.sum(1) + self.lower.sum(1) + self.trace()

    def trace(self) -> Tensor:
        """The sum over the diagonal: (B, C)."""
        return self.diagonal.sum(1)


def pair_mask(present: Tensor) -> Tensor:
    """Which pairs i < j are of two particles present: bool (B, P)."""
    # (P,) each
    N = present.shape[1]
    places = torch.ones(N, N, dtype=torch.bool, device=present.device).tril(-1).nonzero()
    j, i = places.unbind(1)  # as tril_indices gives them, which ONNX does not know
    return present[:, i] & present[:, j]  # (B, P)


class PairNorm(nn.Module):
    """BatchNorm per channel over all entries of particles present, diagonal included.

    Like torch's own: batch statistics while training, running ones otherwise (momentum 0.1,
    unbiased running variance, epsilon 1e-5).
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_channels, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(n_channels, dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(n_channels, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(n_channels, dtype=torch.float64))
        self._statistics: tuple[Tensor, Tensor] | None = None

    def affine(self) -> tuple[Tensor, Tensor]:
        """Scale and shift (C,) of the last pass while training, of the running statistics else."""
        mean, variance = self.mean, self.variance  # (C,) each
        if self.training and self._statistics is not None:
            mean, variance = self._statistics
        scale = self.weight / torch.sqrt(variance + 1e-5)  # (C,)
        return scale, self.bias - mean * scale

    def forward(self, entries: PairEntries) -> PairEntries:
        """The normalised entries; absent ones stay zero."""
        if self.training:
            self._statistics = self._measure(entries)
        scale, shift = self.affine()
        return PairEntries.of(
            entries.upper * scale + shift,
            entries.diagonal * scale + shift,
            entries.present,
            None if entries.lower is entries.upper else entries.lower * scale + shift,
        )

    def _measure(self, entries: PairEntries) -> tuple[Tensor, Tensor]:
        size = (entries.present.sum(1) ** 2).sum().to(entries.upper.dtype)  # (), entries in all
        mean = entries.total().sum(0) / size  # (C,)
        square = entries._replace(
            upper=entries.upper**2, lower=entries.lower**2, diagonal=entries.diagonal**2
        )
        variance = (square.total().sum(0) / size - mean**2).clamp(min=0)  # (C,)
        with torch.no_grad():
            self.mean.lerp_(mean, 0.1)
            self.variance.lerp_(variance * size / (size - 1).clamp(min=1), 0.1)
        return mean, variance


def drop(entries: PairEntries, probability: float, symmetric: bool) -> PairEntries:
    """Dropout of single entries; with `symmetric`, (i, j) and (j, i) fall together."""
    if probability == 0:
        return entries
    upper = nn.functional.dropout(entries.upper, probability)  # (B, P, C)
    lower = upper if symmetric else nn.functional.dropout(entries.lower, probability)
    return entries._replace(
        upper=upper, lower=lower, diagonal=nn.functional.dropout(entries.diagonal, probability)
    )
