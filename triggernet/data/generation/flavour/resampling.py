"""Equal distributions of pT and pseudorapidity for all flavours, in top pairs and Z' apart.

A tagger that sees b jets of another pT than light ones learns the difference, which is one of
processes and not of flavours. Umami's preprocessing does the same by "countup" in such bins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

PT_BINS, ETA_BINS = 25, 5
MOST = 10.0  # times the mean of its flavour that a jet may weigh, where there are hardly any


def bins_of(pt: Array, eta: Array, source: Integers) -> Integers:
    """Number of the bin of each jet (n,): by source, log pT and |eta|."""
    number = np.zeros(len(pt), np.int64)
    for each in np.unique(source):
        mine = source == each
        place = _within(np.log(pt[mine]), PT_BINS) * ETA_BINS + _within(np.abs(eta[mine]), ETA_BINS)
        number[mine] = int(each) * PT_BINS * ETA_BINS + place
    return number


def _within(values: Array, count: int) -> Integers:
    """Equally wide bins between the smallest and the largest value."""
    edges = np.linspace(values.min(), values.max(), count + 1)[1:-1]
    return np.digitize(values, edges)


def weights(label: Integers, number: Integers, target: int) -> Array:
    """Weights (n,) with which all labels are distributed over bins as `target` is; mean 1 each.

    Jets in bins without any of the target have weight 0; none weighs more than `MOST`.
    """
    wanted = np.bincount(number[label == target], minlength=int(number.max()) + 1)
    result = np.zeros(len(label))
    for each in np.unique(label):
        mine = label == each
        there = np.bincount(number[mine], minlength=len(wanted))
        ratio = np.divide(wanted, there, out=np.zeros(len(wanted)), where=there > 0)
        weight = ratio[number[mine]]
        weight = np.minimum(weight, MOST * weight.mean())
        result[mine] = weight / max(weight.mean(), np.finfo(float).tiny)
    return result


def drawn(label: Integers, number: Integers, target: int, rng: np.random.Generator) -> Integers:
    """Indices of jets of which all labels are distributed over bins as `target` is, shuffled.

    In each bin every label has as many jets as the target; where it has fewer of its own, all of
    them come equally often and the rest is drawn. A label that has none in a bin stays without.
    """
    chosen = []
    for place in np.unique(number[label == target]):
        here = number == place
        wanted = int((label[here] == target).sum())
        for each in np.unique(label[here]):
            mine = np.flatnonzero(here & (label == each))
            copies, rest = divmod(wanted, len(mine))
            chosen += [np.tile(mine, copies), rng.permutation(mine)[:rest]]
    return rng.permutation(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)
