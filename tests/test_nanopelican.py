"""The float nanoPELICAN against the authors' layers, against six N x N bases, and its symmetries.

`data/nanopelican_reference.npz` holds inputs, weights and outputs of the layers in the public code
of Bogatskiy, Hoffman and Offermann (github.com/abogatskiy/PELICAN-nano), on jets of the Top Quark
Tagging Reference Dataset (Kasieczka et al., Zenodo 2603256, CC BY 4.0).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from triggernet.data import mock_jets
from triggernet.errors import ConfigError, ModelError
from triggernet.models.equivariant import PairInputs, evaluate_equivariant, pair_indices
from triggernet.models.nanopelican import N_BAR, NanoPELICAN
from triggernet.models.nanopelican_config import NanoPelicanConfig
from triggernet.models.pair_norm import PairEntries, drop

REFERENCE = Path(__file__).parent / "data" / "nanopelican_reference.npz"

CONFIGS = [
    NanoPelicanConfig(n_channels=1),
    NanoPelicanConfig(n_channels=3, spurion_jet=True),
    NanoPelicanConfig(spurion_beams=True, tied=True),
    NanoPelicanConfig(aggregates="jet", spurion_jet=True, spurion_beams=True),
    NanoPelicanConfig(n_channels=10, n_scaled=True, spurion_beams=True),
    NanoPelicanConfig(n_scaled=True, tied=True),
    NanoPelicanConfig(batch_norm=True),
    NanoPelicanConfig(batch_norm=True, n_scaled=True, aggregates="jet", spurion_jet=True),
    NanoPelicanConfig(batch_norm=True, tied=True, spurion_beams=True),
]


def jets(n=40, n_constituents=12, seed=3):
    """Mock jets with 1 to `n_constituents` constituents present."""
    found = mock_jets(n, seed).leading(n_constituents).constituents.copy()
    keep = np.random.default_rng(seed).integers(1, n_constituents + 1, n)
    found[np.arange(n_constituents) >= keep[:, None]] = 0.0
    return {"momenta": torch.from_numpy(found), "jet": torch.from_numpy(found.sum(1) * 1.05)}


def random_model(config, n_constituents=12, seed=1):
    torch.manual_seed(seed)
    model = NanoPELICAN(config, n_constituents, unit_gev2=7.0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "exponents" in name or name.startswith("norm"):
                parameter.normal_(std=0.5)
        for name, buffer in model.named_buffers():
            if "norm" in name:
                buffer.uniform_(0.5, 3.0)
    return model.eval()


@pytest.mark.parametrize(
    ("prefix", "channels", "scaled"), [("C2_s_", 2, False), ("C3_S_", 3, True)]
)
def test_equals_the_authors_layers(prefix, channels, scaled):
    data = np.load(REFERENCE)
    config = NanoPelicanConfig(n_channels=channels, n_scaled=scaled)
    model = NanoPELICAN(config, 20, unit_gev2=1.0)
    values = {name: torch.from_numpy(data[prefix + name]) for name in ("c22", "b22", "bd22", "c20")}
    with torch.no_grad():
        model.weight22.copy_(values["c22"][0])
        model.bias22.copy_(values["b22"])
        model.diagonal_bias.copy_(values["bd22"])
        model.weight20.copy_(values["c20"][:, 0])
        model.bias20.fill_(float(data[prefix + "b20"].item()))
        if scaled:
            model.exponents22.copy_(torch.from_numpy(data[prefix + "a22"][0]))
            model.exponents20 = torch.nn.Parameter(torch.from_numpy(data[prefix + "a20"]))
        inputs = {"momenta": torch.from_numpy(data["Pmu"])}
        found = model(inputs).numpy()
    np.testing.assert_allclose(found, data[prefix + "w"][:, 0], rtol=0, atol=1e-10)
    absorbed = evaluate_equivariant(model.absorbed(), pair_inputs(model, inputs))
    np.testing.assert_allclose(absorbed, found, rtol=0, atol=1e-10)


def pair_inputs(model, inputs):
    pairs = model.pair_tensors(inputs)
    return PairInputs(*(getattr(pairs, f.name).numpy() for f in dataclasses.fields(pairs)))


def naive(model, inputs):
    """Equation 3 of the paper, with all six N x N bases, jet by jet."""
    config, parameters = model.config, dict(model.named_parameters())
    parameters |= dict(model.named_buffers())
    p = {name: value.detach().numpy() for name, value in parameters.items()}
    weights = p["weight22"][:, model.columns.numpy()]
    result = []
    for momenta, jet in zip(inputs["momenta"].numpy(), inputs["jet"].numpy(), strict=True):
        particles = momenta[momenta[:, 0] > 0]
        n = len(particles) / N_BAR
        if config.spurion_jet:
            particles = np.vstack([particles, jet])
        if config.spurion_beams:
            particles = np.vstack([particles, [[1, 0, 0, 1], [1, 0, 0, -1]]])
        metric = np.diag([1.0, -1, -1, -1])
        d = particles @ metric @ particles.T
        np.fill_diagonal(d, 0)
        r, t = d.sum(1), d.sum()
        if config.aggregates == "jet":
            r, t = particles @ metric @ jet, jet @ metric @ jet
        d, r, t = (x / model.unit_gev2 for x in (d, r, t))
        M = len(particles)
        if config.batch_norm:
            scale = p["norm22.weight"] / np.sqrt(p["norm22.variance"] + 1e-5)
            shift = p["norm22.bias"] - p["norm22.mean"] * scale
            d, r, t = d * scale + shift, r * scale + M * shift, t * scale + M * M * shift
        one, eye = np.ones((M, M)), np.eye(M)
        bases = [d, eye * r, one * r[:, None], one * r, one * t, eye * t]
        for k, power in enumerate([1, 1, 1, 2, 2], start=1):
            alpha = p["exponents22"][model.columns[k] - 1] if config.n_scaled else 0.0
            bases[k] = bases[k] / N_BAR**power * n**alpha
        logit = p["bias20"].item()
        for c in range(config.n_channels):
            z = sum(w * b for w, b in zip(weights[c], bases, strict=True))
            h = np.maximum(z + p["bias22"][c] + eye * p["diagonal_bias"][c], 0)
            if config.batch_norm:
                scale = p["norm20.weight"][c] / np.sqrt(p["norm20.variance"][c] + 1e-5)
                h = h * scale + p["norm20.bias"][c] - p["norm20.mean"][c] * scale
            alpha = p["exponents20"][0] if config.n_scaled else np.zeros(2)
            logit += p["weight20"][c, 0] * h.sum() / N_BAR**2 * n ** alpha[0]
            logit += p["weight20"][c, 1] * np.trace(h) / N_BAR * n ** alpha[1]
        result.append(logit)
    return np.array(result)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_forward_and_absorbed_form_equal_the_six_bases(config):
    model, inputs = random_model(config), jets()
    expected = naive(model, inputs)
    tolerance = {"rtol": 1e-11, "atol": 1e-11 * np.abs(expected).max()}
    with torch.no_grad():
        np.testing.assert_allclose(model(inputs).numpy(), expected, **tolerance)
    weights = model.absorbed()
    found = evaluate_equivariant(weights, pair_inputs(model, inputs))
    np.testing.assert_allclose(found, expected, **tolerance)
    assert weights.tied == config.tied
    assert weights.depends_on_count == (config.n_scaled or config.batch_norm)
    assert len(np.unique(expected)) > 30, "the outputs hardly differ"


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_permutations_change_no_bit(config):
    model, inputs = random_model(config), jets()
    inputs["momenta"][:20, :, 0] = 10.0 * (inputs["momenta"][:20, :, 0] > 0)  # equal energies
    order = torch.randperm(12, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        shuffled = model(inputs | {"momenta": inputs["momenta"][:, order]})
        assert torch.equal(model(inputs), shuffled)


@pytest.mark.parametrize("config", [c for c in CONFIGS if not c.spurion_beams], ids=str)
def test_lorentz_transformations_change_rounding_only(config):
    model, inputs = random_model(config), jets()
    transform = torch.from_numpy(boost([0.3, -0.5, 0.4]) @ turn(0.7))
    moved = {name: value @ transform.T for name, value in inputs.items()}
    with torch.no_grad():
        before, after = model(inputs), model(moved)
    assert not torch.equal(before, after)
    torch.testing.assert_close(after, before, rtol=1e-8, atol=1e-8)


def test_beams_break_boosts_across_but_not_turns_about_them():
    model, inputs = random_model(NanoPelicanConfig(spurion_beams=True)), jets()

    def under(transform):
        moved = {name: value @ torch.from_numpy(transform).T for name, value in inputs.items()}
        return model(moved).detach()

    torch.testing.assert_close(under(turn(1.1)), model(inputs).detach(), rtol=1e-9, atol=1e-9)
    assert not torch.allclose(under(boost([0.5, 0, 0])), model(inputs).detach(), rtol=1e-3)


def boost(beta):
    beta = np.array(beta)
    gamma = 1 / np.sqrt(1 - beta @ beta)
    matrix = np.eye(4)
    matrix[0, 0], matrix[0, 1:], matrix[1:, 0] = gamma, -gamma * beta, -gamma * beta
    matrix[1:, 1:] += (gamma - 1) * np.outer(beta, beta) / (beta @ beta)
    return matrix


def turn(angle):
    matrix = np.eye(4)
    c, s = np.cos(angle), np.sin(angle)
    matrix[1:3, 1:3] = [[c, -s], [s, c]]
    return matrix


def test_fewer_constituents_than_the_model_has_are_padding():
    model, inputs = random_model(NanoPelicanConfig()), jets(n_constituents=7)
    padded = torch.nn.functional.pad(inputs["momenta"], (0, 0, 0, 5))
    with torch.no_grad():
        torch.testing.assert_close(
            model(inputs), model({"momenta": padded}), rtol=1e-13, atol=1e-13
        )


def test_parameters_are_counted_as_the_paper_does():
    counts = {c: NanoPELICAN(NanoPelicanConfig(n_channels=c), 20).n_parameters for c in (1, 2, 10)}
    assert counts == {1: 11, 2: 21, 10: 101}
    scaled = {c: NanoPelicanConfig(n_channels=c, n_scaled=True) for c in (1, 2, 3)}
    assert [NanoPELICAN(c, 20).n_parameters for c in scaled.values()] == [18, 28, 38]
    assert NanoPELICAN(NanoPelicanConfig(tied=True), 20).n_parameters == 19
    assert NanoPELICAN(NanoPelicanConfig(batch_norm=True), 20).n_parameters == 21


def test_batch_norm_takes_the_statistics_of_entries_present():
    model, inputs = random_model(NanoPelicanConfig(batch_norm=True)), jets()
    with torch.no_grad():
        model.norm22.weight.fill_(1.0)
        model.norm22.bias.zero_()
    model.train()
    model(inputs)
    entries = []
    for momenta in inputs["momenta"].numpy():
        p = momenta[momenta[:, 0] > 0]
        d = p @ np.diag([1.0, -1, -1, -1]) @ p.T
        np.fill_diagonal(d, 0)
        entries.append(d.ravel() / model.unit_gev2)
    entries = np.concatenate(entries)
    scale, shift = model.norm22.affine()
    assert scale.item() == pytest.approx(1 / np.sqrt(entries.var() + 1e-5), rel=1e-9)
    assert shift.item() == pytest.approx(-entries.mean() * scale.item(), rel=1e-9)


def test_dropout_keeps_the_mean_and_the_symmetry():
    torch.manual_seed(0)
    ones = torch.ones(1, len(pair_indices(80)[0]), 1)
    entries = PairEntries.of(ones, torch.ones(1, 80, 1), torch.ones(1, 80, dtype=torch.bool))
    dropped = drop(entries, 0.25, symmetric=True)
    assert dropped.lower is dropped.upper
    assert dropped.upper.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert dropped.upper.mean().item() == pytest.approx(1, abs=0.05)
    free = drop(entries, 0.25, symmetric=False)
    assert not torch.equal(free.upper, free.lower)
    assert drop(entries, 0.0, symmetric=False) is entries


def test_what_the_model_cannot_take_is_refused():
    inputs = jets()
    with pytest.raises(ModelError, match="12 constituents a jet, but .* at most 8"):
        random_model(NanoPelicanConfig(), 8)(inputs)
    with pytest.raises(ModelError, match="pass 'jet'"):
        random_model(NanoPelicanConfig(aggregates="jet"))({"momenta": inputs["momenta"]})
    with pytest.raises(ConfigError, match="n_channels: found 0"):
        NanoPelicanConfig(n_channels=0)
    with pytest.raises(ConfigError, match="dropout: found 1"):
        NanoPelicanConfig(dropout=1)
    model = random_model(NanoPelicanConfig())
    with torch.no_grad():
        model.bias22[0] = torch.nan
    with pytest.raises(ModelError, match="finite values; the training may have diverged"):
        model.absorbed()


def test_a_channel_without_output_can_be_left_out():
    model, inputs = random_model(NanoPelicanConfig(n_channels=3)), jets()
    with torch.no_grad():
        model.weight20[1] = 0.0
    weights = model.absorbed()
    fewer = weights.without_dead_channels()
    pairs = pair_inputs(model, inputs)
    assert fewer.n_channels == 2
    np.testing.assert_allclose(
        evaluate_equivariant(fewer, pairs), evaluate_equivariant(weights, pairs), rtol=1e-14
    )
