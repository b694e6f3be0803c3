"""`Rescale`: integers on another scale, with a multiplier, an offset and a shift for each channel.

    v = multiplier[c] x + offset[c]                         x the integer code, c its last index
    q = floor(v / 2**shift)
    q = floor((v - ties[c]) / 2**shift)    where q is odd   ties that go to the even code
    out = Q( min(max(q, lowest), highest) )

What ends a layer whose scales are no powers of two, or a batch norm. The constants are chosen such
that every threshold of the quantiser falls on the right x, for all x that there are
(`triggernet.program.readers.foreign.steps`). In hardware: one product with a constant and one or
two additions a value.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from triggernet.fixedpoint import Codes, FixedPoint, exact_int, narrow
from triggernet.program.netlist.arithmetic import quantise, saturate
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind, with_lanes
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    constant_multiply_adders,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import as_rows, limited, numbered, scaled
from triggernet.program.operators.kernel_call import Constants, KernelCall
from triggernet.program.operators.node import Node

MOST_SHIFT = 62


def arguments(node: Node) -> tuple[str, ...]:
    return ("x",)


def _constants(node: Node) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Multipliers, offsets and tie windows of the channels."""
    return node.get_ints("multiplier"), node.get_ints("offset"), node.get_ints("ties")


def infer(node: Node, inputs: Inputs) -> Exact:
    (x,) = inputs
    constants, shift = _constants(node), node.get_int("shift")
    channels, kind = len(constants[0]), node.get_type("in_")
    require(x.type == kind, node, f"'{x.name}' has type {x.type}; the constants are for {kind}")
    require(
        channels in (1, x.shape[-1]) and {len(c) for c in constants} == {channels},
        node,
        f"{', '.join(str(len(c)) for c in constants)} multipliers, offsets and ties for rows of "
        f"{x.shape[-1]}; expected one for all of a row, or as many",
    )
    lowest, highest = node.get_int("lowest"), node.get_int("highest")
    require(
        0 <= shift <= MOST_SHIFT
        and min(constants[2]) >= 0
        and max(constants[2]) <= 1 << shift
        and lowest <= highest,
        node,
        f"shift {shift}, ties from {min(constants[2])} to {max(constants[2])}, codes from {lowest} "
        f"to {highest}; expected a shift of 0 to {MOST_SHIFT}, ties from 0 to 2**shift, and codes "
        "in rising order",
    )
    ends = np.array([[x.lo] * channels, [x.hi] * channels], dtype=object)  # (2, C)
    codes = _codes(node, ends)
    products = [m * e + b for m, b, _ in zip(*constants, strict=True) for e in (x.lo, x.hi)]
    inner = Interval(min(products) - max(constants[2]), max(products)).bits
    bounds = Interval(int(codes.min()), int(codes.max()))
    return Exact(x.shape, node.get_int("fraction"), bounds, inner)


def _codes(node: Node, x: Codes) -> Codes:
    """The result for integers x (..., C)."""
    multiplier, offset, ties = (narrow(np.array(c, dtype=object)) for c in _constants(node))
    shift = node.get_int("shift")
    value = x * multiplier.astype(x.dtype) + offset.astype(x.dtype)
    odd = (value >> shift) & 1
    whole = (value - odd * ties.astype(x.dtype)) >> shift
    return np.asarray(
        np.minimum(np.maximum(whole, node.get_int("lowest")), node.get_int("highest"))
    )


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    return np.asarray(_codes(node, exact_int(values[0], infer(node, inputs).bits + 1)))


def meaning(node: Node) -> str:
    def numbers(name: str, key: str) -> str:
        return f"""
    {name}_ints = Constant <value_ints: ints = @{key}> ()
    {name} = Cast <to = {text.DOUBLE}> ({name}_ints)"""

    return f"""
    {text.step("steps", "in_")}
    code = Mul (x, steps)
    {numbers("multiplier", "multiplier")}
    {numbers("offset", "offset")}
    {numbers("ties", "ties")}
    product = Mul (code, multiplier)
    value = Add (product, offset)
    step = Constant <value = double {{{float(1 << node.get_int("shift"))!r}}}> ()
    turns = Div (value, step)
    whole = Floor (turns)
    two = Constant <value = double {{2.0}}> ()
    halves = Div (whole, two)
    half = Floor (halves)
    even = Mul (half, two)
    odd = Sub (whole, even)
    window = Mul (odd, ties)
    moved = Sub (value, window)
    moved_turns = Div (moved, step)
    settled = Floor (moved_turns)
    lowest = Constant <value = double {{{float(node.get_int("lowest"))!r}}}> ()
    highest = Constant <value = double {{{float(node.get_int("highest"))!r}}}> ()
    raised = Max (settled, lowest)
    limited = Min (raised, highest)
    grid = Constant <value = double {{{2.0 ** node.get_int("fraction")!r}}}> ()
    y = Div (limited, grid)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    exact, (x,) = infer(node, inputs), inputs
    multiplier, _, ties = _constants(node)
    repeated = x.size // len(multiplier)
    width = max(abs(m) for m in multiplier).bit_length()
    adders = max(constant_multiply_adders(m) for m in multiplier)
    operations = [Operation("scale", x.size, (x.type.width, max(width, 1)))] if adders > 1 else []
    operations += [Operation("add", x.size, (x.type.width, max(width, 1)))] if adders == 1 else []
    operations.append(Operation("add", x.size, (exact.bits, exact.bits)))
    tied = sum(t > 0 for t in ties) * repeated
    operations += [Operation("add", tied, (exact.bits, exact.bits))] if tied else []
    operations.append(Operation("compare", x.size, (exact.bits, exact.range.bits)))
    return [*operations, *quantise_cost(node.quantiser, exact.range, exact.fraction, x.size)]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Row by row, every column with constants of its own."""
    (signal,), constants = signals, _constants(node)

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        every = len(wires) if len(constants[0]) == 1 else 1
        chosen = (list(c) * every for c in constants)
        return [_one(b, node, x, *each) for x, *each in zip(wires, *chosen, strict=True)]

    if isinstance(signal, Vector):
        return Vector(tuple(kernel(fabric.top, *signal.wires)))
    columns = inputs[0].shape[-1] if len(inputs[0].shape) > 1 else 1
    if columns == 1 and len(constants[0]) > 1:  # a vector that lies as particles
        whole = fabric.together(as_particles_of(signal))
        outputs = kernel(fabric.top, *(lane[0] for lane in whole.lanes))
        return with_lanes(whole, ((wire,) for wire in outputs))
    kind = Kind(
        node.output,
        f"{node.name}: one row on another scale.",
        numbered("x", columns),
        numbered("y", columns),
    )
    return fabric.each(kind, kernel, [as_rows(signal)])


def as_particles_of(signal: Signal) -> Particles:
    """Rows that are particles; Rescale of a vector reads nothing else."""
    assert isinstance(signal, Particles)
    return signal


def _one(b: Builder, node: Node, x: Wire, multiplier: int, offset: int, ties: int) -> Wire:
    shift = node.get_int("shift")
    value = b.add(scaled(b, x, multiplier), constant(offset))
    whole = b.floor(value, shift)
    if ties and not whole.constant:
        odd = b.low_bits(whole, 1, signed=False)
        whole = b.floor(b.subtract(value, b.gated(odd, constant(ties))), shift)
    elif ties and whole.lo & 1:
        whole = b.floor(b.add(value, constant(-ties)), shift)
    kind = FixedPoint.covering(node.get_int("lowest"), node.get_int("highest"), 0)
    inside = limited(b, saturate(b, whole, kind), node.get_int("lowest"), node.get_int("highest"))
    return quantise(b, inside, node.get_int("fraction"), node.quantiser)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    exact, (x,) = infer(node, inputs), inputs
    lowest, highest = node.get_int("lowest"), node.get_int("highest")
    covered = Interval(min(lowest, 0), max(highest, 0))
    fraction, bits = node.get_int("fraction"), FixedPoint.covering(covered.lo, covered.hi, 0)
    settings = {
        "n_values": x.size,
        "n_channels": len(node.get_ints("multiplier")),
        "shift": node.get_int("shift"),
        "lowest": lowest,
        "highest": highest,
    }
    width = max(exact.bits, covered.bits) + 2
    signed = "ap_int" if bits.signed else "ap_uint"
    types = {
        "in_code_t": f"{'ap_int' if x.type.signed else 'ap_uint'}<{x.type.width}>",
        "exact_t": f"ap_int<{width}>",
        "code_t": f"{signed}<{bits.width}>",
        "grid_t": FixedPoint.covering(covered.lo, covered.hi, fraction).cpp,
    }
    arrays = tuple(_array(name, node.get_ints(name)) for name in ("multiplier", "offset", "ties"))
    types |= {f"{c.name}_code_t": c.code_type for c in arrays}
    return KernelCall("rescale", settings, types, arrays)


def _array(name: str, codes: Sequence[int]) -> Constants:
    """Signed codes, as wide as they need."""
    lo, hi = min(*codes, 0), max(*codes, 0)
    width = max(2, Interval(lo, hi).bits + int(lo >= 0))
    return Constants(name, tuple(codes), FixedPoint(True, width, width))


RESCALE = Operator("Rescale", "rescale.h", arguments, infer, evaluate, meaning, cost, rtl, hls)
