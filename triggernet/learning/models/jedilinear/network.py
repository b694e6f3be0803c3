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

import torch
from torch import Tensor, nn

from triggernet.learning.layers.order import canonical
from triggernet.learning.models.jedilinear.config import JediLinearConfig
from triggernet.learning.tasks.losses import one_or_all

# By this the float model divides its inputs, GeV and angles in steps of pi/720, to train fast. The
# quantised one has it, and the powers of two of the sums, in its weights.
INPUT_UNIT = 16.0


class Interaction(nn.Module):
    """One round: a linear map of each constituent and of what all of them sum to, then ReLU."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.own = nn.Linear(features, outputs, dtype=torch.float64)
        self.shared = nn.Linear(features, outputs, bias=False, dtype=torch.float64)

    def forward(self, x: Tensor, pooled: Tensor) -> Tensor:
        """(B, N, G) from constituents (B, N, F) and their sum (B, F)."""
        return torch.relu(self.own(x) + self.shared(pooled)[:, None])  # (B, N, G), (B, 1, G)


class JediLinear(nn.Module):
    """The float model: the inputs of N constituents to logits.

    Parameters
    ----------
    config : JediLinearConfig
    names : tuple of str
        The inputs of a constituent; the first one is zero where it is absent.
    n_constituents : int
        N, which fixes the power of two that divides the sums.
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    """

    permutation_invariant = True
    head_parameters = ("head.",)

    def __init__(
        self,
        config: JediLinearConfig,
        names: tuple[str, ...],
        n_constituents: int,
        n_outputs: int = 1,
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
        self.head = _linears(((c.rounds + c.node)[-1], *c.head, n_outputs))

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C)."""
        return self.head_logits(self.trunk_outputs(inputs))

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet: the last sum over constituents, ``pooled`` (B, G)."""
        columns = canonical(torch.stack([inputs[name] for name in self.names], 2))  # (B, N, F)
        present = columns[..., :1] != 0  # (B, N, 1)
        x = _relus(self.embedding, columns / INPUT_UNIT)  # (B, N, G)
        for interaction in self.rounds:
            x = interaction(x, self._pooled(x, present))  # (B, N, G), sum (B, G)
        return {"pooled": self._pooled(_relus(self.node, x), present)}  # (B, G)

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        return one_or_all(self.head[-1](_relus(self.head[:-1], outputs["pooled"])))

    def _pooled(self, x: Tensor, present: Tensor) -> Tensor:
        return (x * present).sum(1) / self.sum_unit  # (B, N, G) to (B, G)


def _linears(sizes: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes))


def _relus(linears: Iterable[nn.Module], x: Tensor) -> Tensor:
    for linear in linears:
        x = torch.relu(linear(x))
    return x
