"""Projects of models that triggernet did not train, in every command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from foreign_graphs import Graph, weights
from foreign_models import FOLDER, Reference

import triggernet as tn
from triggernet.cli import main
from triggernet.deployment.project import load_project
from triggernet.deployment.verify.original import OriginalFloat32
from triggernet.errors import DataError, ProgramError, TriggernetError, UsageError

MODEL = "g1_residual_add"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign") / "project"
    tn.export(FOLDER / f"{MODEL}.onnx", out=folder, rtl=True)
    return folder


def events(path: Path, **more: np.ndarray) -> Path:
    x, _ = Reference(MODEL).arrays()
    np.savez(path, x=x, **more)
    return path


def test_verify_with_events_of_the_user(project: Path, tmp_path: Path) -> None:
    data = events(tmp_path / "events.npz")
    agreement = tn.verify(project, data=data, vectors=1000)
    assert agreement.exact
    assert agreement.kinds["real"] == 300
    assert set(agreement.executors) == {
        "file, float32", "file, float64", "qonnx", "onnxruntime", "rtl"
    }  # fmt: skip
    assert agreement.judges.keys() >= {"program", "model", "source", "verilog"}


def test_cosim_synth_and_report(project: Path, tmp_path: Path) -> None:
    data = events(tmp_path / "events.npz", label=np.arange(500) % 5)
    assert tn.cosim(project, data=data, vectors=500).passed
    report = tn.report(project, data=data, out=tmp_path / "report.html")
    physics = report.evidence.physics
    assert physics is not None
    assert set(physics.classes) == {"quantised"}
    assert 0 < physics.metrics["quantised"]["accuracy"] < 1
    assert "source.onnx" in (tmp_path / "report.html").read_text("utf-8")


def test_two_classes_by_one_score(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    g = Graph((4,))
    w = weights(rng, 4, 1)
    y = g.quant(g.node("MatMul", [g.quant("x", 0.25, 6), g.weight(w)]), 0.25, 8)
    onnx.save(g.model(y), tmp_path / "m.onnx")
    tn.export(tmp_path / "m.onnx", out=tmp_path / "p", rtl=True)
    x = rng.normal(0, 2, (400, 4))
    label = (x @ w > 0)[:, 0].astype(int)
    np.savez(tmp_path / "e.npz", x=x, label=label)
    report = tn.report(tmp_path / "p", data=tmp_path / "e.npz")
    assert report.evidence.physics is not None
    assert report.evidence.physics.metrics["quantised"]["auc"] > 0.95


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"z": np.zeros((3, 16))}, "no array 'x' for that input; there are z"),
        ({"x": np.zeros((3, 15))}, r"expected numbers \(n, 16\)"),
        ({"x": np.full((3, 16), np.nan)}, "NaN or infinite"),
        ({"x": np.zeros((3, 16)), "label": np.zeros(2)}, r"arrays of \[2, 3\] events"),
        ({"x": np.zeros((3, 16)), "label": np.full(3, 0.5)}, "whole numbers"),
    ],
)
def test_events_that_do_not_fit_are_refused(
    project: Path, tmp_path: Path, arrays: dict, problem: str
) -> None:
    np.savez(tmp_path / "events.npz", **arrays)
    with pytest.raises(DataError, match=rf"events.npz: .*{problem}"):
        tn.verify(project, data=tmp_path / "events.npz", vectors=10)


def test_a_wrong_answer_is_no_tie(project: Path, tmp_path: Path) -> None:
    """A program with another weight differs from its file, in float64 and in float32."""
    import shutil

    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    model = onnx.load(folder / "source.onnx")
    weight = next(i for i in model.graph.initializer if i.name == "l2.weight")
    values = onnx.numpy_helper.to_array(weight).copy()
    values[3, 3] += np.abs(values).max() / 4
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(model, folder / "source.onnx")
    agreement = tn.verify(folder, vectors=300)
    assert not agreement.exact
    for name in ("file, float32", "file, float64"):
        assert agreement.executors[name].mismatches > 0
    assert agreement.executors["file, float32"].ties == 0


def test_a_tie_of_float32_is_told_from_a_difference(tmp_path: Path) -> None:
    """Every odd code lies on a tie of the second scale; float32 rounds it off the tie or not."""
    scale = float(np.float32(0.3))
    g = Graph((4,))
    y = g.quant(g.quant("x", scale, 8), 2 * scale, 8)
    onnx.save(g.model(y), tmp_path / "m.onnx")
    tn.export(tmp_path / "m.onnx", out=tmp_path / "p")
    agreement = tn.verify(tmp_path / "p", vectors=200)
    assert agreement.exact, agreement.as_text()
    single = agreement.executors["file, float32"]
    assert single.ties > 0
    assert "more at a tie that its floating point passes" in agreement.as_text()
    assert agreement.executors["file, float64"].mismatches == 0
    project = load_project(tmp_path / "p")
    assert project.origin is not None
    executor = OriginalFloat32(project, project.origin)
    assert not executor.at_tie({"x": np.zeros((1, 4), dtype=np.int64)})  # here both say the same


def test_a_file_that_triggernet_wrote_is_read_as_it_is(project: Path, tmp_path: Path) -> None:
    tn.export(project / "model.onnx", out=tmp_path / "again")
    again, first = (load_project(f).program for f in (tmp_path / "again", project))
    assert again == first


def test_settings_without_effect_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--state has no effect here: it needs a module"):
        tn.export(FOLDER / f"{MODEL}.onnx", out=tmp_path / "p", state="w.pt")
    with pytest.raises(UsageError, match="--input-type has no effect"):
        tn.export(tmp_path, out=tmp_path / "p", input_types={"x": "fixed<4,4>"})
    with pytest.raises(UsageError, match="leave it out for a model of yours"):
        tn.export(FOLDER / f"{MODEL}.onnx", out=tmp_path / "p", onnx=True)
    with pytest.raises(UsageError, match="'fixed<8>' is no fixed-point type"):
        tn.export(FOLDER / f"{MODEL}.onnx", out=tmp_path / "p", input_types={"x": "fixed<8>"})
    with pytest.raises(UsageError, match="needs the shape of one event"):
        tn.export("network:Tagger", out=tmp_path / "p")
    assert not (tmp_path / "p").exists()


def external(folder: Path, location: str) -> Path:
    model = Reference(MODEL).load()
    big = max(model.graph.initializer, key=lambda t: len(t.raw_data))
    (folder / "data.bin").write_bytes(big.raw_data)
    big.ClearField("raw_data")
    big.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location}.items():
        entry = big.external_data.add()
        entry.key, entry.value = key, value
    (folder / "m").mkdir(exist_ok=True)
    path = folder / "m" / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_external_data_come_from_the_own_folder_only(tmp_path: Path) -> None:
    for location in ("../data.bin", str(tmp_path / "data.bin"), "nothing.bin"):
        path = external(tmp_path, location)
        with pytest.raises(ProgramError, match="no file of the model's own folder"):
            tn.export(path, out=tmp_path / "p")
    path = external(tmp_path, "data.bin")
    (path.parent / "data.bin").write_bytes((tmp_path / "data.bin").read_bytes())
    tn.export(path, out=tmp_path / "p")
    tn.export(FOLDER / f"{MODEL}.onnx", out=tmp_path / "q")
    first, second = (load_project(tmp_path / k).program for k in "pq")
    assert first.nodes == second.nodes


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x08\x07" * 50])
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, content: bytes, capsys) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    assert main(["export", str(tmp_path / "m.onnx"), "--out", str(tmp_path / "p")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("triggernet: error: ")
    assert "Traceback" not in "".join(error)


def test_the_command_line_states_types(tmp_path: Path, capsys) -> None:
    g = Graph((4,))
    y = g.node("MatMul", ["x", g.weight(weights(np.random.default_rng(1), 4, 2))])
    onnx.save(g.model(y), tmp_path / "m.onnx")
    command = ["export", str(tmp_path / "m.onnx"), "--out", str(tmp_path / "p")]
    assert main(command) == 2
    assert "--input-type x=fixed<W,I>" in capsys.readouterr().err
    types = ["--input-type", "x=ufixed<6,2>", "--output-type", "y=fixed<9,4>"]
    assert main([*command, *types]) == 0
    source = json.loads((tmp_path / "p" / "source.json").read_text())
    assert [port["name"] for port in source["inputs"]] == ["x"]
    program = load_project(tmp_path / "p").program
    assert [str(program.tensors[n].type) for n in "xy"] == ["ap_ufixed<6,2>", "ap_fixed<9,4>"]


def test_random_damage_of_a_file_never_ends_in_a_traceback(tmp_path: Path) -> None:
    """Bytes of a real file changed at random: a program, or an error of triggernet's own."""
    from triggernet.deployment.export.foreign import Types, export_file

    content = (FOLDER / f"{MODEL}.onnx").read_bytes()
    rng = np.random.default_rng(11)
    outcomes = set()
    for k in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, len(damaged), 1 + k % 6):
            damaged[place] = rng.integers(0, 256)
        (tmp_path / "m.onnx").write_bytes(bytes(damaged))
        try:
            export_file(tmp_path / "m.onnx", Types({}, {}))
            outcomes.add("read")
        except TriggernetError as error:
            outcomes.add("refused" if "\n" not in str(error) else "several lines")
    assert outcomes == {"read", "refused"}


def test_it_is_not_compared_on_jets(project: Path, tmp_path: Path) -> None:
    from triggernet.data import mock_jets, save_jets
    from triggernet.errors import ProjectError

    save_jets(tmp_path / "jets.h5", mock_jets(20))
    with pytest.raises(ProjectError, match=r"made from g1_residual_add\.onnx.*report --data"):
        tn.compare([project], data=tmp_path / "jets.h5")


def test_nodes_are_called_after_the_modules_of_their_author(project: Path) -> None:
    names = {node.name for node in load_project(project).program.nodes}
    assert not any("export_handler" in name or "act_quant" in name for name in names)
