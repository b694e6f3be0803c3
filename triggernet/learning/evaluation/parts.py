"""How well a model knows the tracks of a jet: their origins, and which share a vertex."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from triggernet.data.tracks import ORIGINS
from triggernet.learning.tasks.parts import ABSENT
from triggernet.learning.tasks.vertexing import assign_vertices
from triggernet.learning.training.sample import in_batches
from triggernet.statistics import Area, error_text, roc_area

if TYPE_CHECKING:
    from triggernet.learning.training.sample import Sample

MOST_JETS = 10_000  # whose pairs are looked at
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class PartMetrics:
    """Of the first `MOST_JETS` jets.

    Attributes
    ----------
    origin_confusion : int64 array (K, K) or None
        Tracks by true origin (row) and the one with the largest logit (column).
    vertex_area : Area or None
        AUC of pairs of the same vertex against all others; the error counts pairs as independent.
    vertex_roc : tuple of arrays or None
        Share of matching pairs, and of the others, that pass the same cuts.
    same_vertices : float or None
        Share of jets with tracks whose union-find vertices are exactly the true ones.
    """

    origin_confusion: Labels | None = None
    vertex_area: Area | None = None
    vertex_roc: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    same_vertices: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        confusion = self.origin_confusion
        return {
            "origins": list(ORIGINS),
            "origin_confusion": None if confusion is None else confusion.tolist(),
            "vertex_auc": self.vertex_area and asdict(self.vertex_area),
            "same_vertices": self.same_vertices,
        }

    def as_text(self) -> str:
        """For people."""
        lines = []
        if self.origin_confusion is not None:
            right = np.diag(self.origin_confusion).sum() / max(self.origin_confusion.sum(), 1)
            lines.append(f"origin of tracks: {100 * right:.1f} % right")
            for name, row in zip(ORIGINS, self.origin_confusion, strict=True):
                if row.sum():
                    shares = [
                        f"{other} {100 * n / row.sum():.0f}"
                        for other, n in zip(ORIGINS, row, strict=True)
                        if n * 100 >= row.sum()
                    ]
                    lines.append(f"  {name} is taken for, in %: {', '.join(shares)}")
        if self.vertex_area is not None:
            area = error_text(self.vertex_area.value, self.vertex_area.error)
            share = 100 * (self.same_vertices or 0.0)
            lines.append(f"pairs of tracks of one vertex: AUC {area}")
            lines.append(f"jets with all vertices right (union-find): {share:.1f} %")
        return "\n".join(lines)


def measure_parts(model: Any, sample: Sample) -> PartMetrics | None:
    """What a model says of constituents and pairs, judged; None for a sample without labels."""
    names = tuple(sample.parts)
    if not names:
        return None
    few = slice(MOST_JETS)
    inputs = {name: x[few] for name, x in sample.exact.items()}
    model.eval()
    outputs = in_batches(lambda x: cast("Any", model).with_parts(x, names)[1], inputs, 500)
    result: dict[str, Any] = {}
    if "origin" in names:
        label = sample.parts["origin"][few].long()
        confusion = torch.zeros(len(ORIGINS), len(ORIGINS), dtype=torch.int64)
        there = label != ABSENT
        pair = label[there], outputs["origin"].argmax(-1)[there]
        confusion.index_put_(pair, torch.ones_like(pair[0]), accumulate=True)
        result["origin_confusion"] = confusion.numpy()
    if "vertex" in names:
        logits = outputs["vertex"].double().numpy()
        result |= _of_vertices(logits, sample.parts["vertex"][few, :, 0].numpy())
    return PartMetrics(**result)


def _of_vertices(logits: NDArray[np.float64], vertex: NDArray[np.int8]) -> Mapping[str, Any]:
    """AUC, ROC and found vertices of logits (n, N, N); `vertex` (n, N) is -2 where nothing is."""
    present = vertex > -2
    pair = present[:, :, None] & present[:, None, :] & ~np.eye(vertex.shape[1], dtype=bool)
    same = (vertex[:, :, None] == vertex[:, None, :]) & (vertex >= 0)[:, :, None]
    score, label = logits[pair], same[pair].astype(np.int64)
    found = assign_vertices(logits, present)
    right = (found[:, :, None] == found[:, None, :]) == (same | np.eye(vertex.shape[1], dtype=bool))
    with_tracks = present.any(1)
    exactly = (right | ~pair).all((1, 2))[with_tracks]
    values: dict[str, Any] = {"same_vertices": float(exactly.mean()) if len(exactly) else None}
    if 0 < label.sum() < len(label):
        cuts = np.quantile(score, np.linspace(0, 1, 400))
        passing = [
            1 - np.searchsorted(np.sort(score[label == k]), cuts) / (label == k).sum()
            for k in (1, 0)
        ]
        values |= {"vertex_area": roc_area(score, label), "vertex_roc": tuple(passing)}
    return values
