"""A DeepSets classifier: one small network for every constituent, a sum, one for the jet.

Zaheer et al., "Deep Sets" (NeurIPS 2017); for jets Komiske, Metodiev, Thaler (JHEP 01 (2019) 121).
The quantised form uses Brevitas' stock linear layers with power-of-two scales for a whole tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from triggernet.learning.layers.order import canonical
from triggernet.learning.models.deepsets.config import DeepSetsConfig
from triggernet.learning.tasks.losses import one_or_all

# Powers of two by which the float model divides its inputs (GeV, and angles in steps of pi/720) and
# its sum, to train fast; the quantised one has them in its weights.
INPUT_UNIT = 16.0
SUM_UNIT = 16.0


class DeepSets(nn.Module):
    """The float model: the polar or Cartesian inputs of constituents to logits.

    Parameters
    ----------
    config : DeepSetsConfig
    names : tuple of str
        The inputs of a constituent; the first one is zero where it is absent.
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    """

    permutation_invariant = True
    head_parameters = ("rho.",)

    def __init__(self, config: DeepSetsConfig, names: tuple[str, ...], n_outputs: int = 1) -> None:
        super().__init__()
        self.names = names
        self.phi = _linears((len(names), *config.phi))
        self.rho = _linears((config.phi[-1], *config.rho, n_outputs))

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits (B,) or (B, C)."""
        return self.head_logits(self.trunk_outputs(inputs))

    def trunk_outputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the head reads, jet by jet: the sums over constituents, ``pooled`` (B, G)."""
        columns = canonical(torch.stack([inputs[name] for name in self.names], 2))  # (B, N, F)
        x = columns / INPUT_UNIT  # (B, N, F)
        for linear in self.phi:
            x = torch.relu(linear(x))  # (B, N, G)
        return {"pooled": (x * (columns[..., :1] != 0)).sum(1) / SUM_UNIT}  # (B, G)

    def head_logits(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of `trunk_outputs`."""
        x = outputs["pooled"]
        for linear in self.rho[:-1]:
            x = torch.relu(linear(x))  # (B, G)
        return one_or_all(self.rho[-1](x))


def layer_sizes(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Inputs and outputs of each layer of a chain."""
    return list(pairwise(sizes))


def _linears(sizes: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(a, b, dtype=torch.float64) for a, b in layer_sizes(sizes))
