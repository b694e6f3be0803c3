"""The file of somebody else that a project was made from, as two more executors.

In float32 qonnx runs it as it is. In float64 onnx's reference implementation runs it, with the
quantisers of QONNX written here once more: nothing is shared with the reader of such files. What
is constant is rounded in float32 in both, as the file's own tools do it.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from triggernet.deployment.onnxruntime.session import running
from triggernet.deployment.project import Project
from triggernet.deployment.project.origin import SOURCE, Origin
from triggernet.deployment.verify.in_double import QUANTISERS, in_double, operators
from triggernet.errors import ProgramError, ProjectError
from triggernet.fixedpoint import Codes
from triggernet.program.onnx_model import load_model

Values = dict[str, NDArray[Any]]
Arrays = dict[str, NDArray[Any]]

ON_GRID = 0.05  # of a step: what is further off is on no code at all
PROBED = 3  # events of which a batch must give what each of them gives alone
ALONE = 60  # events of a file that takes one at a time
EVENTS = {"float32": 500, "float64": 2000}  # some milliseconds a node and batch
TIE_STEPS = (
    64 * 2.0**-24
)  # how near to a tie, in parts of the largest value in front of a quantiser


class Original:
    """The file of a project, run by one of two tools.

    Parameters
    ----------
    project : Project
    origin : Origin
    """

    kind = ""

    def __init__(self, project: Project, origin: Origin) -> None:
        self._program, self._origin = project.program, origin
        self._model = _cut(load_model(project.folder / SOURCE), origin)
        self._together = self._takes_batches()
        self.subset: int | None = EVENTS[self.kind] if self._together else ALONE

    def run(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs as codes; what is on none stays as it is."""
        feed = self._feed(inputs)
        n = len(next(iter(feed.values())))
        if self._together:
            return self._codes(self.tensors(feed))
        each = [
            self._codes(self.tensors({k: v[i : i + 1] for k, v in feed.items()})) for i in range(n)
        ]
        return {name: np.concatenate([one[name] for one in each]) for name in self._program.outputs}

    def trace(self, inputs: Mapping[str, Codes]) -> Values:
        """The outputs: inner tensors of the file have other names."""
        return self.run(inputs)

    def tensors(self, feed: Arrays) -> Arrays:
        """At least the tensors that the outputs carry, and those in front of quantisers."""
        raise NotImplementedError

    def _feed(self, inputs: Mapping[str, Codes]) -> Arrays:
        """Real values of input codes, float64, in the shapes of the file."""
        results = {}
        for port in self._origin.inputs:
            codes = inputs[port.name]
            values = codes.astype(np.float64) * port.unit(self._program.tensors[port.name])
            results[port.graph_name] = values.reshape(len(codes), *port.shape)
        return results

    def _codes(self, tensors: Mapping[str, NDArray[Any]]) -> Values:
        results = {}
        for port in self._origin.outputs:
            tensor = self._program.tensors[port.name]
            values = np.asarray(tensors[port.tensor], np.float64).reshape(-1, *tensor.shape)
            codes = values / port.unit(tensor)
            whole = np.rint(codes)
            results[port.name] = np.where(np.abs(codes - whole) < ON_GRID, whole, codes)
        return results

    def _takes_batches(self) -> bool:
        """Whether several events at once give what each of them gives alone."""
        rng = np.random.default_rng(0)
        inputs = {}
        for name in self._program.inputs:
            kind, shape = self._program.tensors[name].type, self._program.tensors[name].shape
            inputs[name] = rng.integers(kind.min_int, kind.max_int, (PROBED, *shape), endpoint=True)
        feed = self._feed(inputs)
        alone = [self._codes(self.tensors({k: v[i : i + 1] for k, v in feed.items()}))
                 for i in range(PROBED)]  # fmt: skip
        try:
            together = self._codes(self.tensors(feed))
        except ProjectError:
            return False
        return all(
            np.allclose(together[name], np.concatenate([one[name] for one in alone]), atol=ON_GRID)
            if together[name].shape[0] == PROBED
            else False
            for name in self._program.outputs
        )


class OriginalFloat32(Original):
    """qonnx on the very file, node by node, in float32; it keeps every tensor."""

    kind = "float32"

    def __init__(self, project: Project, origin: Origin) -> None:
        self.version = f"qonnx {importlib.metadata.version('qonnx')}, float32"
        super().__init__(project, origin)
        self._exact = OriginalFloat64(project, origin)

    def tensors(self, feed: Arrays) -> Arrays:
        """Every tensor of the file."""
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes

        wrapper = ModelWrapper(self._model, make_deepcopy=True)
        constants = {i.name for i in wrapper.graph.initializer}
        for info in wrapper.graph.input:
            if info.name not in constants:
                info.type.tensor_type.shape.dim[0].dim_value = len(next(iter(feed.values())))
        for info in wrapper.graph.output:
            info.type.tensor_type.ClearField("shape")
        del wrapper.graph.value_info[:]
        with _complaints("qonnx"), warnings.catch_warnings(), running("qonnx"):
            warnings.simplefilter("ignore")  # qonnx guesses shapes, and numpy warns of what it does
            wrapper = wrapper.transform(InferShapes())
            values = {name: array.astype(np.float32) for name, array in feed.items()}
            results = execute_onnx(wrapper, values, return_full_exec_context=True)
        return dict(results)

    def at_tie(self, inputs: Mapping[str, Codes]) -> bool:
        """Whether one event differs because float32 has passed a tie of a quantiser.

        The first quantiser that gives other codes in float32 than in float64 must have been given
        values within float32's error of the tie between them.
        """
        feed = self._feed(inputs)
        single, double = self.tensors(feed), self._exact.tensors(feed)
        for node in self._model.graph.node:
            if node.op_type in QUANTISERS and node.input[0] in double:
                scale, zero = (_operand(single, node, k) for k in (1, 2))
                a, b = (np.asarray(t[node.input[0]], np.float64) / scale + zero
                        for t in (single, double))  # fmt: skip
                codes = [np.asarray(t[node.output[0]], np.float64) for t in (single, double)]
                step = np.abs(codes[0] - codes[1]) / (
                    scale if node.op_type != "QuantizeLinear" else 1
                )
                wrong = step > 0.5
                if wrong.any():
                    return bool((step[wrong] < 1.5 + (node.op_type == "BipolarQuant")).all()) and (
                        _near_tie(a[wrong], b[wrong], np.abs(b).max(), node)
                    )
        return False


def _operand(tensors: Mapping[str, NDArray[Any]], node: onnx.NodeProto, k: int) -> NDArray[Any]:
    """Scale or zero point of a quantiser."""
    if node.op_type == "BipolarQuant" and k == 1:
        return np.asarray(tensors[node.input[1]], np.float64)
    if len(node.input) <= k or node.op_type == "BipolarQuant":
        return np.asarray(0.0 if k == 2 else 1.0)
    return np.asarray(tensors[node.input[k]], np.float64)


def _near_tie(a: NDArray[Any], b: NDArray[Any], largest: float, node: onnx.NodeProto) -> bool:
    """Whether both values are within float32's error of the same bound of a rounding mode."""
    mode = next(
        (x.s.decode() for x in node.attribute if x.name == "rounding_mode"), "ROUND"
    ).upper()
    halves = mode in ("ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN")
    if node.op_type == "BipolarQuant":
        bound = np.zeros_like(b)
    else:
        bound = np.floor(b) + 0.5 if halves else np.rint(b)
    error = TIE_STEPS * max(1.0, float(largest))
    return bool((np.abs(a - bound) <= error).all() and (np.abs(b - bound) <= error).all())


class OriginalFloat64(Original):
    """The file in float64, by onnx's reference implementation."""

    kind = "float64"

    def __init__(self, project: Project, origin: Origin) -> None:
        self.version = f"onnx {importlib.metadata.version('onnx')}, float64"
        super().__init__(project, origin)

    @cached_property
    def _evaluator(self) -> ReferenceEvaluator:
        return ReferenceEvaluator(
            in_double(self._model, self._origin), new_ops=operators(self._model)
        )

    def tensors(self, feed: Arrays) -> Arrays:
        """The tensors of the outputs, and those around quantisers."""
        with _complaints("onnx"), np.errstate(all="ignore"):
            names = list(self._evaluator.output_names)
            results = self._evaluator.run(None, {k: v.astype(np.float64) for k, v in feed.items()})
        return dict(zip(names, results, strict=True))


@contextmanager
def _complaints(tool: str) -> Iterator[None]:
    """What a tool raises for a file that it cannot run, in one line."""
    try:
        yield
    except ProjectError:
        raise
    except (ProgramError, ArithmeticError, AssertionError, AttributeError, LookupError,
            NotImplementedError, RuntimeError, TypeError, ValueError) as error:  # fmt: skip
        raise ProjectError(f"{tool} cannot run {SOURCE}: {error}") from error


def _cut(model: onnx.ModelProto, origin: Origin) -> onnx.ModelProto:
    """The model that ends in the tensors which the ports carry."""
    from triggernet.deployment.export.foreign import inlined

    model = inlined(model)
    wanted = [port.tensor for port in origin.outputs]
    known = {info.name: info for info in (*model.graph.output, *model.graph.value_info)}
    outputs = [
        known.get(name) or helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in dict.fromkeys(wanted)
    ]
    needed, nodes = set(wanted), []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            needed.update(n for n in node.input if n)
            node.overload = ""
            nodes.append(node)
    kept = [onnx.NodeProto.FromString(n.SerializeToString()) for n in reversed(nodes)]
    ends = [onnx.ValueInfoProto.FromString(o.SerializeToString()) for o in outputs]
    del model.graph.node[:], model.graph.output[:]
    model.graph.node.extend(kept)
    model.graph.output.extend(ends)
    return model
