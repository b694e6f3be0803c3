"""The poster's statements, judged on trials of which the answer is known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from triggernet.studies.sweep.importance import influence
from triggernet.studies.sweep.space import Dimension
from triggernet.studies.sweep.trials import Trial

PLACE = Path(__file__).parents[1] / "tools" / "studies" / "poster.py"
DIMENSIONS = {
    "model.edge_layers": Dimension(low=1, high=3),
    "model.node_layers": Dimension(low=0, high=3),
    "model.n_hidden": Dimension(low=1, high=64, log=True),
    "model.n_vectors": Dimension(low=1, high=64, log=True),
    "model.iterations": Dimension(low=1, high=6),
    "model.k": Dimension(low=3, high=15),
}


@pytest.fixture(scope="module")
def poster():
    spec = importlib.util.spec_from_file_location("poster", PLACE)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "poster", module)  # dataclasses look for it there
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """AUC grows with edge layers and hidden width; ant is best where both widths are small."""
    rng = np.random.default_rng(1)
    found = []
    for number in range(300):
        settings = {}
        for key, dimension in DIMENSIONS.items():
            low, high = dimension.low, dimension.high
            settings[key] = int(rng.integers(low, high + 1))
        auc = 0.9 + 0.01 * settings["model.edge_layers"] + 5e-4 * settings["model.n_hidden"]
        auc += float(rng.normal(0, 0.002))
        ant = 1 / (settings["model.n_hidden"] + settings["model.n_vectors"])
        if settings["model.iterations"] == 1:
            del settings["model.n_vectors"]
            ant = 0.001
        measured = {"auc": auc, "ant": ant}
        found.append(Trial(number, "complete", settings, measured, 3, None, "", 1.0))
    return found


def test_what_is_put_in_is_found(poster, trials):
    found = {m: influence(trials, DIMENSIONS, m) for m in ("auc", "ant")}
    words = {v.statement: v.word for v in poster.verdicts(found, trials)}
    assert words["auc grows with edge_layers"] == "agrees"
    assert words["auc grows with n_hidden"] == "agrees"
    assert words["iterations matters little for auc"] == "agrees"
    assert words["k matters little for auc"] == "agrees"
    assert words["iterations matters little for ant"] != "agrees"
    best = "the best ant has below 40 vector and below 40 hidden channels"
    assert words[best] == "agrees"


def test_the_contrary_is_called_so_and_chance_stays_open(poster, trials):
    turned = [
        Trial(t.number, t.state, t.settings, {"auc": -t.measured["auc"]}, 3, None, "", 1.0)
        for t in trials
    ]
    found = influence(turned, DIMENSIONS, "auc")
    assert poster.grows(found, "model.n_hidden").word == "disagrees"
    assert poster.matters_little(found, "model.n_hidden").word == "disagrees"
    rng = np.random.default_rng(2)
    noise = [
        Trial(t.number, t.state, t.settings, {"auc": float(rng.normal())}, 3, None, "", 1.0)
        for t in trials
    ]
    found = influence(noise, DIMENSIONS, "auc")
    assert {poster.grows(found, key).word for key in DIMENSIONS} == {"open"}


def test_the_page_has_a_row_for_every_setting(poster, trials):
    text = poster.page("Some trials", trials, DIMENSIONS)
    for key in DIMENSIONS:
        assert f"| `{key}` | " in text
    assert "300 completed trials know auc; out-of-bag R²" in text
    assert text.count("| agrees |") >= 5
