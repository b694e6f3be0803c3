"""Minkowski products with the whole jet, from polar coordinates: `JetDotPolar`, `JetMassPolar`.

In its own frame the jet is ``J = (m_T, p_T, 0, 0)``. It enters as `jet_pt` and `jet_excess`,
m_T - p_T, so that nothing cancels. For a massless constituent

    p_i . J = pt_i (jet_pt (cosh y_i - cos phi_i) + jet_excess cosh y_i)
    J . J   = jet_excess (2 jet_pt + jet_excess)

``cosh y - 1`` and ``1 - cos phi`` are small, non-negative and read from tables.

In hardware, for each constituent: two table look-ups, two products and an addition for what is
in brackets, rounded, and one product with pt_i. J . J is one product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Options, Particles, Signal, Vector
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operator,
    align,
    require,
)
from triggernet.program.operators.blocks import (
    Block,
    Bounds,
    concatenate,
    joined,
    n_particles,
)
from triggernet.program.operators.hardware import (
    aligned,
    angles,
    as_particles,
    as_vector,
    product,
)
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node
from triggernet.program.operators.polar import (
    angle_fraction,
    angle_table,
    angles_meaning,
    check_inputs,
    check_jet,
    largest_angles,
    polar_call,
    table_bounds,
    tables_meaning,
)
from triggernet.program.operators.polar_cost import jet_cost, mass_cost


def _jet_fraction(inputs: Inputs) -> int:
    return max(inputs[-2].type.fraction, inputs[-1].type.fraction)


def _jet_codes(inputs: Inputs, values: tuple[Codes, ...], bits: int) -> tuple[Codes, Codes]:
    """The jet's two inputs on their finer grid."""
    jet_pt, excess = (
        align(v, x, _jet_fraction(inputs), bits)
        for v, x in zip(values[-2:], inputs[-2:], strict=True)
    )
    return jet_pt, excess


def inner_bounds(node: Node, inputs: Inputs) -> Interval:
    """Bounds of jet_pt (cosh y - cos phi) + jet_excess cosh y, before its quantiser."""
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (Interval.of(x, fraction) for x in inputs[-2:])
    one = 1 << angle_fraction(node)
    eta, phi = table_bounds(node, inputs[1:3], largest_angles(inputs[1:3]))
    return jet_pt * (eta + phi) + excess * (eta + Interval(one, one))


def jet_bounds(node: Node, inputs: Inputs) -> Bounds:
    """Bounds and grid of the constituents' products with the jet."""
    inner, fraction = node.inner("inner_"), _jet_fraction(inputs) + angle_fraction(node)
    exact = inner_bounds(node, inputs)
    bounds = Interval(*inner.range_of(exact.lo, exact.hi, fraction))
    return Interval.of(inputs[0]) * bounds, inputs[0].type.fraction + inner.type.fraction


def jet_block(node: Node, inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    """The constituents' products with the jet, (n, N)."""
    pt, eta, phi = values[:3]  # (n, N) each
    jet_pt, excess = _jet_codes(inputs, values, bits)  # (n, 1) each
    cosh = exact_int(angle_table(node, "eta_table", inputs[1])[abs(eta)], bits)  # cosh - 1, (n, N)
    angle = cosh + exact_int(angle_table(node, "phi_table", inputs[2])[abs(phi)], bits)  # (n, N)
    one = 1 << angle_fraction(node)
    exact = jet_pt * angle + excess * (cosh + one)  # (n, N)
    inner = node.inner("inner_")
    codes = exact_int(inner(exact, _jet_fraction(inputs) + angle_fraction(node)), bits)  # (n, N)
    return exact_int(pt, bits) * codes, inputs[0].type.fraction + inner.type.fraction


def energy_bounds(inputs: Inputs) -> Bounds:
    """Bounds and grid of J . b = m_T = jet_pt + jet_excess, for either beam."""
    fraction = _jet_fraction(inputs)
    return Interval.of(inputs[-2], fraction) + Interval.of(inputs[-1], fraction), fraction


def energy_block(inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    """The product of the jet with either beam, (n, 1)."""
    jet_pt, excess = _jet_codes(inputs, values, bits)  # (n, 1) each
    return jet_pt + excess, _jet_fraction(inputs)


def _mass_bounds(inputs: Inputs) -> Bounds:
    fraction = _jet_fraction(inputs)
    jet_pt, excess = (Interval.of(x, fraction) for x in inputs[-2:])
    bounds = Interval.of(inputs[-1]) * (jet_pt.scaled(2) + excess)
    return bounds, inputs[-1].type.fraction + fraction


def _mass_block(inputs: Inputs, values: tuple[Codes, ...], bits: int) -> Block:
    jet_pt, excess = _jet_codes(inputs, values, bits)  # (n, 1) each
    return exact_int(values[-1], bits) * (2 * jet_pt + excess), _mass_bounds(inputs)[1]


def jet_arguments(node: Node) -> tuple[str, ...]:
    return ("pt", "eta", "phi", "jet_pt", "jet_excess")


def jet_infer(node: Node, inputs: Inputs) -> Exact:
    check_inputs(node, inputs)
    parts = [jet_bounds(node, inputs)]
    parts += [_mass_bounds(inputs)] if node.get_int("jet") else []
    parts += [energy_bounds(inputs)] if node.get_int("beams") else []
    bounds, fraction = joined(parts)
    inner_bits = inner_bounds(node, inputs).bits
    return Exact((n_particles(node, inputs[0].size), 1), fraction, bounds, inner_bits)


def jet_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = jet_infer(node, inputs)
    blocks = [jet_block(node, inputs, values, exact.bits)]  # p_i . J, (n, N)
    if node.get_int("jet"):
        blocks.append(_mass_block(inputs, values, exact.bits))  # J . J, (n, 1)
    if node.get_int("beams"):
        blocks += [energy_block(inputs, values, exact.bits)] * 2  # J . b, (n, 1) each
    return concatenate(blocks, exact.fraction)[:, :, None]  # (n, M, 1)


def products_meaning(node: Node) -> str:
    """ONNX: `d_jet`, the constituents' products with the jet, and `energy`, either beam's."""
    return f"""
    {angles_meaning("eta", "phi")}
    one = Constant <value = double {{1.0}}> ()
    eta_full = Add (eta_cosh, one)
    inner_pt = Mul (jet_pt, eta_angle)
    inner_excess = Mul (jet_excess, eta_full)
    inner_exact = Add (inner_pt, inner_excess)
    {text.quantise("inner_exact", "inner", "inner_", node.quantiser.rounding)}
    d_jet = Mul (pt, inner)
    energy = Add (jet_pt, jet_excess)"""


_MASS_MEANING = """
    mass_two = Constant <value = double {2.0}> ()
    mass_twice = Mul (jet_pt, mass_two)
    mass_sum = Add (mass_twice, jet_excess)
    mass = Mul (jet_excess, mass_sum)"""


def jet_meaning(node: Node) -> str:
    parts = ["d_jet", *(["mass"] if node.get_int("jet") else [])]
    parts += ["energy", "energy"] if node.get_int("beams") else []
    return f"""
    {tables_meaning()}
    {products_meaning(node)}
    {_MASS_MEANING}
    together = Concat <axis = 1> ({", ".join(parts)})
    last = Constant <value_ints: ints = [-1]> ()
    y = Unsqueeze (together, last)"""


def jet_products(
    node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric
) -> Particles:
    """p_i . J of every constituent through the node's quantiser, (N, 1)."""
    jet = [as_vector(fabric, s)[0] for s in signals[-2:]]  # jet_pt, jet_excess: (2,)
    if fabric.options.dsp != "all":  # three times the jet's momenta, once for all particles
        jet += [fabric.top.add(wire, wire, shift=1) for wire in jet]  # (4,)
    kind = Kind(
        f"{node.output}_jet",
        f"{node.name}: the product of one particle with the jet, quantised.",
        ("pt", "eta", "phi", "jet_pt", "jet_excess", "triple_pt", "triple_excess")[: 3 + len(jet)],
        ("dot",),
    )
    tensors = [as_particles(s) for s in signals[:3]]  # pt, eta, phi: (L, 1) each
    kernel = _jet_kernel(node, inputs, fabric.options)
    return as_particles(fabric.each(kind, kernel, tensors, jet))


def _jet_kernel(node: Node, inputs: Inputs, options: Options) -> Callable[..., list[Wire]]:
    tables = (
        angle_table(node, "eta_table", inputs[1]),
        angle_table(node, "phi_table", inputs[2]),
    )
    finest, dsp = _jet_fraction(inputs), options.dsp == "all"
    fraction, inner = finest + angle_fraction(node), node.inner("inner_")

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        pt, eta, phi, jet_pt, excess, *triples = wires  # one particle; the jet; 3 times the jet
        triple_pt, triple_excess = triples or (None, None)
        cosh, cos = angles(b, eta, phi, tables, block=options.tables == "bram")
        full = b.add(cosh, constant(1 << angle_fraction(node)))
        first = product(b, jet_pt, b.add(cosh, cos), dsp=dsp, triple=triple_pt)
        second = product(b, excess, full, dsp=dsp, triple=triple_excess)
        grids = [x.type.fraction for x in inputs[-2:]]
        exact = b.add(aligned(b, first, grids[0], finest), aligned(b, second, grids[1], finest))
        bracket = quantise(b, exact, fraction, inner, registered=True)
        d = product(b, pt, bracket, dsp=dsp)
        grid = inputs[0].type.fraction + inner.type.fraction
        return [quantise(b, d, grid, node.quantiser, registered=True)]

    return kernel


def jet_energy(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Wire:
    """J . b for either beam, through the node's quantiser."""
    top, finest = fabric.top, _jet_fraction(inputs)
    parts = [
        aligned(top, as_vector(fabric, s)[0], x.type.fraction, finest)
        for s, x in zip(signals[-2:], inputs[-2:], strict=True)
    ]
    return quantise(top, top.add(parts[0], parts[1]), finest, node.quantiser)


def jet_mass(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Wire:
    """J . J through the node's quantiser."""
    top, finest = fabric.top, _jet_fraction(inputs)
    jet_pt, excess = (as_vector(fabric, s)[0] for s in signals[-2:])
    pt, same = (
        aligned(top, wire, x.type.fraction, finest)
        for wire, x in zip((jet_pt, excess), inputs[-2:], strict=True)
    )
    twice = top.add(same, pt, shift=1)
    exact = product(top, excess, twice, dsp=fabric.options.dsp != "none")
    return quantise(top, exact, inputs[-1].type.fraction + finest, node.quantiser)


def jet_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    products = jet_products(node, inputs, signals, fabric)
    spurions = [jet_mass(node, inputs, signals, fabric)] if node.get_int("jet") else []
    if node.get_int("beams"):
        spurions += [jet_energy(node, inputs, signals, fabric)] * 2
    if not spurions:
        return products
    lanes = (*fabric.together(products).lanes, *((wire,) for wire in spurions))  # (M, 1)
    return Particles(lanes, len(lanes))


def inner_types(node: Node, inputs: Inputs) -> dict[str, str]:
    """C++ types of jet_pt (cosh y - cos phi) + jet_excess cosh y and of what is kept of it."""
    grid = _jet_fraction(inputs) + angle_fraction(node)
    return {
        "inner_exact_t": inner_bounds(node, inputs).cpp(grid),
        "inner_t": node.inner("inner_").cpp,
    }


def jet_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    call = polar_call(
        node, inputs, reuse_factor, table_bounds(node, inputs[1:3], largest_angles(inputs[1:3]))
    )
    types = {**call.types, **inner_types(node, inputs)}
    return replace(call, function="jet_dot_polar", types=types)


JET_DOT_POLAR = Operator(
    "JetDotPolar",
    "polar_dot.h",
    jet_arguments,
    jet_infer,
    jet_evaluate,
    jet_meaning,
    jet_cost,
    jet_rtl,
    jet_hls,
)


def mass_arguments(node: Node) -> tuple[str, ...]:
    return ("jet_pt", "jet_excess")


def mass_infer(node: Node, inputs: Inputs) -> Exact:
    check_jet(node, inputs)
    shapes = [x.shape for x in inputs]
    require(shapes == [(1,), (1,)], node, f"inputs of shapes {shapes}; expected (1,)")
    bounds, fraction = _mass_bounds(inputs)
    return Exact((1,), fraction, bounds)


def mass_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    return _mass_block(inputs, values, mass_infer(node, inputs).bits + 1)[0]


def mass_meaning(node: Node) -> str:
    return f"{_MASS_MEANING}\n    y = Identity (mass)"


def mass_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    return Vector((jet_mass(node, inputs, signals, fabric),))


def mass_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    return KernelCall("jet_mass_polar")


JET_MASS_POLAR = Operator(
    "JetMassPolar",
    "polar_dot.h",
    mass_arguments,
    mass_infer,
    mass_evaluate,
    mass_meaning,
    mass_cost,
    mass_rtl,
    mass_hls,
)
