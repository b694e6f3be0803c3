"""From jets to the report with the commands of the README, for every model with a hardware form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from triggernet.cli import main
from triggernet.data import mock_jets, save_jets
from triggernet.learning.models.registry import model_names
from triggernet.learning.training import load_run, load_run_config

ADAMW = {
    "training.adamw.epochs": 20,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.decay_epochs": 1,
    "training.adamw.batch_size": 64,
    "training.adamw.learning_rate": 0.02,
}
SETTINGS = {
    "nanopelican": {
        "encoding.n_constituents": 6,
        "training.multistart.starts": 2,
        "training.multistart.pool": 8,
        "training.multistart.finalists": 1,
        "training.multistart.screen_jets": 300,
        "training.multistart.iterations": 50,
    },
    "deepsets": {
        "encoding.n_constituents": 6,
        "model.phi": "[6, 4]",
        "model.rho": "[5]",
        **ADAMW,
    },
    "jedilinear": {
        "encoding.n_constituents": 6,
        "model.embedding": "[6]",
        "model.rounds": "[5, 4]",
        "model.node": "[]",
        "model.head": "[5]",
        "quantisation.digits": 2,
        **ADAMW,
    },
    "mlp": {"encoding.n_constituents": 6, "model.hidden": "[8, 6]", **ADAMW},
    "semiequivariant": {
        "encoding.n_constituents": 4,
        "encoding.jet": True,
        "model.n_scalars": 2,
        "model.n_vectors": 1,
        "model.n_hidden": 2,
        "model.head": "[4]",
        **ADAMW,
    },
    "pairnet": {
        "encoding.n_constituents": 5,
        "encoding.jet": True,
        "model.n_channels": 2,
        "model.n_hidden": 3,
        "model.head": "[3]",
        **ADAMW,
    },
    "lorentznet": {"encoding.n_constituents": 4, **ADAMW},
    "efp": {
        "encoding.n_constituents": 5,
        "model.edges": 3,
        "model.graphs": "trees",
        **ADAMW,
    },
}
# Some models are unrolled, the others folded.
INTERVALS = {
    "nanopelican": 1,
    "deepsets": 3,
    "jedilinear": 2,
    "mlp": 1,
    "semiequivariant": 4,
    "pairnet": 5,
    "lorentznet": 3,
    "efp": 2,
}
COMMON = {
    "training.fine_tune.epochs": 6,
    "training.fine_tune.batch_size": 64,
    "training.fine_tune.calibration_jets": 100,
}


@pytest.fixture
def jets(tmp_path: Path) -> Path:
    path = tmp_path / "jets.h5"
    save_jets(path, mock_jets(600, 1))
    return path


def test_every_model_with_a_hardware_form_is_taken_through():
    """Those without one say so for any configuration."""
    for name in set(model_names()) - set(SETTINGS):
        assert load_run_config({"model": {"name": name}}).refusal is not None


@pytest.fixture(params=SETTINGS)
def run(request: pytest.FixtureRequest, jets: Path) -> Path:
    settings = SETTINGS[request.param] | COMMON
    words = [word for k, v in settings.items() for word in ("--set", f"{k}={v}")]
    folder = jets.parent / "run"
    assert main(["train", request.param, "--data", str(jets), "--out", str(folder), *words]) == 0
    return folder


def test_every_model_goes_through_every_command(
    run: Path, jets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, page = run.parent / "project", run.parent / "report.html"

    def json_of(*words: object) -> dict:
        capsys.readouterr()
        assert main([*map(str, words), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    judged = json_of("evaluate", run, "--data", jets)
    assert judged["quantised"]["auc"] > 0.7
    interval = INTERVALS[load_run(run).config.model.name]
    options = ("--hls", "--reuse-factor", 2, "--rtl", "--interval", interval)
    made = json_of("export", run, *options, "--out", project)
    assert made["nodes"] == len(json.loads((project / "program.json").read_text())["nodes"])
    found = json_of("verify", project, "--data", jets, "--vectors", 1500)
    assert found["exact"]
    assert found["not_compared"] == {}
    assert {n: (e["n"], e["mismatches"]) for n, e in found["executors"].items()} == {
        "brevitas": (1500, 0),
        "qonnx": (500, 0),
        "onnxruntime": (1500, 0),
        "hls": (1500, 0),
        "rtl": (1500, 0),
    }
    simulated = json_of("cosim", project, "--data", jets, "--vectors", 2000)
    assert simulated["mismatches"] == 0
    assert simulated["hls"]["passed"]
    counted = json_of("synth", project)
    reported = json_of("report", project, "--data", jets, "-o", page)
    figures = reported["figures"]
    assert figures["interval_cycles"]["value"] == simulated["interval_cycles"] == interval
    assert figures["latency_cycles"]["value"] == simulated["latency_cycles"]
    assert figures["latency_cycles"]["how"] == "exact"
    assert (figures["dsp"]["value"], figures["dsp"]["how"]) == (counted["dsp"], "synthesised")
    assert f"{judged['quantised']['auc']:.4f}" in page.read_text()
    assert json_of("evaluate", project, "--data", jets) == judged
    compared = json_of("compare", run, project, "--data", jets, "--interval", interval)
    assert compared["runs"][1]["figures"] == figures
    for each in compared["runs"]:
        assert (each["float"], each["quantised"]) == (judged["float"], judged["quantised"])
        assert each["figures"]["latency_cycles"]["value"] == figures["latency_cycles"]["value"]
        assert each["bit_operations"] == compared["runs"][0]["bit_operations"]


@pytest.mark.parametrize("run", ["mlp"], indirect=True)
def test_wrong_use_of_a_run(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["export", str(run), "--out", str(run)]) == 2
    assert "exists and is not empty" in capsys.readouterr().err
    assert main(["export", str(run), "--hls", "--slim", "--out", str(run.parent / "slim")]) == 0
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["verify", str(run.parent / "slim"), "--vectors", "10"]) == 3
    assert "apt install g++" in capsys.readouterr().out
