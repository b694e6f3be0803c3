"""Graphs of padded objects, worked on row by row: no padding enters a batch norm or a mean.

A batch of B objects with up to N parts each is flattened to its M present parts. Index operations
stand for graphs, so that all of it can be exported to ONNX.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from triggernet.learning.tasks.losses import one_or_all


class Rows(NamedTuple):
    """Where the present parts of a batch lie.

    Attributes
    ----------
    flat : int64 tensor (M,)
        Place of each row in the flattened batch (B N,).
    owner : int64 tensor (M,)
        The object, 0 to B - 1, that each row belongs to.
    number : int64 tensor (B, N)
        The row of each present part; of no meaning elsewhere.
    """

    flat: Tensor
    owner: Tensor
    number: Tensor

    @property
    def n_objects(self) -> int:
        """B."""
        return self.number.shape[0]

    def take(self, padded: Tensor) -> Tensor:
        """Rows (M, ...) of a padded tensor (B, N, ...)."""
        return padded.flatten(0, 1).index_select(0, self.flat)

    def pad(self, rows: Tensor) -> Tensor:
        """The padded tensor (B, N, C) of rows (M, C), zero elsewhere."""
        B, N = self.number.shape
        padded = rows.new_zeros(B * N, rows.shape[1]).index_copy(0, self.flat, rows)
        return padded.view(B, N, -1)


def rows_of(present: Tensor) -> Rows:
    """The rows of a batch whose present parts a bool tensor (B, N) tells."""
    owner, place = present.nonzero().unbind(1)  # (M,)
    number = present.flatten().long().cumsum(0).view(present.shape) - 1  # (B, N)
    return Rows(owner * present.shape[1] + place, owner, number)


def itself(n: int, device: torch.device) -> Tensor:
    """Which pairs of n parts are a part and itself, bool (n, n); ONNX Runtime knows no `eye`."""
    place = torch.arange(n, device=device)
    return place[:, None] == place


def mean_by(values: Tensor, index: Tensor, n: int) -> Tensor:
    """Means (n, C) of the rows of `values` (M, C) that share an index (M,); 0 where there is none.

    n may be a traced number.
    """
    zero, each = values.new_zeros(n, values.shape[1]), index[:, None]
    count = zero[:, :1].scatter_add(0, each, torch.ones_like(values[:, :1]))  # (n, 1)
    total = zero.scatter_add(0, each.expand_as(values), values)  # (n, C)
    return total / count.clamp(min=1)


class Shortcut(nn.Module):
    """What passes an edge convolution by: the features, or a linear map of them with batch norm."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out, bias=False) if n_in != n_out else nn.Identity()
        self.norm = nn.BatchNorm1d(n_out) if n_in != n_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(M, n_in) to (M, n_out)."""
        normed: Tensor = self.norm(self.linear(x))
        return normed


class Fusion(nn.Module):
    """Features of all blocks of a part to one vector: linear, ReLU, then batch norm."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """(M, n_in) to (M, n_out)."""
        normed: Tensor = self.norm(torch.relu(self.linear(x)))
        return normed


class ObjectHead(nn.Module):
    """From rows to the logits of objects: an optional fusion, the mean, one hidden layer.

    Parameters
    ----------
    sizes : tuple of int
        Features of a row, and outputs of the hidden layer.
    n_outputs : int
        C. As published, one output is the difference of two, the signal's minus the background's.
    fusion : int or None
        Outputs of a `Fusion` before the mean.
    dropout : float
        Behind the hidden layer.
    """

    def __init__(
        self, sizes: tuple[int, int], n_outputs: int, fusion: int | None, dropout: float
    ) -> None:
        super().__init__()
        n_in, hidden = sizes
        self.n_outputs = n_outputs
        self.fusion = nn.Identity() if fusion is None else Fusion(n_in, fusion)
        self.hidden = nn.Linear(fusion or n_in, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, max(n_outputs, 2))

    def forward(self, features: Tensor, rows: Rows) -> Tensor:
        """Logits (B,) or (B, C) of row features (M, F)."""
        pooled = mean_by(self.fusion(features), rows.owner, rows.n_objects)  # (B, G)
        y = self.output(self.dropout(torch.relu(self.hidden(pooled))))  # (B, C)
        return one_or_all(y[:, 1:] - y[:, :1] if self.n_outputs == 1 else y)
