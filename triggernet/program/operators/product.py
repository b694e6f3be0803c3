"""`Product`: every row of one tensor times every row of another one, both of them variables.

    out[i, j] = Q( sum over f of x[i, f] y[j, f] )

Scores and sums of an attention are of this kind. In hardware: one product a term, in a DSP or in
look-up tables, and an adder tree for each pair of rows.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Signal
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    adder_trees,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import as_particles, as_vector, numbered, quantised
from triggernet.program.operators.hardware import product as wire_product
from triggernet.program.operators.kernel_call import KernelCall, lanes
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("x0", "x1")


def infer(node: Node, inputs: Inputs) -> Exact:
    x, y = inputs
    require(
        len(x.shape) == 2 and len(y.shape) == 2 and x.shape[1] == y.shape[1],
        node,
        f"shapes {x.shape} and {y.shape}; expected (rows, features) twice, with as many features",
    )
    bounds = (Interval.of(x) * Interval.of(y)).scaled(x.shape[1])
    return Exact((x.shape[0], y.shape[0]), x.type.fraction + y.type.fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    x, y = (exact_int(v, infer(node, inputs).bits + 1) for v in values)  # (n, N, F), (n, M, F)
    return np.asarray(np.matmul(x, y.transpose(0, 2, 1)))  # (n, N, M)


def meaning(node: Node) -> str:
    return """
    columns = Transpose <perm = [0, 2, 1]> (x1)
    y = MatMul (x0, columns)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    exact, (x, y) = infer(node, inputs), inputs
    n, features = x.shape[0] * y.shape[0], x.shape[1]
    return [
        Operation("multiply", n * features, (x.type.width, y.type.width), folds=True),
        *adder_trees(n, features, x.type.width + y.type.width, folds=True),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, n),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """All rows of y for each row of x."""
    exact, dsp = infer(node, inputs), fabric.options.dsp == "all"
    features, other = inputs[0].shape[1], inputs[1].shape[0]

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        x, rest = wires[:features], wires[features:]  # (F,), (M F,)
        sums = []
        for j in range(other):
            row = rest[j * features : (j + 1) * features]
            sums.append(
                total(b, (wire_product(b, v, w, dsp=dsp) for v, w in zip(x, row, strict=True)))
            )
        return quantised(b, sums, exact.fraction, node.quantiser)

    kind = Kind(
        node.output,
        f"{node.name}: one row times all rows of another tensor, quantised.",
        numbered("x", features) + numbered("y", features * other),
        numbered("sum", other),
    )
    return fabric.each(kind, kernel, [as_particles(signals[0])], as_vector(fabric, signals[1]))


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    (rows, features), other = inputs[0].shape, inputs[1].shape[0]
    settings = {
        "n_rows": rows,
        "n_other": other,
        "n_features": features,
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(rows * other * features, reuse_factor),
    }
    return KernelCall("product", settings, {"acc_t": infer(node, inputs).cpp})


PRODUCT = Operator("Product", "product.h", arguments, infer, evaluate, meaning, cost, rtl, hls)
