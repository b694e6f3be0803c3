"""`Max`: the largest value of each group of particles; an absent particle counts in no group.

    out[g, f] = Q( max over present i with groups[i] = g of x[i, f] )    0 where there is none

`groups` says to which group each row of x belongs (-1: to none), so that one operator is the
max-pooling over all constituents, over rings around the jet's axis, or over neighbours in a list. A
group without a present member gives 0, as an empty sum does.

In hardware: a tree of comparisons a group and feature. What is absent is 0 there: where values can
be negative, a power of two lifts them above it. One particle after the other in a folded design,
a register keeps the largest one so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import as_particles, quantised
from triggernet.program.operators.kernel_call import KernelCall, choice
from triggernet.program.operators.node import Node
from triggernet.program.operators.reduce import (
    mask_meaning,
    present_flags,
    present_mask,
    require_present,
)

LOWEST = -1e300  # below every value of a program, in float64


def arguments(node: Node) -> tuple[str, ...]:
    return ("x", "present") if len(node.inputs) > 1 else ("x",)


def members(node: Node) -> list[list[int]]:
    """The particles of each group, by number."""
    groups = node.get_ints("groups")
    return [[i for i, k in enumerate(groups) if k == g] for g in range(max(groups, default=-1) + 1)]


def _maskable(inputs: Inputs) -> int:
    """How many particles, from the first one on, can be absent."""
    return inputs[1].size if len(inputs) > 1 else 0


def infer(node: Node, inputs: Inputs) -> Exact:
    x, rank, groups = inputs[0], node.get_int("in_rank"), node.get_ints("groups")
    require(
        rank in (1, 2) and len(x.shape) == rank,
        node,
        f"x has shape {x.shape} and in_rank is {rank}; expected (particles,) and 1 or "
        "(particles, features) and 2",
    )
    known = set(groups) - {-1}
    require(
        len(groups) == x.shape[0] and bool(known) and known == set(range(max(known) + 1)),
        node,
        f"'groups' is {groups}; expected for each of {x.shape[0]} rows the number of its group, "
        "from 0 on and none left out, or -1",
    )
    if len(inputs) > 1:
        require_present(node, inputs[1], x.shape[0])
    bounds, n = Interval.of(x), _maskable(inputs)
    if any(max(of) < n for of in members(node)):
        bounds = bounds | Interval(0, 0)
    rows = (len(known),) if rank == 1 or len(known) > 1 else ()
    return Exact((*rows, *x.shape[1:]), x.type.fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    x = exact_int(values[0], infer(node, inputs).bits)  # (n, M) or (n, M, F)
    there = np.ones(x.shape[:2], dtype=bool)
    if len(values) > 1:
        there = present_mask(values[1], x.shape[1]) != 0  # (n, M)
    there = there.reshape(*there.shape, *[1] * (x.ndim - 2))  # (n, M, 1) beside features
    kept = np.where(there, x, inputs[0].lo)  # (n, M) or (n, M, F), the lowest where absent
    largest = [  # (n,) or (n, F) of each group
        np.where(there[:, of].any(axis=1), kept[:, of].max(axis=1, initial=inputs[0].lo), 0)
        for of in members(node)
    ]
    return np.stack(largest, axis=1).reshape(len(x), *infer(node, inputs).shape)  # groups on axis 1


def meaning(node: Node) -> str:
    rows, features = members(node), node.get_int("in_rank") == 2
    groups = "".join(
        f"""
    at_{g} = Constant <value_ints: ints = [{", ".join(map(str, of))}]> ()
    of_{g} = Gather <axis = 1> (kept, at_{g})
    top_{g} = ReduceMax <keepdims = 1> (of_{g}, axis)"""
        for g, of in enumerate(rows)
    )
    tops = ", ".join(f"top_{g}" for g in range(len(rows)))
    return f"""
    lowest = Constant <value = double {{{LOWEST!r}}}> ()
    nothing = Constant <value = double {{0.0}}> ()
    axis = Constant <value_ints: ints = [1]> ()
    {_kept_meaning(features) if len(node.inputs) > 1 else "kept = Identity (x)"}{groups}
    tops = Concat <axis = 1> ({tops})
    empty = Equal (tops, lowest)
    filled = Where (empty, nothing, tops)
    y = {"Squeeze (filled, axis)" if features and len(rows) == 1 else "Identity (filled)"}"""


def _kept_meaning(features: bool) -> str:
    """ONNX: `kept`, x of the particles that are present, and `lowest` of the others."""
    column = "Unsqueeze (mask, last)" if features else "Identity (mask)"
    return f"""
    {text.length("particles", "x", 1)}
    {mask_meaning("particles")}
    last = Constant <value_ints: ints = [-1]> ()
    mask_column = {column}
    there = Cast <to = {text.BOOL}> (mask_column)
    kept = Where (there, x, lowest)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    """The trees of all groups side by side, level by level."""
    x, n, exact = inputs[0], _maskable(inputs), infer(node, inputs)
    features, width = x.size // x.shape[0], x.type.width
    operations = [Operation("compare", n, (inputs[1].type.width, 1))] if n else []
    operations += [Operation("select", n * features, (width, 2))] if n else []
    sizes = [len(of) for of in members(node)]
    while max(sizes) > 1:
        count = features * sum(size // 2 for size in sizes)
        operations.append(Operation("add", count, (width, width)))
        operations.append(Operation("select", count, (width, 2)))
        sizes = [(size + 1) // 2 for size in sizes]
    results = features * len(sizes)
    return [*operations, *quantise_cost(node.quantiser, exact.range, exact.fraction, results)]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """A tree over the lanes and, where particles follow one another, the largest so far."""
    x = as_particles(signals[0])
    flags = [constant(1)] * len(x.lanes)
    if len(signals) > 1:
        flags = present_flags(fabric, signals[1], x)
    rows = []
    for of in members(node):
        features = [
            _largest(fabric, x, [lane[f] for lane in x.lanes], flags, of, inputs)
            for f in range(len(x.lanes[0]))
        ]
        rows.append(tuple(quantised(fabric.top, features, inputs[0].type.fraction, node.quantiser)))
    if len(infer(node, inputs).shape) == 2:
        return Particles(tuple(rows), len(rows))
    return Vector(tuple(wire for row in rows for wire in row))


def _largest(
    fabric: Fabric,
    x: Particles,
    wires: Sequence[Wire],
    flags: Sequence[Wire],
    of: Sequence[int],
    inputs: Inputs,
) -> Wire:
    """The largest of one feature of the particles `of`, or 0; `wires` and `flags` by lane."""
    top, n, lowest = fabric.top, len(x.lanes), inputs[0].lo
    absent = x.slots > 1 or min(of) < _maskable(inputs)
    lift = 1 << (-lowest).bit_length() if lowest < 0 and absent else 0
    candidates = []
    for lane, (wire, flag) in enumerate(zip(wires, flags, strict=True)):
        slots = [i // n for i in of if i % n == lane]
        if not slots:
            continue
        lifted = top.gated(flag, top.add(wire, constant(lift)))
        if len(slots) < x.slots:
            lifted = top.gated(fabric.slots_flag(slots, lifted.cycle, x.slots), lifted)
        candidates.append(lifted)
    while len(candidates) > 1:
        pairs = [_larger(top, *candidates[k : k + 2]) for k in range(0, len(candidates) - 1, 2)]
        candidates = [*pairs, *candidates[2 * len(pairs) :]]
    largest = fabric.largest(candidates[0], x.slots)
    if not lift:
        return largest
    lowered = top.subtract(largest, constant(lift))
    if not lowered.constant:
        lowered = replace(lowered, lo=lowest)
    empty = max(of) < _maskable(inputs)
    return top.gated(top.nonzero(largest), lowered) if empty else lowered


def _larger(b: Builder, x: Wire, y: Wire) -> Wire:
    if x.lo >= y.hi or y.lo >= x.hi:
        return x if x.lo >= y.hi else y
    chosen = b.select(b.negative(b.subtract(x, y)), y, x)
    return replace(chosen, lo=max(x.lo, y.lo))


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    x = inputs[0]
    settings = {
        "n_particles": x.shape[0],
        "n_features": x.size // x.shape[0],
        "n_groups": len(members(node)),
        "n_constituents": inputs[1].size if len(inputs) > 1 else x.shape[0],
    }
    member = choice("group", "i", node.get_ints("groups"))
    return KernelCall("largest", settings, {"acc_t": infer(node, inputs).cpp}, members=member)


MAX = Operator(
    "Max", "max.h", arguments, infer, evaluate, meaning, cost, rtl, hls, rows="particles"
)
