"""`Multiply`: the product of two tensors, value by value; y may be one value for all of a row.

    out[..., f] = Q( x[..., f] y[..., f] )   or   Q( x[..., f] y[..., 0] )

In hardware: one product a value, in a DSP or in look-up tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Signal
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import elementwise, product
from triggernet.program.operators.kernel_call import KernelCall, lanes
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("x0", "x1")


def infer(node: Node, inputs: Inputs) -> Exact:
    x, y = inputs
    column = len(x.shape) == 2 and y.shape == (x.shape[0], 1)
    require(
        column or x.shape == y.shape,
        node,
        f"shapes {x.shape} and {y.shape}; allowed are equal ones, or one value a row of the second",
    )
    fraction = x.type.fraction + y.type.fraction
    if node.inputs[0] == node.inputs[1]:
        return Exact(x.shape, fraction, Interval.of(x).squared)
    return Exact(x.shape, fraction, Interval.of(x) * Interval.of(y))


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits = infer(node, inputs).bits
    x, y = (exact_int(v, bits) for v in values)
    return np.asarray(x * y)


def meaning(node: Node) -> str:
    return "\n    y = Mul (x0, x1)"


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    exact, (x, y) = infer(node, inputs), inputs
    return [
        Operation("multiply", x.size, (x.type.width, y.type.width)),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, x.size),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    exact, dsp = infer(node, inputs), fabric.options.dsp == "all"
    square = node.inputs[0] == node.inputs[1]

    def one(b: Builder, wires: Sequence[Wire]) -> Wire:
        exact_product = product(b, wires[0], wires[1], dsp=dsp)
        if square and not exact_product.constant:
            exact_product = b.low_bits(exact_product, exact.range.hi.bit_length(), signed=False)
            exact_product = replace(exact_product, lo=exact.range.lo, hi=exact.range.hi)
        return quantise(b, exact_product, exact.fraction, node.quantiser)

    purpose = f"{node.name}: the product of two values, quantised."
    return elementwise(node, fabric, purpose, one, signals)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    x, y = inputs
    settings = {
        "n_values": x.size,
        "n_repeat": x.size // y.size,
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(x.size, reuse_factor),
    }
    return KernelCall("multiply", settings, {"exact_t": infer(node, inputs).cpp})


MULTIPLY = Operator("Multiply", "multiply.h", arguments, infer, evaluate, meaning, cost, rtl, hls)
