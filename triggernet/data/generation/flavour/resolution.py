"""How well tracks are measured.

d0 and z0: fits to the tables of the CMS card of Delphes; azimuth and polar angle: the tables of
its ATLAS card (`cards/trackResolutionATLAS.tcl`), between pseudorapidity 0 and 2.5; q/p: 1 % and
4e-4 of pT in GeV in quadrature, for which no table was taken. Lengths in mm, momenta in GeV.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ETA_EDGES = (0.9, 1.4)
PT_EDGES_GEV = (5.0, 15.0)
# a (+) b / pT^c in three regions of |eta|.
D0_MM = np.array([[0.0104, 0.0818, 0.718], [0.0093, 0.0962, 0.736], [0.0137, 0.1557, 0.843]])
Z0_MM = np.array([[0.0306, 0.1157, 0.744], [0.0342, 0.195, 0.750], [0.0794, 0.670, 0.887]])
# At |eta| = 0 and 2.5 in three regions of pT.
PHI = np.array([[0.0015, 0.0037], [0.0011, 0.0027], [1.5e-4, 2.3e-4]])
COT_THETA = np.array([[0.0018, 0.0195], [0.0014, 0.0144], [0.0007, 0.0025]])
LAST_ETA = 2.5
WITHOUT_INNERMOST = 1.5  # by which impact parameters are worse without a hit nearest the beam


@dataclass(frozen=True)
class Resolution:
    """Standard deviations (n,): mm, radians, and relative for q/p."""

    d0: Array
    z0: Array
    phi: Array
    theta: Array
    q_over_p: Array


def resolution(pt: Array, eta: Array, innermost: NDArray[np.bool_]) -> Resolution:
    """Of tracks of given pT in GeV and pseudorapidity (n,); `innermost`: with a hit there."""
    worse = np.where(innermost, 1.0, WITHOUT_INNERMOST)
    return Resolution(
        d0=worse * _of_pt(D0_MM, pt, eta),
        z0=worse * _of_pt(Z0_MM, pt, eta),
        phi=_of_eta(PHI, pt, eta),
        theta=_of_eta(COT_THETA, pt, eta) / np.cosh(eta) ** 2,  # d theta = sin^2 d cot
        q_over_p=np.hypot(0.01, 4e-4 * pt),
    )


def _of_pt(table: Array, pt: Array, eta: Array) -> Array:
    constant, slope, power = table[np.digitize(np.abs(eta), ETA_EDGES)].T
    return np.asarray(np.hypot(constant, slope / pt**power))


def _of_eta(table: Array, pt: Array, eta: Array) -> Array:
    inner, outer = table[np.digitize(pt, PT_EDGES_GEV)].T
    share = np.minimum(np.abs(eta) / LAST_ETA, 1.0)
    return np.asarray(inner + (outer - inner) * share)


def deviates(n: int, tail_share: float, tail_width: float, rng: np.random.Generator) -> Array:
    """Standard normal numbers (n,), a share of them `tail_width` times wider."""
    wide = np.where(rng.random(n) < tail_share, tail_width, 1.0)
    return wide * rng.standard_normal(n)
