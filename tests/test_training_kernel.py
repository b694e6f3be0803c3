"""The compiled loss and gradient against the plain definition and PyTorch's own gradient."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from triggernet.data import EncodingConfig, mock_jets
from triggernet.models.equivariant import TABLES, PairInputs, evaluate_equivariant
from triggernet.models.nanopelican import NanoPELICAN
from triggernet.models.nanopelican_config import NanoPelicanConfig
from triggernet.training.features import float_inputs
from triggernet.training.objective import Objective, coefficients_of
from triggernet.training.pair_kernel import (
    Coefficients,
    channel_sums,
    logits,
    loss_and_gradient,
)
from triggernet.training.pair_sample import pack_pairs
from triggernet.training.starts import choose_channels, logistic_fit

CONFIGS = [
    NanoPelicanConfig(),
    NanoPelicanConfig(tied=True, aggregates="jet"),
    NanoPelicanConfig(n_channels=1, spurion_jet=True, tied=True),
    NanoPelicanConfig(n_channels=3, n_scaled=True, spurion_beams=True, spurion_jet=True),
]


def prepared(config, n=700, n_constituents=16):
    """A random model whose logits are of order one, its sample, the torch inputs and labels."""
    jets = mock_jets(n, 4)
    inputs = float_inputs(jets, EncodingConfig(n_constituents=n_constituents))
    inputs["momenta"][np.arange(n) % 9 == 0, 3:] = 0.0  # some jets with few constituents
    torch.manual_seed(2)
    model = NanoPELICAN(config, n_constituents)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "exponents" in name:
                parameter.normal_(std=0.4)
        model.weight20.mul_(5)
    sample = pack_pairs(inputs["momenta"].numpy(), inputs["jet"].numpy(), config)
    return model, sample, inputs, jets.label.astype(np.float64)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_packed_pairs_are_those_of_the_model(config):
    model, sample, inputs, _ = prepared(config, n=30)
    pairs = model.pair_tensors(inputs)
    np.testing.assert_allclose(sample.t, pairs.t.numpy(), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(sample.count, pairs.count.numpy())
    for n in range(30):
        r = sample.r[sample.first_particle[n] : sample.first_particle[n + 1]]
        found = np.sort(pairs.r[n][pairs.present[n]].numpy())
        np.testing.assert_allclose(np.sort(r), found, rtol=1e-8, atol=1e-8)
        d = sample.d[sample.first_pair[n] : sample.first_pair[n + 1]]
        assert len(d) == len(r) * (len(r) - 1) // 2
        assert d.sum() == pytest.approx(pairs.d[n].sum().item(), rel=1e-5)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_logits_and_gradient_are_those_of_torch(config):
    model, sample, inputs, label = prepared(config)
    found = logits(coefficients_of(model), sample)
    expected = model(inputs)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    assert np.abs(found).max() > 0.5

    loss = binary_cross_entropy_with_logits(expected, torch.from_numpy(label))
    theirs = torch.autograd.grad(loss, list(model.parameters()))
    objective = Objective(model, sample)
    x = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()]) / objective._scale
    value, gradient = objective(x, sample, label)
    assert value == pytest.approx(loss.item(), rel=1e-6)
    flat = torch.cat([g.reshape(-1) for g in theirs]).numpy() * objective._scale
    np.testing.assert_allclose(gradient, flat, rtol=1e-4, atol=1e-6 * np.abs(flat).max())


def test_gradient_is_the_slope_of_the_loss():
    model, sample, _, label = prepared(CONFIGS[-1], n=300)
    objective = Objective(model, sample)
    rng = np.random.default_rng(0)
    x = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()]) / objective._scale
    _, gradient = objective(x, sample, label)
    direction = rng.normal(size=len(x)) / np.sqrt(len(x))
    step = 3e-3
    ends = [objective(x + sign * step * direction, sample, label)[0] for sign in (1, -1)]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(gradient @ direction, rel=2e-2)


def test_absorbed_weights_give_the_same_logits():
    model, sample, inputs, _ = prepared(CONFIGS[-1], n=50)
    weights = model.absorbed()
    pairs = model.pair_tensors(inputs)
    plain = PairInputs(*(getattr(pairs, f.name).numpy() for f in dataclasses.fields(pairs)))
    found = logits(Coefficients.of(weights), sample)
    np.testing.assert_allclose(found, evaluate_equivariant(weights, plain), rtol=1e-5, atol=1e-5)


def test_threads_change_no_bit():
    model, sample, _, label = prepared(NanoPelicanConfig(), n=2500, n_constituents=8)
    coefficients = coefficients_of(model)
    one, four = (loss_and_gradient(coefficients, sample, label, threads) for threads in (1, 4))
    assert one[0] == four[0]
    assert np.array_equal(one[1].tables, four[1].tables)


def test_head_is_a_sample_of_the_first_jets():
    model, sample, _, _ = prepared(NanoPelicanConfig(), n=60)
    head = sample.head(25)
    assert len(head) == 25
    assert head.n_bytes < sample.n_bytes
    coefficients = coefficients_of(model)
    assert np.array_equal(logits(coefficients, head), logits(coefficients, sample)[:25])
    assert len(sample.head(1000)) == 60


def test_channel_sums_make_up_the_logit():
    model, sample, _, _ = prepared(NanoPelicanConfig(n_channels=3), n=80)
    c = coefficients_of(model)
    sums = channel_sums(c, sample)
    outer = c.tables[[TABLES.index("c_sum"), TABLES.index("c_trace")], 0]  # (2, C)
    found = (sums * outer.T).sum((1, 2)) + c.bias
    np.testing.assert_allclose(found, logits(c, sample), rtol=1e-9, atol=1e-9)


def test_greedy_choice_finds_the_channels_that_made_the_labels():
    rng = np.random.default_rng(5)
    features = rng.exponential(size=(3000, 20, 2))
    truth = 3 * features[:, 7, 0] - 2 * features[:, 13, 1] - 1
    features[:, 13] *= 10.0
    label = (rng.random(3000) < 1 / (1 + np.exp(-truth))).astype(np.float64)
    chosen, weights = choose_channels(features, label, 2)
    assert set(chosen) == {7, 13}
    assert len(weights) == 5
    position = chosen.index(7)
    assert weights[2 * position] == pytest.approx(3, abs=0.4)
    assert weights[2 * (1 - position) + 1] == pytest.approx(-0.2, abs=0.04)
    assert weights[-1] == pytest.approx(-1, abs=0.4)


def test_logistic_fit_is_at_its_minimum():
    rng = np.random.default_rng(6)
    design = np.column_stack([rng.normal(size=(500, 3)), np.ones(500)])
    label = (rng.random(500) < 0.3).astype(np.float64)
    loss, weights = logistic_fit(design, label)
    for k in range(4):
        for step in (-0.2, 0.2):
            z = design @ (weights + step * np.eye(4)[k])
            assert np.mean(np.logaddexp(0, z) - label * z) > loss
