"""What the Minkowski products from four-momenta share: bounds, codes, costs, one kernel.

``p . q = E_p E_q - px_p px_q - py_p py_q - pz_p pz_q``, metric (+,-,-,-). The four products nearly
cancel for collimated jets: this form needs 18 bits and more where the polar one needs 12.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Signal
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators.base import (
    Inputs,
    Interval,
    Operation,
    align,
    require,
)
from triggernet.program.operators.hardware import aligned, as_vector, product
from triggernet.program.operators.node import Node, Tensor

COMPONENTS = ("e", "px", "py", "pz")
JET_COMPONENTS = ("jet_e", "jet_px", "jet_py", "jet_pz")


def common_fraction(tensors: Inputs) -> int:
    """A grid that holds every component, and 1: the components of the beams."""
    return max(0, *(x.type.fraction for x in tensors))


def momentum_bounds(tensors: Inputs, fraction: int) -> list[Interval]:
    """Bounds of the four components."""
    return [Interval.of(x, fraction) for x in tensors]


def dot_bounds(p: list[Interval], q: list[Interval]) -> Interval:
    """Bounds of the product of two different momenta."""
    return _signed_sum([a * b for a, b in zip(p, q, strict=True)])


def square_bounds(p: list[Interval]) -> Interval:
    """Bounds of the product of a momentum with itself."""
    return _signed_sum([a.squared for a in p])


def _signed_sum(terms: list[Interval]) -> Interval:
    return terms[0] + (terms[1] + terms[2] + terms[3]).scaled(-1)


def beam_bounds(p: list[Interval]) -> Interval:
    """Bounds of E - pz and E + pz."""
    return (p[0] + p[3]) | (p[0] + p[3].scaled(-1))


def components(tensors: Inputs, values: tuple[Codes, ...], fraction: int, bits: int) -> Codes:
    """Codes (4, n, particles) on one grid."""
    return np.stack([align(v, x, fraction, bits) for v, x in zip(values, tensors, strict=True)])


def dot(p: Codes, q: Codes) -> Codes:
    """The product of two momenta (4, n, ...), codes."""
    return np.asarray(p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3])  # (n, ...)


def beam_dots(p: Codes) -> tuple[Codes, Codes]:
    """Products p . b with the beams (1, 0, 0, 1) and (1, 0, 0, -1)."""
    return p[0] - p[3], p[0] + p[3]  # (n, ...) each


def check_momenta(node: Node, inputs: Inputs) -> None:
    """Refuse inputs of the wrong shape."""
    n = inputs[0].size
    shapes = [x.shape for x in inputs]
    require(
        shapes == [(n,)] * 4 + [(1,)] * len(inputs[4:]),
        node,
        f"inputs of shapes {shapes}; expected four of (N,), and (1,) for those of the jet",
    )


def dot_meaning(result: str, p: list[str], q: list[str]) -> str:
    """ONNX: `result`, the product of the momenta with components `p` and `q` (float64)."""
    lines = [f"{result}_{k} = Mul ({a}, {b})" for k, (a, b) in enumerate(zip(p, q, strict=True))]
    lines += [
        f"{result}_01 = Sub ({result}_0, {result}_1)",
        f"{result}_012 = Sub ({result}_01, {result}_2)",
        f"{result} = Sub ({result}_012, {result}_3)",
    ]
    return "\n    ".join(["", *lines])


def dot_cost(count: int, p: Inputs, q: Inputs, folds: bool = True) -> list[Operation]:
    """Four products and three additions, which DSPs do on the way."""
    widths = [(a.type.width, b.type.width) for a, b in zip(p, q, strict=True)]
    products = [
        Operation("multiply", count, pair, beside=k > 0, folds=folds)
        for k, pair in enumerate(widths)
    ]
    return [*products, Operation("accumulate", 3 * count, max(widths), levels=2, folds=folds)]


def beam_cost(count: int, p: Inputs) -> list[Operation]:
    """E - pz and E + pz."""
    return [Operation("add", 2 * count, (p[0].type.width, p[3].type.width))] if count else []


def aside(operations: list[Operation]) -> list[Operation]:
    """The same operations, at the same time as those before them."""
    return [replace(operation, beside=True) for operation in operations]


def on_grid(fabric: Fabric, signal: Signal, tensor: Tensor, fraction: int) -> list[Wire]:
    """All values of a component on the common grid."""
    return [
        aligned(fabric.top, wire, tensor.type.fraction, fraction)
        for wire in as_vector(fabric, signal)
    ]


def jet_lane(
    inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric, fraction: int
) -> tuple[Wire, ...]:
    """The four-momentum of the jet on the common grid."""
    lane = (
        on_grid(fabric, s, x, fraction)[0] for s, x in zip(signals[-4:], inputs[-4:], strict=True)
    )
    return tuple(lane)


def dot_kernel(node: Node, fraction: int) -> Callable[..., list[Wire]]:
    """E E' - px px' - py py' - pz pz', quantised."""

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        e, px, py, pz = (
            product(b, x, y, dsp=True) for x, y in zip(wires[:4], wires[4:], strict=True)
        )
        transverse, along = b.add(px, py), b.subtract(e, pz)
        return [quantise(b, b.subtract(along, transverse), fraction, node.quantiser)]

    return kernel
