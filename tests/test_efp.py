"""Energy-flow polynomials: all graphs, EnergyFlow's numbers, and a classifier that learns."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from triggernet.data import load_jets, mock_jets
from triggernet.data.kinematics import massless
from triggernet.data.samples import sample_path
from triggernet.deployment.export.model import program_of
from triggernet.errors import ConfigError, ModelError
from triggernet.learning.layers.calibration import cover_ranges
from triggernet.learning.layers.widths import Width
from triggernet.learning.models.efp.config import EfpConfig, EfpQuantisation
from triggernet.learning.models.efp.graphs import canonical, connected_graphs, is_tree, n_vertices
from triggernet.learning.models.efp.network import EnergyFlow, angles
from triggernet.learning.models.efp.trees import LEAF, chains, rooted
from triggernet.learning.models.registry import model_family
from triggernet.learning.training import load_run_config, train
from triggernet.learning.training.features import float_inputs, hardware_inputs
from triggernet.program import evaluate

STORED = np.load(Path(__file__).parent / "data" / "efp.npz")


def theirs():
    """Graphs as EnergyFlow numbers them, without the constant one, in our order of vertices."""
    for row in STORED["graph.edges"][1:]:
        yield canonical(tuple((int(a), int(b)) for a, b in row if a >= 0))


def their_inputs():
    pt, y, phi = np.moveaxis(STORED["input.pt_y_phi"], -1, 0)
    real = STORED["input.particle_is_real"]
    momenta = massless(pt, y, phi) * real[..., None]
    jet = momenta.sum(1)
    return {"momenta": torch.from_numpy(momenta), "jet": torch.from_numpy(jet)}


def test_every_connected_graph_is_there_once():
    graphs = connected_graphs(5)
    assert Counter(len(graph) for graph in graphs) == {1: 1, 2: 2, 3: 5, 4: 12, 5: 33}
    assert len(set(graphs)) == 53
    assert {n_vertices(graph) for graph in graphs} == {2, 3, 4, 5, 6}
    assert sorted(theirs()) == sorted(graphs)


@pytest.mark.parametrize("beta", [1.0, 2.0, 0.5])
def test_the_polynomials_are_those_of_energyflow(beta):
    network = EnergyFlow(EfpConfig(beta=beta))
    mine = network.values(their_inputs()).numpy()
    expected = STORED[f"output.efp.beta{beta:g}.z_normalised"][:, 1:]
    place = {graph: k for k, graph in enumerate(network.graphs)}
    for k, graph in enumerate(theirs()):
        np.testing.assert_allclose(mine[:, place[graph]], expected[:, k], rtol=1e-11, atol=1e-18)


def test_a_polynomial_is_the_sum_that_its_definition_says():
    """A square with a diagonal, by the sum over all constituents of all vertices."""
    network = EnergyFlow(EfpConfig(edges=5))
    graph = canonical(((0, 1), (1, 2), (2, 3), (0, 3), (0, 2)))
    inputs = {name: x[:2, :5] if name == "momenta" else x[:2] for name, x in their_inputs().items()}
    theta = angles(inputs["momenta"], inputs["jet"], 1.0).numpy()
    pt = np.hypot(*np.moveaxis(inputs["momenta"].numpy()[..., 1:3], -1, 0))
    z = pt / pt.sum(1, keepdims=True)
    expected = np.zeros(2)
    for at in product(range(5), repeat=4):
        term = np.prod([z[:, i] for i in at], axis=0)
        expected += term * np.prod([theta[:, at[a], at[b]] for a, b in graph], axis=0)
    mine = network.values(inputs).numpy()[:, network.graphs.index(graph)]
    np.testing.assert_allclose(mine, expected, rtol=1e-12)


def test_absent_constituents_and_their_order_do_not_matter():
    network, inputs = EnergyFlow(EfpConfig(edges=3)).eval(), their_inputs()
    before = network.values(inputs)
    wider = torch.cat([inputs["momenta"], torch.zeros(6, 3, 4).double()], 1)
    order = torch.randperm(wider.shape[1], generator=torch.Generator().manual_seed(1))
    after = network.values({"momenta": wider[:, order], "jet": inputs["jet"]})
    torch.testing.assert_close(after, before, rtol=1e-12, atol=1e-16)


def test_trees_are_the_graphs_without_a_ring():
    trees = EfpConfig(graphs="trees").chosen
    assert Counter(map(len, trees)) == {1: 1, 2: 2, 3: 4, 4: 9, 5: 21}
    assert canonical(((0, 1), (1, 2), (0, 2))) not in trees
    assert canonical(((0, 1), (0, 1), (1, 2))) in trees
    assert not any(map(is_tree, set(connected_graphs(5)) - set(trees)))


def test_chains_have_what_they_read_before_them():
    found = chains(EfpConfig(graphs="trees").chosen)
    assert len(set(found.roots)) == len(found.roots) == 37
    done = [LEAF]
    for vertex in found.vertices:
        assert vertex[:-1] in done
        assert vertex[-1][1] in done
        assert vertex[-1] in found.messages
        done.append(vertex)
    assert set(found.roots) <= set(done)
    assert {vertex[-1] for vertex in found.vertices} == set(found.messages)


def test_a_path_hangs_from_its_middle():
    path = ((0, 1), (1, 2), (2, 3), (3, 4))
    arm = (1, ((1, LEAF),))
    assert rooted(path) == (arm, arm)
    assert rooted(((0, 1), (0, 1), (0, 1))) == ((3, LEAF),)


WIDE = {
    **dict.fromkeys(("power", "inverse", "share"), Width(24)),
    **dict.fromkeys(("message", "vertex", "value", "score"), Width(30)),
    "table": Width(24, 8),
    "total": Width(12),
    "weight": 20,
    "bias": 20,
}
JETS = mock_jets(300, 3)


def both(settings: dict, widths: dict) -> tuple:
    """A float model, the quantised one that starts from it, and inputs of both."""
    config = load_run_config(None, settings | {"model.graphs": "trees"}, "efp")
    family = model_family("efp")
    torch.manual_seed(2)
    model = family.make_float(config.model, config.encoding, 1)
    exact, hardware = (f(JETS, config.encoding) for f in (float_inputs, hardware_inputs))
    model.train()
    model(exact)
    quantised = family.make_quantised(config.model, EfpQuantisation(**widths), config.encoding, 1)
    quantised.double().eval().set_weights(model)
    hardware = {name: x.double() for name, x in hardware.items()}
    cover_ranges(quantised, hardware)
    return model.eval(), quantised, exact, hardware


@pytest.mark.parametrize(("edges", "beta"), [(5, 1.0), (3, 2.0), (2, 1.5)])
def test_wide_enough_the_hardware_computes_the_same(edges, beta):
    settings = {"model.edges": edges, "model.beta": beta, "encoding.n_constituents": 6}
    model, quantised, exact, hardware = both(settings, WIDE)
    expected, found = model(exact).detach(), quantised(hardware).detach()
    assert float(torch.corrcoef(torch.stack([expected, found]))[0, 1]) > 0.999


@pytest.mark.parametrize("rounding", ["FLOOR", "ROUND"])
def test_the_program_is_exact(rounding):
    settings = {"model.edges": 3, "encoding.n_constituents": 5, "encoding.pt_width": 10}
    narrow = {"rounding": rounding} | dict.fromkeys(("message", "vertex", "value"), Width(9))
    _, quantised, _, hardware = both(settings, narrow)
    program = program_of(quantised, "efp")
    steps = {name: program.tensors[name].type.lsb for name in program.inputs}
    codes = {n: (hardware[n].numpy() / lsb).astype(np.int64) for n, lsb in steps.items()}
    score = program.tensors[program.outputs[0]]
    found = evaluate(program, codes)[program.outputs[0]][:, 0] * score.type.lsb
    assert len(np.unique(found)) > 50
    np.testing.assert_array_equal(found, quantised(hardware).detach().numpy())


def test_an_empty_jet_has_a_score():
    settings = {"model.edges": 2, "encoding.n_constituents": 4}
    _, quantised, _, hardware = both(settings, {})
    nothing = {name: torch.zeros_like(x[:1]) for name, x in hardware.items()}
    assert torch.isfinite(quantised(nothing)).all()


def test_it_learns_and_says_which_graphs_have_no_hardware_form(tmp_path):
    settings = {
        "model.edges": 4,
        "encoding.n_constituents": 8,
        "training.max_jets": 2000,
        "training.adamw.epochs": 10,
        "training.adamw.warmup_epochs": 1,
        "training.adamw.decay_epochs": 1,
        "training.adamw.batch_size": 100,
        "training.adamw.learning_rate": 0.02,
    }
    config = load_run_config(None, settings, "efp")
    run = train(config, load_jets(sample_path("toptag_generated"), 2000), tmp_path / "run")
    assert run.metrics["float"]["auc"] > 0.88
    assert run.metrics["float"]["n_parameters"] == 21
    with pytest.raises(
        ModelError, match="no hardware form: sums round a ring.*set graphs: trees, or edges: 2"
    ):
        _ = run.quantised


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model.edges": 2}, None),
        ({"model.edges": 3}, "set graphs: trees, or edges: 2"),
        ({"model.edges": 5, "model.graphs": "trees"}, None),
        ({"model.edges": 2, "encoding.kind": "cartesian"}, "set encoding.kind: polar"),
        ({"model.edges": 2, "encoding.eta_width": 8}, "set both to one width"),
    ],
)
def test_what_goes_to_hardware(settings, reason):
    refusal = load_run_config(None, settings, "efp").refusal
    assert (refusal is None) if reason is None else (reason in str(refusal))


def test_what_a_table_reads_has_an_end():
    with pytest.raises(ConfigError, match="square: found 13 bits, which a table reads; allowed"):
        EfpQuantisation(square=Width(13))
    with pytest.raises(ConfigError, match="table: 'integer' is missing"):
        EfpQuantisation(table=Width(13))


@pytest.mark.parametrize(("key", "value"), [("edges", 0), ("edges", 6), ("beta", 0.0)])
def test_what_is_not_allowed_is_named(key, value):
    with pytest.raises(ConfigError, match=f"{key}: found {value}"):
        EfpConfig(**{key: value})
