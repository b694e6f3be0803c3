"""From the graph that Brevitas exports to the nodes of the operator table.

Constants are folded to integer codes; MatMul or Gemm, the Add of its bias, Relu and the Quant
behind them become one `Dense`; ReduceSum over particles becomes `Sum`; Add and Sub of two tensors
(one of them possibly a vector unsqueezed to all particles) become `Add`. triggernet's own nodes
stay as they are. Everything else is refused with the node's name: never approximated.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from triggernet.errors import UnsupportedError
from triggernet.fixedpoint import Codes, FixedPoint, Quantiser
from triggernet.program import Program, build_program
from triggernet.program.infer import exact_of, input_tensor
from triggernet.program.names import is_legal, legal_name
from triggernet.program.operators.node import Attribute, Node, Tensor, quantiser_attributes
from triggernet.program.readers.qonnx import power_of

PARTICLE_AXIS = 1  # of the graph's tensors, behind the batch axis


@dataclass(frozen=True)
class Constant:
    """A quantised constant: codes of its exact shape and their type."""

    codes: Codes
    type: FixedPoint


@dataclass(frozen=True)
class Linear:
    """A Dense under construction, before its quantiser."""

    name: str
    x: str
    weight: Constant
    bias: Constant | None = None
    relu: bool = False


@dataclass(frozen=True)
class Spread:
    """A vector that serves all particles."""

    tensor: str


Value = str | Constant | Linear | Spread | NDArray[Any]


class Lowering:
    """The state of one lowering: what each value of the graph has become."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.values: dict[str, Value] = {
            i.name: numpy_helper.to_array(i) for i in graph.initializer
        }
        self.tensors: dict[str, Tensor] = {}
        self.inputs: list[Tensor] = []
        self.nodes: list[Node] = []

    def run(self) -> Program:
        """The program of the whole graph."""
        known = set(self.values)
        self.shapes = {
            i.name: tuple(d.dim_value for d in i.type.tensor_type.shape.dim[1:])
            for i in self.graph.input
            if i.name not in known
        }
        for proto in self.graph.node:
            handler = _HANDLERS.get(proto.op_type)
            if proto.domain == "triggernet":
                handler = _operator
            if handler is None:
                raise UnsupportedError(
                    f"node '{proto.name}': {proto.op_type} cannot be lowered exactly; supported "
                    f"are triggernet's operators and {', '.join(sorted(_HANDLERS))}"
                )
            self.values[proto.output[0]] = handler(self, proto)
        outputs = [self.tensor(o.name, None) for o in self.graph.output]
        return build_program(legal_name(self.graph.name), self.inputs, self.nodes, outputs)

    def fresh(self, name: str) -> str:
        """`name` made legal, with a number behind it if a tensor, node or input has that name."""
        name = legal_name(name)
        nodes = (node.name for node in self.nodes)
        inputs = (i.name for i in self.graph.input)
        taken = {other.lower() for other in (*self.tensors, *nodes, *inputs)}
        numbered = itertools.chain([name], (f"{name}_{k}" for k in itertools.count(2)))
        return next(n for n in numbered if n.lower() not in taken)

    def add(self, node: Node) -> str:
        """Append a node and infer its output's type."""
        exact = exact_of(node, tuple(self.tensors[n] for n in node.inputs))
        quantiser = node.quantiser
        lo, hi = quantiser.range_of(exact.range.lo, exact.range.hi, exact.fraction)
        self.tensors[node.output] = Tensor(node.output, exact.shape, quantiser.type, lo, hi)
        self.nodes.append(node)
        return node.output

    def add_exact(self, node: Node) -> str:
        """Append a node without a quantiser of its own: its type is the narrowest exact one."""
        placeholder = dataclasses.replace(
            node,
            attributes={**node.attributes, **quantiser_attributes(FixedPoint(True, 1, 1), "FLOOR")},
        )
        exact = exact_of(placeholder, tuple(self.tensors[n] for n in node.inputs))
        kind = FixedPoint.covering(exact.range.lo, exact.range.hi, exact.fraction)
        attributes = {**node.attributes, **quantiser_attributes(kind, "FLOOR")}
        return self.add(dataclasses.replace(node, attributes=attributes))

    def tensor(self, name: str, proto: onnx.NodeProto | None) -> str:
        """The program's tensor behind value `name`, finishing a Dense without a quantiser."""
        value = self.values.get(name)
        if isinstance(value, Linear):
            self.values[name] = value = self.add_exact(_dense(self, value))
        if not isinstance(value, str):
            where = f"node '{proto.name}' ({proto.op_type})" if proto else "the graph's output"
            raise UnsupportedError(
                f"{where} reads '{name}', which is no quantised tensor; quantise every input and "
                "every constant"
            )
        return value

    def array(self, name: str, proto: onnx.NodeProto) -> NDArray[Any]:
        """The plain constant behind value `name`."""
        value = self.values.get(name)
        if not isinstance(value, np.ndarray):
            raise UnsupportedError(
                f"node '{proto.name}' ({proto.op_type}): '{name}' must be a constant"
            )
        return value


def lower(model: onnx.ModelProto) -> Program:
    """Lower an exported graph to a program.

    Parameters
    ----------
    model : onnx.ModelProto
        As exported by Brevitas (QONNX), every input quantised first. Names that no emitter could
        write are changed, always in the same way.

    Raises
    ------
    UnsupportedError
        Naming the node that cannot be lowered without changing its meaning.
    """
    return Lowering(model.graph).run()


def short_name(path: str) -> str:
    """The module's name in a node name such as ``/model/d/PairDotPolar``, without dots."""
    parts = [p for p in path.split("/") if p]
    return (parts[-2] if len(parts) > 1 else parts[-1]).replace(".", "_")


def attributes_of(proto: onnx.NodeProto) -> dict[str, Any]:
    """Attributes of a node as Python values, strings decoded."""
    attributes = {a.name: helper.get_attribute_value(a) for a in proto.attribute}
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in attributes.items()}


def _operator(state: Lowering, proto: onnx.NodeProto) -> Value:
    attributes: dict[str, Attribute] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in attributes_of(proto).items()
    }
    inputs = tuple(state.tensor(name, proto) for name in proto.input)
    name = state.fresh(short_name(proto.name))
    return state.add(Node(name, proto.op_type, inputs, name, attributes))


def _quant(state: Lowering, proto: onnx.NodeProto) -> Value:
    where = f"node '{proto.name}' (Quant)"
    scale, zero_point, width = (state.array(n, proto) for n in proto.input[1:])
    attributes = attributes_of(proto)
    rounding = str(attributes.get("rounding_mode", "ROUND"))
    if scale.size != 1:
        raise UnsupportedError(f"{where}: {scale.size} scales; only one a tensor is allowed")
    if float(zero_point.reshape(-1)[0]) != 0:
        raise UnsupportedError(
            f"{where}: zero point {float(zero_point.reshape(-1)[0]):g} is not supported; only 0 is"
        )
    if rounding not in ("ROUND", "FLOOR"):
        raise UnsupportedError(f"{where}: rounding mode {rounding}; allowed are ROUND and FLOOR")
    bits = int(width.reshape(-1)[0])
    fraction = power_of(float(scale.reshape(-1)[0]), where)
    kind = FixedPoint(bool(attributes["signed"]), bits, bits - fraction)
    quantiser = Quantiser(kind, "FLOOR" if rounding == "FLOOR" else "ROUND")
    source = proto.input[0]
    value = state.values.get(source)
    if isinstance(value, np.ndarray):
        codes = quantiser.from_real(value.astype(np.float64))
        least = kind.min_int + int(bool(attributes.get("narrow", 0)) and kind.signed)
        return Constant(np.maximum(codes, least), kind)
    if attributes.get("narrow", 0):
        raise UnsupportedError(
            f"{where}: narrow ranges of activations are not supported; set narrow_range=False in "
            "this quantiser"
        )
    return _quantised(state, proto, quantiser)


def _quantised(state: Lowering, proto: onnx.NodeProto, quantiser: Quantiser) -> str:
    """A graph input, a Dense under construction or a tensor behind its quantiser."""
    source = proto.input[0]
    end = quantiser_attributes(quantiser.type, quantiser.rounding)
    value = state.values.get(source)
    if isinstance(value, Linear):
        node = _dense(state, value)
        return state.add(dataclasses.replace(node, attributes={**node.attributes, **end}))
    if source in state.shapes:
        name = source if is_legal(source) else state.fresh(source)
        tensor = input_tensor(name, state.shapes.pop(source), quantiser.type)
        state.tensors[name] = tensor
        state.inputs.append(tensor)
        quant, output = state.fresh(f"{name}_quant"), state.fresh(f"{name}_q")
        return state.add(Node(quant, "Quant", (name,), output, end))
    name = state.fresh(f"{state.tensor(source, proto)}_quant")
    return state.add(Node(name, "Quant", (state.tensor(source, proto),), name, end))


def _matmul(state: Lowering, proto: onnx.NodeProto) -> Value:
    weight = state.values.get(proto.input[1])
    if not isinstance(weight, Constant):
        raise UnsupportedError(
            f"node '{proto.name}' (MatMul): a product of two activations, or an unquantised weight"
        )
    return Linear(short_name(proto.name), state.tensor(proto.input[0], proto), weight)


def _gemm(state: Lowering, proto: onnx.NodeProto) -> Value:
    attributes = attributes_of(proto)
    if (
        attributes.get("transA", 0)
        or attributes.get("alpha", 1.0) != 1
        or attributes.get("beta", 1.0) != 1
    ):
        raise UnsupportedError(
            f"node '{proto.name}' (Gemm): only x W + b is allowed, not {attributes}"
        )
    weight = state.values.get(proto.input[1])
    bias = state.values.get(proto.input[2]) if len(proto.input) > 2 else None
    if not isinstance(weight, Constant) or not (bias is None or isinstance(bias, Constant)):
        raise UnsupportedError(f"node '{proto.name}' (Gemm): weight and bias must be quantised")
    if attributes.get("transB", 0):
        weight = Constant(weight.codes.T, weight.type)
    return Linear(short_name(proto.name), state.tensor(proto.input[0], proto), weight, bias)


def _add(state: Lowering, proto: onnx.NodeProto) -> Value:
    values = [state.values.get(name) for name in proto.input]
    linear = next((v for v in values if isinstance(v, Linear)), None)
    bias = next((v for v in values if isinstance(v, Constant)), None)
    if proto.op_type == "Add" and linear and bias and linear.bias is None and not linear.relu:
        return dataclasses.replace(linear, bias=bias)
    return _add_tensors(state, proto)


def _add_tensors(state: Lowering, proto: onnx.NodeProto) -> Value:
    """Sum or difference of two activations, the second one possibly of one rank less."""
    operands = [state.values.get(name) for name in proto.input]
    spread = [isinstance(v, Spread) for v in operands]
    if proto.op_type == "Add" and spread[0]:
        spread.reverse()
        operands.reverse()
        proto = helper.make_node("Add", reversed(proto.input), proto.output, proto.name)
    if spread[0]:
        raise UnsupportedError(f"node '{proto.name}' ({proto.op_type}): a vector minus particles")
    second = operands[1].tensor if isinstance(operands[1], Spread) else None
    x = state.tensor(proto.input[0], proto)
    y = second or state.tensor(proto.input[1], proto)
    shapes = state.tensors[x].shape, state.tensors[y].shape
    if shapes[1] != (shapes[0][1:] if second else shapes[0]):
        raise UnsupportedError(
            f"node '{proto.name}' ({proto.op_type}): shapes {shapes}; equal ones, or a vector "
            "unsqueezed to all particles, are allowed"
        )
    attributes = {"subtract": int(proto.op_type == "Sub"), "broadcast": int(bool(second))}
    name = state.fresh("difference" if proto.op_type == "Sub" else "sum")
    return state.add_exact(Node(name, "Add", (x, y), name, attributes))


def _unsqueeze(state: Lowering, proto: onnx.NodeProto) -> Value:
    axes = state.array(proto.input[1], proto).reshape(-1).tolist()
    if axes != [PARTICLE_AXIS]:
        raise UnsupportedError(
            f"node '{proto.name}' (Unsqueeze): axes {axes}; only a vector for all particles "
            "(axis 1) is allowed"
        )
    return Spread(state.tensor(proto.input[0], proto))


def _relu(state: Lowering, proto: onnx.NodeProto) -> Value:
    value = state.values.get(proto.input[0])
    if not isinstance(value, Linear):
        raise UnsupportedError(f"node '{proto.name}' (Relu): it must follow a linear layer")
    return dataclasses.replace(value, relu=True)


def _transpose(state: Lowering, proto: onnx.NodeProto) -> Value:
    value = state.values.get(proto.input[0])
    if not isinstance(value, Constant):
        raise UnsupportedError(f"node '{proto.name}' (Transpose): only constants can be transposed")
    return Constant(value.codes.transpose(attributes_of(proto).get("perm")), value.type)


def _reduce_sum(state: Lowering, proto: onnx.NodeProto) -> Value:
    axes = state.array(proto.input[1], proto).reshape(-1).tolist()
    attributes = attributes_of(proto)
    if axes != [PARTICLE_AXIS] or attributes.get("keepdims", 1):
        raise UnsupportedError(
            f"node '{proto.name}' (ReduceSum): axes {axes}; only the sum over particles (axis 1, "
            "dropped) is allowed"
        )
    name = state.fresh(f"{state.tensor(proto.input[0], proto)}_sum")
    return state.add_exact(Node(name, "Sum", (state.tensor(proto.input[0], proto),), name, {}))


def _constant(_state: Lowering, proto: onnx.NodeProto) -> Value:
    return np.asarray(numpy_helper.to_array(attributes_of(proto)["value"]))


def _dense(state: Lowering, linear: Linear) -> Node:
    """A Dense node without its quantiser."""
    f, g = linear.weight.codes.shape
    bias = linear.bias or Constant(np.zeros(g, dtype=np.int64), FixedPoint(True, 1, 1))
    attributes: dict[str, Attribute] = {
        "in_features": f,
        "context_features": 0,
        "out_features": g,
        "n_select": 1,
        "relu": int(linear.relu),
        "in_rank": len(state.tensors[linear.x].shape),
        **_constant_attributes("weight", linear.weight),
        **_constant_attributes("bias", bias),
    }
    name = state.fresh(linear.name)
    return Node(name, "Dense", (linear.x,), name, attributes)


def _constant_attributes(name: str, constant: Constant) -> Mapping[str, Attribute]:
    kind = constant.type
    wider = int(not kind.signed)  # the table's constants are signed
    return {
        name: tuple(int(c) for c in constant.codes.ravel()),
        f"{name}_width": kind.width + wider,
        f"{name}_integer": kind.integer + wider,
    }


_HANDLERS: Mapping[str, Callable[[Lowering, onnx.NodeProto], Value]] = {
    "Quant": _quant,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Add": _add,
    "Sub": _add_tensors,
    "Unsqueeze": _unsqueeze,
    "Relu": _relu,
    "Transpose": _transpose,
    "ReduceSum": _reduce_sum,
    "Constant": _constant,
}
