"""The compiled part of Lund trees: Cambridge/Aachen clustering, and its undoing.

Clustering (Yu. Dokshitzer et al., JHEP 08 (1997) 001): the two nearest of all particles, in
rapidity and azimuth, are added, until one is left. Every particle keeps its nearest neighbour, so
that a jet of n particles takes about n^2 steps. Kinematics are those of FastJet (M. Cacciari,
G. Salam, G. Soyez, Eur. Phys. J. C 72 (2012) 1896): azimuth in [0, 2 pi), rapidity from the squared
mass cut at zero.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

SMALLEST_DISTANCE = 1e-6
SMALLEST_MASS2_GEV2 = 1e-12  # below is the rounding of a massless pair
SMALLEST_SHARE, SMALLEST_KT_GEV = 1e-30, 1e-30  # of what has no transverse momentum
MOST_RAPIDITY = 1e5  # of what flies along the beam


@njit(cache=True, nogil=True)
def decluster(p: Any, count: Any, cuts: Any, out: Any) -> int:  # pragma: no cover
    """Trees of jets one after another; the number of nodes.

    Parameters
    ----------
    p : float64 array (n, N, 4)
        (E, px, py, pz) in GeV, present ones first.
    count : int64 array (n,)
        How many are present.
    cuts : float64 array (2,)
        Least ln kT and least ln Delta of a node.
    out : values, parent, primary, start
        Are filled: float32 array (M, 5), int16 array (M,), bool array (M,) and int64 array
        (n + 1,); see `LundTrees`. M must be the sum of max(1, count - 1).
    """
    values, parent, primary, start = out
    most = max(1, p.shape[1])
    node = np.empty((2 * most, 7))  # E, px, py, pz, rapidity, azimuth, pT^2
    child = np.empty((2 * most, 2), np.int64)
    near = (np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most))
    stack = np.empty((2 * most, 3), np.int64)
    done = 0
    start[0] = 0
    for k in range(len(p)):
        n = count[k]
        for i in range(n):
            _place(node, i, p[k, i, 0], p[k, i, 1], p[k, i, 2], p[k, i, 3])
            child[i, 0] = -1
        if n > 1:
            _cluster(node, child, n, near)
            rest = (values[done:], parent[done:], primary[done:])
            new = _undo(node, child, 2 * n - 2, cuts, stack, rest)
        else:
            new = 0
        if new == 0:  # nothing to undo: one node of zeros
            values[done] = 0
            parent[done] = -1
            primary[done] = True
            new = 1
        done += new
        start[k + 1] = done
    return done


@njit(cache=True, nogil=True, inline="always")
def _place(
    node: Any, i: int, e: float, px: float, py: float, pz: float
) -> None:  # pragma: no cover
    pt2 = px * px + py * py
    azimuth = 0.0 if pt2 == 0 else math.atan2(py, px)
    if azimuth < 0:
        azimuth += 2 * math.pi
    if azimuth >= 2 * math.pi:
        azimuth -= 2 * math.pi
    if pt2 == 0 and e == abs(pz):
        rapidity = MOST_RAPIDITY + abs(pz)
    else:
        mass2 = max(0.0, (e + pz) * (e - pz) - pt2)
        along = e + abs(pz)
        rapidity = -0.5 * math.log((pt2 + mass2) / (along * along))
    node[i, 0], node[i, 1], node[i, 2], node[i, 3] = e, px, py, pz
    node[i, 4] = rapidity if pz > 0 else -rapidity
    node[i, 5] = azimuth
    node[i, 6] = pt2


@njit(cache=True, nogil=True, inline="always")
def _distance2(node: Any, i: int, j: int) -> Any:  # pragma: no cover
    turn = abs(node[i, 5] - node[j, 5])
    if turn > math.pi:
        turn = 2 * math.pi - turn
    along = node[i, 4] - node[j, 4]
    return turn * turn + along * along


@njit(cache=True, nogil=True)
def _cluster(node: Any, child: Any, n: int, neighbours: Any) -> None:  # pragma: no cover
    """Add the two nearest n - 1 times; the sums are the nodes n to 2 n - 2."""
    active, near, distance = neighbours
    for i in range(n):
        active[i] = i
        distance[i] = np.inf
        near[i] = -1
    for i in range(n):
        for j in range(i):
            d = _distance2(node, i, j)
            if d < distance[i]:
                distance[i], near[i] = d, j
            if d < distance[j]:
                distance[j], near[j] = d, i
    left = n
    for new in range(n, 2 * n - 1):
        best = 0
        for i in range(1, left):
            if distance[i] < distance[best]:
                best = i
        first, second = best, near[best]
        a, b = active[first], active[second]
        child[new, 0], child[new, 1] = a, b
        _place(
            node, new, node[a, 0] + node[b, 0], node[a, 1] + node[b, 1],
            node[a, 2] + node[b, 2], node[a, 3] + node[b, 3],
        )  # fmt: skip
        left -= 1
        low, high = min(first, second), max(first, second)
        # The sum takes the lower place, the last one the higher place.
        active[low] = new
        active[high], distance[high], near[high] = active[left], distance[left], near[left]
        _update(node, left, low, high, neighbours)


@njit(cache=True, nogil=True)
def _update(node: Any, left: int, low: int, high: int, neighbours: Any) -> None:  # pragma: no cover
    """Nearest neighbours after the sum went to `low` and the last one moved to `high`."""
    active, near, distance = neighbours
    distance[low], near[low] = np.inf, -1
    for i in range(left):
        if i == low:
            continue
        if near[i] == low or near[i] == high:  # gone
            distance[i], near[i] = np.inf, -1
            for j in range(left):
                if j != i:
                    d = _distance2(node, active[i], active[j])
                    if d < distance[i]:
                        distance[i], near[i] = d, j
        elif near[i] == left:
            near[i] = high  # moved
        d = _distance2(node, active[i], active[low])
        if d < distance[i]:
            distance[i], near[i] = d, low
        if d < distance[low]:
            distance[low], near[low] = d, i


@njit(cache=True, nogil=True)
def _undo(
    node: Any, child: Any, root: int, cuts: Any, stack: Any, out: Any
) -> int:  # pragma: no cover
    """Nodes in pre-order, the harder branch first; how many."""
    values, parent, primary = out
    nearest = 0
    top = 0
    stack[0, 0], stack[0, 1], stack[0, 2] = root, -1, 1
    while top >= 0:
        at, above, harder = stack[top, 0], stack[top, 1], stack[top, 2]
        top -= 1
        while child[at, 0] >= 0:
            hard, soft = child[at, 0], child[at, 1]
            if node[soft, 6] > node[hard, 6]:
                hard, soft = soft, hard
            row = values[nearest]
            _coordinates(node, at, hard, soft, row)
            if row[1] < cuts[1]:
                break
            if row[4] < cuts[0]:
                at = hard  # too soft a branch: look along the harder one
                continue
            parent[nearest], primary[nearest] = above, harder == 1
            stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = soft, nearest, 0
            stack[top + 2, 0], stack[top + 2, 1], stack[top + 2, 2] = hard, nearest, harder
            top += 2
            nearest += 1
            break
    return nearest


@njit(cache=True, nogil=True, inline="always")
def _coordinates(node: Any, at: int, hard: int, soft: int, row: Any) -> None:  # pragma: no cover
    """Fill ln z, ln Delta, psi, ln m and ln kT of the splitting of `at`."""
    delta = max(SMALLEST_DISTANCE, math.sqrt(_distance2(node, hard, soft)))
    pt1, pt2 = math.sqrt(node[hard, 6]), math.sqrt(node[soft, 6])
    turn, along = node[hard, 5] - node[soft, 5], node[hard, 4] - node[soft, 4]
    e, pz = node[at, 0], node[at, 3]
    mass2 = abs((e + pz) * (e - pz) - node[at, 6])
    row[0] = math.log(max(SMALLEST_SHARE, pt2 / (pt1 + pt2)))
    row[1] = math.log(delta)
    row[2] = 0.0 if turn == 0 else math.atan(along / turn)  # the turn is not wrapped
    row[3] = 0.5 * math.log(max(mass2, SMALLEST_MASS2_GEV2))
    row[4] = math.log(max(SMALLEST_KT_GEV, pt2 * delta))
