"""Self-attention among the parts of padded objects, for float models."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from triggernet.learning.layers.graphs import Rows

ABSENT = -1e9  # a logit, finite so that a jet without parts has gradients


def masked_softmax(logits: Tensor, present: Tensor) -> Tensor:
    """Softmax over the last dimension, of present parts alone; all zero where none is.

    Parameters
    ----------
    logits : tensor (..., N)
    present : bool tensor that broadcasts to it
    """
    weights = torch.softmax(logits.masked_fill(~present, ABSENT), -1)
    return weights * present.to(weights.dtype)


class SelfAttention(nn.Module):
    """Every part of an object reads all others, in several heads.

    Parameters
    ----------
    width, n_heads : int
        Of all heads together; how many.
    scale : float
        By which products of query and key are multiplied.
    """

    def __init__(self, width: int, n_heads: int, scale: float) -> None:
        super().__init__()
        self.n_heads, self.scale = n_heads, scale
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, rows: Rows, present: Tensor) -> Tensor:
        """Rows (M, D) to rows (M, D); `present` (B, N) tells where they lie."""
        query, key, value = (
            self._heads(rows.pad(layer(x))) for layer in (self.query, self.key, self.value)
        )  # (B, H, N, D / H)
        logits = query @ key.transpose(-1, -2) * self.scale  # (B, H, N, N)
        read = masked_softmax(logits, present[:, None, None, :]) @ value  # (B, H, N, D / H)
        merged = read.transpose(1, 2).flatten(2)  # (B, N, D)
        mixed: Tensor = self.output(rows.take(merged))
        return mixed

    def _heads(self, x: Tensor) -> Tensor:
        """(B, N, D) to (B, H, N, D / H)."""
        B, N, _ = x.shape
        return x.view(B, N, self.n_heads, -1).transpose(1, 2)


class TransformerBlock(nn.Module):
    """Attention and a feed-forward network twice as wide, each behind a layer norm, both added."""

    def __init__(self, width: int, n_heads: int, scale: float) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = SelfAttention(width, n_heads, scale)
        self.norm_feedforward = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, rows: Rows, present: Tensor) -> Tensor:
        """Rows (M, D) to rows (M, D)."""
        x = x + self.attention(self.norm_attention(x), rows, present)
        hidden = torch.relu(self.up(self.norm_feedforward(x)))  # (M, 2 D)
        fed: Tensor = x + self.down(hidden)
        return fed
