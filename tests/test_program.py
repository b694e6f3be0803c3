"""Programs: built, evaluated, written and read again; what is wrong with one is said."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from programs import (
    SIGNED,
    UNSIGNED,
    Builder,
    cartesian_program,
    nano_program,
    polar_program,
    random_codes,
    tiny_program,
    write_onnx,
)

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.errors import ProgramError, UnsupportedError
from triggernet.fixedpoint import FixedPoint, Quantiser
from triggernet.program import Program, build_program, evaluate, observe, trace
from triggernet.program.file import load_program
from triggernet.program.infer import check_program, input_tensor
from triggernet.program.operators.node import Node
from triggernet.program.readers.qonnx import read_program


@pytest.mark.parametrize(
    "program",
    [
        tiny_program(),
        nano_program(),
        polar_program(5, jet=1, beams=1, rounding="ROUND"),
        cartesian_program(4, jet=1, beams=1),
    ],
    ids=lambda p: p.name,
)
def test_json_and_onnx_give_the_program_back(program: Program, tmp_path: Path) -> None:
    assert Program.from_json(program.to_json()) == program
    assert read_program(write_onnx(program, tmp_path)) == program
    check_program(program)


def test_evaluation_does_not_depend_on_the_chunks() -> None:
    program = nano_program()
    codes = random_codes(program, 4200)
    whole = trace(program, codes)
    assert list(whole) == list(program.tensors)
    for part in (slice(0, 1), slice(2040, 2060), slice(4199, 4200)):
        some = evaluate(program, {name: values[part] for name, values in codes.items()})
        np.testing.assert_array_equal(some["w"], whole["w"][part])


def test_observing_changes_nothing_and_shows_every_quantiser() -> None:
    program = nano_program()
    codes, seen = random_codes(program, 100), []
    observed = observe(program, codes, seen.append)
    for name, values in trace(program, codes).items():
        np.testing.assert_array_equal(observed[name], values)
    shown = [(s.node.name, s.prefix) for s in seen]
    expected = {(node.name, "") for node in program.nodes}
    assert set(shown) == expected | {("node_d", "product_"), ("node_s", "z_")}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: {"pt_in": c["pt_in"]}, "input 'eta_in' is missing"),
        (lambda c: c | {"pt_in": c["pt_in"][:, :2]}, r"'pt_in' is of shape \(20, 2\)"),
        (lambda c: c | {"pt_in": c["pt_in"] + 64}, "'pt_in' holds codes .* holds 0 to 63"),
        (lambda c: c | {"pt_in": c["pt_in"] / 2}, "'pt_in' holds float64; expected integer"),
        (lambda c: c | {"pt_in": c["pt_in"][:3]}, r"different lengths: \[3, 20\]"),
    ],
)
def test_wrong_inputs_are_refused(change, problem: str) -> None:
    program = tiny_program()
    with pytest.raises(ProgramError, match=problem):
        evaluate(program, change(random_codes(program, 20)))


def stack(**attributes) -> Node:
    common = {"signed": 1, "width": 8, "integer": 7, "rounding": "FLOOR", "overflow": "SAT"}
    return Node("stack", "Stack", ("x", "x"), "y", common | attributes)


X = input_tensor("x", (3,), FixedPoint(SIGNED, 6, 4))


@pytest.mark.parametrize(
    ("nodes", "outputs", "problem"),
    [
        ([dataclasses.replace(stack(), inputs=("x", "z"))], ["y"], r"reads \['z'\]"),
        ([dataclasses.replace(stack(), output="x")], ["y"], "writes 'x'"),
        ([stack()], ["x"], r"of which \['x'\] are both"),
        ([stack()], [], "1 inputs and 0 outputs"),
        ([stack(), dataclasses.replace(stack(), output="z")], ["y"], "2 nodes are named 'stack'"),
        ([dataclasses.replace(stack(), name="")], ["y"], "node '' has no legal name"),
        ([stack(rounding="CEIL")], ["y"], "'rounding' is 'CEIL'; allowed are FLOOR and ROUND"),
        ([stack(overflow="WRAP>")], ["y"], "'overflow' is 'WRAP>'; allowed are SAT and WRAP"),
        ([stack()], ["q"], r"nothing writes the outputs \['q'\]"),
        ([stack(width="8")], ["y"], "attribute 'width' is '8'; expected int"),
        ([dataclasses.replace(stack(), op="Softmax")], ["y"], "Softmax cannot be lowered"),
    ],
)
def test_programs_that_make_no_sense_are_refused(
    nodes: list[Node], outputs: list[str], problem: str
) -> None:
    with pytest.raises(ProgramError, match=problem):
        build_program("wrong", [X], nodes, outputs)


def changed_json(program: Program, path: tuple, value) -> str:
    data = json.loads(program.to_json())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "no json",
        '"text"',
        changed_json(tiny_program(), ("tensors", 0, "type"), {"width": 3}),
        changed_json(tiny_program(), ("tensors", 0, "type", "width"), 0),
        changed_json(tiny_program(), ("nodes", 0, "attributes"), [1]),
    ],
)
def test_what_is_no_program_is_refused(text: str) -> None:
    with pytest.raises(
        ProgramError, match="this text(: not a triggernet program in JSON:| is not valid JSON)"
    ):
        Program.from_json(text)


PLACE = {name: place for place, name in enumerate(tiny_program().tensors)}


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("tensors", PLACE["pt"], "hi"), 5, "tensor 'pt' is given as"),
        (("tensors", PLACE["x"], "type", "width"), 9, "tensor 'x' is given as"),
        (("nodes", 2, "attributes", "width"), 9, "tensor 'x' is given as"),
        (("outputs",), ["nothing"], "nothing writes the outputs"),
    ],
)
def test_edited_programs_are_noticed(path: tuple, value, problem: str) -> None:
    program = Program.from_json(changed_json(tiny_program(), path, value))
    with pytest.raises(ProgramError, match=problem):
        check_program(program)


def graph_of(program: Program) -> onnx.ModelProto:
    return to_onnx(program)


def set_initializer(model: onnx.ModelProto, name: str, value: float) -> None:
    for tensor in model.graph.initializer:
        if tensor.name == name:
            tensor.CopyFrom(numpy_helper.from_array(np.float32(value), name))


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("node_pt_scale", 0.3, r"node 'node_pt' \(Quant\): scale 0.3.* is not a power of two"),
        ("node_pt_scale", 0.0, "scale 0.0 is not a power of two"),
        ("node_pt_scale", -0.5, "scale -0.5 is not a power of two"),
        ("node_pt_scale", np.inf, "scale inf is not a power of two"),
        ("node_pt_zero_point", 3.0, "'node_pt'.*zero point 3 is not supported; only 0 is$"),
        ("node_pt_bit_width", 7.5, "'node_pt'.*bit width 7.5 is no whole number"),
        ("node_pt_bit_width", 0.0, "'node_pt'.*bit width 0.0"),
    ],
)
def test_quantisers_that_are_no_fixed_point_are_refused(
    name: str, value: float, problem: str
) -> None:
    model = graph_of(tiny_program())
    set_initializer(model, name, value)
    with pytest.raises(UnsupportedError, match=problem):
        read_program(model)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("rounding_mode", "CEIL", "'node_eta'.*rounding mode CEIL; allowed are ROUND and FLOOR"),
        ("narrow", 1, "'node_eta'.*Quant.: narrow ranges are not supported; set narrow_range=F"),
    ],
)
def test_quantisers_of_other_kinds_are_refused(key: str, value, problem: str) -> None:
    model = graph_of(tiny_program())
    node = next(n for n in model.graph.node if n.name == "node_eta")
    kept = [a for a in node.attribute if a.name != key]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(key, value)])
    with pytest.raises(UnsupportedError, match=problem):
        read_program(model)


def test_foreign_nodes_are_named() -> None:
    model = graph_of(tiny_program())
    model.graph.node.append(helper.make_node("Sum", ["x"], ["other"], name="stranger"))
    with pytest.raises(UnsupportedError, match="node 'stranger': onnx.Sum is no operator"):
        read_program(model)
    model.graph.node[-1].domain = "triggernet"
    model.graph.node[-1].op_type = "Softmax"
    with pytest.raises(UnsupportedError, match="node 'stranger': operator Softmax cannot be"):
        read_program(model)


def test_attributes_of_other_kinds_are_named() -> None:
    model = graph_of(tiny_program())
    node = next(n for n in model.graph.node if n.op_type == "Dense")
    node.attribute.append(helper.make_attribute("extra", 0.5))
    with pytest.raises(UnsupportedError, match="'node_w'.*attribute 'extra' is not an integer"):
        read_program(model)


def test_inputs_that_are_not_quantised_are_named() -> None:
    model = graph_of(tiny_program())
    model.graph.input.append(helper.make_tensor_value_info("bare", 1, ["batch", 3]))
    with pytest.raises(ProgramError, match="input 'bare' of 'tiny' must feed exactly one Quant"):
        read_program(model)
    del model.graph.input[-1]
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "many"
    with pytest.raises(ProgramError, match=r"input 'pt_in' of 'tiny' has shape \(0,\)"):
        read_program(model)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(ProgramError, match="no QONNX file at .*model.onnx"):
        read_program(path)
    path.write_bytes(graph_of(tiny_program()).SerializeToString()[:-100])
    with pytest.raises(ProgramError, match="model.onnx is not an ONNX file, or is damaged"):
        read_program(path)


def weights_outside(key: str, value: tuple) -> Program:
    program = nano_program()
    nodes = [
        dataclasses.replace(n, attributes={**n.attributes, key: value})
        if key in n.attributes
        else n
        for n in program.nodes
    ]
    inputs = [program.tensors[name] for name in program.inputs]
    return build_program("wrong", inputs, nodes, program.outputs)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("weight", (100, 0), "'weight' holds codes from 0 to 100; .* holds -64 to 63"),
        ("weight", (1, 2, 3), "'weight' holds 3 values; expected 1 x 1 x 2"),
        ("eta_table", (-1,) * 32, "'eta_table' holds codes from -1 to -1"),
        ("eta_table", (0,) * 31, "'eta_table' holds 31 values; expected 32"),
        ("signs", (1, 2), r"signs are \(1, 2\); expected -1, 0 or 1"),
        ("in_rank", 3, "in_rank is 3"),
        ("n_particles", 5, "5 particles need one a pair"),
        ("table_integer", 12, "table_integer exceeds table_width"),
    ],
)
def test_constants_that_do_not_fit_are_refused(key: str, value, problem: str) -> None:
    with pytest.raises(ProgramError, match=problem):
        weights_outside(key, value)


types = st.builds(
    FixedPoint, st.booleans(), st.integers(1, 90), st.integers(-20, 40)
)  # also wider than any machine integer


@settings(max_examples=150, deadline=None)
@given(
    kinds=st.tuples(types, types, types),
    end=types,
    rounding=st.sampled_from(["FLOOR", "ROUND"]),
    overflow=st.sampled_from(["SAT", "WRAP"]),
    data=st.data(),
)
def test_inferred_bounds_hold_for_any_types(kinds, end, rounding, overflow, data) -> None:
    """Sums, differences and products of any types, in Python integers, stay within the bounds."""
    build = Builder(rounding)
    x, y, z = (build.input(n, 2, k) for n, k in zip("xyz", kinds, strict=True))
    build.node("Stack", "s", [x, y], end, overflow=overflow)
    build.node("Add", "a", [x, z], end, overflow=overflow, subtract=1, broadcast=0)
    build.node("Sum", "t", ["s", z], end, overflow=overflow)
    shape = {"in_rank": 2, "in_features": 2, "out_features": 1, "context_features": 2, "relu": 1}
    build.dense("w", ["s", "t"], end, shape | {"overflow": overflow})
    program = build.program("any", ["w"])
    codes = {
        name: np.array(
            [
                [data.draw(st.sampled_from(_ends(program.tensors[name].type))) for _ in range(2)]
                for _ in range(3)
            ],
            dtype=object,
        )
        for name in program.inputs
    }
    values = trace(program, codes)
    for name, found in values.items():
        tensor = program.tensors[name]
        assert tensor.type.contains(tensor.lo, tensor.hi)
        assert tensor.lo <= found.min(), name
        assert found.max() <= tensor.hi, name
    difference = [
        [_exact(a, kinds[0]) - _exact(b, kinds[2]) for a, b in zip(p, q, strict=True)]
        for p, q in zip(values["x"], values["z"], strict=True)
    ]
    quantiser = Quantiser(end, rounding, overflow)
    shared = max(kinds[0].fraction, kinds[2].fraction)
    scaled = np.array([[int(v * 2**shared) for v in row] for row in difference], dtype=object)
    np.testing.assert_array_equal(values["a"], quantiser(scaled, shared))


def _ends(kind: FixedPoint) -> list[int]:
    codes = {kind.min_int, kind.max_int, 0, 1, -1, kind.max_int // 3, kind.min_int // 3}
    return sorted(c for c in codes if kind.contains(c, c))


def _exact(code: int, kind: FixedPoint) -> Fraction:
    return int(code) * Fraction(2) ** -kind.fraction


def test_types_of_inputs_that_operators_cannot_read() -> None:
    build = Builder()
    pt = build.input("pt", 3, FixedPoint(SIGNED, 6, 5))
    eta, phi = (build.input(n, 3, FixedPoint(SIGNED, 4, 3)) for n in ("eta", "phi"))
    attributes = {"jet": 0, "beams": 0, "eta_table": (0,) * 16, "phi_table": (0,) * 16}
    attributes |= {"table_width": 8, "table_integer": 1, "product_width": 8, "product_integer": 8}
    build.node("PairDotPolar", "d", [pt, eta, phi], FixedPoint(UNSIGNED, 8, 8), **attributes)
    with pytest.raises(ProgramError, match="'eta' has type .* angles are signed integers"):
        build.program("wrong", ["d"])


def test_a_program_states_its_version_and_older_texts_without_one_are_read() -> None:
    program = tiny_program()
    text = program.to_json()
    assert text.startswith('{\n "format_version": 1,\n "name": ')
    assert Program.from_json(text.replace(' "format_version": 1,\n', "")) == program
    newer = text.replace('"format_version": 1', '"format_version": 2')
    with pytest.raises(ProgramError, match=r"has the format_version 2 .*reads version 1; install"):
        Program.from_json(newer)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("tensors", 0, "type", "width"), 513, r"tensors.0.type.width: found 513"),
        (("tensors", 0, "type", "width"), True, r"tensors.0.type.width: expected an integer"),
        (("tensors", 0, "type", "signed"), 1, r"tensors.0.type.signed: expected true or false"),
        (("tensors", 0, "type", "integer"), 10**9, r"type.integer: found 1000000000"),
        (("tensors", 0, "shape"), [1 << 12, 1 << 12], r"tensors.0: .* has 4096 x 4096 values"),
        (("tensors", 0, "shape"), [0], r"tensors.0.shape.0: found 0"),
        (("tensors", 0, "shape"), 3, r"tensors.0.shape: expected a list"),
        (("tensors", 0, "lo"), 1 << 600, r"tensors.0.lo: found"),
        (("tensors", 0, "hi"), 1.5, r"tensors.0.hi: expected an integer"),
        (("nodes", 0, "attributes", "width"), [1.5], r"nodes.0.attributes.width.0: expected an"),
        (("nodes", 0, "attributes", "width"), None, r"attributes.width: expected an integer or a"),
        (("nodes", 0, "inputs"), "x", r"nodes.0.inputs: expected a list"),
        (("inputs",), ["nothing"], r"inputs: there is no tensor 'nothing'"),
        (("surprise",), 1, r"surprise: unknown key"),
        (("tensors", 0, "lO"), 1, r"tensors.0.lO: unknown key; did you mean 'lo'"),
    ],
)
def test_hostile_values_are_refused_by_name(tmp_path: Path, path, value, problem: str) -> None:
    file = tmp_path / "program.json"
    file.write_text(changed_json(tiny_program(), path, value))
    with pytest.raises(ProgramError, match=problem) as refusal:
        load_program(file)
    assert str(refusal.value).startswith(str(file))


def test_a_file_whose_types_do_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "program.json"
    file.write_text(changed_json(tiny_program(), ("tensors", PLACE["x"], "type", "width"), 9))
    with pytest.raises(ProgramError, match=r"program\.json: .*tensor 'x' is given as"):
        load_program(file)
