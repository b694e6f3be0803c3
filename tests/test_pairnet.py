"""The symmetric pair network: its formula, its hardware form, and that the two are one network."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from triggernet.data import EncodingConfig, lorentz, mock_jets
from triggernet.data.encoding import ANGLE_STEP_RAD
from triggernet.deployment.export.model import program_of
from triggernet.errors import ConfigError
from triggernet.fixedpoint import Quantiser
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.calibration import cover_ranges
from triggernet.learning.layers.widths import Width
from triggernet.learning.models.pairnet import config as pairnet_config
from triggernet.learning.models.pairnet import pair_inputs
from triggernet.learning.models.pairnet.config import PairNetQuantisation
from triggernet.learning.training import load_run_config
from triggernet.learning.training.features import float_inputs, hardware_inputs
from triggernet.program import Program, evaluate

N = 6
JETS = mock_jets(80, 3)
ENCODING = EncodingConfig(n_constituents=N, jet=True)
FINE = dataclasses.replace(ENCODING, pt_width=22, pt_lsb_gev=2.0**-10)
CASES = {
    "plain": {},
    "invariants": {"features": "invariants"},
    "two blocks": {"blocks": 2},
    "two blocks of invariants": {"blocks": 2, "features": "invariants"},
    "no hidden layer": {"head": []},
}


def config_of(settings: dict):
    keys = {f"model.{k}": v for k, v in ({"n_channels": 3, "n_hidden": 4} | settings).items()}
    return load_run_config(
        {}, keys | {"encoding.n_constituents": N, "encoding.jet": True}, "pairnet"
    )


def values_of(encoding: EncodingConfig) -> dict[str, torch.Tensor]:
    """What the hardware reads, and the four-momenta that it stands for, in the jet's frame."""
    x = {name: values.double() for name, values in hardware_inputs(JETS, encoding).items()}
    eta, phi = (x[name] * ANGLE_STEP_RAD for name in ("eta", "phi"))
    parts = (eta.cosh(), phi.cos(), phi.sin(), eta.sinh())
    jet = torch.cat([x["jet_pt"] + x["jet_excess"], x["jet_pt"]], dim=1)
    momenta = x["pt"][..., None] * torch.stack(parts, dim=2)
    return x | {"momenta": momenta, "jet": torch.nn.functional.pad(jet, (0, 2))}


def both_models(
    settings: dict, quantisation: PairNetQuantisation, encoding: EncodingConfig = ENCODING
):
    """A float model of random weights and statistics, and the quantised one made from it."""
    torch.manual_seed(5)
    config = config_of(settings)
    model = config.family.make_float(config.model, encoding, 1).double().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
        model(values_of(encoding))  # statistics of BatchNorm other than 0 and 1
    quantised = config.family.make_quantised(config.model, quantisation, encoding, 1).double()
    quantised.set_weights(model.eval())
    cover_ranges(quantised, values_of(encoding))
    quantised.freeze_scales()
    return model, quantised.eval()


def normalised(z: np.ndarray, behind) -> np.ndarray:
    """ReLU of values (C,) behind a batch norm."""
    norm = behind.batch_norm
    mean, variance, weight, bias = (
        x.detach().numpy() for x in (norm.mean, norm.variance, norm.weight, norm.bias)
    )
    return np.maximum((z - mean) / np.sqrt(variance + norm.epsilon) * weight + bias, 0)


def linear(layer, x: np.ndarray) -> np.ndarray:
    result = layer.weight.detach().numpy() @ x
    return result if layer.bias is None else result + layer.bias.detach().numpy()


def plain_logit(model, jet: dict[str, np.ndarray]) -> float:
    """One jet, pair by pair, from four-momenta."""
    step, there = math.pi / 720, [k for k in range(N) if jet["pt"][k] > 0]
    pt, y, phi = jet["pt"], jet["eta"] * step, jet["phi"] * step
    p = np.stack([pt * np.cosh(y), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(y)], axis=1)
    jet_pt, excess = float(jet["jet_pt"][0]), float(jet["jet_excess"][0])
    J = np.array([jet_pt + excess, jet_pt, 0, 0])
    metric = np.array([1.0, -1, -1, -1])

    def log(value: float, smallest: float) -> float:
        return math.log2(max(value, smallest)) / 4

    log_mass = log(J * metric @ J, 1)
    x = {}
    for k in there:
        log_r = log(p[k] * metric @ J, 0.25)
        x[k] = np.array(
            [log_r - log_mass + 1, log(pt[k], 0.25) - 1, abs(y[k]) * 4 - 1, abs(phi[k]) * 4 - 1]
        )
    (block,) = model.blocks
    first, _, last = block.of_pair
    sums = {k: np.zeros(3) for k in there}
    for i in there:
        for j in there:
            if i < j:
                log_d = log(p[i] * metric @ p[j], 2**-4) - 1
                z = linear(last, np.tanh(linear(first, np.array([log_d]))))
                z = normalised(
                    z + linear(block.share, x[i]) + linear(block.share, x[j]), block.behind
                )
                sums[i], sums[j] = sums[i] + z, sums[j] + z
    h = [
        normalised(
            linear(model.node.dense[0], np.concatenate([x[k], sums[k] / 8])), model.node.behind[0]
        )
        for k in there
    ]
    pooled = np.concatenate([np.sum(h, axis=0) / 8, [log_mass - 3, log(jet_pt, 1) - 2]])
    first, last = model.head.dense
    return float(linear(last, np.maximum(linear(first, pooled), 0))[0])


def test_the_float_model_is_its_formula() -> None:
    model, _ = both_models({}, PairNetQuantisation())
    values = values_of(ENCODING)
    with torch.no_grad():
        found = model(values).numpy()
    jets = ({name: x[k].numpy() for name, x in values.items()} for k in range(len(JETS)))
    np.testing.assert_allclose(found, [plain_logit(model, jet) for jet in jets], rtol=1e-7)
    assert np.ptp(found) > 0.1


def widest() -> PairNetQuantisation:
    """So wide that rounding does not matter, also of what tables read."""
    named = {f.name for f in dataclasses.fields(PairNetQuantisation)}
    named -= {"rounding", "table", "angle", "weight", "bias", "digits", "log", "pair_log"}
    wide = dict.fromkeys(named, Width(30, 14))
    return PairNetQuantisation(
        rounding="ROUND",
        table=Width(26, 1),
        angle=Width(27, 2),
        log=Width(16, 5),
        pair_log=Width(15, 4),
        weight=24,
        bias=30,
        digits=None,
        **wide | {"mass": Width(32, 20), "r": Width(24, 14), "share": Width(24, 6)},
    )


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_only_rounding_is_between_float_and_hardware(
    settings: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With true logarithms in place of piecewise linear ones, the two are the same network."""

    def logarithm(self, *tensors):
        return torch.log2(1 + tensors[0] * 2.0**self.shift)

    monkeypatch.setattr(edge_layers.MitchellLog, "_compute", logarithm)
    monkeypatch.setattr(pair_inputs, "inverse_log", lambda y: np.exp2(y) - 1)
    monkeypatch.setattr(pair_inputs, "MITCHELL_MEAN", 0.0)
    monkeypatch.setattr(pairnet_config, "WIDEST_ADDRESS", 16)
    model, quantised = both_models(settings, widest(), FINE)
    with torch.no_grad():
        expected, found = model(values_of(FINE)), quantised(values_of(FINE))
    spread = float(expected.std())
    assert spread > 1e-3
    assert float((found - expected).abs().max()) < 0.01 * spread


def program_and_codes(quantised) -> tuple[Program, dict[str, np.ndarray]]:
    program = program_of(quantised)
    codes = {
        name: Quantiser(program.tensors[name].type).from_real(values.numpy())
        for name, values in values_of(ENCODING).items()
        if name in program.inputs
    }
    return program, codes


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_the_program_is_the_model_to_the_last_bit(settings: dict) -> None:
    rounding = "ROUND" if settings.get("blocks") == 2 else "FLOOR"
    quantised = both_models(settings, PairNetQuantisation(rounding))[1]
    program, codes = program_and_codes(quantised)
    with torch.no_grad():
        expected = quantised.outputs(values_of(ENCODING)).numpy()
    (name,) = program.outputs
    found = evaluate(program, codes)[name]
    np.testing.assert_array_equal(program.tensors[name].type.decode(found), expected)
    assert len(np.unique(found)) > 10
    order = np.random.default_rng(1).permuted(np.tile(np.arange(N), (len(JETS), 1)), axis=1)
    moved = {k: np.take_along_axis(v, order, 1) if v.shape[1] == N else v for k, v in codes.items()}
    np.testing.assert_array_equal(evaluate(program, moved)[name], found)


def test_no_product_of_a_pair_takes_a_multiplier() -> None:
    """Of a jet of N constituents there are N products with J, and J . J."""
    program, _ = program_and_codes(both_models({}, PairNetQuantisation())[1])
    found = {node.op for node in program.nodes}
    assert found & {"PairDotPolar", "Multiply", "Product"} == set()
    assert {"PairAngle", "PairJoin", "Embedding", "EdgeSum", "JetDotPolar"} <= found


@pytest.mark.parametrize("features", ["invariants", "momenta"])
def test_invariants_see_momenta_through_their_products_alone(features: str) -> None:
    """A turn about the jet's axis of both angles leaves d_ij; another one of J leaves p . J too."""
    model, _ = both_models({"features": features}, PairNetQuantisation())
    rng = np.random.default_rng(2)
    axes = lorentz.directions(len(JETS), rng)
    turn = lorentz.boost(axes, rng.uniform(0.1, 0.5, len(JETS)))
    turned = dataclasses.replace(
        JETS,
        constituents=JETS.constituents @ np.swapaxes(turn, 1, 2),
        jet=np.einsum("nij,nj->ni", turn, JETS.jet),
    )
    # as the leading ones by transverse momentum differ in the other frame, all are kept
    N_all = JETS.constituents.shape[1]
    every = dataclasses.replace(ENCODING, n_constituents=N_all)
    with torch.no_grad():
        before, after = (model(float_inputs(jets, every)) for jets in (JETS, turned))
    if features == "invariants":
        torch.testing.assert_close(after, before, rtol=1e-6, atol=1e-6)
    else:
        assert float((after - before).abs().max()) > 1e-3 * float(before.std())


def test_the_words_of_the_table_are_what_is_learned() -> None:
    """A step along the gradient of one word's function moves the score as the gradient says."""
    quantised = both_models({}, PairNetQuantisation())[1]
    table = quantised.blocks[0].of_pair
    words = table.words()
    words.sum().backward()
    gradients = [p.grad.clone() for p in table.functions.parameters()]
    assert all(float(g.abs().max()) > 0 for g in gradients)
    table.functions.zero_grad()
    smooth = table.functions(torch.arange(128, dtype=torch.float64)[:, None] / 8)
    smooth.sum().backward()
    for gradient, parameter in zip(gradients, table.functions.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)
    inside = smooth.detach().clamp(-8, 8 - 1 / 8)
    assert float((words.detach() - inside).abs().max()) <= 1 / 16


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding.n_constituents": 1}, "pairs need 2 or more"),
        ({"model.blocks": 3}, "blocks: found 3; allowed is 1 to 2"),
        ({"model.head": [0]}, "every layer needs an output"),
        ({"quantisation.pair_log": {"width": 13, "integer": 4}}, "allowed is up to 12"),
        ({"quantisation.r": {"width": 12}}, "r: 'integer' is missing"),
    ],
)
def test_contradictions_are_refused(settings: dict, message: str) -> None:
    good = {"encoding.n_constituents": N, "encoding.jet": True}
    with pytest.raises(ConfigError, match=message):
        load_run_config({}, good | settings, "pairnet")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding.kind": "cartesian"}, "set encoding.kind: polar"),
        ({"encoding.jet": False}, "set encoding.jet: true"),
        ({"encoding.phi_width": 8}, "set both to one width"),
    ],
)
def test_what_has_no_hardware_form_says_why(settings: dict, message: str) -> None:
    good = {"encoding.n_constituents": N, "encoding.jet": True}
    assert load_run_config({}, good, "pairnet").refusal is None
    refusal = load_run_config({}, good | settings, "pairnet").refusal
    assert message in str(refusal)
