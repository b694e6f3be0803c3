"""`Dense`: a linear map of each particle's features (or of one vector), with ReLU on request.

    out[m, g] = Q( relu( sum_f x[m, f] W[k, f, g] + sum_h context[h] V[k, h, g] + b[k, g] ) )

`context` is one vector for all particles; its product is made once. `select` chooses the set of
constants k, for weights that depend on the number of constituents.

In hardware: products with constants become shifts and additions (one adder less than the signed
digits of the code), summed in a tree; a ReLU is a sign test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import affine, rectified, total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind, with_lanes
from triggernet.program.netlist.layout import Signal, Vector
from triggernet.program.netlist.memory import lookup
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    adder_trees,
    constants,
    require,
)
from triggernet.program.operators.dense_cost import address_bits, code_bits, product_cost
from triggernet.program.operators.hardware import (
    as_rows,
    as_vector,
    numbered,
    product,
    quantised,
)
from triggernet.program.operators.kernel_call import Constants, KernelCall, lanes
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    context = ("context",) if node.get_int("context_features") else ()
    select = ("select",) if node.get_int("n_select") > 1 else ()
    return ("x", *context, *select)


def _weights(node: Node) -> tuple[Codes, Codes, Codes]:
    """Codes of W (K, F, G), V (K, H, G) and b (K, G); V has H = 0 without a context."""
    k, f, g = (node.get_int(a) for a in ("n_select", "in_features", "out_features"))
    h = node.get_int("context_features")
    context = _codes(node, "context_weight", (k, h, g)) if h else np.zeros((k, 0, g), np.int64)
    return _codes(node, "weight", (k, f, g)), context, _codes(node, "bias", (k, g))


def _codes(node: Node, key: str, shape: tuple[int, ...]) -> Codes:
    return constants(node, key, shape, node.get_type(f"{key}_", signed=True))


def _context(node: Node, inputs: Inputs) -> int | None:
    """Grid of the context's products, None without a context."""
    if not node.get_int("context_features"):
        return None
    return inputs[1].type.fraction + node.get_type("context_weight_", signed=True).fraction


def _fractions(node: Node, inputs: Inputs) -> tuple[int, int, int, int]:
    """Grids of the products with x, with the context, of the bias, and the finest of them."""
    x = inputs[0].type.fraction + node.get_type("weight_", signed=True).fraction
    bias = node.get_type("bias_", signed=True).fraction
    context = _context(node, inputs)
    finest = max(x, bias) if context is None else max(x, bias, context)
    return x, x if context is None else context, bias, finest


def infer(node: Node, inputs: Inputs) -> Exact:
    _check(node, inputs)
    x, total = inputs[0], _bounds(node, inputs)
    result = total.relu if node.get_int("relu") else total
    shape = (*x.shape[:-1], node.get_int("out_features"))
    return Exact(shape, _fractions(node, inputs)[3], result, total.bits)


def _check(node: Node, inputs: Inputs) -> None:
    x, features, rank = inputs[0], node.get_int("in_features"), node.get_int("in_rank")
    require(
        rank in (1, 2) and len(x.shape) == rank and x.shape[-1] == features,
        node,
        f"x has shape {x.shape}; expected (particles, {features}) for in_rank 2 or ({features},) "
        f"for in_rank 1; in_rank is {rank}",
    )
    if node.get_int("context_features"):
        expected = (node.get_int("context_features"),)
        require(
            inputs[1].shape == expected,
            node,
            f"the context has shape {inputs[1].shape}; expected {expected}",
        )
    if node.get_int("n_select") > 1:
        select = inputs[-1]
        require(
            select.shape == (1,) and not select.type.signed and select.type.fraction == 0,
            node,
            f"select '{select.name}' has type {select.type} and shape {select.shape}; expected an "
            "unsigned integer of shape (1,)",
        )


def _bounds(node: Node, inputs: Inputs) -> Interval:
    """Bounds of the sums over all sets and outputs, from the constants' actual values."""
    weight, context, bias = _weights(node)
    fx, fc, fb, finest = _fractions(node, inputs)
    lo = hi = bias.astype(object) << (finest - fb)  # (K, G)
    terms = [(weight, inputs[0], finest - fx)]
    terms += [(context, inputs[1], finest - fc)] if context.size else []
    for matrix, tensor, shift in terms:
        up = np.maximum(matrix, 0).astype(object).sum(axis=1)  # (K, G)
        down = np.minimum(matrix, 0).astype(object).sum(axis=1)
        lo = lo + ((up * tensor.lo + down * tensor.hi) << shift)
        hi = hi + ((up * tensor.hi + down * tensor.lo) << shift)
    return Interval(int(lo.min()), int(hi.max()))


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits = infer(node, inputs).bits + 1
    fx, fc, fb, finest = _fractions(node, inputs)
    # (K, F, G), (K, H, G), (K, G)
    weight, context, bias = (exact_int(w, bits) for w in _weights(node))
    k = _selected(node, values)
    x = exact_int(values[0], bits)
    rank1 = x.ndim == 2  # (n, F)
    x = x[:, None, :] if rank1 else x  # (n, M, F), M = 1 for a vector
    total = np.matmul(x, weight[k]) << (finest - fx)  # (n, M, G)
    total = total + (bias[k] << (finest - fb))[:, None, :]  # bias (n or 1, 1, G)
    if node.get_int("context_features"):
        # (n, 1, G)
        shared = np.matmul(exact_int(values[1], bits)[:, None, :], context[k]) << (finest - fc)
        total = total + shared
    total = np.maximum(total, 0) if node.get_int("relu") else total
    return np.asarray(total[:, 0] if rank1 else total)  # (n, G) or (n, M, G)


def _selected(node: Node, values: tuple[Codes, ...]) -> Codes:
    """The set of constants that each jet uses, int64 (n,); (1,) if all use the same."""
    n_select = node.get_int("n_select")
    if n_select == 1:
        return np.zeros(1, dtype=np.int64)
    return np.minimum(values[-1][:, 0], n_select - 1).astype(np.int64)


def meaning(node: Node) -> str:
    k, f, g = (node.get_int(a) for a in ("n_select", "in_features", "out_features"))
    h = node.get_int("context_features")
    selected = "set = Constant <value = int64 {0}> ()"
    if k > 1:
        selected = f"""
    select_top = Constant <value = double {{{k - 1}.0}}> ()
    select_axis = Constant <value_ints: ints = [1]> ()
    select_capped = Min (select, select_top)
    select_flat = Squeeze (select_capped, select_axis)
    set = Cast <to = {text.INT64}> (select_flat)"""
    rank1 = _is_vector(node)
    spread = "bias_set_m = Identity (bias_set)"
    if not rank1 and k > 1:
        spread = """
    bias_axis = Constant <value_ints: ints = [1]> ()
    bias_set_m = Unsqueeze (bias_set, bias_axis)"""
    spread_context = "Unsqueeze (context_product, context_axis)"
    body = f"""
    {selected}
    {text.codes("weight_all", "weight", "weight_", f"{k}, {f}, {g}")}
    {text.codes("bias_all", "bias", "bias_", f"{k}, {g}")}
    weight_set = Gather <axis = 0> (weight_all, set)
    bias_set = Gather <axis = 0> (bias_all, set)
    {spread}
    {_product("x_product", "x", "weight_set", rank1, k > 1)}
    with_bias = Add (x_product, bias_set_m)"""
    body += (
        f"""
    {text.codes("context_all", "context_weight", "context_weight_", f"{k}, {h}, {g}")}
    context_set = Gather <axis = 0> (context_all, set)
    {_product("context_product", "context", "context_set", True, k > 1)}
    context_axis = Constant <value_ints: ints = [1]> ()
    context_m = {"Identity (context_product)" if rank1 else spread_context}
    total = Add (with_bias, context_m)"""
        if h
        else "\n    total = Identity (with_bias)"
    )
    return body + (
        "\n    y = Relu (total)" if node.get_int("relu") else "\n    y = Identity (total)"
    )


def _is_vector(node: Node) -> bool:
    return node.get_int("in_rank") == 1


def _product(result: str, x: str, weight: str, vector: bool, per_jet: bool) -> str:
    """ONNX: x (n, F) or (n, M, F) times weight (F, G) or, per jet, (n, F, G)."""
    if not (vector and per_jet):
        return f"{result} = MatMul ({x}, {weight})"
    return f"""
    {result}_axis = Constant <value_ints: ints = [1]> ()
    {result}_row = Unsqueeze ({x}, {result}_axis)
    {result}_matrix = MatMul ({result}_row, {weight})
    {result} = Squeeze ({result}_matrix, {result}_axis)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    """Products with constants as additions of their signed digits, then a tree an output.

    With more than one set the constants are read from a table and the products are between
    variables. The context and the bias enter every tree as one term, made once.
    """
    weight, context, bias = _weights(node)
    sets, features, g = weight.shape
    particles = inputs[0].shape[0] if len(inputs[0].shape) > 1 else 1
    operations = product_cost(weight, inputs[0].type.width, particles)
    if context.size:
        shared = product_cost(context, inputs[1].type.width, 1)
        width = inputs[1].type.width + code_bits(context)
        shared += adder_trees(g, context.shape[1] + 1, width)
        operations += [replace(operation, beside=True) for operation in shared]
    elif sets > 1:
        operations.append(Operation("table", g, (address_bits(sets), code_bits(bias)), beside=True))
    if context.size or bias.any():
        features += 1
    operations += adder_trees(particles * g, features, inputs[0].type.width + code_bits(weight))
    if node.get_int("relu"):
        bits = infer(node, inputs).inner_bits
        operations.append(Operation("compare", particles * g, (bits, node.quantiser.type.width)))
    return operations


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """The context's product once for all particles, then x W + that for each of them."""
    unique, where = _distinct_outputs(node)
    if node.get_int("n_select") > 1:
        select = as_vector(fabric, signals[-1])[0]
        weights, shared = _selected_weights(node, inputs, fabric, signals, (select, unique))
    else:
        weights, shared = [], _shared_terms(node, inputs, fabric, signals, unique)
    kernel = _kernel(node, inputs, unique, len(weights))
    wires = [*weights, *shared]
    if node.get_int("in_rank") == 1:
        outputs = kernel(fabric.top, *as_vector(fabric, signals[0]), *wires)
        return Vector(tuple(outputs[k] for k in where))
    kind = Kind(
        node.output,
        f"{node.name}: one particle's features times a constant matrix, quantised.",
        numbered("x", node.get_int("in_features"))
        + numbered("weight", len(weights))
        + numbered("shared", len(shared)),
        numbered("y", len(unique)),
    )
    rows = fabric.each(kind, kernel, [as_rows(signals[0])], wires)
    return with_lanes(rows, (tuple(lane[k] for k in where) for lane in rows.lanes))


def _distinct_outputs(node: Node) -> tuple[list[int], list[int]]:
    """Outputs with constants of their own, and for each output which of these it is."""
    columns = [
        tuple(int(v) for part in _weights(node) for v in part[..., g].ravel())
        for g in range(node.get_int("out_features"))
    ]
    unique = [g for g, column in enumerate(columns) if columns.index(column) == g]
    return unique, [unique.index(columns.index(column)) for column in columns]


def _kernel(
    node: Node, inputs: Inputs, unique: list[int], n_weights: int
) -> Callable[..., list[Wire]]:
    """X W + shared, ReLU and quantiser; with weights among the inputs if there are several sets."""
    fx, _, _, finest = _fractions(node, inputs)
    features, matrix = node.get_int("in_features"), _weights(node)[0][0][:, unique]

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        x, rest = wires[:features], wires[features:]
        weights, shared = rest[:n_weights], rest[n_weights:]
        if n_weights:
            products = _variable_products(b, x, weights, len(unique))  # (distinct G,)
            sums = [b.add(s, p, finest - fx) for p, s in zip(products, shared, strict=True)]
        else:
            sums = affine(b, x, np.asarray(matrix, dtype=np.int64), finest - fx, shared)
        if node.get_int("relu"):
            return [rectified(b, s, finest, node.quantiser) for s in sums]
        return quantised(b, sums, finest, node.quantiser)

    return kernel


def _shared_terms(
    node: Node, inputs: Inputs, fabric: Fabric, signals: tuple[Signal, ...], unique: list[int]
) -> list[Wire]:
    """Context V + b on the finest grid."""
    _, fc, fb, finest = _fractions(node, inputs)
    _, context, bias = _weights(node)
    terms = [constant(int(bias[0, g]) << (finest - fb)) for g in unique]
    if not node.get_int("context_features"):
        return terms
    matrix = np.asarray(context[0][:, unique], dtype=np.int64)  # (H, distinct G)
    return affine(fabric.top, as_vector(fabric, signals[1]), matrix, finest - fc, terms)


def _selected_weights(
    node: Node,
    inputs: Inputs,
    fabric: Fabric,
    signals: tuple[Signal, ...],
    choice: tuple[Wire, list[int]],
) -> tuple[list[Wire], list[Wire]]:
    """Weights of the chosen set (F x G), and context V + b with those of that set."""
    (select, unique), top = choice, fabric.top
    _, fc, fb, finest = _fractions(node, inputs)
    weight, context, bias = _weights(node)

    def chosen(codes: Codes) -> Wire:
        values = [int(codes[min(k, len(codes) - 1)]) for k in range(select.lo, select.hi + 1)]
        return lookup(top, select, values)

    weights = [chosen(weight[:, f, g]) for f in range(weight.shape[1]) for g in unique]  # (F G,)
    shared = [top.shifted(chosen(bias[:, g]), finest - fb) for g in unique]  # (G,)
    if node.get_int("context_features"):
        values = as_vector(fabric, signals[1])
        # (H G,)
        factors = [chosen(context[:, h, g]) for h in range(context.shape[1]) for g in unique]
        products = _variable_products(top, values, factors, len(unique))  # (G,)
        shared = [
            top.add(s, top.shifted(p, finest - fc)) for s, p in zip(shared, products, strict=True)
        ]
    return weights, shared


def _variable_products(
    b: Builder, x: Sequence[Wire], weights: Sequence[Wire], n_outputs: int
) -> list[Wire]:
    """X W with weights (F x G) that are wires."""
    return [
        total(b, (product(b, v, weights[f * n_outputs + g], dsp=True) for f, v in enumerate(x)))
        for g in range(n_outputs)
    ]


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    x, h, k = inputs[0], node.get_int("context_features"), node.get_int("n_select")
    rows = x.shape[0] if len(x.shape) > 1 else 1
    features, outputs = node.get_int("in_features"), node.get_int("out_features")
    settings = {
        "n_rows": rows,
        "n_in": features,
        "n_out": outputs,
        "n_context": h,
        "n_select": k,
        "relu": node.get_int("relu"),
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(rows * features * outputs, reuse_factor),
    }
    types = {"acc_t": _bounds(node, inputs).cpp(_fractions(node, inputs)[3])}
    names = ("weight", "bias", *(("context_weight",) if h else ()))
    arrays = tuple(
        Constants(name, node.get_ints(name), node.get_type(f"{name}_", signed=True))
        for name in names
    )
    for c in arrays:
        settings[f"{c.name}_size"] = len(c.codes)
        types |= {f"{c.name}_t": c.type.cpp, f"{c.name}_code_t": c.code_type}
    function = "dense" + ("_context" if h else "") + ("_selected" if k > 1 else "")
    return KernelCall(function, settings, types, arrays)


def relu_prefix(node: Node) -> str | None:
    return "" if node.get_int("relu") else None


DENSE = Operator(
    "Dense", "dense.h", arguments, infer, evaluate, meaning, cost, rtl, hls, relu_prefix=relu_prefix
)
