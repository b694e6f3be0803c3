"""LorentzNet, the plain MLP, the jet-mass threshold, and models without a hardware form."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
import torch

from triggernet.cli import main
from triggernet.data import EncodingConfig, load_jets, lorentz, mock_jets, sample_path, save_jets
from triggernet.deployment.export.model import program_of
from triggernet.errors import ConfigError, DataError, ModelError
from triggernet.files import read_json
from triggernet.learning.evaluation import evaluate
from triggernet.learning.evaluation.baselines import best_mass_threshold, mass_threshold
from triggernet.learning.evaluation.roc import plot_roc
from triggernet.learning.layers import minkowski
from triggernet.learning.models.lorentznet.config import LorentzNetConfig
from triggernet.learning.models.lorentznet.network import LorentzNet
from triggernet.learning.models.mlp.config import MlpConfig
from triggernet.learning.models.mlp.network import MLP
from triggernet.learning.models.registry import model_family
from triggernet.learning.training import load_run, load_run_config, train
from triggernet.learning.training.features import float_inputs, hardware_inputs
from triggernet.program import evaluate as evaluate_program

N = 10
JETS = mock_jets(60, 3)
INPUTS = float_inputs(JETS, EncodingConfig(n_constituents=N))
# Configurations without a hardware form, and what is said of them.
WITHOUT_HARDWARE = {
    "mlp": ({"model.activation": "silu"}, "activation: silu .* set model.activation: relu"),
    "lorentznet": ({"model.n_blocks": 2}, "n_blocks: 2 moves vectors .* set model.n_blocks: 1"),
}
FAST = {
    "encoding.n_constituents": N,
    "training.adamw.batch_size": 64,
    "training.adamw.learning_rate": 0.02,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.decay_epochs": 1,
}


def lorentznet(seed=1, **settings):
    torch.manual_seed(seed)
    return LorentzNet(LorentzNetConfig(**settings)).double().eval()


def matrices(n, rapidity=1.0):
    rng = np.random.default_rng(1)
    turn = lorentz.rotation(lorentz.directions(n, rng), rng.uniform(-np.pi, np.pi, n))
    boost = lorentz.boost(lorentz.directions(n, rng), rng.uniform(-rapidity, rapidity, n))
    return torch.from_numpy(boost @ turn)


def n_parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_lorentznet_has_the_published_parameters():
    assert n_parameters(LorentzNet(LorentzNetConfig())) == 120
    full = n_parameters(LorentzNet(LorentzNetConfig(n_blocks=6, width=72)))
    assert full == 224_072  # published: 224k


def logit(model, momenta, beams):
    """That of constituents (B, N, 4) with beams (B, 2, 4) that need not be along z."""
    return model.head_logits(model.pooled(momenta, beams))


@pytest.mark.parametrize("beams", [True, False])
def test_lorentznet_is_invariant_with_its_beams(beams):
    model = lorentznet(n_blocks=3, width=6, beams=beams, step=0.5)
    momenta = INPUTS["momenta"].clone()
    momenta[::3, 4:] = 0
    momenta[:, 1, 0] *= 1.001  # one with a mass
    L = matrices(len(momenta))
    seen = momenta.new_tensor([[1.0, 0, 0, 1], [1, 0, 0, -1]]).expand(len(L), 2, 4)[:, : 2 * beams]
    turned = (torch.einsum("nab,nib->nia", L, p) for p in (momenta, seen))
    before, after = logit(model, momenta, seen), logit(model, *turned)
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-9)
    assert before.std() > 1e-4
    assert not torch.allclose(before, logit(lorentznet(2, n_blocks=3, width=6), momenta, seen))


def lorentznet_by_hand(model, p):
    """The logit of one jet without absent constituents, (N, 4), pair by pair; as for evaluation."""
    psi = lambda z: z.sign() * (1 + z.abs()).log()  # noqa: E731
    dot = lambda a, b: (a * b * a.new_tensor([1.0, -1, -1, -1])).sum()  # noqa: E731

    def norm(behind, x):
        n = behind.batch_norm
        return torch.relu((x - n.mean) / (n.variance + 1e-5).sqrt() * n.weight + n.bias)

    s = [p.new_tensor([float(psi(dot(q, q).clamp(min=0).sqrt())), 0]) for q in p]
    x = [*p, *p.new_tensor([[1.0, 0, 0, 1], [1, 0, 0, -1]])]
    s += [p.new_tensor([0.0, 1])] * 2
    h = [model.embedding(a) for a in s]
    for block in model.blocks:
        new_h, new_x = [], []
        for i in range(len(x)):
            total, steps = 0, []
            for j in [j for j in range(len(x)) if j != i]:
                gap = x[i] - x[j]
                pair = psi(torch.stack([dot(gap, gap), dot(x[i], x[j])]))
                m = block.phi_e.first.weight @ torch.cat([h[i], h[j], pair])
                m = torch.relu(block.phi_e_end(norm(block.phi_e.behind_first, m)))
                m = m * torch.sigmoid(block.phi_m(m))
                total = total + m
                if block.phi_x is not None:
                    steps.append((gap * block.phi_x(m)).clamp(-100, 100))
            first, end = block.phi_h.dense
            inner = norm(block.phi_h.behind[0], first(torch.cat([h[i], total, s[i]])))
            new_h.append(h[i] + end(inner))
            new_x.append(x[i] + block.step * sum(steps) / len(steps) if steps else x[i])
        h, x = new_h, new_x
    first, end = model.head.dense
    outputs = end(torch.relu(first(sum(h) / len(h))))
    return outputs[1] - outputs[0]


def test_lorentznet_is_what_the_formulas_say():
    model = lorentznet(n_blocks=3, width=4, step=0.3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "phi_x" in name:
                parameter.mul_(300)  # starts near zero, and some of the clamps shall act
        for name, buffer in model.named_buffers():
            buffer.add_(0.3 * torch.rand_like(buffer)) if "batch_norm" in name else None
        momenta = INPUTS["momenta"][:4, :5].clone()
        momenta[:, 2, 0] *= 1.01
        expected = torch.stack([lorentznet_by_hand(model, p) for p in momenta])
        torch.testing.assert_close(model({"momenta": momenta}), expected, rtol=1e-8, atol=1e-8)


def test_lorentznet_vectors_move_and_matter():
    still, moving = (lorentznet(n_blocks=2, width=6, step=step) for step in (0.0, 50.0))
    gap = (still(INPUTS) - moving(INPUTS)).abs()
    assert gap.max() > 1e-8


def test_lorentznet_without_beams_ignores_the_frame_and_with_them_does_not():
    momenta, L = INPUTS["momenta"], matrices(len(INPUTS["momenta"]), 0.3)
    turned = torch.einsum("nab,nib->nia", L, momenta)
    gaps = []
    for beams in (False, True):
        model = lorentznet(n_blocks=2, width=6, beams=beams)
        gaps.append((model({"momenta": turned}) - model({"momenta": momenta})).abs().max())
    assert gaps[0] < 1e-9
    assert gaps[1] > 1e-5


@pytest.mark.parametrize("training", [False, True])
def test_lorentznet_masks_and_permutes(training):
    model = lorentznet(n_blocks=2, width=5).train(training)
    momenta = INPUTS["momenta"].clone()
    momenta[::4, 3:] = 0
    momenta[0] = 0
    before = model({"momenta": momenta})
    assert torch.equal(model({"momenta": momenta.flip(1)}), before) or training
    padded = torch.nn.functional.pad(momenta, (0, 0, 0, 6))
    model = lorentznet(n_blocks=2, width=5).train(training)
    torch.testing.assert_close(model({"momenta": padded}), before, rtol=1e-9, atol=1e-10)


def test_mlp_reads_every_place_by_itself():
    torch.manual_seed(1)
    model = MLP(MlpConfig(hidden=(7, 3)), ("pt", "eta", "phi"), N)
    assert n_parameters(model) == (3 * N + 1) * 7 + 8 * 3 + 4
    flipped = {name: INPUTS[name].flip(1) for name in model.names}
    assert not torch.allclose(model(flipped), model(INPUTS))
    short = {name: INPUTS[name][:, :4] for name in model.names}
    with pytest.raises(ModelError, match="4 constituents a jet, but every one of the model's 10"):
        model(short)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("lorentznet", {"model.n_blocks": 0}, "n_blocks: found 0; at least 1"),
        ("lorentznet", {"model.width": 0}, "width: found 0; at least 1"),
        ("lorentznet", {"model.dropout": 1.0}, "dropout: found 1.0"),
        ("lorentznet", {"model.widht": 3}, "did you mean 'width'"),
        ("mlp", {"model.hidden": [4, 0]}, "every layer needs an output"),
        ("mlp", {"model.dropout": -0.1}, "dropout: found -0.1"),
        ("lorentznet", {"quantisation": {"wieght": 8}}, "quantisation.wieght: unknown key"),
        ("mlp", {"quantisation": {"digits": 0}}, "digits: found 0; allowed is 1 and more"),
        ("lorenznet", {}, "unknown model 'lorenznet'; did you mean 'lorentznet'"),
    ],
)
def test_wrong_settings_are_refused(model, settings, message):
    with pytest.raises(ConfigError, match=message):
        load_run_config({}, settings, model)


def test_mass_is_zero_where_it_is_rounding():
    momenta = INPUTS["momenta"][INPUTS["momenta"][..., 0] > 0]
    assert (minkowski.square(momenta) == 0).all()
    heavy = momenta.clone()
    heavy[:, 0] = (heavy[:, 0] ** 2 + 0.14**2).sqrt()
    torch.testing.assert_close(
        minkowski.square(heavy), 0 * heavy[:, 0] + 0.14**2, rtol=1e-4, atol=0
    )


def test_jet_mass_threshold_is_as_published():
    jets = load_jets(sample_path("toptag_reference"))
    threshold = best_mass_threshold(mock_jets(4000, 1))
    found = mass_threshold(jets, threshold)
    assert found.auc == pytest.approx(0.906, abs=0.02)  # 1,000 jets: statistical error 0.01
    assert found.n_parameters == 1
    best = mass_threshold(jets, best_mass_threshold(jets))
    others = [mass_threshold(jets, float(cut)).accuracy for cut in range(20, 300)]
    assert best.accuracy >= max(others)
    assert best.auc == found.auc


def test_mass_threshold_refuses_one_class():
    jets = JETS.select(JETS.label == 1)
    with pytest.raises(DataError, match="30 signal among 30; a threshold needs"):
        best_mass_threshold(jets)
    with pytest.raises(DataError, match="both are needed to judge"):
        mass_threshold(jets, 100.0)


def test_a_configuration_may_lack_what_its_family_has():
    encoding, reasons = EncodingConfig(n_constituents=N), {(4,): "phi: too narrow; set phi: [5]"}
    family = dataclasses.replace(
        model_family("deepsets"), unsupported=lambda config, _: reasons.get(config.phi)
    )
    assert family.refusal(family.config(phi=(5,)), encoding) is None
    refusal = family.refusal(family.config(phi=(4,)), encoding)
    assert isinstance(refusal, ModelError)
    assert "configuration of model 'deepsets' has no hardware form: phi: too narrow" in str(refusal)


@pytest.mark.parametrize("name", WITHOUT_HARDWARE)
def test_what_has_no_hardware_form_trains_and_is_refused_else(name, tmp_path, capfd):
    data, folder, plot = tmp_path / "jets.h5", tmp_path / "run", tmp_path / "roc.svg"
    save_jets(data, mock_jets(600, 1))
    more, reason = WITHOUT_HARDWARE[name]
    settings = FAST | {"training.adamw.epochs": 4} | more
    words = [word for k, v in settings.items() for word in ("--set", f"{k}={v}")]
    assert main(["train", name, "--data", str(data), "--out", str(folder), *words]) == 0
    said = capfd.readouterr()
    assert "quantised" not in said.out
    assert re.search(f"note: .*model '{name}' has no hardware form: .*{reason}", said.err)
    assert {p.name for p in folder.iterdir()} == {
        "config.yaml", "float.pt", "metrics.json", "history.jsonl", "provenance.json"
    }  # fmt: skip
    assert read_json(folder / "metrics.json")["quantised"] is None
    assert main(["evaluate", str(folder), "--data", str(data), "-o", str(plot)]) == 0
    assert "quantised" not in capfd.readouterr().out
    assert "<svg" in plot.read_text()
    assert main(["evaluate", str(folder), "--data", str(data), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["quantised"] is None
    refused = f"model '{name}' has no hardware form: .*{reason}"
    with pytest.raises(ModelError, match=refused):
        assert load_run(folder).quantised
    for command in (
        ["export", str(folder), "--out", str(tmp_path / "project")],
        ["export", str(folder), "--hls", "--out", str(tmp_path / "project")],
        ["export", str(folder), "--rtl", "--out", str(tmp_path / "project")],
        ["verify", str(folder)],
        ["cosim", str(folder)],
        ["synth", str(folder)],
        ["report", str(folder)],
    ):
        assert main(command) == 2
        assert re.search(refused, capfd.readouterr().err)
    assert not (tmp_path / "project").exists()


def test_evaluation_without_hardware_says_so(tmp_path):
    run = train(
        load_run_config({}, FAST | {"training.adamw.epochs": 2, "model.activation": "tanh"}, "mlp"),
        JETS,
        tmp_path / "r",
    )
    found = evaluate(run, JETS)
    with pytest.raises(ModelError, match="no logits of a quantised model"):
        assert found.quantised_logits
    with_curve = dataclasses.replace(
        found, quantised=found.float, hardware_logits=found.float_logits
    )
    plot_roc(with_curve, tmp_path / "both.png")


@pytest.mark.parametrize("activation", ["silu", "tanh"])
def test_mlp_in_hardware_has_relu_alone(activation):
    family, encoding = model_family("mlp"), EncodingConfig(n_constituents=N)
    config = MlpConfig(activation=activation)
    with pytest.raises(ModelError, match=f"mlp: activation: {activation} is not exact"):
        family.make_quantised(config, family.quantisation(), encoding, 1)
    assert family.refusal(MlpConfig(), encoding) is None


@pytest.mark.parametrize("encoding", [{}, {"kind": "cartesian"}, {"jet": True}], ids=str)
@pytest.mark.parametrize("settings", [{}, {"rounding": "ROUND", "digits": 1, "weight": 5}], ids=str)
def test_quantised_mlp_is_its_program(encoding, settings):
    family, encoding = model_family("mlp"), EncodingConfig(n_constituents=N, **encoding)
    config, inputs = MlpConfig(hidden=(6, 5)), hardware_inputs(JETS, encoding)
    torch.manual_seed(2)
    model = family.make_float(config, encoding, 1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # to tell jets apart
    hardware = family.make_quantised(config, family.quantisation(**settings), encoding, 1)
    family.transfer(model, hardware, inputs, torch.from_numpy(JETS.label))
    scores = hardware.eval().outputs(inputs).detach().double().numpy()
    program = program_of(hardware)
    assert [n.name for n in program.nodes if n.op != "Quant"] == [
        "joined", "layers_0", "layers_1", "layers_2"
    ]  # fmt: skip
    codes = {
        name: (inputs[name].double().numpy() / program.tensors[name].type.lsb).astype(np.int64)
        for name in program.inputs
    }
    output = program.outputs[0]
    found = evaluate_program(program, codes)[output] * program.tensors[output].type.lsb
    np.testing.assert_array_equal(found, scores)
    assert len(np.unique(scores)) > 10


def test_quantised_mlp_starts_as_the_float_model():
    """Every place keeps its weights, though the hardware reads input by input."""
    family, encoding = model_family("mlp"), EncodingConfig(n_constituents=N)
    wide = {key: {"width": 22, "integer": 10} for key in ("columns", "hidden", "score")}
    config = load_run_config(
        {}, {"model": {"hidden": [6]}, "quantisation": wide | {"weight": 16, "bias": 16}}, "mlp"
    )
    torch.manual_seed(2)
    model = family.make_float(config.model, encoding, 1)
    hardware = family.make_quantised(config.model, config.quantisation, encoding, 1).eval()
    hardware.set_weights(model)
    inputs = hardware_inputs(JETS, encoding)
    torch.testing.assert_close(hardware(inputs), model(inputs), rtol=0, atol=0.005)
    assert model(inputs).std() > 0.02


@pytest.mark.parametrize(("name", "bound"), [("lorentznet", 0.8), ("mlp", 0.8)])
def test_baselines_learn(name, bound, tmp_path):
    settings = FAST | {"training.adamw.epochs": 10}
    config = load_run_config({}, settings, name)
    run = train(config, mock_jets(1500, 1), tmp_path / "run")
    assert run.metrics["float"]["auc"] > bound
    assert torch.equal(load_run(tmp_path / "run").float_model(INPUTS), run.float_model(INPUTS))


@pytest.mark.parametrize(
    "model",
    [
        lorentznet(),
        lorentznet(n_blocks=3, width=4, dropout=0.2, beams=False, step=0.1),
        MLP(MlpConfig(hidden=()), ("pt", "eta", "phi"), N),
        MLP(MlpConfig(hidden=(4, 4), activation="silu", dropout=0.2), ("pt", "eta", "phi"), N),
    ],
    ids=["lorentznet-120", "lorentznet-deep", "mlp-linear", "mlp-silu"],
)
def test_every_option_trains_a_step(model):
    model.float().train()
    logits = model(INPUTS)
    label = torch.from_numpy(JETS.label).to(logits.dtype)
    torch.nn.functional.binary_cross_entropy_with_logits(logits, label).backward()
    before = [p.clone() for p in model.parameters()]
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
