"""GN2: parameter counts, outputs, losses and vertices equal to those of the authors' layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reference_layers import close, fill, reference, tensor
from torch import nn

from triggernet.data.encoding import EncodingConfig
from triggernet.errors import ConfigError
from triggernet.learning.layers.attention import masked_softmax
from triggernet.learning.models.gn2.config import GN2Config
from triggernet.learning.models.gn2.family import FAMILY
from triggernet.learning.models.gn2.network import GN2
from triggernet.learning.tasks.losses import classification_loss
from triggernet.learning.tasks.parts import origin_loss, pair_weights, vertex_loss
from triggernet.learning.tasks.task import Task
from triggernet.learning.tasks.vertexing import assign_vertices

STORED = reference("gn2_until_2025_small")
CONFIG = GN2Config(
    width=16, layers=2, heads=4, embedding=12, output=8, hidden=(12, 10, 8), clip=None, base_width=4
)


@pytest.fixture(scope="module")
def network():
    model = GN2(CONFIG, 4, 7).double()
    places: dict[str, nn.Module] = {
        "init_net.layer1": model.embed[0],
        "init_net.layer2": model.embed[2],
        "encoder.output_projection": model.project,
        "pooling.gate": model.gate,
    }
    norms = {"encoder.final_norm": model.norm}
    for k, block in enumerate(model.blocks, 1):
        at = f"encoder.block{k}."
        for name in ("query", "key", "value", "output"):
            places[f"{at}attention.{name}"] = getattr(block.attention, name)
        places[f"{at}feedforward.up"] = block.up
        places[f"{at}feedforward.down"] = block.down
        norms[f"{at}norm_attention"] = block.norm_attention
        norms[f"{at}norm_feedforward"] = block.norm_feedforward
    for name in ("jet", "origin", "vertex"):
        head = getattr(model, f"head_{name}")
        places |= {f"head_{name}.layer{k + 1}": head[2 * k] for k in range(4)}
    plain = {k: v for k, v in STORED.items() if "norm" not in k}
    fill(plain, places)
    for name, norm in norms.items():
        norm.weight.data = tensor(STORED[f"weights.{name}.gain"])
        norm.bias.data = tensor(STORED[f"weights.{name}.bias"])
    return model


@pytest.fixture(scope="module")
def inputs():
    return {
        "jet": tensor(STORED["input.jet_features"]),
        "tracks": tensor(STORED["input.track_features"]),
        "valid": torch.from_numpy(STORED["input.track_is_real"]),
    }


@pytest.fixture(scope="module")
def labels():
    origin = torch.from_numpy(STORED["label.track_origin"])
    vertex = torch.from_numpy(STORED["label.track_vertex_index"])
    valid = torch.from_numpy(STORED["input.track_is_real"])
    both = torch.stack([torch.where(valid, vertex, -2), origin], -1)
    return torch.where(valid, origin, -1), both


def test_outputs_are_those_of_the_authors(network, inputs):
    jets, parts = network.with_parts(inputs, ("origin", "vertex"))
    assert close(network(inputs), STORED["output.jet_logits"])
    assert close(jets, STORED["output.jet_logits"])
    valid = STORED["input.track_is_real"]
    assert close(parts["origin"][valid], STORED["output.origin_logits"][valid])
    jet, i, j = STORED["output.vertex_pair_index"].T
    assert close(parts["vertex"][jet, i, j], STORED["output.vertex_pair_logits"])
    others = torch.ones_like(parts["vertex"], dtype=torch.bool)
    others[jet, i, j] = False
    assert (parts["vertex"][others] == 0).all()
    assert (parts["origin"][~valid] == 0).all()


def test_a_jet_without_tracks_pools_to_nothing_and_learns_like_all(network, inputs):
    bare = {name: x[4:5] for name, x in inputs.items()}
    assert not bare["valid"].any()
    assert close(network(bare), network.head_jet(torch.zeros(1, 8, dtype=torch.float64)).detach())
    network.zero_grad()
    outputs, parts = network.with_parts(inputs, ("origin", "vertex"))
    (outputs.sum() + sum(x.sum() for x in parts.values())).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_what_is_not_there_has_no_weight_even_where_nothing_is():
    logits = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    present = torch.tensor([[True, True, False], [False, False, False]])
    weights = masked_softmax(logits, present)
    assert torch.allclose(weights[0], torch.tensor([0.26894, 0.73106, 0.0]), atol=1e-5)
    assert (weights[1] == 0).all()


def test_losses_are_those_of_the_authors(network, inputs, labels):
    jets, parts = network.with_parts(inputs, ("origin", "vertex"))
    task = Task(("b", "c", "light", "tau"), tuple(STORED["config.class_weights_jet"].tolist()))
    of_jets = task.loss(jets, torch.from_numpy(STORED["label.jet_class"]))
    weights = tensor(STORED["config.class_weights_origin"])
    origin = 0.5 * origin_loss(parts["origin"], labels[0], weights)
    vertex = 1.5 * vertex_loss(parts["vertex"], labels[1], fakes_with_heavy=True)
    assert close(of_jets, STORED["loss.jet"])
    assert close(origin, STORED["loss.origin_times_0.5"])
    assert close(vertex, STORED["loss.vertex_times_1.5"])
    assert close(of_jets + origin + vertex, STORED["loss.total"])


def test_pairs_of_heavy_tracks_count_twice_and_those_with_fakes_as_asked():
    jet, i, j = STORED["output.vertex_pair_index"].T
    origin = torch.from_numpy(STORED["label.track_origin"])
    published = pair_weights(origin, fakes_with_heavy=True)[jet, i, j]
    np.testing.assert_array_equal(published, STORED["intermediate.vertex_pair_weight"])
    ours = pair_weights(torch.tensor([[3, 5, 1, 1, 2]]))[0]
    assert ours[0].tolist() == [2, 2, 1, 1, 1]
    assert ours[2].tolist() == [1, 1, 1, 1, 1]


def test_losses_without_matching_pairs_or_tracks_are_finite():
    logits = torch.zeros(2, 3, 3, requires_grad=True)
    nothing = torch.full((2, 3, 2), -2)
    loss = vertex_loss(logits, nothing) + origin_loss(
        torch.zeros(2, 3, 8, requires_grad=True), nothing[..., 0].clamp_min(-1), torch.ones(8)
    )
    loss.backward()
    assert loss.item() == 0
    apart = torch.tensor([[[0, 2], [-1, 0], [-1, 0]]])  # two of no vertex do not match
    assert vertex_loss(torch.zeros(1, 3, 3), apart).item() == pytest.approx(6 * np.log(2))


def test_weights_of_jets_weigh_their_tracks_and_pairs(network, inputs, labels):
    _, parts = network.with_parts(inputs, ("origin", "vertex"))
    weight = torch.tensor([1.0, 0.0, 1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    kept = weight > 0
    some = {name: x[kept] for name, x in parts.items()}
    ones = torch.ones(8)
    assert close(
        origin_loss(parts["origin"], labels[0], ones, weight),
        origin_loss(some["origin"], labels[0][kept], ones).detach(),
    )
    assert close(
        vertex_loss(parts["vertex"], labels[1], weight),
        vertex_loss(some["vertex"], labels[1][kept]).detach(),
    )


@pytest.mark.parametrize(
    ("width", "count"), [(256, 2_343_502), (128, 715_470), (64, 294_670), (32, 182_574)]
)
def test_parameters_are_as_many_as_published(width, count):
    with torch.device("meta"):
        model = GN2(GN2Config(width=width))
    assert sum(p.numel() for p in model.parameters()) == count


def test_vertices_are_those_of_the_authors_union_find():
    stored = reference("gn2_vertex_assignment")
    real = stored["input.track_is_real"]
    logits = np.zeros((*real.shape, real.shape[1]))
    logits[tuple(stored["input.pair_index"].T)] = stored["input.pair_logits"]
    np.testing.assert_array_equal(assign_vertices(logits, real), stored["output.vertex_assignment"])


def test_the_order_of_tracks_does_not_matter(network, inputs):
    order = torch.randperm(inputs["valid"].shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = inputs | {name: inputs[name][:, order] for name in ("tracks", "valid")}
    assert close(network(shuffled), network(inputs).detach(), 1e-12)


def test_binary_logits_are_one_number_a_jet():
    model = FAMILY.make_float(CONFIG, EncodingConfig(), 1)
    shape = {"jet": (3, 2), "tracks": (3, 4, 19)}
    given = {name: torch.randn(size) for name, size in shape.items()}
    assert model(given | {"valid": torch.ones(3, 4, dtype=torch.bool)}).shape == (3,)
    assert classification_loss(torch.zeros(3), torch.zeros(3)).item() > 0


def test_inputs_are_standardised_by_the_tracks_that_are_there():
    model = GN2(CONFIG, 4, 7)
    valid = torch.tensor([[True, True, False], [True, False, False]])
    jet, tracks = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.randn(2, 3, 5)
    tracks[..., 4] = 7.0  # does not change
    weight = torch.tensor([1.0, 2.0])
    model.standardise({"jet": jet, "tracks": tracks, "valid": valid}, weight)
    rows = torch.cat([torch.cat([jet[[0, 0, 1]], tracks[valid]], 1)], 1).double()
    share = torch.tensor([1.0, 1.0, 2.0]).double()[:, None] / 4
    mean = (share * rows).sum(0)
    deviation = (share * (rows - mean) ** 2).sum(0).sqrt()
    assert torch.allclose(model.standardisation.mean.double(), mean, atol=1e-6)
    assert torch.allclose(model.standardisation.deviation.double()[:-1], deviation[:-1], atol=1e-6)
    assert model.standardisation.deviation[-1] == 1
    clipped = GN2(GN2Config(width=16, heads=4, base_width=16, clip=2.0), 4, 7).standardisation
    assert clipped(torch.full((7,), 5.0)).tolist() == [2.0] * 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 60}, "width: found 60; it must be a multiple of the 8 heads"),
        ({"base_width": 12}, "base_width: found 12"),
        ({"layers": 0}, "numbers of 1 and more"),
        ({"hidden": ()}, "at least one hidden layer"),
        ({"clip": 0.0}, "clip: found 0.0"),
    ],
)
def test_widths_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        GN2Config(**settings)
