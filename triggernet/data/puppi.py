"""The 64-bit words in which the CMS Phase-2 Correlator hands on PUPPI candidates.

Bits, least significant first (The Phase-2 Upgrade of the CMS Level-1 Trigger, CERN-LHCC-2020-004):
0-13 pT in 0.25 GeV, 14-25 eta and 26-36 phi in pi/720 rad, 37-39 identity; then of a charged
candidate 40-49 z0 in 0.05 cm, 50-57 sqrt(dxy), 58-60 track quality, and of a neutral one 40-48 the
PUPPI weight in 1/256, 49-54 the electromagnetic identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import EncodingError

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Bits:
    """Where a number lies in the word: its lowest bit, its width, and whether it has a sign."""

    low: int
    width: int
    signed: bool = False

    @property
    def min(self) -> int:
        """The smallest number."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        """The largest number."""
        return (1 << (self.width - int(self.signed))) - 1


COMMON = {
    "pt": Bits(0, 14),
    "eta": Bits(14, 12, signed=True),
    "phi": Bits(26, 11, signed=True),
    "id": Bits(37, 3),
}
CHARGED = COMMON | {
    "z0": Bits(40, 10, signed=True),
    "sqrt_dxy": Bits(50, 8),
    "quality": Bits(58, 3),
}
NEUTRAL = COMMON | {"weight": Bits(40, 9), "em_id": Bits(49, 6)}


def pack(values: Mapping[str, Integers], charged: bool) -> Words:
    """Words from integer numbers.

    Parameters
    ----------
    values : mapping of str to int array
        Any of the numbers of `CHARGED` or `NEUTRAL`, of one shape; those left out are zero.
        pT saturates.
    charged : bool
        Which of the two layouts.

    Returns
    -------
    uint64 array

    Raises
    ------
    EncodingError
        If a name is not part of the layout, or a number other than a large pT does not fit.
    """
    layout = CHARGED if charged else NEUTRAL
    unknown = [name for name in values if name not in layout]
    if unknown:
        raise EncodingError(
            f"a {'charged' if charged else 'neutral'} PUPPI word has no {unknown[0]!r}; "
            f"it holds {', '.join(layout)}"
        )
    words = np.zeros(np.broadcast_shapes(*(np.shape(v) for v in values.values())), np.uint64)
    for name, given in values.items():
        bits = layout[name]
        numbers = np.asarray(given, np.int64)
        if name == "pt":
            numbers = np.minimum(numbers, bits.max)
        refuse_outside(name, numbers, bits)
        mask = np.uint64((1 << bits.width) - 1)
        words |= (numbers.astype(np.uint64) & mask) << np.uint64(bits.low)
    return words


def refuse_outside(name: str, numbers: Integers, bits: Bits) -> None:
    """Raise EncodingError if a number does not fit its bits."""
    outside = (numbers < bits.min) | (numbers > bits.max)
    if outside.any():
        raise EncodingError(
            f"{int(outside.sum())} values of {name!r} do not fit a PUPPI word, first "
            f"{int(numbers[outside].flat[0])}; allowed are {bits.min} to {bits.max}"
        )


def unpack(words: Words, charged: bool) -> dict[str, Integers]:
    """The numbers of words, by name: int64 arrays of the shape of `words`."""
    words = np.asarray(words, np.uint64)
    result = {}
    for name, bits in (CHARGED if charged else NEUTRAL).items():
        mask = np.uint64((1 << bits.width) - 1)
        number = ((words >> np.uint64(bits.low)) & mask).astype(np.int64)
        if bits.signed:
            number -= (number > bits.max) * (1 << bits.width)
        result[name] = number
    return result
