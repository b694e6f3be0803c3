"""Settings of energy-flow polynomials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggernet.data import EncodingConfig
from triggernet.errors import ConfigError

MOST_EDGES = 5


@dataclass(frozen=True)
class EfpConfig:
    """Which polynomials there are.

    Attributes
    ----------
    name : str
    edges : int
        d, 1 to 5: all connected graphs of up to so many edges, several between two vertices too.
    beta : float
        Angles are ``(d_y^2 + d_phi^2)^(beta / 2)``.
    """

    name: Literal["efp"] = "efp"
    edges: int = MOST_EDGES
    beta: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.edges <= MOST_EDGES:
            raise ConfigError(f"edges: found {self.edges}; allowed is 1 to {MOST_EDGES}")
        if not self.beta > 0:
            raise ConfigError(f"beta: found {self.beta}; it must be above 0")


def unsupported(config: EfpConfig, encoding: EncodingConfig) -> str | None:
    """Why there is no hardware form."""
    del config, encoding
    return (
        "no operator sums over products of angles yet; take model 'deepsets' or 'nanopelican' for "
        "the hardware"
    )
