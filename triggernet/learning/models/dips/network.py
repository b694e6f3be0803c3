"""DIPS (ATLAS, ATL-PHYS-PUB-2020-014): one network for every track, their sum, one for the jet."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from triggernet.learning.layers.graphs import rows_of
from triggernet.learning.layers.mup import Readout
from triggernet.learning.layers.standardise import Standardisation
from triggernet.learning.models.dips.config import DipsConfig
from triggernet.learning.models.track_inputs import OF_JET, VARIABLES
from triggernet.learning.tasks.losses import one_or_all

SUM_UNIT = 8.0  # about as many tracks as a jet has


class Dips(nn.Module):
    """From tracks to logits of flavours; the inputs are those of GN2.

    Parameters
    ----------
    config : DipsConfig
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    """

    head_parameters = ("head.",)

    def __init__(self, config: DipsConfig, n_outputs: int = 4) -> None:
        super().__init__()
        n_features = len(OF_JET) + len(VARIABLES)
        self.standardisation = Standardisation(n_features, config.clip)
        sizes = (n_features, *(config.width,) * config.layers)
        self.of_track = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.read = Readout(config.width, config.head[0])
        sizes = (*config.head, n_outputs)
        self.head = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits, (B,) or (B, C); inputs as those of `GN2`."""
        rows = rows_of(inputs["valid"])
        x = self.standardisation(self._columns(inputs).to(self.read.weight.dtype))  # (M, F)
        for linear in self.of_track:
            x = torch.relu(linear(x))  # (M, D)
        y = torch.relu(self.read(rows.pad(x).sum(1) / SUM_UNIT))  # (B, H)
        for linear in self.head[:-1]:
            y = torch.relu(linear(y))
        return one_or_all(self.head[-1](y))

    def standardise(self, inputs: Mapping[str, Tensor], weight: Tensor | None = None) -> None:
        """Set what inputs are standardised with to their mean and deviation over these tracks."""
        owner = rows_of(inputs["valid"]).owner
        share = None if weight is None else weight.index_select(0, owner)
        self.standardisation.fit(self._columns(inputs), share)

    @staticmethod
    def _columns(inputs: Mapping[str, Tensor]) -> Tensor:
        """Variables (M, F) of the tracks that are there, those of the jet first."""
        rows = rows_of(inputs["valid"])
        jet = inputs["jet"].index_select(0, rows.owner)
        return torch.cat([jet, rows.take(inputs["tracks"])], 1)
