"""Operators that move values: run by onnx's reference implementation on the values' numbers.

So nothing of Transpose, Reshape, Slice, Gather and their like is written a second time, and every
version of them is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from triggernet.errors import UnsupportedError
from triggernet.program.onnx_model import MOST_ELEMENTS
from triggernet.program.readers.foreign.context import Context, Handler, positions
from triggernet.program.readers.foreign.values import (
    NOTHING,
    Affine,
    Constant,
    Value,
    joined,
)

# By operator which of its inputs are moved; the others must be constants. None: all of them.
MOVED: Mapping[str, tuple[int, ...] | None] = MappingProxyType(
    {
        "Transpose": (0,), "Reshape": (0,), "Flatten": (0,), "Squeeze": (0,), "Unsqueeze": (0,),
        "Expand": (0,), "Slice": (0,), "Gather": (0,), "GatherND": (0,), "GatherElements": (0,),
        "Split": (0,), "Tile": (0,), "DepthToSpace": (0,), "SpaceToDepth": (0,), "Concat": None,
        "Where": (1, 2), "ScatterND": (0, 2), "ScatterElements": (0, 2), "Compress": (0,),
        "ReverseSequence": (0,),
    }
)  # fmt: skip


def run(proto: onnx.NodeProto, opset: int, arrays: Sequence[NDArray[Any] | None]
        ) -> list[NDArray[Any]]:  # fmt: skip
    """What onnx's reference implementation makes of the inputs of a node."""
    from onnx.reference import ReferenceEvaluator

    node = onnx.NodeProto()
    node.CopyFrom(proto)
    names = [f"i{k}" if a is not None else "" for k, a in enumerate(arrays)]
    outputs = [f"o{k}" for k in range(len(proto.output))]
    del node.input[:], node.output[:]
    node.input.extend(names)
    node.output.extend(outputs)
    info = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in zip(names, arrays, strict=True)
        if a is not None
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in outputs]
    graph = helper.make_graph([node], "one", info, ends)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid(proto.domain, opset)], ir_version=10
    )
    feed = {n: a for n, a in zip(names, arrays, strict=True) if a is not None}
    results = [np.asarray(a) for a in ReferenceEvaluator(model).run(None, feed)]
    for array in results:
        if array.size > MOST_ELEMENTS:
            raise UnsupportedError(f"its result has {array.size} values; {MOST_ELEMENTS} at most")
    return results


def moved(ctx: Context) -> list[Value]:
    """The results of a node that moves values."""
    which = MOVED[ctx.proto.op_type]
    chosen = tuple(range(len(ctx.values))) if which is None else which
    sources = [ctx.value(k) for k in chosen if ctx.given(k)]
    shapes = [s.shape for s in sources]
    sizes = [int(np.prod(shape, dtype=np.int64)) for shape in shapes]
    starts = np.cumsum([0, *sizes])
    arrays: list[NDArray[Any] | None] = []
    for k in range(len(ctx.values)):
        if not ctx.given(k):
            arrays.append(None)
        elif k in chosen:
            at = chosen.index(k)
            arrays.append(positions(shapes[at]) + starts[at])
        else:
            arrays.append(ctx.constant(k, f"input {k}").array)
    places = run(ctx.proto, ctx.opset, arrays)
    together = _together(ctx, sources, chosen)
    return [together.take(p.reshape(-1), p.shape) for p in places]


def _together(ctx: Context, sources: list[Value], chosen: tuple[int, ...]) -> Value:
    if len(sources) == 1:
        return sources[0]
    if all(isinstance(s, Constant) for s in sources):
        return _constants([s for s in sources if isinstance(s, Constant)])
    return joined([ctx.linear(k) for k in chosen if ctx.given(k)])


def _constants(parts: list[Constant]) -> Constant:
    array = np.concatenate([p.array.reshape(-1) for p in parts])
    if any(p.codes is None for p in parts):
        return Constant(array)
    exact = [p.exact() for p in parts]
    codes = np.concatenate([c.astype(object) for c, _ in exact])
    return Constant(array, codes, np.concatenate([u for _, u in exact]))


def pad(ctx: Context) -> Value:
    """Zeros, or copies of what is there, at the ends of axes."""
    mode = ctx.get("mode", "constant")
    value = ctx.linear(0)
    constant = ctx.get("value", 0.0)
    if ctx.given(2):
        constant = float(ctx.constant(2, "constant").array.reshape(-1)[0])
    if mode == "constant" and constant:
        raise UnsupportedError(f"it pads with {constant:g}; only 0 is possible")
    arrays: list[NDArray[Any] | None] = [positions(value.shape)]
    for k in range(1, len(ctx.values)):
        given = ctx.constant(k, "padding").array if ctx.given(k) else None
        arrays.append(np.array(NOTHING, dtype=np.int64) if k == 2 else given)
    if mode == "constant" and len(arrays) == 2:
        arrays.append(np.array(NOTHING, dtype=np.int64))
    if "pads" in ctx.attributes:  # before opset 11
        arrays = [arrays[0], np.array(ctx.attributes["pads"]), np.array(NOTHING, dtype=np.int64)]
        proto, opset = helper.make_node("Pad", ["x", "p", "v"], ["y"], mode=mode), 13
    else:
        proto, opset = onnx.NodeProto(), ctx.opset
        proto.CopyFrom(ctx.proto)
    (places,) = run(proto, opset, arrays)
    zero = value.with_zero()
    at = np.where(places == NOTHING, value.size, places)
    return zero.take(at.reshape(-1), places.shape)


def identity(ctx: Context) -> Value:
    """What it reads."""
    return ctx.value(0)


def cast(ctx: Context) -> Value:
    """Between floating-point numbers nothing changes; to integers it would."""
    floats = (TensorProto.FLOAT, TensorProto.DOUBLE)
    if ctx.get("to", TensorProto.FLOAT) not in floats:
        name = TensorProto.DataType.Name(ctx.get("to", 0))
        raise UnsupportedError(f"it casts an activation to {name}; use a quantiser instead")
    return ctx.value(0)


def shape_of(ctx: Context) -> Value:
    """A constant, as all shapes are fixed."""
    shape = ctx.value(0).shape
    end = ctx.get("end", None)
    return Constant(np.array(shape[ctx.get("start", 0) : end], dtype=np.int64))


def size_of(ctx: Context) -> Value:
    """Likewise."""
    return Constant(np.array(int(np.prod(ctx.value(0).shape)), dtype=np.int64))


LAYOUTS: Mapping[str, Handler] = MappingProxyType(
    {
        **dict.fromkeys(MOVED, moved),
        "Pad": pad,
        "Identity": identity,
        "Dropout": identity,
        "Cast": cast,
        "Shape": shape_of,
        "Size": size_of,
    }
)

__all__ = ["LAYOUTS", "MOVED", "Affine", "run"]
