"""Linear maps as integers of the program: sums, multiples, a ReLU where nothing is rounded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.program.operators.node import Attribute
from triggernet.program.readers.foreign.blocks import Block, block_of
from triggernet.program.readers.foreign.functions import Clip
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.values import (
    NOTHING,
    Affine,
    common_unit,
    distinct,
    exponent,
    filled,
    is_power_of_two,
)


@dataclass(frozen=True)
class Sums:
    """The integers of a block: a tensor with a value for each row and column.

    Attributes
    ----------
    tensor : str
    scale, offset : Fractions of the G columns
        What the values of the graph are: scale times the program's value, plus offset.
    """

    tensor: str
    scale: list[Fraction]
    offset: list[Fraction]


def settled(net: Network, value: Affine) -> Affine:
    """The same values, each of them one atom: sums are computed, and a ReLU on exact integers.

    Raises
    ------
    UnsupportedError
        If a function waits for a quantiser that does not come.
    """
    if value.functions:
        return _rectified(net, value)
    if value.terms == 1 and (value.weight == 1).all() and all(s > 0 for s in value.scale):
        return value
    block = block_of(value)
    sums = sums_of(net, value, block)
    sums = upright(net, sums, [s < 0 for s in sums.scale])
    return from_block(net, value, block, sums.tensor, sums.scale, sums.offset)


def _rectified(net: Network, value: Affine) -> Affine:
    """A ReLU right behind a sum whose offset lies on the sum's own grid."""
    (function, *more) = value.functions
    relu = isinstance(function, Clip) and function.low == 0 and function.high is None
    block = block_of(value)
    plain = replace(value, functions=())
    sums = sums_of(net, plain, block)
    sums = upright(net, sums, [s < 0 for s in sums.scale])
    grid = [grid_of(net, sums.tensor) * s for s in sums.scale]
    on_grid = all((o / g).denominator == 1 for o, g in zip(sums.offset, grid, strict=True))
    if more or not relu or not on_grid or any(s <= 0 for s in sums.scale):
        names = ", ".join(f.name for f in value.functions)
        raise UnsupportedError(
            f"it reads the result of {names}, which is not quantised; put a quantiser behind that"
        )
    x = net.tensors[sums.tensor]
    lowest, highest = (
        0,
        max(0, *(x.hi + int(o / g) for o, g in zip(sums.offset, grid, strict=True))),
    )
    offsets = tuple(int(o / g) for o, g in zip(sums.offset, grid, strict=True))
    tensor = rescaled(net, sums.tensor, offsets=offsets, limits=(lowest, highest))
    return from_block(net, value, block, tensor, sums.scale, [Fraction(0)] * len(sums.scale))


def rescaled(
    net: Network,
    x: str,
    *,
    multipliers: tuple[int, ...] = (),
    offsets: tuple[int, ...],
    limits: tuple[int, int],
    fraction: int | None = None,
) -> str:
    """Integers times integers plus integers, exactly, within limits."""
    columns = len(offsets)
    attributes: dict[str, Attribute] = {
        "multiplier": multipliers or (1,) * columns,
        "offset": offsets,
        "ties": (0,) * columns,
        "shift": 0,
        "lowest": limits[0],
        "highest": limits[1],
        "fraction": net.tensors[x].type.fraction if fraction is None else fraction,
        **net.in_attributes(x),
    }
    return net.exact("Rescale", (x,), attributes, "scaled")


def grid_of(net: Network, tensor: str) -> Fraction:
    """The step of a tensor's type."""
    return Fraction(2) ** -net.tensors[tensor].type.fraction


def sums_of(net: Network, value: Affine, block: Block, turned: Sequence[bool] = ()) -> Sums:
    """The integers of a block, without offsets; of sums, those `turned` with the other sign."""
    columns = block.columns
    scale = [value.scale[k] for k in columns]
    offset = [value.offset[k] for k in columns]
    if block.straight:
        x = net.gather(block.index, row_shape(block, block.index.shape[1]))
        return Sums(x, [s * int(w) for s, w in zip(scale, block.weight, strict=True)], offset)
    if block.is_sum and net.holds(block.index.T):
        rows = net.gather(block.index.T, block.index.T.shape)
        return Sums(
            net.exact("Sum", (rows,), {}, "sum"), [scale[0] * int(block.weight[0, 0])], offset
        )
    signs = [-1 if (turned[g] if len(turned) else s < 0) else 1 for g, s in enumerate(scale)]
    shared = [math.gcd(*(int(w) for w in row)) or 1 for row in block.weight]
    factors = [g * sign for g, sign in zip(shared, signs, strict=True)]
    matrix = np.array(
        [[int(w) // f for w in row] for row, f in zip(block.weight, factors, strict=True)],
        dtype=object,
    )
    x = net.gather(block.index, row_shape(block, block.index.shape[1]))
    tensor = net.dense(x, matrix, None)
    return Sums(tensor, [s * f for s, f in zip(scale, factors, strict=True)], offset)


def upright(net: Network, sums: Sums, flipped: Sequence[bool]) -> Sums:
    """The same with those columns negated that are flipped."""
    if not any(flipped):
        return sums
    tensor = net.tensors[sums.tensor]
    signs = [-1 if f else 1 for f in flipped]
    ends = [w * e for w in signs for e in (tensor.lo, tensor.hi)]
    negated = rescaled(
        net,
        sums.tensor,
        multipliers=tuple(signs),
        offsets=(0,) * len(signs),
        limits=(min(ends), max(ends)),
    )
    return Sums(negated, [s * w for s, w in zip(sums.scale, signs, strict=True)], sums.offset)


def natural(net: Network, block: Block) -> Block:
    """Single values of one kind in the layout of the tensor that holds them, or as one vector."""
    if not block.straight or block.elements.shape[1] > 1 or len(block.elements) == 1:
        return block
    name = net.owner(int(block.index[0, 0])) if block.index[0, 0] != NOTHING else ""
    shape = net.tensors[name].shape if name in net.tensors else ()
    flat = block.index.reshape(-1)
    fits = len(shape) == 2 and net.tensors[name].size == len(flat)
    columns = shape[-1] if fits and net.holds(flat.reshape(shape)) else len(flat)
    weight = np.repeat(block.weight, columns)
    return Block(flat.reshape(-1, columns), weight, block.elements.reshape(-1, columns), True)


def row_shape(block: Block, width: int) -> tuple[int, ...]:
    """The shape of a tensor with `width` values for each row of a block; one row is a vector."""
    rows = len(block.elements)
    return (width,) if rows == 1 else (rows, width)


def from_block(net: Network, value: Affine, block: Block, tensor: str, scale: list[Fraction],
                offset: list[Fraction]) -> Affine:  # fmt: skip
    """The value again, its elements being those of the block's tensor (P, G)."""
    first = net.first_atom(tensor)
    rows, columns = block.elements.shape
    atoms = np.empty(value.size, dtype=np.int64)
    atoms[block.elements.reshape(-1)] = first + np.arange(rows * columns)
    places = np.empty(value.size, dtype=np.int64)
    places[block.elements] = np.arange(columns)
    scales, offsets = (np.array([*v, None], dtype=object)[:-1] for v in (scale, offset))
    return Affine(
        value.shape,
        atoms[:, None],
        np.ones((value.size, 1), dtype=np.int64),
        scales[places],
        offsets[places],
    )


def on_one_grid(net: Network, value: Affine, widest: int) -> Affine:
    """Settled values with offsets as integers of one unit, without offsets.

    Raises
    ------
    UnsupportedError
        If that takes more than `widest` bits.
    """
    kept = value.index[:, 0] != NOTHING
    owners = [net.owner(int(a)) if k else "" for a, k in zip(value.index[:, 0], kept, strict=True)]
    steps = {name: grid_of(net, name) for name in set(owners) if name}
    scaled = [
        s * steps[o] * int(w) if o else Fraction(0)
        for s, o, w in zip(value.scale, owners, value.weight[:, 0], strict=True)
    ]
    unit = common_unit([*scaled, *distinct(value.offset)[1]])
    tensor = net.tensors[net.gather(value.index[:, 0], (value.size,))]
    finest = {name: int(steps[name] / grid_of(net, tensor.name)) for name in steps}
    multipliers = [
        int(s / unit / finest[o]) if o and (s / unit / finest[o]).denominator == 1 else 0
        for s, o in zip(scaled, owners, strict=True)
    ]
    lost = any(s and not m for s, m in zip(scaled, multipliers, strict=True))
    offsets = [int(o / unit) for o in value.offset]
    pairs = list(zip(multipliers, offsets, strict=True))
    ends = [m * e + o for m, o in pairs for e in (tensor.lo, tensor.hi)]
    width = max(abs(e) for e in ends).bit_length() + 1
    if width > widest or lost:
        raise UnsupportedError(f"takes {width} bits to be exact ({widest} at most)")
    made = rescaled(
        net,
        tensor.name,
        multipliers=tuple(multipliers),
        offsets=tuple(offsets),
        limits=(min(ends), max(ends)),
        fraction=-exponent(unit) if is_power_of_two(unit) else 0,
    )
    atoms = net.first_atom(made) + np.arange(value.size)
    ones, zero = np.ones((value.size, 1), dtype=np.int64), filled(value.size, Fraction(0))
    return Affine(
        value.shape, atoms[:, None], ones, filled(value.size, unit / grid_of(net, made)), zero
    )


def whole_units(value: Affine) -> Affine:
    """The same, with one scale for all elements where scales have a common measure."""
    labels, scales = distinct(value.scale)
    if len(scales) == 1:
        return value
    unit = common_unit(scales)
    ratios = np.array([*(int(s / unit) for s in scales), None], dtype=object)[labels]
    return replace(
        value,
        weight=value.weight.astype(object) * ratios[:, None],
        scale=filled(value.size, unit),
    )
