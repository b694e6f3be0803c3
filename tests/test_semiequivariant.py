"""SemiEquivariantNet: what is invariant stays so, absence counts nothing, options train."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from triggernet.data import EncodingConfig, lorentz, mock_jets
from triggernet.errors import ConfigError, ModelError
from triggernet.learning.models.semiequivariant.config import SemiEquivariantConfig, check
from triggernet.learning.models.semiequivariant.network import SemiEquivariantNet, hidden_features
from triggernet.learning.training import load_run, load_run_config, train
from triggernet.learning.training.config import of_classes
from triggernet.learning.training.features import float_inputs

N = 10
JETS = mock_jets(60, 3)
INPUTS = float_inputs(JETS, EncodingConfig(n_constituents=N))
SCALARS_ONLY = {"n_hidden": 0, "n_scalars": 5, "n_vectors": 3, "iterations": 3}
GRAPHS = (
    {"graph": "full"},
    {"graph": "knn_minkowski", "k": 4},
    {"graph": "knn_dynamic", "k": 4},
    {"graph": "knn_angular", "k": 4},
)


def make(seed=1, **settings):
    torch.manual_seed(seed)
    model = SemiEquivariantNet(SemiEquivariantConfig(**settings)).double()
    return model.eval()


def matrices(n, seed=1, rapidity=1.0):
    rng = np.random.default_rng(seed)
    turn = lorentz.rotation(lorentz.directions(n, rng), rng.uniform(-np.pi, np.pi, n))
    boost = lorentz.boost(lorentz.directions(n, rng), rng.uniform(-rapidity, rapidity, n))
    return torch.from_numpy(boost @ turn)


def few_present(momenta):
    """The same jets with ever fewer constituents: 0, 1, 2, ..."""
    kept = torch.arange(N)[None] < torch.arange(len(momenta))[:, None] % (N + 1)
    return momenta * kept[..., None]


@pytest.mark.parametrize("graph", GRAPHS[:3], ids=lambda g: g["graph"])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("invariants", ["log", "linear"])
def test_scalars_are_invariant_and_vectors_covariant(graph, norm, invariants):
    options = {"norm": norm, "invariants": invariants, "products": True, "shortcut": "skip"}
    model = make(**SCALARS_ONLY, **graph, **options)
    momenta = few_present(INPUTS["momenta"])
    present = momenta[..., 0] > 0
    L = matrices(len(momenta))
    turned = torch.einsum("nab,nib->nia", L, momenta)
    before, after = model.nodes(momenta, None), model.nodes(turned, None)
    torch.testing.assert_close(after.s[present], before.s[present], rtol=1e-8, atol=1e-8)
    expected = torch.einsum("nab,nivb->niva", L, before.v)
    torch.testing.assert_close(after.v[present], expected[present], rtol=1e-8, atol=1e-6)
    assert before.v.shape[2] == 3
    assert (before.v[present] - momenta[present][:, None]).abs().max() > 1  # they do move
    outputs = [model({"momenta": p}) for p in (momenta, turned)]
    torch.testing.assert_close(*outputs, rtol=1e-8, atol=1e-8)
    assert outputs[0].std() > 1e-3


def test_hidden_channel_breaks_the_symmetry_of_the_output_alone():
    model = make(n_scalars=5, n_vectors=2, n_hidden=4)
    momenta, jet = INPUTS["momenta"], INPUTS["jet"]
    L = matrices(len(momenta), rapidity=0.2)
    turned = torch.einsum("nab,nib->nia", L, momenta)
    before = model.nodes(momenta, jet)
    after = model.nodes(turned, torch.einsum("nab,nb->na", L, jet))
    present = momenta[..., 0] > 0
    torch.testing.assert_close(after.s[present], before.s[present], rtol=1e-8, atol=1e-8)
    assert (after.h - before.h)[present].abs().max() > 1e-2


def test_hidden_features_do_not_see_the_beam_frame():
    jets = mock_jets(30, 4)
    rng = np.random.default_rng(1)
    turn = lorentz.rotation(np.repeat([[0.0, 0, 1]], 30, 0), rng.uniform(-3, 3, 30))
    before, after = (
        hidden_features(*(torch.from_numpy(lorentz.transformed(p, m)) for p in momenta))
        for m in (np.repeat(np.eye(4)[None], 30, 0), turn)
        for momenta in [(jets.leading(N).constituents, jets.jet)]
    )
    there = torch.from_numpy(jets.leading(N).present)
    torch.testing.assert_close(after[there], before[there], rtol=0, atol=1e-9)
    d_eta, _, _, log_e, share, _, d_r = before[there].unbind(1)
    assert d_eta.abs().max() < 2
    assert (log_e < 8).all()
    assert (share <= 0).all()
    assert (d_r >= d_eta.abs()).all()


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g["graph"])
def test_permutations_change_no_bit(graph):
    model = make(**graph, n_vectors=2, iterations=3, shortcut="concat")
    momenta = few_present(INPUTS["momenta"])
    before = model({"momenta": momenta, "jet": INPUTS["jet"]})
    for seed in range(3):
        order = torch.randperm(N, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(model({"momenta": momenta[:, order], "jet": INPUTS["jet"]}), before)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("graph", GRAPHS, ids=lambda g: g["graph"])
def test_absent_constituents_contribute_nothing(graph, norm):
    model = make(**graph, norm=norm, n_vectors=2)
    momenta = few_present(INPUTS["momenta"])
    padded = torch.nn.functional.pad(momenta, (0, 0, 0, 6))
    for training in (False, True):
        model.train(training)
        inputs = ({"momenta": p, "jet": INPUTS["jet"]} for p in (momenta, padded))
        torch.testing.assert_close(*map(model, inputs), rtol=1e-10, atol=1e-12)


def mass2(p):
    return p[..., 0] ** 2 - (p[..., 1:] ** 2).sum(-1)


def dense(network, x):
    """A network of ReLU layers, one entry (F,) at a time."""
    layers = [network.first, *network.rest.dense] if hasattr(network, "rest") else network.dense
    ends_linear = not hasattr(network, "rest")
    for k, layer in enumerate(layers):
        x = layer.weight @ x + layer.bias
        x = x if ends_linear and k == len(layers) - 1 else x.clamp(min=0)
    return x


def by_hand(model, p, jet):
    """The logit of one jet without absent constituents, (N, 4) and (4,), pair by pair."""
    log = lambda z: z.sign() * (1 + z.abs()).log()  # noqa: E731
    h = (hidden_features(p[None], jet[None])[0] - model.centre) / model.size
    s, v = log(0 * p[:, :1]), p[:, None]
    for layer in model.iterations:
        new_s, new_h, new_v = [], [], []
        for i in range(len(p)):
            es, eh, steps = [], [], []
            for j in [j for j in range(len(p)) if j != i]:
                pairs = [mass2(v[i] - v[j]), (mass2(v[i] + v[j]) - mass2(v[i] - v[j])) / 4]
                pair = log(torch.cat(pairs))
                es.append(dense(layer.phi_s, torch.cat([s[i], s[j], pair])))
                ends = torch.cat([h[i], s[i], h[j], s[j], pair])
                eh.append(dense(layer.phi_h, ends))
                if layer.psi is not None:
                    z = layer.psi(es[-1])
                    steps.append((z / (1 + z.abs()))[:, None] * (v[i] - v[j]))
            es, eh = sum(es) / len(es), sum(eh) / len(eh)
            after = [
                dense(layer.theta_s, torch.cat([s[i], es])),
                dense(layer.theta_h, torch.cat([h[i], eh])),
            ]
            for old, new, kept in ((s[i], after[0], new_s), (h[i], after[1], new_h)):
                kept.append(old + new if len(old) == len(new) else new)
            new_v.append(v[i] + sum(steps) / len(steps) if steps else v[i])
        s, h, v = torch.stack(new_s), torch.stack(new_h), torch.stack(new_v)
    return dense(model.head, torch.cat([s, h], 1).mean(0))[0]


def test_it_is_what_the_formulas_say():
    options = {"products": True, "shortcut": "skip", "norm": "none", "mean": "present"}
    model = make(n_scalars=5, n_vectors=2, n_hidden=3, iterations=3, **options)
    momenta, jet = INPUTS["momenta"][:4, :5], INPUTS["jet"][:4]
    found = model({"momenta": momenta, "jet": jet})
    expected = torch.stack([by_hand(model, p, j) for p, j in zip(momenta, jet, strict=True)])
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_presence_reaches_every_sum():
    """Making one constituent absent is the same as leaving it out."""
    model = make(n_vectors=2, iterations=3, mean="present", graph="knn_angular", k=3)
    momenta = INPUTS["momenta"].clone()
    momenta[:, 4] = 0
    rest = torch.cat([momenta[:, :4], momenta[:, 5:]], 1)
    found = (model({"momenta": p, "jet": INPUTS["jet"]}) for p in (momenta, rest))
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


OPTIONS = [
    {"n_scalars": 0, "n_vectors": 0},
    {"n_hidden": 0},
    {"n_vectors": 0},
    {"n_scalars": 1, "n_hidden": 1, "n_vectors": 4, "iterations": 2},
    {"n_hidden": 0, "n_vectors": 0, "products": True},
    {"edge_layers": 1, "node_layers": 0},
    {"edge_layers": 3, "node_layers": 3, "iterations": 6},
    {"iterations": 1, "mean": "constant"},
    {"shortcut": "skip", "norm": "batch", "activation": "silu"},
    {"shortcut": "concat", "norm": "layer", "activation": "tanh"},
    {"dropout": 0.3, "head": (), "invariants": "linear"},
    *({**graph, "iterations": 2} for graph in GRAPHS[1:]),
    {"graph": "knn_dynamic", "k": 3, "n_scalars": 0, "n_vectors": 0, "mean": "constant"},
]


@pytest.mark.parametrize("settings", OPTIONS, ids=str)
def test_every_option_trains_a_step(settings):
    model = make(**settings).float().train()
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
    label = torch.from_numpy(JETS.label).float()
    before = [p.clone() for p in model.parameters()]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(model(INPUTS), label)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    optimiser.step()
    assert loss.isfinite()
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_parameters_are_counted_by_hand():
    def count(**settings):
        return sum(p.numel() for p in make(norm="none", **settings).parameters())

    # Scalars alone: phi_s (1 + 1 + 1) S + S, then S S + S; theta (1 + S) S + S; head.
    S = 4
    first = 3 * S + S + S * S + S + (1 + S) * S + S
    head = S * 16 + 16 + 16 + 1
    only = {"n_scalars": S, "n_hidden": 0, "n_vectors": 1}
    assert count(**only, iterations=1) == first + head
    # The second iteration reads S scalars an end; psi of the first one S V + V.
    second = (2 * S + 1) * S + S + S * S + S + 2 * S * S + S
    assert count(**only, iterations=2) == first + S + 1 + second + head
    three = {**only, "n_vectors": 3, "products": True}
    more = S + (3 * S + 3) + (2 * 3 - 1) * S
    assert count(**three, iterations=2) == first + second + head + more
    # Hidden features alone: 7 of them.
    H = 5
    hidden = (14 * H + H) + (H * H + H) + (7 + H) * H + H
    assert count(n_scalars=0, n_vectors=0, n_hidden=H, iterations=1) == hidden + H * 16 + 33


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_hidden": 257}, "n_hidden: found 257; allowed is 0 to 256"),
        ({"iterations": 0}, "iterations: found 0; allowed is 1 to 6"),
        ({"edge_layers": 4}, "edge_layers: found 4; allowed is 1 to 3"),
        ({"node_layers": 4}, "node_layers: found 4; allowed is 0 to 3"),
        ({"dropout": 1.0}, "dropout: found 1.0"),
        ({"head": [0]}, "every layer needs an output"),
        ({"n_scalars": 0, "n_hidden": 0, "n_vectors": 0}, "both 0"),
        ({"n_scalars": 0}, "n_vectors 1 with n_scalars 0: the attention"),
        ({"n_scalars": 0, "n_vectors": 0, "products": True}, "products: true with n_scalars 0"),
        ({"iterations": 1, "n_vectors": 2}, "n_vectors 2 with iterations 1"),
        ({"norm": "layer", "n_hidden": 1}, "norm: layer makes a constant"),
        ({"k": 3}, "k: found 3 with graph: full"),
        ({"graph": "knn_dynamic"}, "k: found None with graph: knn_dynamic; at least 1"),
        ({"graph": "knn"}, "expected one of full, knn_angular, knn_minkowski, knn_dynamic"),
        ({"graph": "knn_angular", "k": 16}, "at most 15 neighbours"),
        ({"n_scalar": 3}, "unknown key; did you mean 'n_scalars'"),
        ({"quantisation.width": 3}, "quantisation.width: unknown key"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(settings, message):
    keys = {(k if "." in k else f"model.{k}"): value for k, value in settings.items()}
    keys |= {"encoding.n_constituents": 16}
    with pytest.raises(ConfigError, match=message):
        load_run_config({}, keys, "semiequivariant")


def test_neighbours_are_checked_against_the_encoding():
    config = SemiEquivariantConfig(graph="knn_angular", k=4)
    check(config, EncodingConfig(n_constituents=5))
    with pytest.raises(ConfigError, match="has at most 3 neighbours; lower k"):
        check(config, EncodingConfig(n_constituents=4))


def test_a_missing_jet_is_named():
    with pytest.raises(ModelError, match="reads the whole jet; pass 'jet'"):
        make()({"momenta": INPUTS["momenta"]})


def test_it_learns_and_comes_back_the_same(tmp_path):
    settings = {
        "encoding.n_constituents": N, "model.n_scalars": 4, "model.n_hidden": 4,
        "model.norm": "none", "model.mean": "present",
        "training.adamw.epochs": 8, "training.adamw.batch_size": 64,
        "training.adamw.learning_rate": 0.01, "training.adamw.warmup_epochs": 1,
        "training.adamw.decay_epochs": 1,
    }  # fmt: skip
    config = load_run_config({}, settings, "semiequivariant")
    run = train(config, mock_jets(1500, 1), tmp_path / "run")
    assert run.metrics["float"]["auc"] > 0.85
    again = load_run(tmp_path / "run")
    assert again.config == of_classes(config, JETS.classes)
    assert again.quantised_model is None
    assert torch.equal(again.float_model(INPUTS), run.float_model(INPUTS))


def test_dynamic_graph_is_that_of_scalars_and_hidden_features(monkeypatch):
    model, seen = make(graph="knn_dynamic", k=3, n_scalars=5, n_hidden=4, iterations=3), []
    keep = model._graph

    def graph(momenta, jet, features):
        seen.append(features.shape[2])
        return keep(momenta, jet, features)

    monkeypatch.setattr(model, "_graph", graph)
    model(INPUTS)
    assert seen == [7, 9, 9]
