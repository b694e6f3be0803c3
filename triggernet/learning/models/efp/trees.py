"""Polynomials of trees as chains of sums: what is computed once, and in which order.

With a root r, a tree of vertices is summed from its leaves up,

    x_v(i) = z_i prod over the children c of v of  m_c(i),    m_c(i) = sum_j theta_ij^k x_c(j)

for k edges between v and c, and the polynomial is the sum of x_r over constituents. Trees share
what they have in common.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from triggernet.learning.models.efp.graphs import Graph, n_vertices

Vertex = tuple[tuple[int, "Vertex"], ...]  # for each child by how many edges it hangs, and itself
LEAF: Vertex = ()


@dataclass(frozen=True)
class Chains:
    """All sums and products behind some trees, each once, in an order in which they can be done.

    Attributes
    ----------
    roots : tuple of Vertex
        One for each tree.
    vertices : tuple of Vertex
        Products x, those of fewer children first; a leaf, which is z itself, is not among them.
        Each is that of all but its last child times the message of the last one.
    messages : tuple of (int, Vertex)
        Sums m: by how many edges, and over which x.
    powers : tuple of int
        Which powers of theta there are.
    """

    roots: tuple[Vertex, ...]
    vertices: tuple[Vertex, ...]
    messages: tuple[tuple[int, Vertex], ...]
    powers: tuple[int, ...]


def rooted(graph: Graph) -> Vertex:
    """A tree from the root that makes it flattest, the first one in order of equals."""
    trees = [_hung(graph, root, None) for root in range(n_vertices(graph))]
    return min(trees, key=lambda vertex: (depth(vertex), vertex))


def _hung(graph: Graph, vertex: int, parent: int | None) -> Vertex:
    """The vertex with what hangs on it, its parent aside."""
    edges = Counter(
        b if a == vertex else a for a, b in graph if vertex in (a, b) and parent not in (a, b)
    )
    return tuple(sorted((count, _hung(graph, child, vertex)) for child, count in edges.items()))


def depth(vertex: Vertex) -> int:
    """Edges between a vertex and its furthest leaf."""
    return max((1 + depth(child) for _, child in vertex), default=0)


def chains(graphs: tuple[Graph, ...]) -> Chains:
    """What the polynomials of some trees take."""
    roots = tuple(map(rooted, graphs))
    vertices: dict[Vertex, None] = {}
    messages: dict[tuple[int, Vertex], None] = {}

    def need(vertex: Vertex) -> None:
        if vertex == LEAF or vertex in vertices:
            return
        need(vertex[:-1])
        need(vertex[-1][1])
        messages[vertex[-1]] = None
        vertices[vertex] = None

    for root in roots:
        need(root)
    powers = sorted({count for count, _ in messages})
    return Chains(roots, tuple(vertices), tuple(messages), tuple(powers))
