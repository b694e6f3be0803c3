"""`Concat`: tensors joined along their last axis, each of a type of its own.

Vectors give a longer vector; tensors with a row for each particle give longer rows. In hardware:
wiring, and rounding and saturation where an input is finer or wider than the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    align,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import as_particles, as_vector, quantised
from triggernet.program.operators.kernel_call import KernelCall, choice
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return tuple(f"x{k}" for k in range(len(node.inputs)))


def infer(node: Node, inputs: Inputs) -> Exact:
    shapes = [x.shape for x in inputs]
    require(
        len(inputs) > 1
        and len(shapes[0]) in (1, 2)
        and len({(len(s), s[:-1]) for s in shapes}) == 1,
        node,
        f"inputs of shapes {', '.join(map(str, shapes))}; expected two or more, all (features,) or "
        "all (particles, features) with as many particles",
    )
    fraction = max(x.type.fraction for x in inputs)
    bounds = Interval.of(inputs[0], fraction)
    for x in inputs[1:]:
        bounds = bounds | Interval.of(x, fraction)
    return Exact((*shapes[0][:-1], sum(s[-1] for s in shapes)), fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = infer(node, inputs)
    parts = zip(values, inputs, strict=True)
    # (n, M, sum F_k) or (n, sum F_k)
    return np.concatenate([align(v, x, exact.fraction, exact.bits) for v, x in parts], axis=-1)


def meaning(node: Node) -> str:
    return f"\n    y = Concat <axis = -1> ({', '.join(arguments(node))})"


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    """Each input from its own grid to that of the result, all side by side."""
    operations: list[Operation] = []
    for x in inputs:
        own = quantise_cost(node.quantiser, Interval.of(x), x.type.fraction, x.size)
        operations += [replace(o, beside=True) if operations else o for o in own[:1]] + own[1:]
    return operations


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """All wires of vectors, or the lanes of particles joined: all at once, or all in turn."""

    def joined(parts: Iterable[tuple[Wire, ...]]) -> tuple[Wire, ...]:
        return tuple(
            wire
            for wires, x in zip(parts, inputs, strict=True)
            for wire in quantised(fabric.top, wires, x.type.fraction, node.quantiser)
        )

    if len(inputs[0].shape) == 1:
        return Vector(joined(as_vector(fabric, signal) for signal in signals))
    parts = [as_particles(signal) for signal in signals]
    if any(part.slots > 1 for part in parts):
        parts = [fabric.spread(part) for part in parts]
    # lane by lane, rows (F_k,) of each part
    lanes = zip(*(part.lanes for part in parts), strict=True)
    return Particles(tuple(joined(lane) for lane in lanes), parts[0].size)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    lengths = tuple(x.shape[-1] for x in inputs)
    settings = {"n_rows": inputs[0].size // lengths[0], "n_features": sum(lengths)}
    members = choice("length", "k", lengths)
    return KernelCall("concat", settings, members=members)


CONCAT = Operator(
    "Concat", "concat.h", arguments, infer, evaluate, meaning, cost, rtl, hls, result_first=True
)
