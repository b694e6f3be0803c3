"""Each kind of node of a foreign graph: exact against the very graph in float64, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from foreign_graphs import QUANT, Graph, weights

from triggernet.deployment.export import write_export
from triggernet.deployment.export.foreign import Types, export_source
from triggernet.deployment.project import load_project
from triggernet.deployment.verify.original import OriginalFloat32, OriginalFloat64
from triggernet.deployment.verify.stimuli import make_stimuli
from triggernet.errors import ProgramError, TriggernetError, UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import evaluate

MODES = ("ROUND", "HALF_EVEN", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
N_EVENTS = 300


def differing(model: onnx.ModelProto, folder: Path, types: Types | None = None) -> dict[str, int]:
    """Events of which the program and the graph say different things, in float64 and float32."""
    made = export_source(model, "model.onnx", Path(), types or Types({}, {}))
    write_export(made, folder / "export")
    project = load_project(folder / "export")
    assert project.origin is not None
    inputs = make_stimuli(project.program, N_EVENTS, 5, None).inputs
    expected = evaluate(project.program, inputs)
    assert all(len(np.unique(codes)) > 1 for codes in expected.values())
    wrong = {}
    for make in (OriginalFloat64, OriginalFloat32):
        executor = make(project, project.origin)
        index = np.arange(min(N_EVENTS, executor.subset or N_EVENTS))
        answers = executor.run({name: codes[index] for name, codes in inputs.items()})
        bad = np.zeros(len(index), dtype=bool)
        for name, codes in expected.items():
            bad |= (answers[name] != codes[index]).reshape(len(index), -1).any(axis=1)
        if make is OriginalFloat32:
            for k in np.flatnonzero(bad):
                one = {name: codes[k : k + 1] for name, codes in inputs.items()}
                bad[k] = not executor.at_tie(one)
        wrong[make.kind] = int(bad.sum())
    return wrong


EXACT = {"float64": 0, "float32": 0}
RNG = np.random.default_rng


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scale", [0.5, 0.3])
@pytest.mark.parametrize("zero", [0, 3])
def test_every_rounding_mode_by_its_name(
    tmp_path: Path, mode: str, scale: float, zero: int
) -> None:
    g = Graph((6,))
    x = g.quant("x", 0.125, 6)
    y = g.node("MatMul", [x, g.weight(weights(RNG(1), 6, 3), bits=4)])
    y = g.quant(y, scale, 5, zero=zero, mode=mode)
    assert differing(g.model(y), tmp_path) == EXACT


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("narrow", [0, 1])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_ranges_of_activations(tmp_path: Path, signed: int, narrow: int, bits: int) -> None:
    if (bits, narrow, signed) == (1, 1, 0):
        return  # a range of the code 0 alone
    g = Graph((6,))
    x = g.quant("x", 0.125, 6, narrow=1)
    y = g.node("MatMul", [x, g.weight(weights(RNG(2), 6, 3))])
    y = g.quant(y, 0.25, bits, signed=signed, narrow=narrow)
    assert differing(g.model(y), tmp_path) == EXACT


def test_signs_of_a_binary_network(tmp_path: Path) -> None:
    g = Graph((8,))
    x = g.quant("x", 0.25, 4)
    w = g.node("BipolarQuant", [g.constant(weights(RNG(3), 8, 6)), g.constant(1.0)], domain=QUANT)
    y = g.node("BipolarQuant", [g.node("MatMul", [x, w]), g.constant(0.5)], domain=QUANT)
    y = g.quant(g.node("MatMul", [y, g.weight(weights(RNG(4), 6, 3))]), 0.25, 6)
    assert differing(g.model(y), tmp_path) == EXACT


def test_scales_of_each_input_value(tmp_path: Path) -> None:
    """Momenta and angles have steps of their own."""
    g = Graph((3,))
    x = g.quant("x", [[0.25, 0.01, 0.013]], 8)
    y = g.quant(g.node("MatMul", [x, g.weight(weights(RNG(5), 3, 4), 0.11)]), 0.2, 6)
    assert differing(g.model(y), tmp_path) == EXACT


def pads(g: Graph, x: str) -> str:
    return g.node("Pad", [x, g.constant([0, 0, 1, 0, 0, 0, 0, 2], np.int64)])


def split(g: Graph, x: str) -> str:
    a, b = g.node("Split", [x], outputs=2, axis=2)
    return g.node("Sub", [a, b])


LAYOUTS: dict[str, Callable[[Graph, str], str]] = {
    "transpose": lambda g, x: g.node("Transpose", [x], perm=[0, 2, 3, 1]),
    "reshape": lambda g, x: g.node("Reshape", [x, g.constant([0, -1, 3], np.int64)]),
    "flatten": lambda g, x: g.node("Flatten", [x]),
    "unsqueeze": lambda g, x: g.node("Unsqueeze", [x, g.constant([1], np.int64)]),
    "slice": lambda g, x: g.node("Slice", [x, g.constant([3], np.int64), g.constant([-9], np.int64),
                                           g.constant([2], np.int64), g.constant([-2], np.int64)]),
    "gather": lambda g, x: g.node("Gather", [x, g.constant([2, 0, 2], np.int64)], axis=3),
    "expand": lambda g, x: g.node("Expand", [g.node("ReduceSum", [x, g.constant([3], np.int64)]),
                                             g.constant([1, 2, 4, 3], np.int64)]),
    "pad": pads,
    "split": split,
    "where": lambda g, x: g.node("Where", [g.constant(np.eye(4, 3) > 0, bool), x,
                                           g.constant(0.5)]),
    "concat": lambda g, x: g.node("Concat", [x, g.node("Neg", [x]), x], axis=3),
    "max": lambda g, x: g.node("Max", [x, g.constant(0.3), g.node("Neg", [x])]),
    "min": lambda g, x: g.node("ReduceMin", [x], axes=[2], keepdims=0),
    "max-pool": lambda g, x: g.node("MaxPool", [x], kernel_shape=[3, 2], strides=[2, 1],
                                    pads=[1, 0, 1, 1], ceil_mode=1),
    "average-pool": lambda g, x: g.node("AveragePool", [x], kernel_shape=[3, 2], pads=[1, 1, 1, 0]),
    "average-pool, pads counted": lambda g, x: g.node(
        "AveragePool", [x], kernel_shape=[3, 2], pads=[1, 1, 1, 0], count_include_pad=1),
    "mean": lambda g, x: g.node("ReduceMean", [x], axes=[2], keepdims=1),
    "global": lambda g, x: g.node("GlobalAveragePool", [x]),
    "same": lambda g, x: g.node("Conv", [x, g.weight(weights(RNG(6), 4, 1, 2, 2))], group=2,
                                auto_pad="SAME_UPPER", strides=[1, 2]),
    "dilated": lambda g, x: g.node("Conv", [x, g.weight(weights(RNG(7), 2, 2, 2, 1), 0.07)],
                                   dilations=[2, 1], pads=[1, 1, 0, 0]),
    "left matrix": lambda g, x: g.node("MatMul", [g.weight(weights(RNG(8), 5, 4)), x]),
    "gram": lambda g, x: g.node("MatMul", [x, g.node("Transpose", [x], perm=[0, 1, 3, 2])]),
    "einsum": lambda g, x: g.node("Einsum", [x, g.weight(weights(RNG(9), 3, 5))],
                                  equation="bcmf,fg->bcgm"),
    "square": lambda g, x: g.node("Mul", [x, x]),
    "leaky": lambda g, x: g.node("LeakyRelu", [g.node("Mul", [x, g.constant(-0.7)])], alpha=0.1),
    "prelu": lambda g, x: g.node("PRelu", [x, g.constant([[[0.1]], [[0.4]]])]),
    "clip": lambda g, x: g.node("Clip", [x, g.constant(-1.1), g.constant(2.3)]),
    "hard sigmoid": lambda g, x: g.node("HardSigmoid", [x]),
    "sigmoid": lambda g, x: g.node("Sigmoid", [x]),
    "silu": lambda g, x: g.node("Mul", [x, g.node("Sigmoid", [x])]),
    "gelu": lambda g, x: g.node("Mul", [g.node("Mul", [x, g.node("Add", [
        g.node("Erf", [g.node("Div", [x, g.constant(1.4142135)])]), g.constant(1.0)])]),
        g.constant(0.5)]),
    "softplus of a sum": lambda g, x: g.node("Softplus", [
        g.node("ReduceSum", [x, g.constant([3], np.int64)])]),
    "norm": lambda g, x: g.node("BatchNormalization", [x, *(
        g.constant(v) for v in ([0.7, -1.3], [0.1, 0.2], [0.3, -0.1], [0.9, 2.1]))]),
    "norm behind a relu": lambda g, x: g.node("BatchNormalization", [g.node("Relu", [x]), *(
        g.constant(v) for v in ([0.7, -1.3], [0.1, 0.2], [0.3, -0.1], [0.9, 2.1]))]),
    "relu between": lambda g, x: g.node("ReduceSum", [g.node("Relu", [x]),
                                                      g.constant([2], np.int64)]),
    "trunc": lambda g, x: g.node("Trunc", [x, g.constant(0.25), g.constant(0.0), g.constant(6.0),
                                           g.constant(4.0)], domain=QUANT, rounding_mode="FLOOR"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("scale", [0.25, 0.21])
def test_nodes_between_two_quantisers(tmp_path: Path, name: str, scale: float) -> None:
    g = Graph((2, 4, 3))
    x = g.quant("x", 0.25 if name == "trunc" else scale, 6)
    y = g.quant(LAYOUTS[name](g, x), 0.17, 7)
    assert differing(g.model(y), tmp_path) == EXACT


def test_quantise_and_dequantise(tmp_path: Path) -> None:
    """QCDQ, as onnxruntime's and Brevitas' exporters write it."""
    g = Graph((6,))

    def pair(x: str, scale: float, low: int, high: int) -> str:
        step, zero = g.constant(scale), g.constant(0, np.int8)
        codes = g.node("QuantizeLinear", [x, step, zero])
        codes = g.node("Clip", [codes, g.constant(low, np.int8), g.constant(high, np.int8)])
        return g.node("DequantizeLinear", [codes, step, zero])

    x = pair("x", 0.2, -31, 31)
    codes = g.constant(RNG(1).integers(-7, 8, (6, 3)), np.int8)
    scales, zeros = g.constant([0.1, 0.2, 0.05]), g.constant([0, 0, 0], np.int8)
    w = g.node("DequantizeLinear", [codes, scales, zeros], axis=1)
    y = pair(g.node("Relu", [g.node("MatMul", [x, w])]), 0.3, -15, 15)
    assert differing(g.model(y), tmp_path) == EXACT


def test_a_stated_input_type_serves_what_comes_before_the_first_quantiser(tmp_path: Path) -> None:
    g = Graph((4,))
    twice = g.node("Sub", [g.node("Mul", ["x", g.constant(2.0)]), g.constant(1.0)])
    y = g.quant(g.node("MatMul", [g.quant(twice, 0.1, 5), g.weight(weights(RNG(2), 4, 3))]), 0.2, 6)
    model = g.model(y)
    with pytest.raises(UnsupportedError, match="--input-type x=fixed<W,I>"):
        export_source(model, "model.onnx", Path(), Types({}, {}))
    assert differing(model, tmp_path, Types({"x": FixedPoint(False, 4, 4)}, {})) == EXACT


def test_an_unsigned_type_of_four_bits_stays_one() -> None:
    g = Graph((4,))
    y = g.quant(g.node("MatMul", ["x", g.weight(weights(RNG(2), 4, 3))]), 0.2, 6)
    types = Types.parse({"x": "ap_ufixed<4,4>"}, {})
    program = export_source(g.model(y), "model.onnx", Path(), types).program
    assert program.tensors["x"].type == FixedPoint(False, 4, 4)


def test_a_stated_output_type_ends_the_model(tmp_path: Path) -> None:
    g = Graph((4,))
    x = g.quant("x", 0.3, 6)
    y = g.node(
        "Add", [g.node("MatMul", [x, g.weight(weights(RNG(2), 4, 3))]), g.constant([0.1, 0.2, 0.3])]
    )
    model = g.model(y)
    with pytest.raises(UnsupportedError, match="output 'y': it is not quantised.*--output-type"):
        export_source(model, "model.onnx", Path(), Types({}, {}))
    made = export_source(model, "model.onnx", Path(), Types.parse({}, {"y": "fixed<9,3>"}))
    assert made.program.tensors["y"].type == FixedPoint(True, 9, 3)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_a_final_softmax_is_left_out_and_said(tmp_path: Path, op: str) -> None:
    g = Graph((4,))
    x = g.quant("x", 0.25, 6)
    y = g.quant(g.node("MatMul", [x, g.weight(weights(RNG(2), 4, 3))]), 0.25, 6)
    model = g.model(g.node(op, [y]))
    made = export_source(model, "model.onnx", Path(), Types({}, {}))
    assert any(f"the final {op} '{op}_" in note and "is left out" in note for note in made.notes)
    assert differing(model, tmp_path) == EXACT


def test_inputs_are_quantised_in_one_way(tmp_path: Path) -> None:
    g = Graph((4,))
    model = g.model(g.node("Add", [g.quant("x", 0.25, 6), g.quant("x", 0.125, 6)]))
    with pytest.raises(
        UnsupportedError, match="node 'Quant_1' .Quant.: it quantises the input 'x'"
    ):
        export_source(model, "model.onnx", Path(), Types({}, {}))
    g = Graph((4,))
    halves = [
        g.node("Slice", ["x", *(g.constant([v], np.int64) for v in (a, a + 2, 1))]) for a in (0, 2)
    ]
    y = g.node("Concat", [g.quant(halves[0], 0.25, 6), g.quant(halves[1], 0.1, 6)], axis=1)
    assert differing(g.model(g.quant(y, 0.3, 6)), tmp_path) == EXACT


REFUSED: dict[str, tuple[Callable[[Graph, str], str], str]] = {
    "softmax": (lambda g, x: g.node("Softmax", [x]), r"'Softmax_1' .Softmax.: .*ReLU scores"),
    "layer norm": (
        lambda g, x: g.node("LayerNormalization", [x, g.constant([1.0] * 4)]),
        r"'LayerNormalization_1' .*use batch",
    ),
    "lstm": (lambda g, x: g.node("LSTM", [x, x, x]), "LSTM.*recurrent"),
    "weights": (
        lambda g, x: g.node("MatMul", [x, g.constant(weights(RNG(1), 4, 3))]),
        r"'MatMul_1' .MatMul.: its weights are not quantised: .* weight_quant",
    ),
    "float quantiser": (
        lambda g, x: g.node("FloatQuant", [x], domain=QUANT), "FloatQuant.: floating-point"),
    "division": (lambda g, x: g.node("Div", [x, x]), "divides one activation by another"),
    "relu without quantiser": (
        lambda g, x: g.node("MatMul", [
            g.node("Sigmoid", [g.node("MatMul", [x, g.weight(np.eye(4))])]), g.weight(np.eye(4))]),
        r"'Sigmoid_\d' .Sigmoid., which is not quantised",
    ),
    "unknown": (lambda g, x: g.node("Hardmax", [x]), "Hardmax has no exact form"),
    "wrong shapes": (
        lambda g, x: g.node("MatMul", [x, g.weight(np.eye(3))]), "cannot be read .ValueError"),
    "negative scale": (lambda g, x: g.quant(x, -0.5, 4), "its scale goes down to -0.5"),
    "half a bit": (lambda g, x: g.quant(x, 0.5, 4.5), r"its bit width is \[4.5\]"),
    "half a zero": (lambda g, x: g.quant(x, 0.5, 4, zero=0.5), r"its zero point is \[0.5\]"),
    "mode": (lambda g, x: g.quant(x, 0.5, 4, mode="WILD"), "rounding mode 'WILD' is unknown"),
    "nan": (lambda g, x: g.node("Mul", [x, g.constant(np.nan)]), "Mul"),
    "wide table": (
        lambda g, x: g.node("Sin", [g.quant(g.node("Mul", [x, x]), 0.01, 14)]),
        "at most 12 bits in front",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_exact_is_refused_by_name(name: str) -> None:
    build, problem = REFUSED[name]
    g = Graph((4,))
    y = g.quant(build(g, g.quant("x", 0.25, 6)), 0.25, 6)
    with pytest.raises(TriggernetError, match=problem) as refusal:
        export_source(g.model(y), "model.onnx", Path(), Types({}, {}))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("shape", "batch", "problem"),
    [(("n",), 1, r"shape \[1, 'n'\]"), ((), 4, "export the model with an example"),
     ((4,), 16, "fixed batch of 16")],
)  # fmt: skip
def test_shapes_that_are_not_fixed_are_refused(shape: tuple, batch: int, problem: str) -> None:
    g = Graph(shape, batch=batch)
    with pytest.raises(UnsupportedError, match=problem):
        export_source(g.model(g.quant("x")), "model.onnx", Path(), Types({}, {}))


def test_an_unknown_input_is_named() -> None:
    g = Graph((4,))
    with pytest.raises(ProgramError, match="no input or output 'z'; inputs are x; outputs are y"):
        export_source(g.model(g.quant("x")), "m.onnx", Path(), Types.parse({"z": "fixed<4,4>"}, {}))


NASTY = (
    "x; rm -rf /", "$(reboot)", "wire", "input", "module", "a`b`", "../../etc/passwd", "é" * 200,
    "int", "x\ny", "", "clk", "layer1", "EOF", "0", "__x__", "SELECT 1; --",
)  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_reach_no_text_as_they_are(name: str) -> None:
    g = Graph((4,), input_name=name or "x")
    x = g.quant(name or "x", 0.25, 6)
    y = g.quant(g.node("MatMul", [x, g.weight(weights(RNG(2), 4, 3))]), 0.25, 6)
    for node in g.nodes:
        node.name = name
    model = g.model(y, name="out" if not name else f"{name} out")
    model.graph.name = name
    from triggernet.deployment.hls.names import is_reserved
    from triggernet.deployment.rtl.lower import PORT_WORDS
    from triggernet.program.names import is_legal

    program = export_source(model, f"{name}.onnx", Path(), Types({}, {})).program
    ports = (program.name, *program.inputs, *program.outputs)
    assert all(is_legal(p) and not is_reserved(p) and p not in PORT_WORDS for p in ports)
    assert all(is_legal(n) for node in program.nodes for n in (node.name, *node.inputs))
