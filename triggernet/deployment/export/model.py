"""From a trained PyTorch model to its program and QONNX file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Protocol, cast

import onnx
import torch
from torch import Tensor, nn

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.errors import ModelError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program
from triggernet.program.names import check_name
from triggernet.program.readers.brevitas import lower
from triggernet.program.readers.qonnx import read_program


class HardwareModel(Protocol):
    """What a model must offer to be exported."""

    @property
    def input_types(self) -> Mapping[str, tuple[int, FixedPoint]]:
        """Length and type of each input, in order."""

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Scores (B, K) from quantised-on-entry inputs (B, length)."""


class _Positional(nn.Module):
    """The model with positional inputs, as the exporter needs it."""

    def __init__(self, model: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *tensors: Tensor) -> Tensor:
        model = cast("HardwareModel", self.model)
        return model.outputs(dict(zip(self.names, tensors, strict=True)))


def export_model(model: nn.Module, name: str, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Export a quantised model to QONNX with its operators' meaning as local functions.

    Parameters
    ----------
    model : nn.Module
        A `HardwareModel`; it is exported as it stands, in evaluation mode.
    name : str
        Name of the graph and of the firmware's top function.
    metadata : mapping of str to str
        Written into the file, e.g. the input encoding.

    Raises
    ------
    UnsupportedError
        If a node cannot be lowered exactly.
    ModelError
        If an input is not what the model's `input_types` say.
    """
    program = program_of(model, name)
    exported = to_onnx(program, metadata)
    if read_program(exported) != program:
        raise AssertionError(f"the QONNX file of '{name}' does not read back to its program")
    return exported


def raw_qonnx(model: nn.Module, name: str) -> onnx.ModelProto:
    """What Brevitas exports: stock QONNX, with triggernet's operators as whole nodes."""
    kinds = cast("HardwareModel", model).input_types
    for input_name in kinds:
        check_name("input", input_name)
    training = model.training
    dtype = next((p.dtype for p in model.parameters()), torch.float32)
    wrapped = _Positional(model.float().eval(), tuple(kinds))
    examples = tuple(torch.zeros(1, length) for length, _ in kinds.values())
    try:
        with warnings.catch_warnings():
            # torch 2.13 deprecates the TorchScript exporter; the other one mistranslates residual
            # additions (brevitas issue 1608) and says more than it should.
            # brevitas 0.13 imports its own deprecated modules.
            warnings.simplefilter("ignore")
            from brevitas.export import export_qonnx

            exported = export_qonnx(
                wrapped,
                args=examples,
                dynamo=False,
                custom_opsets={"triggernet": 1},
                input_names=list(kinds),
                output_names=["score_out"],
            )
    finally:
        model.to(dtype).train(training)
    exported.graph.name = name
    return cast("onnx.ModelProto", exported)


def program_of(model: nn.Module, name: str = "model") -> Program:
    """The program of a quantised model, without writing a file.

    Raises
    ------
    UnsupportedError
        If a node cannot be lowered exactly.
    ModelError
        If an input is not what the model's `input_types` say.
    """
    program = lower(raw_qonnx(model, name))
    _check_inputs(program, cast("HardwareModel", model).input_types)
    return program


def _check_inputs(program: Program, stated: Mapping[str, tuple[int, FixedPoint]]) -> None:
    """What encodes the jets follows `input_types`, the hardware its quantisers: they must agree."""
    for name, (length, kind) in stated.items():
        tensor = program.tensors.get(name)
        if tensor is None or name not in program.inputs:
            raise ModelError(
                f"input '{name}' is stated in the model's input_types and nothing of the model "
                "reads it; leave it out there, or use it"
            )
        if (tensor.shape, tensor.type) != ((length,), kind):
            raise ModelError(
                f"input '{name}' has {length} values of {kind} in the model's input_types, and "
                f"{tensor.size} of {tensor.type} behind the first quantiser that reads it; state "
                "the type that this quantiser has"
            )
