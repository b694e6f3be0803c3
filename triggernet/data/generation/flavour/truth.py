"""What is true of an event: its visible particles, where charged ones come from, its hadrons.

A particle belongs to the weakly decaying hadron or the tau above it; one that a long-lived strange
particle made is a secondary of its own kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import tracks
from triggernet.data.generation.detector import NEUTRINOS, charge
from triggernet.data.generation.particles import EventParticles
from triggernet.data.kinematics import azimuth

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

B_HADRON, C_HADRON, TAU, STRANGE, OTHER_HADRON = 5, 4, 15, 3, 1
LONG_LIVED = (130, 310, 3112, 3122, 3222, 3312, 3322, 3334)
LEPTONS = (11, 13)
MAX_STEPS = 100  # from a stable particle up to a parton

# A charged particle: direction where it was made, place in mm relative to its collision.
CHARGED = np.dtype(
    [
        ("event", "i8"),
        ("pdg", "i4"),
        ("charge", "i8"),
        ("pt", "f8"),
        ("eta", "f8"),
        ("phi", "f8"),
        ("place", "f8", (3,)),
        ("origin", "i8"),
    ]
)
# A hadron or tau that decays weakly; `kind` is 5, 4 or 15.
DECAYING = np.dtype([("event", "i8"), ("kind", "i8"), ("p", "f8", (4,))])

MIN_PT_GEV, MAX_ABS_ETA, MAX_RADIUS_MM = 0.4, 2.6, 600.0


@dataclass(frozen=True)
class Truth:
    """Of a batch of events.

    Attributes
    ----------
    visible : EventParticles
        All but neutrinos and the leptons of weak bosons: what jets are made of.
    charged : array of dtype `CHARGED`
        Charged particles that a tracking detector may see.
    decaying : array of dtype `DECAYING`
        B and C hadrons, and taus that decay to hadrons.
    """

    visible: EventParticles
    charged: NDArray[Any]
    decaying: NDArray[Any]


def kind_of(pdg: NDArray[np.int32]) -> Integers:
    """What a particle is (n,): of B, C, tau, long-lived strange, another hadron, or 0."""
    code = np.abs(pdg.astype(np.int64))
    tens, hundreds, thousands = (code // k % 10 for k in (10, 100, 1000))
    # Codes below 100 are no hadrons, those of diquarks have a zero before the last digit.
    hadron = (code > 100) & (tens > 0) & (code < 1_000_000)
    hidden = (hundreds == tens) & (thousands == 0)  # J/psi, Upsilon
    kind = np.where(hadron, OTHER_HADRON, 0)
    for flavour in (C_HADRON, B_HADRON):
        kind[hadron & ~hidden & ((hundreds == flavour) | (thousands == flavour))] = flavour
    kind[code == TAU] = TAU
    kind[np.isin(code, LONG_LIVED)] = STRANGE
    return kind


def truth_of(record: NDArray[Any], event: int) -> Truth:
    """What is true of one event record of Pythia; `event` is its index in the batch."""
    pdg, kind = record["id"], kind_of(record["id"])
    final = np.flatnonzero(record["status"] > 0)
    above = ancestors(record, kind, final)
    p = record["p"][final][:, [3, 0, 1, 2]]
    code = np.abs(pdg[final])
    prompt = np.isin(code, LEPTONS) & ~above["hadron"]
    seen = ~np.isin(code, NEUTRINOS) & ~prompt
    number = np.full(len(final), event, np.int64)
    visible = EventParticles(number[seen], pdg[final][seen], p[seen])
    return Truth(
        visible,
        charged_of(record, final, p, above, event),
        decaying_of(record, kind, event),
    )


def ancestors(
    record: NDArray[Any], kind: Integers, index: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """What lies above the particles at `index` up to the partons, bool (n,) each.

    "b", "c" (below a "b" where both are), "tau", "strange", and "hadron": any of them.
    """
    flags = {name: np.zeros(len(index), bool) for name in ("b", "c", "tau", "strange", "hadron")}
    here = record["mother1"][index].astype(np.int64)
    for _ in range(MAX_STEPS):
        found = kind[here]
        going = found > 0
        if not going.any():
            break
        flags["hadron"] |= going & (found != TAU)
        flags["c"] |= (found == C_HADRON) & ~flags["b"]
        flags["b"] |= found == B_HADRON
        flags["tau"] |= found == TAU
        flags["strange"] |= found == STRANGE
        here = np.where(going, record["mother1"][here], 0)
    return flags


def origin_of(above: dict[str, NDArray[np.bool_]]) -> Integers:
    """The origin of particles (n,), as in `triggernet.data.tracks.ORIGINS`."""
    b, c, tau, strange = (above[name] for name in ("b", "c", "tau", "strange"))
    cases = [strange, b & c, b, c, tau]
    values = [tracks.OTHER, tracks.FROM_BC, tracks.FROM_B, tracks.FROM_C, tracks.FROM_TAU]
    return np.select(cases, values, tracks.PRIMARY).astype(np.int64)


def charged_of(
    record: NDArray[Any],
    final: NDArray[np.int64],
    p: Array,
    above: dict[str, NDArray[np.bool_]],
    event: int,
) -> NDArray[Any]:
    """The charged particles among the stable ones at `final`, whose momenta are `p` (n, 4)."""
    pt = np.hypot(p[:, 1], p[:, 2])
    eta = np.arcsinh(p[:, 3] / np.maximum(pt, 1e-9))
    place = record["v"][final][:, :3]
    q = charge(record["id"][final])
    kept = (q != 0) & (pt > MIN_PT_GEV) & (np.abs(eta) < MAX_ABS_ETA)
    kept &= np.hypot(place[:, 0], place[:, 1]) < MAX_RADIUS_MM
    result = np.zeros(int(kept.sum()), CHARGED)
    result["event"], result["pdg"] = event, record["id"][final][kept]
    columns = {"charge": q, "pt": pt, "eta": eta, "phi": azimuth(p), "place": place}
    for name, values in (columns | {"origin": origin_of(above)}).items():
        result[name] = values[kept]
    return result


def decaying_of(record: NDArray[Any], kind: Integers, event: int) -> NDArray[Any]:
    """B and C hadrons in their last copy, and taus whose decay has no electron or muon."""
    chosen = []
    for flavour in (B_HADRON, C_HADRON, TAU):
        copies = np.flatnonzero(kind == flavour)
        passed_on = record["mother1"][copies]  # what has one of its kind as daughter
        last = copies[~np.isin(copies, passed_on)]
        if flavour == TAU:
            last = last[[not _to_lepton(record, k) for k in last]] if len(last) else last
        chosen.append((flavour, last))
    result = np.zeros(sum(len(last) for _, last in chosen), DECAYING)
    result["event"] = event
    result["kind"] = np.repeat([f for f, _ in chosen], [len(last) for _, last in chosen])
    index = np.concatenate([last for _, last in chosen]).astype(np.int64)
    result["p"] = record["p"][index][:, [3, 0, 1, 2]]
    return result


def _to_lepton(record: NDArray[Any], tau: int) -> bool:
    daughters = record["id"][record["daughter1"][tau] : record["daughter2"][tau] + 1]
    return bool(np.isin(np.abs(daughters), LEPTONS).any())
