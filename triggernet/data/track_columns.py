"""Tracks as Level-1 has them: pT, angles, z0 and an impact parameter of each, of two qualities.

"outer-tracks" are those of an outer tracker alone, as CMS will have in its Level-1 trigger
(CERN-LHCC-2020-004): above 2 GeV, z0 to 1 mm, and |d0| to half a millimetre without its sign.
"pixel-tracks" are a bound that no Level-1 trigger reaches: the same tracks with the z0 and the
lifetime-signed significance that pixels give. What an outer tracker measures is made from what is
stored by adding a normal deviate, which follows from the bits of the track: encoding is the same
every time.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import Jets
from triggernet.data.tracks import SIGNIFICANCE, momenta_of
from triggernet.errors import DataError
from triggernet.fixedpoint import FixedPoint

Floats = NDArray[np.float64]
TrackKind = Literal["outer-tracks", "pixel-tracks"]

MIN_PT_GEV = 2.0
OUTER_Z0_MM, OUTER_DXY_MM = 1.0, 0.5  # resolutions
# Codes count in these steps: mm, or standard deviations for the significance of pixel tracks.
STEPS = {"outer-tracks": {"z0": 0.5, "dxy": 0.25}, "pixel-tracks": {"z0": 0.0625, "dxy": 0.25}}
TYPES = {
    "outer-tracks": {"z0": FixedPoint(True, 6, 6), "dxy": FixedPoint(False, 4, 4)},
    "pixel-tracks": {"z0": FixedPoint(True, 8, 8), "dxy": FixedPoint(True, 8, 8)},
}


def leading_tracks(jets: Jets, kind: str, n_tracks: int) -> tuple[Floats, dict[str, Floats]]:
    """The hardest tracks above 2 GeV, and their columns in steps.

    Returns
    -------
    p : float64 array (n, n_tracks, 4)
        (E, px, py, pz) in GeV, by falling pT, zero where there is none.
    columns : dict of str to float64 array (n, n_tracks)
        ``z0`` and ``dxy``, not rounded.

    Raises
    ------
    DataError
        If the jets have no tracks.
    """
    if jets.tracks is None:
        raise DataError(
            f"encoding.kind: {kind} needs jets with tracks, such as those of `triggernet generate "
            "flavour`; these have none"
        )
    p = momenta_of(jets.tracks, jets.jet)  # (n, M, 4)
    pt = kinematics.transverse_momentum(p)
    columns = columns_of(jets.tracks, pt, p, kind)
    order = np.argsort(-np.where(pt > MIN_PT_GEV, pt, 0.0), axis=1, kind="stable")[:, :n_tracks]
    kept = np.take_along_axis(pt, order, 1) > MIN_PT_GEV
    p = np.take_along_axis(p, order[..., None], 1) * kept[..., None]
    found = {name: np.take_along_axis(x, order, 1) * kept for name, x in columns.items()}
    missing = n_tracks - order.shape[1]
    pad = ((0, 0), (0, max(missing, 0)))
    return np.pad(p, (*pad, (0, 0))), {name: np.pad(x, pad) for name, x in found.items()}


def columns_of(tracks: NDArray[Any], pt: Floats, p: Floats, kind: str) -> dict[str, Floats]:
    """``z0`` and ``dxy`` of tracks (n, M) with momenta p (n, M, 4), in steps."""
    stretch = np.cosh(kinematics.pseudorapidity(p)) * (pt > 0)
    z0 = tracks["z0SinTheta"].astype(np.float64) * stretch
    step = STEPS[kind]
    if kind == "pixel-tracks":
        significance = tracks[SIGNIFICANCE].astype(np.float64)
        return {"z0": z0 / step["z0"], "dxy": significance / step["dxy"]}
    first, second = deviates_of(tracks)
    d0 = tracks["d0"].astype(np.float64) + OUTER_DXY_MM * second
    return {"z0": (z0 + OUTER_Z0_MM * first) / step["z0"], "dxy": np.abs(d0) / step["dxy"]}


def deviates_of(tracks: NDArray[Any]) -> tuple[Floats, Floats]:
    """Two standard normal numbers of each track (n, M), which follow from its bits."""
    names = ("d0", "z0SinTheta", "qOverP", "dphi")
    bits = np.zeros(tracks.shape, np.uint64)
    for name in names:
        word = np.ascontiguousarray(tracks[name], np.float32).view(np.uint32).astype(np.uint64)
        bits = _mixed(bits ^ word)
    radius = np.sqrt(-2 * np.log(_uniform(bits)))
    angle = 2 * np.pi * _uniform(_mixed(bits))
    return radius * np.cos(angle), radius * np.sin(angle)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): every bit depends on every bit."""
    with np.errstate(over="ignore"):
        z = bits + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _uniform(bits: NDArray[np.uint64]) -> Floats:
    """Numbers above 0 and at most 1."""
    return ((bits >> np.uint64(11)).astype(np.float64) + 1) * 2.0**-53
