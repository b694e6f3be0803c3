"""What the Minkowski products from polar coordinates share: their inputs and angular tables.

``cosh y - 1`` and ``1 - cos phi`` are small, non-negative and read from tables.
"""

from __future__ import annotations

from triggernet.fixedpoint import Codes
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.base import Inputs, Interval, constants, require
from triggernet.program.operators.blocks import pair_settings
from triggernet.program.operators.kernel_call import Constants, KernelCall
from triggernet.program.operators.node import Node, Tensor


def check_inputs(node: Node, inputs: Inputs) -> None:
    """Refuse inputs of the wrong shape, sign or grid, and tables too coarse to hold 1."""
    check_angles(node, inputs[1:3])
    check_jet(node, (inputs[0], *inputs[3:]))
    n = inputs[0].size
    shapes = [x.shape for x in inputs]
    require(
        shapes == [(n,)] * 3 + [(1,)] * len(inputs[3:]),
        node,
        f"inputs of shapes {shapes}; expected three of (N,), and (1,) for those of the jet",
    )
    require(angle_fraction(node) >= 0, node, "table_integer exceeds table_width; the tables need 1")


def check_angles(node: Node, angles: Inputs) -> None:
    """Refuse angles that are no signed integers."""
    for tensor in angles:
        require(
            tensor.type.signed and tensor.type.fraction == 0,
            node,
            f"'{tensor.name}' has type {tensor.type}; angles are signed integers",
        )


def check_jet(node: Node, inputs: Inputs) -> None:
    """Refuse momenta that are signed."""
    for tensor in inputs:
        require(not tensor.type.signed, node, f"'{tensor.name}' must be unsigned")


def angle_table(node: Node, key: str, angle: Tensor) -> Codes:
    """The table `key` for differences of `angle`: one code for each size from 0 on."""
    return constants(node, key, (1 << angle.type.width,), node.get_type("table_", signed=False))


def angle_fraction(node: Node) -> int:
    """Grid of the angular tables."""
    return node.get_type("table_", signed=False).fraction


def table_bounds(node: Node, angles: Inputs, largest: tuple[int, int]) -> tuple[Interval, Interval]:
    """Bounds of both angular tables over sizes from 0 to `largest` (of eta, of phi)."""
    eta, phi = (
        angle_table(node, key, tensor)[: size + 1]
        for key, tensor, size in zip(("eta_table", "phi_table"), angles, largest, strict=True)
    )
    return Interval(int(eta.min()), int(eta.max())), Interval(int(phi.min()), int(phi.max()))


def largest_differences(angles: Inputs) -> tuple[int, int]:
    """The largest size of a difference of two eta and of two phi."""
    eta, phi = (x.hi - x.lo for x in angles)
    return eta, phi


def largest_angles(angles: Inputs) -> tuple[int, int]:
    """The largest size of eta and of phi, relative to the jet."""
    eta, phi = (max(-x.lo, x.hi, 0) for x in angles)
    return eta, phi


def tables_meaning() -> str:
    """ONNX: the angular tables as float64 values."""
    return text.codes("eta_table", "eta_table", "table_") + text.codes(
        "phi_table", "phi_table", "table_"
    )


def angles_meaning(eta: str, phi: str) -> str:
    """ONNX: `{eta}_cosh` and `{eta}_angle` from the differences `eta`, `phi` (float64)."""
    return f"""
    {eta}_size = Abs ({eta})
    {eta}_index = Cast <to = {text.INT64}> ({eta}_size)
    {eta}_cosh = Gather <axis = 0> (eta_table, {eta}_index)
    {phi}_size = Abs ({phi})
    {phi}_index = Cast <to = {text.INT64}> ({phi}_size)
    {phi}_cos = Gather <axis = 0> (phi_table, {phi}_index)
    {eta}_angle = Add ({eta}_cosh, {phi}_cos)"""


def polar_call(
    node: Node, inputs: Inputs, reuse_factor: int, reached: tuple[Interval, Interval]
) -> KernelCall:
    """What the kernels that read the angular tables share; entries of both are within `reached`."""
    tables, (eta, _) = tables_call(node, reached), reached
    fraction = angle_fraction(node)
    one = Interval(1 << fraction, 1 << fraction)
    settings = pair_settings(node, inputs[0].size, reuse_factor) | dict(tables.settings)
    types = dict(tables.types) | {"cosh_t": (eta + one).cpp(fraction)}
    return KernelCall("", settings, types, tables.constants)


def tables_call(node: Node, reached: tuple[Interval, Interval]) -> KernelCall:
    """Sizes and types of the angular tables and of the sum of two entries, within `reached`."""
    word, (eta, phi) = node.get_type("table_", signed=False), reached
    tables = tuple(
        Constants(name, node.get_ints(name), word) for name in ("eta_table", "phi_table")
    )
    settings = {"eta_size": len(tables[0].codes), "phi_size": len(tables[1].codes)}
    types = {
        "code_t": tables[0].code_type,
        "table_t": word.cpp,
        "angle_t": (eta + phi).cpp(word.fraction),
    }
    return KernelCall("", settings, types, tables)
