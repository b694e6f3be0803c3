"""Graphs, masked norms and edge layers that message-passing models share."""

from __future__ import annotations

import pytest
import torch

from triggernet.learning.layers.message_passing import (
    EdgeNetwork,
    Graph,
    LayerStyle,
    MaskedBatchNorm,
    Network,
    full_graph,
    masked_mean,
    nearest_graph,
)


def present(*counts, N=5):
    return torch.arange(N)[None] < torch.tensor(counts)[:, None]


def test_full_graph_joins_all_present_but_not_oneself():
    graph = full_graph(present(3, 0))
    assert graph.mask[0].nonzero().tolist() == [
        [i, j] for i in range(3) for j in range(3) if i != j
    ]
    assert not graph.mask[1].any()
    assert graph.n_edges == 4


def test_nearest_graph_takes_the_nearest_that_are_there():
    x = torch.tensor([[0.0, 1.0, 3.0, 3.5, 0.1]])
    distance = (x[:, :, None] - x[:, None]).abs()
    graph = nearest_graph(distance, present(4), 2)
    found = [
        sorted(j for j, there in zip(row, mask, strict=True) if there)
        for row, mask in zip(graph.neighbours[0].tolist(), graph.mask[0].tolist(), strict=True)
    ]
    assert found == [[1, 2], [0, 2], [1, 3], [1, 2], []]  # 4 is absent, however near
    assert nearest_graph(distance, present(2), 3).mask.sum(2)[0].tolist() == [1, 1, 0, 0, 0]


def test_a_second_distance_decides_between_equals():
    distance, second = torch.zeros(1, 4, 4), torch.tensor([3.0, 2, 1, 0]).expand(1, 4, 4)
    there = present(4, N=4)
    assert nearest_graph(distance, there, 1).neighbours[0, :, 0].tolist() == [1, 0, 0, 0]
    assert nearest_graph(distance, there, 1, second).neighbours[0, :, 0].tolist() == [3, 3, 3, 2]
    distance[..., 1] = -1
    assert nearest_graph(distance, there, 1, second).neighbours[0, :, 0].tolist() == [1, 3, 1, 1]


def test_k_nearest_of_all_is_the_full_graph():
    torch.manual_seed(1)
    nodes, there = torch.randn(3, 5, 4, dtype=torch.float64), present(5, 3, 1)
    distance = torch.rand(3, 5, 5)
    network = EdgeNetwork(4, 0, (6, 2), LayerStyle("tanh")).double()
    sums = [
        graph.mean(network(nodes, None, graph))
        for graph in (full_graph(there), nearest_graph(distance, there, 4))
    ]
    torch.testing.assert_close(*sums, rtol=0, atol=1e-14)


def test_first_edge_layer_is_one_on_both_ends_and_the_pair():
    torch.manual_seed(1)
    nodes, pair = torch.randn(2, 5, 3), torch.randn(2, 5, 5, 2)
    graph, network = full_graph(present(5, 4)), EdgeNetwork(3, 2, (4,), LayerStyle("relu"))
    near, far = nodes[:, :, None].expand(-1, -1, 5, -1), nodes[:, None].expand(-1, 5, -1, -1)
    expected = torch.relu(network.first(torch.cat([near, far, pair], 3)))
    torch.testing.assert_close(network(nodes, pair, graph), expected)


@pytest.mark.parametrize("width", [0, 3])
def test_means_count_what_is_there(width):
    values = torch.ones(2, 5, 5, width)
    graph = full_graph(present(5, 3))
    assert graph.mean(values).shape == (2, 5, width)
    if width:
        assert (graph.mean(values)[0] == 1).all()
        assert graph.mean(values)[1, :, 0].tolist() == [1, 1, 1, 0, 0]
        assert (graph.mean(values, constant=True)[0] == 1).all()  # 4 neighbours of 4
        assert graph.mean(values, constant=True)[1, :, 0].tolist() == [0.5, 0.5, 0.5, 0, 0]
        pooled = masked_mean(values[:, 0], present(5, 3), 5)[:, 0]
        assert pooled.tolist() == [5 / 8, 3 / 8]


def test_batch_norm_is_torchs_own_on_what_is_there():
    torch.manual_seed(1)
    x, mask = torch.randn(4, 5, 3).double(), present(5, 4, 0, 2)
    mine, own = MaskedBatchNorm(3).double(), torch.nn.BatchNorm1d(3).double()
    for _ in range(3):
        found = mine(x, mask)
        torch.testing.assert_close(found[mask], own(x[mask]))
        x = 2 * x + 1
    torch.testing.assert_close(mine.variance, own.running_var)
    mine.eval(), own.eval()
    torch.testing.assert_close(mine(x, mask)[mask], own(x[mask]))


def test_batch_norm_without_entries_keeps_its_statistics():
    norm = MaskedBatchNorm(2)
    norm(torch.randn(1, 5, 2), present(0))
    assert norm.mean.tolist() == [0, 0]
    assert norm.variance.tolist() == [1, 1]


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
def test_absent_nodes_change_nothing(norm, activation):
    torch.manual_seed(1)
    nodes, there = torch.randn(2, 5, 3).double(), present(4, 2)
    changed = torch.where(there[..., None], nodes, 1e6)
    style = LayerStyle(activation, norm)
    edges = EdgeNetwork(3, 0, (4, 4), style).double()
    after = Network((4, 4, 2), style, linear_end=True).double()
    found = []
    for x in (nodes, changed):
        graph: Graph = full_graph(there)
        found.append(after(graph.mean(edges(x, None, graph)), there)[there])
    assert torch.equal(*found)
