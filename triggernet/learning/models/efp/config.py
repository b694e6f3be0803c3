"""Settings of energy-flow polynomials, and which of them have a hardware form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.data import EncodingConfig
from triggernet.errors import ConfigError
from triggernet.learning.layers.widths import (
    DigitQuantisation,
    Width,
    refuse_open_tables,
)
from triggernet.learning.models.efp.graphs import Graph, connected_graphs, is_tree

MOST_EDGES = 5
WIDEST_ADDRESS = 12  # bits that a table reads


@dataclass(frozen=True)
class EfpConfig:
    """Which polynomials there are.

    Attributes
    ----------
    name : str
    edges : int
        d, 1 to 5: connected graphs of up to so many edges, several between two vertices too.
    graphs : {"connected", "trees"}
        All of them, or those without a ring of three vertices or more.
    beta : float
        Angles are ``(d_y^2 + d_phi^2)^(beta / 2)``.
    """

    name: Literal["efp"] = "efp"
    edges: int = MOST_EDGES
    graphs: Literal["connected", "trees"] = "connected"
    beta: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.edges <= MOST_EDGES:
            raise ConfigError(f"edges: found {self.edges}; allowed is 1 to {MOST_EDGES}")
        if not self.beta > 0:
            raise ConfigError(f"beta: found {self.beta}; it must be above 0")

    @property
    def chosen(self) -> tuple[Graph, ...]:
        """The graphs, in order."""
        connected = connected_graphs(self.edges)
        return connected if self.graphs == "connected" else tuple(filter(is_tree, connected))


@dataclass(frozen=True)
class EfpQuantisation(DigitQuantisation):
    """Widths of every tensor of the hardware model. Angles are in units of a quarter of a radian.

    `digits` limits the weights of the classifier.

    Attributes
    ----------
    table : Width
        Words of the table of squared differences of an angle.
    square : Width
        Squared distances of pairs, which the tables of their powers read: at most 12 bits.
    power : Width
        Powers of the distances.
    total, inverse : Width
        The sum of the transverse momenta in GeV, which a table reads (at most 12 bits), and its
        inverse.
    share : Width
        Shares z of the transverse momentum.
    message, vertex : Width
        Sums over the others, and their products.
    value : Width
        The polynomials.
    """

    table: Width = field(default_factory=lambda: Width(14, 6))
    square: Width = field(default_factory=lambda: Width(12))
    power: Width = field(default_factory=lambda: Width(10))
    total: Width = field(default_factory=lambda: Width(11))
    inverse: Width = field(default_factory=lambda: Width(10))
    share: Width = field(default_factory=lambda: Width(10))
    message: Width = field(default_factory=lambda: Width(12))
    vertex: Width = field(default_factory=lambda: Width(12))
    value: Width = field(default_factory=lambda: Width(14))
    weight: int = 10
    bias: int = 12

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_open_tables(table=self.table)
        for name, width in (("square", self.square), ("total", self.total)):
            if width.width > WIDEST_ADDRESS:
                raise ConfigError(
                    f"{name}: found {width.width} bits, which a table reads; allowed is up to "
                    f"{WIDEST_ADDRESS}"
                )


def unsupported(config: EfpConfig, encoding: EncodingConfig) -> str | None:
    """Why a configuration has no hardware form; None if it has one."""
    if encoding.kind != "polar":
        return f"encoding.kind: {encoding.kind} has no angles; set encoding.kind: polar"
    if encoding.eta_width != encoding.phi_width:
        return (
            f"encoding.eta_width {encoding.eta_width} and phi_width {encoding.phi_width} differ; "
            "set both to one width"
        )
    if all(map(is_tree, config.chosen)):
        return None
    return (
        "sums round a ring of three vertices or more take a product for each three constituents; "
        "set graphs: trees, or edges: 2"
    )
