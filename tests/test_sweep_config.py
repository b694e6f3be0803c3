"""The file of a study: what it may say, and what is refused by name."""

from __future__ import annotations

import optuna
import pytest
import yaml
from sweeps import study_of

from triggernet.config import dump_config
from triggernet.errors import ConfigError, UsageError
from triggernet.studies.sweep import load_study_config
from triggernet.studies.sweep.sweep import probe

MODELS = {"model.name": {"choices": ["mlp", "jedilinear"]}}


def points(config, n, seed=0):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [config.points.suggest(study.ask()) for _ in range(n)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": {}}, "space: it is empty"),
        ({"spce": {}}, "spce: unknown key; did you mean 'space'"),
        (
            {"space": {"model.embeding": {"choices": [[2]]}}},
            "model 'jedilinear' has no such key; did you mean 'model.embedding'",
        ),
        (
            {"space": {"model.rounds": {"choices": [[2]]}}},
            "space.model.rounds: run.model.rounds is .*leave one of them out",
        ),
        (
            {"space": {"model.embedding": {"choices": [[2]], "low": 1, "high": 2}}},
            "a range .* or choices are needed, not both",
        ),
        ({"space": {"task.classes": {"hgih": 1}}}, "hgih: unknown key; did you mean 'high'"),
        ({"space": {"training.seed": {"low": 3, "high": 1}}}, "low 3, high 1: give both"),
        ({"space": {"training.seed": {"low": 3}}}, "low 3, high None: give both"),
        (
            {"space": {"training.seed": {"low": 0, "high": 3, "log": True}}},
            "log: true with low 0; low must be above 0",
        ),
        (
            {"space": {"training.seed": {"low": 1, "high": 3, "log": True, "step": 1}}},
            "log: true and step contradict",
        ),
        (
            {"space": {"training.seed": {"low": 1, "high": 3, "step": 0.5}}},
            "step 0.5 of whole numbers",
        ),
        (
            {"space": {"training.seed": {"low": 1, "high": 3, "when": {"training.seeds": 2}}}},
            "space.training.seed: when training.seeds: no such key in the space",
        ),
        (
            {"space": MODELS | {"model.hidden": {"choices": [[2]], "when": {"model.name": "mpl"}}}},
            "when model.name: found 'mpl'",
        ),
        (
            {"run": {}, "space": MODELS | {"model.hidden": {"choices": [[2]]}}},
            "model 'jedilinear' has no such key.*give it `when: {model.name: ...}`",
        ),
        (
            {
                "space": {
                    "training.seed": {"low": 1, "high": 3, "when": {"training.seeds": 2}},
                    "training.seeds": {"low": 1, "high": 3, "when": {"training.seed": 2}},
                }
            },
            "training.seed, training.seeds depend on one another",
        ),
        ({"objectives": []}, "objectives: none; known: auc"),
        ({"objectives": ["luts"]}, "'luts' is unknown; did you mean 'lut'"),
        ({"objectives": ["auc", "auc"]}, "each may stand once"),
        (
            {"objectives": ["auc", "lut"], "pruner": {"name": "hyperband"}},
            "hyperband compares trials by one number",
        ),
        ({"sampler": {"name": "nsga2"}}, "nsga2 seeks the front of several objectives"),
        ({"sampler": {"name": "grid"}}, "learning_rate: a grid needs choices"),
        ({"trials": 0}, "trials 0"),
        ({"run": {"model": {}}}, "run.model.name: this key is missing"),
    ],
)
def test_a_study_that_contradicts_itself_is_refused_by_name(changes, message):
    with pytest.raises(ConfigError, match=message):
        load_study_config(study_of(**changes))


def test_a_budget_that_nobody_knows_is_refused_before_anything_is_trained():
    with pytest.raises(UsageError, match="no budget 'cms-phase3'; did you mean cms-phase2"):
        load_study_config(study_of(objectives=["lut"], hardware={"budget": "cms-phase3"}))


def test_the_resolved_configuration_reads_back_to_the_same():
    config = load_study_config(study_of())
    text = dump_config(config)
    assert dump_config(load_study_config(yaml.safe_load(text))) == text


def test_a_key_is_left_out_where_its_condition_does_not_hold():
    space = MODELS | {
        "model.hidden": {"choices": [[2], [3, 3]], "when": {"model.name": "mlp"}},
        "model.rounds": {"choices": [[2]], "when": {"model.name": ["jedilinear"]}},
    }
    found = points(load_study_config(study_of(run={}, space=space)), 40)
    assert {point["model.name"] for point in found} == {"mlp", "jedilinear"}
    for point in found:
        assert ("model.hidden" in point) == (point["model.name"] == "mlp")
        assert ("model.rounds" in point) == (point["model.name"] == "jedilinear")
    assert {tuple(p["model.hidden"]) for p in found if "model.hidden" in p} == {(2,), (3, 3)}


def test_a_key_may_have_other_ranges_under_other_conditions():
    space = MODELS | {
        "training.adamw.epochs": [
            {"low": 20, "high": 30, "when": {"model.name": "mlp"}},
            {"low": 40, "high": 50, "when": {"model.name": "jedilinear"}},
        ]
    }
    for point in points(load_study_config(study_of(run={}, space=space)), 40):
        low = {"mlp": 20, "jedilinear": 40}[point["model.name"]]
        assert low <= point["training.adamw.epochs"] <= low + 10


def test_ranges_are_kept_and_whole_numbers_are_whole():
    space = {
        "training.adamw.batch_size": {"low": 10, "high": 1000, "log": True},
        "training.adamw.weight_decay": {"low": 0.5, "high": 2.0, "step": 0.5},
    }
    run = study_of()["run"]
    del run["training"]["adamw"]["batch_size"]
    found = points(load_study_config(study_of(run=run, space=space)), 200)
    sizes = [point["training.adamw.batch_size"] for point in found]
    assert all(type(size) is int and 10 <= size <= 1000 for size in sizes)
    assert 0.35 < sum(size < 100 for size in sizes) / 200 < 0.65  # half of the decades
    assert {p["training.adamw.weight_decay"] for p in found} == {0.5, 1.0, 1.5, 2.0}


def test_a_grid_has_every_cell_once_and_none_that_no_condition_allows():
    space = MODELS | {
        "model.hidden": {"choices": [[2], [3]], "when": {"model.name": "mlp"}},
        "training.seed": {"low": 1, "high": 5, "step": 2},
    }
    config = load_study_config(study_of(run={}, space=space, sampler={"name": "grid"}))
    study = optuna.create_study()
    for cell in config.points.cells():
        study.enqueue_trial(cell)
    n_cells = len(study.get_trials())
    found = [config.points.suggest(study.ask()) for _ in range(n_cells)]
    assert n_cells == 9
    assert len({str(point) for point in found}) == 9
    assert {point["training.seed"] for point in found} == {1, 3, 5}


def test_a_space_of_which_no_point_is_allowed_is_refused_with_the_reason():
    space = {"model.embedding": {"choices": [[0], [0, 2]]}}
    with pytest.raises(ConfigError, match="none of 30 points.*every layer needs an output"):
        probe(load_study_config(study_of(space=space)))


def test_only_widths_vary_around_a_trained_float_model():
    study = study_of(float_run="models/jedilinear-n8", run=None)
    with pytest.raises(ConfigError, match="space.model.embedding: the float model of float_run"):
        load_study_config(study)
    widths = {"quantisation.hidden.width": {"low": 4, "high": 8}}
    config = load_study_config(study | {"space": widths})
    assert config.families == ("jedilinear",)
    assert config.quantises
    assert config.run_config({"quantisation.hidden.width": 5}).quantisation.hidden.width == 5
    assert config.run_config({}).encoding.n_constituents == 8
