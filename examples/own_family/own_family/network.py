"""The float model."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from triggernet.learning.tasks.losses import one_or_all

UNIT = 16.0  # inputs are GeV and steps of pi/720: divided by a power of two they are of order one


class LinearSum(nn.Module):
    """One dense layer for every constituent, their sum, and one score or several."""

    def __init__(self, features: int, names: tuple[str, ...], n_outputs: int) -> None:
        super().__init__()
        self.names = names
        self.each = nn.Linear(len(names), features, dtype=torch.float64)
        self.score = nn.Linear(features, n_outputs, dtype=torch.float64)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits: (B,) for one output, otherwise (B, C)."""
        columns = torch.stack([inputs[name] for name in self.names], 2)  # (B, N, F)
        present = columns[..., :1] != 0  # the first input, pT, is 0 where a constituent is absent
        each = torch.relu(self.each(columns / UNIT)) * present  # (B, N, G)
        return one_or_all(self.score(each.sum(1) / UNIT))
