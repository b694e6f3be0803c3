"""Tasks of the constituents of an object and of their pairs, which a model may learn as well.

Of a jet's tracks: what each comes from (`origin`), and which pairs come from one vertex (`vertex`).
They teach a tagger what makes a flavour (ATLAS, arXiv:2505.19689), and what it says of them can be
looked at. Labels are int8 arrays of the first N constituents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from triggernet.data.tracks import (
    FAKE,
    FROM_B,
    FROM_BC,
    FROM_C,
    ORIGIN,
    ORIGINS,
    VERTEX,
    known_origins,
    leading,
)
from triggernet.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from triggernet.data import Jets

ABSENT = -1  # the label of a constituent that is not there, or of which nothing is known
NOWHERE = -2  # the vertex of a track that is not there; -1 is a track without a vertex
HEAVY = (FROM_B, FROM_BC, FROM_C)


@dataclass(frozen=True)
class PartTask:
    """A task of constituents or of pairs.

    Attributes
    ----------
    level : {"constituent", "pair"}
    labels : callable (jets, n_constituents)
        int8 labels (n, N, ...).
    """

    level: Literal["constituent", "pair"]
    labels: Callable[[Jets, int], NDArray[np.int8]]


def origins(jets: Jets, n_tracks: int) -> NDArray[np.int8]:
    """What each track comes from, (n, N): as in `triggernet.data.tracks.ORIGINS`."""
    rows = _tracks(jets, n_tracks)
    return np.where(rows["valid"], rows[ORIGIN], ABSENT).astype(np.int8)


def vertices(jets: Jets, n_tracks: int) -> NDArray[np.int8]:
    """The vertex of each track and what it comes from, (n, N, 2)."""
    rows = _tracks(jets, n_tracks)
    vertex = np.where(rows["valid"], rows[VERTEX], NOWHERE)
    return np.stack([vertex, origins(jets, n_tracks)], -1).astype(np.int8)


def _tracks(jets: Jets, n_tracks: int) -> NDArray[Any]:
    if jets.tracks is None or not known_origins(jets.tracks):
        raise DataError(
            "auxiliary: origin and vertex are learned from tracks whose origin is known, and these "
            "jets have none; leave them out, or give simulated jets with tracks"
        )
    return leading(jets.tracks, n_tracks)


PARTS: Mapping[str, PartTask] = {
    "origin": PartTask("constituent", origins),
    "vertex": PartTask("pair", vertices),
}


def inverse_frequencies(labels: NDArray[np.int8]) -> tuple[float, ...]:
    """Weights of the origins with which all of them count the same; 0 for those without tracks."""
    counts = np.bincount(labels[labels >= 0], minlength=len(ORIGINS))
    there = counts > 0
    weights = np.divide(counts.sum(), there.sum() * counts, out=np.zeros(len(counts)), where=there)
    return tuple(float(w) for w in weights)


def origin_loss(
    logits: Tensor, label: Tensor, class_weights: Tensor, weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy over tracks that are there, a weighted mean.

    Parameters
    ----------
    logits : tensor (B, N, K)
    label : integer tensor (B, N)
        `ABSENT` where there is no track.
    class_weights : tensor (K,)
    weight : tensor (B,), optional
        Of every object.
    """
    import torch
    from torch.nn.functional import cross_entropy

    label = label.long()
    each = cross_entropy(
        logits.flatten(0, 1), label.flatten(), ignore_index=ABSENT, reduction="none"
    )
    counted = class_weights.to(logits)[label.clamp_min(0)] * (label != ABSENT)  # (B, N)
    if weight is not None:
        counted = counted * weight.to(logits)[:, None]
    total = counted.sum().clamp_min(torch.finfo(logits.dtype).tiny)
    return (each * counted.flatten()).sum() / total


def vertex_loss(
    logits: Tensor, label: Tensor, weight: Tensor | None = None, *, fakes_with_heavy: bool = False
) -> Tensor:
    """Binary cross-entropy over ordered pairs of tracks, divided by the number of matching ones.

    A pair matches if both tracks are of the same vertex. Pairs of two tracks of heavy hadrons count
    twice.

    Parameters
    ----------
    logits : tensor (B, N, N)
    label : integer tensor (B, N, 2)
        Vertex and origin: see `vertices`.
    weight : tensor (B,), optional
        Of every object.
    fakes_with_heavy : bool
        As in the published code, pairs of a fake with a track of a heavy hadron count twice too,
        and pairs of fakes not at all.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    vertex, origin = label[..., 0], label[..., 1]  # (B, N)
    there = vertex != NOWHERE
    place = torch.arange(vertex.shape[1], device=vertex.device)
    pair = there[:, :, None] & there[:, None, :] & (place[:, None] != place)  # (B, N, N)
    same = pair & (vertex[:, :, None] == vertex[:, None, :]) & (vertex >= 0)[:, :, None]
    counted = pair_weights(origin, fakes_with_heavy=fakes_with_heavy).to(logits) * pair
    matching = same.to(logits)
    if weight is not None:
        of_jet = weight.to(logits)[:, None, None]
        counted, matching = counted * of_jet, matching * of_jet
    each = binary_cross_entropy_with_logits(logits, same.to(logits), reduction="none")
    return (each * counted).sum() / matching.sum().clamp_min(1.0)


def pair_weights(origin: Tensor, *, fakes_with_heavy: bool = False) -> Tensor:
    """How much pairs of tracks of these origins (B, N) count, (B, N, N): 0, 1 or 2."""
    heavy = (origin == FROM_B) | (origin == FROM_BC) | (origin == FROM_C)
    if not fakes_with_heavy:
        return 1 + (heavy[:, :, None] & heavy[:, None, :]).long()
    # 1 for heavy ones and -1 for fakes, whose bits are all set: -1 & -1 = -1, -1 & 1 = 1.
    mark = heavy.long() - (origin == FAKE).long()
    return 1 + (mark[:, :, None] & mark[:, None, :])
