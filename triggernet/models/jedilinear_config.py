"""What JEDI-linear and its hardware form are made of, without the networks themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError
from triggernet.models.widths import NetworkQuantisation, Width


@dataclass(frozen=True)
class JediLinearConfig:
    """Widths of each part, all with ReLU.

    Attributes
    ----------
    name : str
    embedding : tuple of int
        Outputs of the layers that every constituent passes before the first round.
    rounds : tuple of int
        Outputs of each interaction.
    node : tuple of int
        Outputs of the layers that every constituent passes after the last round.
    head : tuple of int
        Outputs of the hidden layers behind the sum.
    """

    name: Literal["jedilinear"] = "jedilinear"
    embedding: tuple[int, ...] = (16,)
    rounds: tuple[int, ...] = (16,)
    node: tuple[int, ...] = (16,)
    head: tuple[int, ...] = (16,)

    def __post_init__(self) -> None:
        if not (self.embedding and self.rounds):
            raise ConfigError(
                f"embedding {self.embedding}, rounds {self.rounds}: at least one layer of each; "
                "without rounds it is model 'deepsets'"
            )
        if min(self.embedding + self.rounds + self.node + self.head) < 1:
            raise ConfigError(
                f"embedding {self.embedding}, rounds {self.rounds}, node {self.node}, head "
                f"{self.head}: every layer needs an output"
            )


@dataclass(frozen=True)
class JediLinearQuantisation(NetworkQuantisation):
    """Widths of every tensor, as `NetworkQuantisation`, and of the sums.

    Attributes
    ----------
    pooled : Width
        Sums over constituents.
    """

    pooled: Width = field(default_factory=lambda: Width(12))
