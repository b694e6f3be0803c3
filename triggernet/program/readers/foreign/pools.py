"""Sums, means and maxima over windows and axes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.program.readers.foreign.context import Context, Handler, positions, spread
from triggernet.program.readers.foreign.linear import contracted
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.sums import on_one_grid, settled
from triggernet.program.readers.foreign.values import (
    NOTHING,
    Affine,
    Constant,
    Ints,
    Value,
    distinct,
    filled,
    joined,
)
from triggernet.program.readers.foreign.windows import windows

WIDEST_COMMON = 40  # bits of activations on different scales that are compared
ONE = Constant(np.ones(1, dtype=np.float32))


def summed(x: Affine, places: Ints, shape: tuple[int, ...]) -> Affine:
    """Sums of the elements at some places (K, T); `NOTHING` counts as 0."""
    return contracted(x, ONE, places, np.zeros_like(places), shape)


def mean_of(x: Affine, places: Ints, counts: Ints, shape: tuple[int, ...]) -> Affine:
    """Sums over counts (K,)."""
    labels, result = distinct(np.array([*(int(c) for c in counts), None], dtype=object)[:-1])
    shares = np.array([*(Fraction(1, c) for c in result), None], dtype=object)[labels]
    return summed(x, places, shape).scaled(shares)


def largest(net: Network, x: Affine, places: Ints, shape: tuple[int, ...]) -> Affine:
    """The largest of the elements at some places (K, W); `NOTHING` counts as none.

    Functions that wait for a quantiser wait on: none of them ever falls.
    """
    functions = x.functions
    if not all(f.monotone and all(f.rising(k) for k in range(x.size)) for f in functions):
        x, functions = settled(net, x), ()
    plain = Affine(x.shape, x.index, x.weight, x.scale, x.offset)
    plain = settled(net, plain)
    first = np.where(places == NOTHING, 1 << 62, places).min(axis=1)  # any that is there
    at = np.where(places == NOTHING, first[:, None], places)  # (K, W)
    for values in (plain.scale, plain.offset, *([_keys(x)] if functions else [])):
        labels = distinct(values)[0]
        if (labels[at] != labels[at[:, :1]]).any():
            raise UnsupportedError(
                "it takes the maximum of activations on different scales; quantise them with one "
                "scale before it"
            )
    taken = tuple(f.take(at[:, 0]) for f in functions)
    if at.shape[1] == 1:
        return x.take(at[:, 0], shape)
    tensor = net.gather(plain.index[at, 0].T, at.T.shape)  # (W, K)
    attributes = {"groups": (0,) * at.shape[1], "in_rank": 2}
    atoms = net.first_atom(net.exact("Max", (tensor,), attributes, "max")) + np.arange(len(at))
    return Affine(
        shape,
        atoms[:, None],
        np.ones((len(at), 1), dtype=np.int64),
        plain.scale[at[:, 0]],
        plain.offset[at[:, 0]],
        taken,
    )


def _keys(x: Affine) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    keys = [tuple(f.key(k) for f in x.functions) for k in range(x.size)]
    return np.array([*keys, None], dtype=object)[:-1]


def _reduced(ctx: Context, x: Value) -> tuple[Ints, tuple[int, ...]]:
    """Places (K, T) of the elements that a reduction joins, and the result's shape."""
    rank = len(x.shape)
    axes = ctx.axes(rank)
    if not axes:
        return positions(x.shape).reshape(-1, 1), x.shape
    kept = [k for k in range(rank) if k not in axes]
    places = positions(x.shape).transpose(*kept, *axes)
    places = places.reshape(int(np.prod([x.shape[k] for k in kept], dtype=np.int64)), -1)
    if ctx.get("keepdims", 1):
        return places, tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    return places, tuple(x.shape[k] for k in kept)


def reduce_sum(ctx: Context) -> Value:
    """ReduceSum."""
    x = ctx.linear(0)
    return summed(x, *_reduced(ctx, x))


def reduce_mean(ctx: Context) -> Value:
    """ReduceMean."""
    x = ctx.linear(0)
    places, shape = _reduced(ctx, x)
    return mean_of(x, places, np.full(len(places), places.shape[1]), shape)


def reduce_max(ctx: Context) -> Value:
    """ReduceMax."""
    x = ctx.activation(0)
    return largest(ctx.net, x, *_reduced(ctx, x))


def reduce_min(ctx: Context) -> Value:
    """ReduceMin: minus the largest of the negative values."""
    x = ctx.linear(0)
    return _negative(largest(ctx.net, _negative(x), *_reduced(ctx, x)))


def _negative(x: Affine) -> Affine:
    return x.scaled(filled(x.size, Fraction(-1)))


def _planes(x: Affine) -> Ints:
    """Places of all values of each channel (channels, values)."""
    return positions(x.shape).reshape(x.shape[0] * x.shape[1], -1)


def global_average(ctx: Context) -> Value:
    """GlobalAveragePool."""
    x = ctx.linear(0)
    places = _planes(x)
    shape = (*x.shape[:2], *[1] * (len(x.shape) - 2))
    return mean_of(x, places, np.full(len(places), places.shape[1]), shape)


def global_max(ctx: Context) -> Value:
    """GlobalMaxPool."""
    x = ctx.activation(0)
    return largest(ctx.net, x, _planes(x), (*x.shape[:2], *[1] * (len(x.shape) - 2)))


def _pooled(ctx: Context, x: Affine) -> tuple[Ints, Ints, tuple[int, ...]]:
    """Places (K, W) of all windows, how many places each one counts, and the result's shape."""
    window = windows(ctx, x.shape[2:], list(ctx.get("kernel_shape", [])))
    channels = x.shape[0] * x.shape[1]
    plane = int(np.prod(x.shape[2:]))
    starts = (np.arange(channels) * plane)[:, None, None]
    places = np.where(window.places[None] == NOTHING, NOTHING, window.places[None] + starts)
    counted = window.padded if ctx.get("count_include_pad", 0) else window.places != NOTHING
    counts = np.tile(counted.sum(axis=1), channels)
    return places.reshape(-1, window.places.shape[1]), counts, (*x.shape[:2], *window.shape)


def average_pool(ctx: Context) -> Value:
    """AveragePool."""
    x = ctx.linear(0)
    return mean_of(x, *_pooled(ctx, x))


def max_pool(ctx: Context) -> Value:
    """MaxPool."""
    if len(ctx.proto.output) > 1 and ctx.proto.output[1]:
        raise UnsupportedError("it also gives the places of the maxima, which no hardware has")
    x = ctx.activation(0)
    places, _, shape = _pooled(ctx, x)
    return largest(ctx.net, x, places, shape)


def extreme(ctx: Context, sign: int) -> Value:
    """The largest (or, with sign -1, the smallest) of some tensors, element by element."""
    shape, places = spread(*(ctx.value(k).shape for k in range(len(ctx.values))))
    parts = [ctx.linear(k).take(p, shape) for k, p in enumerate(places)]
    x = joined(parts)
    x = x if sign > 0 else _negative(x)
    at = np.arange(x.size).reshape(len(parts), -1).T  # (K, tensors)
    result = largest(ctx.net, _one_scale(ctx.net, x), at, shape)
    return result if sign > 0 else _negative(result)


def _one_scale(net: Network, x: Affine) -> Affine:
    """The same on one scale, where there is a common one."""
    x = settled(net, x)
    alike = all(len(distinct(v)[1]) == 1 for v in (x.scale, x.offset))
    return x if alike else on_one_grid(net, x, WIDEST_COMMON)


POOLS: Mapping[str, Handler] = MappingProxyType(
    {
        "ReduceSum": reduce_sum,
        "ReduceMean": reduce_mean,
        "ReduceMax": reduce_max,
        "ReduceMin": reduce_min,
        "GlobalAveragePool": global_average,
        "GlobalMaxPool": global_max,
        "AveragePool": average_pool,
        "MaxPool": max_pool,
    }
)
