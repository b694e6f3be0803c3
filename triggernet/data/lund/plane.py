"""The primary Lund plane: how many splittings a jet has at each angle and transverse momentum.

To leading order QCD fills it with 2 alpha_s(kT) C_R / pi splittings a unit of area, C_R = 4/3 for
quarks and 3 for gluons (F. Dreyer, G. Salam, G. Soyez, JHEP 12 (2018) 064, eq. 2.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import Jets
from triggernet.data.lund.trees import COORDINATES, LundTrees, lund_trees

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

ANGLES = np.linspace(0.0, 6.0, 31)  # ln(1 / Delta)
MOMENTA = np.linspace(-2.0, 6.0, 33)  # ln(kT / GeV)
SHOWN = (3e-3, 1.0)  # of the density
_DELTA, _KT = COORDINATES.index("lnDelta"), COORDINATES.index("lnKt")


def primary_plane(trees: LundTrees) -> Floats:
    """Splittings a jet and unit of area, float64 (30, 32), in the bins `ANGLES` and `MOMENTA`.

    Jets that do not split have a node of zeros, which is no splitting and is left out.
    """
    nodes = trees.values[trees.primary & trees.values.any(axis=1)]
    counts, _, _ = np.histogram2d(-nodes[:, _DELTA], nodes[:, _KT], [ANGLES, MOMENTA])
    area = (ANGLES[1] - ANGLES[0]) * (MOMENTA[1] - MOMENTA[0])
    return np.asarray(counts / (max(len(trees), 1) * area))


def draw_plane(axis: Axes, jets: Jets, label: int) -> None:
    """Draw the primary plane of one class."""
    from matplotlib.colors import LogNorm

    density = primary_plane(lund_trees(jets.select(jets.label == label)))
    norm = LogNorm(*SHOWN)
    drawn = axis.pcolormesh(ANGLES, MOMENTA, density.T, norm=norm, cmap="viridis", rasterized=True)
    axis.figure.colorbar(drawn, ax=axis, label="Splittings a jet and unit of area")
    axis.set_xlabel(r"$\ln(1 / \Delta)$")
    axis.set_ylabel(r"$\ln(k_\mathrm{T} / \mathrm{GeV})$")
    axis.set_title(f"{jets.classes[label]}, primary Lund plane")
    axis.set_facecolor("#440154")
