"""From PyTorch to QONNX: the exported file means exactly what the Brevitas model computes."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from programs import random_codes
from random_models import Case, random_model, values_of
from torch import Tensor, nn

from triggernet.deployment.export.model import export_model, program_of
from triggernet.errors import ModelError, UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.learning.layers.quantisers import ActivationQuantiser
from triggernet.program import evaluate
from triggernet.program.readers.brevitas import lower
from triggernet.program.readers.qonnx import read_program

# Every value of every setting occurs, and most pairs of values do.
CASES = [
    Case(4, 1),
    Case(8, 2, rounding="ROUND"),
    Case(8, 2, jet=True, beams=True, tied=False),
    Case(16, 3, aggregates="jet", rounding="ROUND"),
    Case(20, 2, beams=True),
    Case(32, 1, aggregates="jet", tied=False),
    Case(4, 10, aggregates="jet", jet=True, beams=True, rounding="ROUND"),
    Case(8, 3, by_count=True, rounding="ROUND"),
    Case(4, 2, "cartesian", rounding="ROUND"),
    Case(8, 3, "cartesian", aggregates="jet", beams=True),
    Case(16, 1, "cartesian", jet=True, tied=False, rounding="ROUND"),
    Case(20, 2, "cartesian", aggregates="jet", jet=True),
    Case(8, 10, "cartesian", beams=True, by_count=True, tied=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_brevitas_integers_and_onnxruntime_agree(case: Case) -> None:
    model, inputs = random_model(case)
    file = export_model(model, "nanopelican", {})
    program = read_program(file)
    exact = evaluate(program, inputs)[program.outputs[0]]
    kind = program.tensors[program.outputs[0]].type
    values = values_of(model, inputs)
    with torch.no_grad():
        brevitas = model.outputs(values).numpy()
    session = onnxruntime.InferenceSession(file.SerializeToString())
    (floats,) = session.run(None, {k: v.numpy().astype(np.float32) for k, v in values.items()})
    assert len(np.unique(exact)) > 20, "the outputs hardly differ: nothing was tested"
    assert np.array_equal(kind.decode(exact), brevitas)
    assert np.array_equal(kind.decode(exact), floats.astype(np.float64))


def test_state_dict_restores_the_model_exactly() -> None:
    first, _ = random_model(Case(jet=True), seed=1)
    second, _ = random_model(Case(jet=True), seed=2)
    second.load_state_dict(first.state_dict())
    assert program_of(second).to_json() == program_of(first).to_json()


def test_weights_stay_where_freezing_left_their_scale() -> None:
    model, _ = random_model(Case())
    model.freeze_scales()
    model.train()
    before = model.a.weight.kind
    with torch.no_grad():
        model.a.weight.value.mul_(8.0)
    model.a.weight()
    assert model.a.weight.kind == before
    model.a.weight.frozen = False
    model.a.weight()
    assert model.a.weight.kind.integer == before.integer + 3


class Stock(nn.Module):
    """A DeepSets classifier of stock Brevitas layers, with a broadcast and a residual sum."""

    def __init__(self) -> None:
        super().__init__()
        import brevitas.nn as qnn
        from brevitas.quant import Int8WeightPerTensorFixedPoint as Weight

        from triggernet.learning.layers.blocks import Stack

        torch.manual_seed(3)
        self.inputs = nn.ModuleDict(
            {n: ActivationQuantiser(k.signed, k.width, k.integer, "ROUND")
             for n, (_, k) in self.input_types.items()}
        )  # fmt: skip
        self.stack = Stack(ActivationQuantiser(True, 14, 12, "ROUND"))
        self.phi = qnn.QuantLinear(3, 4, bias=False, weight_quant=Weight)
        self.hidden = ActivationQuantiser(False, 10, 11, "ROUND")
        self.pooled = ActivationQuantiser(True, 14, 14, "FLOOR")
        self.local = qnn.QuantLinear(4, 5, bias=False, weight_quant=Weight)
        self.common = qnn.QuantLinear(4, 5, bias=False, weight_quant=Weight)
        self.mixed = ActivationQuantiser(True, 14, 13, "ROUND")
        self.rho = qnn.QuantLinear(5, 1, bias=False, weight_quant=Weight)
        self.score = ActivationQuantiser(True, 18, 15, "ROUND")

    @property
    def input_types(self) -> dict[str, tuple[int, FixedPoint]]:
        angle = FixedPoint(True, 9, 9)
        return {"pt": (6, FixedPoint(False, 12, 10)), "eta": (6, angle), "phi": (6, angle)}

    def outputs(self, inputs: dict[str, Tensor]) -> Tensor:
        columns = [self.inputs[name](inputs[name]) for name in self.input_types]
        hidden = self.hidden(torch.relu(self.phi(self.stack(*columns))))
        common = self.mixed(self.common(self.pooled(hidden.sum(1))))
        mixed = self.mixed(self.mixed(self.local(hidden)) - common.unsqueeze(1))
        return self.score(self.rho(self.mixed(mixed + self.mixed(self.local(hidden))).sum(1)))


def test_stock_layers_are_lowered_exactly() -> None:
    model = Stock().double().eval()
    file = export_model(model, "stock", {})
    program = read_program(file)
    rng = np.random.default_rng(0)
    inputs = {
        n: rng.integers(k.min_int, k.max_int + 1, (300, 6))
        for n, (_, k) in model.input_types.items()
    }
    exact = evaluate(program, inputs)[program.outputs[0]]
    kinds = {n: k for n, (_, k) in model.input_types.items()}
    values = {n: torch.as_tensor(kinds[n].decode(c)) for n, c in inputs.items()}
    with torch.no_grad():
        brevitas = model.outputs(values).numpy()
    assert {n.op for n in program.nodes} == {"Quant", "Stack", "Dense", "Sum", "Add"}
    assert len(np.unique(exact)) > 100
    assert np.array_equal(program.tensors[program.outputs[0]].type.decode(exact), brevitas)


def raw_graph(*nodes: onnx.NodeProto, **constants: np.ndarray) -> onnx.ModelProto:
    """A graph with input x (4,), quantised to xq, and the given nodes, the last one writing y."""
    quant = helper.make_node(
        "Quant", ["x", "s", "z", "b"], ["xq"], "xq", domain="qonnx.custom_op.general",
        signed=1, narrow=0, rounding_mode="ROUND",
    )  # fmt: skip
    arrays = {"s": np.float32(0.25), "z": np.float32(0), "b": np.float32(8), **constants}
    graph = helper.make_graph(
        [quant, *nodes],
        "raw",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()],
    )
    return helper.make_model(graph)


def quant_of(source: str, output: str, mode: str = "ROUND") -> onnx.NodeProto:
    return helper.make_node(
        "Quant", [source, "s2", "z", "b"], [output], f"/m/{output}/Quant",
        domain="qonnx.custom_op.general", signed=1, narrow=0, rounding_mode=mode,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "scale", "message"),
    [
        ([helper.make_node("Softmax", ["xq"], ["y"], "soft")], 1.0, "'soft': Softmax cannot"),
        ([helper.make_node("MatMul", ["xq", "xq"], ["y"], "mm")], 1.0, "'mm'.*two activations"),
        ([helper.make_node("Relu", ["xq"], ["y"], "r")], 1.0, "'r' .Relu.: it must follow"),
        ([quant_of("xq", "y")], 0.3, "'/m/y/Quant' .Quant.: scale 0.3.* not a power of two"),
        ([quant_of("xq", "y", "CEIL")], 1.0, "rounding mode CEIL; allowed are ROUND and FLOOR"),
    ],
)
def test_what_cannot_be_lowered_is_refused_by_name(
    nodes: list[onnx.NodeProto], scale: float, message: str
) -> None:
    with pytest.raises(UnsupportedError, match=message):
        lower(raw_graph(*nodes, s2=np.float32(scale)))


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("operator", ["Gemm", "MatMul"])
def test_a_layer_of_the_graph_by_hand(operator: str, biased: bool) -> None:
    """Unsigned weights of 8 bits, with and without a bias, and a ReLU before a signed quantiser."""
    weight, bias = np.array([[200, 3], [1, 0], [0, 255], [7, 90]]), np.array([-100, 9])
    weights = quant_of("w", "wq")
    next(a for a in weights.attribute if a.name == "signed").i = 0
    layer = helper.make_node(operator, ["xq", "wq"], ["l"], f"/m/first.one/{operator}")
    nodes, last, constants = [weights, layer], "l", {"w": weight, "s2": 1, "b20": 20}
    if biased:
        nodes.insert(0, quant_of("bias", "biasq"))
        constants["bias"] = bias
    if biased and operator == "Gemm":
        layer.input.append("biasq")
    elif biased:
        nodes.append(helper.make_node("Add", ["l", "biasq"], ["with"], "/m/add/Add"))
        last = "with"
    end = quant_of("r", "y")
    end.input[3] = "b20"
    nodes += [helper.make_node("Relu", [last], ["r"], "/m/relu/Relu"), end]
    program = lower(raw_graph(*nodes, **{k: np.float32(v) for k, v in constants.items()}))
    codes = random_codes(program, 200)
    sums = codes["x"] / 4 @ weight + biased * bias
    assert (sums < 0).any()
    expected = np.rint(np.maximum(sums, 0))
    np.testing.assert_array_equal(evaluate(program, codes)[program.outputs[0]], expected)
    assert [n.name for n in program.nodes if n.op == "Dense"] == ["first_one"]


def test_scale_for_each_channel_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="4 scales; only one a tensor"):
        lower(raw_graph(quant_of("xq", "y"), s2=np.ones(4, np.float32)))


class Stated(nn.Module):
    """One input behind a quantiser of ap_fixed<8,3>, and whatever types are stated for it."""

    def __init__(self, input_types: dict[str, tuple[int, FixedPoint]]) -> None:
        super().__init__()
        self.input_types = input_types
        self.quantiser = ActivationQuantiser(True, 8, 3, "ROUND")

    def outputs(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.quantiser(self.quantiser(inputs["x"]))


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ({"x": (3, FixedPoint(False, 4, 4))}, "3 values of ap_ufixed<4,4> .* 3 of ap_fixed<8,3>"),
        ({"x": (3, FixedPoint(True, 8, 4))}, "ap_fixed<8,4> in the model's input_types"),
        ({"x": (3, FixedPoint(True, 8, 3)), "y": (2, FixedPoint(True, 4, 4))}, "nothing .* reads"),
    ],
)
def test_inputs_are_of_the_types_that_the_model_states(stated: dict, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        program_of(Stated(stated))


def test_stated_types_are_those_of_the_program() -> None:
    program = program_of(Stated({"x": (3, FixedPoint(True, 8, 3))}))
    assert program.tensors["x"].type == FixedPoint(True, 8, 3)


@pytest.mark.parametrize(
    ("attribute", "constant", "problem"),
    [
        (1, 0.0, r"\(Quant\): narrow ranges of"),
        (0, 3.0, "zero point 3 is not supported; only 0 is$"),
    ],
)
def test_zero_points_and_narrow_ranges_are_told_apart(
    attribute: int, constant: float, problem: str
) -> None:
    node = quant_of("xq", "y")
    next(a for a in node.attribute if a.name == "narrow").i = attribute
    node.input[2] = "other"
    with pytest.raises(UnsupportedError, match=problem):
        lower(raw_graph(node, s2=np.float32(1), other=np.float32(constant)))
