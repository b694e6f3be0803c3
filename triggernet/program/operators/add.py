"""`Add`: x + y, or x - y; with `broadcast` one vector y serves all particles of x.

In hardware: one adder a value of x. What is broadcast is wired to all of them.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    align,
    require,
)
from triggernet.program.operators.hardware import as_rows, as_vector, numbered
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("x0", "x1")


def infer(node: Node, inputs: Inputs) -> Exact:
    x, y = inputs
    expected = x.shape[1:] if node.get_int("broadcast") else x.shape
    require(bool(expected) and y.shape == expected, node, f"shapes {x.shape} and {y.shape}")
    fraction = max(x.type.fraction, y.type.fraction)
    sign = -1 if node.get_int("subtract") else 1
    total = Interval.of(x, fraction) + Interval.of(y, fraction).scaled(sign)
    return Exact(x.shape, fraction, total)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = infer(node, inputs)
    x, y = (
        align(v, t, exact.fraction, exact.bits + 1) for v, t in zip(values, inputs, strict=True)
    )
    y = y[:, None] if node.get_int("broadcast") else y  # (n, 1, F) for all particles
    return np.asarray(x - y if node.get_int("subtract") else x + y)


def meaning(node: Node) -> str:
    sign = "Sub" if node.get_int("subtract") else "Add"
    if not node.get_int("broadcast"):
        return f"\n    y = {sign} (x0, x1)"
    return f"""
    axis = Constant <value_ints: ints = [1]> ()
    x1_all = Unsqueeze (x1, axis)
    y = {sign} (x0, x1_all)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    x, y = inputs
    return [Operation("add", x.size, (x.type.width, y.type.width))]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    fractions, finest = [x.type.fraction for x in inputs], infer(node, inputs).fraction
    subtract = bool(node.get_int("subtract"))

    def one(b: Builder, x: Wire, y: Wire) -> Wire:
        x, y = (b.shifted(w, finest - f) for w, f in zip((x, y), fractions, strict=True))
        return quantise(b, b.add(x, y, subtract=subtract), finest, node.quantiser)

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        half = len(wires) // 2
        return [one(b, x, y) for x, y in zip(wires[:half], wires[half:], strict=True)]

    x, y = signals
    if len(inputs[0].shape) == 1 and not isinstance(x, Particles):
        return Vector(tuple(kernel(fabric.top, *as_vector(fabric, x), *as_vector(fabric, y))))
    n = inputs[0].shape[-1] if len(inputs[0].shape) > 1 else 1
    kind = Kind(
        node.output,
        f"{node.name}: the sum of two values, quantised.",
        numbered("x", n) + numbered("y", n),
        numbered("sum", n),
    )
    if node.get_int("broadcast"):
        return fabric.each(kind, kernel, [as_rows(x)], as_vector(fabric, y))
    return fabric.each(kind, kernel, [as_rows(x), as_rows(y)])


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    settings = {
        "n_values": inputs[0].size,
        "n_other": inputs[1].size,
        "subtract": node.get_int("subtract"),
    }
    return KernelCall("add", settings, {"acc_t": infer(node, inputs).cpp})


ADD = Operator("Add", "add.h", arguments, infer, evaluate, meaning, cost, rtl, hls)
