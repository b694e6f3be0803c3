"""From a program and its QONNX file to hls4ml's project, as text."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.deployment.hls.calls import WITH_KERNEL, kernel_call
from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.hls.extension import (
    BACKEND,
    DOMAIN,
    SOURCE_FOLDER,
    layer_settings,
    register,
)
from triggernet.deployment.hls.names import variable_names
from triggernet.errors import ProgramError, UnsupportedError
from triggernet.program.infer import operator_of
from triggernet.program.onnx_model import load_model
from triggernet.program.operators.node import Node, Tensor
from triggernet.program.types import Program

if TYPE_CHECKING:
    import onnx

QUANT_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas")

# What hls4ml 1.3.0 accepts and gets wrong without saying so, found by comparing it with qonnx.
SILENTLY_WRONG = {
    "MatMul": "hls4ml gets the sizes wrong or drops the call when it is not a plain Dense chain",
    "Add": "hls4ml gets every broadcast but a trailing one wrong",
    "Sub": "hls4ml gets every broadcast but a trailing one wrong",
    "Mul": "hls4ml gets every broadcast but a trailing one wrong",
    "GlobalAveragePool": "hls4ml takes the wrong axis without a channels-last layout",
    "Gemm": "hls4ml drops the quantisers of its weights and bias",
    "Softmax": "hls4ml evaluates it from a coarse table",
    "Sigmoid": "hls4ml evaluates it from a coarse table",
    "Tanh": "hls4ml evaluates it from a coarse table",
}
WIDEST_CODE = 63


def convert(program: Program, onnx_path: Path, config: HlsConfig) -> dict[str, str]:
    """Let hls4ml convert the file, and give what it generated.

    Parameters
    ----------
    program : Program
        The program that `onnx_path` holds.
    onnx_path : Path
    config : HlsConfig

    Returns
    -------
    dict of str to str
        hls4ml's own files by their path in the project, vendored headers left out.

    Raises
    ------
    UnsupportedError
        If a node is not one that is known to be converted exactly; hls4ml is not called then.
    ProgramError
        If the file and the program differ.
    """
    model = load_model(onnx_path)
    check_nodes(program, model)
    register()
    with tempfile.TemporaryDirectory(prefix="triggernet-hls-") as folder:
        project = Path(folder)
        # The custom sources are copied here, and hls4ml makes no folder for them.
        (project / "firmware" / SOURCE_FOLDER).mkdir(parents=True)
        with _quiet():
            _run_hls4ml(hls4ml_config(program, onnx_path, project, config))
        used = {f"firmware/{SOURCE_FOLDER}/{name}" for name in _headers(program)}
        return {
            path: text
            for path, text in _texts(project)
            if path in used or Path(path).parent.name != SOURCE_FOLDER
        }


def _headers(program: Program) -> set[str]:
    """The kernels that the program calls, and what they share; hls4ml copies those of all."""
    return {"common.h"} | {operator_of(node).header for node in program.nodes}


def check_nodes(program: Program, model: onnx.ModelProto) -> None:
    """Refuse every node that hls4ml is not known to convert exactly, before it sees it.

    Raises
    ------
    UnsupportedError, ProgramError
        As `convert` does, naming the node.
    """
    expected = {node.name: node for node in program.nodes}
    seen = set()
    for proto in model.graph.node:
        _check_operator(proto)
        node = expected.get(proto.name)
        if node is None or node.op != proto.op_type or [node.output] != list(proto.output):
            raise ProgramError(
                f"node '{proto.name}' ({proto.op_type}) of the QONNX file is not a node of program "
                f"'{program.name}'; read the program from this very file"
            )
        seen.add(proto.name)
    missing = [name for name in expected if name not in seen]
    if missing:
        raise ProgramError(f"nodes {missing} of program '{program.name}' are not in the QONNX file")
    _check_names(program, [i.name for i in (*model.graph.input, *model.graph.initializer)])
    _check_shapes(program, model)
    _check_roundings(program)


def _check_operator(proto: onnx.NodeProto) -> None:
    if proto.op_type == "Quant" and proto.domain in QUANT_DOMAINS:
        return
    if proto.domain == DOMAIN and proto.op_type in WITH_KERNEL:
        return
    reason = SILENTLY_WRONG.get(proto.op_type, "its conversion by hls4ml is not known to be exact")
    raise UnsupportedError(
        f"node '{proto.name}' ({proto.domain or 'onnx'}.{proto.op_type}) is refused: {reason}; "
        f"allowed are Quant and the operators {', '.join(WITH_KERNEL)} of domain '{DOMAIN}'"
    )


def _check_names(program: Program, others: list[str]) -> None:
    """hls4ml makes a layer of every node, input and constant, told apart by lower-case names."""
    names = [name.lower() for name in (*(node.name for node in program.nodes), *others)]
    for node in program.nodes:
        if names.count(node.name.lower()) > 1:
            raise UnsupportedError(
                f"node name '{node.name}' is not unique (case ignored) among nodes, inputs and "
                "constants; rename it"
            )
    for tensor in program.tensors.values():
        if tensor.type.width > WIDEST_CODE:
            raise UnsupportedError(
                f"tensor '{tensor.name}' ({tensor.type}) is wider than {WIDEST_CODE} bits; choose "
                "a narrower quantiser"
            )


def _check_shapes(program: Program, model: onnx.ModelProto) -> None:
    """hls4ml looks every shape up in the file and infers none."""
    graph = model.graph
    known = {i.name for i in (*graph.input, *graph.value_info, *graph.output)}
    for name in program.tensors:
        if name not in known:
            raise ProgramError(
                f"the QONNX file states no shape for tensor '{name}'; write it as value_info"
            )


def _check_roundings(program: Program) -> None:
    """A kernel of ours widens what it rounds where that is needed; hls4ml's own does not."""
    for node in program.nodes:
        if operator_of(node).hls is not None:
            continue
        x, kind = program.inputs_of(node)[0], node.get_type()
        if node.quantiser.rounding == "ROUND" and x.type.integer < 1 - kind.fraction:
            raise UnsupportedError(
                f"node '{node.name}' ({node.op}) rounds tensor '{x.name}' ({x.type}) to {kind}, "
                "whose step is larger than all of its bits, and the headers of ap_types stop "
                "there; round with FLOOR or choose a finer type"
            )


def hls4ml_config(
    program: Program, onnx_path: Path, project: Path, config: HlsConfig
) -> dict[str, Any]:
    """hls4ml's configuration of the conversion: every precision set, none left to be guessed."""
    names: dict[str, Any] = {}
    variables = variable_names(program, config.top)
    for node in program.nodes:
        if node.op == "Quant":
            names.setdefault(node.inputs[0], _input_settings(program, node))
            continue
        output = program.tensors[node.output]
        call = kernel_call(node, program.inputs_of(node), config.reuse_factor)
        names[node.name] = layer_settings(node, output, call, variables[node.output])
    return {
        "OutputDir": str(project),
        "ProjectName": config.top,
        "Backend": BACKEND,
        "Version": "1.0.0",
        "OnnxModel": str(onnx_path),
        "Part": config.part,
        "ClockPeriod": config.clock_period_ns,
        "ClockUncertainty": f"{100 * config.clock_uncertainty:g}%",
        "IOType": "io_parallel",
        "InputData": None,
        "OutputPredictions": None,
        "WriterConfig": {
            "Namespace": None,
            "WriteWeightsTxt": False,
            "WriteTar": False,
            "TBOutputStream": "both",
            "WriteEmulationConstants": False,
        },
        "HLSConfig": {
            "Model": {
                "Precision": "ap_fixed<16,6>",
                "ReuseFactor": config.reuse_factor,
                "Strategy": "Latency",
                "PipelineStyle": "pipeline",
                "PipelineInterval": config.reuse_factor,
            },
            "LayerName": names,
        },
    }


def _input_settings(program: Program, node: Node) -> dict[str, Any]:
    """An input's interface has the exact type of the Quant node that it feeds."""
    source: Tensor = program.tensors[node.inputs[0]]
    if node.inputs[0] not in program.inputs:
        return {}
    if source.type != node.quantiser.type:
        raise ProgramError(f"input '{source.name}' ({source.type}) is not of the type of its Quant")
    return {"Precision": {"result": node.quantiser.cpp}}


def _run_hls4ml(settings: dict[str, Any]) -> None:
    from hls4ml.converters import convert_from_config

    convert_from_config(settings).write()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """hls4ml prints what it does; standard output belongs to triggernet's results."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _texts(project: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project).as_posix()
        if path.is_file() and not is_vendored(name):
            yield name, path.read_text(encoding="utf-8")


def is_vendored(name: str) -> bool:
    """Whether a file of a project is a header that hls4ml brings along unchanged."""
    return name.startswith(("firmware/ap_types/", "firmware/nnet_utils/"))
