"""`EdgeSum`: for each particle the sum of what it receives from all others that are present.

    out[i, g] = Q( sum over j != i of x[i <- j, g] )    both present; 0 for a particle that is not

With `directed` = 0, x has one row for each pair, which both of its particles receive.

In hardware: an adder tree a particle and feature; where pairs meet in a ring, sums that travel with
their particles, or along the lanes to them. A mask costs nothing: what does not count is reset in
the registers in front.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Pairs, Particles, Signal
from triggernet.program.netlist.pairs import met, row_sums
from triggernet.program.netlist.streams import streamed_sums
from triggernet.program.netlist.wire import Wire, constant
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
from triggernet.program.operators.hardware import as_pairs, quantised
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node
from triggernet.program.operators.reduce import (
    mask_meaning,
    present_flags,
    present_mask,
    require_present,
)


def arguments(node: Node) -> tuple[str, ...]:
    return ("x", "present")


def _ways(node: Node) -> int:
    return 2 if node.get_int("directed") else 1


def infer(node: Node, inputs: Inputs) -> Exact:
    x, present = inputs
    m = node.get_int("n_particles")
    rows = _ways(node) * n_pairs(m)
    require(
        len(x.shape) == 2 and x.shape[0] == rows,
        node,
        f"x has shape {x.shape}; {m} particles need ({rows}, features)",
    )
    require_present(node, present, m)
    bounds = (Interval.of(x) | Interval(0, 0)).scaled(m - 1)
    return Exact((m, x.shape[1]), x.type.fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    m, ways = node.get_int("n_particles"), _ways(node)
    x = exact_int(values[0], infer(node, inputs).bits)  # (n, P or 2 P, G)
    i, j = pair_indices(m)  # (P,) each
    mask = present_mask(values[1], m)  # (n, M)
    both = (mask[:, i] * mask[:, j])[:, :, None]  # (n, P, 1)
    to_first, to_second = x[:, ::ways] * both, x[:, ways - 1 :: ways] * both  # (n, P, G) each
    received = np.zeros((len(x), m, x.shape[2]), dtype=x.dtype)  # (n, M, G)
    for particle in range(m):
        received[:, particle] = to_first[:, i == particle].sum(axis=1)  # (n, G)
        received[:, particle] += to_second[:, j == particle].sum(axis=1)  # (n, G)
    return received


def meaning(node: Node) -> str:
    return f"""
    particles = Constant <value_int: int = @n_particles> ()
    {text.pairs("particles")}
    {mask_meaning("particles")}
    mask_i = Gather <axis = 1> (mask, pair_i)
    mask_j = Gather <axis = 1> (mask, pair_j)
    both = Mul (mask_i, mask_j)
    last = Constant <value_ints: ints = [-1]> ()
    both_column = Unsqueeze (both, last)
    {_DIRECTED if node.get_int("directed") else _UNDIRECTED}
    counted = Mul (x, kept)
    members = Cast <to = {text.DOUBLE}> (member)
    y = MatMul (members, counted)"""


# Who receives which edge, (M, edges), and which edges count, (n, edges, 1).
_UNDIRECTED = """
    receives_i = Equal (pairs_column, pair_i)
    receives_j = Equal (pairs_column, pair_j)
    member = Or (receives_i, receives_j)
    kept = Identity (both_column)"""
_DIRECTED = """
    to_i = Unsqueeze (pair_i, last)
    to_j = Unsqueeze (pair_j, last)
    to_both = Concat <axis = 1> (to_i, to_j)
    receivers = Reshape (to_both, last)
    member = Equal (pairs_column, receivers)
    both_ways = Concat <axis = 2> (both_column, both_column)
    kept_shape = Constant <value_ints: ints = [0, -1, 1]> ()
    kept = Reshape (both_ways, kept_shape)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    (x, present), m = inputs, node.get_int("n_particles")
    exact = infer(node, inputs)
    return [
        Operation("compare", present.size, (present.type.width, 1)),
        Operation("select", x.size, (x.type.width, 2)),
        *adder_trees(m * x.shape[1], m - 1, x.type.width),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, m * x.shape[1]),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Edges of absent particles are cleared; the sums are there one a clock, or all at once."""
    x = as_pairs(fabric, signals[0], _ways(node))  # lanes (ring lane and way, G)
    counts = _counts(node, x, signals[1], fabric)  # (ring lane,)
    if x.ring.streams:
        rows = streamed_sums(fabric, x, counts)  # lanes (G wires)
    else:
        rows = row_sums(fabric, _cleared(fabric, x, counts))  # (M, G)
    lanes = (
        tuple(quantised(fabric.top, lane, inputs[0].type.fraction, node.quantiser))
        for lane in rows.lanes
    )
    return Particles(tuple(lanes), rows.size)


def _counts(node: Node, x: Pairs, present: Signal, fabric: Fabric) -> list[tuple[Wire, ...]]:
    """For each lane of the ring the flags of a pair that counts: both particles, and live."""
    m = node.get_int("n_particles")
    nobody = Particles(((constant(0),),) * m, m)  # (M, 1)
    flags = present_flags(fabric, present, nobody)  # (M,)
    meeting = met(fabric, Particles(tuple((flag,) for flag in flags), m))
    return [
        (one, other, live) for ((one,), (other,)), live in zip(meeting.lanes, x.live, strict=True)
    ]


def _cleared(fabric: Fabric, x: Pairs, counts: Sequence[Sequence[Wire]]) -> Pairs:
    """The edges, 0 where a particle is absent or a lane has no pair."""
    ways, top = len(x.lanes) // len(counts), fabric.top
    clear = [top.missing(flags, constant(0)) for flags in counts]  # (ring lane,)
    lanes = [  # (ring lane and way, G)
        tuple(top.cleared(clear[k // ways], wire) for wire in features)
        for k, features in enumerate(x.lanes)
    ]
    return Pairs(tuple(lanes), x.ring, (constant(1),) * len(x.live))


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    x, present = inputs
    settings = {
        "n_particles": node.get_int("n_particles"),
        "n_constituents": present.size,
        "n_features": x.shape[1],
        "ways": _ways(node),
    }
    return KernelCall("edge_sum", settings, {"acc_t": infer(node, inputs).cpp})


EDGE_SUM = Operator(
    "EdgeSum", "edge_sum.h", arguments, infer, evaluate, meaning, cost, rtl, hls, rows="particles"
)
