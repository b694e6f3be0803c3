"""The executors that are compared with the exact integers, behind one interface.

To add one, write a class with the members of `Executor` and one entry of `EXECUTORS`.
"""

from __future__ import annotations

import importlib.metadata
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from triggernet.deployment.onnxruntime.session import open_session, running
from triggernet.deployment.project import Project
from triggernet.deployment.project.origin import Origin
from triggernet.deployment.verify.exactness import FLOAT32_BITS, FLOAT64_BITS, inexact_tensor
from triggernet.errors import ProjectError
from triggernet.fixedpoint import Codes
from triggernet.ownership import how_to_add
from triggernet.program import Program
from triggernet.program.onnx_model import load_model

if TYPE_CHECKING:
    import onnx
    from torch import nn

Values = dict[str, NDArray[Any]]  # codes by the tensor's name; float64 where they may be no codes


class NotComparedError(ProjectError):
    """Why an executor has no part in a verification; caught where executors are made."""


class Executor(Protocol):
    """One way to run a program.

    Attributes
    ----------
    version : str
        Of the tools that do it.
    subset : int or None
        How many vectors at most it is given, where it is slow.
    """

    version: str
    subset: int | None

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The program's outputs for input codes (n, *shape)."""

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """Likewise for every tensor that the executor can show; perhaps the outputs alone."""


@runtime_checkable
class Rounding(Protocol):
    """An executor whose own arithmetic may pass a tie of a quantiser, and can tell."""

    def at_tie(self, inputs: Mapping[str, Codes]) -> bool:
        """Whether that is why one event differs."""


def real_values(program: Program, inputs: Mapping[str, Codes]) -> dict[str, NDArray[np.float64]]:
    """What the input codes stand for."""
    return {name: program.tensors[name].type.decode(inputs[name]) for name in program.inputs}


def codes_of(program: Program, values: Mapping[str, NDArray[Any]]) -> Values:
    """Real values of tensors in units of their LSB, float64: codes, if they are exact."""
    return {
        name: np.asarray(array, np.float64) * 2.0 ** program.tensors[name].type.fraction
        for name, array in values.items()
    }


def _require_exact(program: Program, tensor_bits: int) -> None:
    problem = inexact_tensor(program, tensor_bits)
    if problem is not None:
        raise NotComparedError(f"not exact by construction: {problem}")


class OnnxRuntime:
    """onnxruntime on the very file of the project."""

    subset: int | None = None

    def __init__(self, project: Project) -> None:
        folder, program = project.folder, project.program
        _require_exact(program, FLOAT32_BITS)
        self._program, path = program, folder / "model.onnx"
        self.version = f"onnxruntime {importlib.metadata.version('onnxruntime')}"
        model = load_model(path)  # refuses what onnxruntime would fetch from other files
        self._session = open_session(str(path))
        # Intermediate tensors are made outputs in a copy; the outputs come from the file itself.
        self._traced_model = _with_all_outputs(model, program)
        self._traced: Any = None

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs."""
        return self._run(self._session, inputs)

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """Every tensor that a node writes."""
        if self._traced is None:
            self._traced = open_session(self._traced_model.SerializeToString())
        return self._run(self._traced, inputs)

    def _run(self, session: Any, inputs: Mapping[str, Codes]) -> Values:
        values = real_values(self._program, inputs)
        feed = {name: array.astype(np.float32) for name, array in values.items()}
        names = [output.name for output in session.get_outputs()]
        with running("onnxruntime"):
            outputs = session.run(None, feed)
        return codes_of(self._program, dict(zip(names, outputs, strict=True)))


def _with_all_outputs(model: onnx.ModelProto, program: Program) -> onnx.ModelProto:
    outputs = {node.output for node in program.nodes} - {o.name for o in model.graph.output}
    model.graph.output.extend(v for v in model.graph.value_info if v.name in outputs)
    return model


class Qonnx:
    """qonnx node by node, with its own `Quant`.

    The file is cut into its nodes, and each is a model of its own: qonnx 1.0 looks a tensor up by
    searching through the whole graph, so that a graph costs the square of its size.
    """

    subset: int | None = 500  # some milliseconds a node and batch, and it keeps every tensor

    def __init__(self, project: Project) -> None:
        folder, program = project.folder, project.program
        _require_exact(program, FLOAT32_BITS)
        self._program, self._pieces = program, _pieces(load_model(folder / "model.onnx"))
        self.version = f"qonnx {importlib.metadata.version('qonnx')}"

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs."""
        tensors = self.trace(inputs)
        return {name: tensors[name] for name in self._program.outputs}

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """Every tensor that a node writes."""
        values = real_values(self._program, inputs)
        tensors: Values = {name: array.astype(np.float32) for name, array in values.items()}
        with warnings.catch_warnings(), running("qonnx"):
            # qonnx guesses shapes behind Range and Compress, and warns that it guessed wrong.
            warnings.filterwarnings("ignore", "Output shapes disagree", UserWarning)
            for piece in self._pieces:
                tensors |= self._run(piece, tensors)
        written = {node.output for node in self._program.nodes}
        return codes_of(self._program, {n: v for n, v in tensors.items() if n in written})

    @staticmethod
    def _run(piece: onnx.ModelProto, tensors: Values) -> Values:
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes

        wrapper = ModelWrapper(piece, make_deepcopy=True)
        feed = {info.name: tensors[info.name] for info in piece.graph.input}
        for info in (*wrapper.graph.input, *wrapper.graph.output):
            info.type.tensor_type.shape.dim[0].dim_value = len(next(iter(feed.values())))
        del wrapper.graph.value_info[:]
        results: Values = execute_onnx(wrapper.transform(InferShapes()), feed)
        return results


def _pieces(model: onnx.ModelProto) -> list[onnx.ModelProto]:
    """The model's nodes in order, each as a model with the functions that it calls inlined."""
    import onnx

    from triggernet.deployment.export.onnx_file import inlined

    graph, pieces = model.graph, []
    infos = {i.name: i for i in (*graph.input, *graph.value_info, *graph.output)}
    constants = {i.name: i for i in graph.initializer}
    for node in graph.node:
        read = [name for name in dict.fromkeys(node.input) if name]
        piece = onnx.ModelProto()
        piece.CopyFrom(model)
        piece.ClearField("graph")
        piece.graph.CopyFrom(
            onnx.helper.make_graph(
                [node],
                node.name,
                [infos[name] for name in read if name not in constants],
                [infos[name] for name in node.output],
                [constants[name] for name in read if name in constants],
            )
        )
        pieces.append(inlined(piece))
    return pieces


class Brevitas:
    """The trained PyTorch module with Brevitas' quantisers, in float64."""

    subset: int | None = None

    def __init__(self, project: Project) -> None:
        folder, program = project.folder, project.program
        from triggernet.learning.training.run_folder import QUANTISED, load_run

        if not (folder / QUANTISED).is_file():
            raise NotComparedError(f"the project has no {QUANTISED}; export it from its run folder")
        _require_exact(program, FLOAT64_BITS)
        self._program = program
        self._model: Any = load_run(folder).quantised.double().eval()
        self.version = ", ".join(
            f"{name} {importlib.metadata.version(name)}" for name in ("brevitas", "torch")
        )

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs."""
        import torch

        values = real_values(self._program, inputs)
        tensors = {name: torch.from_numpy(array) for name, array in values.items()}
        with torch.no_grad():
            scores = self._model.outputs(tensors).numpy()
        return codes_of(self._program, {self._program.outputs[0]: scores})

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """The tensors of nodes that are named after one of triggernet's own layers, and only one.

        A stock linear layer ends before the ReLU and the quantiser that its node includes.
        """
        shown: dict[str, NDArray[Any]] = {}
        modules = _named_layers(self._model)
        hooks = [
            modules[node.name].register_forward_hook(self._keep(node.output, shown))
            for node in self._program.nodes
            if node.name in modules
        ]
        outputs = self.run(inputs)
        for hook in hooks:
            hook.remove()
        return codes_of(self._program, shown) | outputs

    def _keep(self, tensor: str, shown: dict[str, NDArray[Any]]) -> Callable[..., None]:
        shape = self._program.tensors[tensor].shape

        def keep(_module: object, _arguments: object, result: Any) -> None:
            array = np.asarray(getattr(result, "value", result).detach().numpy())
            if array.shape[1:] == shape:
                shown[tensor] = array

        return keep


def _named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Layers by the names that the export gives their nodes; without names of several layers."""
    from triggernet.learning.layers.blocks import OperatorLayer

    layers: dict[str, list[nn.Module]] = {}
    for path, module in model.named_modules():
        if isinstance(module, OperatorLayer):
            place = re.search(r"[^.]+(\.\d+)*$", path)
            assert place is not None
            layers.setdefault(place[0].replace(".", "_"), []).append(module)
    return {name: modules[0] for name, modules in layers.items() if len(modules) == 1}


class Hls:
    """The project's C++, compiled with g++."""

    subset: int | None = None

    def __init__(self, project: Project) -> None:
        folder, program = project.folder, project.program
        from triggernet.compiler import compiler_version
        from triggernet.deployment.hls import build

        if not project.has_hls:
            raise NotComparedError(f"the folder holds no firmware; {how_to_add(folder, 'hls')}")
        self._program = program
        self._simulator = build(folder)
        hls4ml = importlib.metadata.version("hls4ml")
        self.version = f"hls4ml {hls4ml}, g++ {compiler_version()}"

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs."""
        from triggernet.deployment.hls import run

        return dict(run(self._simulator, inputs))

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """Every tensor."""
        from triggernet.deployment.hls import run

        return dict(run(self._simulator, inputs, trace=True))


class Rtl:
    """The project's Verilog, simulated clock by clock; events back to back."""

    subset: int | None = None

    def __init__(self, project: Project) -> None:
        folder, program = project.folder, project.program
        from triggernet.deployment.rtl.simulation import build

        if not project.has_rtl:
            raise NotComparedError(f"the folder holds no Verilog; {how_to_add(folder, 'rtl')}")
        self._program = program
        self._simulator = build(folder)
        self.version = f"Verilator {self._simulator.version}"

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs; NaN where the design gave none at the right clock."""
        from triggernet.deployment.rtl.simulation import run

        return run(self._simulator, inputs)

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs: inner values are spread over many clocks."""
        return self.run(inputs)


def _origin(project: Project) -> Origin:
    if project.origin is None:
        raise NotComparedError("triggernet made the model itself")
    return project.origin


def _in_float32(project: Project) -> Executor:
    from triggernet.deployment.verify.original import OriginalFloat32

    with _as_not_compared():
        return OriginalFloat32(project, _origin(project))


def _in_float64(project: Project) -> Executor:
    from triggernet.deployment.verify.original import OriginalFloat64

    with _as_not_compared():
        return OriginalFloat64(project, _origin(project))


@contextmanager
def _as_not_compared() -> Iterator[None]:
    """A file that its own tools cannot run is no reason to compare nothing else."""
    try:
        yield
    except ProjectError as error:
        raise NotComparedError(str(error)) from error


EXECUTORS: Mapping[str, Callable[[Project], Executor]] = MappingProxyType(
    {"brevitas": Brevitas, "qonnx": Qonnx, "onnxruntime": OnnxRuntime, "hls": Hls, "rtl": Rtl}
)
# Of a project that was made from a file of somebody else, in place of the trained model.
ORIGINAL: Mapping[str, Callable[[Project], Executor]] = MappingProxyType(
    {"file, float32": _in_float32, "file, float64": _in_float64}
)


def executors_of(project: Project) -> Mapping[str, Callable[[Project], Executor]]:
    """Those that a project can have."""
    if project.origin is None:
        return EXECUTORS
    return {**ORIGINAL, **{name: make for name, make in EXECUTORS.items() if name != "brevitas"}}
