"""`PairAngle`: how far the particles of each pair are apart, from their angles.

    out_ij = Q( eta_table[|eta_i - eta_j|] + phi_table[|phi_i - phi_j|] )

With squares in both tables it is the square of the distance; a `Table` behind it makes any function
of that.

In hardware, for each pair: two subtractions with absolute value, two table look-ups, one addition.
"""

from __future__ import annotations

from collections.abc import Callable

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Options, Pairs, Particles, Signal
from triggernet.program.netlist.pairs import met
from triggernet.program.netlist.wire import Wire
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import (
    Exact,
    Inputs,
    Operation,
    Operator,
    n_pairs,
    pair_indices,
    quantise_cost,
    require,
)
from triggernet.program.operators.hardware import angles, as_alike
from triggernet.program.operators.kernel_call import KernelCall, lanes
from triggernet.program.operators.node import Node
from triggernet.program.operators.polar import (
    angle_fraction,
    angle_table,
    angles_meaning,
    check_angles,
    largest_differences,
    table_bounds,
    tables_call,
    tables_meaning,
)


def arguments(node: Node) -> tuple[str, ...]:
    return ("eta", "phi")


def infer(node: Node, inputs: Inputs) -> Exact:
    check_angles(node, inputs)
    n = inputs[0].size
    shapes = [x.shape for x in inputs]
    require(
        n > 1 and shapes == [(n,)] * 2,
        node,
        f"inputs of shapes {shapes}; expected two of (M,), M above 1",
    )
    eta, phi = table_bounds(node, inputs, largest_differences(inputs))
    return Exact((n_pairs(n),), angle_fraction(node), eta + phi)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    infer(node, inputs)
    i, j = pair_indices(values[0].shape[1])  # (P,) each
    eta, phi = (x.astype("int64") for x in values)  # (n, M) each
    eta_table = angle_table(node, "eta_table", inputs[0])
    phi_table = angle_table(node, "phi_table", inputs[1])
    # (n, P)
    distances: Codes = eta_table[abs(eta[:, i] - eta[:, j])] + phi_table[abs(phi[:, i] - phi[:, j])]
    return distances


def meaning(node: Node) -> str:
    return f"""
    {text.length("particles", "eta", 1)}
    {text.pairs("particles")}
    {tables_meaning()}
    eta_i = Gather <axis = 1> (eta, pair_i)
    eta_j = Gather <axis = 1> (eta, pair_j)
    phi_i = Gather <axis = 1> (phi, pair_i)
    phi_j = Gather <axis = 1> (phi, pair_j)
    eta_ij = Sub (eta_i, eta_j)
    phi_ij = Sub (phi_i, phi_j)
    {angles_meaning("eta_ij", "phi_ij")}
    y = Identity (eta_ij_angle)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    pairs, word, exact = n_pairs(inputs[0].size), node.get_int("table_width"), infer(node, inputs)
    eta, phi = (x.type.width for x in inputs)
    widest = max(eta, phi)
    return [
        # Differences, and their negatives where they are below zero.
        Operation("add", 2 * pairs, (widest, widest), folds=True),
        Operation("add", 2 * pairs, (widest, widest), folds=True),
        Operation("table", pairs, (eta, word), folds=True),
        Operation("table", pairs, (phi, word), beside=True, folds=True),
        Operation("add", pairs, (word, word), folds=True),
        *quantise_cost(node.quantiser, exact.range, exact.fraction, pairs, folds=True),
    ]


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    """One kernel a lane of the ring."""
    eta, phi = as_alike(fabric, signals)  # (L, 1) each
    joint = tuple((e[0], p[0]) for e, p in zip(eta.lanes, phi.lanes, strict=True))  # (L, 2)
    meeting = met(fabric, Particles(joint, eta.size))  # lanes (2 wires, 2 wires)
    kind = Kind(
        f"{node.output}_pair",
        f"{node.name}: the distance of one pair of particles, quantised.",
        ("eta_i", "phi_i", "eta_j", "phi_j"),
        ("angle",),
    )
    kernel = _kernel(node, inputs, fabric.options)
    # (ring lane, 1)
    lanes_ = [tuple(fabric.call(kind, kernel, (*one, *other))) for one, other in meeting.lanes]
    return Pairs(tuple(lanes_), meeting.ring, meeting.live)


def _kernel(node: Node, inputs: Inputs, options: Options) -> Callable[..., list[Wire]]:
    tables = (
        angle_table(node, "eta_table", inputs[0]),
        angle_table(node, "phi_table", inputs[1]),
    )

    def kernel(b: Builder, *wires: Wire) -> list[Wire]:
        eta_i, phi_i, eta_j, phi_j = wires
        eta, phi = b.subtract(eta_i, eta_j, "eta_ij"), b.subtract(phi_i, phi_j, "phi_ij")
        first, second = angles(b, eta, phi, tables, block=options.tables == "bram")
        return [quantise(b, b.add(first, second), angle_fraction(node), node.quantiser)]

    return kernel


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    reached = table_bounds(node, inputs, largest_differences(inputs))
    tables, n = tables_call(node, reached), inputs[0].size
    settings = {
        "n_particles": n,
        "n_pairs": n_pairs(n),
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(n_pairs(n), reuse_factor),
    }
    return KernelCall(
        "pair_angle", settings | dict(tables.settings), tables.types, tables.constants
    )


PAIR_ANGLE = Operator(
    "PairAngle",
    "pair_angle.h",
    arguments,
    infer,
    evaluate,
    meaning,
    cost,
    rtl,
    hls,
    rows="edges",
)
