"""Jets without a generator: for tests and first steps, no physics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from triggernet.data import kinematics
from triggernet.data.jets import Jets
from triggernet.data.tracks import MEASURED, TRACK

N_CONSTITUENTS = 64
PRONGS = np.array([1, 3])


def mock_jets(n: int, seed: int = 0) -> Jets:
    """Jets that look roughly like QCD (one prong) and top (three prongs), in milliseconds.

    Constituents fall off in pT and scatter around one or three directions, so that masses and
    multiplicities of the two classes overlap like those of real jets; nothing else is like them.

    Parameters
    ----------
    n : int
        Number of jets, in turns of class "qcd" and "top".
    seed : int
        Equal seeds give equal jets.

    Returns
    -------
    Jets
        Of 64 constituents, 550 < pT < 650 GeV, |rapidity| < 2.
    """
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    fractions = rng.dirichlet(np.full(N_CONSTITUENTS, 0.35), n)
    count = np.clip(rng.normal(np.where(label == 0, 40, 50), 12, n), 8, N_CONSTITUENTS)
    pt = -np.sort(-fractions, axis=1) * (np.arange(N_CONSTITUENTS) < count[:, None])
    direction = directions(label, rng)
    scatter = rng.laplace(0, 0.05, (n, N_CONSTITUENTS, 2))
    place = np.clip(direction + scatter, -0.75, 0.75)
    eta = rng.uniform(-1.9, 1.9, (n, 1)) + place[..., 0]
    phi = rng.uniform(-np.pi, np.pi, (n, 1)) + place[..., 1]
    p = kinematics.massless(pt, eta, kinematics.wrap(phi))
    scale = rng.uniform(550, 650, n) / kinematics.transverse_momentum(p.sum(axis=1))
    p = p * scale[:, None, None]
    return Jets(p, p.sum(axis=1), label, ("qcd", "top"), {"source": "mock_jets", "seed": seed})


def with_mock_tracks(jets: Jets, n_tracks: int = 40, seed: int = 0) -> Jets:
    """The same jets with tracks, of random numbers: every second place holds one.

    For what needs to see how inputs look, and nothing else.
    """
    rng = np.random.default_rng(seed)
    tracks = np.zeros((len(jets), n_tracks), TRACK)
    for name in MEASURED:
        tracks[name] = rng.normal(size=tracks.shape)
    tracks["valid"] = rng.random(tracks.shape) < 0.5
    tracks[:, 0]["valid"] = True
    return replace(jets, tracks=tracks)


def directions(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Direction (n, N, 2) of the prong that each constituent belongs to, relative to the axis."""
    n = len(label)
    prongs = rng.normal(0, 0.2, (n, int(PRONGS.max()), 2))
    prongs[label == 0] *= rng.uniform(0, 0.7, (int((label == 0).sum()), 1, 1))
    which = rng.integers(0, PRONGS.max(), (n, N_CONSTITUENTS))
    return np.take_along_axis(prongs, which[..., None], axis=1)
