"""What is known of jets beside their constituents: the variables a score is shown against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from triggernet.data.kinematics import mass
from triggernet.data.lund.trees import COORDINATES, lund_trees

if TYPE_CHECKING:
    from triggernet.data import Jets

Floats = NDArray[np.float64]
SYMMETRIC = 0.1  # least share of pT of the softer branch, as in the modified mass drop


@dataclass(frozen=True)
class Observed:
    """Variables of n jets.

    Attributes
    ----------
    label : int64 array (n,)
    mass_gev : float64 array (n,)
        Of the whole jet.
    multiplicity : float64 array (n,)
        Constituents that the file gives.
    mass_drop : float64 array (n,)
        See `mass_drop`.
    """

    label: NDArray[np.int64]
    mass_gev: Floats
    multiplicity: Floats
    mass_drop: Floats

    @classmethod
    def of(cls, jets: Jets) -> Observed:
        """The variables of jets."""
        count = jets.present.sum(1).astype(np.float64)
        return cls(jets.label, mass(jets.jet), count, mass_drop(jets))

    @property
    def variables(self) -> dict[str, Floats]:
        """What a score is shown against, by its title."""
        return {
            "jet mass [GeV]": self.mass_gev,
            "constituents": self.multiplicity,
            "mass drop": self.mass_drop,
        }


def mass_drop(jets: Jets) -> Floats:
    """Mass of the harder branch over that of the jet, at the first symmetric splitting: (n,).

    The Cambridge/Aachen clustering is undone along the harder branch until the softer one has a
    tenth of the pT (Butterworth, Davison, Rubin, Salam, PRL 100 (2008) 242001; Dasgupta, Fregoso,
    Marzani, Salam, JHEP 09 (2013) 029). 1 where there is no such splitting, 0 where the harder
    branch is a single particle.
    """
    trees = lund_trees(jets)
    ln_z, ln_m = (trees.values[:, COORDINATES.index(name)] for name in ("lnz", "lnm"))
    drops = np.ones(len(trees))
    for k in range(len(trees)):
        nodes = np.arange(trees.start[k], trees.start[k + 1])
        nodes = nodes[trees.primary[nodes]]
        symmetric = np.flatnonzero(ln_z[nodes] >= np.log(SYMMETRIC))
        if len(symmetric) and ln_m[nodes[0]] != 0:
            first = symmetric[0]
            last = first + 1 == len(nodes)
            drops[k] = 0.0 if last else np.exp(ln_m[nodes[first + 1]] - ln_m[nodes[first]])
    return drops
