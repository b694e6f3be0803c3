"""Minkowski products of all pairs, from four-momenta: `PairDotCartesian` (see `cartesian`).

In hardware: four products and three additions a pair.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Pairs, Particles, Signal
from triggernet.program.netlist.pairs import met
from triggernet.program.netlist.wire import constant
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Interval,
    Operation,
    Operator,
    n_pairs,
    pair_indices,
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
)
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return COMPONENTS + (JET_COMPONENTS if node.get_int("jet") else ())


def infer(node: Node, inputs: Inputs) -> Exact:
    check_momenta(node, inputs)
    fraction = common_fraction(inputs)
    p, jet = (momentum_bounds(x, fraction) for x in (inputs[:4], inputs[4:]))
    bounds = dot_bounds(p, p)
    if jet:
        bounds = bounds | dot_bounds(p, jet)
    if node.get_int("beams"):
        beams = [beam_bounds(q).shifted(fraction) for q in (p, jet) if q]
        for interval in (*beams, Interval(2, 2).shifted(2 * fraction)):
            bounds = bounds | interval
    return Exact((n_pairs(n_particles(node, inputs[0].size)),), 2 * fraction, bounds)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact, fraction = infer(node, inputs), common_fraction(inputs)
    bits = exact.bits + 2
    p = components(inputs[:4], values[:4], fraction, bits)  # (4, n, N)
    if node.get_int("jet"):
        # (4, n, N + 1)
        p = np.concatenate([p, components(inputs[4:], values[4:], fraction, bits)], axis=2)
    i, j = pair_indices(p.shape[2])  # the pairs without beams
    blocks = [dot(p[:, :, i], p[:, :, j])]  # (n, pairs without beams)
    if node.get_int("beams"):
        plus, minus = beam_dots(p)  # (n, N or N + 1) each
        two = exact_int(np.full((p.shape[1], 1), 2), bits) << (2 * fraction)  # b . b', (n, 1)
        blocks += [plus << fraction, minus << fraction, two]
    return np.concatenate(blocks, axis=1)  # (n, P)


def meaning(node: Node) -> str:
    jet = bool(node.get_int("jet"))
    names = [f"all_{c}" for c in COMPONENTS]
    lines = [
        f"all_{c} = {f'Concat <axis = 1> ({c}, jet_{c})' if jet else f'Identity ({c})'}"
        for c in COMPONENTS
    ]
    body = "\n    ".join(["", *lines])
    body += text.length("particles", "all_e", 1) + text.pairs("particles")
    for side in "ij":
        for name in names:
            body += f"\n    {name}_{side} = Gather <axis = 1> ({name}, pair_{side})"
    body += dot_meaning("d_pairs", [f"{n}_i" for n in names], [f"{n}_j" for n in names])
    if not node.get_int("beams"):
        return body + "\n    y = Identity (d_pairs)"
    return f"""{body}
    d_plus = Sub (all_e, all_pz)
    d_minus = Add (all_e, all_pz)
    first_axis = Constant <value_ints: ints = [1]> ()
    first_start = Constant <value_ints: ints = [0]> ()
    first_e = Slice (e, first_start, first_axis, first_axis)
    first_zero = Sub (first_e, first_e)
    two = Constant <value = double {{2.0}}> ()
    d_beams = Add (first_zero, two)
    y = Concat <axis = 1> (d_pairs, d_plus, d_minus, d_beams)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    n = inputs[0].size
    operations = dot_cost(n_pairs(n), inputs[:4], inputs[:4])
    if node.get_int("jet"):
        operations += aside(dot_cost(n, inputs[:4], inputs[4:]))
    if node.get_int("beams"):
        operations += aside(beam_cost(n, inputs[:4]))
        operations += aside(beam_cost(node.get_int("jet"), inputs[4:] or inputs[:4]))
    return operations


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """One kernel of four products a lane of the ring; spurions are particles like others."""
    fraction = common_fraction(inputs)
    lanes = list(  # (N, 4)
        zip(
            *(
                on_grid(fabric, s, x, fraction)
                for s, x in zip(signals[:4], inputs[:4], strict=True)
            ),
            strict=True,
        )
    )
    if node.get_int("jet"):
        lanes.append(jet_lane(inputs, signals, fabric, fraction))  # (N + 1, 4)
    if node.get_int("beams"):
        one = 1 << fraction
        lanes += [tuple(constant(c) for c in (one, 0, 0, sign * one)) for sign in (1, -1)]  # (M, 4)
    meeting = met(fabric, Particles(tuple(lanes), len(lanes)))  # lanes (4 wires, 4 wires)
    kernel = dot_kernel(node, 2 * fraction)
    kind = Kind(
        f"{node.output}_pair",
        f"{node.name}: the Minkowski product of one pair of particles, quantised.",
        (*(f"{c}_i" for c in COMPONENTS), *(f"{c}_j" for c in COMPONENTS)),
        ("dot",),
    )
    # (ring lane, 1)
    products = [tuple(fabric.call(kind, kernel, (*one, *other))) for one, other in meeting.lanes]
    return Pairs(tuple(products), meeting.ring, meeting.live)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    fraction = common_fraction(inputs)
    p, jet = (momentum_bounds(x, fraction) for x in (inputs[:4], inputs[4:]))
    types = {"dot_t": dot_bounds(p, p).cpp(2 * fraction)}
    types |= {"jet_dot_t": dot_bounds(p, jet).cpp(2 * fraction)} if jet else {}
    return KernelCall(
        "pair_dot_cartesian", pair_settings(node, inputs[0].size, reuse_factor), types
    )


PAIR_DOT_CARTESIAN = Operator(
    "PairDotCartesian",
    "cartesian_dot.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="edges",
)
