"""Foreign ONNX files and checkpoints: within bounds and whole, or refused in one line."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from programs import tiny_program

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.errors import ModelError, ProgramError
from triggernet.learning.training.checkpoint import read_checkpoint
from triggernet.program.onnx_model import load_model
from triggernet.program.readers.qonnx import read_program


def external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def external_in_attribute(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="far", data_location=TensorProto.EXTERNAL)
    model.functions[0].node[0].attribute.append(helper.make_attribute("value", tensor))


def deep(model: onnx.ModelProto, levels: int = 5) -> None:
    graph = model.graph
    for _ in range(levels):
        node = graph.node.add(op_type="If")
        node.attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH)
        graph = node.attribute[0].g
        graph.name = "inner"


def quant(k: int, value: float) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        node = next(node for node in model.graph.node if node.op_type == "Quant")
        tensor = next(t for t in model.graph.initializer if t.name == node.input[k])
        tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.FLOAT, [], [value]))

    return change


def huge_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1 << 40


def cut_constant(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = b"\x00"


def no_text(model: onnx.ModelProto) -> None:
    node = next(node for node in model.graph.node if node.op_type == "Quant")
    next(a for a in node.attribute if a.name == "rounding_mode").s = b"\xff\xfe"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (external, "lies in another file .external data., which is not read"),
        (external_in_attribute, "tensor 'far' lies in another file"),
        (deep, "graphs are nested more than 4 levels"),
        (quant(3, float("nan")), "bit width nan is no whole number of bits from 1 to 512"),
        (quant(3, float("inf")), "bit width inf"),
        (quant(3, 1e9), "bit width 1000000000.0"),
        (quant(1, float("nan")), "scale nan is not a power of two"),
        (quant(1, 0.0), "scale 0.0 is not a power of two"),
        (huge_input, "has a length of 1099511627776"),
        (cut_constant, "constant .* is damaged"),
        (no_text, "attribute 'rounding_mode' is no text"),
    ],
)
def test_hostile_models_are_refused_in_one_line(
    tmp_path: Path, change: Callable[[onnx.ModelProto], None], problem: str
):
    model = to_onnx(tiny_program())
    change(model)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ProgramError, match=problem) as refusal:
        read_program(path)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.pt"
    torch.save({"w": torch.arange(100.0)}, path)
    return path


def test_graphs_may_be_nested_four_levels(tmp_path: Path):
    model, path = to_onnx(tiny_program()), tmp_path / "model.onnx"
    deep(model, 4)
    path.write_bytes(model.SerializeToString())
    assert len(load_model(path).graph.node) == len(model.graph.node)
    model = to_onnx(tiny_program())
    deep(model, 5)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ProgramError, match="graphs are nested more than 4 levels"):
        load_model(path)


def test_a_changed_bit_in_a_tensor_is_noticed(checkpoint: Path):
    whole = checkpoint.read_bytes()
    assert torch.equal(read_checkpoint(checkpoint, "train again")["w"], torch.arange(100.0))
    with zipfile.ZipFile(checkpoint) as archive:
        info = next(i for i in archive.infolist() if i.filename.endswith("data/0"))
    start = whole.index(torch.arange(100.0).numpy().tobytes())
    assert info.file_size == 400
    checkpoint.write_bytes(whole[:start] + b"\x01" + whole[start + 1 :])
    assert not torch.equal(torch.load(checkpoint)["w"], torch.arange(100.0))  # torch does not
    with pytest.raises(ModelError, match=r"checkpoint\.pt is no .*; train again$"):
        read_checkpoint(checkpoint, "train again")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip", b"\x80\x02}q\x00."])
def test_what_is_no_archive_is_refused(checkpoint: Path, content: bytes):
    checkpoint.write_bytes(content)
    with pytest.raises(ModelError, match=r"checkpoint\.pt is no checkpoint of triggernet") as error:
        read_checkpoint(checkpoint, "train again")
    assert "\n" not in str(error.value)
