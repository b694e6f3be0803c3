"""Widths of the tensors of a model of edges between constituents."""

from __future__ import annotations

from dataclasses import dataclass, field

from triggernet.learning.layers.widths import DigitQuantisation, Width, refuse_open_tables


@dataclass(frozen=True)
class EdgeQuantisation(DigitQuantisation):
    """Widths of a model of edges; integer bits that are not given are calibrated.

    `digits` limits the weights that act on edges.

    Attributes
    ----------
    table : Width
        Words of the tables of ``cosh x - 1`` and ``1 - cos x``.
    product : Width
        pt_i pt_j in GeV^2.
    d : Width
        Products of momenta in GeV^2; only a logarithm reads them, so that small ones count, too.
    log : Width
        Logarithms of products and of momenta, and tables of angles.
    columns : Width
        Hidden features of the constituents side by side in one type.
    near, edge, message, node : Width
        A particle's share of its edges, the edges behind each layer, their sums, and the nodes
        behind each layer.
    attention, inner : Width
        What moves vectors, and the products of moved with unmoved vectors.
    pooled, hidden : Width
        The sum over constituents, and hidden layers behind it.
    node_weight : int
        Bits of all weights that do not act on edges.
    """

    table: Width = field(default_factory=lambda: Width(11, 1))
    product: Width = field(default_factory=lambda: Width(18, 20))
    d: Width = field(default_factory=lambda: Width(16))
    log: Width = field(default_factory=lambda: Width(9))
    columns: Width = field(default_factory=lambda: Width(12))
    near: Width = field(default_factory=lambda: Width(10))
    edge: Width = field(default_factory=lambda: Width(8))
    message: Width = field(default_factory=lambda: Width(10))
    node: Width = field(default_factory=lambda: Width(10))
    attention: Width = field(default_factory=lambda: Width(8))
    inner: Width = field(default_factory=lambda: Width(18))
    pooled: Width = field(default_factory=lambda: Width(12))
    hidden: Width = field(default_factory=lambda: Width(10))
    node_weight: int = 12

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_open_tables(table=self.table)
