"""Quantisers of the graph: Quant, BipolarQuant, Trunc, MultiThreshold, QuantizeLinear and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import UnsupportedError
from triggernet.fixedpoint import MOST_BITS
from triggernet.program.readers.foreign.context import Context, Handler
from triggernet.program.readers.foreign.lowering import Target, quantised
from triggernet.program.readers.foreign.network import Network
from triggernet.program.readers.foreign.steps import Levels
from triggernet.program.readers.foreign.values import (
    Affine,
    Constant,
    Rationals,
    Value,
    distinct,
    filled,
)

ROUNDINGS = ("ROUND", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
WIDEST = 32  # bits of an activation


class InputStatedError(Exception):
    """An input's type has been found out; the graph is read again with it."""

    def __init__(self, name: str, levels: Levels, elements: NDArray[Any], unit: Rationals) -> None:
        super().__init__(name)
        self.name, self.levels, self.elements, self.unit = name, levels, elements, unit


def quant(ctx: Context) -> Value:
    """Quant of QONNX: ``unit * (clip(round(x / unit + zero)) - zero)``."""
    levels = quant_levels(ctx)
    scale, value = ctx.constant(1, "scale"), ctx.value(0)
    if isinstance(value, Constant):
        return constant_codes(value, scale.array, levels)
    return behind(ctx.net, value, levels, _units(value, scale))


def quant_levels(ctx: Context) -> Levels:
    """The codes of a Quant node."""
    zero, width = (ctx.constant(k, what) for k, what in ((2, "zero point"), (3, "bit width")))
    zeros = {float(v) for v in zero.array.reshape(-1)}
    widths = {float(v) for v in width.array.reshape(-1)}
    if len(widths) != 1 or not 1 <= min(widths) <= MOST_BITS or min(widths) != int(min(widths)):
        raise UnsupportedError(
            f"its bit width is {sorted(widths)}; one whole number of bits is allowed"
        )
    if len(zeros) != 1 or min(zeros) != int(min(zeros)):
        raise UnsupportedError(f"its zero point is {sorted(zeros)[:4]}; one integer is allowed")
    bits, signed = int(min(widths)), bool(ctx.get("signed", 1))
    rounding = str(ctx.get("rounding_mode", "ROUND")).upper()
    rounding = "ROUND" if rounding == "HALF_EVEN" else rounding
    if rounding not in ROUNDINGS:
        raise UnsupportedError(
            f"rounding mode {rounding!r} is unknown; allowed are {', '.join(ROUNDINGS)}"
        )
    if bits == 1 and signed:  # as qonnx has it
        return Levels(-1, 1, "SIGN", int(min(zeros)), 2)
    narrow = int(bool(ctx.get("narrow", 0)))
    lowest = narrow - (1 << (bits - 1)) if signed else 0
    highest = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1 - narrow
    return Levels(lowest, highest, rounding, int(min(zeros)))


def constant_codes(value: Constant, scale: NDArray[Any], levels: Levels) -> Constant:
    """A constant behind a quantiser, rounded in float32 as every tool does it."""
    scaled = value.array.astype(np.float32) / scale.astype(np.float32)
    result = levels.round((scaled + np.float32(levels.zero)).astype(np.float64))
    codes = result.astype(np.int64) - levels.zero
    unit = _fractions(np.broadcast_to(scale, scaled.shape))
    array = (codes.astype(np.float32) * scale.astype(np.float32)).astype(np.float32)
    return Constant(array, codes, unit.reshape(scaled.shape))


def _fractions(scale: NDArray[Any]) -> Rationals:
    """Positive floats as exact rationals (K,)."""
    flat = scale.astype(np.float64).reshape(-1)
    if not (np.isfinite(flat).all() and (flat > 0).all()):
        raise UnsupportedError(f"its scale goes down to {flat.min():g}; it must be above 0")
    values, labels = np.unique(flat, return_inverse=True)
    return np.array([*(Fraction(float(v)) for v in values), None], dtype=object)[labels]


def _units(value: Affine, scale: Constant) -> Rationals:
    """The unit of each element."""
    if np.broadcast_shapes(value.shape, scale.shape) != value.shape:
        raise UnsupportedError(f"scales of shape {scale.shape} for a tensor of {value.shape}")
    return _fractions(np.broadcast_to(scale.array, value.shape))


def behind(net: Network, value: Affine, levels: Levels, unit: Rationals) -> Affine:
    """An activation behind a quantiser; the first one behind an input states its type."""
    if max(abs(c) for c in levels.codes).bit_length() > WIDEST:
        raise UnsupportedError(f"it has more than {WIDEST} bits, too many for an activation")
    owners = net.owners(value.index)
    view = len(owners) == 1 and owners[0] in net.raw and value.plain
    if view and distinct(value.scale)[1] == [1]:
        value = _of_input(net, owners[0], value, levels, unit)
    return quantised(net, value, Target(levels, unit))


def _of_input(net: Network, owner: str, value: Affine, levels: Levels, unit: Rationals) -> Affine:
    """A view of an input by the values behind its quantiser; or that quantiser is now known."""
    elements = value.index[:, 0] - net.first_atom(owner)
    name = net.raw[owner]
    if owner not in net.stated:
        raise InputStatedError(name, levels, elements, unit)
    known, units, behind_it = net.stated[owner]
    result = units[elements]
    if any(u is None for u in result):
        raise InputStatedError(name, levels, elements, unit)
    if known != levels or (result != unit).any():
        raise UnsupportedError(
            f"it quantises the input '{name}' in another way than the quantiser before it; state "
            f"the input's type with --input-type {name}=fixed<W,I>"
        )
    return behind_it.take(elements, value.shape)


def bipolar(ctx: Context) -> Value:
    """BipolarQuant: the scale, or minus the scale below 0."""
    levels = Levels(-1, 1, "SIGN", 0, 2)
    scale, value = ctx.constant(1, "scale"), ctx.value(0)
    if isinstance(value, Constant):
        result = constant_codes(value, np.ones(1, np.float32), levels)
        assert result.codes is not None
        unit = _fractions(np.broadcast_to(scale.array, result.shape)).reshape(result.shape)
        return Constant(result.array * scale.array, result.codes, unit)
    return behind(ctx.net, value, levels, _units(value, scale))


def truncated(ctx: Context) -> Value:
    """Trunc of an activation on the grid that it states."""
    value = ctx.linear(0)
    scale, zero = (
        ctx.constant(1, "scale"),
        float(ctx.constant(2, "zero point").array.reshape(-1)[0]),
    )
    if zero or scale.array.size != 1:
        raise UnsupportedError("a zero point or several scales are not supported; use a Quant")
    unit = _fractions(scale.array)[0]
    signed = bool(ctx.get("signed", 1))
    before = float(ctx.constant(3, "input bit width").array.reshape(-1)[0])
    second = len(ctx.values) > 5
    width = float(ctx.constant(5 if second else 4, "bit width").array.reshape(-1)[0])
    if second:
        out_scale = _fractions(ctx.constant(4, "output scale").array)[0]
    else:
        out_scale = unit * Fraction(2) ** int(before - width)
    rounding = str(ctx.get("rounding_mode", "FLOOR")).upper()
    rounding = "ROUND" if rounding == "HALF_EVEN" else rounding
    if rounding not in ROUNDINGS or not isinstance(value, Affine):
        raise UnsupportedError(f"rounding mode {rounding!r} is unknown")
    wide = int(before) + 1
    inner = behind(ctx.net, value, Levels(-(1 << wide), (1 << wide) - 1), filled(value.size, unit))
    if second:
        narrow = int(bool(ctx.get("narrow", 0)))
        bits = int(width)
        lowest = narrow - (1 << (bits - 1)) if signed else 0
        highest = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1 - narrow
    else:
        lowest, highest = -(1 << wide), (1 << wide) - 1
    result = behind(
        ctx.net, inner, Levels(lowest, highest, rounding), filled(value.size, out_scale)
    )
    return result if second else result.scaled(filled(result.size, unit / out_scale))


def multi_threshold(_ctx: Context) -> Value:
    """MultiThreshold of FINN: out_scale times the number of thresholds reached, plus out_bias."""
    raise UnsupportedError(
        "thresholds of FINN are not read; export the model before it is streamlined, with its "
        "Quant nodes"
    )


@dataclass(frozen=True, eq=False)
class Pending(Affine):
    """What QuantizeLinear makes of an activation, for the DequantizeLinear behind it."""

    levels: Levels = field(kw_only=True)
    unit: Rationals = field(kw_only=True)


def _on_axis(ctx: Context, array: NDArray[Any], rank: int) -> NDArray[Any]:
    """A scale or zero point for one axis, ready to be broadcast."""
    if array.size == 1:
        return array.reshape(())
    axis = int(ctx.get("axis", 1)) % rank
    return array.reshape([-1 if k == axis else 1 for k in range(rank)])


def _zero_point(ctx: Context, default: type[np.generic]) -> tuple[int, np.dtype[Any]]:
    if not ctx.given(2):
        return 0, np.dtype(default)
    zero = ctx.constant(2, "zero point").array
    zeros = {int(v) for v in zero.reshape(-1)}
    if len(zeros) != 1:
        raise UnsupportedError(f"zero points {sorted(zeros)[:4]}; one for all is allowed")
    return zeros.pop(), zero.dtype


def quantize_linear(ctx: Context) -> Value:
    """QuantizeLinear: integer codes, which nothing but Clip and DequantizeLinear may read."""
    zero, kind = _zero_point(ctx, np.uint8)
    if kind.kind not in "iu":
        raise UnsupportedError(f"codes of type {kind} are no integers")
    info, value = np.iinfo(kind), ctx.value(0)
    levels = Levels(int(info.min), int(info.max), "ROUND", zero)
    scale = _on_axis(ctx, ctx.constant(1, "scale").array, len(value.shape))
    if isinstance(value, Constant):
        result = constant_codes(value, scale, levels)
        assert result.codes is not None
        return Constant((result.codes + zero).astype(kind))
    unit = _units(value, Constant(np.asarray(scale)))
    return Pending(value.shape, value.index, value.weight, value.scale, value.offset,
                   value.functions, levels=levels, unit=unit)  # fmt: skip


def dequantize_linear(ctx: Context) -> Value:
    """DequantizeLinear of codes that are constant, or come from a QuantizeLinear."""
    value = ctx.value(0)
    scale = _on_axis(ctx, ctx.constant(1, "scale").array, len(value.shape))
    zero, _ = _zero_point(ctx, np.int8)
    if isinstance(value, Constant):
        codes = value.array.astype(np.int64) - zero
        unit = _fractions(np.broadcast_to(scale, codes.shape)).reshape(codes.shape)
        real = codes.astype(np.float32) * scale.astype(np.float32)
        return Constant(real.astype(np.float32), codes, unit)
    if not isinstance(value, Pending):
        raise UnsupportedError("it reads something else than constants or a QuantizeLinear")
    unit = _units(value, Constant(np.asarray(scale)))
    if zero != value.levels.zero or (unit != value.unit).any():
        raise UnsupportedError(
            "its scale or zero point is not that of the QuantizeLinear before it"
        )
    plain = Affine(value.shape, value.index, value.weight, value.scale, value.offset,
                   value.functions)  # fmt: skip
    return behind(ctx.net, plain, value.levels, unit)


def narrowed(value: Pending, low: float | None, high: float | None) -> Pending:
    """Codes between limits, by a Clip between the two."""
    levels = value.levels
    lowest = levels.lowest if low is None else max(levels.lowest, int(np.ceil(low)))
    highest = levels.highest if high is None else min(levels.highest, int(np.floor(high)))
    return replace(value, levels=replace(levels, lowest=lowest, highest=highest))


QUANTISERS: Mapping[str, Handler] = MappingProxyType(
    {
        "Quant": quant,
        "IntQuant": quant,
        "BipolarQuant": bipolar,
        "Trunc": truncated,
        "MultiThreshold": multi_threshold,
        "QuantizeLinear": quantize_linear,
        "DequantizeLinear": dequantize_linear,
    }
)
