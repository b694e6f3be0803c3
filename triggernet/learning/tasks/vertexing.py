"""Vertices from the logits of pairs of tracks: union-find, as salt has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ALONE = -1  # of a track that is not there


def assign_vertices(logits: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The vertex (n, N) of each track: the place of the first track that it is joined with.

    Two tracks are joined if the mean of both their logits is 0 or more (a score of one half), and
    all that are joined by steps are one vertex.

    Parameters
    ----------
    logits : float array (n, N, N)
        Of ordered pairs.
    present : bool array (n, N)
    """
    n = present.shape[1]
    joined = (logits + logits.transpose(0, 2, 1)) / 2 >= 0
    joined |= np.eye(n, dtype=bool)
    joined &= present[:, :, None] & present[:, None, :]
    least = np.broadcast_to(np.arange(n), present.shape)
    while True:
        lower = np.where(present, np.where(joined, least[:, None, :], n).min(-1), least)
        if np.array_equal(lower, least):
            return np.where(present, least, ALONE)
        least = lower
