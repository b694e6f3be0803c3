"""`EdgeJoin`: what a particle receives from each other one, before any further layer.

    out[i <- j, g] = Q( relu( near[i, g] + far[j, g] + sum_q pair[ij, q] C[q, g] ) )

A dense layer on [x_i, x_j, I_ij] is linear in each of the three: near = A x + b and far = B x are
made once a particle (by `Dense`), so that an edge costs two additions and the product with C, which
both directions share.

Edges are in the order of the pairs; of pair (i, j), i < j, first what i receives, then what j does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import affine, rectified
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Pairs, Particles, Signal
from triggernet.program.netlist.pairs import met
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    align,
    constant_multiply_adders,
    constants,
    n_pairs,
    pair_indices,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import (
    aligned,
    as_alike,
    as_pairs,
    numbered,
    quantised,
)
from triggernet.program.operators.kernel_call import Constants, KernelCall, lanes
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("near", "far", "pair") if node.get_int("pair_features") else ("near", "far")


def pair_weights(node: Node) -> Codes:
    """Codes of C (Q, G); Q = 0 without features of pairs."""
    q, g = node.get_int("pair_features"), node.get_int("n_features")
    if q == 0:
        return np.zeros((0, g), np.int64)
    return constants(node, "pair_weight", (q, g), node.get_type("pair_weight_", signed=True))


def grids(node: Node, inputs: Inputs) -> tuple[int, int]:
    """Grid of the products with C, and the finest of all terms."""
    finest = max(t.type.fraction for t in inputs[:2])
    if not node.get_int("pair_features"):
        return finest, finest
    pair = inputs[2].type.fraction + node.get_type("pair_weight_", signed=True).fraction
    return pair, max(finest, pair)


def infer(node: Node, inputs: Inputs) -> Exact:
    near, far, *pair = inputs
    g, q = node.get_int("n_features"), node.get_int("pair_features")
    require(
        len(near.shape) == 2 and near.shape == far.shape and near.shape[1] == g,
        node,
        f"near and far have shapes {near.shape} and {far.shape}; expected (particles, {g})",
    )
    pairs = n_pairs(near.shape[0])
    if pair:
        require(
            pair[0].shape == (pairs, q),
            node,
            f"'{pair[0].name}' has shape {pair[0].shape}; expected ({pairs}, {q})",
        )
    exact = argument(node, inputs)
    result = exact.relu if node.get_int("relu") else exact
    return Exact((2 * pairs, g), grids(node, inputs)[1], result, exact.bits + 1)


def argument(node: Node, inputs: Inputs) -> Interval:
    """Bounds of the sum over all features, before the ReLU."""
    fp, finest = grids(node, inputs)
    both = Interval.of(inputs[0], finest) + Interval.of(inputs[1], finest)
    bounds = None
    for column in pair_weights(node).T:
        total = both
        for code in column:
            total = total + Interval.of(inputs[2]).scaled(int(code)).shifted(finest - fp)
        bounds = total if bounds is None else bounds | total
    assert bounds is not None
    return bounds


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits, (fp, finest) = infer(node, inputs).bits + 1, grids(node, inputs)
    # (n, M, G) each
    near, far = (align(v, t, finest, bits) for v, t in zip(values[:2], inputs[:2], strict=True))
    i, j = pair_indices(inputs[0].shape[0])  # (P,) each
    edges = np.stack([near[:, i] + far[:, j], near[:, j] + far[:, i]], axis=2)  # (n, P, 2, G)
    if node.get_int("pair_features"):
        # (n, P, G)
        shared = exact_int(values[2], bits) @ exact_int(pair_weights(node), bits) << (finest - fp)
        edges = edges + shared[:, :, None]  # (n, P, 2, G), both ways alike
    edges = np.maximum(edges, 0) if node.get_int("relu") else edges
    return np.asarray(edges.reshape(len(edges), 2 * len(i), edges.shape[3]))  # (n, 2 P, G)


def meaning(node: Node) -> str:
    q, g = node.get_int("pair_features"), node.get_int("n_features")
    body = f"""
    {text.length("particles", "near", 1)}
    {text.pairs("particles")}
    near_i = Gather <axis = 1> (near, pair_i)
    near_j = Gather <axis = 1> (near, pair_j)
    far_i = Gather <axis = 1> (far, pair_i)
    far_j = Gather <axis = 1> (far, pair_j)
    first = Add (near_i, far_j)
    second = Add (near_j, far_i)
    way_axis = Constant <value_ints: ints = [2]> ()
    first_way = Unsqueeze (first, way_axis)
    second_way = Unsqueeze (second, way_axis)
    both = Concat <axis = 2> (first_way, second_way)"""
    if q:
        body += f"""
    {text.codes("pair_weights", "pair_weight", "pair_weight_", f"{q}, {g}")}
    pair_product = MatMul (pair, pair_weights)
    pair_way = Unsqueeze (pair_product, way_axis)
    total = Add (both, pair_way)"""
    else:
        body += "\n    total = Identity (both)"
    return f"""{body}
    edge_shape = Constant <value_ints: ints = [0, -1, {g}]> ()
    edges = Reshape (total, edge_shape)
    y = {"Relu" if node.get_int("relu") else "Identity"} (edges)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    near, far, *pair = inputs
    edges, g = infer(node, inputs).shape
    exact = argument(node, inputs)
    operations = [
        Operation(
            "scale" if constant_multiply_adders(int(code)) > 1 else "add",
            edges // 2,
            (pair[0].type.width, int(abs(code)).bit_length() + 1),
            beside=k > 0,
        )
        for k, code in enumerate(c for c in pair_weights(node).ravel() if c)
    ]
    operations.append(Operation("add", edges * g, (near.type.width, far.type.width), folds=True))
    operations.append(Operation("add", edges * g, (exact.bits, exact.bits), folds=True))
    if node.get_int("relu"):
        operations.append(
            Operation("compare", edges * g, (exact.bits, node.quantiser.type.width), folds=True)
        )
        return operations
    return operations + quantise_cost(
        node.quantiser, exact, grids(node, inputs)[1], edges * g, folds=True
    )


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """Each lane of the ring makes both edges of its pair."""
    near, far = as_alike(fabric, signals[:2])  # lanes (G wires) each
    ends = tuple((*a, *b) for a, b in zip(near.lanes, far.lanes, strict=True))  # lanes (2 G wires)
    meeting = met(fabric, Particles(ends, near.size))  # lanes (2 G wires, 2 G wires)
    g, q = node.get_int("n_features"), node.get_int("pair_features")
    pair = as_pairs(fabric, signals[2]).lanes if q else ((),) * len(meeting.lanes)  # (ring lane, Q)
    kernel = _kernel(node, inputs)
    kind = Kind(
        node.output,
        f"{node.name}: one edge, what the first particle receives from the second one.",
        numbered("near", g) + numbered("far", g) + numbered("pair", g if q else 0),
        numbered("edge", g),
    )
    products = _products(node, inputs, fabric, pair) if q else pair  # (ring lane, G or 0)
    lanes = [  # (ring lane and way, G)
        tuple(fabric.call(kind, kernel, (*first[:g], *second[g:], *product)))
        for (one, other), product in zip(meeting.lanes, products, strict=True)
        for first, second in ((one, other), (other, one))
    ]
    return Pairs(tuple(lanes), meeting.ring, meeting.live)


def _products(
    node: Node, inputs: Inputs, fabric: Fabric, pair: tuple[tuple[Wire, ...], ...]
) -> list[tuple[Wire, ...]]:
    """Pair features times C, which both directions share."""
    matrix = np.asarray(pair_weights(node), dtype=np.int64)  # (Q, G)
    fp, finest = grids(node, inputs)
    nothing = [constant(0)] * node.get_int("n_features")

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        return affine(b, wires, matrix, finest - fp, nothing)

    kind = Kind(
        f"{node.output}_product",
        f"{node.name}: features of one pair times a constant matrix.",
        numbered("pair", node.get_int("pair_features")),
        numbered("product", len(nothing)),
    )
    return [tuple(fabric.call(kind, kernel, features)) for features in pair]


def _kernel(node: Node, inputs: Inputs) -> Callable[..., list[Wire]]:
    """The sum for one edge, ReLU and quantiser: near, far and the product of the pair."""
    _, finest = grids(node, inputs)
    g = node.get_int("n_features")

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        near, far, product = wires[:g], wires[g : 2 * g], wires[2 * g :]  # (G,), (G,), (G,) or ()
        sums = [  # (G,)
            b.add(
                aligned(b, x, inputs[0].type.fraction, finest),
                aligned(b, y, inputs[1].type.fraction, finest),
            )
            for x, y in zip(near, far, strict=True)
        ]
        sums = [b.add(s, p) for s, p in zip(sums, product, strict=True)] if product else sums
        if node.get_int("relu"):
            return [rectified(b, s, finest, node.quantiser) for s in sums]
        return quantised(b, sums, finest, node.quantiser)

    return kernel


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    m, g = inputs[0].shape
    settings = {
        "n_particles": m,
        "n_features": g,
        "relu": node.get_int("relu"),
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(n_pairs(m), reuse_factor),
    }
    types = {"acc_t": argument(node, inputs).cpp(grids(node, inputs)[1])}
    if not node.get_int("pair_features"):
        return KernelCall("edge_join", settings, types)
    kind = node.get_type("pair_weight_", signed=True)
    weight = Constants("pair_weight", node.get_ints("pair_weight"), kind)
    settings |= {"n_pair": node.get_int("pair_features"), "pair_weight_size": len(weight.codes)}
    types |= {"pair_weight_t": weight.type.cpp, "pair_weight_code_t": weight.code_type}
    return KernelCall("edge_join", settings, types, (weight,))


def relu_prefix(node: Node) -> str | None:
    return "" if node.get_int("relu") else None


EDGE_JOIN = Operator(
    "EdgeJoin",
    "edge_join.h",
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
