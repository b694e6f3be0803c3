"""Lorentz transformations of the input, and how much a model's output changes under them."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from triggernet.cli import main
from triggernet.data import lorentz, mock_jets, save_jets
from triggernet.errors import ConfigError, DataError
from triggernet.learning.evaluation import symmetry
from triggernet.learning.evaluation.symmetries import Change, SymmetryConfig
from triggernet.learning.training import load_run_config, train

METRIC = np.diag([1.0, -1, -1, -1])
JETS = mock_jets(300, 2)
NAMES = ["permutation", "rotation", "boost", "lorentz"]
FAST = {
    "encoding.n_constituents": 8,
    "training.adamw.epochs": 4,
    "training.adamw.batch_size": 64,
    "training.adamw.learning_rate": 0.02,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.decay_epochs": 1,
    "training.multistart.starts": 2,
    "training.multistart.pool": 8,
    "training.multistart.finalists": 1,
    "training.multistart.screen_jets": 300,
    "training.multistart.iterations": 50,
    "training.fine_tune.epochs": 1,
    "training.fine_tune.calibration_jets": 100,
}
MODELS = {
    "nanopelican": {},
    "deepsets": {"model.phi": [4], "model.rho": [4]},
    "jedilinear": {"model.embedding": [4], "model.rounds": [4], "model.node": [], "model.head": []},
    "mlp": {"model.hidden": [6]},
    "lorentznet": {},
    "semiequivariant": {"model.n_hidden": 0, "model.n_scalars": 4},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    jets = mock_jets(600, 1)
    return {
        name: train(load_run_config({}, FAST | settings, name), jets, folder / name)
        for name, settings in MODELS.items()
    } | {"folder": folder}


def test_transformations_keep_every_product():
    rng = np.random.default_rng(1)
    axes, angle = lorentz.directions(20, rng), rng.uniform(-3, 3, 20)
    for L in (lorentz.rotation(axes, angle), lorentz.boost(axes, angle)):
        found = np.swapaxes(L, 1, 2) @ METRIC @ L
        np.testing.assert_allclose(found, np.broadcast_to(METRIC, found.shape), atol=1e-10)
        assert (np.linalg.det(L) > 0).all()
        inverse = (lorentz.rotation if L[0, 0, 0] == 1 else lorentz.boost)(axes, -angle)
        np.testing.assert_allclose(inverse @ L, np.broadcast_to(np.eye(4), L.shape), atol=1e-10)


def test_transformations_are_the_ones_of_the_textbook():
    z, y = np.array([[0.0, 0, 1]]), np.array([[0.0, 1, 0]])
    turned = lorentz.rotation(z, np.array([np.pi / 2])) @ np.array([1.0, 1, 0, 0])
    np.testing.assert_allclose(turned, [[1, 0, 1, 0]], atol=1e-15)
    boosted = lorentz.boost(y, np.array([0.5])) @ np.array([1.0, 0, 0, 0])
    np.testing.assert_allclose(boosted, [[np.cosh(0.5), 0, np.sinh(0.5), 0]])
    both = lorentz.transformed(np.ones((1, 3, 4)), lorentz.boost(y, np.array([0.5])))
    np.testing.assert_allclose(both[0, 2], lorentz.boost(y, np.array([0.5]))[0] @ np.ones(4))


def test_change_counts_scores_and_decisions():
    change = Change.between(np.array([0.0, 1.0, -1e-9]), np.array([np.log(3), 1.0, 1e-9]))
    assert change.mean == pytest.approx(0.25 / 3)
    assert change.largest == pytest.approx(0.25)
    assert change.largest_logit == pytest.approx(np.log(3))
    assert change.flipped == 2
    assert change.n_jets == 3


@pytest.mark.parametrize("name", MODELS)
def test_permutations_change_nothing_where_that_is_promised(runs, name):
    found = symmetry(runs[name], JETS)
    assert found.kept
    assert found.invariant == (name != "mlp")
    for changes in (found.float, found.quantised):
        if changes is not None:
            assert list(changes) == NAMES
            assert (changes["permutation"].largest_logit == 0) == (name != "mlp")
            assert all(change.n_jets == 300 for change in changes.values())
    assert (found.quantised is not None) == (runs[name].config.refusal is None)


@pytest.mark.parametrize("name", MODELS)
def test_beam_frames_are_one_to_float_models(runs, name):
    """A polar encoding is relative to the jet axis: rotations and boosts leave only rounding."""
    found = symmetry(runs[name], JETS)
    for transformation in ("rotation", "boost"):
        assert found.float[transformation].largest < 1e-5
        assert found.float[transformation].flipped == 0


def test_lorentz_transformations_tell_invariant_models_from_others(runs):
    changes = {name: symmetry(runs[name], JETS).float["lorentz"] for name in MODELS}
    assert changes["nanopelican"].largest < 1e-6
    assert changes["semiequivariant"].largest < 1e-5
    assert changes["deepsets"].mean > 2e-5
    assert changes["jedilinear"].mean > 2e-5
    assert changes["mlp"].mean > 2e-5
    assert changes["lorentznet"].largest > changes["semiequivariant"].largest  # its beams stay


def test_quantised_models_see_the_grid(runs):
    found = symmetry(runs["nanopelican"], JETS)
    assert found.quantised["lorentz"].mean > found.float["lorentz"].mean
    assert found.quantised["rotation"].mean <= found.quantised["lorentz"].mean


def test_larger_transformations_change_more(runs):
    still = symmetry(runs["mlp"], JETS, SymmetryConfig(rapidity=0, angle_rad=0))
    small = symmetry(runs["mlp"], JETS, SymmetryConfig(rapidity=0.05, angle_rad=0.05))
    assert still.float["lorentz"].largest < 1e-9
    assert small.float["lorentz"].mean < symmetry(runs["mlp"], JETS).float["lorentz"].mean
    other = symmetry(runs["mlp"], JETS, SymmetryConfig(seed=2))
    assert other.float["lorentz"] != symmetry(runs["mlp"], JETS).float["lorentz"]
    assert symmetry(runs["mlp"], JETS) == symmetry(runs["mlp"], JETS)


def test_a_broken_promise_fails(runs, monkeypatch, tmp_path, capfd):
    from triggernet.learning.models.mlp.network import MLP

    data = tmp_path / "jets.h5"
    save_jets(data, JETS)
    words = ["evaluate", str(runs["folder"] / "mlp"), "--data", str(data), "--symmetry"]
    assert main(words) == 0
    assert "does not promise invariance" in capfd.readouterr().out
    monkeypatch.setattr(MLP, "permutation_invariant", True)
    assert main(words) == 1
    assert "BROKEN: the model promises invariance" in capfd.readouterr().out


def test_command_shows_changes_as_text_and_json(runs, tmp_path, capfd):
    data = tmp_path / "jets.h5"
    save_jets(data, JETS)
    words = ["evaluate", str(runs["folder"] / "nanopelican"), "--data", str(data)]
    assert main([*words, "--json"]) == 0
    assert "symmetry" not in json.loads(capfd.readouterr().out)
    assert main([*words, "--json", "--symmetry"]) == 0
    found = json.loads(capfd.readouterr().out)["symmetry"]
    assert found["kept"]
    assert found["permutation_invariant"]
    assert found["settings"] == {"rapidity": 0.5, "angle_rad": 0.5, "seed": 1}
    assert set(found["saturated"]) == set(NAMES)
    for model in ("float", "quantised"):
        assert set(found[model]) == set(NAMES)
        assert set(found[model]["boost"]) == {
            "mean", "largest", "largest_logit", "flipped", "n_jets"
        }  # fmt: skip
    assert main([*words, "--symmetry"]) == 0
    text = capfd.readouterr().out
    assert "quantised, lorentz" in text
    assert "to the last bit, as the model promises" in text


def test_unfit_jets_and_settings_are_refused(runs):
    broken = dataclasses.replace(JETS, classes=("a", "b", "c"))
    with pytest.raises(DataError, match="3 classes"):
        symmetry(runs["mlp"], broken)
    with pytest.raises(ConfigError, match="rapidity: found -1; allowed is 0 and more"):
        SymmetryConfig(rapidity=-1)


def test_polar_inputs_are_put_on_the_light_cone_first(runs):
    """Rounded energies, as files in single precision have them, are not the model's fault."""
    momenta = JETS.constituents.copy()
    momenta[..., 0] *= 1 + 1e-4
    found = symmetry(runs["nanopelican"], dataclasses.replace(JETS, constituents=momenta))
    assert found.float["lorentz"].largest < 1e-6
