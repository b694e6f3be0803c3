"""From exact linear maps to nodes: sums as `Dense`, quantisers as what climbs their stairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from triggernet.errors import UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.node import Attribute
from triggernet.program.operators.table import WIDEST_ADDRESS
from triggernet.program.operators.threshold import MOST_THRESHOLDS
from triggernet.program.readers.foreign.blocks import Block, block_of
from triggernet.program.readers.foreign.functions import Clip
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.steps import Column, Levels, Stairs, climb, stairs
from triggernet.program.readers.foreign.sums import (
    from_block,
    grid_of,
    natural,
    row_shape,
    sums_of,
    upright,
)
from triggernet.program.readers.foreign.values import (
    Affine,
    Rationals,
    common_unit,
    distinct,
    exponent,
    is_power_of_two,
)

WIDEST_SHIFT = 40  # bits by which weights of one matrix may differ in scale
WIDEST_BIAS = 48  # bits of a bias that is added before a quantiser


@dataclass(frozen=True)
class Target:
    """A quantiser: its levels, and the unit of each element.

    Attributes
    ----------
    levels : Levels
    unit : Fractions (K,)
    """

    levels: Levels
    unit: Rationals

    @property
    def fraction(self) -> int:
        """Fractional bits of the program's value: the unit's, where it is one power of two."""
        units = distinct(self.unit)[1]
        if len(units) == 1 and is_power_of_two(units[0]):
            return -exponent(units[0])
        return 0

    @property
    def scale(self) -> Rationals:
        """What the program's values are multiplied with."""
        step = Fraction(2) ** -self.fraction
        labels, units = distinct(self.unit)
        return np.array([*(u / step for u in units), None], dtype=object)[labels]

    @property
    def natural(self) -> FixedPoint | None:
        """The type whose own range and rounding are those of the quantiser; None if none."""
        lo, hi = self.levels.codes
        covering = FixedPoint.covering(lo, hi, self.fraction)
        full = (covering.min_int, covering.max_int) == (lo, hi)
        plain = self.levels.rounding in ("ROUND", "FLOOR") and not self.levels.zero
        return covering if full and plain and self.levels.step == 1 else None


def quantised(net: Network, value: Affine, target: Target) -> Affine:
    """A value behind a quantiser.

    Raises
    ------
    UnsupportedError
        If no integers do exactly what it does.
    """
    if _is_identity(net, value, target):
        return value
    labels = distinct(target.unit)[0]
    block = block_of(value, (labels,))
    block = block if value.functions else natural(net, block)
    tensor = _direct(net, value, block, target)
    if tensor is None:
        tensor = _stepped(net, value, block, target)
    first = block.columns
    scale = target.scale
    return from_block(
        net, value, block, tensor, [scale[k] for k in first], [Fraction(0)] * len(first)
    )


def _is_identity(net: Network, value: Affine, target: Target) -> bool:
    """Whether the value is on the quantiser's grid already, and within its range."""
    if not value.plain or target.levels.rounding == "SIGN":
        return False
    lo, hi = target.levels.codes
    names = net.owners(value.index)
    if any(name in net.raw for name in names):
        return False
    for name in names:
        tensor = net.tensors[name]
        first = net.first_atom(name)
        own = (value.index[:, 0] >= first) & (value.index[:, 0] < first + tensor.size)
        step = grid_of(net, name)
        same = all(s * step == u for s, u in zip(value.scale[own], target.unit[own], strict=True))
        if not same or tensor.lo < lo or tensor.hi > hi:
            return False
    return True


def _direct(net: Network, value: Affine, block: Block, target: Target) -> str | None:
    """One `Dense` or `Quant` that ends in the quantiser; None where scales are no powers of two."""
    kind = target.natural
    relu = bool(value.functions)
    if kind is None or (relu and not _is_relu(value)):
        return None
    step = Fraction(2) ** -target.fraction
    ratios = [value.scale[k] / target.unit[k] * step for k in block.columns]
    biases = [value.offset[k] / target.unit[k] * step for k in block.columns]
    known = [exponent(abs(r)) for r in ratios if is_power_of_two(abs(r))]
    fits = len(known) == len(ratios) and max(known) - min(known) <= WIDEST_SHIFT
    if not fits or not _is_short_binary(biases, target.fraction):
        return None
    rounding = target.levels.rounding
    if block.straight or (block.is_sum and net.holds(block.index.T)):
        weights = block.weight.reshape(-1)[: len(ratios)]
        simple = all(r * int(w) == 1 for r, w in zip(ratios, weights, strict=True))
        if not simple or any(biases) or (relu and kind.signed):
            return None
        index, op = (block.index, "Quant") if block.straight else (block.index.T, "Sum")
        shape = row_shape(block, index.shape[1]) if block.straight else index.shape
        return net.quantised(op, (net.gather(index, shape),), {}, kind, rounding)
    signs = np.array([1 if r > 0 else -1 for r in ratios], dtype=object)
    weight = block.weight.astype(object) * signs[:, None]
    x = net.gather(block.index, row_shape(block, block.index.shape[1]))
    return net.dense(x, weight, biases, relu, (kind, rounding), known)


def _is_relu(value: Affine) -> bool:
    return len(value.functions) == 1 and _relu(value.functions[0])


def _relu(function: object) -> bool:
    return isinstance(function, Clip) and function.low == 0 and function.high is None


def _is_short_binary(values: list[Fraction], fraction: int) -> bool:
    unit = common_unit(values)
    if not is_power_of_two(Fraction(1, unit.denominator)):
        return False
    finest = max(unit.denominator.bit_length() - 1, 0)
    largest = max(abs(v) for v in values)
    return finest <= fraction + WIDEST_BIAS and largest * (1 << finest) < 1 << WIDEST_BIAS


def _stepped(net: Network, value: Affine, block: Block, target: Target) -> str:
    """`Rescale`, `Threshold` or `Table` of the block's integers."""
    turned = [not _column(value, target, int(k), Fraction(1), (0, 0)).rising
              for k in block.columns]  # fmt: skip
    if not all(f.monotone for f in value.functions):
        return _table(net, value, block, target)
    plain = replace(value, functions=())
    sums = sums_of(net, plain, block, turned)
    x = net.tensors[sums.tensor]
    columns = [
        Column(s * grid_of(net, x.name), o, target.unit[k], x.lo, x.hi, value.functions, int(k))
        for s, o, k in zip(sums.scale, sums.offset, block.columns, strict=True)
    ]
    flipped = [not c.rising for c in columns]
    columns = [c.turned if f else c for c, f in zip(columns, flipped, strict=True)]
    try:
        every = [stairs(c, target.levels) for c in columns]
    except ValueError as error:
        raise UnsupportedError(f"{error}; use fewer bits") from error
    chosen = _climbed(net, sums.tensor, target, columns, every, flipped)
    if chosen is None and _count(every, target) <= MOST_THRESHOLDS:
        chosen = _thresholds(net, upright(net, sums, flipped).tensor, target, every)
    if chosen is None:
        chosen = _table(net, value, block, target)
    return chosen


def _column(value: Affine, target: Target, k: int, step: Fraction,
            ends: tuple[int, int]) -> Column:  # fmt: skip
    return Column(value.scale[k] * step, value.offset[k], target.unit[k], *ends, value.functions, k)


def _climbed(net: Network, x: str, target: Target, columns: list[Column], every: list[Stairs],
             flipped: list[bool]) -> str | None:  # fmt: skip
    """A `Rescale` that climbs all stairs."""
    levels = target.levels
    if levels.step != 1:
        return None  # a sign is one threshold
    limits = min(s.start for s in every), max(s.end for s in every)
    slopes = [_slope(c, s) for c, s in zip(columns, every, strict=True)]
    even = levels.rounding == "ROUND" and levels.zero % 2 == 0
    chosen = climb(every, slopes, limits, even=even)
    if chosen is None:
        return None
    offsets = tuple(b - (levels.zero << chosen.shift) for b in chosen.offset)
    multipliers = tuple(-m if f else m for m, f in zip(chosen.multiplier, flipped, strict=True))
    constants = (multipliers, offsets, chosen.ties)
    if all(len(set(c)) == 1 for c in constants):
        constants = (multipliers[:1], offsets[:1], chosen.ties[:1])
    attributes: dict[str, Attribute] = {
        **dict(zip(("multiplier", "offset", "ties"), constants, strict=True)),
        "shift": chosen.shift,
        "lowest": limits[0] - levels.zero,
        "highest": limits[1] - levels.zero,
        "fraction": target.fraction,
        **net.in_attributes(x),
    }
    return net.quantised("Rescale", (x,), attributes, _kind(target), "FLOOR")


def _kind(target: Target) -> FixedPoint:
    return FixedPoint.covering(*target.levels.codes, target.fraction)


def _slope(column: Column, steps: Stairs) -> Fraction:
    """Levels for each step of A on the way up."""
    slope = abs(column.scale / column.unit)
    for f in column.functions:
        factor = getattr(f, "factor", None)
        slope *= 1 if factor is None else abs(factor[column.element])
    if column.exact or len(steps.first) < 2:
        return slope or Fraction(1)
    return Fraction(len(steps.first) - 1, max(int(steps.first[-1] - steps.first[0]), 1))


def _count(every: list[Stairs], target: Target) -> int:
    """How many thresholds of one channel all stairs together need; at least 1."""
    reach = max(s.end for s in every) - min(s.start for s in every)
    return max(reach // target.levels.step, 1)


def _thresholds(net: Network, x: str, target: Target, every: list[Stairs]) -> str:
    """A `Threshold` with the stairs themselves."""
    start, end = min(s.start for s in every), max(s.end for s in every)
    step = target.levels.step
    end = max(end, start + step)
    rows = []
    for s in every:
        before = [s.lo] * ((s.start - start) // step)
        after = [s.hi + 1] * ((end - s.end) // step)
        rows.append((*before, *(int(f) for f in s.first), *after))
    rows = rows[:1] if len(set(rows)) == 1 else rows
    attributes: dict[str, Attribute] = {
        "thresholds": tuple(t for row in rows for t in row),
        "channels": len(rows),
        "lowest": start - target.levels.zero,
        "step": step,
        "fraction": target.fraction,
        **net.in_attributes(x),
    }
    return net.quantised("Threshold", (x,), attributes, _kind(target), "FLOOR")


def _table(net: Network, value: Affine, block: Block, target: Target) -> str:
    """A `Table`, of one function for all elements of one short integer each."""
    x = net.gather(block.index, row_shape(block, block.index.shape[1]))
    kind, names = net.tensors[x].type, ", ".join(f.name for f in value.functions)
    what = f"the function {names}" if names else f"rounding {target.levels.rounding}"
    if not block.straight or len(block.columns) > 1 or kind.width > WIDEST_ADDRESS:
        raise UnsupportedError(
            f"{what} has no exact form here; it needs one quantised value of at most "
            f"{WIDEST_ADDRESS} bits in front, with one scale: put a quantiser before it"
        )
    k = int(block.columns[0])
    step = grid_of(net, x) * int(block.weight[0])
    column = _column(value, target, k, step, (kind.min_int, kind.max_int))
    codes = np.arange(kind.min_int, kind.max_int + 1)
    if column.exact:
        words = [column.level(int(a), target.levels) for a in codes]
    else:
        with np.errstate(all="ignore"):
            chosen = target.levels.round(column.real(codes) + target.levels.zero)
        tensor = net.tensors[x]
        used = chosen[tensor.lo - kind.min_int : tensor.hi - kind.min_int + 1]
        if not np.isfinite(used).all():
            raise UnsupportedError(f"{what} is not finite for every value that it can be given")
        words = [int(w) for w in np.nan_to_num(chosen)]
    zero = target.levels.zero
    out = _kind(target)
    attributes: dict[str, Attribute] = {
        "table": tuple(w - zero for w in words),
        "table_signed": int(out.signed),
        "table_width": out.width,
        "table_integer": out.integer,
        **net.in_attributes(x),
    }
    return net.quantised("Table", (x,), attributes, out, "FLOOR")
