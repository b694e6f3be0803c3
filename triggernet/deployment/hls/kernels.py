"""The HLS side of the operator table: which kernel a node calls, with which types and constants.

Every intermediate type is stated here from the exact bounds of the tensors, so that in the C++
only the assignments to the quantisers' types change a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from triggernet.deployment.hls import edge_kernels
from triggernet.deployment.hls.kernel_call import Constants, KernelCall, code_type, covering, lanes
from triggernet.errors import UnsupportedError
from triggernet.program.operators.base import Inputs, Interval, n_pairs
from triggernet.program.operators.node import Node, Tensor

# Kernels that take their result before the inputs, because the number of inputs varies.
RESULT_FIRST = frozenset({"Stack", "Concat"})

Describe = Callable[[Node, Inputs, int], KernelCall]


def result_position(node: Node) -> int:
    """Place of the result among the arguments of a node's call."""
    return 0 if node.op in RESULT_FIRST else len(node.inputs)


def _finest(tensors: Iterable[Tensor]) -> int:
    return max(t.type.fraction for t in tensors)


def _spurions(node: Node, n_constituents: int) -> dict[str, int]:
    jets, beams = node.get_int("jet"), 2 * node.get_int("beams")
    m = n_constituents + jets + beams
    return {
        "n_constituents": n_constituents,
        "n_jets": jets,
        "n_beams": beams,
        "n_particles": m,
        "n_pairs": n_pairs(m),
    }


def _folded(node: Node, n: int, reuse_factor: int) -> dict[str, int]:
    return _spurions(node, n) | {
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(n_pairs(n), reuse_factor),
        "jet_lanes": lanes(n, reuse_factor),
    }


def _table(node: Node, name: str, prefix: str, angle: Tensor) -> Constants:
    codes, size = node.get_ints(name), 1 << angle.type.width
    if len(codes) != size:
        raise UnsupportedError(
            f"node '{node.name}' ({node.op}): {name} has {len(codes)} entries; differences of "
            f"'{angle.name}' ({angle.type}) need {size}"
        )
    return Constants(name, codes, node.get_type(prefix, signed=False))


def _polar(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    """What the kernels that read the angular tables share."""
    eta, phi = (
        _table(node, name, "table_", angle)
        for name, angle in (("eta_table", inputs[1]), ("phi_table", inputs[2]))
    )
    word = eta.type
    one = 1 << max(word.fraction, 0)
    cosh = Interval(0, max(eta.codes))
    angle = cosh + Interval(0, max(phi.codes))
    settings = _folded(node, inputs[0].size, reuse_factor) | {
        "eta_size": len(eta.codes),
        "phi_size": len(phi.codes),
    }
    types = {
        "code_t": code_type(eta),
        "table_t": word.cpp,
        "angle_t": covering(angle, word.fraction),
        "cosh_t": covering(
            cosh.shifted(max(-word.fraction, 0)) + Interval(one, one), max(word.fraction, 0)
        ),
    }
    return KernelCall("", "polar_dot.h", settings, types, (eta, phi))


def _inner_types(node: Node, inputs: Inputs, call: KernelCall) -> dict[str, str]:
    """Types of jet_pt (cosh - cos) + jet_excess cosh."""
    word = call.constants[0].type
    grid = max(word.fraction, 0)
    jet = _finest(inputs[3:5])
    pt, excess = (Interval.of(t, jet) for t in inputs[3:5])
    cosh = Interval(0, max(call.constants[0].codes)).shifted(grid - word.fraction)
    angle = cosh + Interval(0, max(call.constants[1].codes)).shifted(grid - word.fraction)
    one = Interval(1 << grid, 1 << grid)
    exact = pt * angle + excess * (cosh + one)
    return {
        "inner_exact_t": covering(exact, jet + grid),
        "inner_t": node.inner("inner_").cpp,
    }


def _pair_dot_polar(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    call = _polar(node, inputs, reuse_factor)
    settings, types, constants = dict(call.settings), dict(call.types), call.constants
    types["product_t"] = node.inner("product_").cpp
    if node.get_int("jet"):
        types |= _inner_types(node, inputs, call)
    if node.get_int("beams"):
        exp = _table(node, "exp_table", "exp_", inputs[1])
        settings["exp_size"] = len(exp.codes)
        types |= {"exp_code_t": code_type(exp), "exp_t": exp.type.cpp}
        constants = (*constants, exp)
    return KernelCall("pair_dot_polar", call.header, settings, types, constants)


def _jet_dot_polar(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    call = _polar(node, inputs, reuse_factor)
    types = dict(call.types) | _inner_types(node, inputs, call)
    return KernelCall("jet_dot_polar", call.header, call.settings, types, call.constants)


def _jet_mass_polar(_node: Node, _inputs: Inputs, _reuse: int) -> KernelCall:
    return KernelCall("jet_mass_polar", "polar_dot.h")


def _dot_type(p: Inputs, q: Inputs) -> str:
    """Type of E E' - px px' - py py' - pz pz' of two four-momenta."""
    fraction = max(a.type.fraction + b.type.fraction for a, b in zip(p, q, strict=True))
    total = Interval(0, 0)
    for k, (a, b) in enumerate(zip(p, q, strict=True)):
        term = (Interval.of(a) * Interval.of(b)).scaled(1 if k == 0 else -1)
        total = total + term.shifted(fraction - a.type.fraction - b.type.fraction)
    return covering(total, fraction)


def _pair_dot_cartesian(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    settings = _folded(node, inputs[0].size, reuse_factor)
    types = {"dot_t": _dot_type(inputs[:4], inputs[:4])}
    if node.get_int("jet"):
        types["jet_dot_t"] = _dot_type(inputs[:4], inputs[4:])
    return KernelCall("pair_dot_cartesian", "cartesian_dot.h", settings, types)


def _jet_dot_cartesian(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    settings = _folded(node, inputs[0].size, reuse_factor)
    types = {
        "jet_dot_t": _dot_type(inputs[:4], inputs[4:]),
        "mass_t": _dot_type(inputs[4:], inputs[4:]),
    }
    return KernelCall("jet_dot_cartesian", "cartesian_dot.h", settings, types)


def _jet_mass_cartesian(_node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    types = {"mass_t": _dot_type(inputs, inputs)}
    return KernelCall("jet_mass_cartesian", "cartesian_dot.h", {}, types)


def _pair_row_sum(node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    m = node.get_int("n_particles")
    acc = covering(Interval.of(inputs[0]).scaled(m - 1), inputs[0].type.fraction)
    return KernelCall("pair_row_sum", "pair_row_sum.h", {"n_particles": m}, {"acc_t": acc})


def _sum(_node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    particles, features = inputs[0].shape
    settings = {
        "n_particles": particles,
        "n_features": features,
        "n_constituents": inputs[1].size if len(inputs) > 1 else particles,
    }
    bounds = (Interval.of(inputs[0]) | Interval(0, 0)).scaled(particles)
    types = {"acc_t": covering(bounds, inputs[0].type.fraction)}
    return KernelCall("sum", "reduce.h", settings, types)


def _count(_node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    n = inputs[0].size
    return KernelCall(
        "count", "reduce.h", {"n_constituents": n}, {"acc_t": covering(Interval(0, n), 0)}
    )


def _stack(_node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    settings = {"n_particles": inputs[0].size, "n_features": len(inputs)}
    return KernelCall("stack", "reduce.h", settings)


def _concat(_node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    lengths = tuple(x.shape[-1] for x in inputs)
    settings = {"n_rows": inputs[0].size // lengths[0], "n_features": sum(lengths)}
    return KernelCall("concat", "concat.h", settings, members=_choice("length", "k", lengths))


def _add(node: Node, inputs: Inputs, _reuse: int) -> KernelCall:
    subtract, grid = node.get_int("subtract"), _finest(inputs)
    x, y = (Interval.of(t, grid) for t in inputs)
    settings = {"n_values": inputs[0].size, "n_other": inputs[1].size, "subtract": subtract}
    bounds = x | (x + y.scaled(-1 if subtract else 1))
    return KernelCall("add", "add.h", settings, {"acc_t": covering(bounds, grid)})


def _dense(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    x = inputs[0]
    rows = x.shape[0] if len(x.shape) > 1 else 1
    k, f, g, h = (
        node.get_int(a) for a in ("n_select", "in_features", "out_features", "context_features")
    )
    constants = [_signed(node, "weight"), _signed(node, "bias")]
    constants += [_signed(node, "context_weight")] if h else []
    settings = {
        "n_rows": rows,
        "n_in": f,
        "n_out": g,
        "n_context": h,
        "n_select": k,
        "relu": node.get_int("relu"),
        "reuse_factor": reuse_factor,
        "multiplier_limit": lanes(rows * f * g, reuse_factor),
    }
    types = {"acc_t": _dense_accumulator(node, inputs)}
    for c in constants:
        settings[f"{c.name}_size"] = len(c.codes)
        types |= {f"{c.name}_t": c.type.cpp, f"{c.name}_code_t": code_type(c)}
    name = "dense" + ("_context" if h else "") + ("_selected" if k > 1 else "")
    return KernelCall(name, "dense.h", settings, types, tuple(constants))


def _signed(node: Node, name: str) -> Constants:
    return Constants(name, node.get_ints(name), node.get_type(f"{name}_", signed=True))


def _dense_accumulator(node: Node, inputs: Inputs) -> str:
    """Type of the sums over all sets and outputs, from the constants' values."""
    k, g = node.get_int("n_select"), node.get_int("out_features")
    parts = [(_signed(node, "weight"), inputs[0]), (_signed(node, "bias"), None)]
    if node.get_int("context_features"):
        parts.append((_signed(node, "context_weight"), inputs[1]))
    grids = [c.type.fraction + (t.type.fraction if t else 0) for c, t in parts]
    finest = max(grids)
    total = Interval(0, 0)
    for s in range(k):
        for out in range(g):
            column = Interval(0, 0)
            for (c, t), grid in zip(parts, grids, strict=True):
                values = Interval.of(t) if t else Interval(1, 1)
                size = len(c.codes) // k
                for code in c.codes[s * size + out : (s + 1) * size : g]:
                    column = column + values.scaled(code).shifted(finest - grid)
            total = total | column
    return covering(total, finest)


def _pair_relu(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    d, a, present = inputs
    m, terms = a.shape
    channels, signs = node.get_int("n_channels"), node.get_ints("signs")
    grid = _finest((d, a))
    both = Interval.of(d, grid) | Interval.of(d, grid).scaled(-1)
    exact = both + Interval.of(a, grid) + Interval.of(a, grid)
    z = node.inner("z_")
    top = z.range_of(0, max(exact.hi, 0), grid)[1]
    leaves = n_pairs(m) * terms // channels
    step_lanes = lanes(n_pairs(m), reuse_factor)
    settings = {
        "n_constituents": present.size,
        "n_particles": m,
        "n_channels": channels,
        "n_terms": terms,
        "reuse_factor": reuse_factor,
        "n_lanes": step_lanes,
        "n_leaves": step_lanes * terms // channels,
    }
    types = {
        "exact_t": covering(exact, grid),
        "z_t": z.cpp,
        "acc_t": covering(Interval(0, top * leaves), z.type.fraction),
    }
    return KernelCall(
        "pair_relu", "pair_relu.h", settings, types, members=_choice("sign", "c", signs)
    )


def _choice(name: str, index: str, values: tuple[int, ...]) -> str:
    """A function from an index to one of `values`, constant where the index is."""
    chosen = "".join(f"{index} == {k} ? {v} : " for k, v in enumerate(values[:-1]))
    return f"static constexpr int {name}(int {index}) {{ return {chosen}{values[-1]}; }}"


KERNELS: Mapping[str, Describe] = MappingProxyType(
    {
        "PairDotPolar": _pair_dot_polar,
        "PairDotCartesian": _pair_dot_cartesian,
        "JetDotPolar": _jet_dot_polar,
        "JetDotCartesian": _jet_dot_cartesian,
        "JetMassPolar": _jet_mass_polar,
        "JetMassCartesian": _jet_mass_cartesian,
        "PairRowSum": _pair_row_sum,
        "Sum": _sum,
        "Count": _count,
        "Stack": _stack,
        "Concat": _concat,
        "Add": _add,
        "Dense": _dense,
        "PairRelu": _pair_relu,
        "MitchellLog": edge_kernels.mitchell_log,
        "Table": edge_kernels.table,
        "Multiply": edge_kernels.multiply,
        "EdgeJoin": edge_kernels.edge_join,
        "EdgeSum": edge_kernels.edge_sum,
        "VectorUpdate": edge_kernels.vector_update,
        "SpurionFlag": edge_kernels.spurion_flag,
    }
)
