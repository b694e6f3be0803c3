"""`PairRowSum`: r_i = sum over j != i of d_ij, from the pairs i < j.

In hardware: every pair feeds two adder trees, no products.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Particles, Signal
from triggernet.program.netlist.pairs import row_sums
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
    require,
)
from triggernet.program.operators.hardware import as_pairs, quantised
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("d",)


def infer(node: Node, inputs: Inputs) -> Exact:
    (d,) = inputs
    m = node.get_int("n_particles")
    require(d.shape == (n_pairs(m),), node, f"d has shape {d.shape}; {m} particles need one a pair")
    return Exact((m, 1), d.type.fraction, Interval.of(d).scaled(m - 1))


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    m = node.get_int("n_particles")
    d = exact_int(values[0], infer(node, inputs).bits)  # (n, P)
    i, j = pair_indices(m)  # (P,) each
    result = np.zeros((len(d), m), dtype=d.dtype)  # (n, M)
    for particle in range(m):
        result[:, particle] = d[:, (i == particle) | (j == particle)].sum(axis=1)  # (n,)
    return result[:, :, None]  # (n, M, 1)


def meaning(node: Node) -> str:
    return f"""
    count = Constant <value_int: int = @n_particles> ()
    {text.pairs("count")}
    member_i = Equal (pairs_column, pair_i)
    member_j = Equal (pairs_column, pair_j)
    member = Or (member_i, member_j)
    members = Cast <to = {text.DOUBLE}> (member)
    last = Constant <value_ints: ints = [-1]> ()
    d_column = Unsqueeze (d, last)
    y = MatMul (members, d_column)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    m = node.get_int("n_particles")
    return adder_trees(m, m - 1, inputs[0].type.width)


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """A tree a particle, or sums that travel with the particles round the ring."""
    rows = row_sums(fabric, as_pairs(fabric, signals[0]))  # (M, 1), all at once
    lanes = (
        tuple(quantised(fabric.top, lane, inputs[0].type.fraction, node.quantiser))
        for lane in rows.lanes
    )
    return Particles(tuple(lanes), rows.size)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    settings = {"n_particles": node.get_int("n_particles")}
    return KernelCall("pair_row_sum", settings, {"acc_t": infer(node, inputs).cpp})


PAIR_ROW_SUM = Operator(
    "PairRowSum",
    "pair_row_sum.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="particles",
)
