"""A program as one QONNX file that carries the meaning of its operators as ONNX local functions.

The file runs in onnxruntime as it is. qonnx runs it after `inlined`, with its own `Quant`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, parser

from triggernet.program import Program
from triggernet.program.infer import operator_of
from triggernet.program.operators import onnx_text as text
from triggernet.program.operators.node import Node, Tensor

DOMAIN = "triggernet"
QUANT_DOMAIN = "qonnx.custom_op.general"
OPSET = 20
IR_VERSION = 10  # the first that tells functions apart by `overload`


def to_onnx(program: Program, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
    """The program as a QONNX model.

    Parameters
    ----------
    program : Program
    metadata : mapping of str to str, optional
        Written to the model's metadata, e.g. the input encoding.

    Returns
    -------
    onnx.ModelProto
        Inputs and outputs are float32 (batch, *shape) holding values (codes times the LSB).
    """
    nodes: list[onnx.NodeProto] = []
    initializers: list[onnx.TensorProto] = []
    for node in program.nodes:
        proto, constants = _node(node, program)
        nodes.append(proto)
        initializers += constants
    graph = helper.make_graph(
        nodes,
        program.name,
        [_value_info(program.tensors[n]) for n in program.inputs],
        [_value_info(program.tensors[n]) for n in program.outputs],
        initializers,
        value_info=[
            *(
                _value_info(program.tensors[n.output])
                for n in program.nodes
                if n.output not in program.outputs
            ),
            # hls4ml looks the shape of every input of a node up here, constants included.
            *(helper.make_tensor_value_info(i.name, i.data_type, i.dims) for i in initializers),
        ],
    )
    model = helper.make_model(
        graph,
        producer_name="triggernet",
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid(DOMAIN, 1),
            helper.make_opsetid(QUANT_DOMAIN, 1),
        ],
        functions=_functions(program),
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, dict(metadata or {}))
    onnx.checker.check_model(model, full_check=False)
    return model


def inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with triggernet's functions inlined and `Quant` left to the executor (qonnx)."""
    from onnx import inliner

    names = [(f.domain, f.name) for f in model.functions if f.domain == DOMAIN]
    result = inliner.inline_selected_functions(model, names)
    del result.functions[:]
    for node in result.graph.node:
        node.overload = ""
    return result


def _value_info(tensor: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, ["batch", *tensor.shape])


def _node(node: Node, program: Program) -> tuple[onnx.NodeProto, list[onnx.TensorProto]]:
    if node.op == "Quant":
        return _quant_node(node, program)
    proto = helper.make_node(
        node.op,
        node.inputs,
        [node.output],
        name=node.name,
        domain=DOMAIN,
        overload=node.name,
    )
    proto.attribute.extend(
        helper.make_attribute(k, list(v) if isinstance(v, tuple) else v)
        for k, v in node.attributes.items()
    )
    return proto, []


def _quant_node(node: Node, program: Program) -> tuple[onnx.NodeProto, list[onnx.TensorProto]]:
    kind = node.get_type().qonnx
    # No tensor has two underscores in a row: with these the name of a constant is free.
    plain = {key: f"{node.name}_{key}" for key in ("scale", "zero_point", "bit_width")}
    taken = any(name in program.tensors for name in plain.values())
    names = {key: f"{node.name}__{key}" for key in plain} if taken else plain
    constants = [
        numpy_helper.from_array(np.array(kind[key], dtype=np.float32), names[key]) for key in names
    ]
    proto = helper.make_node(
        "Quant",
        [*node.inputs, *names.values()],
        [node.output],
        name=node.name,
        domain=QUANT_DOMAIN,
        overload=_quant_overload(node),
        signed=kind["signed"],
        narrow=0,
        rounding_mode=node.get_str("rounding"),
    )
    return proto, constants


def _quant_overload(node: Node) -> str:
    return f"{node.get_str('rounding')}_{'SIGNED' if node.get_int('signed') else 'UNSIGNED'}"


def _functions(program: Program) -> list[onnx.FunctionProto]:
    """One function a node, and one for each kind of `Quant`."""
    functions = [_function(node) for node in program.nodes]
    return list({(f.domain, f.name, f.overload): f for f in functions}.values())


def _function(node: Node) -> onnx.FunctionProto:
    quant = node.op == "Quant"
    source = _quant_source(node) if quant else _operator_source(node)
    function = parser.parse_function(source)
    function.overload = _quant_overload(node) if quant else node.name
    return function


def _header(domain: str, op: str, attributes: Iterable[str], inputs: Iterable[str]) -> str:
    return (
        f'<domain: "{domain}", opset_import: ["" : {OPSET}]>\n'
        f"{op} <{', '.join(attributes)}> ({', '.join(inputs)}) => (result)"
    )


def _quant_source(node: Node) -> str:
    head = _header(
        QUANT_DOMAIN,
        "Quant",
        ("signed", "narrow", "rounding_mode"),
        ("x", "scale", "zero_point", "bit_width"),
    )
    return f"{head} {{{operator_of(node).meaning(node)}\n    result = Identity (y)\n}}"


def _operator_source(node: Node) -> str:
    operator = operator_of(node)
    names = operator.arguments(node)
    casts = "".join(f"\n    {n} = Cast <to = {text.DOUBLE}> ({n}_float)" for n in names)
    quantiser = node.quantiser
    tail = text.quantise("y", "quantised", "", quantiser.rounding, quantiser.overflow)
    head = _header(DOMAIN, node.op, node.attributes, (f"{n}_float" for n in names))
    return (
        f"{head} {{{casts}{operator.meaning(node)}{tail}\n"
        f"    result = Cast <to = {text.FLOAT}> (quantised)\n}}"
    )
