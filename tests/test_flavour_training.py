"""Flavour taggers: trained on tracks with three tasks, judged by discriminants and vertices."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from flavour_files import generated
from matplotlib.image import imread
from reference_layers import reference

from triggernet import cli
from triggernet.data import load_jets, mock_jets, save_jets, tracks
from triggernet.data.readers import flavour
from triggernet.errors import ConfigError, DataError
from triggernet.learning.evaluation.flavour import measure_flavours
from triggernet.learning.evaluation.flavour_plots import plot_flavours
from triggernet.learning.evaluation.impact_parameters import ImpactParameters
from triggernet.learning.evaluation.parts import measure_parts
from triggernet.learning.tasks.auxiliary import Auxiliary
from triggernet.learning.tasks.discriminants import Discriminant, usual
from triggernet.learning.tasks.metrics import cut_at
from triggernet.learning.tasks.parts import inverse_frequencies, origins, vertices
from triggernet.learning.tasks.task import Task
from triggernet.learning.training import load_run_config
from triggernet.learning.training.sample import Sample, split_jets
from triggernet.learning.training.trainer import _started

CLASSES = ("b", "c", "light", "tau")
SMALL = {
    "model.width": 32,
    "model.layers": 1,
    "model.heads": 4,
    "model.base_width": 16,
    "encoding.n_constituents": 12,
    "training.adamw.epochs": 2,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.decay_epochs": 0,
    "training.adamw.batch_size": 64,
    "auxiliary": {"origin": {"weight": 0.5}, "vertex": {"weight": 1.5}},
}


@pytest.fixture(scope="module")
def jets():
    """With all taus of the small file several times, so that both parts of a split have some."""
    found = load_jets(generated())
    taus = np.flatnonzero(found.label == 3)
    index = np.concatenate([np.arange(len(found)), *[taus] * 4])
    return replace(found.select(index), weight=None, event=np.arange(len(index)))


@pytest.fixture(scope="module")
def file(jets, tmp_path_factory):
    path = tmp_path_factory.mktemp("flavour") / "jets.h5"
    flavour.save_flavour_parts(path, jets, len(jets), [jets])
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "gn2"
    args = ["train", "gn2", "--data", str(file), "--out", str(out)]
    settings = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in SMALL.items()}
    assert cli.main([*args, *(x for k, v in settings.items() for x in ("--set", f"{k}={v}"))]) == 0
    return out


def test_a_run_is_judged_by_discriminants_origins_and_vertices(run, file, tmp_path, capsys):
    capsys.readouterr()
    args = ["evaluate", str(run), "--data", str(file), "-o", str(tmp_path / "page.png")]
    assert cli.main(args) == 0
    text = capsys.readouterr().out
    assert "70 % of b at low pT" in text
    assert "70 % of b at low pT, D_b > " in text
    assert "pairs of tracks of one vertex: AUC" in text
    assert imread(tmp_path / "page.png").shape[0] > 500
    assert cli.main([*args, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    confusion = np.array(values["parts"]["origin_confusion"])
    assert confusion.shape == (8, 8)
    points = values["discriminants"]["points"]
    first = next(p for p in points if (p["signal"], p["made"], p["region"]) == ("b", "low", "low"))
    assert first["efficiency"]["value"] == pytest.approx(0.7, abs=0.01)


def test_a_tagger_of_tracks_needs_tracks(tmp_path, capsys):
    save_jets(tmp_path / "plain.h5", mock_jets(200, 1))
    for model in ("gn2", "dips"):
        args = ["train", model, "--data", str(tmp_path / "plain.h5"), "--out", str(tmp_path / "r")]
        assert cli.main([*args, "--set", "encoding.n_constituents=10"]) == 2
        assert "the jets have no tracks, which this model reads" in capsys.readouterr().err


def test_tasks_of_tracks_need_labels(jets):
    config = load_run_config(None, SMALL, "gn2")
    unknown = jets.tracks.copy()
    unknown[tracks.ORIGIN] = -1
    with pytest.raises(DataError, match="tracks whose origin is known, and these jets have none"):
        split_jets(replace(jets, tracks=unknown), replace(config, task=Task(CLASSES)))


def test_dips_reads_the_same_tracks(file, tmp_path):
    out = tmp_path / "dips"
    args = ["train", "dips", "--data", str(file), "--out", str(out), "--set", "model.width=16"]
    args += ["--set", "training.adamw.epochs=2", "--set", "training.adamw.schedule=constant"]
    assert cli.main([*args, "--set", "encoding.n_constituents=12"]) == 0
    assert json.loads((out / "metrics.json").read_text())["float"]["auc"] > 0.5


def test_labels_are_those_of_the_first_tracks(jets):
    few = jets.select(slice(0, 50))
    origin, both = origins(few, 6), vertices(few, 6)
    valid = few.tracks["valid"][:, :6]
    np.testing.assert_array_equal(origin[valid], few.tracks[tracks.ORIGIN][:, :6][valid])
    assert (origin[~valid] == -1).all()
    np.testing.assert_array_equal(both[..., 0][valid], few.tracks[tracks.VERTEX][:, :6][valid])
    assert (both[..., 0][~valid] == -2).all()
    np.testing.assert_array_equal(both[..., 1], origin)


def test_rare_origins_weigh_more():
    label = np.array([[0, 0, 0, 2, -1]], np.int8)
    weights = inverse_frequencies(label)
    assert weights[2] == pytest.approx(3 * weights[0])
    assert weights[1] == 0
    assert (weights[0] * 3 + weights[2]) / 4 == pytest.approx(1)


def split_of(jets, **settings):
    config = load_run_config(None, SMALL | settings, "gn2")
    config = replace(config, task=Task(CLASSES))
    return config, split_jets(jets, config)


def test_losses_of_all_tasks_are_added_with_their_weights(jets):
    config, split = split_of(jets)
    torch.manual_seed(0)
    model = _started(config, 0)
    inputs = {name: x[:40] for name, x in split.train.exact.items()}
    target = split.train.target(slice(40))
    outputs, parts = model.with_parts(inputs, split.parts)
    assert set(parts) == {"origin", "vertex"}
    each = {name: split.loss_of_part(name, x, target) for name, x in parts.items()}
    total = split.loss(outputs, target, parts)
    alone = split.loss(outputs, target)
    assert total.item() == pytest.approx(
        alone.item() + 0.5 * each["origin"].item() + 1.5 * each["vertex"].item(), rel=1e-6
    )
    given = Auxiliary(0.5, class_weights=(1.0,) * 8)
    other = replace(split, auxiliary={**split.auxiliary, "origin": given})
    assert other.loss_of_part("origin", parts["origin"], target) != each["origin"]
    published = Auxiliary(1.5, fakes_with_heavy=True)
    other = replace(split, auxiliary={**split.auxiliary, "vertex": published})
    assert torch.isfinite(other.loss_of_part("vertex", parts["vertex"], target))


def test_groups_keep_their_ratio_in_every_step_of_a_training(jets, monkeypatch, tmp_path):
    from triggernet.learning.training.trainer import train

    rates, momenta = [], []
    real = torch.optim.AdamW.step

    def recorded(self, *args, **kwargs):
        done = real(self, *args, **kwargs)  # its closure sets the rates
        rates.append([group["lr"] for group in self.param_groups])
        momenta.append({group["betas"][0] for group in self.param_groups})
        shrinkage = [g["weight_decay"] * g["lr"] for g in self.param_groups]
        assert max(shrinkage) == pytest.approx(min(shrinkage))
        return done

    monkeypatch.setattr(torch.optim.AdamW, "step", recorded)
    settings = {"model.parametrisation": "mup", "model.width": 64, "auxiliary": {}}
    settings |= {"training.adamw.schedule": "one-cycle", "training.adamw.cycle.rise": 0.3}
    settings |= {"training.adamw.weight_decay": 1e-4}
    config = load_run_config(None, SMALL | settings, "gn2")
    train(config, jets, tmp_path / "run")
    found = np.array(rates)
    assert found.shape[1] == 2
    np.testing.assert_allclose(found.max(1) / found.min(1), 64 / 16)
    assert found.max() == pytest.approx(config.training.adamw.learning_rate, rel=0.01)
    assert found[0].max() == pytest.approx(1e-7)
    assert all(len(each) == 1 for each in momenta)
    assert min(m for each in momenta for m in each) == pytest.approx(0.85, abs=1e-3)


def test_what_a_model_cannot_learn_is_refused():
    with pytest.raises(ConfigError, match="'deepsets' says nothing of single constituents"):
        load_run_config(None, {"auxiliary": {"origin": {}}}, "deepsets")
    with pytest.raises(ConfigError, match="no property 'orgin'; there are .*origin, vertex"):
        load_run_config(None, {"auxiliary": {"orgin": {}}}, "gn2")
    with pytest.raises(ConfigError, match="give one for each of the 8 origins"):
        load_run_config(None, {"auxiliary": {"origin": {"class_weights": [1, 2]}}}, "gn2")
    with pytest.raises(ConfigError, match="only origin has classes"):
        load_run_config(None, {"auxiliary": {"vertex": {"class_weights": [1.0] * 8}}}, "gn2")
    with pytest.raises(ConfigError, match="only vertex has pairs"):
        load_run_config(None, {"auxiliary": {"origin": {"fakes_with_heavy": True}}}, "gn2")
    frozen = {"training.start": {"from": "run", "trunk": "frozen"}, **SMALL}
    with pytest.raises(ConfigError, match="needs a trunk that learns; leave origin, vertex out"):
        load_run_config(None, frozen, "gn2")
    with pytest.raises(ConfigError, match="milestones contradict schedule constant"):
        settings = {"training.adamw.milestones": [1], "training.adamw.schedule": "constant"}
        load_run_config(None, settings, "gn2")


def test_discriminants_are_those_of_the_tools_of_atlas():
    stored = reference("ftag_discriminants")
    p = stored["input.p_b_c_u_tau"]
    expected = {
        "D_b_fc_0.2_fu_0.79_ftau_0.01": Discriminant("b", {"c": 0.2, "light": 0.79, "tau": 0.01}),
        "D_b_fc_0.1_fu_0.9_ftau_0.0": Discriminant("b", {"c": 0.1, "light": 0.9, "tau": 0.0}),
        "D_c_fb_0.3_fu_0.65_ftau_0.05": Discriminant("c", {"b": 0.3, "light": 0.65, "tau": 0.05}),
    }
    for name, discriminant in expected.items():
        np.testing.assert_allclose(
            discriminant.of(p, CLASSES), stored[f"output.{name}"], rtol=1e-9, atol=1e-12
        )


def test_discriminants_are_given_or_the_usual_ones():
    assert Task(CLASSES).mixtures == usual(CLASSES)
    assert usual(CLASSES)["b"].fractions == {"c": 0.1, "tau": 0.01, "light": 0.89}
    assert usual(("b", "c", "light"))["c"].fractions == {"b": 0.3, "light": 0.7}
    assert Task(("qcd", "top")).mixtures == {}
    assert hash(Task(CLASSES)) == hash(Task(CLASSES))  # comparisons group runs by task
    given = Task(CLASSES, discriminants={"b": {"c": 0.5, "light": 0.5}})
    assert list(given.mixtures) == ["b"]
    moved = given.mixtures["b"].with_fraction("c", 0.2)
    assert moved.fractions == {"c": 0.2, "light": 0.8}
    with pytest.raises(ConfigError, match=r"which add up to 0\.9"):
        Task(CLASSES, discriminants={"b": {"c": 0.5, "light": 0.4}})
    with pytest.raises(ConfigError, match=r"discriminants\.b: no class 'u'"):
        Task(CLASSES, discriminants={"b": {"u": 1.0}})
    with pytest.raises(ConfigError, match="the signal is among its backgrounds"):
        Task(CLASSES, discriminants={"b": {"b": 1.0}})


def test_working_points_count_what_passes():
    rng = np.random.default_rng(0)
    n = 40_000
    label = rng.integers(0, 4, n)
    strength = rng.normal(2.0 * (label == 0) + 0.7 * (label == 1))
    rest = np.exp(-np.array([[0.0, 0.0, 0.0]]) - strength[:, None] / 2)
    p = np.concatenate([np.exp(strength)[:, None], rest], 1)
    p /= p.sum(1, keepdims=True)
    pt = rng.uniform(20, 480, n)
    given = {"b": Discriminant("b", {"c": 0.1, "tau": 0.01, "light": 0.89})}
    metrics = measure_flavours(p, label, CLASSES, pt, given)
    value, low = given["b"].of(p, CLASSES), pt < 250
    point = metrics.point("b", 0.70, "low", "low")
    cut = cut_at(value[low & (label == 0)], 0.70)
    assert point.cut == cut
    light = value[low & (label == 2)]
    assert point.rejections["light"].value == pytest.approx(
        len(light) / (light > cut).sum(), rel=1e-3
    )
    carried = metrics.point("b", 0.70, "low", "high")
    assert carried.cut == cut
    passing = (value >= cut)[~low & (label == 0)].mean()
    assert carried.efficiency.value == pytest.approx(passing)
    assert metrics.point("b", 0.60, "low", "high") is None
    scan = metrics.scans["b"]["c"]
    assert scan[0]["fraction"] == 0
    assert len(scan) == 21
    bins = metrics.by_pt["b"]
    assert bins[0]["pt_low_gev"] == 20
    assert set(bins[0]["rejections"]) == {"c", "tau", "light"}


def test_jets_on_the_cut_count_half_of_every_flavour():
    """A discriminant of two values, as coarse integers give: no cut keeps 70 % of them."""
    label = np.repeat([0, 1, 2, 3], 100)
    tight = np.tile(np.arange(100) < 40, 4)
    p = np.where(tight[:, None], [0.7, 0.1, 0.1, 0.1], [0.1, 0.3, 0.3, 0.3])
    given = {"b": Discriminant("b", {"c": 0.1, "tau": 0.01, "light": 0.89})}
    metrics = measure_flavours(p, label, CLASSES, np.full(400, 50.0), given)
    point = metrics.point("b", 0.70, "low", "low")
    assert point.efficiency.value == 0.7  # 40 above the cut, and half of 60 on it
    assert {r.value for r in point.rejections.values()} == {1 / 0.7}


def test_impact_parameters_alone_tell_b_jets(jets, tmp_path):
    half = len(jets) // 2
    tagger = ImpactParameters.fitted(jets.select(slice(0, half)))
    others = jets.select(slice(half, None))
    p = tagger.probabilities(others)
    np.testing.assert_allclose(p.sum(1), 1)
    metrics = measure_flavours(p, others.label, CLASSES, np.full(len(p), 50.0), usual(CLASSES))
    assert metrics.point("b", 0.70, "low", "low").rejections["light"].value > 4
    bare = others.select(slice(0, 3))
    nothing = np.zeros_like(bare.tracks)
    assert np.ptp(tagger.probabilities(replace(bare, tracks=nothing))) == 0
    with pytest.raises(DataError, match="the jets have no tracks"):
        tagger.probabilities(replace(bare, tracks=None))


def test_two_taggers_are_drawn_with_their_ratio(jets, tmp_path):
    from triggernet.learning.evaluation.evaluation import _judged

    logits = np.random.default_rng(0).normal(size=(len(jets), 4))
    logits[np.arange(len(jets)), jets.label] += 2
    judged = _judged(Task(CLASSES), logits, jets.label, jets)
    plot_flavours(judged, tmp_path / "a.png", other=judged, name="the same")
    assert imread(tmp_path / "a.png").shape[0] > 500
    only = {"tau": {"light": 1.0}}  # a page is drawn of any signal, with one background too
    judged = _judged(Task(CLASSES, discriminants=only), logits, jets.label, jets)
    plot_flavours(judged, tmp_path / "tau.png")
    assert imread(tmp_path / "tau.png").shape[0] > 500


def test_perfect_outputs_for_tracks_get_perfect_figures(jets):
    config = replace(load_run_config(None, SMALL, "gn2"), task=Task(CLASSES))
    sample = Sample.of(jets.select(slice(0, 100)), config)
    labels = {name: x.long() for name, x in sample.parts.items()}

    class Knows(torch.nn.Module):
        def with_parts(self, inputs, names):
            vertex, origin = labels["vertex"][..., 0], labels["origin"]
            one_hot = torch.nn.functional.one_hot(origin.clamp_min(0), 8).float()
            same = (vertex[:, :, None] == vertex[:, None, :]) & (vertex >= 0)[:, :, None]
            return None, {"origin": one_hot, "vertex": 2.0 * same - 1}

    found = measure_parts(Knows(), sample)
    assert np.diag(found.origin_confusion).sum() == found.origin_confusion.sum()
    assert found.vertex_area.value == 1
    assert found.same_vertices == 1
    assert "origin of tracks: 100.0 % right" in found.as_text()


def test_the_file_for_onnxruntime_agrees_with_the_model(run, file, tmp_path, capsys):
    """Of jets alone, and of tracks and pairs too; and it says how long an event takes."""
    for tasks in ("jet", "all"):
        project = tmp_path / tasks
        assert (
            cli.main(["export", str(run), "--onnx", "--tasks", tasks, "--out", str(project)]) == 0
        )
        capsys.readouterr()
        args = ["verify", str(project), "--onnx", "--data", str(file), "--vectors", "300", "--json"]
        assert cli.main(args) == 0
        agreement = json.loads(capsys.readouterr().out)
        assert agreement["largest"] < 1e-5
        assert agreement["n_objects"] == 300
    names = [each.name for each in onnx.load(tmp_path / "all" / "float.onnx").graph.output]
    assert names == ["logits", "origin", "vertex"]
    args = ["latency", str(tmp_path / "jet"), "--data", str(file), "--objects", "1", "20"]
    assert cli.main([*args, "--threads", "1", "--events", "5", "--json"]) == 0
    timings = json.loads(capsys.readouterr().out)["timings"]
    assert {each["objects"] for each in timings if each["stage"] == "event"} == {1, 20}


def test_an_output_for_pairs_that_differs_is_seen(run, jets):
    from triggernet.deployment.verify.floats import _difference_of_parts
    from triggernet.learning.training import load_run

    trained = load_run(run)
    sample = Sample.of(jets.select(slice(0, 20)), trained.config)
    with torch.no_grad():
        _, parts = trained.float_model.with_parts(sample.exact, ("origin", "vertex"))
    theirs = {name: x.numpy().copy() for name, x in parts.items()}
    assert _difference_of_parts(trained.float_model, sample.exact, theirs).max() < 1e-6
    theirs["vertex"][7, 0, 1] += 1
    theirs["origin"][9, 0, 0] += 1
    with torch.no_grad():
        apart = _difference_of_parts(trained.float_model, sample.exact, theirs)
    assert np.flatnonzero(apart > 0.01).tolist() == [7, 9]


def test_tasks_without_effect_are_refused(run, file, tmp_path, capsys):
    assert cli.main(["export", str(run), "--tasks", "all", "--out", str(tmp_path / "a")]) == 2
    assert "--tasks all has no effect here; add --onnx" in capsys.readouterr().err
    dips = tmp_path / "dips"
    args = ["train", "dips", "--data", str(file), "--out", str(dips)]
    few = ["--set", "training.adamw.epochs=1", "--set", "training.adamw.schedule=constant"]
    assert cli.main([*args, *few]) == 0
    given = ["export", str(dips), "--onnx", "--tasks", "all", "--out", str(tmp_path / "b")]
    assert cli.main(given) == 2
    assert "says nothing of single constituents" in capsys.readouterr().err


def test_fewer_tracks_than_a_model_reads_are_padded(jets):
    few = replace(jets, tracks=jets.tracks[:, :5]).select(slice(0, 30))
    config = replace(load_run_config(None, SMALL, "gn2"), task=Task(CLASSES))
    sample = Sample.of(few, config)
    assert sample.exact["tracks"].shape == (30, 12, 19)
    assert not sample.exact["valid"][:, 5:].any()
    assert (sample.parts["origin"][:, 5:] == -1).all()
    assert (sample.parts["vertex"][:, 5:, 0] == -2).all()
