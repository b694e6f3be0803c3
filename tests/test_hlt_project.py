"""Float models as ONNX: export, agreement with PyTorch, latency, the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from test_lundnet import SHORT as LUNDNET
from test_particlenet import SHORT as PARTICLENET

import triggernet
from triggernet.cli import main
from triggernet.data import mock_jets, save_jets
from triggernet.deployment.verify import FloatAgreement, floats
from triggernet.errors import ModelError, ProjectError, UsageError
from triggernet.learning.models.particlenet.network import ParticleNet
from triggernet.learning.training import load_run_config, train

ROOT = Path(__file__).parents[1]
FAMILIES = {"lundnet": LUNDNET, "particlenet": PARTICLENET}
LEVEL_1 = (
    "deepsets-n8",
    "jedilinear-n8",
    "lorentznet-n8",
    "mlp-n8",
    "nanopelican-c2-n8j",
    "nanopelican-c2-n16",
    "semiequivariant-n8",
)
# An event costs at least a microsecond and, on any machine, less than ten seconds.
BUDGET = "tier: hlt\ntitle: a trigger\nobjects_per_event: 2\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and a project of each family, and jets."""
    folder = tmp_path_factory.mktemp("hlt")
    for name, settings in FAMILIES.items():
        config = load_run_config({"model": {"name": name}}, settings)
        train(config, mock_jets(200, 1), folder / name)
        triggernet.export(folder / name, out=folder / f"{name}-project", onnx=True)
    save_jets(folder / "jets.h5", mock_jets(300, 9))
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_onnxruntime_agrees_with_pytorch(place: Path, family: str) -> None:
    project = place / f"{family}-project"
    found = triggernet.verify(project, data=place / "jets.h5")
    assert isinstance(found, FloatAgreement)
    assert found.agrees
    assert found.complete
    assert (found.n_objects, found.ties, found.flips) == (300, 0, 0)
    assert 0 < found.largest < 1e-5
    assert found.mean <= found.largest
    assert FloatAgreement.load(project) == found
    assert "within the tolerance" in found.as_text()


@pytest.mark.parametrize("name", LEVEL_1)
def test_models_of_level_1_have_a_float_file_too(name: str, tmp_path: Path) -> None:
    exported = triggernet.export(ROOT / "models" / name, out=tmp_path / "project", onnx=True)
    assert exported.kind == "QONNX file"
    assert {"float.onnx", "model.onnx", "program.json"} <= {
        path.name for path in (tmp_path / "project").iterdir()
    }
    found = triggernet.verify(tmp_path / "project", vectors=300, onnx=True)
    assert found.agrees
    assert found.n_objects == 300


@pytest.mark.parametrize("graph", ["knn_angular", "knn_dynamic"])
def test_neighbours_of_a_model_of_level_1_are_in_its_float_file(graph: str, tmp_path: Path) -> None:
    settings = {"model.graph": graph, "model.k": 3, "model.n_scalars": 4, "model.n_hidden": 4}
    epochs = {"epochs": 1, "warmup_epochs": 0, "restart_epochs": 1, "decay_epochs": 0}
    settings |= {f"training.adamw.{key}": n for key, n in epochs.items()}
    settings["encoding.n_constituents"] = 8
    config = load_run_config({"model": {"name": "semiequivariant"}}, settings)
    train(config, mock_jets(200, 1), tmp_path / "run")
    triggernet.export(tmp_path / "run", out=tmp_path / "project", onnx=True)
    graphs = onnx.load(tmp_path / "project" / "float.onnx").graph
    assert "TopK" in {node.op_type for node in graphs.node}
    jets = mock_jets(300, 9)
    save_jets(tmp_path / "jets.h5", jets)
    agreement = triggernet.verify(tmp_path / "project", data=tmp_path / "jets.h5", onnx=True)
    assert agreement.agrees
    assert agreement.n_objects == 300


def test_a_project_of_the_hlt_is_a_project_like_the_others(place: Path, tmp_path: Path) -> None:
    project = place / "lundnet-project"
    assert {path.name for path in project.iterdir()} >= {
        "config.yaml", "float.onnx", "float.pt", "metrics.json", "provenance.json",
        "triggernet.json",
    }  # fmt: skip
    again = triggernet.export(project, out=tmp_path / "again", onnx=True)
    assert (tmp_path / "again" / "float.onnx").read_bytes() == (project / "float.onnx").read_bytes()
    assert again.as_dict()["digest"]
    triggernet.export(place / "lundnet", out=tmp_path / "again", onnx=True, overwrite=True)


def test_the_inputs_of_the_file_are_those_stated(place: Path) -> None:
    expected = {"lundnet": ["nodes", "parent"], "particlenet": ["constituents", "jet"]}
    for family, names in expected.items():
        graph = onnx.load(place / f"{family}-project" / "float.onnx").graph
        assert [each.name for each in graph.input] == names
        assert all(each.type.tensor_type.shape.dim[0].dim_param == "batch" for each in graph.input)


def test_other_weights_are_told_and_traced(place: Path, tmp_path: Path) -> None:
    triggernet.export(place / "lundnet", out=tmp_path / "project", onnx=True)
    path = tmp_path / "project" / "float.onnx"
    model = onnx.load(path)
    (bias,) = (each for each in model.graph.initializer if each.name.endswith("output.bias"))
    moved = onnx.numpy_helper.to_array(bias) + np.array([0.0, 0.5], np.float32)
    bias.CopyFrom(onnx.numpy_helper.from_array(moved, bias.name))
    onnx.save(model, path)
    found = triggernet.verify(tmp_path / "project", data=place / "jets.h5")
    assert not found.agrees
    assert found.largest > 0.01
    assert found.flips > 0
    assert main(["verify", str(tmp_path / "project"), "--data", str(place / "jets.h5")]) == 1


def test_neighbours_that_differ_are_counted_and_left_out(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours = ParticleNet.neighbours

    def shifted(self, inputs):
        found = neighbours(self, inputs)
        wrong = (inputs["constituents"][:, 0, 0] > 330)[:, None, None]  # of some jets
        last = found[-1]
        return [*found[:-1], torch.where(wrong, last.roll(1, dims=1), last)]

    monkeypatch.setattr(ParticleNet, "neighbours", shifted)
    found = triggernet.verify(place / "particlenet-project", data=place / "jets.h5")
    jets = mock_jets(300, 9)
    wrong = np.flatnonzero(jets.constituents[:, 0, 0] > 330)
    assert 0 < len(wrong) < 300
    assert abs(found.ties - len(wrong)) <= 1  # a file of jets is in single precision
    assert not found.agrees
    assert len(found.tied) == min(found.ties, floats.LISTED)
    assert found.largest < 1e-5


def test_the_share_of_ties_is_bounded() -> None:
    scores = np.linspace(0, 1, 2000)
    label = (np.arange(2000) % 2).astype(np.int64)
    for n_ties, agrees in ((2, True), (3, False)):
        tied = np.arange(2000) < n_ties
        found = floats._compared(scores, scores + 0.5 * tied, tied, label, {})
        assert found.agrees is agrees
        assert (found.largest, found.largest_tied) == (0.0, 0.5)
    found = floats._compared(scores, np.where(label, scores, np.nan), tied, label, {})
    assert not found.agrees


def test_both_tiers_stand_in_one_comparison(place: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    triggernet.export(place / "lundnet", out=project, onnx=True)
    runs = [project, ROOT / "models" / "nanopelican-c2-n8j"]
    before = triggernet.compare(runs, data=place / "jets.h5").rows[0].firmware
    assert (before.design, before.figures) == (None, {})
    assert before.absent.startswith("no latency: latency.json is absent")
    measured = triggernet.latency(
        project, data=place / "jets.h5", objects=(1,), threads=(1,), events=10
    )
    comparison = triggernet.compare(runs, data=place / "jets.h5", out=tmp_path / "page.html")
    slow, fast = comparison.rows
    timing = measured.of("event", 1, 1)
    assert timing is not None
    figure = slow.firmware.figures["latency_ns"]
    assert (figure.value, figure.how) == (timing.p99_ms * 1e6, "measured")
    assert slow.quantised_metrics is None
    assert slow.main == triggernet.evaluate(place / "lundnet", data=place / "jets.h5").float
    assert fast.firmware.design == "RTL"
    against = {each.cost: each for each in comparison.trade_offs}
    assert {point.name for point in against["latency_ns"].points} == {slow.name, fast.name}
    assert dict(against["lut"].left_out) == {slow.name: "a float model for a processor"}
    assert "of 10 events of one jet" in (tmp_path / "page.html").read_text()


def test_latency_is_measured_by_objects_threads_and_constituents(place: Path) -> None:
    project = place / "lundnet-project"
    found = triggernet.latency(
        project, data=place / "jets.h5", objects=(1, 2), threads=(1,), events=20
    )
    kinds = {(t.stage, t.objects, t.threads, t.constituents) for t in found.timings}
    assert kinds == {
        (stage, n, 1, c)
        for stage in ("preparation", "network", "event")
        for n, c in ((1, 24), (2, 24), (1, 16))
    }
    for each in found.timings:
        assert each.events == 20
        assert 0 < each.median_ms <= each.p95_ms <= each.p99_ms <= each.longest_ms
        assert each.cpu_ms > 0
    assert found.load_ms > 0
    assert found.of("event", 2, 1).constituents == 24
    assert found.of("event", 5, 1) is None
    assert type(found).load(project) == found
    assert "CPU, mean" in found.as_text()


def report_of(place: Path, tmp_path: Path, family: str = "lundnet", more: str = ""):
    budget = tmp_path / "mine.yaml"
    budget.write_text(BUDGET + more)
    return triggernet.report(
        place / f"{family}-project", budget=budget, out=tmp_path / "report.html"
    )


@pytest.mark.parametrize(
    ("more", "verdicts"),
    [
        ("mean_ms: 10000\ntimeout_ms: 10000\n", ("met", "met")),
        ("mean_ms: 0.001\ntimeout_ms: 10000\n", ("failed", "met")),
        ("mean_ms: 10000\ntimeout_ms: 0.001\n", ("met", "failed")),
        ("mean_ms: 10000\nthreads: 3\n", ("unknown", "unknown")),
    ],
)
def test_mean_and_tail_are_judged_apart(
    place: Path, tmp_path: Path, more: str, verdicts: tuple[str, str]
) -> None:
    given = {"objects": (1, 2), "threads": (1,), "events": 20}
    measured = triggernet.latency(place / "lundnet-project", data=place / "jets.h5", **given)
    found = report_of(place, tmp_path, more=more)
    assert tuple(line.verdict for line in found.lines) == verdicts
    assert found.passed is ("failed" not in verdicts)
    if "unknown" not in verdicts:
        event = measured.of("event", 2, 1)
        assert found.lines[0].value == event.cpu_ms * found.budget.event_share
        assert found.lines[1].value == event.p99_ms
    page = (tmp_path / "report.html").read_text()
    assert "High-Level Trigger report" in page
    assert "Latency, 99 % of the events that reach it" in page


def test_the_mean_counts_the_share_of_events_that_reach_it(place: Path, tmp_path: Path) -> None:
    given = {"objects": (2,), "threads": (1,), "events": 20}
    triggernet.latency(place / "lundnet-project", data=place / "jets.h5", **given)
    all_events = report_of(place, tmp_path, more="mean_ms: 10000\nevent_share: 1.0\n")
    a_tenth = report_of(place, tmp_path, more="mean_ms: 10000\nevent_share: 0.1\n")
    assert a_tenth.lines[0].value == pytest.approx(all_events.lines[0].value / 10)
    assert a_tenth.lines[0].limit == 10000 * 0.05
    assert a_tenth.lines[1].value == all_events.lines[1].value


def test_what_was_not_measured_is_said(place: Path, tmp_path: Path, capsys) -> None:
    triggernet.export(place / "particlenet", out=tmp_path / "fresh", onnx=True)
    assert main(["report", str(tmp_path / "fresh"), "--budget", "hlt"]) == 0
    text = capsys.readouterr().out
    assert "budget not decided" in text
    assert "Not measured yet: `triggernet latency PROJECT` does" in text
    triggernet.report(tmp_path / "fresh", budget="hlt", out=tmp_path / "report.md")
    assert "latency.json is absent" in (tmp_path / "report.md").read_text()


def test_another_file_makes_measurements_outdated(place: Path, tmp_path: Path) -> None:
    triggernet.export(place / "lundnet", out=tmp_path / "project", onnx=True)
    triggernet.latency(tmp_path / "project", data=place / "jets.h5", objects=(5,), events=5)
    triggernet.verify(tmp_path / "project", data=place / "jets.h5")
    other = place / "particlenet-project" / "float.onnx"
    (tmp_path / "project" / "float.onnx").write_bytes(other.read_bytes())
    found = triggernet.report(tmp_path / "project", budget="hlt")
    assert found.latency is None
    assert found.agreement is None
    assert {check.file: check.state for check in found.checks}["latency.json"] == "outdated"
    assert found.provenance["edited since the export"] == "float.onnx"


def test_commands_on_the_terminal(place: Path, tmp_path: Path, capsys) -> None:
    words = ["export", str(place / "lundnet"), "--onnx", "--out", str(tmp_path / "project")]
    assert main(words) == 0
    assert "float ONNX file of" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "project"), "--vectors", "50", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_objects"] == 50
    words = ["latency", str(tmp_path / "project"), "--objects", "1", "--threads", "1"]
    assert main([*words, "--events", "5", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert {each["objects"] for each in values["timings"]} == {1}


def test_wrong_use_is_told(place: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="of the tier hlt, which has no hardware form"):
        triggernet.export(place / "lundnet", out=tmp_path / "x")
    with pytest.raises(ModelError, match="of the tier hlt"):
        triggernet.export(place / "lundnet", out=tmp_path / "x", onnx=True, rtl=True)
    with pytest.raises(UsageError, match="budget l1 is of Level-1, and the project holds a float"):
        triggernet.report(place / "lundnet-project", budget="l1")
    with pytest.raises(UsageError, match="budget hlt is of the High-Level Trigger, which has no"):
        triggernet.export(
            ROOT / "models/mlp-n8", out=tmp_path / "x", rtl=True, fold="auto", budget="hlt"
        )
    with pytest.raises(ProjectError, match="has no float.onnx; `triggernet export RUN --onnx"):
        triggernet.verify(place / "lundnet", onnx=True)
    with pytest.raises(ProjectError, match="has no float.onnx"):
        triggernet.latency(place / "lundnet")
    with pytest.raises(UsageError, match="at least 1 of each is needed"):
        triggernet.latency(place / "lundnet-project", objects=(0,))
    with pytest.raises(UsageError, match="0 objects: at least 1"):
        triggernet.verify(place / "lundnet-project", vectors=0)


def test_several_classes_are_decided_by_the_likeliest(tmp_path: Path) -> None:
    jets = mock_jets(300, 3)
    label = np.arange(300) % 3
    three = replace(jets, label=label, classes=("a", "b", "c"))
    config = load_run_config({"model": {"name": "lundnet"}}, LUNDNET)
    train(config, three, tmp_path / "run")
    save_jets(tmp_path / "jets.h5", three)
    triggernet.export(tmp_path / "run", out=tmp_path / "project", onnx=True)
    found = triggernet.verify(tmp_path / "project", data=tmp_path / "jets.h5")
    assert found.agrees
    assert found.signal_efficiency == 0
    assert "by the likeliest class" in found.as_text()
