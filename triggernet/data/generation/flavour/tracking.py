"""From charged particles to tracks: efficiency, hits, perigee, resolution.

Four layers of pixels and four of strips (SCT) with two sensors each stand around the beam; a
particle may hit those outside the place where it was made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.generation.detector import efficiency
from triggernet.data.generation.flavour.config import TrackingConfig
from triggernet.data.generation.flavour.helix import perigee, radius_mm
from triggernet.data.generation.flavour.resolution import deviates, resolution
from triggernet.data.kinematics import wrap

PIXELS_MM = (33.0, 50.0, 88.0, 122.0)
STRIPS_MM = (299.0, 371.0, 443.0, 514.0)
SENSORS_MM = np.array([*PIXELS_MM, *np.repeat(STRIPS_MM, 2)])
N_PIXELS, N_SENSORS = len(PIXELS_MM), len(SENSORS_MM)
HIT_EFFICIENCY = 0.98
LEPTON_EFFICIENCY, MIN_LEPTON_PT_GEV = 0.95, 4.0

# A track: as measured, as it truly runs (`true_...`, for its hits), and what it comes from.
FOUND = np.dtype(
    [
        *((name, "f8") for name in ("pt", "eta", "phi", "d0", "z0", "q_over_p")),
        *((f"sigma_{name}", "f8") for name in ("d0", "z0", "phi", "theta", "q_over_p")),
        *((f"true_{name}", "f8") for name in ("d0", "z0", "phi", "eta", "curvature")),
        ("hits", "?", (N_SENSORS,)),
        ("place", "f8", (3,)),
        ("event", "i8"),
        ("origin", "i8"),
        ("lepton", "i8"),
        ("holes", "i8", (2,)),
        ("shared", "i8", (3,)),  # of the innermost layer, of the pixels, of the strips
        ("split", "i8", (2,)),  # of the innermost layer, of the pixels
    ]
)


def reconstruct(
    charged: NDArray[Any], config: TrackingConfig, n_events: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Tracks, of dtype `FOUND`, of the charged particles of `n_events` events that are found.

    Their perigees are relative to the primary vertex as it is measured.
    """
    seen = rng.random(len(charged)) < efficiency(charged["pdg"], charged["pt"], charged["eta"])
    particles = charged[seen]
    n = len(particles)
    sizes = [config.vertex_xy_mm, config.vertex_xy_mm, config.vertex_z_mm]
    vertex = rng.standard_normal((n_events, 3)) * sizes
    place = particles["place"] - vertex[particles["event"]]
    pt, eta, q = particles["pt"], particles["eta"], particles["charge"]
    d0, z0, phi = perigee(place, pt, eta, particles["phi"], q)
    found = np.zeros(n, FOUND)
    for name in ("event", "origin", "place"):
        found[name] = particles[name]
    truly = {"d0": d0, "z0": z0, "phi": phi, "eta": eta, "curvature": 1 / radius_mm(pt, q)}
    for name, values in truly.items():
        found[f"true_{name}"] = values
    found["hits"] = hits(np.hypot(*particles["place"][:, :2].T), rng)
    found["holes"] = holes(found["hits"])
    measure(found, pt, eta, config, rng)
    code = np.abs(particles["pdg"])
    told = np.isin(code, (11, 13)) & (pt > MIN_LEPTON_PT_GEV)
    found["lepton"] = np.where(told & (rng.random(n) < LEPTON_EFFICIENCY), code, 0)
    return found


def hits(made_at_mm: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which sensors (n, S) particles hit that were made at these radii (n,)."""
    outside = made_at_mm[:, None] < SENSORS_MM
    hit: NDArray[np.bool_] = outside & (rng.random(outside.shape) < HIT_EFFICIENCY)
    return hit


def holes(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Sensors without a hit between two with one: of the pixels and of the strips, (n, 2)."""
    inside = np.logical_or.accumulate(hit, axis=1)
    outside = np.logical_or.accumulate(hit[:, ::-1], axis=1)[:, ::-1]
    hole = inside & outside & ~hit
    counts = [hole[:, :N_PIXELS].sum(1), hole[:, N_PIXELS:].sum(1)]
    return np.stack(counts, axis=1).astype(np.int64)


def measure(
    found: NDArray[Any],
    pt: NDArray[np.float64],
    eta: NDArray[np.float64],
    config: TrackingConfig,
    rng: np.random.Generator,
) -> None:
    """Fill in what is measured of tracks whose true course and hits are known."""
    sigma = resolution(pt, eta, found["hits"][:, 0])
    n = len(found)

    def drawn() -> NDArray[np.float64]:
        return deviates(n, config.tail_share, config.tail_width, rng)

    found["d0"] = found["true_d0"] + sigma.d0 * drawn()
    found["z0"] = found["true_z0"] + sigma.z0 * drawn()
    found["phi"] = wrap(found["true_phi"] + sigma.phi * drawn())
    theta = np.clip(2 * np.arctan(np.exp(-eta)) + sigma.theta * drawn(), 1e-3, np.pi - 1e-3)
    found["eta"] = -np.log(np.tan(theta / 2))
    true_q_over_p = np.sign(found["true_curvature"]) / (pt * np.cosh(eta))
    found["q_over_p"] = true_q_over_p * np.maximum(1 + sigma.q_over_p * drawn(), 0.05)
    found["pt"] = 1 / (np.abs(found["q_over_p"]) * np.cosh(found["eta"]))
    for name in ("d0", "z0", "phi", "theta"):
        found[f"sigma_{name}"] = getattr(sigma, name)
    found["sigma_q_over_p"] = sigma.q_over_p * np.abs(true_q_over_p)
