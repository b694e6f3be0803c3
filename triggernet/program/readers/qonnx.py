"""From a QONNX file to the fixed-point program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from triggernet.errors import ProgramError, UnsupportedError, in_one_line, naming
from triggernet.fixedpoint import MOST_BITS, FixedPoint
from triggernet.program.infer import build_program, input_tensor
from triggernet.program.onnx_model import load_model
from triggernet.program.operators.node import Attribute, Node, Tensor
from triggernet.program.types import Program

if TYPE_CHECKING:
    import onnx

DOMAIN = "triggernet"
QUANT_INPUTS = 4  # x, scale, zero point, bit width


def read_program(source: Path | str | onnx.ModelProto) -> Program:
    """Read a QONNX file to a program.

    Each graph input must feed one `Quant` node, which states its type. Every other node must be
    an operator of the table; its attributes are taken as they stand, the functions in the file
    are its meaning for other executors.

    Raises
    ------
    ProgramError
        If the file cannot be read or is not consistent.
    UnsupportedError
        If a node cannot be lowered exactly: an operator outside the table, a scale that is not a
        power of two, a zero point, a rounding mode other than FLOOR and ROUND.
    """
    if not isinstance(source, (str, Path)):
        return _program_of(source)
    with naming(Path(source)):
        return _program_of(load_model(Path(source)))


def _program_of(model: onnx.ModelProto) -> Program:
    graph = model.graph
    constants = _constants(model)
    nodes = [_node(proto, constants) for proto in graph.node if proto.op_type != "Constant"]
    inputs = [_input(info, nodes, graph.name) for info in graph.input if info.name not in constants]
    return build_program(graph.name, inputs, nodes, [o.name for o in graph.output])


def _constants(model: onnx.ModelProto) -> dict[str, float]:
    """Scalars among the initializers, as float64."""
    import onnx

    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64)
    return {
        tensor.name: _scalar(tensor)
        for tensor in model.graph.initializer
        if all(length == 1 for length in tensor.dims) and tensor.data_type in kinds
    }


def _scalar(tensor: onnx.TensorProto) -> float:
    from onnx import numpy_helper

    try:
        return float(numpy_helper.to_array(tensor).reshape(-1)[0])
    except (ValueError, IndexError) as error:
        raise ProgramError(f"constant '{tensor.name}' is damaged: {in_one_line(error)}") from error


def _node(proto: onnx.NodeProto, constants: dict[str, float]) -> Node:
    if len(proto.output) != 1:
        raise UnsupportedError(
            f"node '{proto.name}' ({proto.op_type}) has {len(proto.output)} outputs; expected 1"
        )
    if proto.op_type == "Quant":
        return _quant(proto, constants)
    if proto.domain != DOMAIN:
        raise UnsupportedError(
            f"node '{proto.name}': {proto.domain or 'onnx'}.{proto.op_type} is no operator of "
            f"domain '{DOMAIN}'; only a file written by `triggernet export` holds a program"
        )
    attributes = {a.name: _attribute(proto, a) for a in proto.attribute}
    return Node(proto.name, proto.op_type, tuple(proto.input), proto.output[0], attributes)


def _attribute(proto: onnx.NodeProto, attribute: onnx.AttributeProto) -> Attribute:
    from onnx import AttributeProto

    if attribute.type == AttributeProto.INT:
        return int(attribute.i)
    if attribute.type == AttributeProto.INTS:
        return tuple(int(v) for v in attribute.ints)
    if attribute.type == AttributeProto.STRING:
        return _text(proto, attribute)
    raise UnsupportedError(
        f"node '{proto.name}' ({proto.op_type}): attribute '{attribute.name}' is not an integer, "
        "a list of integers or a string"
    )


def _text(proto: onnx.NodeProto, attribute: onnx.AttributeProto) -> str:
    try:
        return str(attribute.s.decode())
    except UnicodeDecodeError as error:
        raise UnsupportedError(
            f"node '{proto.name}' ({proto.op_type}): attribute '{attribute.name}' is no text: "
            f"{in_one_line(error)}"
        ) from error


def _quant(proto: onnx.NodeProto, constants: dict[str, float]) -> Node:
    name = f"node '{proto.name}' (Quant)"
    if len(proto.input) != QUANT_INPUTS or any(n not in constants for n in proto.input[1:]):
        raise UnsupportedError(f"{name}: scale, zero point and bit width must be constant scalars")
    scale, zero_point, width = (constants[n] for n in proto.input[1:])
    given = {a.name: _attribute(proto, a) for a in proto.attribute}
    rounding = str(given.get("rounding_mode", "ROUND"))
    if rounding not in ("ROUND", "FLOOR"):
        raise UnsupportedError(f"{name}: rounding mode {rounding}; allowed are ROUND and FLOOR")
    if zero_point != 0:
        raise UnsupportedError(f"{name}: zero point {zero_point:g} is not supported; only 0 is")
    if given.get("narrow", 0):
        raise UnsupportedError(
            f"{name}: narrow ranges are not supported; set narrow_range=False in this quantiser"
        )
    if not (1 <= width <= MOST_BITS and width == int(width)):
        raise UnsupportedError(
            f"{name}: bit width {width} is no whole number of bits from 1 to {MOST_BITS}"
        )
    kind = FixedPoint(bool(given.get("signed", 1)), int(width), int(width) - power_of(scale, name))
    attributes: dict[str, Attribute] = {
        "signed": int(kind.signed),
        "width": kind.width,
        "integer": kind.integer,
        "rounding": rounding,
        "overflow": "SAT",
    }
    return Node(proto.name, "Quant", (proto.input[0],), proto.output[0], attributes)


def power_of(scale: float, name: str) -> int:
    """The fraction f of a scale ``2**-f``; UnsupportedError naming `name` for any other scale."""
    import math

    mantissa, exponent = math.frexp(scale)
    if mantissa != 0.5:
        raise UnsupportedError(f"{name}: scale {scale} is not a power of two")
    return 1 - exponent


def _input(info: onnx.ValueInfoProto, nodes: list[Node], graph: str) -> Tensor:
    readers = [n for n in nodes if info.name in n.inputs]
    if len(readers) != 1 or readers[0].op != "Quant":
        raise ProgramError(
            f"input '{info.name}' of '{graph}' must feed exactly one Quant node, which states "
            f"its type; found {[f'{n.name} ({n.op})' for n in readers]}"
        )
    shape = tuple(d.dim_value for d in info.type.tensor_type.shape.dim[1:])
    if not shape or min(shape) < 1:
        raise ProgramError(f"input '{info.name}' of '{graph}' has shape {shape}; it must be fixed")
    return input_tensor(info.name, shape, readers[0].get_type())
