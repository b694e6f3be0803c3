"""GN2 (ATLAS, arXiv:2505.19689): a transformer on tracks with three tasks.

The network as it was until 2025: layer norms with gain and bias, the last one before the projection
that all tasks read. Written from its definition; outputs of the authors' layers are equal. Rows are
present tracks of a batch, padding is never computed with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from triggernet.data.tracks import ORIGINS
from triggernet.learning.layers.attention import TransformerBlock, masked_softmax
from triggernet.learning.layers.graphs import Rows, itself, rows_of
from triggernet.learning.layers.mup import Readout, attention_scale
from triggernet.learning.layers.standardise import Standardisation
from triggernet.learning.models.gn2.config import GN2Config
from triggernet.learning.models.track_inputs import OF_JET, VARIABLES
from triggernet.learning.tasks.losses import one_or_all


class Perceptron(nn.Sequential):
    """Linear layers with ReLU between them."""

    def __init__(self, *sizes: int) -> None:
        layers: list[nn.Module] = []
        for a, b in pairwise(sizes):
            layers += [nn.Linear(a, b), nn.ReLU()]
        super().__init__(*layers[:-1])


class GN2(nn.Module):
    """From tracks to logits of flavours; of origins and pairs of tracks where they are asked for.

    Parameters
    ----------
    config : GN2Config
    n_outputs : int
        C; with one of them the logits are (B,), otherwise (B, C).
    n_features : int
        Of a track, those of the jet included.
    """

    head_parameters = ("head_",)

    def __init__(
        self,
        config: GN2Config,
        n_outputs: int = 4,
        n_features: int = len(OF_JET) + len(VARIABLES),
    ) -> None:
        super().__init__()
        self.standardisation = Standardisation(n_features, config.clip)
        self.embed = Perceptron(n_features, config.embedding, config.width)
        base = config.base_width // config.heads if config.parametrisation == "mup" else None
        scale = attention_scale(config.width // config.heads, base)
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads, scale) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.project = Readout(config.width, config.output)
        self.gate = nn.Linear(config.output, 1)
        self.head_jet = Perceptron(config.output, *config.hidden, n_outputs)
        self.head_origin = Perceptron(2 * config.output, *config.hidden, len(ORIGINS))
        self.head_vertex = Perceptron(3 * config.output, *config.hidden, 1)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The logits of flavours, (B,) or (B, C).

        Parameters
        ----------
        inputs : mapping of str to tensor
            ``jet`` (B, 2), ``tracks`` (B, N, F), and bool ``valid`` (B, N).
        """
        rows = rows_of(inputs["valid"])
        return one_or_all(self.head_jet(self.pooled(self.encoded(inputs, rows), rows, inputs)))

    def with_parts(
        self, inputs: Mapping[str, Tensor], names: Iterable[str]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The logits of flavours, and those of the tasks of tracks that are named.

        ``origin`` (B, N, 8) and ``vertex`` (B, N, N), zero where there is no track or pair.
        """
        rows = rows_of(inputs["valid"])
        tracks = self.encoded(inputs, rows)  # (M, G)
        pooled = self.pooled(tracks, rows, inputs)  # (B, G)
        parts = {}
        for name in names:
            make = self._origins if name == "origin" else self._vertices
            parts[name] = make(tracks, pooled, rows, inputs["valid"])
        return one_or_all(self.head_jet(pooled)), parts

    def encoded(self, inputs: Mapping[str, Tensor], rows: Rows) -> Tensor:
        """What the tasks read of each track, (M, G)."""
        tracks = rows.take(inputs["tracks"])  # (M, F - 2)
        jet = inputs["jet"].index_select(0, rows.owner)  # (M, 2)
        x = torch.cat([jet, tracks], 1).to(self.norm.weight.dtype)  # (M, F): the jet's come first
        x = self.embed(self.standardisation(x))  # (M, D)
        for block in self.blocks:
            x = block(x, rows, inputs["valid"])  # (M, D)
        encoded: Tensor = self.project(self.norm(x))  # (M, G)
        return encoded

    def pooled(self, tracks: Tensor, rows: Rows, inputs: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum (B, G) over the tracks of each jet; 0 without any."""
        padded = rows.pad(tracks)  # (B, N, G)
        gates = rows.pad(self.gate(tracks))[..., 0]  # (B, N)
        weights = masked_softmax(gates, inputs["valid"])  # (B, N)
        return (weights[..., None] * padded).sum(1)

    def standardise(self, inputs: Mapping[str, Tensor], weight: Tensor | None = None) -> None:
        """Set what inputs are standardised with to their mean and deviation over these tracks."""
        rows = rows_of(inputs["valid"])
        jet = inputs["jet"].index_select(0, rows.owner)
        x = torch.cat([jet, rows.take(inputs["tracks"])], 1)
        self.standardisation.fit(x, None if weight is None else weight.index_select(0, rows.owner))

    def _origins(self, tracks: Tensor, pooled: Tensor, rows: Rows, valid: Tensor) -> Tensor:
        del valid
        context = pooled.index_select(0, rows.owner)  # (M, G)
        return rows.pad(self.head_origin(torch.cat([context, tracks], 1)))  # (B, N, 8)

    def _vertices(self, tracks: Tensor, pooled: Tensor, rows: Rows, valid: Tensor) -> Tensor:
        """Logits (B, N, N) of pairs; the first layer reads jets and tracks once, not every pair."""
        first = cast("nn.Linear", self.head_vertex[0])
        of_jet, of_first, of_second = first.weight.chunk(3, 1)  # (H, G) each
        jet = pooled @ of_jet.T + first.bias  # (B, H)
        left, right = tracks @ of_first.T, tracks @ of_second.T  # (M, H)
        jet_index, i, j = pairs_of(valid).unbind(1)  # (P,) each
        n = rows.number  # (B, N): the row of each track
        hidden = (
            jet.index_select(0, jet_index)
            + left.index_select(0, n[jet_index, i])
            + right.index_select(0, n[jet_index, j])
        )  # (P, H)
        for layer in list(self.head_vertex)[1:]:
            hidden = layer(hidden)
        logits = hidden[:, 0]  # (P,)
        B, N = n.shape
        place = (jet_index * N + i) * N + j
        return logits.new_zeros(B * N * N).index_copy(0, place, logits).view(B, N, N)


def pairs_of(valid: Tensor) -> Tensor:
    """Jet and places of the two tracks of every ordered pair of different tracks, (P, 3)."""
    both = valid[:, :, None] & valid[:, None, :] & ~itself(valid.shape[1], valid.device)
    return both.nonzero()
