"""`MitchellLog`: the logarithm to base 2 of 1 + |x| 2**shift, linear between powers of two.

    y = Q( sgn(x) L(1 + |x| 2**shift) ),   L(a) = e + a / 2**e - 1,   2**e <= a < 2**(e + 1)

Mitchell, "Computer multiplication and division using binary logarithms" (IRE Trans. Electronic
Computers EC-11, 1962): L is never above log2, and below it by 0.0861 at most. What follows is
trained with it.

In hardware: a shifter that brings the leading one to the front; how far it shifted is the integer
part, and the bits behind the one are the fraction. No product, no table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder, Read
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Signal
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import Exact, Inputs, Interval, Operation, Operator, require
from triggernet.program.operators.hardware import elementwise, magnitude
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node, Tensor


def arguments(node: Node) -> tuple[str, ...]:
    return ("x",)


def argument_grid(node: Node, x: Tensor) -> tuple[int, int]:
    """Grid of ``a = 1 + |x| 2**shift``, and how far codes of x are shifted up to be on it."""
    fraction = x.type.fraction - node.get_int("shift")
    return max(fraction, 0), max(-fraction, 0)


def largest_exponent(node: Node, x: Tensor) -> int:
    """The largest e that any code of the type of x reaches."""
    grid, up = argument_grid(node, x)
    largest = (1 << grid) + (max(-x.type.min_int, x.type.max_int) << up)
    return largest.bit_length() - 1 - grid


def infer(node: Node, inputs: Inputs) -> Exact:
    (x,) = inputs
    exponent = largest_exponent(node, x)
    require(
        node.get_int("max_exponent") == exponent,
        node,
        f"max_exponent is {node.get_int('max_exponent')}; '{x.name}' ({x.type}) needs {exponent}",
    )
    ends = [int(v) for v in _logarithm(node, x, np.array([x.lo, x.hi], dtype=object))]
    fraction = argument_grid(node, x)[0] + exponent
    return Exact(x.shape, fraction, Interval(*ends), fraction + exponent.bit_length() + 1)


def _logarithm(node: Node, x: Tensor, codes: Codes) -> Codes:
    """The exact result on the grid of the largest exponent."""
    (grid, up), exponent = argument_grid(node, x), largest_exponent(node, x)
    argument = (np.abs(codes) << up) + (1 << grid)
    e = np.zeros_like(codes)
    for k in range(1, exponent + 1):
        e = e + (argument >= 1 << (grid + k))
    fraction = grid + exponent
    logarithm = (e << fraction) + (argument << (exponent - e)) - (1 << fraction)
    return np.asarray(np.where(codes < 0, -logarithm, logarithm))


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    return _logarithm(node, inputs[0], exact_int(values[0], infer(node, inputs).bits + 1))


def meaning(node: Node) -> str:
    exponent, shift = node.get_int("max_exponent"), node.get_int("shift")
    powers = ", ".join(f"{2.0**k!r}" for k in range(exponent + 1))
    return f"""
    one = Constant <value = double {{1.0}}> ()
    factor = Constant <value = double {{{2.0**shift!r}}}> ()
    size = Abs (x)
    scaled = Mul (size, factor)
    argument = Add (scaled, one)
    powers = Constant <value = double [{exponent + 1}] {{{powers}}}> ()
    last = Constant <value_ints: ints = [-1]> ()
    column = Unsqueeze (argument, last)
    reached = GreaterOrEqual (column, powers)
    counts = Cast <to = {text.DOUBLE}> (reached)
    n_reached = ReduceSum <keepdims = 0> (counts, last)
    e = Sub (n_reached, one)
    e_index = Cast <to = {text.INT64}> (e)
    power = Gather <axis = 0> (powers, e_index)
    ratio = Div (argument, power)
    rest = Sub (ratio, one)
    logarithm = Add (e, rest)
    sign = Sign (x)
    y = Mul (sign, logarithm)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    """A test and a multiplexer a stage of the shifter, then rounding."""
    (x,) = inputs
    n, exact = x.size, infer(node, inputs)
    width = exact.fraction + 1
    operations = []
    if x.lo < 0:
        operations.append(Operation("add", n, (x.type.width, x.type.width)))
    for k in reversed(range(largest_exponent(node, x).bit_length())):
        operations.append(Operation("compare", n, (min(1 << k, width), 1)))
        operations.append(Operation("select", n, (width, 2)))
    if x.lo < 0:
        operations.append(Operation("add", n, (exact.bits, exact.bits)))
    dropped = exact.fraction - node.quantiser.type.fraction
    if node.quantiser.rounding == "ROUND" and dropped > 0:
        operations.append(Operation("round", n, (exact.bits, exact.bits - dropped)))
    return operations


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    purpose = f"{node.name}: the logarithm of one value, linear between powers of two, quantised."
    return elementwise(node, fabric, purpose, _value(node, inputs[0]), signals)


def _value(node: Node, x: Tensor) -> Callable[[Builder, Sequence[Wire]], Wire]:
    """The logarithm of one value."""
    (grid, up), exponent = argument_grid(node, x), largest_exponent(node, x)
    fraction = grid + exponent

    def fixed(code: int) -> int:
        return int(_logarithm(node, x, np.array([code], dtype=object))[0])

    def one(b: Builder, wires: Sequence[Wire]) -> Wire:
        (value,) = wires
        if value.constant:
            return quantise(b, constant(fixed(value.lo)), fraction, node.quantiser)
        size = magnitude(b, value)
        logarithm = _normalised(b, _one_more(b, size, grid, up), grid, exponent)
        logarithm = replace(logarithm, lo=fixed(size.lo), hi=fixed(size.hi))
        if value.lo < 0:
            minus = b.subtract(constant(0), logarithm)
            logarithm = b.select(b.negative(value), minus, logarithm)
        return quantise(b, logarithm, fraction, node.quantiser)

    return one


def _one_more(b: Builder, size: Wire, grid: int, up: int) -> Wire:
    """``1 + size 2**shift``: an addition, or wiring where nothing of `size` lies below 2."""
    if up == 0:
        return b.add(size, constant(1 << grid))

    def write(read: Read, width: int) -> str:
        return f"{b.extended(size, width, read, up)} | {width}'d1"

    return b.operation((size,), ((size.lo << up) + 1, (size.hi << up) + 1), 0.0, write)


def _normalised(b: Builder, argument: Wire, grid: int, exponent: int) -> Wire:
    """L of an unsigned argument: halving steps shift its leading one to the front.

    With as many exponents as a power of two, the integer part is the complement of the shift.
    """
    if exponent == 0:
        return b.low_bits(argument, grid, signed=False)
    stages = exponent.bit_length()
    width = grid + (1 << stages)
    zeros: list[Wire] = []
    for k in reversed(range(stages)):
        step = 1 << k
        empty = _top_is_zero(b, argument, width - step)
        zeros.append(empty)
        low = b.low_bits(argument, width - step, signed=False)
        argument = b.select(empty, b.shifted(low, step), argument)
    unreached = (1 << stages) - 1 - exponent
    rest = b.floor(b.low_bits(argument, width - 1, signed=False), unreached)
    return _joined(b, zeros, rest, grid + exponent)


def _top_is_zero(b: Builder, value: Wire, low: int) -> Wire:
    """Whether the bits from `low` up are zero."""
    if value.width <= low:
        return constant(1)
    top = value.width - 1
    return b.flag(
        (value,), top - low + 1, lambda read: f"~|{read(value)}[{top}:{low}]", "leading_zeros"
    )


def _joined(b: Builder, zeros: Sequence[Wire], rest: Wire, fraction: int) -> Wire:
    """The complement of the shift in front of the fraction; wiring."""

    def write(read: Read, _: int) -> str:
        bits = [f"1'd{1 - z.lo}" if z.constant else f"~{read(z)}" for z in zeros]
        return f"{{{', '.join([*bits, b.extended(rest, fraction, read)])}}}"

    bounds = (0, (1 << len(zeros) + fraction) - 1)
    return b.operation((*zeros, rest), bounds, 0.0, write, name="logarithm")


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    (x,) = inputs
    (grid, up), exponent = argument_grid(node, x), largest_exponent(node, x)
    largest = (1 << grid) + (max(-x.type.min_int, x.type.max_int) << up)
    settings = {
        "n_values": x.size,
        "up": up,
        "grid": grid,
        "max_exponent": exponent,
        "argument_width": max(largest.bit_length(), x.type.width) + 1,
    }
    return KernelCall("mitchell_log", settings, {"exact_t": infer(node, inputs).cpp})


MITCHELL_LOG = Operator(
    "MitchellLog", "mitchell_log.h", arguments, infer, evaluate, meaning, cost, rtl, hls
)
