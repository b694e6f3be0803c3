"""Settings of DIPS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggernet.errors import ConfigError


@dataclass(frozen=True)
class DipsConfig:
    """The widths.

    Attributes
    ----------
    name : str
    width : int
        Of the layers that read one track, and of what is summed.
    layers : int
        So many read one track.
    head : tuple of int
        Hidden widths behind the sum.
    clip : float or None
        Standardised inputs are cut off at this many standard deviations.
    parametrisation : {"standard", "mup"}
        How initial weights and learning rates depend on the width: see
        `triggernet.learning.layers.mup`.
    base_width : int
        At which both are the same; of no meaning in the standard one.
    """

    name: Literal["dips"] = "dips"
    width: int = 128
    layers: int = 3
    head: tuple[int, ...] = (100, 100)
    clip: float | None = 10.0
    parametrisation: Literal["standard", "mup"] = "standard"
    base_width: int = 64

    def __post_init__(self) -> None:
        if min(self.width, self.layers, self.base_width, *self.head) < 1 or not self.head:
            raise ConfigError(
                f"width {self.width}, layers {self.layers}, base_width {self.base_width}, head "
                f"{list(self.head)}: allowed are numbers of 1 and more, and at least one in head"
            )
        if self.clip is not None and self.clip <= 0:
            raise ConfigError(f"clip: found {self.clip}; allowed are numbers above 0, and null")
