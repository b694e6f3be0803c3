"""The study of nanoPELICAN, small: its rows, its protocols, and that finished trainings stay."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from triggernet.data import mock_jets, save_jets
from triggernet.data.kinematics import mass
from triggernet.learning.models.pair_function import constraints
from triggernet.learning.training import load_run_config
from triggernet.statistics import area_under_roc

FOLDER = Path(__file__).parents[1] / "tools" / "studies" / "nanopelican"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nanopelican_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def study() -> ModuleType:
    return script("study")


def words(folder: Path, *more: str) -> list[str]:
    found = ["--out", str(folder / "out"), "--quick", "--seeds", "2", "--constituents", "6"]
    for k, name in enumerate(("data", "test", "reference")):
        path = folder / f"{name}.h5"
        if not path.exists():
            save_jets(path, mock_jets(400 if k < 2 else 100, k))
        found += [f"--{name}", str(path)]
    return [*found, *more]


def rows_of(text: str) -> list[list[str]]:
    """The cells of all lines of the first table but its head."""
    lines = text.split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_rows_stand_beside_the_published_ones(
    study: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = words(tmp_path, "--parts", "paper2", "plain", "data", "lorentznet", "--channels", "2")
    assert study.main(given) == 0
    text = capsys.readouterr().out
    out = tmp_path / "out"
    assert text == (out / "tables.md").read_text()
    networks = [row[0] for row in rows_of(text)]
    assert networks == [
        "C = 2 (21 parameters)",
        "C = 2 (21 parameters)",
        "LorentzNet, H = 3 (120 parameters)",
        "LorentzNet, H = 3 (120 parameters)",
        "jet mass (published AUC 0.906)",
    ]
    measured, published = rows_of(text)[:2]
    assert measured[1] == "the paper's, 320 jets, 35 epochs, 35 steps"  # one batch
    assert published[1:5] == ["published", "5 of 25", "0.918(1)", "0.9718(6)"]
    kept = json.loads((out / "figures.json").read_text())
    aucs = [kept[f"paper-c2-{seed}"]["test"]["auc"] for seed in (0, 1)]
    mean, spread = sum(aucs) / 2, abs(aucs[0] - aucs[1]) / 2**0.5
    assert measured[4] == f"{mean:.4f} ± {spread:.4f}"
    assert re.search(r"\| reference jets \| 2 \| 0\.\d{4} ± 0\.\d{4} \|", text)
    times = {path: path.stat().st_mtime_ns for path in out.glob("*/metrics.json")}
    assert len(times) == 2 * 4
    assert study.main(given) == 0  # nothing is trained again
    assert capsys.readouterr().out == text
    assert times == {path: path.stat().st_mtime_ns for path in out.glob("*/metrics.json")}


def test_the_full_schedule_is_the_papers(study: ModuleType):
    Row, Protocols = study.Row, study.Protocols
    files = Path("train.h5"), Path("reference.h5")

    def config(row: object, full: bool):
        given = Protocols(*files, 80, 16, full).training(row, 3)
        return load_run_config(None, given.settings, given.model, given.preset)

    full, quarter = config(Row("paper"), True), config(Row("paper"), False)
    adamw = full.training.adamw
    assert (adamw.epochs, adamw.warmup_epochs, adamw.decay_epochs) == (140, 4, 12)
    assert (adamw.restart_epochs, adamw.restart_factor, adamw.batch_size) == (4, 2, 512)
    short = quarter.training.adamw
    assert (short.epochs, short.warmup_epochs, short.decay_epochs) == (35, 1, 3)
    assert 4 * short.restart_epochs == adamw.restart_epochs
    for run in (full, quarter):
        assert run.encoding.n_constituents == 80
        assert (run.model.batch_norm, run.model.dropout) == (True, 0.05)
        assert (run.training.seed, run.training.seeds) == (3, 1)
    ours = config(Row("ours", 10, scaled=True), True)
    assert ours.training.recipe == "multistart"
    assert (ours.model.n_channels, ours.model.n_scaled) == (10, True)
    lorentznet = config(Row("ours", 0), True)
    assert (lorentznet.model.name, lorentznet.encoding.n_constituents) == ("lorentznet", 16)
    reference = Protocols(*files, 80, 16, False).training(Row("ours", jets="reference"), 0)
    assert reference.data == files[1]
    generated = Protocols(*files, 80, 16, False, 700, {"training.max_jets": 9000})
    assert generated.training(Row("ours", jets="generated"), 0).settings["training.max_jets"] == 700
    assert generated.training(Row("ours"), 0).settings["training.max_jets"] == 9000


def test_the_full_study_keeps_the_five_of_lowest_loss(study: ModuleType):
    found = [{"loss": loss} for loss in (0.4, 0.1, 0.5, 0.2, 0.3)]
    assert [f["loss"] for f in study.lowest(found, 3)] == [0.1, 0.2, 0.3]
    args = type("Args", (), {"full": True, "seeds": 0, "channels": None})
    counts = {row.name: seeds for row, seeds in study.rows_of(list(study.PARTS), args)}
    assert counts["paper-c2"] == counts["paper-c10-scaled"] == 25
    assert counts["ours-c2"] == 10
    assert len(counts) == 2 * 8 + 3  # both tables twice, LorentzNet, and two sizes of samples


def test_cuts_by_hand_are_judged_on_other_jets(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_jets(tmp_path / "jets.h5", mock_jets(300, 7))
    run = FOLDER.parents[2] / "models" / "nanopelican-c2-n8j"
    assert script("by_hand").main([str(run), "--test", str(tmp_path / "jets.h5")]) == 0
    lines = rows_of(capsys.readouterr().out.partition("\n\n")[2])
    found = {name: (float(auc), fraction) for name, auc, fraction in lines}
    assert found["jet mass"][1].startswith("0.00 ±")
    assert found["network"][1].startswith("1.00 ±")
    half = mock_jets(300, 7).select(slice(150, None))
    area = area_under_roc(mass(half.jet), half.label)
    assert found["jet mass"][0] == pytest.approx(area, abs=5e-5)
    two, all_digits = (found[name][0] for name in ("network, 2 digits", "network"))
    assert two == pytest.approx(all_digits, abs=0.02)
    assert len(found) == 9


def test_rounding_keeps_so_many_digits():
    by_hand = script("by_hand")
    values = np.array([[0.0123, -987.6]])
    tables = {name: values for name in by_hand.COEFFICIENTS if name != "sign"}
    function = constraints(np.array([1.0, -1.0]), tables, np.array([0.55]), n_constituents=4)
    few = by_hand.rounded(function, 1)
    assert few.row[0].tolist() == [0.01, -1000.0]
    assert few.bias[0] == pytest.approx(0.6)
