"""Settings of GN2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggernet.errors import ConfigError


@dataclass(frozen=True)
class GN2Config:
    """The widths; the defaults are those of the network behind the published results.

    Attributes
    ----------
    name : str
    width : int
        Of the embedding of a track, D.
    layers, heads : int
        Of the transformer; heads must divide the width.
    embedding : int
        Hidden width of the network that makes the embedding.
    output : int
        Of the projection behind the transformer, which all tasks read.
    hidden : tuple of int
        Hidden widths of the network of each task.
    clip : float or None
        Standardised inputs are cut off at this many standard deviations; significances have long
        tails.
    parametrisation : {"standard", "mup"}
        How initial weights, learning rates and attention depend on the width: see
        `triggernet.learning.layers.mup`.
    base_width : int
        At which both are the same; of no meaning in the standard one.
    """

    name: Literal["gn2"] = "gn2"
    width: int = 256
    layers: int = 4
    heads: int = 8
    embedding: int = 256
    output: int = 128
    hidden: tuple[int, ...] = (128, 64, 32)
    clip: float | None = 10.0
    parametrisation: Literal["standard", "mup"] = "standard"
    base_width: int = 64

    def __post_init__(self) -> None:
        sizes = (self.width, self.layers, self.heads, self.embedding, self.output, self.base_width)
        if min(*sizes, *self.hidden) < 1 or not self.hidden:
            raise ConfigError(
                f"width {self.width}, layers {self.layers}, heads {self.heads}, embedding "
                f"{self.embedding}, output {self.output}, hidden {list(self.hidden)}: allowed are "
                "numbers of 1 and more, and at least one hidden layer"
            )
        for name in ("width", "base_width"):
            if getattr(self, name) % self.heads:
                raise ConfigError(
                    f"{name}: found {getattr(self, name)}; it must be a multiple of the "
                    f"{self.heads} heads"
                )
        if self.clip is not None and self.clip <= 0:
            raise ConfigError(f"clip: found {self.clip}; allowed are numbers above 0, and null")
