"""`PairRelu`: the sum over pairs of a ReLU of d_ij plus one term of each particle.

    tied:    S_c = sum over i<j of z(ReLU(s_c d_ij + a_ic + a_jc))
    untied:  S_c = sum over i<j of z(ReLU(s_c d_ij + a_ic + b_jc)) + z(ReLU(s_c d_ij + a_jc + b_ic))

over the pairs in which both particles are present; nanoPELICAN's only nonlinear step (definitions
of LinEq 2->2 and 2->0 in Bogatskiy, Hoffman and Offermann 2023, eq. 3, with the channel's
coefficient of d_ij absorbed by the homogeneity of the ReLU).

In hardware, for each pair and channel: two adders, a sign test and a place in an adder tree; no
product. Absent particles cost one multiplexer each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from triggernet.fixedpoint import Codes, FixedPoint, exact_int
from triggernet.program.netlist.arithmetic import rectified, total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.pairs import met
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    adder_trees,
    align,
    n_pairs,
    pair_indices,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import (
    aligned,
    as_pairs,
    as_particles,
    numbered,
    quantised,
)
from triggernet.program.operators.kernel_call import KernelCall, choice, lanes
from triggernet.program.operators.node import Node
from triggernet.program.operators.reduce import (
    mask_meaning,
    present_flags,
    present_mask,
    require_present,
)

GROUP = 8  # pairs whose sums begin in one module


def arguments(node: Node) -> tuple[str, ...]:
    return ("d", "a", "present")


def _fraction(inputs: Inputs) -> int:
    return max(inputs[0].type.fraction, inputs[1].type.fraction)


def _ways(node: Node) -> int:
    return 1 if node.get_int("tied") else 2


def infer(node: Node, inputs: Inputs) -> Exact:
    d, a, present = inputs
    channels, ways = node.get_int("n_channels"), _ways(node)
    signs = node.get_ints("signs")
    require(
        len(a.shape) == 2 and a.shape[1] == channels * ways,
        node,
        f"a has shape {a.shape}; expected (particles, {channels * ways})",
    )
    require(d.shape == (n_pairs(a.shape[0]),), node, f"d has shape {d.shape}, not one a pair")
    require_present(node, present, a.shape[0])
    require(
        len(signs) == channels and set(signs) <= {-1, 0, 1},
        node,
        f"signs are {signs}; expected -1, 0 or 1 for each of {channels} channels",
    )
    z_sum = _argument(node, inputs)
    lo, hi = node.inner("z_").range_of(z_sum.relu.lo, z_sum.relu.hi, _fraction(inputs))
    total = Interval(min(lo, 0), hi).scaled(n_pairs(a.shape[0]) * ways)
    return Exact((channels,), node.get_type("z_", signed=False).fraction, total, z_sum.bits + 1)


def _argument(node: Node, inputs: Inputs) -> Interval:
    """Bounds of the ReLU's argument over all channels."""
    fraction = _fraction(inputs)
    d, a = Interval.of(inputs[0], fraction), Interval.of(inputs[1], fraction)
    bounds = [d.scaled(sign) + a + a for sign in node.get_ints("signs")]
    total = bounds[0]
    for other in bounds[1:]:
        total = total | other
    return total


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits, fraction = infer(node, inputs).bits, _fraction(inputs)
    # (n, P), (n, M, C or 2 C)
    d, a = (align(v, x, fraction, bits) for v, x in zip(values[:2], inputs[:2], strict=True))
    tied, z = node.get_int("tied"), node.inner("z_")
    first = a  # (n, M, C or 2 C); its first C are those of i
    second = a if tied else a[..., node.get_int("n_channels") :]  # (n, M, C)
    i, j = pair_indices(a.shape[1])  # (P,) each
    orders = [(i, j)] if tied else [(i, j), (j, i)]
    mask = present_mask(values[2], a.shape[1])  # (n, M)
    both = mask[:, i] * mask[:, j]  # (n, P)
    sums = []
    for c, sign in enumerate(node.get_ints("signs")):
        row, column = first[..., c], second[..., c]  # (n, M) each
        total = np.zeros(len(d), dtype=d.dtype)  # (n,)
        for k, m in orders:
            argument = sign * d + row[:, k] + column[:, m]  # (n, P)
            term = exact_int(z(np.maximum(argument, 0), fraction), bits)  # (n, P)
            total = total + (term * both).sum(axis=1)  # (n,)
        sums.append(total)
    return np.stack(sums, axis=1)  # (n, C)


def meaning(node: Node) -> str:
    channels = node.get_int("n_channels")
    orders = (("i", "j"),) if node.get_int("tied") else (("i", "j"), ("j", "i"))
    body = f"""
    {text.length("particles", "a", 1)}
    {text.pairs("particles")}
    {mask_meaning("particles")}
    mask_i = Gather <axis = 1> (mask, pair_i)
    mask_j = Gather <axis = 1> (mask, pair_j)
    both = Mul (mask_i, mask_j)
    last = Constant <value_ints: ints = [-1]> ()
    both_column = Unsqueeze (both, last)
    signs_int = Constant <value_ints: ints = @signs> ()
    signs_row = Cast <to = {text.DOUBLE}> (signs_int)
    d_column = Unsqueeze (d, last)
    d_signed = Mul (d_column, signs_row)
    {_split(channels, bool(node.get_int("tied")))}"""
    for k, m in orders:
        z = f"z_{k}{m}"
        body += f"""
    {z}_row = Gather <axis = 1> (a_row, pair_{k})
    {z}_column = Gather <axis = 1> (a_column, pair_{m})
    {z}_first = Add (d_signed, {z}_row)
    {z}_sum = Add ({z}_first, {z}_column)
    {z}_relu = Relu ({z}_sum)
    {text.quantise(f"{z}_relu", f"{z}_value", "z_", node.quantiser.rounding)}
    {z}_kept = Mul ({z}_value, both_column)"""
    total = "z_ij_kept" if len(orders) == 1 else "both_ways"
    body += "" if len(orders) == 1 else "\n    both_ways = Add (z_ij_kept, z_ji_kept)"
    return f"""{body}
    sum_axis = Constant <value_ints: ints = [1]> ()
    y = ReduceSum <keepdims = 0> ({total}, sum_axis)"""


def _split(channels: int, tied: bool) -> str:
    if tied:
        return "a_row = Identity (a)\n    a_column = Identity (a)"
    return f"""
    split_sizes = Constant <value_ints: ints = [{channels}, {channels}]> ()
    a_row, a_column = Split <axis = 2> (a, split_sizes)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    channels, z = node.get_int("n_channels"), _argument(node, inputs)
    terms = inputs[0].size * _ways(node)
    a, d = inputs[1].type.width, inputs[0].type.width
    n, present, z_width = inputs[2].size, inputs[2].type.width, node.get_int("z_width")
    rectify = quantise_cost(
        node.inner("z_"), z.relu, _fraction(inputs), terms * channels, folds=True
    )
    # The test of the sign and of the mask goes into the same look-up tables as the saturation.
    relu = Operation("compare", terms * channels, (z.bits, z_width), folds=True)
    return [
        Operation("add", terms * channels, (a, a), folds=True),
        Operation("compare", n, (present, 1), beside=True),
        Operation("add", terms * channels, (max(a + 1, d), max(a + 1, d)), folds=True),
        *(operation for operation in rectify if operation.kind == "round"),
        relu,
        *adder_trees(channels, terms, z_width, folds=True),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Lanes of the ring in groups, each with the first levels of its adder trees."""
    d = as_pairs(fabric, signals[0])  # lanes (ring lane, 1)
    features, where, n_flags = _masked(node, inputs, signals, fabric)
    meeting = met(fabric, features)  # lanes (features of i, features of j)
    kernel = _kernel(node, inputs, where, n_flags)
    parts: list[list[Wire]] = [[] for _ in range(node.get_int("n_channels"))]
    lanes = [  # (ring lane, d; features of i; of j; live)
        (*pair, *one, *other, live)
        for pair, (one, other), live in zip(d.lanes, meeting.lanes, meeting.live, strict=True)
    ]
    for start in range(0, len(lanes), GROUP):
        group = lanes[start : start + GROUP]
        kind = _kind(node, len(features.lanes[0]), len(group))
        group_sums = fabric.call(kind, kernel, [wire for lane in group for wire in lane])
        for channel, wire in zip(parts, group_sums, strict=True):
            channel.append(wire)
    sums = fabric.sums(parts, meeting.ring.slots)  # (C,)
    fraction = node.get_type("z_", signed=False).fraction
    return Vector(tuple(quantised(fabric.top, sums, fraction, node.quantiser)))


def _kind(node: Node, n_features: int, n_pairs_: int) -> Kind:
    """The module of a group of pairs: d_k, features of the first particle i, of the other one j."""
    inputs: list[str] = []
    for k in range(n_pairs_):
        sides = (f"a{f}_{side}{k}" for side in "ij" for f in range(n_features))
        inputs += [f"d_{k}", *sides, f"live_{k}"]
    return Kind(
        f"{node.output}_pairs",
        f"{node.name}: ReLUs of {n_pairs_} pairs, summed for each channel.",
        tuple(inputs),
        numbered("sum", node.get_int("n_channels")),
    )


def _masked(
    node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric
) -> tuple[Particles, list[int], int]:
    """What the pairs need of each particle, and where each column of `a` is among it.

    An absent particle gets features so low that no ReLU of its pairs is above zero, or one more
    feature says whether it is present (1 is returned, else 0).
    """
    a, top = as_particles(signals[1]), fabric.top
    columns = list(zip(*a.lanes, strict=True))  # (F, L)
    unique = [g for g, column in enumerate(columns) if _first_equal(columns, column) == g]
    where = [unique.index(_first_equal(columns, column)) for column in columns]
    flags = present_flags(fabric, signals[2], a)  # (L,)
    lowest = _absent_code(node, inputs, as_pairs(fabric, signals[0]).zero_without is signals[2])
    lanes = [[lane[g] for g in unique] for lane in a.lanes]  # (L, distinct F)
    if _prefers_flags(node, inputs, lanes, where, lowest):
        flagged = ((*lane, flag) for lane, flag in zip(lanes, flags, strict=True))
        return Particles(tuple(flagged), a.size), where, 1
    masked = (
        tuple(top.select(flag, wire, constant(lowest)) for wire in lane)
        for lane, flag in zip(lanes, flags, strict=True)
    )
    return Particles(tuple(masked), a.size), where, 0


def _prefers_flags(
    node: Node, inputs: Inputs, lanes: Sequence[Sequence[Wire]], where: list[int], lowest: int
) -> bool:
    """Whether flags take fewer look-up tables: one a ReLU, against one a bit of every feature."""
    bounds = inputs[1].lo, inputs[1].hi
    width = FixedPoint.covering(*bounds, 0).width
    if FixedPoint.covering(min(lowest, bounds[0]), bounds[1], 0).width > width:
        return True
    relus = n_pairs(inputs[1].shape[0]) * len(where) / inputs[1].shape[0] * len(lanes)
    return relus < sum(wire.width for lane in lanes for wire in lane)


def _first_equal(columns: list[tuple[Wire, ...]], column: tuple[Wire, ...]) -> int:
    """The first column that is made of the very same wires."""
    same = (all(x is y for x, y in zip(other, column, strict=True)) for other in columns)
    return list(same).index(True)


def _absent_code(node: Node, inputs: Inputs, without_d: bool) -> int:
    """A code of `a` with which no argument is above zero, whatever the other particle has."""
    fraction = _fraction(inputs)
    d = Interval(0, 0) if without_d else Interval.of(inputs[0], fraction)
    largest = max(d.scaled(sign).hi for sign in node.get_ints("signs"))
    largest += max(Interval.of(inputs[1], fraction).hi, 0)
    return min(-largest, 0) >> (fraction - inputs[1].type.fraction)


def _kernel(
    node: Node, inputs: Inputs, where: list[int], n_flags: int
) -> Callable[..., list[Wire]]:
    """Sums over the pairs of a group: for each pair d, features of both particles, and a flag."""
    fraction, channels = _fraction(inputs), node.get_int("n_channels")
    n_features = max(where) + 1
    length = 2 * (n_features + n_flags) + 2

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        terms: list[list[Wire]] = [[] for _ in range(channels)]  # (C, terms)
        for start in range(0, len(wires), length):
            d, *rest, live = wires[start : start + length]  # one pair
            d = aligned(b, d, inputs[0].type.fraction, fraction)
            half = length // 2 - 1
            one, other = (
                [aligned(b, w, inputs[1].type.fraction, fraction) for w in side[:n_features]]
                for side in (rest[:half], rest[half:])
            )
            alive = [live, *rest[n_features:half], *rest[half + n_features :]]
            for c, sign in enumerate(node.get_ints("signs")):
                for first, second, times in _orders(node, where, c, (one, other)):
                    argument = b.add(first, second)
                    argument = b.add(argument, d, subtract=sign < 0) if sign else argument
                    z = rectified(b, argument, fraction, node.inner("z_"), alive)
                    terms[c].append(b.shifted(z, times - 1))
        return [total(b, channel) for channel in terms]

    return kernel


def _orders(
    node: Node, where: list[int], c: int, sides: tuple[list[Wire], list[Wire]]
) -> list[tuple[Wire, Wire, int]]:
    """Which features the arguments of channel c add, and how often each argument counts."""
    one, other = sides
    row = where[c]
    if node.get_int("tied"):
        return [(one[row], other[row], 1)]
    column = where[node.get_int("n_channels") + c]
    if row == column:  # the same both ways
        return [(one[row], other[row], 2)]
    return [(one[row], other[column], 1), (other[row], one[column], 1)]


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    (m, terms), channels = inputs[1].shape, node.get_int("n_channels")
    step_lanes = lanes(n_pairs(m), reuse_factor)
    settings = {
        "n_constituents": inputs[2].size,
        "n_particles": m,
        "n_channels": channels,
        "n_terms": terms,
        "reuse_factor": reuse_factor,
        "n_lanes": step_lanes,
        "n_leaves": step_lanes * terms // channels,
    }
    types = {
        "exact_t": _argument(node, inputs).cpp(_fraction(inputs)),
        "z_t": node.inner("z_").cpp,
        "acc_t": infer(node, inputs).cpp,
    }
    signs = choice("sign", "c", node.get_ints("signs"))
    return KernelCall("pair_relu", settings, types, members=signs)


def relu_prefix(node: Node) -> str | None:
    return "z_"


PAIR_RELU = Operator(
    "PairRelu",
    "pair_relu.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="particles",
    relu_prefix=relu_prefix,
)
