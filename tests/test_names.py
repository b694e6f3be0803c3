"""One rule for names: what is no name is refused or renamed, and never becomes code."""

from __future__ import annotations

import json
import re
from collections import Counter

import onnx
import pytest
from programs import SIGNED, Builder, polar_program, tiny_program
from test_export import quant_of, raw_graph

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.deployment.hls import HlsConfig
from triggernet.deployment.hls.names import variable_names
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.errors import ConfigError, ProgramError, UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program
from triggernet.program.names import LONGEST, is_legal, legal_name
from triggernet.program.netlist.verilog import text_of
from triggernet.program.readers.brevitas import lower as lower_graph
from triggernet.program.readers.qonnx import read_program

HOSTILE = (
    "a\n$finish;",
    'a"b',
    "a'b",
    "a\\",
    "a*/b",
    "a;b",
    "a//b",
    "a`b",
    "ä",
    "١",
    "a\u2028b",
    "a b",
    "",
    "_a",
    "a_",
    "a__b",
    "3a",
    "a.b",
    "../a",
    "a" * 10_000,
)
REFUSED = (
    r"has no legal name; rename it|found \d+ characters; allowed are"  # of tensors: the schema
)
PLACES = {
    "program": ("name",),
    "input": ("inputs", 0),
    "output": ("outputs", 0),
    "tensor": ("tensors", 2, "name"),
    "node": ("nodes", 1, "name"),
    "operator": ("nodes", 1, "op"),
    "node's output": ("nodes", 1, "output"),
    "node's input": ("nodes", 2, "inputs", 0),
}


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:12]))
def test_no_place_of_a_program_in_json_takes_a_hostile_name(name: str) -> None:
    for place, path in PLACES.items():
        data = json.loads(tiny_program().to_json())
        spot = data
        for key in path[:-1]:
            spot = spot[key]
        spot[path[-1]] = name
        with pytest.raises(ProgramError, match=REFUSED) as caught:
            Program.from_json(json.dumps(data))
        assert "\n" not in str(caught.value), place
        assert len(str(caught.value)) < 400, place


def test_a_program_that_is_built_has_a_legal_name() -> None:
    with pytest.raises(ProgramError, match=r"program 'a;b' has no legal name"):
        build = Builder()
        build.input("x", 2, FixedPoint(SIGNED, 4, 4))
        build.program("a;b", ["x"])


def test_attributes_of_a_node_are_names_too() -> None:
    data = json.loads(tiny_program().to_json())
    data["nodes"][0]["attributes"]["a> (x) {"] = 1
    with pytest.raises(ProgramError, match=r"attribute of node 'node_pt' 'a> \(x\) \{' has no"):
        Program.from_json(json.dumps(data))


def renamed(model: onnx.ModelProto, old: str, new: str) -> onnx.ModelProto:
    """The model with every tensor, node and overload of one name renamed."""
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]
        node.name = new if node.name == old else node.name
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        info.name = new if info.name == old else info.name
    model.graph.name = new if model.graph.name == old else model.graph.name
    return model


@pytest.mark.parametrize("name", [n for n in HOSTILE if n], ids=lambda name: ascii(name[:12]))
def test_no_place_of_a_qonnx_file_takes_a_hostile_name(name: str) -> None:
    for place in ("tiny", "pt_in", "pt", "x", "w", "node_pt", "node_w"):
        with pytest.raises(ProgramError, match="has no legal name; rename it") as caught:
            read_program(renamed(to_onnx(tiny_program()), place, name))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:12]))
def test_foreign_names_are_changed_always_in_the_same_way(name: str) -> None:
    """Of the graph, its input and a layer; what follows from them is code without a trace."""
    found = []
    for _ in range(2):
        model = raw_graph(quant_of("xq", "y"), s2=1.0)
        model.graph.node[1].name = f"/{name}/Quant"
        for old in ("x", "raw"):
            renamed(model, old, name or "unnamed")
        program = lower_graph(model)
        texts = [text_of(m) for m in lower(program, RtlConfig()).modules.values()]
        to_onnx(program)
        assert all(is_legal(n) for n in (program.name, *program.tensors))
        assert not any("$finish" in text for text in texts)
        found.append((program, texts))
    assert found[0] == found[1]


def test_legal_names_stay() -> None:
    for name in ("x", "phi_0", "theta_0_4", "A1", "a" * LONGEST):
        assert legal_name(name) == name
    changed = {"/m/fc1": "m_fc1", "3-w": "n3_w", "é": "unnamed", "_a__b_": "a_b"}
    assert {name: legal_name(name) for name in changed} == changed
    assert all(is_legal(legal_name(name)) for name in HOSTILE)


def test_foreign_names_that_become_alike_are_numbered() -> None:
    nodes = [quant_of("xq", "p"), quant_of("p", "q"), quant_of("q", "y")]
    for node, path in zip(nodes, ("/m.a/Quant", "/m-a/Quant", "/M:A/Quant"), strict=True):
        node.name = path
    program = lower_graph(raw_graph(*nodes, s2=1.0))
    names = [node.output for node in program.nodes]
    assert len({name.lower() for name in names}) == len(names)


def sums(*names: str, inputs: tuple[str, ...] = ("x", "y")) -> Program:
    """A chain of additions with these names, on two inputs; the last one is the output."""
    build, kind = Builder(), FixedPoint(SIGNED, 6, 6)
    given = [build.input(name, 3, kind) for name in inputs]
    last, wide = given[0], FixedPoint(SIGNED, 5, 7)
    for name in names:
        last = build.node("Add", name, [last, given[1]], wide, broadcast=0, subtract=0)
    return build.program("sums", [last])


def test_names_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(
        ProgramError, match="2 nodes are named 'node_sum' and 'node_SUM'; every node"
    ):
        sums("sum", "SUM")
    build = Builder()
    build.input("x", 3, FixedPoint(SIGNED, 6, 6))
    build.inputs *= 2
    with pytest.raises(ProgramError, match="2 inputs are named 'x_in'"):
        build.program("twice", ["x"])
    text = tiny_program().to_json().replace('"total"', '"W"')
    with pytest.raises(ProgramError, match="2 tensors are named 'W' and 'w'; every tensor"):
        Program.from_json(text)


# Names that are legal, and that something of a design or of its C++ is called already.
TAKEN = ("x_in_0", "x_in_1_d1", "clk", "live_d1", "a_row", "row", "tagger", "x_0", "x_n", "n_2")
TAKEN += ("table_0123abcd", "wire", "Module", "s_i1", "s", "class", "NULL", "layer2", "EOF", "z")
DECLARED = re.compile(r"\b(?:wire|reg)\s+\[[^\]]*\]\s*([\w, ]+?)\s*(?:;|=|\)|,\n|\n)")


@pytest.mark.parametrize("interval", [1, 3])
def test_no_name_of_a_design_is_given_twice(interval: int) -> None:
    text = sums(*TAKEN).to_json().replace('"y_in"', '"x_in_2"')  # a port like a net of the other
    program = Program.from_json(text)
    modules = lower(program, RtlConfig(interval=interval)).modules
    assert len({name.lower() for name in modules}) == len(modules)
    for module in modules.values():
        text = text_of(module)
        names = [n for found in DECLARED.findall(text) for n in found.split(", ")]
        names += re.findall(r"^    \w+ (\w+_i\d+(?:_\d+)?) \(", text, re.MULTILINE)
        assert [name for name, count in Counter(names).items() if count > 1] == []
    assert variable_names(program, "tagger")["class"] == "class_2"


def test_further_modules_of_a_kind_are_numbered_from_2() -> None:
    modules = lower(polar_program(5, jet=1, beams=1), RtlConfig()).modules
    numbered = [name for name in modules if name.startswith("s_pairs")]
    assert sorted(numbered) == ["s_pairs", "s_pairs_2", "s_pairs_3", "s_pairs_4"]
    assert [name for name in modules if not re.fullmatch(r"[a-z]\w*", name)] == []


@pytest.mark.parametrize("name", ["clk", "in_valid", "live", "double", "class", "wire"])
def test_ports_that_no_design_can_have_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedError, match=f"tensor '{name}' .* cannot be a port; rename it"):
        lower(sums(name), RtlConfig())


@pytest.mark.parametrize("name", ["layer2", "input", "INT_MAX", "EINVAL", "stdin", "linear_2"])
def test_names_in_the_cpp_that_others_have_are_changed(name: str) -> None:
    names = variable_names(sums(name, "w"), "tagger")
    assert len({n.lower() for n in names.values()}) == len(names)
    assert names[name] in (f"v{name}", f"{name}_2")


def test_constants_of_a_quantiser_are_called_like_no_tensor() -> None:
    program = sums("node_x_scale", "y_end")
    assert read_program(to_onnx(program)) == program
    onnx.checker.check_model(to_onnx(program))


@pytest.mark.parametrize("top", ["module", "wire", "a;b", "aé", "a" * 200, "a\n"])
def test_tops_that_are_no_module_are_refused(top: str) -> None:
    with pytest.raises(ConfigError, match="is no module name"):
        RtlConfig(top=top)
    with pytest.raises(ConfigError, match=r"is no C\+\+ name"):
        HlsConfig(top={"module": "int", "wire": "class"}.get(top, top))
