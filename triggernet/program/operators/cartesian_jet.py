"""Minkowski products with the jet, from four-momenta: `JetDotCartesian`, `JetMassCartesian`.

In hardware: four products and three additions a constituent, and as many for the mass.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Particles, Signal, Vector
from triggernet.program.netlist.wire import Wire, constant
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Operation,
    Operator,
)
from triggernet.program.operators.blocks import n_particles, pair_settings
from triggernet.program.operators.cartesian import (
    COMPONENTS,
    JET_COMPONENTS,
    aside,
    beam_bounds,
    beam_cost,
    beam_dots,
    check_momenta,
    common_fraction,
    components,
    dot,
    dot_bounds,
    dot_cost,
    dot_kernel,
    dot_meaning,
    jet_lane,
    momentum_bounds,
    on_grid,
    square_bounds,
)
from triggernet.program.operators.hardware import as_particles
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node


def jet_arguments(node: Node) -> tuple[str, ...]:
    return COMPONENTS + JET_COMPONENTS


def jet_infer(node: Node, inputs: Inputs) -> Exact:
    check_momenta(node, inputs)
    fraction = common_fraction(inputs)
    p, jet = (momentum_bounds(x, fraction) for x in (inputs[:4], inputs[4:]))
    bounds = dot_bounds(p, jet)
    if node.get_int("jet"):
        bounds = bounds | square_bounds(jet)
    if node.get_int("beams"):
        bounds = bounds | beam_bounds(jet).shifted(fraction)
    return Exact((n_particles(node, inputs[0].size), 1), 2 * fraction, bounds)


def jet_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact, fraction = jet_infer(node, inputs), common_fraction(inputs)
    p, jet = (  # (4, n, N), (4, n, 1)
        components(inputs[s], values[s], fraction, exact.bits + 2)
        for s in (slice(0, 4), slice(4, 8))
    )
    blocks = [dot(p, jet)]  # (n, N)
    blocks += [dot(jet, jet)] if node.get_int("jet") else []  # (n, 1)
    # (n, 1) each
    blocks += [b << fraction for b in beam_dots(jet)] if node.get_int("beams") else []
    return np.concatenate(blocks, axis=1)[:, :, None]  # (n, M, 1)


def jet_meaning(node: Node) -> str:
    jets = list(JET_COMPONENTS)
    body = dot_meaning("d_jet", list(COMPONENTS), jets) + dot_meaning("mass", jets, jets)
    parts = ["d_jet", *(["mass"] if node.get_int("jet") else [])]
    parts += ["jet_plus", "jet_minus"] if node.get_int("beams") else []
    return f"""{body}
    jet_plus = Sub (jet_e, jet_pz)
    jet_minus = Add (jet_e, jet_pz)
    together = Concat <axis = 1> ({", ".join(parts)})
    last = Constant <value_ints: ints = [-1]> ()
    y = Unsqueeze (together, last)"""


def jet_cost(node: Node, inputs: Inputs) -> list[Operation]:
    operations = dot_cost(inputs[0].size, inputs[:4], inputs[4:])
    if node.get_int("jet"):
        operations += aside(dot_cost(1, inputs[4:], inputs[4:], folds=False))
    if node.get_int("beams"):
        operations += aside(beam_cost(1, inputs[4:]))
    return operations


def jet_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    fraction = common_fraction(inputs)
    tensors = [  # E, px, py, pz: (N, 1) each
        Particles(tuple((w,) for w in on_grid(fabric, s, x, fraction)), x.size)
        for s, x in zip(signals[:4], inputs[:4], strict=True)
    ]
    # jet (4,)
    jet, kernel = jet_lane(inputs, signals, fabric, fraction), dot_kernel(node, 2 * fraction)
    kind = Kind(
        f"{node.output}_jet",
        f"{node.name}: the product of one particle with the jet, quantised.",
        COMPONENTS + JET_COMPONENTS,
        ("dot",),
    )
    products = as_particles(fabric.each(kind, kernel, tensors, jet))  # (L, 1)
    spurions: list[Wire] = []
    if node.get_int("jet"):
        spurions += kernel(fabric.top, *jet, *jet)
    if node.get_int("beams"):
        one = 1 << fraction
        for sign in (1, -1):
            beam = (constant(c) for c in (one, 0, 0, sign * one))
            spurions += kernel(fabric.top, *jet, *beam)
    if not spurions:
        return products
    gathered = fabric.together(products)
    return Particles((*gathered.lanes, *((w,) for w in spurions)), gathered.size + len(spurions))


def jet_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    fraction = common_fraction(inputs)
    p, jet = (momentum_bounds(x, fraction) for x in (inputs[:4], inputs[4:]))
    types = {
        "jet_dot_t": dot_bounds(p, jet).cpp(2 * fraction),
        "mass_t": square_bounds(jet).cpp(2 * fraction),
    }
    return KernelCall("jet_dot_cartesian", pair_settings(node, inputs[0].size, reuse_factor), types)


JET_DOT_CARTESIAN = Operator(
    "JetDotCartesian",
    "cartesian_dot.h",
    jet_arguments,
    jet_infer,
    jet_evaluate,
    jet_meaning,
    jet_cost,
    jet_rtl,
    jet_hls,
)


def mass_arguments(node: Node) -> tuple[str, ...]:
    return JET_COMPONENTS


def mass_infer(node: Node, inputs: Inputs) -> Exact:
    check_momenta(node, inputs)
    fraction = common_fraction(inputs)
    jet = momentum_bounds(inputs, fraction)
    return Exact((1,), 2 * fraction, square_bounds(jet))


def mass_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = mass_infer(node, inputs)
    jet = components(inputs, values, common_fraction(inputs), exact.bits + 2)  # (4, n, 1)
    return dot(jet, jet)  # (n, 1)


def mass_meaning(node: Node) -> str:
    jets = list(JET_COMPONENTS)
    return dot_meaning("mass", jets, jets) + "\n    y = Identity (mass)"


def mass_cost(node: Node, inputs: Inputs) -> list[Operation]:
    return dot_cost(1, inputs, inputs, folds=False)


def mass_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    fraction = common_fraction(inputs)
    jet = jet_lane(inputs, signals, fabric, fraction)  # (4,)
    return Vector(tuple(dot_kernel(node, 2 * fraction)(fabric.top, *jet, *jet)))


def mass_hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    return KernelCall("jet_mass_cartesian", {}, {"mass_t": mass_infer(node, inputs).cpp})


JET_MASS_CARTESIAN = Operator(
    "JetMassCartesian",
    "cartesian_dot.h",
    mass_arguments,
    mass_infer,
    mass_evaluate,
    mass_meaning,
    mass_cost,
    mass_rtl,
    mass_hls,
)
