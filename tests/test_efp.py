"""Energy-flow polynomials: all graphs, EnergyFlow's numbers, and a classifier that learns."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from triggernet.data import load_jets
from triggernet.data.kinematics import massless
from triggernet.data.samples import sample_path
from triggernet.errors import ConfigError, ModelError
from triggernet.learning.models.efp.config import EfpConfig
from triggernet.learning.models.efp.graphs import canonical, connected_graphs, n_vertices
from triggernet.learning.models.efp.network import EnergyFlow, angles
from triggernet.learning.training import load_run_config, train

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


def test_it_learns_and_says_that_it_has_no_hardware_form(tmp_path):
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
    with pytest.raises(ModelError, match="no hardware form: no operator sums over products"):
        _ = run.quantised


@pytest.mark.parametrize(("key", "value"), [("edges", 0), ("edges", 6), ("beta", 0.0)])
def test_what_is_not_allowed_is_named(key, value):
    with pytest.raises(ConfigError, match=f"{key}: found {value}"):
        EfpConfig(**{key: value})
