"""ParticleNet: the authors' layers, the published sizes, features, neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from reference_layers import close, fill, reference, tensor
from torch import Tensor

from triggernet.data import mock_jets
from triggernet.errors import ConfigError
from triggernet.learning.layers.graphs import rows_of
from triggernet.learning.models.particlenet.config import ParticleNetConfig
from triggernet.learning.models.particlenet.network import (
    ParticleNet,
    nearest,
    neighbour_rows,
    particle_features,
)
from triggernet.learning.training import load_run_config, train
from triggernet.learning.training.sample import Sample

LITE = ParticleNetConfig(k=7, convs=(32, 64), hidden=128)
JETS = mock_jets(300, 1)
SHORT = {
    "encoding.n_constituents": 16,
    "model.k": 4,
    "model.convs": [6, 8],
    "model.layers": 2,
    "model.hidden": 5,
    "training.adamw.epochs": 8,
    "training.adamw.milestones": [6],
    "training.adamw.batch_size": 32,
    "training.adamw.learning_rate": 0.01,
}
CASES = {
    "particlenet_small_k7": ParticleNetConfig(k=7, convs=(6, 8), hidden=10),
    "particlenet_lite_published_width": LITE,
}


def network_of(name: str) -> tuple[ParticleNet, dict[str, object]]:
    """The authors' network with their weights, two outputs as theirs."""
    stored = dict(reference(name))
    n_features = stored["input.features"].shape[1]
    network = ParticleNet(CASES[name], 2, n_features).double().eval()
    places = {
        "input_batchnorm": network.norm,
        "head.linear1": network.head.hidden,
        "head.linear2": network.head.output,
    }
    for k, conv in enumerate(network.convs, 1):
        for layer, (linear, norm) in enumerate(zip(conv.linears, conv.norms, strict=True), 1):
            places[f"edgeconv{k}.linear{layer}"] = linear
            places[f"edgeconv{k}.batchnorm{layer}"] = norm
        places[f"edgeconv{k}.shortcut"] = conv.shortcut.linear
        places[f"edgeconv{k}.shortcut_batchnorm"] = conv.shortcut.norm
    fill(stored, places)
    return network, stored


@pytest.mark.parametrize("name", CASES)
def test_outputs_are_those_of_the_authors(name: str) -> None:
    network, stored = network_of(name)
    points, features = (tensor(stored[f"input.{key}"]).mT for key in ("points", "features"))
    features.requires_grad_()
    present = torch.from_numpy(stored["input.particle_is_real"])
    rows = rows_of(present)
    steps: list[Tensor] = []
    for conv in network.convs:
        conv.register_forward_hook(lambda _m, _i, out: steps.append(out))
    logits = network.head(network.nodes(points, features, present, rows), rows)
    assert close(logits, stored["output.logits"])
    assert close(rows.pad(steps[0]).mT, stored["intermediate.after_edgeconv1_masked"])
    label = torch.from_numpy(stored["label.jet_class"])
    torch.nn.functional.cross_entropy(logits, label).backward()
    assert close(features.grad.mT, stored["gradient_of_loss.input.features"])


@pytest.mark.parametrize("name", CASES)
def test_neighbours_are_those_of_the_authors(name: str) -> None:
    network, stored = network_of(name)
    points = tensor(stored["input.points"]).mT
    present = torch.from_numpy(stored["input.particle_is_real"])
    rows = rows_of(present)
    found = neighbour_rows(nearest(points, present, network.k), rows)
    place = torch.cat([rows.flat % present.shape[1], torch.tensor([-2])])  # -2: padding
    mine = place[found].sort(1).values
    assert torch.equal(
        mine, rows.take(torch.from_numpy(stored["intermediate.neighbours_edgeconv1"]).long())
    )


@pytest.mark.parametrize(("config", "n"), [(ParticleNetConfig(), 366_160), (LITE, 26_416)])
def test_the_published_sizes(config: ParticleNetConfig, n: int) -> None:
    assert sum(p.numel() for p in ParticleNet(config).parameters()) == n


def test_four_inputs_have_the_size_of_the_authors_of_lundnet() -> None:
    network = ParticleNet(ParticleNetConfig(), n_features=4)
    assert sum(p.numel() for p in network.parameters()) == 365_578


def test_features_are_relative_to_the_jet() -> None:
    p, jet = torch.from_numpy(JETS.constituents), torch.from_numpy(JETS.jet)
    points, features = particle_features(p, jet)
    present = torch.from_numpy(JETS.present)
    pt = p[..., 1:3].norm(dim=-1)
    assert torch.allclose(
        (features[..., 4].exp() * present).sum(1), (pt * present).sum(1) / jet[:, 1:3].norm(dim=-1)
    )
    assert torch.allclose(features[..., 6][present], points.norm(dim=-1)[present])
    assert points[present].abs().max() < 1.5
    turned = p.clone()
    turned[..., 1], turned[..., 2] = -p[..., 2], p[..., 1]  # by 90 degrees
    turned_jet = torch.stack([jet[:, 0], -jet[:, 2], jet[:, 1], jet[:, 3]], 1)
    again = particle_features(turned, turned_jet)[1]
    assert torch.allclose(again[present], features[present], atol=1e-9)
    mirrored = p * torch.tensor([1.0, 1, 1, -1]), jet * torch.tensor([1.0, 1, 1, -1])
    assert torch.allclose(particle_features(*mirrored)[1][present], features[present], atol=1e-9)


def test_neighbours_are_the_nearest_others() -> None:
    points = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 12, 3)))
    present = torch.arange(12) < torch.tensor([12, 9, 4, 1, 0])[:, None]
    rows = rows_of(present)
    found = neighbour_rows(nearest(points, present, 4), rows)
    assert found.shape == (26, 4)
    for row, (owner, flat) in enumerate(zip(rows.owner, rows.flat, strict=True)):
        others = [j for j in range(12) if present[owner, j] and j != flat % 12]
        distance = (points[owner] - points[owner, flat % 12]).norm(dim=1)
        closest = sorted(others, key=lambda j, d=distance: float(d[j]))[:4]
        expected = [int(rows.number[owner, j]) for j in closest]
        assert found[row].tolist() == expected + [26] * (4 - len(expected))


def config_of(**settings: object):
    return load_run_config({"model": {"name": "particlenet"}}, {**SHORT, **settings})


def test_training_evaluation_and_a_frozen_trunk(tmp_path: Path) -> None:
    first = train(config_of(), JETS, tmp_path / "first")
    assert first.metrics["float"]["auc"] > 0.75
    start = {"training.start.from": str(tmp_path / "first"), "training.start.trunk": "frozen"}
    second = train(config_of(**start), JETS, tmp_path / "second")
    before, after = (each.float_model.state_dict() for each in (first, second))
    changed = {name.partition(".")[0] for name in before if not before[name].equal(after[name])}
    assert changed == {"head"}
    inputs = Sample.of(JETS, config_of()).exact
    model = second.float_model
    with torch.no_grad():
        assert torch.equal(model.head_logits(model.trunk_outputs(inputs)), model(inputs))


def test_a_fusion_joins_all_convolutions() -> None:
    network = ParticleNet(ParticleNetConfig(k=4, convs=(6, 8), fusion=9, hidden=5))
    assert network.head.fusion.linear.in_features == 14
    assert network(Sample.of(JETS, config_of()).exact).shape == (300,)


def test_too_few_constituents_for_the_neighbours_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"with model.k = 4 neighbours at least 5 constituents"):
        config_of(**{"encoding.n_constituents": 4})
    with pytest.raises(ConfigError, match="every number must be 1 or more"):
        ParticleNetConfig(k=0)
