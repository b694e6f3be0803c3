"""Tracks of jets, by the names that ATLAS flavour tagging gives their variables.

`Jets.tracks` is an array (n, M) of dtype `TRACK`, the tracks of a jet by falling |s(d0)|, as GN2
reads them; what is not there has ``valid`` false, and all its values are zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics

MEV_PER_GEV = 1000.0

# Impact parameters in mm, q/p in 1/MeV, angles relative to the jet axis.
MEASURED = (
    "d0",
    "z0SinTheta",
    "dphi",
    "deta",
    "qOverP",
    "IP3D_signed_d0_significance",
    "IP3D_signed_z0_significance",
    "phiUncertainty",
    "thetaUncertainty",
    "qOverPUncertainty",
)
# What a track left on the layers: of the pixels, of the strips (SCT), innermost first.
COUNTED = (
    "numberOfPixelHits",
    "numberOfSCTHits",
    "numberOfInnermostPixelLayerHits",
    "numberOfNextToInnermostPixelLayerHits",
    "numberOfInnermostPixelLayerSharedHits",
    "numberOfInnermostPixelLayerSplitHits",
    "numberOfPixelSharedHits",
    "numberOfPixelSplitHits",
    "numberOfSCTSharedHits",
    "numberOfPixelHoles",
    "numberOfSCTHoles",
    "leptonID",
)
ORIGIN, VERTEX = "ftagTruthOriginLabel", "ftagTruthVertexIndex"
TRACK = np.dtype(
    [(name, "<f4") for name in MEASURED]
    + [(name, "i1") for name in COUNTED]
    + [(ORIGIN, "i1"), (VERTEX, "i1"), ("valid", "?")]
)

# What a track comes from, in the order of `ORIGIN`; -1 where it is not known.
ORIGINS = (
    "pile-up",
    "fake",
    "primary",
    "b hadron",
    "c hadron of b",
    "c hadron",
    "tau",
    "other secondary",
)
PILE_UP, FAKE, PRIMARY, FROM_B, FROM_BC, FROM_C, FROM_TAU, OTHER = range(len(ORIGINS))
NO_VERTEX = -1  # of pile-up and fakes; 0 is the primary vertex

SIGNIFICANCE = "IP3D_signed_d0_significance"


def momenta_of(tracks: NDArray[Any], jet: NDArray[np.float64]) -> NDArray[np.float64]:
    """Massless four-momenta (n, M, 4) in GeV of tracks (n, M); zero where there is none.

    Parameters
    ----------
    tracks
        Of dtype `TRACK`.
    jet
        Four-momenta (n, 4), to which the angles are relative.
    """
    there = tracks["valid"] & (tracks["qOverP"] != 0)
    eta = kinematics.pseudorapidity(jet)[:, None] + tracks["deta"].astype(np.float64)
    phi = kinematics.wrap(kinematics.azimuth(jet)[:, None] + tracks["dphi"].astype(np.float64))
    slowness = np.where(there, np.abs(tracks["qOverP"].astype(np.float64)), 1.0) * MEV_PER_GEV
    pt = there / (slowness * np.cosh(eta))
    return kinematics.massless(pt, eta, phi)


def leading(tracks: NDArray[Any], n_tracks: int) -> NDArray[Any]:
    """The first `n_tracks` of tracks (n, M), padded if there are fewer."""
    kept = tracks[:, :n_tracks]
    if kept.shape[1] == n_tracks:
        return kept
    padded = np.zeros((len(tracks), n_tracks), tracks.dtype)
    padded[ORIGIN] = padded[VERTEX] = -1
    padded[:, : kept.shape[1]] = kept
    return padded


def known_origins(tracks: NDArray[Any]) -> bool:
    """Whether any track of (n, M) says what it comes from."""
    return bool((tracks[ORIGIN][tracks["valid"]] >= 0).any())
