"""The HLS side of the operators on edges and of those that act value by value."""

from __future__ import annotations

from dataclasses import replace

from triggernet.deployment.hls.kernel_call import Constants, KernelCall, code_type, covering, lanes
from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.base import Inputs, Interval, n_pairs
from triggernet.program.operators.edge_join import argument, grids
from triggernet.program.operators.mitchell_log import argument_grid, largest_exponent
from triggernet.program.operators.node import Node
from triggernet.program.operators.table import word_type
from triggernet.program.operators.vector_update import (
    inner,
    matrix_bounds,
    matrix_fraction,
    product_bounds,
)


def mitchell_log(node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    """Settings of the shifter and the type of the exact logarithm."""
    (x,) = inputs
    (grid, up), exponent = argument_grid(node, x), largest_exponent(node, x)
    largest = (1 << grid) + (max(-x.type.min_int, x.type.max_int) << up)
    settings = {
        "n_values": x.size,
        "up": up,
        "grid": grid,
        "max_exponent": exponent,
        "argument_width": max(largest.bit_length(), x.type.width) + 1,
    }
    top = (exponent + 1) << (grid + exponent)
    exact = FixedPoint.covering(-top if x.lo < 0 else 0, top, grid + exponent)
    return KernelCall("mitchell_log", "mitchell_log.h", settings, {"exact_t": exact.cpp})


def table(node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    """The words and where they begin."""
    words = Constants("table", node.get_ints("table"), word_type(node))
    settings = {
        "n_values": inputs[0].size,
        "lowest": inputs[0].type.min_int,
        "table_size": len(words.codes),
    }
    types = {"table_t": words.type.cpp, "table_code_t": code_type(words)}
    return KernelCall("table", "table.h", settings, types, (words,))


def multiply(_node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    """Sizes and the type of the exact product."""
    x, y = inputs
    settings = {
        "n_values": x.size,
        "n_repeat": x.size // y.size,
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(x.size, reuse_factor),
    }
    bounds = Interval.of(x) * Interval.of(y)
    exact = covering(bounds, x.type.fraction + y.type.fraction)
    return KernelCall("multiply", "multiply.h", settings, {"exact_t": exact})


def edge_join(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    """Sizes, C and a type that holds every sum on the way."""
    m, g = inputs[0].shape
    settings = {
        "n_particles": m,
        "n_features": g,
        "relu": node.get_int("relu"),
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(n_pairs(m), reuse_factor),
    }
    _, finest = grids(node, inputs)
    ends = Interval.of(inputs[0], finest) + Interval.of(inputs[1], finest)
    types = {"acc_t": covering(argument(node, inputs) | ends, finest)}
    if not node.get_int("pair_features"):
        return KernelCall("edge_join", "edge_join.h", settings, types)
    weight = Constants(
        "pair_weight", node.get_ints("pair_weight"), node.get_type("pair_weight_", signed=True)
    )
    settings |= {"n_pair": node.get_int("pair_features"), "pair_weight_size": len(weight.codes)}
    types["acc_t"] = covering(_partial_sums(node, inputs, weight) | ends, finest)
    types |= {"pair_weight_t": weight.type.cpp, "pair_weight_code_t": code_type(weight)}
    return KernelCall("edge_join", "edge_join.h", settings, types, (weight,))


def _partial_sums(node: Node, inputs: Inputs, weight: Constants) -> Interval:
    """Bounds of all sums, and of each product with C by itself."""
    fp, finest = grids(node, inputs)
    total = argument(node, inputs)
    for code in weight.codes:
        total = total | Interval.of(inputs[2]).scaled(code).shifted(finest - fp)
    return total


def edge_sum(node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    """Sizes and the type of the exact sum."""
    x, present = inputs
    m = node.get_int("n_particles")
    settings = {
        "n_particles": m,
        "n_constituents": present.size,
        "n_features": x.shape[1],
        "ways": 1 + node.get_int("directed"),
    }
    bounds = (Interval.of(x) | Interval(0, 0)).scaled(m - 1)
    return KernelCall(
        "edge_sum", "edge_sum.h", settings, {"acc_t": covering(bounds, x.type.fraction)}
    )


def vector_update(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    """Sizes and a type for every intermediate result."""
    (d, w, present), m = inputs, node.get_int("n_particles")
    settings = {
        "n_particles": m,
        "n_constituents": present.size,
        "ways": 1 + node.get_int("directed"),
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(m * m * (2 * m - 1), reuse_factor),
        "matrix_fraction": matrix_fraction(node, inputs),
    }
    fraction = matrix_fraction(node, inputs)
    diagonal, other = matrix_bounds(node, inputs)
    first, second = product_bounds(node, inputs)
    quantiser = inner(node)
    matrix = diagonal | other | Interval(-1, 1 << fraction)
    kept = quantiser.type.fraction + fraction
    scaled = replace(w.type, integer=w.type.integer - node.get_int("shift"))
    twice = second.scaled(2) + second.scaled(-1) + second.scaled(-1) | second.scaled(2)
    half = FixedPoint.covering(min(twice.lo, -1), twice.hi, kept)
    types = {
        "one_t": f"ap_uint<{fraction + 1}>",
        "scaled_t": scaled.cpp,
        "matrix_t": covering(matrix | other.scaled(-1), fraction),
        "first_t": covering(first, fraction + d.type.fraction),
        "inner_t": quantiser.cpp,
        "second_t": covering(second, kept),
        "twice_t": half.cpp,
        "half_t": replace(half, integer=half.integer - 1).cpp,
    }
    return KernelCall("vector_update", "vector_update.h", settings, types)


def spurion_flag(node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    """Sizes alone."""
    settings = {"n_particles": node.get_int("n_particles"), "n_constituents": inputs[0].size}
    return KernelCall("spurion_flag", "spurion_flag.h", settings)
