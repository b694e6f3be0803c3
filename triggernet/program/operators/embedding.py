"""`Embedding`: several functions of one value, which stand side by side in one memory.

    out[k, c] = Q( table[x[k], c] )

A word of the memory holds the results of all channels, so that a value is read once, whatever the
functions are and however many: the input embedding of PELICAN (Bogatskiy et al. 2022, eq. 4) with
free functions.

In hardware: a read-only memory a value, in a block RAM or in look-up tables.
"""

from __future__ import annotations

from collections.abc import Callable

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Options, Signal
from triggernet.program.netlist.memory import lookup_word
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
from triggernet.program.operators.hardware import as_rows, numbered
from triggernet.program.operators.kernel_call import Constants, KernelCall, lanes
from triggernet.program.operators.node import Node
from triggernet.program.operators.table import WIDEST_ADDRESS, word_type


def arguments(node: Node) -> tuple[str, ...]:
    return ("x",)


def _codes(node: Node) -> Codes:
    """The words, int64 (2**width of x, channels), from the lowest code of x up."""
    shape = (1 << node.get_int("in_width"), node.get_int("n_channels"))
    return constants(node, "table", shape, word_type(node))


def _reached(node: Node, inputs: Inputs) -> Codes:
    """The words from the lowest code that x can have to the highest."""
    (x,), lowest = inputs, inputs[0].type.min_int
    return _codes(node)[x.lo - lowest : x.hi - lowest + 1]


def infer(node: Node, inputs: Inputs) -> Exact:
    (x,) = inputs
    kind, channels = node.get_type("in_"), node.get_int("n_channels")
    require(len(x.shape) == 1, node, f"x has shape {x.shape}; expected one value a row, (rows,)")
    require(channels > 0, node, f"n_channels is {channels}; at least 1 is needed")
    require(x.type == kind, node, f"'{x.name}' has type {x.type}; the table is made for {kind}")
    require(
        kind.width <= WIDEST_ADDRESS,
        node,
        f"'{x.name}' has {kind.width} bits; a table has at most {WIDEST_ADDRESS} address bits",
    )
    reached = _reached(node, inputs)
    bounds = Interval(int(reached.min()), int(reached.max()))
    return Exact((*x.shape, channels), word_type(node).fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    infer(node, inputs)
    words: Codes = _codes(node)[values[0].astype("int64") - inputs[0].type.min_int]
    return words  # (n, rows, C)


def meaning(node: Node) -> str:
    lowest, channels = node.get_type("in_").min_int, node.get_int("n_channels")
    return f"""
    {text.step("steps", "in_")}
    {text.codes("words", "table", "table_", f"-1, {channels}")}
    scaled = Mul (x, steps)
    code = Cast <to = {text.INT64}> (scaled)
    lowest = Constant <value = int64 {{{lowest}}}> ()
    index = Sub (code, lowest)
    y = Gather <axis = 0> (words, index)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    exact, (x,) = infer(node, inputs), inputs
    rows, channels = exact.shape
    word = channels * exact.range.bits
    return [
        Operation("table", rows, (x.type.width, word), folds=True),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, rows * channels, folds=True),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """One memory a lane."""
    kind = Kind(
        node.output,
        f"{node.name}: {node.get_int('n_channels')} functions of one value, from one memory.",
        ("x",),
        numbered("embedded", node.get_int("n_channels")),
    )
    return fabric.each(kind, _kernel(node, inputs, fabric.options), [as_rows(signals[0])])


def _kernel(node: Node, inputs: Inputs, options: Options) -> Callable[..., list[Wire]]:
    words, lowest = _codes(node), inputs[0].type.min_int
    fraction, block = word_type(node).fraction, options.tables == "bram"

    def kernel(b: Builder, x: Wire) -> list[Wire]:
        values = words[x.lo - lowest : x.hi - lowest + 1].tolist()  # (codes of x, C)
        entries = lookup_word(b, x, values, block=block)
        return [quantise(b, entry, fraction, node.quantiser) for entry in entries]

    return kernel


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    words, (x,) = Constants("table", node.get_ints("table"), word_type(node)), inputs
    settings = {
        "n_rows": x.size,
        "n_channels": node.get_int("n_channels"),
        "lowest": x.type.min_int,
        "table_size": len(words.codes),
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(x.size, reuse_factor),
    }
    types = {"table_t": words.type.cpp, "table_code_t": words.code_type}
    return KernelCall("embedding", settings, types, (words,))


EMBEDDING = Operator(
    "Embedding", "embedding.h", arguments, infer, evaluate, meaning, cost, rtl, hls
)
