"""Settings of ParticleNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triggernet.errors import ConfigError

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


@dataclass(frozen=True)
class ParticleNetConfig:
    """Neighbours and widths; the defaults are those of the published ParticleNet.

    ParticleNet-Lite has ``k: 7``, ``convs: [32, 64]`` and ``hidden: 128``.

    Attributes
    ----------
    name : str
    k : int
        Neighbours of a constituent: the nearest in angles for the first convolution, in the
        features of the one before for the others.
    convs : tuple of int
        Outputs of the edge convolutions.
    layers : int
        Of the perceptron on each edge.
    fusion : int or None
        Outputs of a layer that joins all convolutions before the mean, where there is one.
    hidden : int
        Outputs of the layer behind the mean.
    dropout : float
        Probability behind the last hidden layer.
    """

    name: Literal["particlenet"] = "particlenet"
    k: int = 16
    convs: tuple[int, ...] = (64, 128, 256)
    layers: int = 3
    fusion: int | None = None
    hidden: int = 256
    dropout: float = 0.1

    def __post_init__(self) -> None:
        widths = (*self.convs, self.k, self.layers, self.hidden, self.fusion or 1)
        if not self.convs or min(widths) < 1:
            raise ConfigError(
                f"k {self.k}, convs {self.convs}, layers {self.layers}, fusion {self.fusion}, "
                f"hidden {self.hidden}: at least one convolution is needed, and every number must "
                "be 1 or more"
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: found {self.dropout}; allowed is 0 to below 1")


def check_neighbours(config: ParticleNetConfig, encoding: EncodingConfig) -> None:
    """Raise ConfigError if a jet cannot hold a constituent and its neighbours."""
    if encoding.n_constituents <= config.k:
        raise ConfigError(
            f"encoding.n_constituents = {encoding.n_constituents}: with model.k = {config.k} "
            f"neighbours at least {config.k + 1} constituents are needed; raise one or lower the "
            "other"
        )
