"""`Table`: any function of one value, as a list of its results.

    y = Q( table[x] )

In hardware: a read-only memory in look-up tables a value; up to 6 address bits a LUT for each bit.
"""

from __future__ import annotations

from collections.abc import Sequence

from triggernet.fixedpoint import Codes, FixedPoint
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Signal
from triggernet.program.netlist.memory import lookup
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    constants,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import elementwise
from triggernet.program.operators.kernel_call import Constants, KernelCall
from triggernet.program.operators.node import Node

WIDEST_ADDRESS = 12  # bits; beyond, look-up tables are no way to make a function


def arguments(node: Node) -> tuple[str, ...]:
    return ("x",)


def word_type(node: Node) -> FixedPoint:
    """Type of the table's words."""
    return node.get_type("table_", signed=bool(node.get_int("table_signed")))


def table_codes(node: Node) -> Codes:
    """The words, int64 (2**width of x,), from the lowest code of x up."""
    return constants(node, "table", (1 << node.get_int("in_width"),), word_type(node))


def infer(node: Node, inputs: Inputs) -> Exact:
    (x,) = inputs
    kind = node.get_type("in_")
    require(x.type == kind, node, f"'{x.name}' has type {x.type}; the table is made for {kind}")
    require(
        kind.width <= WIDEST_ADDRESS,
        node,
        f"'{x.name}' has {kind.width} bits; a table has at most {WIDEST_ADDRESS} address bits",
    )
    reached = table_codes(node)[x.lo - kind.min_int : x.hi - kind.min_int + 1]
    bounds = Interval(int(reached.min()), int(reached.max()))
    return Exact(x.shape, word_type(node).fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    infer(node, inputs)
    words: Codes = table_codes(node)[values[0].astype("int64") - inputs[0].type.min_int]
    return words


def meaning(node: Node) -> str:
    lowest = node.get_type("in_").min_int
    return f"""
    {text.step("steps", "in_")}
    {text.codes("words", "table", "table_")}
    scaled = Mul (x, steps)
    code = Cast <to = {text.INT64}> (scaled)
    lowest = Constant <value = int64 {{{lowest}}}> ()
    index = Sub (code, lowest)
    y = Gather <axis = 0> (words, index)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    exact, (x,) = infer(node, inputs), inputs
    return [
        Operation("table", x.size, (x.type.width, exact.range.bits)),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, x.size),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    words, lowest = table_codes(node), inputs[0].type.min_int
    fraction = word_type(node).fraction

    def one(b: Builder, wires: Sequence[Wire]) -> Wire:
        (x,) = wires
        # the words that x reaches
        values = [int(v) for v in words[x.lo - lowest : x.hi - lowest + 1]]
        return quantise(b, lookup(b, x, values), fraction, node.quantiser)

    return elementwise(node, fabric, f"{node.name}: a table of one value.", one, signals)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    words = Constants("table", node.get_ints("table"), word_type(node))
    settings = {
        "n_values": inputs[0].size,
        "lowest": inputs[0].type.min_int,
        "table_size": len(words.codes),
    }
    types = {"table_t": words.type.cpp, "table_code_t": words.code_type}
    return KernelCall("table", settings, types, (words,))


TABLE = Operator("Table", "table.h", arguments, infer, evaluate, meaning, cost, rtl, hls)
