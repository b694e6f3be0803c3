"""HLS projects: what is refused, accounted for, written, built with make and simulated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from programs import polar_program, random_codes, tiny_program, write_onnx

from triggernet.deployment.hls import (
    HlsConfig,
    build,
    generate_project,
    run,
    simulate,
    write_project,
)
from triggernet.deployment.hls.accounting import check_conversion
from triggernet.deployment.hls.convert import check_nodes, convert
from triggernet.deployment.hls.extension import register
from triggernet.deployment.hls.names import variable_names
from triggernet.deployment.project import Vectors
from triggernet.deployment.project.sources import edited_files
from triggernet.errors import (
    ConfigError,
    ProgramError,
    ProjectError,
    ToolError,
    UnsupportedError,
    UsageError,
)
from triggernet.program import Program, evaluate

CONFIG = HlsConfig()


def tiny_vectors(n_events: int = 50) -> Vectors:
    codes = random_codes(tiny_program(), n_events)
    return Vectors(codes, evaluate(tiny_program(), codes))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project in its slim form; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("tiny")
    path = write_onnx(tiny_program(), folder)
    target = folder / "project"
    write_project(tiny_program(), path, target, CONFIG, vectors=tiny_vectors(), vendored=False)
    return target


def copy_of(project: Path, folder: Path) -> Path:
    target = folder / "copy"
    for path in project.rglob("*"):
        if path.is_file():
            (target / path.relative_to(project)).parent.mkdir(parents=True, exist_ok=True)
            (target / path.relative_to(project)).write_bytes(path.read_bytes())
    return target


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# What is refused before hls4ml sees it


def model_with(op: str, domain: str = "") -> onnx.ModelProto:
    node = helper.make_node(op, ["a", "b"], ["c"], name="the_node", domain=domain)
    values = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, 2]) for n in "abc"]
    return helper.make_model(helper.make_graph([node], "g", values[:2], values[2:]))


@pytest.mark.parametrize("op", ["MatMul", "Add", "GlobalAveragePool", "Softmax", "Einsum", "Sum"])
def test_an_operator_not_known_to_be_exact_is_refused(op: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"'the_node' \(onnx\.{op}\) is refused"):
        check_nodes(tiny_program(), model_with(op))


def test_an_unknown_operator_of_our_own_domain_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"triggernet\.Magic\) is refused"):
        check_nodes(tiny_program(), model_with("Magic", "triggernet"))


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = write_onnx(tiny_program(), tmp_path)
    with pytest.raises(ProgramError, match="'node_x' .* is not a node of program 'polar'"):
        convert(polar_program(), path, CONFIG)


def test_a_file_that_lacks_a_node_is_refused(tmp_path: Path) -> None:
    model = onnx.load(write_onnx(tiny_program(), tmp_path))
    del model.graph.node[-1]
    with pytest.raises(ProgramError, match=r"\['node_w'\] .* are not in the QONNX file"):
        check_nodes(tiny_program(), model)


def test_a_tensor_without_a_shape_is_refused(tmp_path: Path) -> None:
    model = onnx.load(write_onnx(tiny_program(), tmp_path))
    del model.graph.value_info[:]
    with pytest.raises(ProgramError, match="no shape for tensor"):
        check_nodes(tiny_program(), model)


def test_node_names_that_hls4ml_would_confuse_are_refused(tmp_path: Path) -> None:
    model = onnx.load(write_onnx(tiny_program(), tmp_path))
    program = Program.from_json(tiny_program().to_json().replace('"node_total"', '"PT_IN"'))
    next(n for n in model.graph.node if n.name == "node_total").name = "PT_IN"
    with pytest.raises(UnsupportedError, match="'PT_IN' is not unique"):
        check_nodes(program, model)


def test_names_of_the_cpp_are_legal_and_unique() -> None:
    text = tiny_program().to_json()
    for old, new in (("x", "double"), ("total", "layer2"), ("w", "NULL")):
        text = text.replace(f'"{old}"', f'"{new}"')
    names = variable_names(Program.from_json(text), "tagger")
    assert [names[t] for t in ("double", "layer2", "NULL")] == ["double_2", "vlayer2", "vNULL"]


def test_an_input_that_is_no_name_is_refused() -> None:
    program = Program.from_json(tiny_program().to_json().replace('"pt_in"', '"input"'))
    with pytest.raises(UnsupportedError, match="input 'input' .* cannot be a name in C"):
        variable_names(program, "tagger")


# The registration with hls4ml


def test_importing_the_package_loads_no_tool() -> None:
    code = (
        "import sys, triggernet.deployment.hls\n"
        "print(sorted({'hls4ml', 'onnx', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_registering_twice_changes_nothing_and_stock_operators_stay() -> None:
    from hls4ml.converters.onnx_to_hls import layer_handlers

    register()
    handlers = dict(layer_handlers)
    register()
    assert layer_handlers == handlers
    stock = helper.make_node("Sum", ["a", "b"], ["c"], name="n")
    assert layer_handlers["Sum"](stock, ["a", "b"], [[1], [1]], None)["class_name"] == "Merge"
    ours = helper.make_node("Sum", ["a"], ["c"], name="n", domain="triggernet")
    assert layer_handlers["Sum"](ours, ["a"], [[1]], None)["class_name"] == "TriggernetSum"


# What is accounted for afterwards


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = write_onnx(tiny_program(), tmp_path_factory.mktemp("converted"))
    return convert(tiny_program(), path, CONFIG)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("tagger.cpp", "// node_total", "// node_other", "'node_total' .* has 0 calls"),
        ("tagger.cpp", "// node_w", "// node_x", "'node_x' .* has 2 calls"),
        ("tagger.cpp", "(x, pt_in, total)", "(x, eta_in, total)", "'node_total' .* is called with"),
        ("tagger.cpp", "triggernet::sum<", "nnet::sum<", "'node_total' .* became a call of nnet"),
        ("tagger.cpp", "total[2]", "total[4]", "'total' has 4 values"),
        ("tagger.cpp", " // node_w", "", "calls without a layer name"),
        ("defines.h", "<8,8,AP_TRN,AP_SAT,0>", "<8,8,AP_RND_CONV,AP_SAT,0>", "'total' is ap_fixed"),
        ("defines.h", "<6,5,AP_RND_CONV,AP_SAT,0>", "<7,5,AP_RND_CONV,AP_SAT,0>", "'pt_in' is"),
        ("defines.h", "<8,7,AP_TRN,AP_SAT,0> x_t", "<8,7,AP_RND,AP_SAT,0> x_t", "'x_t' of defines"),
        ("weights/bias_w.h", "= {", "= {1", "'bias' of node 'node_w' are not those"),
    ],
)
def test_what_hls4ml_changed_is_noticed(
    converted: dict[str, str], file: str, old: str, new: str, message: str
) -> None:
    check_conversion(tiny_program(), converted, "tagger")
    text = converted[f"firmware/{file}"]
    assert old in text
    with pytest.raises(ProjectError, match=message):
        check_conversion(
            tiny_program(), converted | {f"firmware/{file}": text.replace(old, new, 1)}, "tagger"
        )


# What is written


def test_a_project_is_reproducible_and_names_no_machine(project: Path, tmp_path: Path) -> None:
    path = write_onnx(tiny_program(), tmp_path)
    again = generate_project(tiny_program(), path, CONFIG, tiny_vectors())
    for name, content in again.files.items():
        assert (project / name).read_bytes() == content, name
        assert str(tmp_path).encode() not in content
        assert b"/tmp" not in content
        assert b"/home" not in content


def test_the_digest_follows_the_reuse_factor(tmp_path: Path) -> None:
    path = write_onnx(polar_program(3), tmp_path)
    projects = [generate_project(polar_program(3), path, HlsConfig(reuse_factor=r)) for r in (1, 2)]
    assert projects[0].digest != projects[1].digest
    assert b"#pragma HLS PIPELINE II=2\n" in projects[1].files["firmware/tagger.cpp"]
    assert b"set clock_period 5.0" in projects[1].files["project.tcl"]


def test_edited_files_are_listed(project: Path, tmp_path: Path) -> None:
    copy = copy_of(project, tmp_path)
    assert edited_files(copy) == []
    edit(copy / "firmware" / "defines.h", "AP_TRN", "AP_RND")
    (copy / "Makefile").unlink()
    assert edited_files(copy) == ["Makefile", "firmware/defines.h"]


def test_an_existing_folder_is_kept(project: Path, tmp_path: Path) -> None:
    path = write_onnx(tiny_program(), tmp_path)
    with pytest.raises(UsageError, match="exists and is not empty"):
        write_project(tiny_program(), path, project, CONFIG)
    assert edited_files(project) == []


def test_vectors_must_have_every_tensor(tmp_path: Path) -> None:
    path = write_onnx(tiny_program(), tmp_path)
    with pytest.raises(UsageError, match=r"lack the tensors \['w'\]"):
        generate_project(tiny_program(), path, CONFIG, Vectors(tiny_vectors().inputs, {}))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"reuse_factor": 0}, "reuse_factor 0 is below 1"),
        ({"clock_period_ns": 0.0}, "clock_period_ns 0.0"),
        ({"top": "3d"}, "top '3d'"),
        ({"part": "a b"}, "part 'a b'"),
        ({"clock_uncertainty": 1.0}, "clock_uncertainty 1.0"),
    ],
)
def test_settings_that_are_not_allowed(setting: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HlsConfig(**setting)


# What is run


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "check", f"PYTHON={sys.executable}", "CXXFLAGS=-O0"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_make_builds_the_slim_project_and_compares(project: Path, tmp_path: Path) -> None:
    copy = copy_of(project, tmp_path)
    done = make(copy)
    assert (done.returncode, "50 events, 0 mismatches" in done.stdout) == (0, True), done.stderr
    expected = (copy / "tb_data" / "expected.dat").read_text().split()
    expected[7] = str(int(expected[7]) + 1)
    (copy / "tb_data" / "expected.dat").write_text("\n".join(expected) + "\n")
    done = make(copy)
    assert done.returncode != 0
    assert "first mismatch: event 7, output 0" in done.stdout
    assert "50 events, 1 mismatches" in done.stdout
    (copy / "tb_data" / "expected.dat").write_text("\n".join(expected[:9]) + "\n")
    assert "missing, empty or cut short" in make(copy).stdout


def test_a_project_with_its_headers_needs_no_hls4ml(tmp_path: Path) -> None:
    path = write_onnx(tiny_program(), tmp_path)
    write_project(tiny_program(), path, tmp_path / "whole", CONFIG, vectors=tiny_vectors())
    command = ["make", "check", "PYTHON=false", "CXXFLAGS=-O0"]
    subprocess.run(command, cwd=tmp_path / "whole", check=True, capture_output=True)


def test_an_unchanged_project_is_compiled_once(project: Path, tmp_path: Path) -> None:
    copy = copy_of(project, tmp_path)
    first = build(copy)
    stamp = first.executable.stat().st_mtime_ns
    assert build(copy).executable.stat().st_mtime_ns == stamp
    edit(copy / "firmware" / "defines.h", "<8,8,AP_TRN", "<8,8,AP_RND_CONV")
    changed = build(copy)
    assert changed.executable != first.executable
    codes = random_codes(tiny_program(), 400)
    expected = evaluate(tiny_program(), codes)["w"]
    np.testing.assert_array_equal(run(first, codes)["w"], expected)
    assert (run(changed, codes)["w"] != expected).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pt_in": None}, "are not those of program 'tiny'"),
        ({"pt_in": np.zeros((4, 2), int)}, r"int64 \(4, 2\); expected integers of shape \(n, 3\)"),
        ({"pt_in": np.zeros((4, 3))}, "float64"),
        (
            {"pt_in": np.full((4, 3), 64)},
            r"holds codes from 64 to 64; ap_ufixed<6,5> holds 0 to 63",
        ),
        ({"pt_in": np.zeros((5, 3), int)}, r"the inputs have \[5, 4\] events"),
    ],
)
def test_inputs_that_do_not_fit(project: Path, change: dict, message: str) -> None:
    codes = {n: np.zeros((4, 3), dtype=np.int64) for n in ("pt_in", "eta_in")} | change
    codes = {name: value for name, value in codes.items() if value is not None}
    with pytest.raises(UsageError, match=message):
        simulate(project, codes)


def test_no_events_give_no_results(project: Path) -> None:
    codes = {n: np.zeros((0, 3), dtype=np.int64) for n in ("pt_in", "eta_in")}
    assert simulate(project, codes)["w"].shape == (0, 1)


def test_without_a_compiler_it_says_how_to_get_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match="apt install g"):
        simulate(project, random_codes(tiny_program(), 20))


def test_what_the_compiler_refuses_is_shown(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERNET_CACHE", str(tmp_path / "cache"))
    copy = copy_of(project, tmp_path)
    edit(copy / "firmware" / "parameters.h", "static const int n_in = 2;", "static const int n_in;")
    with pytest.raises(ToolError, match="n_in"):
        build(copy)
    assert not list((tmp_path / "cache").glob("simulators/*"))


@pytest.mark.parametrize("missing", ["program.json", "firmware/tagger.cpp"])
def test_a_folder_that_is_no_project(project: Path, tmp_path: Path, missing: str) -> None:
    copy = copy_of(project, tmp_path)
    (copy / missing).unlink()
    with pytest.raises(ProjectError, match="is no project|holds 0 .cpp files"):
        build(copy)
