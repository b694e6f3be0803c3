"""Minkowski products from polar coordinates in the jet frame: `PairDotPolar`, `JetDotPolar`,
`JetMassPolar`.

For massless constituents ``p_i . p_j = pt_i pt_j ((cosh(y_i - y_j) - 1) + (1 - cos(phi_i - phi_j)))``:
both brackets are small, non-negative and read from a table, so that nothing cancels. The jet is
``J = (m_T, p_T, 0, 0)`` in its own frame and enters as `jet_pt` and `jet_excess` = m_T - p_T:

    p_i . J = pt_i (jet_pt (cosh y_i - cos phi_i) + jet_excess cosh y_i)
    J . J   = jet_excess (2 jet_pt + jet_excess)

In hardware, for each pair: two subtractions with absolute value, two table look-ups, one addition
and two products (one DSP each up to 27 x 18 bits).
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.operators import onnx_text as text
from triggernet.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operator,
    align,
    constants,
    n_pairs,
    pair_indices,
    require,
)
from triggernet.operators.node import Node
from triggernet.operators.polar_cost import jet_cost, mass_cost, pair_cost

Block = tuple[Codes, int]  # codes (n, values) and their grid


def _table(node: Node, key: str, angle_width: int) -> Codes:
    return constants(node, key, (1 << angle_width,)).astype(np.int64)


def _flag(node: Node, key: str) -> bool:
    return bool(node.get_int(key))


def pair_arguments(node: Node) -> tuple[str, ...]:
    return ("pt", "eta", "phi", *(("jet_pt", "jet_excess") if _flag(node, "jet") else ()))


def _check(node: Node, inputs: Inputs) -> None:
    for tensor in inputs[1:3]:
        require(
            tensor.type.signed and tensor.type.fraction == 0,
            node,
            f"'{tensor.name}' has type {tensor.type}; angles are signed integers",
        )
    for tensor in (inputs[0], *inputs[3:]):
        require(not tensor.type.signed, node, f"'{tensor.name}' must be unsigned")


def _top(node: Node, key: str) -> int:
    return max(node.get_ints(key))


def _angle_fraction(node: Node) -> int:
    return node.get_type("table_", signed=False).fraction


def _jet_fraction(inputs: Inputs) -> int:
    return max(inputs[-2].type.fraction, inputs[-1].type.fraction)


def _inner_bounds(node: Node, inputs: Inputs) -> Interval:
    """Bounds of jet_pt (cosh y - cos phi) + jet_excess cosh y, before its quantiser."""
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (Interval.of(x, fraction) for x in inputs[-2:])
    one = 1 << _angle_fraction(node)
    eta = Interval(0, _top(node, "eta_table"))
    angle = eta + Interval(0, _top(node, "phi_table"))
    return jet_pt * angle + excess * (eta + Interval(one, one))


def _mass_bounds(inputs: Inputs) -> Interval:
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (Interval.of(x, fraction) for x in inputs[-2:])
    return Interval.of(inputs[-1]) * (jet_pt.scaled(2) + excess)


def _mass_fraction(inputs: Inputs) -> int:
    return inputs[-1].type.fraction + _jet_fraction(inputs)


def _jet_bounds(node: Node, inputs: Inputs) -> tuple[Interval, int]:
    """Bounds and grid of the products with the jet."""
    inner, fraction = node.inner("inner_"), _jet_fraction(inputs) + _angle_fraction(node)
    exact = _inner_bounds(node, inputs)
    bounds = Interval(*inner.range_of(exact.lo, exact.hi, fraction))
    return Interval.of(inputs[0]) * bounds, inputs[0].type.fraction + inner.type.fraction


def _energy_bounds(inputs: Inputs) -> tuple[Interval, int]:
    """Bounds and grid of J . b = m_T = jet_pt + jet_excess."""
    fraction = _jet_fraction(inputs)
    return Interval.of(inputs[-2], fraction) + Interval.of(inputs[-1], fraction), fraction


def _joined(parts: list[tuple[Interval, int]]) -> tuple[Interval, int]:
    """Bounds of several blocks on their finest grid."""
    fraction = max(f for _, f in parts)
    total = parts[0][0].shifted(fraction - parts[0][1])
    for bounds, f in parts[1:]:
        total = total | bounds.shifted(fraction - f)
    return total, fraction


def _concatenate(blocks: list[Block], fraction: int) -> Codes:
    return np.concatenate([codes << (fraction - f) for codes, f in blocks], axis=1)


def n_particles(node: Node, n_constituents: int) -> int:
    """Constituents and spurions."""
    return n_constituents + int(_flag(node, "jet")) + 2 * int(_flag(node, "beams"))


def _product_bounds(node: Node, inputs: Inputs) -> Interval:
    product = Interval.of(inputs[0]) * Interval.of(inputs[0])
    return Interval(
        *node.inner("product_").range_of(product.lo, product.hi, 2 * inputs[0].type.fraction)
    )


def pair_infer(node: Node, inputs: Inputs) -> Exact:
    _check(node, inputs)
    pt = inputs[0]
    angle = Interval(0, _top(node, "eta_table") + _top(node, "phi_table"))
    parts = [
        (
            _product_bounds(node, inputs) * angle,
            node.inner("product_").type.fraction + _angle_fraction(node),
        )
    ]
    inner_bits = (Interval.of(pt) * Interval.of(pt)).bits
    if _flag(node, "jet"):
        parts.append(_jet_bounds(node, inputs))
        inner_bits = max(inner_bits, _inner_bounds(node, inputs).bits)
    if _flag(node, "beams"):
        exp = Interval(0, _top(node, "exp_table"))
        fraction = node.get_type("exp_", signed=False).fraction
        parts += [(Interval.of(pt) * exp, pt.type.fraction + fraction), (Interval(2, 2), 0)]
        parts += [_energy_bounds(inputs)] if _flag(node, "jet") else []
    bounds, fraction = _joined(parts)
    return Exact((n_pairs(n_particles(node, pt.size)),), fraction, bounds, inner_bits + 1)


def pair_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = pair_infer(node, inputs)
    pt, eta, phi = values[:3]
    pt = exact_int(pt, exact.bits)
    i, j = pair_indices(pt.shape[1])
    eta_table = _table(node, "eta_table", inputs[1].type.width)
    phi_table = _table(node, "phi_table", inputs[2].type.width)
    angle = eta_table[abs(eta[:, i] - eta[:, j])] + phi_table[abs(phi[:, i] - phi[:, j])]
    product = node.inner("product_")
    codes = product(pt[:, i] * pt[:, j], 2 * inputs[0].type.fraction)
    blocks: list[Block] = [
        (exact_int(codes, exact.bits) * angle, product.type.fraction + _angle_fraction(node))
    ]
    energy = _energy(inputs, values, exact.bits) if _flag(node, "jet") else None
    if energy is not None:
        blocks.append(_jet_block(node, inputs, values, exact.bits))
    if _flag(node, "beams"):
        for sign in (1, -1):
            blocks.append(_beam_block(node, inputs, pt, sign * eta))
            blocks += [energy] if energy is not None else []
        blocks.append((exact_int(np.full((len(pt), 1), 2), exact.bits), 0))
    return _concatenate(blocks, exact.fraction)


def _energy(inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (
        align(v, x, fraction, bits) for v, x in zip(values[-2:], inputs[-2:], strict=True)
    )
    return jet_pt + excess, fraction


def _jet_block(node: Node, inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    pt, eta, phi = values[:3]
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (
        align(v, x, fraction, bits) for v, x in zip(values[-2:], inputs[-2:], strict=True)
    )
    cosh = _table(node, "eta_table", inputs[1].type.width)[abs(eta)]
    angle = cosh + _table(node, "phi_table", inputs[2].type.width)[abs(phi)]
    one = 1 << _angle_fraction(node)
    exact = jet_pt * angle + excess * (cosh + one)
    inner = node.inner("inner_")
    codes = exact_int(inner(exact, fraction + _angle_fraction(node)), bits)
    return exact_int(pt, bits) * codes, inputs[0].type.fraction + inner.type.fraction


def _beam_block(node: Node, inputs: Inputs, pt: Codes, eta: Codes) -> Block:
    kind = inputs[1].type
    table = _table(node, "exp_table", kind.width)
    index = np.minimum(eta, kind.max_int) - kind.min_int
    fraction = inputs[0].type.fraction + node.get_type("exp_", signed=False).fraction
    return pt * table[index], fraction


def _angles_meaning(eta: str, phi: str) -> str:
    """ONNX: `{cosh}`, `{angle}` from the differences `eta`, `phi` (float64)."""
    return f"""
    {eta}_size = Abs ({eta})
    {eta}_index = Cast <to = {text.INT64}> ({eta}_size)
    {eta}_cosh = Gather <axis = 0> (eta_table, {eta}_index)
    {phi}_size = Abs ({phi})
    {phi}_index = Cast <to = {text.INT64}> ({phi}_size)
    {phi}_cos = Gather <axis = 0> (phi_table, {phi}_index)
    {eta}_angle = Add ({eta}_cosh, {phi}_cos)"""


def _tables_meaning() -> str:
    return text.codes("eta_table", "eta_table", "table_") + text.codes(
        "phi_table", "phi_table", "table_"
    )


def _jet_meaning(node: Node) -> str:
    return f"""
    {_angles_meaning("eta", "phi")}
    one = Constant <value = double {{1.0}}> ()
    eta_full = Add (eta_cosh, one)
    inner_pt = Mul (jet_pt, eta_angle)
    inner_excess = Mul (jet_excess, eta_full)
    inner_exact = Add (inner_pt, inner_excess)
    {text.quantise("inner_exact", "inner", "inner_", node.quantiser.rounding)}
    d_jet = Mul (pt, inner)"""


def pair_meaning(node: Node) -> str:
    body = f"""
    {text.length("particles", "pt", 1)}
    {text.pairs("particles")}
    {_tables_meaning()}
    pt_i = Gather <axis = 1> (pt, pair_i)
    pt_j = Gather <axis = 1> (pt, pair_j)
    pt_pt = Mul (pt_i, pt_j)
    {text.quantise("pt_pt", "product", "product_", node.quantiser.rounding)}
    eta_i = Gather <axis = 1> (eta, pair_i)
    eta_j = Gather <axis = 1> (eta, pair_j)
    phi_i = Gather <axis = 1> (phi, pair_i)
    phi_j = Gather <axis = 1> (phi, pair_j)
    eta_ij = Sub (eta_i, eta_j)
    phi_ij = Sub (phi_i, phi_j)
    {_angles_meaning("eta_ij", "phi_ij")}
    d_pairs = Mul (product, eta_ij_angle)"""
    parts = ["d_pairs"]
    if _flag(node, "jet"):
        body += f"{_jet_meaning(node)}\n    energy = Add (jet_pt, jet_excess)"
        parts.append("d_jet")
    if _flag(node, "beams"):
        body += _beams_meaning()
        jet = ["energy"] if _flag(node, "jet") else []
        parts += ["d_plus", *jet, "d_minus", *jet, "d_beams"]
    return f"{body}\n    y = Concat <axis = 1> ({', '.join(parts)})"


def _beams_meaning() -> str:
    return f"""
    {text.codes("exp_table", "exp_table", "exp_")}
    exp_two = Constant <value_int: int = 2> ()
    exp_lengths = Shape (exp_table)
    exp_half = Div (exp_lengths, exp_two)
    exp_one = Constant <value_int: int = 1> ()
    exp_top = Sub (exp_half, exp_one)
    eta_code = Cast <to = {text.INT64}> (eta)
    eta_minus = Neg (eta_code)
    eta_capped = Min (eta_minus, exp_top)
    plus_index = Add (eta_code, exp_half)
    minus_index = Add (eta_capped, exp_half)
    plus_factor = Gather <axis = 0> (exp_table, plus_index)
    minus_factor = Gather <axis = 0> (exp_table, minus_index)
    d_plus = Mul (pt, plus_factor)
    d_minus = Mul (pt, minus_factor)
    first_axis = Constant <value_ints: ints = [1]> ()
    first_start = Constant <value_ints: ints = [0]> ()
    first_pt = Slice (pt, first_start, first_axis, first_axis)
    first_zero = Sub (first_pt, first_pt)
    two = Constant <value = double {{2.0}}> ()
    d_beams = Add (first_zero, two)"""


PAIR_DOT_POLAR = Operator(
    "PairDotPolar",
    "polar_dot.h",
    pair_arguments,
    pair_infer,
    pair_evaluate,
    pair_meaning,
    pair_cost,
)


def jet_arguments(node: Node) -> tuple[str, ...]:
    return ("pt", "eta", "phi", "jet_pt", "jet_excess")


def jet_infer(node: Node, inputs: Inputs) -> Exact:
    _check(node, inputs)
    parts = [_jet_bounds(node, inputs)]
    parts += [(_mass_bounds(inputs), _mass_fraction(inputs))] if _flag(node, "jet") else []
    parts += [_energy_bounds(inputs)] if _flag(node, "beams") else []
    bounds, fraction = _joined(parts)
    inner_bits = _inner_bounds(node, inputs).bits
    return Exact((n_particles(node, inputs[0].size), 1), fraction, bounds, inner_bits)


def jet_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = jet_infer(node, inputs)
    blocks = [_jet_block(node, inputs, values, exact.bits)]
    if _flag(node, "jet"):
        blocks.append(_mass(inputs, values, exact.bits))
    if _flag(node, "beams"):
        blocks += [_energy(inputs, values, exact.bits)] * 2
    return _concatenate(blocks, exact.fraction)[:, :, None]


def _mass(inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (
        align(v, x, fraction, bits) for v, x in zip(values[-2:], inputs[-2:], strict=True)
    )
    return exact_int(values[-1], bits) * (2 * jet_pt + excess), _mass_fraction(inputs)


MASS_MEANING = """
    mass_two = Constant <value = double {2.0}> ()
    mass_twice = Mul (jet_pt, mass_two)
    mass_sum = Add (mass_twice, jet_excess)
    mass = Mul (jet_excess, mass_sum)"""


def jet_meaning(node: Node) -> str:
    body = f"""
    {_tables_meaning()}
    {_jet_meaning(node)}
    {MASS_MEANING}
    energy = Add (jet_pt, jet_excess)"""
    parts = ["d_jet", *(["mass"] if _flag(node, "jet") else [])]
    parts += ["energy", "energy"] if _flag(node, "beams") else []
    return f"""{body}
    together = Concat <axis = 1> ({", ".join(parts)})
    last = Constant <value_ints: ints = [-1]> ()
    y = Unsqueeze (together, last)"""


JET_DOT_POLAR = Operator(
    "JetDotPolar", "polar_dot.h", jet_arguments, jet_infer, jet_evaluate, jet_meaning, jet_cost
)


def mass_arguments(node: Node) -> tuple[str, ...]:
    return ("jet_pt", "jet_excess")


def mass_infer(node: Node, inputs: Inputs) -> Exact:
    return Exact((1,), _mass_fraction(inputs), _mass_bounds(inputs))


def mass_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    return _mass(inputs, values, mass_infer(node, inputs).bits + 1)[0]


def mass_meaning(node: Node) -> str:
    return f"{MASS_MEANING}\n    y = Identity (mass)"


JET_MASS_POLAR = Operator(
    "JetMassPolar",
    "polar_dot.h",
    mass_arguments,
    mass_infer,
    mass_evaluate,
    mass_meaning,
    mass_cost,
)
