"""One number of several classes: the log-ratio of a signal to a mixture of backgrounds.

In flavour tagging D_b = log(p_b / (f_c p_c + f_tau p_tau + (1 - f_c - f_tau) p_light)); the
fractions say how much each background hurts. Tools of ATLAS add 1e-10 above and below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ConfigError

Floats = NDArray[np.float64]

EPSILON = 1e-10
# Of GN2 in ATLAS, as published for f_c; that of tau is its tools' default.
USUAL: Mapping[str, Mapping[str, float]] = {
    "b": {"c": 0.1, "tau": 0.01},
    "c": {"b": 0.3, "tau": 0.01},
}
FLAVOURS = ("b", "c", "light")


@dataclass(frozen=True)
class Discriminant:
    """The log-ratio of a signal to a mixture of backgrounds.

    Attributes
    ----------
    signal : str
    fractions : mapping of str to float
        Of the backgrounds; they add up to 1.
    """

    signal: str
    fractions: Mapping[str, float]

    def __post_init__(self) -> None:
        total = sum(self.fractions.values())
        if not math.isclose(total, 1, abs_tol=1e-6) or min(self.fractions.values(), default=-1) < 0:
            raise ConfigError(
                f"discriminants.{self.signal}: found fractions {dict(self.fractions)}, which add "
                f"up to {total:g}; give numbers of 0 and more that add up to 1"
            )
        if self.signal in self.fractions:
            raise ConfigError(f"discriminants.{self.signal}: the signal is among its backgrounds")

    def of(self, probabilities: Floats, classes: Sequence[str]) -> Floats:
        """Its value for probabilities (n, C) of the classes, (n,)."""
        at = {name: probabilities[:, k] for k, name in enumerate(classes)}
        background = sum(f * at[name] for name, f in self.fractions.items())
        ratio: Floats = np.log((at[self.signal] + EPSILON) / (background + EPSILON))
        return ratio

    def with_fraction(self, name: str, fraction: float) -> Discriminant:
        """The same with another fraction of one background, the others in their ratios."""
        rest = 1 - self.fractions[name]
        shrink = (1 - fraction) / rest if rest > 0 else 0.0
        others = {k: f * shrink for k, f in self.fractions.items() if k != name}
        return Discriminant(self.signal, {name: fraction, **others})


def usual(classes: Sequence[str]) -> dict[str, Discriminant]:
    """Those of flavour tagging, D_b and D_c, where the classes are flavours; otherwise none."""
    if not set(FLAVOURS) <= set(classes):
        return {}
    found = {}
    for signal, given in USUAL.items():
        fractions = {name: f for name, f in given.items() if name in classes}
        fractions["light"] = 1 - sum(fractions.values())
        found[signal] = Discriminant(signal, fractions)
    return found
