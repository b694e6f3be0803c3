"""Connected multigraphs without loops, each once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import permutations

Graph = tuple[tuple[int, int], ...]  # edges between vertices 0 to V - 1, in order


@cache
def connected_graphs(most_edges: int) -> tuple[Graph, ...]:
    """All connected graphs of 1 to `most_edges` edges, by their number of edges.

    Edges may stand several times, loops are left out: 1, 2, 5, 12 and 33 graphs of 1 to 5 edges
    (Komiske, Metodiev, Thaler, JHEP 04 (2018) 013, table 1, without the constant).
    """
    graphs: list[Graph] = []
    level: set[Graph] = {((0, 1),)}
    for _ in range(most_edges):
        graphs += sorted(level, key=lambda graph: (n_vertices(graph), graph))
        level = {canonical(more) for graph in level for more in _with_one_more(graph)}
    return tuple(graphs)


def n_vertices(graph: Graph) -> int:
    """How many vertices a graph has."""
    return max(max(edge) for edge in graph) + 1


def is_tree(graph: Graph) -> bool:
    """Whether there is no ring of three vertices or more; two may be joined by several edges."""
    return len(set(graph)) == n_vertices(graph) - 1


def _with_one_more(graph: Graph) -> Iterator[Graph]:
    """Graphs with one edge more: between two vertices that there are, or to a new one."""
    v = n_vertices(graph)
    for a in range(v):
        for b in range(a + 1, v + 1):
            yield (*graph, (a, b))


def canonical(graph: Graph) -> Graph:
    """The same graph for all numberings of its vertices: the first one in order."""
    return min(_renumbered(graph, order) for order in permutations(range(n_vertices(graph))))


def _renumbered(graph: Graph, order: tuple[int, ...]) -> Graph:
    ends = ((order[a], order[b]) for a, b in graph)
    return tuple(sorted((min(pair), max(pair)) for pair in ends))
