"""`Wire`: values of some tensors in another order and shape.

    out[k] = Q( x[index[k]] )    x all inputs, flattened, one after the other;   0 where index is -1

Transpose, Reshape, Slice, Gather, Split, Expand, Pad and the windows of a convolution are all of
this kind. In hardware: wiring, and rounding and saturation where an input is finer or wider than
the result.
"""

from __future__ import annotations

import math

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.wire import constant
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    align,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import as_vector, quantised
from triggernet.program.operators.kernel_call import KernelCall, choice
from triggernet.program.operators.node import MOST_AXES, Node


def arguments(node: Node) -> tuple[str, ...]:
    return tuple(f"x{k}" for k in range(len(node.inputs)))


def _used(node: Node, inputs: Inputs) -> list[int]:
    """Which inputs a value is taken from, by number; -1 where there is a 0."""
    ends = np.cumsum([x.size for x in inputs])
    index = np.array(node.get_ints("index"), dtype=np.int64)
    places = np.searchsorted(ends, index[index >= 0], side="right")
    return [*([-1] if (index < 0).any() else []), *(int(k) for k in np.unique(places))]


def infer(node: Node, inputs: Inputs) -> Exact:
    index, shape = node.get_ints("index"), node.get_ints("shape")
    total = sum(x.size for x in inputs)
    require(
        1 <= len(shape) <= MOST_AXES and min(shape) > 0 and math.prod(shape) == len(index),
        node,
        f"'index' holds {len(index)} values and 'shape' is {shape}; expected 1 to {MOST_AXES} "
        "lengths whose product is the number of values",
    )
    require(
        bool(inputs) and min(index) >= -1 and max(index) < total,
        node,
        f"'index' goes from {min(index)} to {max(index)}; the inputs hold {total} values, and -1 "
        "stands for 0",
    )
    fraction = max(x.type.fraction for x in inputs)
    every = [
        Interval(0, 0) if k < 0 else Interval.of(inputs[k], fraction) for k in _used(node, inputs)
    ]
    bounds = every[0]
    for one in every[1:]:
        bounds = bounds | one
    return Exact(shape, fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = infer(node, inputs)
    parts = [
        align(v, x, exact.fraction, exact.bits).reshape(len(v), x.size)
        for v, x in zip(values, inputs, strict=True)
    ]
    zero = np.zeros((len(parts[0]), 1), dtype=parts[0].dtype)
    flat = np.concatenate([*parts, zero], axis=1)  # (n, sum of sizes + 1); -1 is the last one
    return np.asarray(flat[:, list(node.get_ints("index"))]).reshape(len(flat), *exact.shape)


def meaning(node: Node) -> str:
    shape = ", ".join(map(str, (0, *node.get_ints("shape"))))
    flat = "".join(f"\n    {n}_row = Flatten <axis = 1> ({n})" for n in arguments(node))
    rows = ", ".join(f"{n}_row" for n in arguments(node))
    return f"""{flat}
    all_rows = Concat <axis = 1> ({rows})
    pad_ends = Constant <value_ints: ints = [0, 0, 0, 1]> ()
    padded = Pad (all_rows, pad_ends)
    places = Constant <value_ints: ints = @index> ()
    picked = Gather <axis = 1> (padded, places)
    to_shape = Constant <value_ints: ints = [{shape}]> ()
    y = Reshape (picked, to_shape)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    """Rounding and saturation of what is not on the result's grid."""
    exact = infer(node, inputs)
    return quantise_cost(node.quantiser, exact.range, exact.fraction, len(node.get_ints("index")))


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Every value by itself; rows of a matrix are particles."""
    wires = []
    for signal, x in zip(signals, inputs, strict=True):
        values = as_vector(fabric, signal)
        wires += quantised(fabric.top, values, x.type.fraction, node.quantiser)
    wires.append(constant(0))
    picked = [wires[k] for k in node.get_ints("index")]
    shape = node.get_ints("shape")
    if len(shape) != 2:
        return Vector(tuple(picked))
    rows = (tuple(picked[k : k + shape[1]]) for k in range(0, len(picked), shape[1]))
    return Particles(tuple(rows), shape[0])


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    index = node.get_ints("index")
    lengths = choice("length", "k", tuple(x.size for x in inputs))
    places = ", ".join(map(str, index))
    members = (
        f"{lengths}\n    static int place(int i) {{ static const int places[] = {{{places}}}; "
        "return places[i]; }"
    )
    return KernelCall("wire", {"n_values": len(index)}, members=members)


WIRE = Operator(
    "Wire", "wire.h", arguments, infer, evaluate, meaning, cost, rtl, hls, result_first=True,
    rows="particles",
)  # fmt: skip
