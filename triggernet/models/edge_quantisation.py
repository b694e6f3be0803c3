"""The widths of the hardware models with edges."""

from __future__ import annotations

from dataclasses import dataclass, field

from triggernet.errors import ConfigError
from triggernet.fixedpoint import Rounding
from triggernet.models.widths import Width


@dataclass(frozen=True)
class EdgeQuantisation:
    """Widths of every tensor; integer bits that are not given are calibrated.

    Attributes
    ----------
    rounding : {"FLOOR", "ROUND"}
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
    pooled, hidden, score : Width
        The sum over constituents, hidden layers behind it, the logit.
    weight, node_weight, bias : int
        Bits of the constants: weights that act on edges, all others, biases.
    digits : int or None
        At most so many signed digits in each weight that acts on edges: its additions. None does
        not limit them.
    """

    rounding: Rounding = "FLOOR"
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
    score: Width = field(default_factory=lambda: Width(12))
    weight: int = 8
    node_weight: int = 12
    bias: int = 10
    digits: int | None = None

    def __post_init__(self) -> None:
        if self.table.integer is None:
            raise ConfigError("table needs 'integer': tables are not calibrated")
        if self.digits is not None and self.digits < 1:
            raise ConfigError(f"digits: found {self.digits}; allowed is 1 and more, or null")
