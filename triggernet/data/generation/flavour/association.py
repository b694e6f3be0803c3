"""Jets and what belongs to them: their flavour, their tracks, the vertices of these.

The selection of tracks is that of GN2 in ATLAS (talk of the collaboration, July 2024), the cone
shrinks with pT as `ParticleJetAssociator` of Athena has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics, tracks
from triggernet.data.generation.clustering import FoundJets
from triggernet.data.generation.flavour.config import CLASSES
from triggernet.data.generation.flavour.helix import lifetime_signs
from triggernet.data.generation.flavour.tracking import N_PIXELS
from triggernet.data.generation.flavour.truth import B_HADRON, C_HADRON, TAU

Array = NDArray[np.float64]

LABEL_CONE, LABEL_PT_GEV = 0.3, 5.0
SAME_VERTEX_MM = 0.1
MOST_TRACKS = 100  # within a cone; the hardest ones of more


def cone_of(pt_gev: Array) -> Array:
    """Radius (n,) within which tracks belong to jets of this pT."""
    return 0.239 + np.exp(-1.220 - 1.64e-5 * tracks.MEV_PER_GEV * pt_gev)


def nearest_jet(event: NDArray[np.int64], eta: Array, phi: Array, jets: FoundJets) -> Any:
    """The nearest jet of its event for each of n directions, -1 for none, and how far it is."""
    index = np.full(len(event), -1, np.int64)
    distance = np.full(len(event), np.inf)
    jet_eta, jet_phi = kinematics.pseudorapidity(jets.p), kinematics.azimuth(jets.p)
    order = np.argsort(event, kind="stable")
    for number in np.unique(jets.event):
        mine = order[slice(*np.searchsorted(event[order], (number, number + 1)))]
        those = np.flatnonzero(jets.event == number)
        apart = np.hypot(
            eta[mine][:, None] - jet_eta[those],
            kinematics.wrap(phi[mine][:, None] - jet_phi[those]),
        )
        best = apart.argmin(1) if len(mine) else np.zeros(0, np.int64)
        index[mine], distance[mine] = those[best], apart[np.arange(len(mine)), best]
    return index, distance


def flavours(jets: FoundJets, decaying: NDArray[Any]) -> NDArray[np.int64]:
    """Labels (n,) of jets, in the order of `CLASSES`.

    A jet is b, c or tau, the first of them that holds, if it is the nearest one to such a hadron or
    tau of more than 5 GeV, within 0.3 of it.
    """
    label = np.full(len(jets.event), CLASSES.index("light"), np.int64)
    p = decaying["p"]
    index, distance = nearest_jet(
        decaying["event"], kinematics.pseudorapidity(p), kinematics.azimuth(p), jets
    )
    near = (distance < LABEL_CONE) & (kinematics.transverse_momentum(p) > LABEL_PT_GEV)
    for name, kind in (("tau", TAU), ("c", C_HADRON), ("b", B_HADRON)):  # the last one wins
        label[index[near & (decaying["kind"] == kind)]] = CLASSES.index(name)
    return label


def tracks_by_jet(
    found: NDArray[Any], jets: FoundJets, index: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Tracks (J, M) within the cones of the jets at `index`, by falling pT; and which are there."""
    jet, distance = nearest_jet(found["event"], found["eta"], found["phi"], jets)
    row = np.full(len(jets.event) + 1, -1, np.int64)
    row[index] = np.arange(len(index))
    cone = np.append(cone_of(kinematics.transverse_momentum(jets.p)), 0.0)
    chosen = np.flatnonzero((distance < cone[jet]) & (row[jet] >= 0))
    order = chosen[np.lexsort((-found["pt"][chosen], row[jet[chosen]]))]
    rows = row[jet[order]]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = place < MOST_TRACKS
    most = int(place[kept].max(initial=-1)) + 1
    padded = np.zeros((len(index), most), found.dtype)
    there = np.zeros((len(index), most), bool)
    padded[rows[kept], place[kept]] = found[order[kept]]
    there[rows[kept], place[kept]] = True
    return padded, there


def selected(found: NDArray[Any]) -> NDArray[np.bool_]:
    """Which tracks (...) GN2 reads."""
    z0_sin_theta = found["z0"] / np.cosh(found["eta"])
    shared = found["shared"][..., 1] + 0.5 * found["shared"][..., 2]
    kept: NDArray[np.bool_] = (
        (found["pt"] > 0.5)
        & (np.abs(found["d0"]) < 3.5)
        & (np.abs(z0_sin_theta) < 5.0)
        & (found["hits"].sum(-1) >= 8)
        & (shared < 2)
        & (found["holes"].sum(-1) < 3)
        & (found["holes"][..., 0] < 2)
    )
    return kept


def vertices(found: NDArray[Any], there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the vertex of each track (J, M): 0 is the primary one, -1 none.

    Places of production are merged where steps of less than 0.1 mm lead from one to the other.
    Pile-up and fakes have no vertex.
    """
    of_vertex = there & (found["origin"] >= tracks.PRIMARY)
    place = np.concatenate([np.zeros((len(found), 1, 3)), found["place"]], axis=1)  # (J, 1+M, 3)
    one = np.concatenate([np.ones((len(found), 1), bool), of_vertex], axis=1)
    apart = np.linalg.norm(place[:, :, None] - place[:, None], axis=-1)
    joined = (apart < SAME_VERTEX_MM) & one[:, :, None] & one[:, None, :]
    n = place.shape[1]
    least = np.broadcast_to(np.arange(n), one.shape)
    while True:
        lower = np.where(joined, least[:, None, :], n).min(-1)
        if np.array_equal(np.where(one, lower, 0), np.where(one, least, 0)):
            break
        least = lower
    begins = one & (least == np.arange(n))
    number = np.take_along_axis(begins.cumsum(1) - 1, np.where(one, least, 0), 1)
    return np.where(of_vertex, number[:, 1:], tracks.NO_VERTEX)


def as_table(
    found: NDArray[Any], kept: NDArray[np.bool_], jet: Array, n_tracks: int
) -> NDArray[Any]:
    """The tracks of jets, (J, n_tracks) of dtype `tracks.TRACK`, by falling |s(d0)|.

    Parameters
    ----------
    found
        Tracks (J, M) of dtype `FOUND`.
    kept
        Which of them are written, bool (J, M).
    jet
        Four-momenta (J, 4).
    """
    axis = kinematics.pseudorapidity(jet)[:, None], kinematics.azimuth(jet)[:, None]
    sign_d0, sign_z0 = lifetime_signs(found["d0"], found["z0"], found["phi"], found["eta"], axis)
    sigma_d0 = np.where(kept, found["sigma_d0"], 1.0)
    sigma_z0 = np.where(kept, found["sigma_z0"], 1.0)
    values: dict[str, Any] = {
        "d0": found["d0"],
        "z0SinTheta": found["z0"] / np.cosh(found["eta"]),
        "dphi": kinematics.wrap(found["phi"] - axis[1]),
        "deta": found["eta"] - axis[0],
        "qOverP": found["q_over_p"] / tracks.MEV_PER_GEV,
        "IP3D_signed_d0_significance": sign_d0 * np.abs(found["d0"]) / sigma_d0,
        "IP3D_signed_z0_significance": sign_z0 * np.abs(found["z0"]) / sigma_z0,
        "phiUncertainty": found["sigma_phi"],
        "thetaUncertainty": found["sigma_theta"],
        "qOverPUncertainty": found["sigma_q_over_p"] / tracks.MEV_PER_GEV,
        tracks.ORIGIN: found["origin"],
        tracks.VERTEX: vertices(found, kept),
        "valid": kept,
        **_counts(found),
    }
    table = np.zeros(found.shape, tracks.TRACK)
    for name, each in values.items():
        table[name] = np.where(kept, each, _absent(name))
    return _sorted(table, n_tracks)


def _absent(name: str) -> int:
    return -1 if name in (tracks.ORIGIN, tracks.VERTEX) else 0


def _counts(found: NDArray[Any]) -> dict[str, Any]:
    hit = found["hits"]
    return {
        "numberOfPixelHits": hit[..., :N_PIXELS].sum(-1),
        "numberOfSCTHits": hit[..., N_PIXELS:].sum(-1),
        "numberOfInnermostPixelLayerHits": hit[..., 0],
        "numberOfNextToInnermostPixelLayerHits": hit[..., 1],
        "numberOfInnermostPixelLayerSharedHits": found["shared"][..., 0],
        "numberOfInnermostPixelLayerSplitHits": found["split"][..., 0],
        "numberOfPixelSharedHits": found["shared"][..., 1],
        "numberOfPixelSplitHits": found["split"][..., 1],
        "numberOfSCTSharedHits": found["shared"][..., 2],
        "numberOfPixelHoles": found["holes"][..., 0],
        "numberOfSCTHoles": found["holes"][..., 1],
        "leptonID": found["lepton"],
    }


def _sorted(table: NDArray[Any], n_tracks: int) -> NDArray[Any]:
    """The first `n_tracks` by falling |s(d0)|, padded if there are fewer."""
    key = np.where(table["valid"], -np.abs(table[tracks.SIGNIFICANCE]), np.inf)
    order = np.argsort(key, axis=1, kind="stable")[:, :n_tracks]
    result = np.zeros((len(table), n_tracks), tracks.TRACK)
    result[tracks.ORIGIN] = result[tracks.VERTEX] = -1
    result[:, : order.shape[1]] = np.take_along_axis(table, order, 1)
    return result
