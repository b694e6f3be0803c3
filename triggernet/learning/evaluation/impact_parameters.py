"""A tagger without a network: the likelihood of the impact parameters of all tracks.

Tracks count as independent, each with the probability of its pair of significances in jets of a
flavour, as in the tagger IP3D of ATLAS. What it cannot know is how tracks go together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from triggernet.data.tracks import SIGNIFICANCE
from triggernet.errors import DataError

if TYPE_CHECKING:
    from triggernet.data import Jets

Floats = NDArray[np.float64]

D0_EDGES = np.array(
    [-40, -20, -10, -6, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 6, 8, 11, 15, 20, 30, 40]
)
Z0_EDGES = np.array([-40, -20, -10, -5, -3, -2, -1, 0, 1, 2, 3, 5, 10, 20, 40])
SMALLEST = 0.5  # tracks, added to each bin


@dataclass(frozen=True)
class ImpactParameters:
    """Logarithms of probabilities (C, kinds, bins) of tracks in jets of each class."""

    log_probability: Floats

    @classmethod
    def fitted(cls, jets: Jets) -> ImpactParameters:
        """Learned from jets with tracks, with their weights.

        Raises
        ------
        DataError
            If they have no tracks.
        """
        kind, place, valid = _places(jets)
        weight = np.ones(len(jets)) if jets.weight is None else jets.weight
        weights = np.broadcast_to(weight[:, None], valid.shape)
        n_bins = (len(D0_EDGES) + 1) * (len(Z0_EDGES) + 1)
        counts = np.full((len(jets.classes), 3, n_bins), SMALLEST)
        label = np.broadcast_to(jets.label[:, None], valid.shape)
        np.add.at(counts, (label[valid], kind[valid], place[valid]), weights[valid])
        return cls(np.log(counts / counts.sum((1, 2), keepdims=True)))

    def probabilities(self, jets: Jets) -> Floats:
        """Those of the classes (n, C), all alike for a jet without tracks."""
        kind, place, valid = _places(jets)
        each = self.log_probability[:, kind, place]  # (C, n, M)
        logits = np.where(valid, each, 0.0).sum(-1).T  # (n, C)
        shifted = np.exp(logits - logits.max(1, keepdims=True))
        normalised: Floats = shifted / shifted.sum(1, keepdims=True)
        return normalised


def _places(jets: Jets) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Kind, bin and existence of each track, (n, M): kinds have 0, 1, 2 hits on two layers."""
    rows = jets.tracks
    if rows is None:
        raise DataError("the jets have no tracks, which impact parameters are of")
    inner = np.minimum(rows["numberOfInnermostPixelLayerHits"], 1).astype(np.int64)
    kind = inner + np.minimum(rows["numberOfNextToInnermostPixelLayerHits"], 1)
    d0 = np.digitize(rows[SIGNIFICANCE], D0_EDGES)
    z0 = np.digitize(rows["IP3D_signed_z0_significance"], Z0_EDGES)
    return kind, d0 * (len(Z0_EDGES) + 1) + z0, np.asarray(rows["valid"])
