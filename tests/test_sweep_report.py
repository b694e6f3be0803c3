"""What a study's report says: from trials whose truth is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import pearsonr
from sweeps import JETS, study_of

from triggernet.cli import main
from triggernet.errors import UsageError
from triggernet.studies.sweep import load_study_config, save_study_report, sweep
from triggernet.studies.sweep.charts import history_chart, parallel_chart
from triggernet.studies.sweep.importance import FEWEST_TRIALS, influence
from triggernet.studies.sweep.report import StudyReport, dimensions_of
from triggernet.studies.sweep.trials import Trial

SPACE = {
    "training.seed": {"low": 0, "high": 100},
    "training.adamw.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
    "model.embedding": {"choices": [[2], [4], [8]]},
    "training.seeds": {"low": 1, "high": 9, "when": {"training.seed": 3}},
}
ABOUT = {"triggernet": "0", "python": "3", "packages": {"optuna": "5"}, "inputs": {"j.h5": "ab"}}


def trials(n=120, seed=1):
    """AUC falls with the seed and depends on the embedding; the learning rate does nothing."""
    rng, found = np.random.default_rng(seed), []
    for number in range(n):
        settings = {
            "training.seed": int(rng.integers(0, 101)),
            "training.adamw.learning_rate": float(10 ** rng.uniform(-4, -1)),
            "model.embedding": [[2], [4], [8]][rng.integers(3)],
        }
        worth = settings["model.embedding"][0] / 8
        auc = 0.9 - 0.001 * settings["training.seed"] + 0.02 * worth
        measured = {"auc": auc, "ant": worth, "parameters": float(number), "lut": 5.0 + number}
        found.append(Trial(number, "complete", settings, measured, 2, auc, "", 1.0))
    return tuple(found)


def report(found, objectives=("auc",)):
    config = load_study_config(study_of(space=SPACE, objectives=list(objectives)))
    dimensions = dimensions_of(config)
    said = [influence(found, dimensions, name) for name in objectives]
    return StudyReport("known", config, ABOUT, found, tuple(each for each in said if each))


def test_a_forest_finds_what_matters_and_says_how_well_it_knows():
    said = influence(trials(), dimensions_of(report(()).config), "auc")
    shares = {key: each.value for key, each in said.importance.items()}
    assert list(shares)[:2] == ["training.seed", "model.embedding"]
    assert shares["training.seed"] > 0.9
    assert shares["training.adamw.learning_rate"] < 0.02
    assert sum(shares.values()) == pytest.approx(1)
    assert said.r2 > 0.9
    assert said.n_trials == 120
    assert all(0 <= each.error < 0.1 for each in said.importance.values())


def test_columns_of_a_choice_are_added_up():
    """Two values of three tell ant apart: no single column of them has all of the importance."""
    said = influence(trials(), dimensions_of(report(()).config), "ant")
    assert said.importance["model.embedding"].value > 0.98


def test_noise_is_explained_by_nothing():
    rng = np.random.default_rng(0)
    noisy = tuple(
        Trial(t.number, t.state, t.settings, {"auc": float(rng.normal())}, 2, None, "", 1.0)
        for t in trials()
    )
    assert influence(noisy, dimensions_of(report(()).config), "auc").r2 < 0.2


def test_correlation_is_pearsons_where_the_setting_applies():
    found = list(trials())
    for k in (3, 30, 60, 90):
        old = found[k]
        settings = dict(old.settings) | {"training.seeds": k // 3}
        found[k] = Trial(k, "complete", settings, old.measured, 2, None, "", 1.0)
    said = influence(found, dimensions_of(report(()).config), "auc")
    x = [t.settings["training.seed"] for t in found]
    y = [t.measured["auc"] for t in found]
    assert said.correlation["training.seed"].value == pytest.approx(pearsonr(x, y).statistic)
    assert said.correlation["training.seed"].value < -0.9
    some = [found[k] for k in (3, 30, 60, 90)]
    x = [t.settings["training.seeds"] for t in some]
    y = [t.measured["auc"] for t in some]
    assert said.correlation["training.seeds"].value == pytest.approx(pearsonr(x, y).statistic)
    assert "model.embedding" not in said.correlation


def test_too_few_trials_and_equal_ones_say_nothing():
    dimensions = dimensions_of(report(()).config)
    assert influence(trials(FEWEST_TRIALS - 1), dimensions, "auc") is None
    same = tuple(
        Trial(t.number, t.state, t.settings, {"auc": 0.5}, 2, None, "", 1.0) for t in trials()
    )
    assert influence(same, dimensions, "auc") is None


def test_the_front_is_what_no_other_trial_beats():
    found = tuple(
        Trial(k, "complete", {}, {"auc": auc, "lut": lut, "parameters": 1.0}, 1, None, "", 1.0)
        for k, (auc, lut) in enumerate([(0.9, 10), (0.8, 5), (0.85, 10), (0.9, 10), (0.7, 6)])
    )
    said = report(found, ("auc", "lut"))
    assert [t.number for t in said.front] == [1, 0, 3]
    assert [t.number for t in said.best("auc")] == [0, 3, 2, 1, 4]
    assert [t.number for t in said.best("lut")] == [1, 4, 0, 2, 3]


def test_the_history_shows_the_best_so_far():
    found = tuple(
        Trial(k, "complete", {}, {"auc": auc}, 1, None, "", 1.0)
        for k, auc in enumerate([0.6, 0.5, 0.8])
    )
    chart = history_chart(report(found), "auc")
    heights = [y for _, y in chart.points]
    assert heights[2] < heights[0] < heights[1]
    assert [y for _, y in chart.line] == [
        *(heights[0], heights[0], heights[0], heights[0], heights[2])
    ]


def test_parallel_coordinates_draw_every_setting_and_the_best_last():
    found = trials(500)
    said = report(found)
    chart = parallel_chart(said, dimensions_of(said.config))
    assert [axis.title for axis in chart.axes] == [
        *("seed", "learning_rate", "embedding", "seeds", "auc")
    ]
    assert chart.left_out == 100
    shades = [shade for shade, _ in chart.lines]
    assert shades == sorted(shades)
    assert all(len(places.split()) == 5 for _, places in chart.lines)
    top = [float(places.split()[-1].split(",")[1]) for _, places in chart.lines]
    assert top == sorted(top, reverse=True)
    assert not any(math.isnan(y) for y in top)


@pytest.mark.parametrize("found", [(), trials(40)], ids=["empty", "40 trials"])
def test_every_format_is_written_and_needs_nothing_else(tmp_path, found):
    failed = Trial(99, "failed", {}, {}, 0, None, "<b>too hot</b>", 0.5)
    said = report((*found, failed))
    for ending in ("html", "md", "json"):
        save_study_report(said, tmp_path / f"page.{ending}")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page
    assert "http" not in page
    assert "&lt;b&gt;too hot&lt;/b&gt;" in page
    assert ("What matters for auc" in page) == bool(found)
    kept = json.loads((tmp_path / "page.json").read_text())
    assert kept["trials"]["number"][-1] == 99
    assert len(kept["trials"]["state"]) == len(found) + 1
    assert kept["failures"] == {"<b>too hot</b>": 1}
    text = (tmp_path / "page.md").read_text()
    assert "too hot" in text
    if found:
        best = said.best("auc")[0]
        assert f"| {best.number} | {best.measured['auc']:.4f} |" in text


def test_a_report_of_a_real_study_from_the_command_line(tmp_path, capsys):
    sweep(load_study_config(study_of(trials=2)), JETS, tmp_path / "study")
    page = tmp_path / "page.html"
    assert main(["sweep-report", str(tmp_path / "study"), "-o", str(page), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["counts"] == {"complete": 2}
    assert page.is_file()
    assert main(["sweep-report", str(tmp_path), "-o", str(page)]) == 2
    assert "is no study: it has no study.json" in capsys.readouterr().err


def test_a_missing_scikit_learn_is_named_with_its_extra(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "sklearn" else find(n))
    with pytest.raises(Exception, match=r"scikit-learn is needed .*'triggernet\[sweep\]'"):
        influence(trials(), dimensions_of(report(()).config), "auc")


def test_an_unknown_ending_is_refused_before_anything_is_read(tmp_path):
    from triggernet.front.studies import sweep_report

    with pytest.raises(UsageError, match="the ending must be one of"):
        sweep_report(tmp_path / "nowhere", out=tmp_path / "page.pdf")
