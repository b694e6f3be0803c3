"""Settings of LundNet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.data.lund.trees import COORDINATES, LundConfig
from triggernet.errors import ConfigError


@dataclass(frozen=True)
class LundNetConfig:
    """What a node tells, and the widths; the defaults are those of the published LundNet-5.

    Attributes
    ----------
    name : str
    coordinates : tuple of str
        Of a node, among lnz, lnDelta, psi, lnm, lnKt. LundNet-3 has lnz, lnDelta and lnKt.
    convs : tuple of int
        Outputs of the edge convolutions.
    fusion, hidden : int
        Outputs of the layer that joins all convolutions, and of the one behind the mean.
    dropout : float
        Probability behind the last hidden layer.
    tree : LundConfig
        Which splittings are nodes.
    """

    name: Literal["lundnet"] = "lundnet"
    coordinates: tuple[str, ...] = COORDINATES
    convs: tuple[int, ...] = (32, 32, 64, 64, 128, 128)
    fusion: int = 384
    hidden: int = 256
    dropout: float = 0.1
    tree: LundConfig = field(default_factory=LundConfig)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.coordinates) - set(COORDINATES))
        if unknown or len(set(self.coordinates)) != len(self.coordinates) or not self.coordinates:
            raise ConfigError(
                f"coordinates: found {', '.join(self.coordinates) or 'none'}; allowed are "
                f"different ones of {', '.join(COORDINATES)}"
            )
        if not self.convs or min(*self.convs, self.fusion, self.hidden) < 1:
            raise ConfigError(
                f"convs {self.convs}, fusion {self.fusion}, hidden {self.hidden}: at least one "
                "convolution is needed, and every layer needs an output"
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: found {self.dropout}; allowed is 0 to below 1")

    @property
    def columns(self) -> list[int]:
        """Places of the coordinates among `COORDINATES`."""
        return [COORDINATES.index(name) for name in self.coordinates]
