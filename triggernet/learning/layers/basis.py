"""Features of the float model as an affine function of what the hardware carries.

A quantised network reads numbers in the units in which they are cheapest: logarithms to base 2,
angles in steps of the grid, sums that are not divided. Its first weights make up for that, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from triggernet.learning.layers.blocks import Dense, Values
from triggernet.learning.layers.edges import EdgeJoin
from triggernet.learning.layers.message_passing import Behind, EdgeNetwork, Network
from triggernet.learning.layers.transfer import set_linear


@dataclass(frozen=True)
class Basis:
    """Float features ``matrix @ x + context @ c + offset`` of hardware features x and context c.

    Attributes
    ----------
    matrix : float64 (F, H)
        H may be 0: features that are constant.
    context : float64 (F, C)
        Of what is the same for all particles; C may be 0.
    offset : float64 (F,)
    """

    matrix: Values
    context: Values
    offset: Values

    @classmethod
    def scaled(cls, width: int, factor: float = 1.0) -> Basis:
        """As many hardware features, each times a factor."""
        return cls(np.eye(width) * factor, np.zeros((width, 0)), np.zeros(width))

    @classmethod
    def zero(cls, width: int) -> Basis:
        """Features that are always 0."""
        return cls(np.zeros((width, 0)), np.zeros((width, 0)), np.zeros(width))

    @property
    def n_float(self) -> int:
        """Features of the float model."""
        return len(self.offset)

    @property
    def n_hardware(self) -> int:
        """Features in hardware."""
        return int(self.matrix.shape[1])

    @property
    def n_context(self) -> int:
        """Values that all particles share."""
        return int(self.context.shape[1])

    def joined(self, other: Basis) -> Basis:
        """These features, and behind them others of the same particles."""
        n, m = self.n_float, other.n_float
        # (F + F', H + H'), in blocks
        matrix = np.zeros((n + m, self.n_hardware + other.n_hardware))
        matrix[:n, : self.n_hardware] = self.matrix
        matrix[n:, self.n_hardware :] = other.matrix
        # (F + F', C), C is shared
        context = np.zeros((n + m, max(self.n_context, other.n_context)))
        context[:n, : self.n_context] = self.context
        context[n:, : other.n_context] = other.context
        return Basis(matrix, context, np.concatenate([self.offset, other.offset]))

    def times(self, factor: float) -> Basis:
        """Float features that are larger by a factor."""
        return Basis(self.matrix * factor, self.context * factor, self.offset * factor)

    def set_dense(self, dense: Dense, weight: Values, bias: Values) -> None:
        """Start `dense` from a float map of these features: weight (G, F), bias (G,)."""
        set_linear(
            dense,
            torch.as_tensor(weight @ self.matrix),  # (G, H)
            torch.as_tensor(bias + weight @ self.offset),  # (G,)
            context=torch.as_tensor(weight @ self.context) if self.n_context else None,  # (G, C)
        )

    def set_join(self, join: EdgeJoin, weight: Values) -> None:
        """Start the weights of pairs from those of these features, (G, F)."""
        assert join.weight is not None
        join.weight.set_values((weight @ self.matrix).T)  # (H, G)


Map = tuple[Values, Values]  # weight (G, F), bias (G,)


def network_maps(network: Network) -> list[Map]:
    """The layers of a network, each BatchNorm absorbed in the layer before it."""
    behind = [*network.behind, None]
    return [
        absorbed(*_linear(dense), norm) for dense, norm in zip(network.dense, behind, strict=False)
    ]


def edge_maps(network: EdgeNetwork) -> list[Map]:
    """The same for layers of edges; the first one reads [x_i, x_j, pair_ij]."""
    return [absorbed(*_linear(network.first), network.behind_first), *network_maps(network.rest)]


def _linear(module: torch.nn.Module) -> Map:
    weight, bias = (dict(module.named_parameters()).get(name) for name in ("weight", "bias"))
    assert weight is not None
    return as_array(weight), np.zeros(len(weight)) if bias is None else as_array(bias)


def absorbed(weight: Values, bias: Values, behind: torch.nn.Module | None) -> Map:
    """A map together with the BatchNorm, if any, behind it."""
    if not isinstance(behind, Behind) or behind.batch_norm is None:
        return weight, bias
    norm = behind.batch_norm
    scale = as_array(norm.weight) / np.sqrt(as_array(norm.variance) + norm.epsilon)  # (G,)
    # (G, F), (G,)
    return weight * scale[:, None], (bias - as_array(norm.mean)) * scale + as_array(norm.bias)


def as_array(tensor: Tensor) -> Values:
    """Values as float64."""
    values: Values = tensor.detach().double().cpu().numpy()
    return values
