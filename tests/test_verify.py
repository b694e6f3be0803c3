"""Verification: the vectors, every executor of a project, and the differences it must find."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from programs import Builder, nano_program, tiny_program, write_onnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from random_models import Case, random_model

from triggernet.cli import main
from triggernet.data import load_jets, mock_jets, sample_path, save_jets
from triggernet.deployment.export.model import export_model
from triggernet.deployment.export.onnx_file import inlined, to_onnx
from triggernet.deployment.hls import HlsConfig, write_project
from triggernet.deployment.project import load_project
from triggernet.deployment.verify import Agreement, make_stimuli, verify
from triggernet.deployment.verify.coverage import Coverage
from triggernet.deployment.verify.exactness import FLOAT32_BITS, FLOAT64_BITS, inexact_tensor
from triggernet.deployment.verify.executors import (
    EXECUTORS,
    Brevitas,
    Qonnx,
    codes_of,
    real_values,
)
from triggernet.deployment.verify.jets import encoded_jets, encoding_of
from triggernet.deployment.verify.verify import N_TRACED, _compare_outputs, _Comparison, spread
from triggernet.errors import DataError, ProgramError, ProjectError, UsageError
from triggernet.files import to_json
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, build_program, evaluate, observe, trace
from triggernet.program.readers.qonnx import read_program

FAST = ("onnxruntime",)


def write_export(program: Program, folder: Path) -> Path:
    """A project without firmware."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(to_onnx(program).SerializeToString())
    (folder / "program.json").write_text(program.to_json())
    return folder


@pytest.fixture(scope="module")
def hls_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    program = tiny_program()
    path = write_onnx(program, folder)
    write_project(program, path, folder / "project", HlsConfig(), vendored=False)
    return folder / "project"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_export(nano_program(rounding="ROUND"), tmp_path / "project")


def test_all_executors_of_a_project_agree(hls_project: Path) -> None:
    agreement = verify(hls_project, None, 3000)
    assert agreement.exact
    assert {n: (e.n, e.mismatches) for n, e in agreement.executors.items()} == {
        "qonnx": (500, 0),
        "onnxruntime": (3000, 0),
        "hls": (3000, 0),
    }
    assert agreement.executors["hls"].traced_n == 2000
    assert list(agreement.not_compared) == ["brevitas", "rtl"]
    assert "no checkpoint.pt" in agreement.not_compared["brevitas"]


@pytest.mark.filterwarnings("ignore:\\s*Output shapes disagree")
def test_qonnx_in_pieces_is_qonnx_on_the_file(project: Path) -> None:
    """It runs the file's nodes one after the other, each as a model of its own."""
    written = load_project(project)
    program, model = written.program, inlined(onnx.load(project / "model.onnx"))
    inputs = make_stimuli(program, 40, 5, None).select(np.arange(40))
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.shape.dim[0].dim_value = 40
    del model.graph.value_info[:]
    feed = {n: v.astype(np.float32) for n, v in real_values(program, inputs).items()}
    whole = execute_onnx(ModelWrapper(model).transform(InferShapes()), feed, True)
    pieces = Qonnx(written).trace(inputs)
    assert pieces.keys() == {node.output for node in program.nodes}
    for name, codes in pieces.items():
        np.testing.assert_array_equal(codes, codes_of(program, {name: whole[name]})[name])


def test_what_machines_read(hls_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(hls_project), "--vectors", "300", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_vectors"] == 300
    assert found["exact"] is True
    assert {"n", "mismatches", "first", "version"} <= set(found["executors"]["hls"])
    assert found["executors"]["hls"]["first"] is None
    assert found["executors"]["hls"]["version"].startswith("hls4ml 1.3.0, g++ 1")
    assert json.loads(to_json(Agreement.load(hls_project).as_dict())) == found


def test_one_wrong_constant_in_the_firmware_is_found(
    hls_project: Path, tmp_path: Path, capsys
) -> None:
    copy = tmp_path / "mutant"
    shutil.copytree(hls_project, copy)
    weights = copy / "firmware" / "weights" / "weight_w.h"
    text = weights.read_text()
    weights.write_text(re.sub(r"= \{(-?\d+)", lambda m: f"= {{{int(m[1]) ^ 1}", text, count=1))
    assert weights.read_text() != text
    assert main(["verify", str(copy), "--vectors", "1000"]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"hls +[1-9]\d* of 1000 vectors differ", shown)
    assert "node 'node_w' (Dense), tensor 'w' element 0" in shown
    assert "note: edited since it was generated: firmware/weights/weight_w.h" in shown
    assert shown.endswith("DIFFERENT\n")


def edited_bias(folder: Path, change: int) -> None:
    """Change the first bias of node a in the QONNX file."""
    model = onnx.load(folder / "model.onnx")
    node = next(n for n in model.graph.node if n.name == "node_a")
    bias = next(a for a in node.attribute if a.name == "bias")
    bias.ints[0] += change
    onnx.save(model, folder / "model.onnx")


def test_the_first_difference_is_traced_to_its_node(project: Path) -> None:
    edited_bias(project, 4)
    agreement = verify(project, None, 2000, executors=("onnxruntime", "qonnx"))
    assert not agreement.exact
    assert not agreement.same_program
    assert "model.onnx holds another program" in agreement.notes[0]
    result = agreement.executors["onnxruntime"]
    assert 0 < result.mismatches <= result.n == 2000
    assert agreement.executors["qonnx"].mismatches > 0
    first = result.first
    assert (first.node, first.operator, first.tensor) == ("node_a", "Dense", "a")
    assert first.found > first.expected
    assert first.kind in agreement.kinds
    assert [len(first.inputs[name]) for name in ("pt_in", "eta_in", "phi_in")] == [4, 4, 4]


def test_a_difference_that_no_output_shows_is_found(project: Path) -> None:
    """The function of one node adds to a tensor that the rest of the program then ignores."""
    program = read_program(project / "model.onnx")
    zeros = {"weight": (0,) * 2, "context_weight": (0,)}
    nodes = [
        replace(n, attributes={**n.attributes, **zeros}) if n.name == "node_w" else n
        for n in program.nodes
    ]
    inputs = [program.tensors[n] for n in program.inputs]
    blind = build_program("nano", inputs, nodes, program.outputs)
    folder = write_export(blind, project.parent / "blind")
    edited_bias(folder, 40)
    result = verify(folder, None, 500, executors=FAST).executors["onnxruntime"]
    assert result.mismatches == 0
    assert result.traced_mismatches > 0
    assert result.first.node == "node_a"


class WrongOnce:
    """The exact integers, but for the outputs of one vector."""

    version, subset = "1", None

    def __init__(self, program: Program, wrong: dict[str, np.ndarray]) -> None:
        self.program, self.wrong = program, wrong

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        same = [(codes == self.wrong[name]).all(axis=1) for name, codes in inputs.items()]
        off = np.all(same, axis=0)[:, None]
        return {name: codes + off for name, codes in evaluate(self.program, inputs).items()}

    def trace(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return trace(self.program, inputs)


def test_a_difference_beside_the_traced_vectors_is_named() -> None:
    program = nano_program()
    stimuli = make_stimuli(program, 4500, 1, None)
    place = max(set(range(4500)) - set(spread(4500, N_TRACED).tolist()))
    wrong = WrongOnce(program, stimuli.select(np.array([place])))
    comparison = _Comparison(program, stimuli, wrong)
    _compare_outputs(program, stimuli, {"wrong": comparison}, Coverage())
    comparison.compare_tensors()
    result = comparison.result()
    assert (result.mismatches, result.traced_mismatches) == (1, 0)
    assert (result.first.vector, result.first.tensor) == (place, program.outputs[0])
    assert result.first.found == result.first.expected + 1


def test_meaning_of_quantisers_is_compared_too(project: Path) -> None:
    """An ONNX function that rounds differently leaves the program as it is."""
    model = onnx.load(project / "model.onnx")
    body = next(f for f in model.functions if f.overload == "node_d")
    rounding = [n for n in body.node if n.op_type == "Round" and n.input[0] == "quantised_qscaled"]
    rounding[0].op_type = "Floor"
    onnx.save(model, project / "model.onnx")
    agreement = verify(project, None, 500, executors=FAST)
    assert agreement.same_program
    assert not agreement.exact
    assert agreement.executors["onnxruntime"].first.node == "node_d"


def test_executors_that_cannot_be_exact_are_said_to_be_so(tmp_path: Path) -> None:
    build = Builder()
    x = build.input("x", 3, FixedPoint(True, 30, 30))
    y = build.input("y", 3, FixedPoint(True, 8, 8))
    build.node("Stack", "s", [x, y], FixedPoint(True, 40, 40))
    program = build.program("wide", ["s"])
    assert inexact_tensor(program, FLOAT64_BITS) is None
    agreement = verify(write_export(program, tmp_path / "wide"), None, 100)
    for name in ("onnxruntime", "qonnx"):
        assert "not exact by construction: tensor 'x_in'" in agreement.not_compared[name]
    assert agreement.executors == {}


def test_intermediate_results_decide_too() -> None:
    build = Builder()
    momenta = [build.input(n, 2, FixedPoint(n != "e", 27, 4)) for n in ("e", "px", "py", "pz")]
    build.node("PairDotCartesian", "d", momenta, FixedPoint(True, 12, 10), jet=0, beams=0)
    problem = inexact_tensor(build.program("wide", ["d"]), FLOAT64_BITS)
    assert re.match(
        r"tensor 'd' \(node 'node_d', PairDotCartesian\) is computed in 5\d bits", problem
    )
    assert "float" in inexact_tensor(build.program("wide", ["d"]), FLOAT32_BITS)


def test_vectors_reach_every_quantiser() -> None:
    program = nano_program(rounding="ROUND")
    stimuli = make_stimuli(program, 4000, 1, None)
    coverage = Coverage()
    observe(program, stimuli.inputs, coverage.add)
    rows = {(row.node, row.quantiser): row for row in coverage.table(program)}
    assert len(rows) == len(program.nodes) + 2
    for row in rows.values():
        assert row.ties > 0 or not row.dropped_bits, row
        if row.relu_zero is not None:
            assert row.relu_zero > 0
            assert row.relu_positive > 0
        if row.above is not None:
            assert row.above > 0 or row.node in {"node_w", "node_s"}, row
    assert rows["node_pt", ""].above is None
    assert rows["node_s", "z"].relu_zero is not None


def test_vectors_are_of_every_kind_and_repeatable() -> None:
    program = nano_program()
    stimuli = make_stimuli(program, 1000, 7, None)
    counts = stimuli.counts()
    assert sum(counts.values()) == len(stimuli) == 1000
    assert set(counts) == {
        "corners", "random, full range", "random, all sizes", "collimated", "extremes",
        "round numbers", "ties",
    }  # fmt: skip
    again, other = make_stimuli(program, 1000, 7, None), make_stimuli(program, 1000, 8, None)
    for name, codes in stimuli.inputs.items():
        np.testing.assert_array_equal(codes, again.inputs[name])
        assert (codes != other.inputs[name]).any()
        kind = program.tensors[name].type
        assert (codes.min(), codes.max()) == (kind.min_int, kind.max_int)
    assert not any(codes[0].any() for codes in stimuli.inputs.values())


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_few_vectors_are_possible(project: Path, n: int) -> None:
    agreement = verify(project, None, n, executors=FAST)
    assert agreement.executors["onnxruntime"].n == n == sum(agreement.kinds.values())


def test_subsets_are_spread() -> None:
    np.testing.assert_array_equal(spread(10, 100), np.arange(10))
    assert spread(100_000, 500)[[0, -1]].tolist() == [0, 99_999]
    assert len(spread(100_000, 500)) == 500


@pytest.fixture(scope="module")
def jet_program() -> Program:
    build = Builder("ROUND")
    pt = build.input("pt", 6, FixedPoint(False, 12, 10))
    eta, phi = (build.input(n, 6, FixedPoint(True, 8, 8)) for n in ("eta", "phi"))
    build.node("Stack", "s", [pt, eta, phi], FixedPoint(True, 13, 12))
    build.node("Sum", "t", ["s", pt], FixedPoint(True, 14, 14))
    text = build.program("jets", ["t"]).to_json()
    for name in ("pt", "eta", "phi"):
        text = text.replace(f'"{name}"', f'"{name}_q"').replace(f'"{name}_in"', f'"{name}"')
    return Program.from_json(text)


def test_real_jets_are_encoded_as_the_types_say(jet_program: Program, tmp_path: Path) -> None:
    config = encoding_of(jet_program)
    assert (config.kind, config.n_constituents, config.jet) == ("polar", 6, False)
    assert (config.pt_width, config.pt_lsb_gev, config.eta_width) == (12, 0.25, 8)
    codes, notes = encoded_jets(jet_program, None)
    assert codes["pt"].shape == (1000, 6)
    assert "values of real jets that saturate: " in notes[0]
    agreement = verify(write_export(jet_program, tmp_path / "p"), None, 10_000, executors=FAST)
    assert agreement.exact
    assert agreement.kinds["real"] == 1000
    assert agreement.kinds["real, varied"] == 3500


def test_jets_of_the_user_take_part(jet_program: Program, tmp_path: Path) -> None:
    jets = mock_jets(40, seed=1)
    agreement = verify(write_export(jet_program, tmp_path / "p"), jets, 1000, executors=FAST)
    assert agreement.kinds["real"] == 40


def test_jets_that_a_program_cannot_read_are_refused(project: Path) -> None:
    assert encoded_jets(nano_program(), None)[0] is None
    with pytest.raises(DataError, match="pt_in, eta_in, phi_in are of no encoding"):
        verify(project, load_jets(sample_path("toptag_reference"), 10), 10)


def test_brevitas_module_is_an_executor(tmp_path: Path, monkeypatch) -> None:
    from triggernet.learning.training import run_folder

    model, _ = random_model(Case(n=4))
    exported = export_model(model, "nano", {})
    program = read_program(exported)
    folder = write_export(program, tmp_path / "project")
    (folder / "checkpoint.pt").write_bytes(b"x")
    run = run_folder.Run(SimpleNamespace(refusal=None), model, model, {})
    monkeypatch.setattr(run_folder, "load_run", lambda folder: run)
    result = verify(folder, None, 1500, executors=("brevitas",)).executors["brevitas"]
    assert (result.n, result.mismatches, result.traced_mismatches) == (1500, 0, 0)
    shown = Brevitas(load_project(folder)).trace(make_stimuli(program, 4, 1, None).inputs)
    assert {"d", "r", "a", "s", "score"} <= set(shown)
    model.score.bias.value.data += 0.5
    result = verify(folder, None, 500, executors=("brevitas",)).executors["brevitas"]
    assert result.mismatches > 0
    assert result.first.node == "score"


def test_wrong_use_is_refused(project: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(UsageError, match="0 vectors prove nothing"):
        verify(project, None, 0)
    with pytest.raises(UsageError, match=r"unknown executors \['verilator'\]"):
        verify(project, None, 10, executors=("verilator",))
    with pytest.raises(ProjectError, match="is no project: it has no program.json"):
        verify(tmp_path, None, 10)
    assert main(["verify", str(tmp_path / "nowhere")]) == 2
    assert "nowhere is no project" in capsys.readouterr().err
    (project / "model.onnx").write_bytes(b"\x00\x01damaged")
    with pytest.raises(ProgramError, match="damaged"):
        verify(project, None, 10)
    (project / "program.json").write_text("{}")
    with pytest.raises(ProgramError, match="not a triggernet program"):
        verify(project, None, 10)


def test_data_of_the_wrong_kind_is_refused(project: Path, tmp_path: Path, capsys) -> None:
    text = tmp_path / "jets.txt"
    text.write_text("no jets")
    assert main(["verify", str(project), "--data", str(text)]) == 2
    assert "jets.txt" in capsys.readouterr().err
    jets = tmp_path / "jets.h5"
    save_jets(jets, mock_jets(4, seed=1))
    assert main(["verify", str(project), "--data", str(jets)]) == 2
    assert "are of no encoding of jets" in capsys.readouterr().err


def test_constants_of_quant_nodes_are_compared(project: Path) -> None:
    model = onnx.load(project / "model.onnx")
    for tensor in model.graph.initializer:
        if tensor.name == "node_pt_bit_width":
            tensor.CopyFrom(numpy_helper.from_array(np.float32(7), tensor.name))
    onnx.save(model, project / "model.onnx")
    agreement = verify(project, None, 300, executors=FAST)
    assert not agreement.same_program
    assert agreement.executors["onnxruntime"].first.node == "node_pt"


def test_the_table_of_executors() -> None:
    assert list(EXECUTORS) == ["brevitas", "qonnx", "onnxruntime", "hls", "rtl"]
