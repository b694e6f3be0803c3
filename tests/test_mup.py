"""Maximal update parametrisation: rates, initial weights and outputs as mup has them; its traps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reference_layers import close, reference, tensor
from torch import nn

from triggernet.data.encoding import EncodingConfig
from triggernet.errors import ModelError
from triggernet.learning.layers.attention import SelfAttention
from triggernet.learning.layers.graphs import rows_of
from triggernet.learning.layers.mup import (
    Readout,
    attention_scale,
    parametrise,
    scalings,
    shapes_of,
)
from triggernet.learning.models import model_family
from triggernet.learning.training.recipes import AdamWConfig, CycleConfig
from triggernet.learning.training.schedules import pace
from triggernet.learning.training.start import parameter_groups
from triggernet.learning.training.start_config import StartConfig

STORED = reference("mup")
ENCODING = EncodingConfig()


class Pieces(nn.Module):
    """The layers that the stored numbers are of."""

    def __init__(self, width):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(width))
        self.input = nn.Linear(10, width)
        self.hidden = nn.Linear(width, width)
        self.norm_gain_bias = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attention_output = nn.Linear(width, width)
        self.feedforward_up = nn.Linear(width, 2 * width)
        self.feedforward_down = nn.Linear(2 * width, width)
        self.readout = Readout(width, 3)


@pytest.mark.parametrize("width", [64, 128, 256, 512])
def test_rates_and_initial_weights_are_those_of_mup(width):
    names = STORED["parameter_names"].tolist()
    base, module = shapes_of(Pieces(64)), Pieces(width)
    found = scalings(module, base)
    assert list(found) == names
    at = f"width{width}."
    rates = [found[name].rate for name in names]
    decays = [found[name].decay for name in names]
    np.testing.assert_allclose(rates, STORED[at + "adamw.learning_rate_multiplier"])
    np.testing.assert_allclose(decays, STORED[at + "adamw.weight_decay_multiplier"])
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    parametrise(module, base)
    factors = STORED[at + "rescale_factor_on_default_torch_init"]
    for (name, p), factor in zip(module.named_parameters(), factors, strict=True):
        assert torch.allclose(p, before[name] * factor), name
    assert module.readout.ratio == STORED[at + "readout_forward_divisor"]
    readout = module.readout.double()
    readout.weight.data = tensor(STORED[at + "readout.weight"])
    readout.bias.data = tensor(STORED[at + "readout.bias"])
    assert close(readout(tensor(STORED[at + "readout.input"])), STORED[at + "readout.output"])


def test_five_steps_are_those_of_mup():
    def network(width):
        module = nn.Module()
        module.layer1, module.layer2 = nn.Linear(4, width), nn.Linear(width, width)
        module.readout = Readout(width, 2)
        return module

    model, base = network(32).double(), shapes_of(network(8))
    parametrise(model, base)
    for name, p in model.named_parameters():
        p.data = tensor(STORED[f"training.initial.{name}"])
    groups = parameter_groups(model, StartConfig())
    for group in groups:
        group |= {"lr": 1e-2 * group["scale"], "weight_decay": 0.1 * group["decay"]}
    optimiser = torch.optim.AdamW(groups)
    x, label = tensor(STORED["training.input"]), torch.from_numpy(STORED["training.label"])
    losses = []
    for _ in range(6):
        y = model.readout(torch.relu(model.layer2(torch.relu(model.layer1(x)))))
        loss = nn.functional.cross_entropy(y, label)
        losses.append(loss.item())
        if len(losses) == 6:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    np.testing.assert_allclose(losses, STORED["training.losses_before_each_step_and_after_last"])
    for name, p in model.named_parameters():
        assert close(p.data, STORED[f"training.final.{name}"]), name


def test_attention_is_that_of_salt_where_the_base_width_is_one_a_head():
    at = "salt_mup_attention."
    width, heads = STORED[at + "query.weight"].shape[0], int(STORED[at + "num_heads"])
    scale = attention_scale(width // heads, 1)
    assert scale == float(STORED[at + "logit_scale"])
    layer = SelfAttention(width, heads, scale).double()
    names = {"query": "query", "key": "key", "value": "value", "output": "output_projection"}
    for mine, theirs in names.items():
        getattr(layer, mine).weight.data = tensor(STORED[f"{at}{theirs}.weight"])
        getattr(layer, mine).bias.data = tensor(STORED[f"{at}{theirs}.bias"])
    present = torch.from_numpy(STORED[at + "is_real"])
    rows = rows_of(present)
    found = layer(rows.take(tensor(STORED[at + "input"])), rows, present)
    assert close(found, STORED[at + "output"][STORED[at + "is_real"]])


def made(name, width, parametrisation="mup", base=32, seed=0, **more):
    family = model_family(name)
    config = family.at_width(
        family.config(parametrisation=parametrisation, base_width=base, **more), width
    )
    torch.manual_seed(seed)
    return family.make_float(family.at_width(config, width), ENCODING, 4)


def batch(n=64, seed=1):
    rng = torch.Generator().manual_seed(seed)
    valid = torch.rand(n, 12, generator=rng) < 0.7
    tracks = torch.randn(n, 12, 19, generator=rng) * valid[..., None]
    label = (tracks[..., 0].sum(1) > 0).long() + 2 * (tracks[..., 1].sum(1) > 0).long()
    return {"jet": torch.randn(n, 2, generator=rng), "tracks": tracks, "valid": valid}, label


@pytest.mark.parametrize("name", ["gn2", "dips"])
def test_both_parametrisations_are_the_same_at_the_base_width(name):
    inputs, _ = batch()
    models = [made(name, 32, each) for each in ("standard", "mup")]
    assert torch.equal(models[0](inputs), models[1](inputs))
    groups = [parameter_groups(model, StartConfig()) for model in models]
    assert [g["scale"] for g in groups[1]] == [g["scale"] for g in groups[0]] == [1.0]


def test_making_the_base_shapes_draws_no_random_numbers():
    made("gn2", 64)
    after = torch.rand(1)
    made("gn2", 64, "standard")
    assert torch.equal(after, torch.rand(1))


@pytest.mark.parametrize("name", ["gn2", "dips"])
@pytest.mark.parametrize("parametrisation", ["standard", "mup"])
def test_every_parameter_learns_after_two_steps(name, parametrisation):
    """A readout of zeros before heads without biases would stop all gradients."""
    model, (inputs, label) = made(name, 64, parametrisation), batch()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), label)
        loss.backward()
        optimiser.step()
    silent = ("head_origin", "head_vertex", "key.bias", "gate.bias")  # asked nothing, or shift all
    for parameter, p in model.named_parameters():
        if not any(word in parameter for word in silent):
            assert p.grad.abs().max() > 0, parameter


def test_schedules_keep_the_rates_of_all_groups_in_ratio():
    """torch's OneCycleLR with one number for its highest rate would make all of them the same."""
    model = made("gn2", 256)
    scales = {group["scale"] for group in parameter_groups(model, StartConfig())}
    assert scales == {1.0, 1 / 8}
    assert {g["decay"] for g in parameter_groups(model, StartConfig())} == {1.0, 8.0}


def test_no_norm_stands_behind_the_readout():
    """A norm there would undo the scale of the readout: the projection's output must keep it."""
    inputs, _ = batch()
    model = made("gn2", 128)
    rows = rows_of(inputs["valid"])
    one = model.encoded(inputs, rows)
    model.project.ratio *= 2
    model.project.bias.data.zero_()
    with torch.no_grad():
        halved = model.encoded(inputs, rows)
        model.project.ratio /= 2
        whole = model.encoded(inputs, rows)
    assert torch.allclose(2 * halved, whole, atol=1e-6)
    assert one.shape == whole.shape


def test_layers_from_a_width_to_something_fixed_must_be_readouts():
    def network(width):
        return nn.Sequential(nn.Linear(3, width), nn.Linear(width, 2))

    with pytest.raises(ModelError, match="layer '1' reads a width and has fixed outputs"):
        parametrise(network(16), shapes_of(network(8)))
    with pytest.raises(ModelError, match=r"parameter '1\.weight' is missing at the base width"):
        scalings(network(16), shapes_of(nn.Sequential(nn.Linear(3, 8))))


@pytest.mark.parametrize("name", ["gn2_yaml", "base_yaml_pct_0.1"])
def test_one_cycle_is_that_of_torch_in_every_step(name):
    stored = reference("gn2_learning_rate_schedule")
    initial, most, end, rise, steps = stored[f"{name}.initial_max_end_pct_steps"]
    cycle = CycleConfig(initial=initial, final=end, rise=rise)
    config = AdamWConfig(
        epochs=10,
        learning_rate=most,
        schedule="one-cycle",
        cycle=cycle,
        warmup_epochs=0,
        decay_epochs=0,
    )
    found = [pace(config, k, int(steps) // 10) for k in range(int(steps))]
    np.testing.assert_allclose(
        [p.rate for p in found], stored[f"{name}.learning_rate_per_step"], rtol=1e-9
    )
    np.testing.assert_allclose(
        [p.beta1 for p in found], stored[f"{name}.adam_beta1_per_step"], rtol=1e-9
    )


def test_a_constant_rate_is_constant():
    config = AdamWConfig(schedule="constant", learning_rate=3e-4)
    assert {pace(config, k, 7) for k in range(70)} == {(3e-4, 0.9)}
