"""`PairJoin`: what both particles of a pair bring, and the pair itself; before a ReLU if asked for.

    out[ij, g] = Q( relu( x[i, g] + x[j, g] + pair[ij, g] ) )    i < j

The same for i and j: half of the edges of an `EdgeJoin`, and no product. With one feature, x may be
(M,) and pair (P,): logarithms of products of a pair are of this kind.

In hardware, for each pair and feature: two adders and a sign test, rounding, saturation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.arithmetic import quantise, rectified
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Pairs, Signal
from triggernet.program.netlist.pairs import met
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    align,
    n_pairs,
    pair_indices,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import aligned, as_pairs, as_particles, numbered
from triggernet.program.operators.kernel_call import KernelCall, lanes
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("x", "pair")


def _finest(inputs: Inputs) -> int:
    """The grid on which the terms meet."""
    return max(t.type.fraction for t in inputs)


def _argument(inputs: Inputs) -> Interval:
    """Bounds of the sum, before the ReLU."""
    x, pair = (Interval.of(t, _finest(inputs)) for t in inputs)
    return x + x + pair


def infer(node: Node, inputs: Inputs) -> Exact:
    x, pair = inputs
    m, *features = x.shape
    require(
        m > 1 and len(features) < 2 and pair.shape == (n_pairs(m), *features),
        node,
        f"x and pair have shapes {x.shape} and {pair.shape}; M particles, M above 1, need "
        "(M, features) and (M (M - 1) / 2, features), or (M,) and (M (M - 1) / 2,)",
    )
    exact = _argument(inputs)
    result = exact.relu if node.get_int("relu") else exact
    return Exact(pair.shape, _finest(inputs), result, exact.bits + 1)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits, finest = infer(node, inputs).bits, _finest(inputs)
    # (n, M, ...), (n, P, ...)
    x, pair = (align(v, t, finest, bits) for v, t in zip(values, inputs, strict=True))
    i, j = pair_indices(x.shape[1])  # (P,) each
    joined = x[:, i] + x[:, j] + pair  # (n, P, ...)
    return np.asarray(np.maximum(joined, 0) if node.get_int("relu") else joined)


def meaning(node: Node) -> str:
    return f"""
    {text.length("particles", "x", 1)}
    {text.pairs("particles")}
    x_i = Gather <axis = 1> (x, pair_i)
    x_j = Gather <axis = 1> (x, pair_j)
    both = Add (x_i, x_j)
    joined = Add (both, pair)
    y = {"Relu" if node.get_int("relu") else "Identity"} (joined)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    (x, pair), exact, finest = inputs, _argument(inputs), _finest(inputs)
    operations = [
        Operation("add", pair.size, (x.type.width, x.type.width), folds=True),
        Operation("add", pair.size, (x.type.width + 1, pair.type.width), folds=True),
    ]
    if not node.get_int("relu"):
        return operations + quantise_cost(node.quantiser, exact, finest, pair.size, folds=True)
    width = node.quantiser.type.width
    return [*operations, Operation("compare", pair.size, (exact.bits, width), folds=True)]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """One kernel a lane of the ring."""
    meeting = met(fabric, as_particles(signals[0]))  # lanes (G wires, G wires)
    pair = as_pairs(fabric, signals[1])  # lanes (ring lane, G)
    g = len(pair.lanes[0])
    kind = Kind(
        node.output,
        f"{node.name}: what both particles of one pair bring, and the pair itself, quantised.",
        numbered("one", g) + numbered("other", g) + numbered("pair", g),
        numbered("joined", g),
    )
    kernel = _kernel(node, inputs)
    joined = (  # (ring lane, G)
        tuple(fabric.call(kind, kernel, (*one, *other, *features)))
        for (one, other), features in zip(meeting.lanes, pair.lanes, strict=True)
    )
    return Pairs(tuple(joined), meeting.ring, meeting.live)


def _kernel(node: Node, inputs: Inputs) -> Callable[..., list[Wire]]:
    finest, relu = _finest(inputs), bool(node.get_int("relu"))
    grids = [t.type.fraction for t in inputs]

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        g = len(wires) // 3
        results = []
        for one, other, pair in zip(wires[:g], wires[g : 2 * g], wires[2 * g :], strict=True):
            both = aligned(b, b.add(one, other), grids[0], finest)
            joined = b.add(both, aligned(b, pair, grids[1], finest))
            end = rectified if relu else quantise
            results.append(end(b, joined, finest, node.quantiser))
        return results

    return kernel


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    x, pair = inputs
    settings = {
        "n_particles": x.shape[0],
        "n_features": pair.size // pair.shape[0],
        "relu": node.get_int("relu"),
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(pair.shape[0], reuse_factor),
    }
    return KernelCall("pair_join", settings, {"acc_t": _argument(inputs).cpp(_finest(inputs))})


def relu_prefix(node: Node) -> str | None:
    return "" if node.get_int("relu") else None


PAIR_JOIN = Operator(
    "PairJoin",
    "pair_join.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="edges",
    relu_prefix=relu_prefix,
)
