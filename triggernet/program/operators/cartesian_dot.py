"""Minkowski products from four-momenta: `PairDotCartesian`, `JetDotCartesian`, `JetMassCartesian`.

``p . q = E_p E_q - px_p px_q - py_p py_q - pz_p pz_q``, metric (+,-,-,-). The four products nearly
cancel for collimated jets: this form needs 18 bits and more where the polar one needs 12.

In hardware: four products and three additions a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes, exact_int
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Pairs, Particles, Signal, Vector
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
    n_pairs,
    pair_indices,
    require,
)
from triggernet.program.operators.blocks import n_particles
from triggernet.program.operators.hardware import aligned, as_particles, as_vector, product
from triggernet.program.operators.node import Node, Tensor

COMPONENTS = ("e", "px", "py", "pz")
JET_COMPONENTS = ("jet_e", "jet_px", "jet_py", "jet_pz")


def _fraction(tensors: Inputs) -> int:
    """A grid that holds every component, and 1: the components of the beams."""
    return max(0, *(x.type.fraction for x in tensors))


def _momentum_bounds(tensors: Inputs, fraction: int) -> list[Interval]:
    """Bounds of the four components."""
    return [Interval.of(x, fraction) for x in tensors]


def _dot_bounds(p: list[Interval], q: list[Interval]) -> Interval:
    """Bounds of the product of two different momenta."""
    return _signed_sum([a * b for a, b in zip(p, q, strict=True)])


def _square_bounds(p: list[Interval]) -> Interval:
    """Bounds of the product of a momentum with itself."""
    return _signed_sum([a.squared for a in p])


def _signed_sum(terms: list[Interval]) -> Interval:
    return terms[0] + (terms[1] + terms[2] + terms[3]).scaled(-1)


def _beam_bounds(p: list[Interval]) -> Interval:
    """Bounds of E - pz and E + pz."""
    return (p[0] + p[3]) | (p[0] + p[3].scaled(-1))


def _components(tensors: Inputs, values: tuple[Codes, ...], fraction: int, bits: int) -> Codes:
    """Codes (4, n, particles) on one grid."""
    return np.stack([align(v, x, fraction, bits) for v, x in zip(values, tensors, strict=True)])


def _dot(p: Codes, q: Codes) -> Codes:
    return np.asarray(p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3])


def _beam_dots(p: Codes) -> tuple[Codes, Codes]:
    """Products p . b with the beams (1, 0, 0, 1) and (1, 0, 0, -1)."""
    return p[0] - p[3], p[0] + p[3]


def _check(node: Node, inputs: Inputs) -> None:
    n = inputs[0].size
    shapes = [x.shape for x in inputs]
    require(
        shapes == [(n,)] * 4 + [(1,)] * len(inputs[4:]),
        node,
        f"inputs of shapes {shapes}; expected four of (N,), and (1,) for those of the jet",
    )


def pair_arguments(node: Node) -> tuple[str, ...]:
    return COMPONENTS + (JET_COMPONENTS if node.get_int("jet") else ())


def pair_infer(node: Node, inputs: Inputs) -> Exact:
    _check(node, inputs)
    fraction = _fraction(inputs)
    p, jet = (_momentum_bounds(x, fraction) for x in (inputs[:4], inputs[4:]))
    bounds = _dot_bounds(p, p)
    if jet:
        bounds = bounds | _dot_bounds(p, jet)
    if node.get_int("beams"):
        beams = [_beam_bounds(q).shifted(fraction) for q in (p, jet) if q]
        for interval in (*beams, Interval(2, 2).shifted(2 * fraction)):
            bounds = bounds | interval
    return Exact((n_pairs(n_particles(node, inputs[0].size)),), 2 * fraction, bounds)


def pair_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact, fraction = pair_infer(node, inputs), _fraction(inputs)
    bits = exact.bits + 2
    p = _components(inputs[:4], values[:4], fraction, bits)
    if node.get_int("jet"):
        p = np.concatenate([p, _components(inputs[4:], values[4:], fraction, bits)], axis=2)
    i, j = pair_indices(p.shape[2])
    blocks = [_dot(p[:, :, i], p[:, :, j])]
    if node.get_int("beams"):
        plus, minus = _beam_dots(p)
        two = exact_int(np.full((p.shape[1], 1), 2), bits) << (2 * fraction)
        blocks += [plus << fraction, minus << fraction, two]
    return np.concatenate(blocks, axis=1)


def _dot_meaning(result: str, p: list[str], q: list[str]) -> str:
    lines = [f"{result}_{k} = Mul ({a}, {b})" for k, (a, b) in enumerate(zip(p, q, strict=True))]
    lines += [
        f"{result}_01 = Sub ({result}_0, {result}_1)",
        f"{result}_012 = Sub ({result}_01, {result}_2)",
        f"{result} = Sub ({result}_012, {result}_3)",
    ]
    return "\n    ".join(["", *lines])


def pair_meaning(node: Node) -> str:
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
    body += _dot_meaning("d_pairs", [f"{n}_i" for n in names], [f"{n}_j" for n in names])
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


def pair_cost(node: Node, inputs: Inputs) -> list[Operation]:
    n = inputs[0].size
    operations = _dot_cost(n_pairs(n), inputs[:4], inputs[:4])
    if node.get_int("jet"):
        operations += _aside(_dot_cost(n, inputs[:4], inputs[4:]))
    if node.get_int("beams"):
        operations += _aside(_beam_cost(n, inputs[:4]))
        operations += _aside(_beam_cost(node.get_int("jet"), inputs[4:] or inputs[:4]))
    return operations


def _dot_cost(count: int, p: Inputs, q: Inputs, folds: bool = True) -> list[Operation]:
    """Four products and three additions, which DSPs do on the way."""
    widths = [(a.type.width, b.type.width) for a, b in zip(p, q, strict=True)]
    products = [
        Operation("multiply", count, pair, beside=k > 0, folds=folds)
        for k, pair in enumerate(widths)
    ]
    return [*products, Operation("accumulate", 3 * count, max(widths), levels=2, folds=folds)]


def _beam_cost(count: int, p: Inputs) -> list[Operation]:
    """E - pz and E + pz."""
    return [Operation("add", 2 * count, (p[0].type.width, p[3].type.width))] if count else []


def _aside(operations: list[Operation]) -> list[Operation]:
    return [replace(operation, beside=True) for operation in operations]


def pair_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """One kernel of four products a lane of the ring; spurions are particles like others."""
    fraction = _fraction(inputs)
    lanes = list(
        zip(
            *(
                _on_grid(fabric, s, x, fraction)
                for s, x in zip(signals[:4], inputs[:4], strict=True)
            ),
            strict=True,
        )
    )
    if node.get_int("jet"):
        lanes.append(_jet_lane(inputs, signals, fabric, fraction))
    if node.get_int("beams"):
        one = 1 << fraction
        lanes += [tuple(constant(c) for c in (one, 0, 0, sign * one)) for sign in (1, -1)]
    meeting = met(fabric, Particles(tuple(lanes), len(lanes)))
    kernel = _dot_kernel(node, 2 * fraction)
    kind = Kind(
        f"{node.output}_pair",
        f"{node.name}: the Minkowski product of one pair of particles, quantised.",
        (*(f"{c}_i" for c in COMPONENTS), *(f"{c}_j" for c in COMPONENTS)),
        ("dot",),
    )
    products = [tuple(fabric.call(kind, kernel, (*one, *other))) for one, other in meeting.lanes]
    return Pairs(tuple(products), meeting.ring, meeting.live)


def _on_grid(fabric: Fabric, signal: Signal, tensor: Tensor, fraction: int) -> list[Wire]:
    """All values of a component on the common grid."""
    return [
        aligned(fabric.top, wire, tensor.type.fraction, fraction)
        for wire in as_vector(fabric, signal)
    ]


def _jet_lane(
    inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric, fraction: int
) -> tuple[Wire, ...]:
    """The four-momentum of the jet on the common grid."""
    found = (
        _on_grid(fabric, s, x, fraction)[0] for s, x in zip(signals[-4:], inputs[-4:], strict=True)
    )
    return tuple(found)


def _dot_kernel(node: Node, fraction: int) -> Callable[..., list[Wire]]:
    """E E' - px px' - py py' - pz pz', quantised."""

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        e, px, py, pz = (
            product(b, x, y, dsp=True) for x, y in zip(wires[:4], wires[4:], strict=True)
        )
        transverse, along = b.add(px, py), b.subtract(e, pz)
        return [quantise(b, b.subtract(along, transverse), fraction, node.quantiser)]

    return kernel


PAIR_DOT_CARTESIAN = Operator(
    "PairDotCartesian",
    "cartesian_dot.h",
    pair_arguments,
    pair_infer,
    pair_evaluate,
    pair_meaning,
    pair_cost,
    pair_rtl,
)


def jet_arguments(node: Node) -> tuple[str, ...]:
    return COMPONENTS + JET_COMPONENTS


def jet_infer(node: Node, inputs: Inputs) -> Exact:
    _check(node, inputs)
    fraction = _fraction(inputs)
    p, jet = (_momentum_bounds(x, fraction) for x in (inputs[:4], inputs[4:]))
    bounds = _dot_bounds(p, jet)
    if node.get_int("jet"):
        bounds = bounds | _square_bounds(jet)
    if node.get_int("beams"):
        bounds = bounds | _beam_bounds(jet).shifted(fraction)
    return Exact((n_particles(node, inputs[0].size), 1), 2 * fraction, bounds)


def jet_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact, fraction = jet_infer(node, inputs), _fraction(inputs)
    p, jet = (
        _components(inputs[s], values[s], fraction, exact.bits + 2)
        for s in (slice(0, 4), slice(4, 8))
    )
    blocks = [_dot(p, jet)]
    blocks += [_dot(jet, jet)] if node.get_int("jet") else []
    blocks += [b << fraction for b in _beam_dots(jet)] if node.get_int("beams") else []
    return np.concatenate(blocks, axis=1)[:, :, None]


def jet_meaning(node: Node) -> str:
    jets = list(JET_COMPONENTS)
    body = _dot_meaning("d_jet", list(COMPONENTS), jets) + _dot_meaning("mass", jets, jets)
    parts = ["d_jet", *(["mass"] if node.get_int("jet") else [])]
    parts += ["jet_plus", "jet_minus"] if node.get_int("beams") else []
    return f"""{body}
    jet_plus = Sub (jet_e, jet_pz)
    jet_minus = Add (jet_e, jet_pz)
    together = Concat <axis = 1> ({", ".join(parts)})
    last = Constant <value_ints: ints = [-1]> ()
    y = Unsqueeze (together, last)"""


def jet_cost(node: Node, inputs: Inputs) -> list[Operation]:
    operations = _dot_cost(inputs[0].size, inputs[:4], inputs[4:])
    if node.get_int("jet"):
        operations += _aside(_dot_cost(1, inputs[4:], inputs[4:], folds=False))
    if node.get_int("beams"):
        operations += _aside(_beam_cost(1, inputs[4:]))
    return operations


def jet_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    fraction = _fraction(inputs)
    tensors = [
        Particles(tuple((w,) for w in _on_grid(fabric, s, x, fraction)), x.size)
        for s, x in zip(signals[:4], inputs[:4], strict=True)
    ]
    jet, kernel = _jet_lane(inputs, signals, fabric, fraction), _dot_kernel(node, 2 * fraction)
    kind = Kind(
        f"{node.output}_jet",
        f"{node.name}: the product of one particle with the jet, quantised.",
        COMPONENTS + JET_COMPONENTS,
        ("dot",),
    )
    products = as_particles(fabric.each(kind, kernel, tensors, jet))
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


JET_DOT_CARTESIAN = Operator(
    "JetDotCartesian",
    "cartesian_dot.h",
    jet_arguments,
    jet_infer,
    jet_evaluate,
    jet_meaning,
    jet_cost,
    jet_rtl,
)


def mass_arguments(node: Node) -> tuple[str, ...]:
    return JET_COMPONENTS


def mass_infer(node: Node, inputs: Inputs) -> Exact:
    _check(node, inputs)
    fraction = _fraction(inputs)
    jet = _momentum_bounds(inputs, fraction)
    return Exact((1,), 2 * fraction, _square_bounds(jet))


def mass_evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = mass_infer(node, inputs)
    jet = _components(inputs, values, _fraction(inputs), exact.bits + 2)
    return _dot(jet, jet)


def mass_meaning(node: Node) -> str:
    jets = list(JET_COMPONENTS)
    return _dot_meaning("mass", jets, jets) + "\n    y = Identity (mass)"


def mass_cost(node: Node, inputs: Inputs) -> list[Operation]:
    return _dot_cost(1, inputs, inputs, folds=False)


def mass_rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    fraction = _fraction(inputs)
    jet = _jet_lane(inputs, signals, fabric, fraction)
    return Vector(tuple(_dot_kernel(node, 2 * fraction)(fabric.top, *jet, *jet)))


JET_MASS_CARTESIAN = Operator(
    "JetMassCartesian",
    "cartesian_dot.h",
    mass_arguments,
    mass_infer,
    mass_evaluate,
    mass_meaning,
    mass_cost,
    mass_rtl,
)
