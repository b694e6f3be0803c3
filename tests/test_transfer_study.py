"""The study of transfer learning, small: resumable, its tables and plots."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from triggernet.data import mock_jets, save_jets
from triggernet.files import read_json

FOLDER = Path(__file__).parents[1] / "tools" / "studies" / "transfer"
SMALL = {
    "model.convs": [4, 4],
    "model.hidden": 4,
    "encoding.n_constituents": 12,
    "training.adamw.epochs": 2,
    "training.adamw.milestones": [1],
    "training.adamw.batch_size": 32,
}


@pytest.fixture(scope="module")
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location("transfer_study", FOLDER / "study.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def words(folder: Path) -> list[str]:
    found = [str(folder / "study")]
    for k, name in enumerate(("target", "test", "source", "w")):
        path = folder / f"{name}.h5"
        if not path.exists():
            save_jets(path, mock_jets(300, k))
        found += [f"--{name}", str(path)]
    found += ["--sizes", "80", "--seeds", "1", "--largest", "200", "--source-jets", "200"]
    return [*found, "--w-jets", "200"]


def test_every_start_is_trained_judged_and_shown(
    study: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study.main(words(tmp_path), SMALL) == 0
    text = capsys.readouterr().out
    for row in (
        "| LundNet-5 | scratch | 80 | 1 |",
        "| LundNet-5 | fine-tuned, from top2000 | 80 | 1 |",
        "| ParticleNet-Lite | frozen, from top2000 | 80 | 1 |",
        "| LundNet-5 | fine-tuned, from w500 | 80 | 1 |",
        "| LundNet-3 |",
    ):
        assert row in text
    assert "epochs to 99 % of the AUC from scratch" in text
    folder = tmp_path / "study"
    assert (folder / "tables.md").read_text().strip() == text.strip()
    for name in ("auc_against_jets.png", "auc_against_epochs.png"):
        assert (folder / name).read_bytes()[:4] == b"\x89PNG"
    made = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/judged.json")}
    assert len(made) == 2 + 2 * 3 + 4 + 3
    gone = folder / "runs" / "LundNet-5-fine-tuned-top2000-80-seed0" / "judged.json"
    gone.unlink()
    assert study.main(words(tmp_path), SMALL) == 0  # goes on: that one is judged again, no other
    again = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/judged.json")}
    assert {path for path in made if again[path] != made[path]} == {gone}
    assert read_json(gone)["cpu_seconds"] is None  # not trained in one go


def test_settings_are_those_of_the_protocol(study: ModuleType) -> None:
    source = study.source("LundNet-5", "top2000", 8000)
    training, base, sample = study.target("fine-tuned", 1000, 3, source)
    assert (base, sample) == (source, "target")
    tuned = training.settings(1e-3, Path("run"))
    assert tuned["training.adamw.learning_rate"] == pytest.approx(1e-4)
    assert tuned["training.max_jets"] == 1250
    assert tuned["training.start.from"] == "run"
    frozen, _, _ = study.target("frozen", 1000, 3, source)
    assert frozen.settings(1e-3, Path("run"))["training.start.trunk"] == "frozen"
    w, _, _ = study.target("fine-tuned", 1000, 0, study.source("LundNet-5", "w500", 8000))
    assert w.settings(1e-3, Path("run"))["training.adamw.learning_rate"] == pytest.approx(1e-3 / 3)
    scratch, base, _ = study.target("scratch", 1000, 3, source)
    assert base is None
    assert "training.start.from" not in scratch.settings(1e-3, None)
