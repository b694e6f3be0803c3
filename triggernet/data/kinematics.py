"""Kinematics of four-momenta (E, px, py, pz) in GeV, vectorised over leading axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def transverse_momentum(p: Array) -> Array:
    """Transverse momentum of four-momenta (..., 4), in GeV."""
    return np.asarray(np.hypot(p[..., 1], p[..., 2]))


def azimuth(p: Array) -> Array:
    """Azimuth of four-momenta (..., 4), in [-pi, pi]."""
    return np.asarray(np.arctan2(p[..., 2], p[..., 1]))


def mass(p: Array) -> Array:
    """Invariant mass of four-momenta (..., 4), in GeV; rounding below zero is cut at zero."""
    squared = p[..., 0] ** 2 - (p[..., 1:] ** 2).sum(axis=-1)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def transverse_mass(p: Array) -> Array:
    """sqrt(m^2 + pT^2) of four-momenta (..., 4), in GeV: the energy at rapidity zero."""
    return np.asarray(np.hypot(mass(p), transverse_momentum(p)))


def rapidity(p: Array) -> Array:
    """Rapidity asinh(pz / m_T) of four-momenta (..., 4); zero for a zero momentum."""
    transverse = transverse_mass(p)
    ratio = np.divide(p[..., 3], transverse, out=np.zeros_like(transverse), where=transverse > 0)
    return np.asarray(np.arcsinh(ratio))


def pseudorapidity(p: Array) -> Array:
    """Pseudorapidity asinh(pz / pT) of four-momenta (..., 4); zero where pT is zero."""
    pt = transverse_momentum(p)
    ratio = np.divide(p[..., 3], pt, out=np.zeros_like(pt), where=pt > 0)
    return np.asarray(np.arcsinh(ratio))


def wrap(angle: Array) -> Array:
    """The same angles in [-pi, pi)."""
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


def delta_r(first: Array, second: Array) -> Array:
    """Distance in pseudorapidity and azimuth between four-momenta that broadcast."""
    d_eta = pseudorapidity(first) - pseudorapidity(second)
    return np.asarray(np.hypot(d_eta, wrap(azimuth(first) - azimuth(second))))


def sum_by(index: NDArray[np.int64], values: Array, n: int) -> Array:
    """Sums (n,) of the values (k,) that share an index (k,)."""
    return np.bincount(index, values, n).astype(np.float64)


def massless(pt: Array, eta: Array, phi: Array) -> Array:
    """Massless four-momenta (..., 4) from pT in GeV, pseudorapidity and azimuth."""
    columns = (pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta))
    return np.stack(columns, axis=-1)


def on_light_cone(p: Array) -> Array:
    """The same momenta with E = |p|.

    Files in single precision give squared masses of up to 0.2 GeV^2 to constituents that were
    massless; recomputing E removes them.
    """
    result = p.copy()
    result[..., 0] = np.sqrt((p[..., 1:] ** 2).sum(axis=-1))
    return result
