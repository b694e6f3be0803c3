"""`Threshold`: a rising staircase of one value, given by where its steps are.

    out = Q( lowest + step * (number of thresholds[c] that are at most x) )    x the integer code

With one threshold and a step of 2 from -1 it is the sign of a binary network. It also serves
rounding modes that no shift gives, and any other function that never falls. In hardware: a binary
search, one comparison for each bit of the count.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, FixedPoint
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind, with_lanes
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.memory import lookup
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import as_rows, numbered, scaled
from triggernet.program.operators.kernel_call import Constants, KernelCall
from triggernet.program.operators.node import Node

MOST_THRESHOLDS = 1023  # of one channel: ten comparisons behind one another


def arguments(node: Node) -> tuple[str, ...]:
    return ("x",)


def _thresholds(node: Node) -> Codes:
    """Thresholds (C, T), rising along each row."""
    codes = np.array(node.get_ints("thresholds"), dtype=object)
    return codes.reshape(node.get_int("channels"), -1)


def infer(node: Node, inputs: Inputs) -> Exact:
    (x,) = inputs
    kind, channels = node.get_type("in_"), node.get_int("channels")
    flat = node.get_ints("thresholds")
    require(x.type == kind, node, f"'{x.name}' has type {x.type}; the thresholds are for {kind}")
    require(
        channels in (1, x.shape[-1]) and bool(flat) and len(flat) % channels == 0,
        node,
        f"{len(flat)} thresholds for {channels} channels of rows of {x.shape[-1]}; expected as "
        "many for each channel, and one channel or as many as a row has values",
    )
    table = _thresholds(node)
    require(
        table.shape[1] <= MOST_THRESHOLDS and bool((table[:, 1:] >= table[:, :-1]).all()),
        node,
        f"{table.shape[1]} thresholds a channel; allowed are {MOST_THRESHOLDS}, in rising order",
    )
    lowest, step = node.get_int("lowest"), node.get_int("step")
    require(step > 0, node, f"a step of {step}; expected at least 1")
    least = int((table <= x.lo).sum(axis=1).min())
    most = int((table <= x.hi).sum(axis=1).max())
    bounds = Interval(lowest + step * least, lowest + step * most)
    return Exact(x.shape, node.get_int("fraction"), bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    table, x = _thresholds(node), values[0]
    if len(table) == 1:
        counts = np.searchsorted(table[0], x.ravel().astype(object), side="right").reshape(x.shape)
    else:
        columns = [
            np.searchsorted(row, x[..., c].ravel().astype(object), side="right")
            for c, row in enumerate(table)
        ]
        counts = np.stack(columns, axis=-1).reshape(x.shape)
    return np.asarray(node.get_int("lowest") + node.get_int("step") * counts.astype(np.int64))


def meaning(node: Node) -> str:
    channels = node.get_int("channels")
    return f"""
    {text.step("steps", "in_")}
    code = Mul (x, steps)
    flat_ints = Constant <value_ints: ints = @thresholds> ()
    flat = Cast <to = {text.DOUBLE}> (flat_ints)
    to_rows = Constant <value_ints: ints = [{channels}, -1]> ()
    rows = Reshape (flat, to_rows)
    last = Constant <value_ints: ints = [-1]> ()
    column = Unsqueeze (code, last)
    reached = GreaterOrEqual (column, rows)
    ones = Cast <to = {text.DOUBLE}> (reached)
    count = ReduceSum <keepdims = 0> (ones, last)
    step = Constant <value = double {{{float(node.get_int("step"))!r}}}> ()
    lowest = Constant <value = double {{{float(node.get_int("lowest"))!r}}}> ()
    above = Mul (count, step)
    result_code = Add (above, lowest)
    grid = Constant <value = double {{{2.0 ** node.get_int("fraction")!r}}}> ()
    y = Div (result_code, grid)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    exact, (x,) = infer(node, inputs), inputs
    count = _thresholds(node).shape[1]
    width = x.type.width
    operations = []
    for level in range(count.bit_length()):
        if level:
            operations.append(Operation("table", x.size, (level, width)))
        operations.append(Operation("compare", x.size, (width, 1)))
    return [*operations, *quantise_cost(node.quantiser, exact.range, exact.fraction, x.size)]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Row by row, every column with thresholds of its own."""
    (signal,), table = signals, _thresholds(node)

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        rows = [table[0]] * len(wires) if len(table) == 1 else list(table)
        return [_one(b, node, x, [int(t) for t in row]) for x, row in zip(wires, rows, strict=True)]

    if isinstance(signal, Vector):
        return Vector(tuple(kernel(fabric.top, *signal.wires)))
    columns = inputs[0].shape[-1] if len(inputs[0].shape) > 1 else 1
    if columns == 1 and len(table) > 1:  # a vector that lies as particles
        assert isinstance(signal, Particles)
        whole = fabric.together(signal)
        outputs = kernel(fabric.top, *(lane[0] for lane in whole.lanes))
        return with_lanes(whole, ((wire,) for wire in outputs))
    kind = Kind(
        node.output,
        f"{node.name}: how many thresholds each value of a row has reached.",
        numbered("x", columns),
        numbered("y", columns),
    )
    return fabric.each(kind, kernel, [as_rows(signal)])


def _one(b: Builder, node: Node, x: Wire, thresholds: list[int]) -> Wire:
    """A binary search for the last threshold that x has reached."""
    always = sum(t <= x.lo for t in thresholds)
    crossed = [t for t in thresholds if x.lo < t <= x.hi]
    n_crossed, bits = len(crossed), len(crossed).bit_length()
    crossed += [x.hi + 1] * ((1 << bits) - 1 - n_crossed)
    count = constant(0)
    for level in range(bits):
        size = 1 << (bits - level)  # of the part of the list that is left
        choices = [crossed[k * size + size // 2 - 1] for k in range(1 << level)]
        bound = lookup(b, count, choices[count.lo : count.hi + 1], "bound")
        below = b.negative(b.subtract(x, bound))
        reached = b.select(below, constant(0), constant(1))
        count = b.add(reached, count, 1)
    if not count.constant:
        count = replace(count, hi=min(count.hi, n_crossed))
    steps = b.add(count, constant(always))
    code = b.add(scaled(b, steps, node.get_int("step")), constant(node.get_int("lowest")))
    return quantise(b, code, node.get_int("fraction"), node.quantiser)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    (x,), flat = inputs, node.get_ints("thresholds")
    channels, lowest, step = (node.get_int(k) for k in ("channels", "lowest", "step"))
    highest = lowest + step * (len(flat) // channels)
    covered = Interval(min(lowest, 0), max(highest, 0))
    bits = FixedPoint.covering(covered.lo, covered.hi, 0)
    lo, hi = min(*flat, 0), max(*flat, 0)
    width = max(2, Interval(lo, hi).bits + int(lo >= 0))
    array = Constants("thresholds", flat, FixedPoint(True, width, width))
    settings = {
        "n_values": x.size,
        "n_channels": channels,
        "n_thresholds": len(flat) // channels,
        "thresholds_size": len(flat),
        "lowest": lowest,
        "step": step,
    }
    types = {
        "in_code_t": f"{'ap_int' if x.type.signed else 'ap_uint'}<{x.type.width}>",
        "exact_t": f"ap_int<{covered.bits + 2}>",
        "code_t": f"{'ap_int' if bits.signed else 'ap_uint'}<{bits.width}>",
        "grid_t": FixedPoint.covering(covered.lo, covered.hi, node.get_int("fraction")).cpp,
        "thresholds_code_t": array.code_type,
    }
    return KernelCall("threshold", settings, types, (array,))


THRESHOLD = Operator(
    "Threshold", "threshold.h", arguments, infer, evaluate, meaning, cost, rtl, hls
)
