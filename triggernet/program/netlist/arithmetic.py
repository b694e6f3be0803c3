"""Sums, constant matrices, quantisers, products in look-up tables: from a builder's operations."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count as counter
from typing import Any

import numpy as np

from triggernet.fixedpoint import FixedPoint, Quantiser
from triggernet.program.netlist import cost, timing
from triggernet.program.netlist.builder import Builder, Read
from triggernet.program.netlist.text import fitted, literal, part
from triggernet.program.netlist.wire import Wire, constant

EXACT_BITS = 20
EXACT_KERNEL = 1 << 23  # da4ml keeps a constant matrix as float32
ALIGNED = 0.01  # ns: sums that are ready at about the same time are joined by width


def total(b: Builder, terms: Iterable[Wire], name: str = "sum") -> Wire:
    """The sum of some wires: a tree that joins what is ready first, the narrowest first."""
    order, fixed = counter(), 0
    heap: list[tuple[float, int, int, Wire]] = []
    for term in terms:
        if term.constant:
            fixed += term.lo
        else:
            heapq.heappush(heap, _entry(b, term, next(order)))
    if not heap:
        return constant(fixed)
    while len(heap) > 1:
        first, second = heapq.heappop(heap)[-1], heapq.heappop(heap)[-1]
        heapq.heappush(heap, _entry(b, b.add(first, second, name=name), next(order)))
    return b.add(heap[0][-1], constant(fixed))


def _entry(b: Builder, wire: Wire, order: int) -> tuple[float, int, int, Wire]:
    cycle, offset = wire.ready(b.clock.usable_ns)
    return cycle * b.clock.usable_ns + offset, wire.width, order, wire


def quantise(
    b: Builder, value: Wire, fraction: int, quantiser: Quantiser, *, registered: bool = False
) -> Wire:
    """Codes of a quantiser's type from a value with `fraction` fractional bits, exactly.

    The same steps as `Quantiser`: round to the grid, then saturate or wrap. With `registered` a
    value that only has to be capped ends in a register, whose own set input does it.
    """
    kind = quantiser.type
    dropped = fraction - kind.fraction
    if quantiser.rounding == "ROUND" and dropped > 0:
        value = round_half_even(b, value, dropped)
    else:
        value = b.floor(value, dropped)
    if quantiser.overflow == "WRAP":
        return b.low_bits(value, kind.width, kind.signed)
    if registered and value.lo >= 0 and kind.max_int < value.hi:
        width = kind.max_int.bit_length()
        return b.filled(_over(b, value, width), value, width)
    return saturate(b, value, kind)


def round_half_even(b: Builder, value: Wire, bits: int) -> Wire:
    """``value / 2**bits`` to the nearest integer, ties to the even one.

    One addition: half of the step less one, and one more where the integer part is odd.
    """
    if value.constant:
        whole, rest = divmod(value.lo, 1 << bits)
        half = 1 << (bits - 1)
        return constant(whole + (rest > half or (rest == half and whole & 1)))
    odd = b.low_bits(b.floor(value, bits), 1, signed=False)
    almost_half = (1 << (bits - 1)) - 1
    lo, hi = value.lo + almost_half, value.hi + almost_half + 1

    def write(read: Read, width: int) -> str:
        carry = b.extended(odd, width, read)
        return f"{b.extended(value, width, read)} + {literal(almost_half, width)} + {carry}"

    width = Wire(None, lo, hi).kind.width
    rounded = b.operation(
        (value, odd),
        (lo, hi),
        timing.add_ns(width),
        write,
        count=cost.addition(value, constant(almost_half), 0, subtract=False),
        name="rounded",
    )
    return b.floor(rounded, bits)


def saturate(b: Builder, value: Wire, kind: FixedPoint) -> Wire:
    """`value` clipped to the codes of `kind`."""
    if value.constant:
        return constant(min(max(value.lo, kind.min_int), kind.max_int))
    if kind.contains(value.lo, value.hi):
        return value
    if value.lo < 0 and kind.signed:
        return _saturate_signed(b, value, kind)
    if value.lo < 0:
        value = b.relu(value)
    return value if value.hi <= kind.max_int else _cap(b, value, kind.max_int.bit_length())


def rectified(
    b: Builder, value: Wire, fraction: int, quantiser: Quantiser, alive: Sequence[Wire] = ()
) -> Wire:
    """ReLU and quantiser of `value`, 0 where a flag of `alive` is not set; ends in a register.

    Rounding, and then clipping at 0, is the same as the other way round, and the register's own
    reset does the clipping.
    """
    kind = quantiser.type
    if kind.signed or quantiser.overflow == "WRAP":
        codes = quantise(b, b.relu(value), fraction, quantiser)
        return b.cleared(b.missing(alive, constant(0)), codes)
    dropped = fraction - kind.fraction
    rounds = quantiser.rounding == "ROUND" and dropped > 0
    value = round_half_even(b, value, dropped) if rounds else b.floor(value, dropped)
    if value.hi <= 0:
        return constant(0)
    below = b.negative(value)
    if value.lo < 0:  # the sign goes to the reset
        value = replace(b.low_bits(value, value.width - 1, signed=False), hi=value.hi)
    capped = value if value.hi <= kind.max_int else _cap(b, value, kind.max_int.bit_length())
    return b.cleared(b.missing(alive, below), capped)


def _cap(b: Builder, value: Wire, width: int) -> Wire:
    """The smaller one of `value`, not negative, and the largest code of `width` bits."""
    largest = (1 << width) - 1
    if value.lo >= largest:
        return constant(largest)
    over = _over(b, value, width)
    return b.operation(
        (over, value),
        (value.lo, largest),
        timing.LEVEL_NS,
        lambda read, _: f"{{{width}{{{read(over)}}}}} | {read(value)}[{width - 1}:0]",
        count=cost.gate(width),
        name="capped",
    )


def _over(b: Builder, value: Wire, width: int) -> Wire:
    """Whether `value`, not negative, needs more than `width` bits."""
    top = value.width - 1
    return b.flag((value,), top - width + 1, lambda read: f"|{read(value)}[{top}:{width}]", "over")


def _saturate_signed(b: Builder, value: Wire, kind: FixedPoint) -> Wire:
    """`value` fits where the bits above the type's sign equal it."""
    width, top = kind.width, value.width - 1

    def differ(read: Read) -> str:
        bits = f"{read(value)}[{top}:{width - 1}]"
        return f"~(&{bits}) & (|{bits})"

    def write(read: Read, _: int) -> str:
        sign = f"{read(value)}[{top}]"
        if width == 1:  # a sign and nothing else
            return sign
        return (
            f"{read(over)} ? {{{sign}, {{{width - 1}{{~{sign}}}}}}} : {read(value)}[{width - 1}:0]"
        )

    over = b.flag((value,), top - width + 2, differ, "over")
    capped = b.operation(
        (over, value),
        (kind.min_int, kind.max_int),
        timing.LEVEL_NS,
        write,
        count=cost.choice(width),
        name="capped",
    )
    bounds = max(value.lo, kind.min_int), min(value.hi, kind.max_int)
    return replace(capped, lo=bounds[0], hi=bounds[1])


def multiply_in_luts(b: Builder, a: Wire, c: Wire, triple: Wire | None = None) -> Wire:
    """``a * c`` of two unsigned variables without a DSP; `triple` is ``3 a`` where it is known.

    Two bits of the narrower factor at a time choose 0, a, 2 a or 3 a; the choice and the addition
    to the rows before share their look-up tables.
    """
    assert not (a.signed)
    assert not (c.signed)
    wide, slim = (a, c) if triple is not None or a.width >= c.width else (c, a)
    if triple is None:
        triple = b.add(wide, wide, shift=1, name="triple") if slim.width > 1 else wide
    result = constant(0)
    for low in range(0, slim.width, 2):
        bits = min(2, slim.width - low)
        result = _row(b, result, wide, triple, slim, (low, bits))
    return replace(result, lo=a.lo * c.lo, hi=a.hi * c.hi)


def _row(
    b: Builder, before: Wire, wide: Wire, triple: Wire, slim: Wire, digit: tuple[int, int]
) -> Wire:
    """One more base-4 digit of `slim` times `wide`, added to the rows before."""
    low, bits = digit
    largest = before.hi + wide.hi * ((1 << bits) - 1) * (1 << low)

    def write(read: Read, width: int) -> str:
        select, last = f"{read(slim)}[{low + bits - 1}:{low}]", width - low
        if bits == 1:
            row = f"({{{last}{{{read(slim)}[{low}]}}}} & {b.extended(wide, last, read)})"
        else:
            choices = (
                b.extended(wide, last, read),
                b.extended(wide, last, read, 1),
                b.extended(triple, last, read),
            )
            one, two, three = choices
            row = (
                f"({select} == 2'd0 ? {literal(0, last)} : {select} == 2'd1 ? {one} : "
                f"{select} == 2'd2 ? {two} : {three})"
            )
        if before.constant:
            return row
        lower = f", {read(before)}[{low - 1}:0]" if low else ""
        return f"{{{_upper(before, low, last, read)} + {row}{lower}}}"

    width = Wire(None, 0, largest).kind.width
    counted = cost.addition(wide, wide, 0, subtract=False)
    return b.operation(
        (before, wide, triple, slim),
        (0, largest),
        timing.add_ns(width - low),
        write,
        count=counted,
        name="row",
    )


def _upper(before: Wire, low: int, width: int, read: Read) -> str:
    """Bits `low` and up of the rows before, as `width` bits; there are none of a few small rows."""
    if before.width <= low:
        return literal(0, width)
    return fitted(part(read(before), before.width, low), before.width - low, False, width)


Matrix = np.ndarray[tuple[int, int], np.dtype[np.int64]]


def linear(b: Builder, inputs: Sequence[Wire], matrix: Matrix) -> list[Wire]:
    """``inputs @ matrix`` with a constant integer matrix, as few additions as da4ml finds.

    Parameters
    ----------
    inputs : sequence of Wire, F of them
    matrix : int64 (F, G)

    Returns
    -------
    list of Wire, G of them
    """
    return affine(b, inputs, matrix, 0, [constant(0)] * matrix.shape[1])


def affine(
    b: Builder, inputs: Sequence[Wire], matrix: Matrix, shift: int, offsets: Sequence[Wire]
) -> list[Wire]:
    """``(inputs @ matrix) * 2**shift + offsets``: like `linear`; signs cost nothing."""
    if not matrix.any():
        return list(offsets)
    if np.abs(matrix).max() >= EXACT_KERNEL:  # in two parts
        high = matrix >> EXACT_BITS
        upper = affine(b, inputs, high, shift + EXACT_BITS, offsets)
        return affine(b, inputs, matrix - (high << EXACT_BITS), shift, upper)
    from da4ml.cmvm import solve

    intervals = [(float(x.lo), float(x.hi), 1.0) for x in inputs]
    # da4ml 0.6.0 reads the memory of a matrix in Fortran order as if it were in C order.
    kernel = np.ascontiguousarray(matrix, dtype=np.float32)  # (F, G)
    solution = solve(kernel, qintervals=intervals, adder_size=1, carry_size=-1)
    values = [(x, 0, False) for x in inputs]  # (F,)
    for stage in solution.solutions:
        values = _stage(b, values, stage)  # (G,) behind the last stage
    return [
        b.add(offset, wire, low + shift, subtract=negative)
        for offset, (wire, low, negative) in zip(offsets, values, strict=True)
    ]


Scaled = tuple[Wire, int, bool]  # a wire times a power of two, or minus that


def _stage(b: Builder, inputs: list[Scaled], stage: Any) -> list[Scaled]:
    """One adder graph of da4ml (`CombLogic`)."""
    buffer: list[Scaled] = []
    for op in stage.ops:
        if op.opcode == -1:
            wire, low, negative = inputs[op.id0]
            buffer.append((wire, low + stage.inp_shifts[op.id0], negative))
            continue
        assert op.opcode in (0, 1), f"da4ml made operation {op.opcode} of a constant matrix"
        second, low, negative = buffer[op.id1]
        scaled = (second, low + op.data, negative != (op.opcode == 1))
        buffer.append(_scaled_add(b, buffer[op.id0], scaled))
    results: list[Scaled] = []
    outputs = zip(stage.out_idxs, stage.out_shifts, stage.out_negs, strict=True)
    for index, shift, minus in outputs:
        wire, low, negative = buffer[index] if index >= 0 else (constant(0), 0, False)
        results.append((wire, low + shift, negative != minus))
    return results


def _scaled_add(b: Builder, first: Scaled, second: Scaled) -> Scaled:
    lowest = min(first[1], second[1])
    if first[2] and not second[2]:
        first, second = second, first
    a = b.shifted(first[0], first[1] - lowest)
    # The second one is negative where only one of them is; if both are, so is the result.
    result = b.add(a, second[0], second[1] - lowest, subtract=first[2] != second[2])
    return result, lowest, first[2]
