"""Minkowski products of all pairs, from polar coordinates in the jet frame: `PairDotPolar`.

For massless constituents

    p_i . p_j = pt_i pt_j ((cosh(y_i - y_j) - 1) + (1 - cos(phi_i - phi_j)))

both brackets are small, non-negative and read from a table, so that nothing cancels. Products with
the jet are those of `polar_jet`.

In hardware, for each pair: two subtractions with absolute value, two table look-ups, one addition
and two products (one DSP each up to 27 x 18 bits).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, FixedPoint, exact_int
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Options, Pairs, Particles, Signal
from triggernet.program.netlist.memory import lookup
from triggernet.program.netlist.pairs import entered, gathered, met
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators import polar_jet
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operator,
    constants,
    n_pairs,
    pair_indices,
)
from triggernet.program.operators.blocks import Block, Bounds, concatenate, joined, n_particles
from triggernet.program.operators.hardware import angles, as_alike, as_particles, product
from triggernet.program.operators.kernel_call import Constants, KernelCall
from triggernet.program.operators.node import Node
from triggernet.program.operators.polar import (
    angle_fraction,
    angle_table,
    angles_meaning,
    check_inputs,
    largest_angles,
    largest_differences,
    polar_call,
    table_bounds,
    tables_meaning,
)
from triggernet.program.operators.polar_cost import pair_cost


def arguments(node: Node) -> tuple[str, ...]:
    return ("pt", "eta", "phi", *(("jet_pt", "jet_excess") if node.get_int("jet") else ()))


def _exp_type(node: Node) -> FixedPoint:
    return node.get_type("exp_", signed=False)


def _exp_table(node: Node, inputs: Inputs) -> Codes:
    return constants(node, "exp_table", (1 << inputs[1].type.width,), _exp_type(node))


def _pair_bounds(node: Node, inputs: Inputs) -> Bounds:
    """Bounds and grid of the products among constituents."""
    pt, inner = inputs[0], node.inner("product_")
    product = Interval.of(pt) * Interval.of(pt)
    quantised = inner.range_of(product.lo, product.hi, 2 * pt.type.fraction)
    eta, phi = table_bounds(node, inputs[1:3], largest_differences(inputs[1:3]))
    fraction = inner.type.fraction + angle_fraction(node)
    return Interval(*quantised) * (eta + phi), fraction


def infer(node: Node, inputs: Inputs) -> Exact:
    check_inputs(node, inputs)
    pt = inputs[0]
    parts = [_pair_bounds(node, inputs)]
    inner_bits = (Interval.of(pt) * Interval.of(pt)).bits
    if node.get_int("jet"):
        parts.append(polar_jet.jet_bounds(node, inputs))
        inner_bits = max(inner_bits, polar_jet.inner_bounds(node, inputs).bits)
    if node.get_int("beams"):
        table = _exp_table(node, inputs)
        exp = Interval(int(table.min()), int(table.max()))
        parts += [(Interval.of(pt) * exp, pt.type.fraction + _exp_type(node).fraction)]
        parts += [(Interval(2, 2), 0)]
        parts += [polar_jet.energy_bounds(inputs)] if node.get_int("jet") else []
    bounds, fraction = joined(parts)
    return Exact((n_pairs(n_particles(node, pt.size)),), fraction, bounds, inner_bits + 1)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = infer(node, inputs)
    blocks = [_pair_block(node, inputs, values, exact.bits)]  # (n, N (N - 1) / 2)
    energy = []
    if node.get_int("jet"):
        energy = [polar_jet.energy_block(inputs, values, exact.bits)]  # J . b, (n, 1)
        blocks.append(polar_jet.jet_block(node, inputs, values, exact.bits))  # p_i . J, (n, N)
    if node.get_int("beams"):
        pt, eta = exact_int(values[0], exact.bits), values[1]  # (n, N) each
        for sign in (1, -1):
            blocks += [_beam_block(node, inputs, pt, sign * eta), *energy]  # p_i . b, (n, N); J . b
        blocks.append((exact_int(np.full((len(pt), 1), 2), exact.bits), 0))  # b . b', (n, 1)
    return concatenate(blocks, exact.fraction)  # (n, P)


def _pair_block(node: Node, inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    pt, eta, phi = exact_int(values[0], bits), values[1], values[2]  # (n, N) each
    i, j = pair_indices(pt.shape[1])  # (N (N - 1) / 2,) each
    eta_table = angle_table(node, "eta_table", inputs[1])
    phi_table = angle_table(node, "phi_table", inputs[2])
    # (n, N (N - 1) / 2)
    angle = eta_table[abs(eta[:, i] - eta[:, j])] + phi_table[abs(phi[:, i] - phi[:, j])]
    inner = node.inner("product_")
    product = inner(pt[:, i] * pt[:, j], 2 * inputs[0].type.fraction)  # (n, N (N - 1) / 2)
    codes = exact_int(product, bits) * exact_int(angle, bits)  # (n, N (N - 1) / 2)
    return codes, inner.type.fraction + angle_fraction(node)


def _beam_block(node: Node, inputs: Inputs, pt: Codes, eta: Codes) -> Block:
    kind = inputs[1].type
    index = np.minimum(eta, kind.max_int) - kind.min_int  # (n, N)
    return pt * _exp_table(node, inputs)[index], inputs[0].type.fraction + _exp_type(node).fraction


def meaning(node: Node) -> str:
    body = f"""
    {text.length("particles", "pt", 1)}
    {text.pairs("particles")}
    {tables_meaning()}
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
    {angles_meaning("eta_ij", "phi_ij")}
    d_pairs = Mul (product, eta_ij_angle)"""
    parts = ["d_pairs"]
    if node.get_int("jet"):
        body += polar_jet.products_meaning(node)
        parts.append("d_jet")
    if node.get_int("beams"):
        body += _beams_meaning()
        jet = ["energy"] if node.get_int("jet") else []
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


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """One kernel a lane of the ring; products with spurions join them, in a ring of their own."""
    pt, eta, phi = as_alike(fabric, signals[:3])  # (L, 1) each
    joint = Particles(
        tuple((p[0], e[0], f[0]) for p, e, f in zip(pt.lanes, eta.lanes, phi.lanes, strict=True)),
        pt.size,
    )
    # lanes (3 wires, 3 wires)
    meeting, kernel = met(fabric, joint), _pair_kernel(node, inputs, fabric.options)
    kind = Kind(
        f"{node.output}_pair",
        f"{node.name}: the Minkowski product of one pair of particles, quantised.",
        ("pt_i", "eta_i", "phi_i", "pt_j", "eta_j", "phi_j"),
        ("dot",),
    )
    # (ring lane, 1)
    lanes = [tuple(fabric.call(kind, kernel, (*one, *other))) for one, other in meeting.lanes]
    pairs = Pairs(tuple(lanes), meeting.ring, meeting.live, zero_without=pt)
    if not (node.get_int("jet") or node.get_int("beams")):
        return pairs
    spurions = _spurion_products(node, inputs, signals, fabric)  # (P - N (N - 1) / 2,)
    rows = (*gathered(pairs), *((wire,) for wire in spurions))  # (P, 1), all at once
    joined = entered(fabric, Particles(rows, len(rows)), n_particles(node, pt.size))
    return replace(joined, zero_without=pt)


def _pair_kernel(node: Node, inputs: Inputs, options: Options) -> Callable[..., list[Wire]]:
    tables = (
        angle_table(node, "eta_table", inputs[1]),
        angle_table(node, "phi_table", inputs[2]),
    )
    inner, dsp = node.inner("product_"), options.dsp != "none"
    fraction = inner.type.fraction + angle_fraction(node)

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        # both particles of a pair
        (pt_i, eta_i, phi_i), (pt_j, eta_j, phi_j) = wires[:3], wires[3:]
        exact = product(b, pt_i, pt_j, dsp=dsp)
        pt_pt = quantise(b, exact, 2 * inputs[0].type.fraction, inner, registered=True)
        eta, phi = b.subtract(eta_i, eta_j, "eta_ij"), b.subtract(phi_i, phi_j, "phi_ij")
        cosh, cos = angles(b, eta, phi, tables, block=options.tables == "bram")
        d = product(b, pt_pt, b.add(cosh, cos, name="angle"), dsp=dsp)
        return [quantise(b, d, fraction, node.quantiser, registered=True)]

    return kernel


def _spurion_products(
    node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric
) -> list[Wire]:
    """Products of the constituents with the spurions and of those among themselves, in order."""
    top, dots, energy = fabric.top, [], []
    if node.get_int("jet"):
        products = fabric.together(polar_jet.jet_products(node, inputs, signals, fabric))  # (N, 1)
        dots += [lane[0] for lane in products.lanes]
        energy = [polar_jet.jet_energy(node, inputs, signals, fabric)]
    if node.get_int("beams"):
        for sign in (1, -1):
            dots += [*_beam_products(node, inputs, signals, fabric, sign), *energy]
        dots.append(quantise(top, constant(2), 0, node.quantiser))
    return dots


def _beam_products(
    node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric, sign: int
) -> list[Wire]:
    table, angle = _exp_table(node, inputs), inputs[1].type
    values = [
        int(table[min(sign * eta, angle.max_int) - angle.min_int])
        for eta in range(inputs[1].lo, inputs[1].hi + 1)
    ]
    fraction = inputs[0].type.fraction + _exp_type(node).fraction

    def kernel(b: Builder, pt: Wire, eta: Wire) -> list[Wire]:
        factor = lookup(b, eta, values)
        exact = product(b, pt, factor, dsp=fabric.options.dsp == "all")
        return [quantise(b, exact, fraction, node.quantiser)]

    purpose = f"{node.name}: the product of one particle with a beam, quantised."
    which = "plus" if sign > 0 else "minus"
    kind = Kind(f"{node.output}_beam_{which}", purpose, ("pt", "eta"), ("dot",))
    tensors = [as_particles(s) for s in signals[:2]]
    products = fabric.together(as_particles(fabric.each(kind, kernel, tensors)))  # (N, 1)
    return [lane[0] for lane in products.lanes]


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    jet = bool(node.get_int("jet"))
    largest = largest_differences(inputs[1:3])
    if jet:  # the same tables serve angles to the jet
        own = largest_angles(inputs[1:3])
        largest = max(largest[0], own[0]), max(largest[1], own[1])
    reached = table_bounds(node, inputs[1:3], largest)
    call = polar_call(node, inputs, reuse_factor, reached)
    settings, types, arrays = dict(call.settings), dict(call.types), call.constants
    types["product_t"] = node.inner("product_").cpp
    types |= polar_jet.inner_types(node, inputs) if jet else {}
    if node.get_int("beams"):
        exp = Constants("exp_table", node.get_ints("exp_table"), _exp_type(node))
        settings["exp_size"] = len(exp.codes)
        types |= {"exp_code_t": exp.code_type, "exp_t": exp.type.cpp}
        arrays = (*arrays, exp)
    return KernelCall("pair_dot_polar", settings, types, arrays)


PAIR_DOT_POLAR = Operator(
    "PairDotPolar",
    "polar_dot.h",
    arguments,
    infer,
    evaluate,
    meaning,
    pair_cost,
    rtl,
    hls,
    rows="edges",
)
