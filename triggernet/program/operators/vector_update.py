"""`VectorUpdate`: products of vectors after each has moved along its differences to the others.

With v_i' = v_i + sum_j 2**-shift w_ij (v_i - v_j) = sum_j M_ij v_j, the rows of M add up to 1, and

    d_ij = -|v_i - v_j|^2 / 2   becomes   d'_ij = (G_ij + G_ji - G_ii - G_jj) / 2,   G = M d M^T

(d is the Gram matrix of light-like vectors; the identity holds for any vectors, since the weights
of v_i' - v_j' add up to 0). So no four-vector is needed in fixed point.

    u_ij = inner( sum_k M_ik d_kj )       G_ij = sum_l u_il M_jl       out[ij] = Q( d'_ij ), i < j

The rounding of u makes G_ij and G_ji differ a little; with both, no order of the particles matters.

Edges with an absent particle do not count. With `directed` = 0, both particles of a pair have one
weight.

In hardware: 2 N^2 - N products a row of M; rows share them where the design is folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, Quantiser, exact_int
from triggernet.program.netlist.arithmetic import quantise, total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Particles, Signal
from triggernet.program.netlist.pairs import entered, gathered
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
from triggernet.program.operators.hardware import as_pairs, as_particles, numbered
from triggernet.program.operators.kernel_call import KernelCall, lanes
from triggernet.program.operators.node import Node
from triggernet.program.operators.reduce import (
    mask_meaning,
    present_flags,
    present_mask,
    require_present,
)


def arguments(node: Node) -> tuple[str, ...]:
    return ("d", "w", "present")


def inner(node: Node) -> Quantiser:
    """The quantiser of u: signed, saturating."""
    return Quantiser(node.get_type("inner_", signed=True), node.quantiser.rounding, "SAT")


def _ways(node: Node) -> int:
    return 2 if node.get_int("directed") else 1


def matrix_fraction(node: Node, inputs: Inputs) -> int:
    """Grid of M."""
    return max(inputs[1].type.fraction + node.get_int("shift"), 0)


def matrix_bounds(node: Node, inputs: Inputs) -> tuple[Interval, Interval]:
    """Bounds of M on and off its diagonal."""
    fraction = matrix_fraction(node, inputs)
    up = fraction - inputs[1].type.fraction - node.get_int("shift")
    w = (Interval.of(inputs[1]) | Interval(0, 0)).shifted(up)
    one = Interval(1 << fraction, 1 << fraction)
    return one + w.scaled(node.get_int("n_particles") - 1), w.scaled(-1)


def product_bounds(node: Node, inputs: Inputs) -> tuple[Interval, Interval]:
    """Bounds of the exact sums u, and of G."""
    m = node.get_int("n_particles")
    diagonal, other = matrix_bounds(node, inputs)
    d = Interval.of(inputs[0]) | Interval(0, 0)
    u = diagonal * d + (other * d).scaled(m - 2)
    u = u | (other * d).scaled(m - 1)
    fraction = matrix_fraction(node, inputs) + inputs[0].type.fraction
    kept = Interval(*inner(node).range_of(u.lo, u.hi, fraction)) | Interval(0, 0)
    return u, diagonal * kept + (other * kept).scaled(m - 1)


def infer(node: Node, inputs: Inputs) -> Exact:
    d, w, present = inputs
    m = node.get_int("n_particles")
    pairs, edges = n_pairs(m), _ways(node) * n_pairs(m)
    require(
        d.shape == (pairs,) and w.shape == (edges, 1),
        node,
        f"d and w have shapes {d.shape} and {w.shape}; {m} particles need ({pairs},) and "
        f"({edges}, 1)",
    )
    require_present(node, present, m)
    u, g = product_bounds(node, inputs)
    result = g.scaled(2) + g.scaled(-1) + g.scaled(-1)
    fraction = inner(node).type.fraction + matrix_fraction(node, inputs) + 1
    return Exact((pairs,), fraction, result, max(u.bits, g.bits) + 2)


def _places(m: int, ways: int) -> tuple[Codes, Codes]:
    """For each (i, j) the row of the pair, and that of the edge i <- j; 0 on the diagonal."""
    pair: Codes = np.zeros((m, m), np.int64)  # (M, M), symmetric
    edge: Codes = np.zeros((m, m), np.int64)  # (M, M)
    for number, (i, j) in enumerate(zip(*pair_indices(m), strict=True)):
        pair[i, j] = pair[j, i] = number
        edge[i, j], edge[j, i] = ways * number, ways * number + ways - 1
    return pair, edge


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    bits, m = infer(node, inputs).bits + 1, node.get_int("n_particles")
    pair, edge = _places(m, _ways(node))
    fraction = matrix_fraction(node, inputs)
    up = fraction - inputs[1].type.fraction - node.get_int("shift")
    others: Codes = np.ones((m, m), np.int64) - np.eye(m, dtype=np.int64)
    mask = present_mask(values[2], m)  # (n, M)
    w = exact_int(values[1][:, :, 0], bits)[:, edge] << up  # (n, M, M), w_ij
    w = w * (mask[:, :, None] * mask[:, None] * others)  # (n, M, M), 0 on the diagonal
    # (n, M, M)
    diagonal = (w.sum(axis=2) + (1 << fraction))[:, :, None] * np.eye(m, dtype=np.int64)
    matrix = diagonal - w  # M, (n, M, M)
    d = exact_int(values[0], bits)[:, pair] * others  # (n, M, M), 0 on the diagonal
    u = inner(node)(np.matmul(matrix, d), fraction + inputs[0].type.fraction)  # (n, M, M)
    g = np.matmul(exact_int(u, bits), matrix.transpose(0, 2, 1))  # G, (n, M, M)
    i, j = pair_indices(m)  # (P,) each
    return np.asarray(g[:, i, j] + g[:, j, i] - g[:, i, i] - g[:, j, j])  # (n, P)


def meaning(node: Node) -> str:
    m = node.get_int("n_particles")
    pair, _ = _places(m, _ways(node))
    return f"""
    {text.length("particles", "d", 0)}
    n_particles = Constant <value = int64 {{{m}}}> ()
    {mask_meaning("n_particles")}
    square = Constant <value_ints: ints = [-1, {m}, {m}]> ()
    flat = Constant <value_ints: ints = [-1, {m * m}]> ()
    {_matrix_meaning(node)}
    pairs = Constant <value_ints: ints = [{_listed(pair)}]> ()
    d_all = Gather <axis = 1> (d, pairs)
    d_square = Reshape (d_all, square)
    d_kept = Mul (d_square, others)
    u_exact = MatMul (matrix, d_kept)
    {_signed_inner("u_exact", "u", node)}
    matrix_t = Transpose <perm = [0, 2, 1]> (matrix)
    g_square = MatMul (u, matrix_t)
    g = Reshape (g_square, flat)
    {_differences_meaning(m)}"""


def _listed(numbers: Codes) -> str:
    return ", ".join(str(v) for v in numbers.ravel())


def _matrix_meaning(node: Node) -> str:
    """ONNX: `matrix`, the M of each jet, and `others`, 1 off the diagonal."""
    m, ways = node.get_int("n_particles"), _ways(node)
    _, edge = _places(m, ways)
    others = ", ".join(f"{float(i != j)}" for i in range(m) for j in range(m))
    return f"""
    edge_flat = Constant <value_ints: ints = [-1, {ways * n_pairs(m)}]> ()
    others = Constant <value = double [{m}, {m}] {{{others}}}> ()
    edges = Constant <value_ints: ints = [{_listed(edge)}]> ()
    w_rows = Reshape (w, edge_flat)
    w_all = Gather <axis = 1> (w_rows, edges)
    w_square = Reshape (w_all, square)
    axis1 = Constant <value_ints: ints = [1]> ()
    axis2 = Constant <value_ints: ints = [2]> ()
    mask_i = Unsqueeze (mask, axis2)
    mask_j = Unsqueeze (mask, axis1)
    both = Mul (mask_i, mask_j)
    counted = Mul (both, others)
    scale = Constant <value = double {{{2.0 ** -node.get_int("shift")!r}}}> ()
    w_scaled = Mul (w_square, scale)
    w_kept = Mul (w_scaled, counted)
    w_sums = ReduceSum <keepdims = 1> (w_kept, axis2)
    one = Constant <value = double {{1.0}}> ()
    moved = Add (w_sums, one)
    own = Sub (one, others)
    diagonal = Mul (moved, own)
    matrix = Sub (diagonal, w_kept)"""


def _differences_meaning(m: int) -> str:
    """ONNX: `y` = (G_ij + G_ji - G_ii - G_jj) / 2 from `g`, the rows of G one after another."""
    i, j = pair_indices(m)
    return f"""
    at_upper = Constant <value_ints: ints = [{_listed(i * m + j)}]> ()
    at_lower = Constant <value_ints: ints = [{_listed(j * m + i)}]> ()
    at_first = Constant <value_ints: ints = [{_listed(i * m + i)}]> ()
    at_second = Constant <value_ints: ints = [{_listed(j * m + j)}]> ()
    g_ij = Gather <axis = 1> (g, at_upper)
    g_ji = Gather <axis = 1> (g, at_lower)
    g_ii = Gather <axis = 1> (g, at_first)
    g_jj = Gather <axis = 1> (g, at_second)
    own_sum = Add (g_ii, g_jj)
    g_sum = Add (g_ij, g_ji)
    twice = Sub (g_sum, own_sum)
    half = Constant <value = double {{0.5}}> ()
    y = Mul (twice, half)"""


def _signed_inner(source: str, result: str, node: Node) -> str:
    """ONNX: the inner quantiser, its limits as constants."""
    kind = inner(node).type
    rounded = "Floor" if node.quantiser.rounding == "FLOOR" else "Round"
    return f"""
    {result}_steps = Constant <value = double {{{2.0**kind.fraction!r}}}> ()
    {result}_low = Constant <value = double {{{float(kind.min_int)!r}}}> ()
    {result}_high = Constant <value = double {{{float(kind.max_int)!r}}}> ()
    {result}_scaled = Mul ({source}, {result}_steps)
    {result}_whole = {rounded} ({result}_scaled)
    {result}_capped = Min ({result}_whole, {result}_high)
    {result}_code = Max ({result}_capped, {result}_low)
    {result} = Div ({result}_code, {result}_steps)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    (d, w, _), m = inputs, node.get_int("n_particles")
    exact, (u, _) = infer(node, inputs), product_bounds(node, inputs)
    matrix = matrix_bounds(node, inputs)[0].bits
    kept, pairs = inner(node).type.width, n_pairs(m)
    fraction = matrix_fraction(node, inputs) + d.type.fraction
    return [
        Operation("select", w.size, (w.type.width, 2)),
        *adder_trees(m, m, w.type.width),
        Operation("multiply", m * m * (m - 1), (d.type.width, matrix), folds=True),
        *adder_trees(m * m, m - 1, d.type.width + matrix, folds=True),
        *quantise_cost(inner(node), u, fraction, m * m, folds=True),
        Operation("multiply", m * m * m, (kept, matrix), folds=True),
        *adder_trees(m * m, m, kept + matrix, folds=True),
        Operation("add", 3 * pairs, (exact.bits, exact.bits), levels=2),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, pairs),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """A row of M times d, and that times M, a slot each; then all products at once."""
    m, top = node.get_int("n_particles"), fabric.top
    pair = _places(m, 1)[0]
    d = [features[0] for features in gathered(as_pairs(fabric, signals[0]))]  # (P,)
    # columns j of d, (M, M)
    products = [[d[pair[k, j]] if k != j else constant(0) for k in range(m)] for j in range(m)]
    matrix = _matrix(node, inputs, signals, fabric)  # (M, M), all at once
    # u, a row (M,) in each lane
    rows = _times(node, fabric, "first", matrix, products, _first(node, inputs))
    second = fabric.together(matrix).lanes  # (M, M): rows of M are the columns of M^T
    g = fabric.together(_times(node, fabric, "second", rows, second, None)).lanes  # G, (M, M)
    exact, moved = infer(node, inputs), []
    for i, j in zip(*pair_indices(m), strict=True):
        own = top.add(g[i][i], g[j][j])
        wire = top.subtract(top.add(g[i][j], g[j][i]), own)
        moved.append((quantise(top, wire, exact.fraction, node.quantiser),))  # (P, 1)
    return entered(fabric, Particles(tuple(moved), len(moved)), m)


def _first(node: Node, inputs: Inputs) -> tuple[int, Quantiser]:
    """Grid of the exact sums u, and their quantiser."""
    return matrix_fraction(node, inputs) + inputs[0].type.fraction, inner(node)


def _matrix(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Particles:
    """The rows of M, all at once."""
    m, ways, top = node.get_int("n_particles"), _ways(node), fabric.top
    edge = _places(m, ways)[1]
    fraction = matrix_fraction(node, inputs)
    up = fraction - inputs[1].type.fraction - node.get_int("shift")
    edges = gathered(as_pairs(fabric, signals[1], ways))  # (P or 2 P, 1)
    nobody = Particles(((constant(0),),) * m, m)  # (M, 1)
    flags = present_flags(fabric, signals[2], nobody)  # (M,)
    rows = []
    for i in range(m):
        row = []
        for j in range(m):
            absent = top.missing([flags[i], flags[j]], constant(0))
            kept = top.gated(absent, edges[edge[i, j]][0], inverted=True)
            row.append(constant(0) if i == j else top.shifted(kept, up))
        minus = [top.subtract(constant(0), wire) for wire in row]  # (M,), -w_ij
        minus[i] = total(top, [*row, constant(1 << fraction)])  # 1 + sum_j w_ij
        rows.append(tuple(minus))
    return Particles(tuple(rows), m)


def _times(
    node: Node,
    fabric: Fabric,
    which: str,
    rows: Particles,
    columns: Sequence[Sequence[Wire]],
    quantised: tuple[int, Quantiser] | None,
) -> Particles:
    """Each row times a matrix that all rows share, given by its columns."""
    m = len(columns)

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        row, shared = wires[:m], wires[m:]  # (M,), (M M,)
        sums = []
        for j in range(m):
            column = shared[j * m : (j + 1) * m]  # (M,)
            terms = [_product(b, x, y) for x, y in zip(row, column, strict=True)]  # (M,)
            dot = total(b, terms)
            sums.append(dot if quantised is None else quantise(b, dot, *quantised))
        return sums

    kind = Kind(
        f"{node.output}_{which}",
        f"{node.name}: one row times a matrix.",
        numbered("x", m) + numbered("m", m * m),
        numbered("y", m),
    )
    shared = [wire for column in columns for wire in column]  # (M M,), column by column
    return as_particles(fabric.each(kind, kernel, [rows], shared))


def _product(b: Builder, x: Wire, y: Wire) -> Wire:
    if any(w.constant and w.lo == 0 for w in (x, y)):
        return constant(0)
    return b.multiply(x, y)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    """Types of the matrix, of both sums of products, and of twice the result and the result."""
    (d, w, present), m = inputs, node.get_int("n_particles")
    fraction, exact = matrix_fraction(node, inputs), infer(node, inputs)
    settings = {
        "n_particles": m,
        "n_constituents": present.size,
        "ways": _ways(node),
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(m * m * (2 * m - 1), reuse_factor),
        "matrix_fraction": fraction,
    }
    diagonal, other = matrix_bounds(node, inputs)
    first, second = product_bounds(node, inputs)
    quantiser = inner(node)
    types = {
        "one_t": f"ap_uint<{fraction + 1}>",
        "scaled_t": replace(w.type, integer=w.type.integer - node.get_int("shift")).cpp,
        "matrix_t": (diagonal | other).cpp(fraction),
        "first_t": first.cpp(fraction + d.type.fraction),
        "inner_t": quantiser.cpp,
        "second_t": second.cpp(quantiser.type.fraction + fraction),
        "twice_t": exact.range.cpp(exact.fraction - 1),
        "half_t": exact.cpp,
    }
    return KernelCall("vector_update", settings, types)


VECTOR_UPDATE = Operator(
    "VectorUpdate",
    "vector_update.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="edges",
)
