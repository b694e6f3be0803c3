"""The network whose interaction is linear: its formula, its symmetry, its hardware form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from triggernet.data import EncodingConfig, mock_jets
from triggernet.deployment.export.model import program_of
from triggernet.errors import ConfigError
from triggernet.learning.layers.calibration import calibrate
from triggernet.learning.layers.constituents import constituent_inputs
from triggernet.learning.models.jedilinear.config import JediLinearConfig, JediLinearQuantisation
from triggernet.learning.models.jedilinear.network import JediLinear
from triggernet.learning.models.jedilinear.quantised import QuantisedJediLinear
from triggernet.learning.models.registry import model_family
from triggernet.learning.training import load_run_config
from triggernet.learning.training.features import float_inputs, hardware_inputs
from triggernet.program import Program, evaluate

N = 6
JETS = mock_jets(200, 5)
NAMES = ("pt", "eta", "phi")
SMALL = {"embedding": (5, 6), "rounds": (4, 6), "node": (7,), "head": (5,)}


def make(names: tuple[str, ...] = NAMES, **widths: tuple[int, ...]) -> JediLinear:
    """With random weights, large enough to tell jets apart."""
    torch.manual_seed(1)
    model = JediLinear(JediLinearConfig(**(SMALL | widths)), names, N).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


def few_present(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same jets with ever fewer constituents: 0, 1, 2, ..."""
    kept = torch.arange(N)[None] < torch.arange(len(JETS))[:, None] % (N + 1)
    return {name: inputs[name] * kept for name in NAMES}


INPUTS = few_present(float_inputs(JETS, EncodingConfig(n_constituents=N)))


def quantised(
    encoding: EncodingConfig, settings: dict
) -> tuple[QuantisedJediLinear, dict[str, torch.Tensor]]:
    """What `make` makes, calibrated, and its inputs."""
    family, inputs = model_family("jedilinear"), hardware_inputs(JETS, encoding)
    model = make(constituent_inputs(encoding))
    hardware = family.make_quantised(
        JediLinearConfig(**SMALL), JediLinearQuantisation(**settings), encoding, 1
    )
    family.transfer(model, hardware, inputs, torch.from_numpy(JETS.label))
    return hardware.eval(), inputs


def codes_of(program: Program, inputs: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {
        name: (inputs[name].double().numpy() / program.tensors[name].type.lsb).astype(np.int64)
        for name in program.inputs
    }


def test_parameters_by_hand() -> None:
    embedding = (3 * 5 + 5) + (5 * 6 + 6)
    rounds = (6 * 4 + 4 + 6 * 4) + (4 * 6 + 6 + 4 * 6)
    rest = (6 * 7 + 7) + (7 * 5 + 5) + (5 + 1)
    assert sum(p.numel() for p in make().parameters()) == embedding + rounds + rest == 257
    default = JediLinear(JediLinearConfig(), NAMES, 16)
    assert sum(p.numel() for p in default.parameters()) == 64 + 528 + 272 + 272 + 17


def test_the_formula_constituent_by_constituent() -> None:
    model = make()
    relu = torch.relu
    expected = []
    for jet in range(20):
        x = torch.stack([INPUTS[name][jet] for name in NAMES], 1)
        x = x[x[:, 0] != 0]
        h = [relu(model.embedding[1](relu(model.embedding[0](c / 16)))) for c in x]
        for interaction in model.rounds:
            total = sum(h, torch.zeros(interaction.own.in_features, dtype=torch.float64)) / 8
            h = [relu(interaction.own(c) + interaction.shared.weight @ total) for c in h]
        h = [relu(model.node[0](c)) for c in h]
        pooled = sum(h, torch.zeros(7, dtype=torch.float64)) / 8
        expected.append(model.head[1](relu(model.head[0](pooled))))
    found = model({name: INPUTS[name][:20] for name in NAMES})
    torch.testing.assert_close(found, torch.cat(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("n", "unit"), [(1, 1), (2, 2), (5, 8), (8, 8), (9, 16), (16, 16)])
def test_sums_are_divided_by_the_power_of_two_at_or_above_n(n: int, unit: int) -> None:
    assert JediLinear(JediLinearConfig(), NAMES, n).sum_unit == unit


@pytest.mark.parametrize("widths", [{}, {"node": ()}, {"head": (), "rounds": (4,)}])
def test_no_permutation_changes_a_bit(widths: dict) -> None:
    model = make(**widths)
    assert model.permutation_invariant
    before = model(INPUTS)
    assert before.std() > 0
    for seed in range(3):
        order = torch.randperm(N, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(model({k: x[:, order] for k, x in INPUTS.items()}), before)


def test_no_permutation_changes_a_bit_in_hardware() -> None:
    model, inputs = quantised(EncodingConfig(n_constituents=N), {})
    before = model(inputs)
    assert torch.unique(before).numel() > 10
    assert torch.equal(model({k: x.flip(1) for k, x in inputs.items()}), before)


def test_absent_constituents_count_nothing() -> None:
    """Whatever stands beside a transverse momentum of zero."""
    model = make()
    absent = INPUTS["pt"] == 0
    moved = INPUTS | {"eta": INPUTS["eta"] + 30.0 * absent}
    torch.testing.assert_close(model(moved), model(INPUTS), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("encoding", [{}, {"kind": "cartesian"}, {"jet": True}], ids=str)
@pytest.mark.parametrize("settings", [{}, {"rounding": "ROUND", "digits": 1, "weight": 5}], ids=str)
def test_quantised_is_its_program(encoding: dict, settings: dict) -> None:
    model, inputs = quantised(EncodingConfig(n_constituents=N, **encoding), settings)
    scores = model.outputs(inputs).detach().double().numpy()
    program = program_of(model)
    assert [n.name for n in program.nodes if n.op in ("Sum", "Dense")] == [
        "embedding_0", "embedding_1", "pooled_0", "rounds_0", "pooled_1", "rounds_1", "node_0",
        "total", "head_0", "head_1",
    ]  # fmt: skip
    output = program.outputs[0]
    found = evaluate(program, codes_of(program, inputs))[output]
    assert np.array_equal(found * program.tensors[output].type.lsb, scores)
    assert len(np.unique(scores)) > 5


def test_quantised_starts_as_the_float_model() -> None:
    encoding = EncodingConfig(n_constituents=N)
    widths = {key: {"width": 24, "integer": 12} for key in ("columns", "hidden", "pooled", "score")}
    config = load_run_config(
        {}, {"model": SMALL, "quantisation": widths | {"weight": 16, "bias": 16}}, "jedilinear"
    )
    hardware = QuantisedJediLinear(config.model, config.quantisation, encoding).double().eval()
    model = make()
    hardware.set_weights(model)
    calibrate(hardware, INPUTS, torch.from_numpy(JETS.label))
    inputs = {name: x.round() for name, x in INPUTS.items()}
    torch.testing.assert_close(
        hardware(inputs).double(),
        model(inputs),
        rtol=0,
        atol=0.02 * float(model(inputs).detach().std()),
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model.rounds": []}, "at least one layer of each; without rounds it is model 'deepsets'"),
        ({"model.embedding": []}, "at least one layer of each"),
        ({"model.head": [3, 0]}, r"head \(3, 0\): every layer needs an output"),
        ({"model.activation": "silu"}, "model.activation: unknown key"),
        ({"quantisation.digits": 0}, "digits: found 0; allowed is 1 and more"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_run_config({}, settings, "jedilinear")
