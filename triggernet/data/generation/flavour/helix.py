"""Tracks of charged particles: perigee, lifetime signs, places on the layers.

A particle of charge q moves on a circle of radius R = pT / (0.2998 B) in the transverse plane,
clockwise for q > 0. Its perigee is the point of that circle next to the primary vertex. Lengths
are in mm, momenta in GeV.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from triggernet.data.generation.detector import CURVATURE_GEV_PER_T_M, FIELD_T
from triggernet.data.kinematics import wrap

Array = NDArray[np.float64]
MM_PER_M = 1000.0


def radius_mm(pt: Array, charge: NDArray[np.int64]) -> Array:
    """Radii of curvature (n,), with the sign of the charge."""
    return pt / (CURVATURE_GEV_PER_T_M * FIELD_T) * MM_PER_M * charge


def perigee(
    place: Array, pt: Array, eta: Array, phi: Array, charge: NDArray[np.int64]
) -> tuple[Array, Array, Array]:
    """Impact parameters d0 and z0, and the azimuth there, (n,) each.

    Parameters
    ----------
    place
        Where the particles were made (n, 3), relative to the primary vertex.
    pt, eta, phi
        Direction at that place (n,).
    charge
        1 or -1.

    Returns
    -------
    d0, z0, phi0
        The perigee lies at d0 (sin phi0, -cos phi0) and at z0 along the beam: d0 is positive where
        the vertex is to the left of the track.
    """
    r = radius_mm(pt, charge)
    centre_x, centre_y = place[:, 0] + r * np.sin(phi), place[:, 1] - r * np.cos(phi)
    sign = np.sign(r)
    d0 = sign * (np.hypot(centre_x, centre_y) - np.abs(r))
    phi0 = np.arctan2(sign * centre_x, -sign * centre_y)
    z0 = place[:, 2] + r * wrap(phi - phi0) * np.sinh(eta)
    return d0, z0, phi0


def lifetime_signs(
    d0: Array, z0: Array, phi0: Array, eta: Array, jet: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The signs (n,) of d0 and z0 with respect to jets of given (eta, phi): +1, 0 or -1.

    Positive where the perigee lies downstream along the jet, as for a track from a decay in flight:
    in the transverse plane directly, along the beam by the slope of track and jet.
    """
    jet_eta, jet_phi = jet
    return np.sign(d0 * np.sin(phi0 - jet_phi)), np.sign(z0 * (jet_eta - eta))


def on_layers(
    layers_mm: Array, d0: Array, z0: Array, phi0: Array, eta: Array, curvature: Array
) -> tuple[Array, Array]:
    """Azimuth and z (..., L) where tracks (...) cross cylinders of radii (L,).

    `curvature` is the charge over the radius, 1 / `radius_mm`.
    """
    bend = np.arcsin(np.clip(layers_mm * curvature[..., None] / 2, -1, 1))
    azimuth = phi0[..., None] - d0[..., None] / layers_mm - bend
    return azimuth, z0[..., None] + layers_mm * np.sinh(eta)[..., None]
