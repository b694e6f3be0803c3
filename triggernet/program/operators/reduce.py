"""`Sum` over particles, `Count` of the constituents present, and `Stack` of columns.

In hardware: one adder tree a feature; absent particles are switched to zero by a multiplexer
each. `Stack` is wiring.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import quantise, total
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Pairs, Particles, Signal, Vector
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
    require,
)
from triggernet.program.operators.hardware import aligned, as_particles, quantised
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node, Tensor


def sum_arguments(node: Node) -> tuple[str, ...]:
    return ("x", "present") if len(node.inputs) > 1 else ("x",)


def sum_infer(node: Node, inputs: Inputs) -> Exact:
    x = inputs[0]
    require(len(x.shape) == 2, node, f"x has shape {x.shape}; expected (particles, features)")
    if len(inputs) == 1:
        return Exact((x.shape[1],), x.type.fraction, Interval.of(x).scaled(x.shape[0]))
    require_present(node, inputs[1], x.shape[0])
    constituents = inputs[1].size
    maybe = (Interval.of(x) | Interval(0, 0)).scaled(constituents)
    always = Interval.of(x).scaled(x.shape[0] - constituents)
    return Exact((x.shape[1],), x.type.fraction, maybe + always)


def require_present(node: Node, present: Tensor, n_particles: int) -> None:
    """Refuse a tensor that cannot say which of `n_particles` are present."""
    require(
        len(present.shape) == 1 and present.size <= n_particles,
        node,
        f"'{present.name}' has shape {present.shape}; expected one value for each constituent, "
        f"at most {n_particles}",
    )


def sum_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    x = exact_int(values[0], sum_infer(node, inputs).bits)  # (n, M, F)
    if len(values) > 1:
        x = x * present_mask(values[1], x.shape[1])[:, :, None]  # (n, M, F), 0 where absent
    return np.asarray(x.sum(axis=1))  # (n, F)


def present_mask(present: Codes, n_particles: int) -> Codes:
    """1 for particles that are present, 0 otherwise, int64 (n, M); spurions always are."""
    n, n_constituents = present.shape
    always = np.ones((n, n_particles - n_constituents), dtype=np.int64)  # (n, M - N)
    return np.concatenate([(present != 0).astype(np.int64), always], axis=1)  # (n, M)


def mask_meaning(particles: str) -> str:
    """ONNX: `mask` (float64, (n, M)) from `present` and the M of `particles` (int64 scalar)."""
    return f"""
    mask_zero = Constant <value = double {{0.0}}> ()
    mask_one = Constant <value = double {{1.0}}> ()
    mask_absent = Equal (present, mask_zero)
    mask_there = Not (mask_absent)
    mask_constituents = Cast <to = {text.DOUBLE}> (mask_there)
    {text.length("mask_n", "present", 1)}
    mask_spurions = Sub ({particles}, mask_n)
    mask_axis0 = Constant <value_ints: ints = [0]> ()
    mask_before = Constant <value_ints: ints = [0, 0, 0]> ()
    mask_after = Unsqueeze (mask_spurions, mask_axis0)
    mask_pads = Concat <axis = 0> (mask_before, mask_after)
    mask = Pad (mask_constituents, mask_pads, mask_one)"""


def sum_meaning(node: Node) -> str:
    axis = "sum_axis = Constant <value_ints: ints = [1]> ()"
    if len(node.inputs) == 1:
        return f"""
    {axis}
    y = ReduceSum <keepdims = 0> (x, sum_axis)"""
    return f"""
    {axis}
    {text.length("particles", "x", 1)}
    {mask_meaning("particles")}
    last = Constant <value_ints: ints = [-1]> ()
    mask_column = Unsqueeze (mask, last)
    kept = Mul (x, mask_column)
    y = ReduceSum <keepdims = 0> (kept, sum_axis)"""


def sum_cost(node: Node, inputs: Inputs) -> list[Operation]:
    m, features = inputs[0].shape
    width = inputs[0].type.width
    trees = adder_trees(features, m, width)
    if len(inputs) == 1:
        return trees
    n, present = inputs[1].size, inputs[1].type.width
    mask = [
        Operation("compare", n, (present, 1)),
        Operation("select", n * features, (width, 2)),
    ]
    return [*mask, *trees]


def present_flags(fabric: Fabric, present: Signal, particles: Particles) -> list[Wire]:
    """For each lane of `particles` a flag whether its particle is present; spurions always are."""
    tensor, top = as_particles(present), fabric.top
    if particles.slots == 1 or tensor.size != particles.size:
        tensor = fabric.together(tensor)
    if tensor.size == particles.size:
        if particles.slots > 1:
            tensor = fabric.spread(tensor)
        return [top.nonzero(lane[0]) for lane in tensor.lanes]
    flags = [top.nonzero(lane[0]) for lane in tensor.lanes]
    flags += [constant(1)] * (particles.size - tensor.size)
    if particles.slots == 1:
        return flags
    spread = fabric.spread(Particles(tuple((flag,) for flag in flags), particles.size))
    return [lane[0] for lane in spread.lanes]


def sum_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """A tree over the lanes and, where particles follow one another, a running sum."""
    x, top = as_particles(signals[0]), fabric.top
    lanes = [list(lane) for lane in x.lanes]  # (L, F)
    if len(signals) > 1:
        flags = present_flags(fabric, signals[1], x)  # (L,)
        lanes = [
            [top.cleared(top.missing([flag], constant(0)), wire) for wire in lane]
            for flag, lane in zip(flags, lanes, strict=True)
        ]
    # (F,), over lanes and slots
    sums = fabric.sums(list(zip(*lanes, strict=True)), x.slots, x.size)
    return Vector(tuple(quantised(top, sums, inputs[0].type.fraction, node.quantiser)))


def sum_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    particles, features = inputs[0].shape
    settings = {
        "n_particles": particles,
        "n_features": features,
        "n_constituents": inputs[1].size if len(inputs) > 1 else particles,
    }
    return KernelCall("sum", settings, {"acc_t": sum_infer(node, inputs).cpp})


SUM = Operator(
    "Sum",
    "reduce.h",
    sum_arguments,
    sum_infer,
    sum_evaluate,
    sum_meaning,
    sum_cost,
    sum_rtl,
    sum_hls,
    rows="particles",
)


def count_arguments(node: Node) -> tuple[str, ...]:
    return ("present",)


def count_infer(node: Node, inputs: Inputs) -> Exact:
    require_present(node, inputs[0], inputs[0].size)
    return Exact((1,), 0, Interval(0, inputs[0].size))


def count_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    return np.asarray((values[0] != 0).sum(axis=1, keepdims=True))  # (n, N) to (n, 1)


def count_meaning(node: Node) -> str:
    return f"""
    zero = Constant <value = double {{0.0}}> ()
    axis = Constant <value_ints: ints = [1]> ()
    absent = Equal (present, zero)
    there = Not (absent)
    ones = Cast <to = {text.DOUBLE}> (there)
    y = ReduceSum <keepdims = 1> (ones, axis)"""


def count_cost(node: Node, inputs: Inputs) -> list[Operation]:
    n = inputs[0].size
    return [Operation("compare", n, (inputs[0].type.width, 1)), *adder_trees(1, n, 1)]


def count_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    flags = present_flags(fabric, signals[0], as_particles(signals[0]))
    return Vector(tuple(quantised(fabric.top, [total(fabric.top, flags)], 0, node.quantiser)))


def count_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    types = {"acc_t": count_infer(node, inputs).cpp}
    return KernelCall("count", {"n_constituents": inputs[0].size}, types)


COUNT = Operator(
    "Count",
    "reduce.h",
    count_arguments,
    count_infer,
    count_evaluate,
    count_meaning,
    count_cost,
    count_rtl,
    count_hls,
)


def stack_arguments(node: Node) -> tuple[str, ...]:
    return tuple(f"x{k}" for k in range(len(node.inputs)))


def stack_infer(node: Node, inputs: Inputs) -> Exact:
    shapes = {x.shape for x in inputs}
    require(len(shapes) == 1 and len(inputs[0].shape) == 1, node, f"columns of shapes {shapes}")
    fraction = max(x.type.fraction for x in inputs)
    bounds = Interval.of(inputs[0], fraction)
    for x in inputs[1:]:
        bounds = bounds | Interval.of(x, fraction)
    return Exact((inputs[0].shape[0], len(inputs)), fraction, bounds)


def stack_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = stack_infer(node, inputs)
    columns = zip(values, inputs, strict=True)
    # (n, N, F)
    return np.stack([align(v, x, exact.fraction, exact.bits) for v, x in columns], axis=2)


def stack_meaning(node: Node) -> str:
    names = stack_arguments(node)
    columns = "".join(f"\n    {n}_column = Unsqueeze ({n}, last)" for n in names)
    return f"""
    last = Constant <value_ints: ints = [-1]> (){columns}
    y = Concat <axis = 2> ({", ".join(f"{n}_column" for n in names)})"""


def stack_cost(node: Node, inputs: Inputs) -> list[Operation]:
    return []


def stack_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    if all(isinstance(signal, Pairs) for signal in signals):
        return _stacked_pairs(node, inputs, cast("tuple[Pairs, ...]", signals), fabric)
    parts = [as_particles(signal) for signal in signals]
    if any(part.slots > 1 for part in parts):  # those that come in turn do not wait
        parts = [fabric.spread(part) for part in parts]
    lanes = [  # (N, F), or (lanes, F)
        tuple(
            quantise(fabric.top, wire, x.type.fraction, node.quantiser)
            for (wire,), x in zip(lane, inputs, strict=True)
        )
        for lane in zip(*(part.lanes for part in parts), strict=True)
    ]
    return Particles(tuple(lanes), parts[0].size)


def _stacked_pairs(
    node: Node, inputs: Inputs, signals: tuple[Pairs, ...], fabric: Fabric
) -> Signal:
    """Columns of pairs stay in their lanes."""
    finest = stack_infer(node, inputs).fraction
    lanes = []
    for features in zip(*(pairs.lanes for pairs in signals), strict=True):
        wires = [
            aligned(fabric.top, wire, x.type.fraction, finest)
            for (wire,), x in zip(features, inputs, strict=True)
        ]
        lanes.append(tuple(quantised(fabric.top, wires, finest, node.quantiser)))
    return replace(signals[0], lanes=tuple(lanes), zero_without=None)


def stack_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    settings = {"n_particles": inputs[0].size, "n_features": len(inputs)}
    return KernelCall("stack", settings)


STACK = Operator(
    "Stack",
    "reduce.h",
    stack_arguments,
    stack_infer,
    stack_evaluate,
    stack_meaning,
    stack_cost,
    stack_rtl,
    stack_hls,
    result_first=True,
)
