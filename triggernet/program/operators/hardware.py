"""What the RTL traces of several operators share: layouts, products, angular tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, Quantiser
from triggernet.program.netlist.arithmetic import linear, multiply_in_luts, quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Pairs, Particles, Rows, Signal, Vector
from triggernet.program.netlist.memory import fits_block, lookup, lookup_pair
from triggernet.program.netlist.pairs import entered, gathered
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators.node import Node


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Names of ports: name_0, name_1, ..."""
    return tuple(f"{name}_{k}" for k in range(count))


def as_particles(signal: Signal) -> Particles:
    """A tensor with one row of features for each particle."""
    if isinstance(signal, Vector):
        return Particles(tuple((wire,) for wire in signal.wires), len(signal.wires))
    if isinstance(signal, Pairs):
        rows = gathered(signal)
        return Particles(rows, len(rows))
    return signal


def as_alike(fabric: Fabric, signals: Sequence[Signal]) -> list[Particles]:
    """Tensors of the same particles in one layout: all at once where they lie differently."""
    every = [as_particles(signal) for signal in signals]
    if len({particles.slots for particles in every}) == 1:
        return every
    return [fabric.together(particles) for particles in every]


def as_vector(fabric: Fabric, signal: Signal) -> tuple[Wire, ...]:
    """All values of a tensor at once, in order."""
    if isinstance(signal, Vector):
        return signal.wires
    return tuple(wire for lane in fabric.together(as_particles(signal)).lanes for wire in lane)


def as_pairs(fabric: Fabric, signal: Signal, ways: int = 1) -> Pairs:
    """A tensor with `ways` rows for each pair."""
    if isinstance(signal, Pairs) and signal.directed == (ways == 2):
        return signal
    rows = as_particles(signal)
    size = next(m for m in range(2, 2 + rows.size) if ways * m * (m - 1) // 2 == rows.size)
    return entered(fabric, rows, size)


def as_rows(signal: Signal) -> Rows:
    """A tensor as it lies, or its values as one row each."""
    return signal if isinstance(signal, Pairs) else as_particles(signal)


def elementwise(
    node: Node,
    fabric: Fabric,
    purpose: str,
    one: Callable[[Builder, Sequence[Wire]], Wire],
    signals: Sequence[Signal],
) -> Signal:
    """`one` on the values at each place of some tensors; one value a row serves all of the row."""
    names = ("x", "y")[: len(signals)]
    if any(isinstance(signal, Vector) for signal in signals):
        kind = Kind(node.output, purpose, names, ("result",))
        columns = [as_vector(fabric, signal) for signal in signals]

        def single(b: Builder, *wires: Wire) -> list[Wire]:
            return [one(b, wires)]

        results = (fabric.call(kind, single, wires)[0] for wires in zip(*columns, strict=True))
        return Vector(tuple(results))
    rows = [as_rows(signal) for signal in signals]
    widths = [len(r.lanes[0]) for r in rows]

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        start, columns = 0, []
        for width in widths:
            columns.append(wires[start : start + width] * (widths[0] // width))
            start += width
        return [one(b, values) for values in zip(*columns, strict=True)]

    ports = [port for n, w in zip(names, widths, strict=True) for port in numbered(n, w)]
    kind = Kind(node.output, purpose, tuple(ports), numbered("result", widths[0]))
    return fabric.each(kind, kernel, rows)


def product(b: Builder, x: Wire, y: Wire, *, dsp: bool, triple: Wire | None = None) -> Wire:
    """``x * y``; in look-up tables if `dsp` is not set and neither can be negative.

    ``triple`` is 3 x where that is at hand.
    """
    if x.constant or y.constant:
        fixed, other = (x, y) if x.constant else (y, x)
        return scaled(b, other, fixed.lo)
    if dsp or x.signed or y.signed:
        return b.multiply(x, y)
    return multiply_in_luts(b, x, y, triple)


def scaled(b: Builder, x: Wire, factor: int) -> Wire:
    """`x` times a constant."""
    return linear(b, [x], np.array([[factor]], dtype=np.int64))[0]


def aligned(b: Builder, x: Wire, fraction: int, finest: int) -> Wire:
    """`x` on a finer grid."""
    return b.shifted(x, finest - fraction)


def angles(
    b: Builder, eta: Wire, phi: Wire, tables: tuple[Codes, Codes], *, block: bool
) -> tuple[Wire, Wire]:
    """Entries of both angular tables at ``|eta|`` and ``|phi|``.

    In a block RAM the signed angles are the addresses, so that no absolute value is needed.
    """
    if block and fits_block((eta, phi)):
        values = [
            [int(table[abs(k)]) for k in range(angle.lo, angle.hi + 1)]
            for angle, table in ((eta, tables[0]), (phi, tables[1]))
        ]
        return lookup_pair(b, (eta, phi), (values[0], values[1]))
    entries = []
    for angle, table in ((eta, tables[0]), (phi, tables[1])):
        size = magnitude(b, angle)
        entries.append(lookup(b, size, [int(v) for v in table[size.lo : size.hi + 1]]))
    return entries[0], entries[1]


def magnitude(b: Builder, x: Wire) -> Wire:
    """``|x|``."""
    if x.lo >= 0:
        return x
    minus = b.subtract(constant(0), x)
    chosen = b.select(b.negative(x), minus, x)
    largest = max(-x.lo, x.hi)
    width = largest.bit_length()
    low = b.low_bits(chosen, width, signed=False)
    return replace(low, lo=0, hi=largest)


def quantised(b: Builder, wires: Sequence[Wire], fraction: int, quantiser: Quantiser) -> list[Wire]:
    """Each wire through a quantiser."""
    return [quantise(b, wire, fraction, quantiser) for wire in wires]


def limited(b: Builder, x: Wire, lowest: int, highest: int) -> Wire:
    """`x`, but at least one code and at most another one."""
    if x.constant:
        return constant(min(max(x.lo, lowest), highest))
    if x.lo < lowest:
        chosen = b.select(b.negative(b.subtract(x, constant(lowest))), constant(lowest), x)
        x = chosen if chosen.constant else replace(chosen, lo=max(chosen.lo, lowest))
    if not x.constant and x.hi > highest:
        chosen = b.select(b.negative(b.subtract(constant(highest), x)), constant(highest), x)
        x = chosen if chosen.constant else replace(chosen, hi=min(chosen.hi, highest))
    return x
