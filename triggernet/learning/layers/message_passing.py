"""What message-passing models share: graphs over constituents, masked norms, layers of edges.

Nodes are tensors (B, N, F), edges (B, N, K, F): of every node i its K neighbours j. A mask says
which of them exist; what does not exist reaches no sum, no mean and no batch statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from triggernet.learning.layers.graphs import itself
from triggernet.learning.layers.order import rising
from triggernet.learning.layers.widths import Activation, Norm

_ACTIVATIONS: Mapping[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


class Graph(NamedTuple):
    """Directed edges, without self edges.

    Attributes
    ----------
    neighbours : int64 Tensor (B, N, K) or None
        Index j of each neighbour; None stands for all nodes in order, K = N.
    mask : bool Tensor (B, N, K)
        Which edges exist: both ends are present and differ.
    """

    neighbours: Tensor | None
    mask: Tensor

    @property
    def n_edges(self) -> int:
        """The most edges a node can have."""
        K = int(self.mask.shape[2])
        return K - 1 if self.neighbours is None else K

    def ends(self, nodes: Tensor) -> Tensor:
        """Values at the far end of each edge: (B, N, K, ...), or (B, 1, N, ...) to broadcast."""
        if self.neighbours is None:
            return nodes[:, None]  # (B, 1, N, ...)
        batch = torch.arange(nodes.shape[0], device=nodes.device)[:, None, None]  # (B, 1, 1)
        return nodes[batch, self.neighbours]  # (B, N, K, ...)

    def mean(self, edges: Tensor, constant: bool = False) -> Tensor:
        """The mean over the edges of each node: (B, N, K, F) to (B, N, F), zero without edges.

        With `constant` the sum is divided by the power of two at or above `n_edges` instead.
        """
        return masked_mean(edges, self.mask, self.n_edges if constant else None)


def masked_mean(values: Tensor, mask: Tensor, constant: int | None = None) -> Tensor:
    """The mean over the last axis of `mask`, of what it lets pass: (..., K, F) to (..., F).

    With `constant` the sum is divided by the power of two at or above it, whatever is present.
    """
    total = torch.where(mask[..., None], values, 0.0).sum(-2)  # (..., F)
    if constant is not None:
        return total / 2.0 ** (max(int(constant), 1) - 1).bit_length()
    return total / mask.sum(-1, keepdim=True).clamp(min=1).to(total.dtype)  # count (..., 1)


def full_graph(present: Tensor) -> Graph:
    """Every pair of different nodes present (B, N)."""
    return Graph(None, _pairs(present))


def nearest_graph(distance: Tensor, present: Tensor, k: int, second: Tensor | None = None) -> Graph:
    """The k nodes nearest to each, fewer where fewer are present.

    Parameters
    ----------
    distance : Tensor (B, N, N)
    present : bool Tensor (B, N)
    k : int
        Above 0.
    second : Tensor (B, N, N), optional
        Decides between neighbours that are equally far; without it the earlier one wins.
    """
    allowed = distance.detach().masked_fill(~_pairs(present), torch.inf)  # (B, N, N)
    order = rising(allowed if second is None else second)  # (B, N, N), j of i
    if second is not None:
        order = order.gather(2, rising(allowed.gather(2, order)))  # (B, N, N)
    neighbours = order[..., :k]  # (B, N, K)
    return Graph(neighbours, torch.isfinite(allowed.gather(2, neighbours)))


def _pairs(present: Tensor) -> Tensor:
    same = itself(present.shape[1], present.device)  # (N, N)
    return present[:, :, None] & present[:, None] & ~same  # (B, N, N)


class MaskedBatchNorm(nn.Module):
    """BatchNorm of each channel over the entries that exist; otherwise as torch's own.

    Batch statistics while training, running ones (momentum 0.1, unbiased variance) otherwise.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int, epsilon: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.epsilon, self.momentum = epsilon, momentum
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Entries (..., F) normalised; `mask` (...) says which of them count."""
        mean, variance = self.mean, self.variance  # (F,) each
        n = int(mask.sum())
        if self.training and n > 1:
            mean, variance = _moments(x, mask, n)
            with torch.no_grad():
                self.mean.lerp_(mean, self.momentum)
                self.variance.lerp_(variance * (n / (n - 1)), self.momentum)
        return (x - mean) * (self.weight * (variance + self.epsilon).rsqrt()) + self.bias


def _moments(x: Tensor, mask: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (F,) of the entries that count."""
    axes = tuple(range(mask.ndim))
    there = mask[..., None]  # (..., 1)
    mean = torch.where(there, x, 0.0).sum(axes) / n  # (F,)
    return mean, torch.where(there, x - mean, 0.0).square().sum(axes) / n


@dataclass(frozen=True)
class LayerStyle:
    """What stands behind a dense layer: norm, activation, dropout."""

    activation: Activation = "relu"
    norm: Norm = "none"
    dropout: float = 0.0


class Behind(nn.Module):
    """Norm, activation and dropout behind a dense layer of `width` outputs."""

    def __init__(self, width: int, style: LayerStyle) -> None:
        super().__init__()
        self.batch_norm = MaskedBatchNorm(width) if style.norm == "batch" else None
        self.layer_norm = nn.LayerNorm(width) if style.norm == "layer" else None
        self.activation = _ACTIVATIONS[style.activation]()
        self.dropout = nn.Dropout(style.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Entries (..., F); `mask` (...)."""
        if self.batch_norm is not None:
            x = self.batch_norm(x, mask)
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        result: Tensor = self.dropout(self.activation(x))
        return result


class Network(nn.Module):
    """Dense layers that every entry passes by itself.

    Parameters
    ----------
    sizes : tuple of int
        Inputs, then the outputs of each layer.
    style : LayerStyle
    linear_end : bool
        Leave the last layer without norm, activation and dropout.
    """

    def __init__(self, sizes: tuple[int, ...], style: LayerStyle, linear_end: bool = False) -> None:
        super().__init__()
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        behind = sizes[1:-1] if linear_end else sizes[1:]
        self.behind = nn.ModuleList(Behind(width, style) for width in behind)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Entries (..., F); `mask` (...) says which of them exist."""
        for k, dense in enumerate(self.dense):
            x = dense(x)
            if k < len(self.behind):
                x = self.behind[k](x, mask)
        return x


class EdgeNetwork(nn.Module):
    """Dense layers on ``[x_i, x_j, pair_ij]``.

    The first layer splits by linearity, ``W [x_i, x_j, q_ij] = A x_i + B x_j + C q_ij``, so that A
    and B act once a node.

    Parameters
    ----------
    node_width, pair_width : int
        Widths of x and of the pair's own features; `pair_width` may be 0.
    sizes : tuple of int
        Outputs of each layer.
    style : LayerStyle
    bias : bool
        Whether the first layer has one.
    """

    def __init__(
        self,
        node_width: int,
        pair_width: int,
        sizes: tuple[int, ...],
        style: LayerStyle,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.node_width = node_width
        self.first = nn.Linear(2 * node_width + pair_width, sizes[0], bias=bias)
        self.behind_first = Behind(sizes[0], style)
        self.rest = Network(sizes, style)

    def forward(self, nodes: Tensor, pair: Tensor | None, graph: Graph) -> Tensor:
        """Edges (B, N, K, F) from nodes (B, N, X) and features of pairs (B, N, K, Q)."""
        n, weight = self.node_width, self.first.weight
        near = nn.functional.linear(nodes, weight[:, :n], self.first.bias)  # A x_i + b, (B, N, F)
        far = nn.functional.linear(nodes, weight[:, n : 2 * n])  # B x_j, (B, N, F)
        edges = near[:, :, None] + graph.ends(far)  # (B, N, K, F)
        if pair is not None:
            edges = edges + nn.functional.linear(pair, weight[:, 2 * n :])  # C q_ij, (B, N, K, F)
        result: Tensor = self.rest(self.behind_first(edges, graph.mask), graph.mask)
        return result
