"""An interaction network whose interaction is linear: O(N) instead of a sum over pairs.

After JEDI-linear (Que, Sun et al., arXiv 2508.15468). The interaction network (Moreno et al., Eur.
Phys. J. C 80 (2020) 58) sums f([x_i, x_j]) over the other constituents j. With a linear f that is

    sum_j (A x_i + B x_j + c) = n A x_i + B sum_j x_j + n c

so that one sum over all constituents serves each of them; to leave j = i out takes another A. The
formulas of the model here are triggernet's own reading::

    h_i   = ReLU(E ... x_i)                             embedding
    S     = sum over the constituents present of h_i    once a round
    h_i'  = ReLU(W h_i + V S + b)                       a round, any number of them
    h_i'' = ReLU(...)                                   layers of each constituent
    logit = MLP(sum over the constituents present of h_i'')

Both sums are divided by a constant power of two, the one at or above N.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from triggernet.models import layers
from triggernet.models.jedilinear_config import JediLinearConfig, JediLinearQuantisation
from triggernet.models.order import canonical
from triggernet.models.quantised import QuantisedNetwork
from triggernet.models.transfer import set_linear

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig

# By this the float model divides its inputs, GeV and angles in steps of pi/720, to train fast. The
# quantised one has it, and the powers of two of the sums, in its weights.
_INPUT_UNIT = 16.0


class Interaction(nn.Module):
    """One round: a linear map of each constituent and of what all of them sum to, then ReLU."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(features, outputs, dtype=torch.float64)
        self.shared = nn.Linear(features, outputs, bias=False, dtype=torch.float64)

    def forward(self, x: Tensor, pooled: Tensor) -> Tensor:
        """(B, N, G) from constituents (B, N, F) and their sum (B, F)."""
        return torch.relu(self.own(x) + self.shared(pooled)[:, None])


class JediLinear(nn.Module):
    """The float model: the inputs of N constituents to logits (B,).

    Parameters
    ----------
    config : JediLinearConfig
    names : tuple of str
        The inputs of a constituent; the first one is zero where it is absent.
    n_constituents : int
        N, which fixes the power of two that divides the sums.
    """

    permutation_invariant = True

    def __init__(
        self, config: JediLinearConfig, names: tuple[str, ...], n_constituents: int
    ) -> None:
        super().__init__()
        self.names = names
        self.sum_unit = 2.0 ** (n_constituents - 1).bit_length()
        c = config
        self.embedding = _linears((len(names), *c.embedding))
        self.rounds = nn.ModuleList(
            Interaction(a, b) for a, b in pairwise((c.embedding[-1], *c.rounds))
        )
        self.node = _linears((c.rounds[-1], *c.node))
        self.head = _linears(((c.rounds + c.node)[-1], *c.head, 1))

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,)."""
        columns = canonical(torch.stack([inputs[name] for name in self.names], 2))  # (B, N, F)
        present = columns[..., :1] != 0
        x = _relus(self.embedding, columns / _INPUT_UNIT)
        for interaction in self.rounds:
            x = interaction(x, self._pooled(x, present))
        x = self._pooled(_relus(self.node, x), present)
        logits: Tensor = self.head[-1](_relus(self.head[:-1], x))[:, 0]
        return logits

    def _pooled(self, x: Tensor, present: Tensor) -> Tensor:
        return (x * present).sum(1) / self.sum_unit


class QuantisedJediLinear(QuantisedNetwork):
    """The same in hardware arithmetic, exportable layer by layer.

    Parameters
    ----------
    config : JediLinearConfig
    quantisation : JediLinearQuantisation
    encoding : EncodingConfig
    """

    def __init__(
        self,
        config: JediLinearConfig,
        quantisation: JediLinearQuantisation,
        encoding: EncodingConfig,
    ) -> None:
        super().__init__(quantisation, encoding)
        c, q = config, quantisation
        self.columns = layers.Stack(self.out(q.columns, signed=True))
        self.embedding = nn.ModuleList(
            self.hidden(a, b) for a, b in pairwise((len(self.inputs), *c.embedding))
        )
        self.pooled = nn.ModuleList(layers.ParticleSum(self.out(q.pooled)) for _ in c.rounds)
        self.rounds = nn.ModuleList(
            self.hidden(a, b, context=a) for a, b in pairwise((c.embedding[-1], *c.rounds))
        )
        self.node = nn.ModuleList(self.hidden(a, b) for a, b in pairwise((c.rounds[-1], *c.node)))
        self.total = layers.ParticleSum(self.out(q.pooled))
        self.head = self.to_score(((c.rounds + c.node)[-1], *c.head))

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, 1)."""
        columns = list(self.values(inputs).values())
        x: Tensor = self.columns(*columns)
        for layer in self.embedding:
            x = layer(x)
        for pooled, interaction in zip(self.pooled, self.rounds, strict=True):
            x = interaction(x, pooled(x, columns[0]))
        for layer in self.node:
            x = layer(x)
        x = self.total(x, columns[0])
        for layer in self.head:
            x = layer(x)
        return x

    def set_weights(self, model: JediLinear) -> None:
        """Start from the weights of a float model of the same configuration."""
        unit = 1 / model.sum_unit
        _set_all(self.embedding, model.embedding, 1 / _INPUT_UNIT)
        for layer, interaction in zip(self.rounds, model.rounds, strict=True):
            assert isinstance(layer, layers.Dense)
            assert isinstance(interaction, Interaction)
            own, shared = interaction.own, interaction.shared.weight * unit
            set_linear(layer, own.weight, own.bias, context=shared)
        _set_all(self.node, model.node)
        _set_all(self.head, model.head, unit)


def _linears(sizes: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes))


def _relus(linears: Iterable[nn.Module], x: Tensor) -> Tensor:
    for linear in linears:
        x = torch.relu(linear(x))
    return x


def _set_all(quantised: nn.ModuleList, model: nn.ModuleList, scale: float = 1.0) -> None:
    """Start layers from their float counterparts; `scale` is that of the first one's input."""
    for k, (layer, linear) in enumerate(zip(quantised, model, strict=True)):
        assert isinstance(layer, layers.Dense)
        assert isinstance(linear, nn.Linear)
        set_linear(layer, linear.weight, linear.bias, scale if k == 0 else 1.0)
