"""`PairWeightedSum`: for each particle the features of all others, weighted by their pairs.

    out[i, f] = Q( sum over j != i of d_ij x[j, f] )

In hardware: a product for each particle, other particle and feature, and an adder tree; where pairs
meet in a ring, sums that travel with their particles.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Pairs, Particles, Signal
from triggernet.program.netlist.pairs import met, row_sums
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    adder_trees,
    n_pairs,
    pair_indices,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import (
    as_pairs,
    as_particles,
    numbered,
    product,
    quantised,
)
from triggernet.program.operators.kernel_call import KernelCall, lanes
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("d", "x")


def infer(node: Node, inputs: Inputs) -> Exact:
    d, x = inputs
    require(
        len(x.shape) == 2 and x.shape[0] > 1 and d.shape == (n_pairs(x.shape[0]),),
        node,
        f"d and x have shapes {d.shape} and {x.shape}; M particles, M above 1, need "
        "(M (M - 1) / 2,) and (M, features)",
    )
    bounds = (Interval.of(d) * Interval.of(x)).scaled(x.shape[0] - 1)
    return Exact(x.shape, d.type.fraction + x.type.fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits, m = infer(node, inputs).bits, inputs[1].shape[0]
    d, x = (exact_int(v, bits) for v in values)  # (n, P), (n, M, F)
    result = np.zeros_like(x)  # (n, M, F)
    for number, (i, j) in enumerate(zip(*pair_indices(m), strict=True)):
        result[:, i] += d[:, number, None] * x[:, j]  # (n, F)
        result[:, j] += d[:, number, None] * x[:, i]  # (n, F)
    return result


def meaning(node: Node) -> str:
    return f"""
    {text.length("particles", "x", 1)}
    {text.pairs("particles")}
    last = Constant <value_ints: ints = [-1]> ()
    d_column = Unsqueeze (d, last)
    x_i = Gather <axis = 1> (x, pair_i)
    x_j = Gather <axis = 1> (x, pair_j)
    from_i = Mul (d_column, x_i)
    from_j = Mul (d_column, x_j)
    is_i = Equal (pairs_column, pair_i)
    is_j = Equal (pairs_column, pair_j)
    member_i = Cast <to = {text.DOUBLE}> (is_i)
    member_j = Cast <to = {text.DOUBLE}> (is_j)
    to_i = MatMul (member_i, from_j)
    to_j = MatMul (member_j, from_i)
    y = Add (to_i, to_j)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    (d, x), exact = inputs, infer(node, inputs)
    m, features = x.shape
    return [
        Operation("multiply", m * (m - 1) * features, (d.type.width, x.type.width), folds=True),
        *adder_trees(m * features, m - 1, d.type.width + x.type.width),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, m * features),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Products of the pairs where the ring brings them together; the sums are all there at once."""
    d = as_pairs(fabric, signals[0])  # lanes (ring lane, 1)
    meeting = met(fabric, as_particles(signals[1]))  # lanes (F of i, F of j)
    features, dsp = inputs[1].shape[1], fabric.options.dsp != "none"

    def kernel(b: Builder, weight: Wire, *wires: Wire) -> list[Wire]:
        one, other = wires[:features], wires[features:]  # (F,) each
        return [product(b, weight, wire, dsp=dsp) for wire in (*other, *one)]

    kind = Kind(
        f"{node.output}_pair",
        f"{node.name}: what the particles of one pair get from each other.",
        ("d", *numbered("one", features), *numbered("other", features)),
        (*numbered("to_one", features), *numbered("to_other", features)),
    )
    edges: list[tuple[Wire, ...]] = []  # (ring lane and way, F)
    for weight, (one, other) in zip(d.lanes, meeting.lanes, strict=True):
        received = tuple(fabric.call(kind, kernel, (*weight, *one, *other)))
        edges += [received[:features], received[features:]]
    rows = row_sums(fabric, Pairs(tuple(edges), meeting.ring, meeting.live))  # (M, F)
    fraction = infer(node, inputs).fraction
    sums = (tuple(quantised(fabric.top, lane, fraction, node.quantiser)) for lane in rows.lanes)
    return Particles(tuple(sums), rows.size)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    m, features = inputs[1].shape
    settings = {
        "n_particles": m,
        "n_features": features,
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(m * (m - 1) * features, reuse_factor),
    }
    return KernelCall("pair_weighted_sum", settings, {"acc_t": infer(node, inputs).cpp})


PAIR_WEIGHTED_SUM = Operator(
    "PairWeightedSum",
    "pair_weighted_sum.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="particles",
)
