"""ONNX files that somebody else wrote: read within bounds and in one piece, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triggernet.errors import ProgramError, in_one_line
from triggernet.program.types import MOST_NODES

if TYPE_CHECKING:
    import onnx

MOST_BYTES = 1 << 28  # the largest file of the zoo takes 200 kB
MOST_ELEMENTS = 1 << 24  # of one tensor or shape
DEEPEST = 4  # graphs inside nodes of graphs


def load_model(path: Path) -> onnx.ModelProto:
    """The model in an ONNX file.

    Raises
    ------
    ProgramError
        In one line that names the file: if it cannot be read, is no ONNX, refers to data outside
        of it, or holds more nodes or larger tensors than any program.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if not path.is_file():
        raise ProgramError(f"no QONNX file at {path}; `triggernet export` writes one")
    if path.stat().st_size > MOST_BYTES:
        raise ProgramError(f"{path} holds more than {MOST_BYTES} bytes, too many for a program")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
        check_model(model)
    except OSError as error:
        raise ProgramError(f"cannot read {path}: {error.strerror}") from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise ProgramError(
            f"{path} is not an ONNX file, or is damaged: {in_one_line(error)}"
        ) from error
    except ProgramError as error:
        raise ProgramError(f"{path}: {error}") from error
    return model


def check_model(model: onnx.ModelProto) -> None:
    """Refuse more nodes or larger tensors than any program has, and data in other files.

    Raises
    ------
    ProgramError
    """
    _check_graph(model.graph, 0)
    for function in model.functions:
        _check_nodes(function.node, 0)


def _check_graph(graph: onnx.GraphProto, depth: int) -> None:
    if depth > DEEPEST:
        raise ProgramError(f"its graphs are nested more than {DEEPEST} levels deep")
    for tensor in graph.initializer:
        _check_tensor(tensor)
    if graph.sparse_initializer:
        raise ProgramError("it holds sparse tensors, which no program has")
    for info in (*graph.input, *graph.output, *graph.value_info):
        shape = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
        _check_shape(info.name, [max(length, 1) for length in shape])
    _check_nodes(graph.node, depth)


def _check_nodes(nodes: Iterable[onnx.NodeProto], depth: int) -> None:
    listed = list(nodes)
    if len(listed) > MOST_NODES:
        raise ProgramError(f"it holds {len(listed)} nodes; a program has at most {MOST_NODES}")
    for node in listed:
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                _check_tensor(tensor)
            for graph in _graphs(attribute):
                _check_graph(graph, depth + 1)


def _graphs(attribute: onnx.AttributeProto) -> Iterator[onnx.GraphProto]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _check_tensor(tensor: onnx.TensorProto) -> None:
    import onnx

    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise ProgramError(
            f"tensor {tensor.name!r} lies in another file (external data), which is not read; "
            "store the model in one file"
        )
    _check_shape(tensor.name, tensor.dims)


def _check_shape(name: str, shape: Iterable[int]) -> None:
    size = 1
    for length in shape:
        size *= length
        if length < 0 or size > MOST_ELEMENTS:
            raise ProgramError(
                f"tensor {name!r} has a length of {length} among its dimensions; allowed are "
                f"0 and more, and {MOST_ELEMENTS} elements in all"
            )
