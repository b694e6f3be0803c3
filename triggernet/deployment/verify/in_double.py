"""A model of QONNX in float64, for onnx's reference implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from triggernet.deployment.project.origin import Origin

Arrays = dict[str, NDArray[Any]]

# Constants that only move keep their exact values: a weight behind its quantiser is transposed.
MOVES = (
    "Concat", "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze",
    "Tile", "Transpose", "Unsqueeze",
)  # fmt: skip
EXACT = (*MOVES, "DequantizeLinear")
QUANTISERS = ("Quant", "IntQuant", "BipolarQuant", "QuantizeLinear", "Trunc")


def in_double(model: onnx.ModelProto, origin: Origin) -> onnx.ModelProto:
    """The same in float64, what is constant computed beforehand in float32."""
    opsets = {o.domain: o.version for o in model.opset_import}
    constants: Arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    exact: Arrays = {n: _double(a) for n, a in constants.items()}
    nodes = []
    for node in model.graph.node:
        if all(not n or n in constants for n in node.input):
            for name, array, precise in _folded(model, node, constants, exact, opsets):
                constants[name], exact[name] = array, precise
        else:
            nodes.append(_cast_to_double(node))
    used = {n for node in nodes for n in node.input} | {p.tensor for p in origin.outputs}
    shown = [p.tensor for p in origin.outputs]
    shown += [n for node in nodes if node.op_type in QUANTISERS
              for n in (node.input[0], node.output[0])]  # fmt: skip
    inputs = {p.graph_name for p in origin.inputs}
    graph = helper.make_graph(
        nodes,
        "original",
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in sorted(inputs)],
        [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None)
         for n in dict.fromkeys(shown) if n not in inputs and n not in exact],
        [numpy_helper.from_array(a, n) for n, a in exact.items() if n in used],
    )  # fmt: skip
    domains = {node.domain for node in nodes}
    imports = [helper.make_opsetid(d, opsets.get(d, 1)) for d in sorted(domains | {""})]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def _double(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float64) if array.dtype == np.float32 else array


def _cast_to_double(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    for attribute in copy.attribute:
        if copy.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.DOUBLE
    return copy


def _folded(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    constants: Arrays,
    exact: Arrays,
    opsets: Mapping[str, int],
) -> list[tuple[str, NDArray[Any], NDArray[Any]]]:
    """Results of a constant node: as float32 has them, and their exact values in float64."""
    values = [constants[n] if n else None for n in node.input]
    if node.op_type in ("Quant", "IntQuant", "BipolarQuant"):
        x, scale = values[0], values[1]
        assert x is not None
        assert scale is not None
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "BipolarQuant":
            codes = np.where(x >= 0, np.float32(1), np.float32(-1))
        else:
            codes = quantised_codes(x, scale, values[2], values[3], settings)
        return [(node.output[0], (codes * scale).astype(np.float32),
                 codes.astype(np.float64) * scale.astype(np.float64))]  # fmt: skip
    results = _alone(model, node, constants, opsets)
    precise = _alone(model, node, exact, opsets) if node.op_type in EXACT else results
    return [(name, array, _double(precise[name])) for name, array in results.items()]


def _alone(
    model: onnx.ModelProto, node: onnx.NodeProto, values: Arrays, opsets: Mapping[str, int]
) -> Arrays:
    """The results of one node of constants."""
    kinds = {n: helper.np_dtype_to_tensor_dtype(values[n].dtype) for n in node.input if n}
    graph = helper.make_graph(
        [node],
        "constant",
        [helper.make_tensor_value_info(n, kind, None) for n, kind in kinds.items()],
        [helper.make_tensor_value_info(o, TensorProto.UNDEFINED, None) for o in node.output if o],
    )
    imports = [helper.make_opsetid(d, v) for d, v in opsets.items()]
    one = helper.make_model(graph, opset_imports=imports, ir_version=10)
    evaluator = ReferenceEvaluator(one, new_ops=operators(model))
    results = evaluator.run(None, {n: values[n] for n in kinds})
    return {n: np.asarray(a) for n, a in zip(evaluator.output_names, results, strict=True)}


def quantised_codes(
    x: NDArray[Any], scale: NDArray[Any], zero: Any, bits: Any, settings: Mapping[str, Any]
) -> NDArray[Any]:
    """Integer codes of QONNX's Quant, less the zero point, in the precision of `x`."""
    width = float(np.asarray(bits).reshape(-1)[0])
    signed, narrow = bool(settings.get("signed", 1)), bool(settings.get("narrow", 0))
    y = x / scale + np.asarray(zero, x.dtype)
    if width == 1 and signed:
        return np.asarray(np.where(y >= 0, 1.0, -1.0) - np.asarray(zero, x.dtype))
    low = -(2.0 ** (width - 1)) + narrow if signed else 0.0
    high = 2.0 ** (width - 1) - 1 if signed else 2.0**width - 1 - narrow
    mode = settings.get("rounding_mode", b"ROUND")
    mode = mode.decode() if isinstance(mode, bytes) else str(mode)
    y = np.minimum(np.maximum(y, low), high)
    sign, size = np.sign(y), np.abs(y)
    rounded = {
        "FLOOR": np.floor(y),
        "CEIL": np.ceil(y),
        "UP": sign * np.ceil(size),
        "DOWN": sign * np.floor(size),
        "HALF_UP": sign * np.floor(size + 0.5),
        "HALF_DOWN": sign * np.ceil(size - 0.5),
    }.get(mode.upper(), np.round(y))
    return np.asarray(rounded - np.asarray(zero, x.dtype))


def _on_axis(array: Any, rank: int, axis: int) -> Any:
    """A scale or zero point for one axis, ready to be broadcast."""
    array = np.asarray(array)
    shape = [-1 if k == axis % rank else 1 for k in range(rank)] if array.size > 1 else []
    return array.reshape(shape)


def _quantize_linear(
    _self: Any, x: Any, scale: Any, zero: Any = None, axis: int = 1, **_others: Any
) -> tuple[Any]:
    """Codes, as floating point; onnx's own has them for the newest opsets alone."""
    kind = np.iinfo(np.uint8 if zero is None else np.asarray(zero).dtype)
    offset = 0.0 if zero is None else _on_axis(zero, x.ndim, axis).astype(np.float64)
    codes = np.round(x / _on_axis(scale, x.ndim, axis)) + offset
    return (np.clip(codes, kind.min, kind.max),)


def _dequantize_linear(
    _self: Any, x: Any, scale: Any, zero: Any = None, axis: int = 1, **_others: Any
) -> tuple[Any]:
    """What codes stand for."""
    factor = _on_axis(scale, x.ndim, axis)
    offset = 0.0 if zero is None else _on_axis(zero, x.ndim, axis).astype(np.float64)
    return (((x.astype(np.float64) - offset) * factor).astype(factor.dtype),)


def operators(model: onnx.ModelProto) -> list[type[OpRun]]:
    """QONNX's quantisers for the reference implementation, in every domain that the file uses."""
    domains = {n.domain for n in model.graph.node if n.domain}

    def quant(_self: Any, x: Any, scale: Any, zero: Any, bits: Any, **settings: Any) -> tuple[Any]:
        return (quantised_codes(x, scale, zero, bits, settings) * scale,)

    def bipolar(_self: Any, x: Any, scale: Any) -> tuple[Any]:
        return (np.where(x >= 0, 1.0, -1.0) * scale,)

    def truncated(_self: Any, x: Any, *others: Any, **settings: Any) -> tuple[Any]:
        scale, zero, before = others[:3]
        mode = str(settings.get("rounding_mode", "FLOOR")).upper()
        rounding = {"FLOOR": np.floor, "CEIL": np.ceil}.get(mode, np.round)
        y = np.round(x / scale + zero)
        if len(others) == 4:
            step = 2.0 ** (before - others[3])
            return ((rounding(y / step) - zero) * scale,)
        step = 2.0 ** np.round(np.log2(others[3] / scale))
        signed, width = settings.get("signed", 1), others[4]
        low = -(2.0 ** (width - 1)) + settings.get("narrow", 0) if signed else 0.0
        high = 2.0 ** (width - 1) - 1 if signed else 2.0**width - 1
        return ((rounding(np.clip(y / step, low, high)) - zero / step) * others[3],)

    def batch_norm(
        _self: Any, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, **settings: Any
    ) -> tuple[Any]:
        """Of a trained network; before opset 14 onnx's own one takes the mean of the batch."""
        tall = (1, -1, *[1] * (x.ndim - 2))
        g, b, m, v = (a.reshape(tall) for a in (gamma, beta, mean, variance))
        return (g * (x - m) / np.sqrt(v + settings.get("epsilon", 1e-5)) + b,)

    standard = {
        "BatchNormalization": batch_norm,
        "QuantizeLinear": _quantize_linear,
        "DequantizeLinear": _dequantize_linear,
    }
    bodies = {"Quant": quant, "IntQuant": quant, "BipolarQuant": bipolar, "Trunc": truncated}
    return [
        *(type(name, (OpRun,), {"op_domain": "", "_run": body}) for name, body in standard.items()),
        *(
            type(name, (OpRun,), {"op_domain": domain, "_run": body})
            for domain in sorted(domains)
            for name, body in bodies.items()
        ),
    ]
