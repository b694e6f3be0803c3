"""What happens where tracks are dense, jet by jet: wrong tracks, and hits of two tracks in one.

Tracks of jets lie in padded arrays (J, M) here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import tracks
from triggernet.data.generation.flavour.helix import on_layers
from triggernet.data.generation.flavour.tracking import N_PIXELS, N_SENSORS, SENSORS_MM
from triggernet.data.kinematics import wrap

FAKE_SHARE = (0.005, 0.05)  # of the tracks of a jet: with hardly any of them, and at most
DENSE = 400.0  # tracks a unit of area at which the largest share is reached
FAKE_WIDTH = 10.0  # by how much the impact parameters of wrong tracks are worse
# Two tracks share a cluster where they cross a layer this close, in r phi and in z.
CLOSE_PIXELS_MM = (0.1, 0.5)
CLOSE_STRIPS_MM = (0.1, 5.0)
SPLIT_SHARE = 0.7  # of shared pixel clusters that are known to be of two tracks


def with_fakes(
    found: NDArray[Any], there: NDArray[np.bool_], cone: NDArray[np.float64], rng: Any
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Add wrong tracks, each made of the hits of two, to the tracks (J, M) of jets.

    `cone` (J,) are the radii in which tracks belong to the jets. Returns wider arrays.
    """
    n = there.sum(1)
    density = n / (np.pi * cone**2)
    low, high = FAKE_SHARE
    share = low + (high - low) * np.minimum(density / DENSE, 1.0)
    count = np.where(n >= 2, rng.binomial(n, share), 0)
    most = int(count.max(initial=0))
    made = np.zeros((len(n), most), found.dtype)
    exists = np.arange(most) < count[:, None]
    row, _ = np.nonzero(exists)
    if len(row):
        first = (rng.random(len(row)) * n[row]).astype(np.int64)
        second = (first + 1 + (rng.random(len(row)) * (n[row] - 1)).astype(np.int64)) % n[row]
        places = np.argsort(~there, axis=1, kind="stable")  # those that are there come first
        pair = [found[row, places[row, k]] for k in (first, second)]
        made[exists] = fake_of(pair[0], pair[1], rng)
    return np.concatenate([found, made], axis=1), np.concatenate([there, exists], axis=1)


def fake_of(first: NDArray[Any], second: NDArray[Any], rng: Any) -> NDArray[Any]:
    """Wrong tracks (n,): the pT of one, the direction between both, 8 or 9 hits and a hole."""
    n = len(first)
    fake = first.copy()
    for name in ("eta", "true_eta"):
        fake[name] = (first[name] + second[name]) / 2
    for name in ("phi", "true_phi"):
        fake[name] = wrap(first[name] + wrap(second[name] - first[name]) / 2)
    for name in ("d0", "z0"):
        wide = FAKE_WIDTH * first[f"sigma_{name}"] * rng.standard_normal(n)
        fake[name] = fake[f"true_{name}"] = wide
    fake["pt"] = 1 / (np.abs(fake["q_over_p"]) * np.cosh(fake["eta"]))
    wanted = 8 + rng.integers(0, 2, n)
    order = np.argsort(rng.random((n, N_SENSORS)), axis=1)
    fake["hits"] = order < wanted[:, None]
    fake["holes"] = [0, 1]
    fake["origin"], fake["lepton"], fake["place"] = tracks.FAKE, 0, 0.0
    return fake


def share_hits(found: NDArray[Any], there: NDArray[np.bool_], rng: Any) -> None:
    """Count the hits that tracks (J, M) of a jet share, in place.

    A cluster of the pixels may be known to be of two tracks: then it is split, not shared.
    """
    azimuth, z = on_layers(
        SENSORS_MM,
        *(found[f"true_{name}"] for name in ("d0", "z0", "phi", "eta", "curvature")),
    )
    n_tracks = there.shape[1]
    others = ~np.eye(n_tracks, dtype=bool) & there[:, :, None] & there[:, None, :]
    for layer in range(N_SENSORS):
        pixel = layer < N_PIXELS
        close_phi, close_z = CLOSE_PIXELS_MM if pixel else CLOSE_STRIPS_MM
        hit = found["hits"][..., layer]
        apart = wrap(azimuth[:, :, None, layer] - azimuth[:, None, :, layer])
        close = others & (np.abs(apart) * SENSORS_MM[layer] < close_phi)
        close &= np.abs(z[:, :, None, layer] - z[:, None, :, layer]) < close_z
        close &= hit[:, :, None] & hit[:, None, :]
        if not close.any():
            continue
        known = _symmetric(close, rng) if pixel else np.zeros_like(close)
        shared, split = (close & ~known).any(2), close.any(2) & ~(close & ~known).any(2)
        if layer == 0:
            found["shared"][..., 0] += shared
            found["split"][..., 0] += split
        if pixel:
            found["shared"][..., 1] += shared
            found["split"][..., 1] += split
        else:
            found["shared"][..., 2] += shared


def _symmetric(close: NDArray[np.bool_], rng: Any) -> NDArray[np.bool_]:
    """Which of the close pairs (J, M, M) are known to be two, the same both ways."""
    jet, first, second = np.nonzero(np.triu(close))
    known = np.zeros_like(close)
    told = rng.random(len(jet)) < SPLIT_SHARE
    jet, first, second = jet[told], first[told], second[told]
    known[jet, first, second] = known[jet, second, first] = True
    return known
