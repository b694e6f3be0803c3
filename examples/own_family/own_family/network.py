"""The float model."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

UNIT = 16.0  # inputs are GeV and steps of pi/720: divided by a power of two they are of order one


class LinearSum(nn.Module):
    """One dense layer for every constituent, their sum, and the score."""

    def __init__(self, features: int, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names
        self.each = nn.Linear(len(names), features, dtype=torch.float64)
        self.score = nn.Linear(features, 1, dtype=torch.float64)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,)."""
        columns = torch.stack([inputs[name] for name in self.names], 2)  # (B, N, F)
        present = columns[..., :1] != 0  # the first input, pT, is 0 where a constituent is absent
        each = torch.relu(self.each(columns / UNIT)) * present  # (B, N, G)
        logits: Tensor = self.score(each.sum(1) / UNIT)[:, 0]
        return logits
