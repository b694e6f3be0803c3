"""Windows of convolutions and pools: which places of a plane each of them sees."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.program.readers.foreign.context import Context
from triggernet.program.readers.foreign.values import NOTHING, Ints

Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Windows:
    """Windows over a plane.

    Attributes
    ----------
    shape : tuple of int
        How many there are along each axis.
    places : int64 (windows, kernel)
        Places in the flattened plane; `NOTHING` outside of it.
    padded : bool (windows, kernel)
        Places in the padding that the node states, as opposed to what `ceil_mode` adds.
    """

    shape: tuple[int, ...]
    places: Ints
    padded: Flags


def windows(ctx: Context, plane: Sequence[int], kernel: Sequence[int]) -> Windows:
    """The windows of a node over a plane."""
    n = len(plane)
    strides, dilations = (list(ctx.get(k, [1] * n)) for k in ("strides", "dilations"))
    if len(kernel) != n or len(strides) != n or len(dilations) != n:
        raise UnsupportedError(f"kernel {list(kernel)} and strides {strides} for {n} axes")
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    before, after = _padding(ctx, plane, spans, strides)
    axes = [
        _along(*each, ceil=bool(ctx.get("ceil_mode", 0)))
        for each in zip(plane, kernel, strides, dilations, before, after, strict=True)
    ]
    if any(not len(start) for start, _ in axes):
        raise UnsupportedError(f"no window of {spans} fits into {list(plane)} values")
    shape = tuple(len(at) for at, _ in axes)
    places, padded = [], []
    for window in itertools.product(*(range(length) for length in shape)):
        rows = [at[k] for (at, _), k in zip(axes, window, strict=True)]
        inside = [end[k] for (_, end), k in zip(axes, window, strict=True)]
        grid = np.meshgrid(*rows, indexing="ij")
        within = np.meshgrid(*inside, indexing="ij")
        flat, good = np.zeros(grid[0].shape, dtype=np.int64), np.ones(grid[0].shape, dtype=bool)
        for coordinate, length in zip(grid, plane, strict=True):
            flat = flat * length + np.clip(coordinate, 0, length - 1)
            good &= (coordinate >= 0) & (coordinate < length)
        places.append(np.where(good, flat, NOTHING).reshape(-1))
        padded.append(np.logical_and.reduce(within).reshape(-1))
    return Windows(shape, np.array(places), np.array(padded))


def _padding(ctx: Context, plane: Sequence[int], spans: Sequence[int], strides: Sequence[int]
             ) -> tuple[list[int], list[int]]:  # fmt: skip
    """Padding before and behind each axis."""
    n, mode = len(plane), str(ctx.get("auto_pad", "NOTSET"))
    if mode == "NOTSET":
        pads = list(ctx.get("pads", [0] * (2 * n)))
        return pads[:n], pads[n:]
    if mode == "VALID":
        return [0] * n, [0] * n
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise UnsupportedError(f"auto_pad {mode!r} is unknown")
    needed = [
        max((-(-length // s) - 1) * s + span - length, 0)
        for length, span, s in zip(plane, spans, strides, strict=True)
    ]
    small, large = [k // 2 for k in needed], [k - k // 2 for k in needed]
    return (small, large) if mode == "SAME_UPPER" else (large, small)


def _along(length: int, kernel: int, stride: int, dilation: int, before: int, after: int, *,
           ceil: bool) -> tuple[list[Ints], list[Flags]]:  # fmt: skip
    """For each window along an axis its coordinates, and which lie within the padded axis."""
    span, whole = dilation * (kernel - 1) + 1, length + before + after
    room = whole - span
    count = (-(-room // stride) if ceil else room // stride) + 1 if room >= 0 else 0
    if ceil and count and (count - 1) * stride >= length + before:
        count -= 1  # a window that begins in the padding behind is left out
    at = [np.arange(kernel) * dilation + k * stride - before for k in range(count)]
    return at, [(a < length + after) & (a >= -before) for a in at]
