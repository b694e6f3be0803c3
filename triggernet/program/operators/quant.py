"""`Quant` of QONNX: what puts the inputs of a graph on their grids, or a tensor on another grid.

Its ONNX meaning follows the QONNX specification with zero point 0 and a power-of-two scale:
``scale * clip(round(x / scale), min, max)``.
"""

from __future__ import annotations

from dataclasses import replace

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Signal, Vector
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators.base import Exact, Inputs, Interval, Operation, Operator, require
from triggernet.program.operators.hardware import quantised
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("x",)


def infer(node: Node, inputs: Inputs) -> Exact:
    require(node.get_str("overflow") == "SAT", node, "QONNX quantisers saturate")
    return Exact(inputs[0].shape, inputs[0].type.fraction, Interval.of(inputs[0]))


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    return values[0]


def meaning(node: Node) -> str:
    """ONNX statements of the whole function: this operator is its own quantiser."""
    rounded = "Floor" if node.get_str("rounding") == "FLOOR" else "Round"
    signed = node.get_int("signed")
    return f"""
    one = Constant <value = float {{1.0}}> ()
    two = Constant <value = float {{2.0}}> ()
    scaled = Div (x, scale)
    shifted = Add (scaled, zero_point)
    whole = {rounded} (shifted)
    sign_bit = Constant <value = float {{{float(signed)}}}> ()
    bits = Sub (bit_width, sign_bit)
    top = Pow (two, bits)
    largest = Sub (top, one)
    down = Mul (top, sign_bit)
    smallest = Neg (down)
    capped = Min (whole, largest)
    code = Max (capped, smallest)
    unshifted = Sub (code, zero_point)
    y = Mul (unshifted, scale)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    """Nothing where the value is on the grid already, as the inputs of a graph are."""
    x, target = inputs[0], node.quantiser
    if target.type.contains(x.lo, x.hi) and x.type.fraction == target.type.fraction:
        return []
    return [Operation("round", x.size, (x.type.width, target.type.width))]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Each value by itself; wiring where it is on the grid already."""
    (x,) = signals

    def kernel(wires: tuple[Wire, ...]) -> tuple[Wire, ...]:
        return tuple(quantised(fabric.top, wires, inputs[0].type.fraction, node.quantiser))

    if isinstance(x, Vector):
        return Vector(kernel(x.wires))
    return replace(x, lanes=tuple(kernel(lane) for lane in x.lanes))


QUANT = Operator("Quant", "", arguments, infer, evaluate, meaning, cost, rtl)
