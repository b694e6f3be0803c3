"""Anti-kT jets of a batch of events with fastjet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.generation.particles import EventParticles
from triggernet.extras import load


@dataclass(frozen=True)
class FoundJets:
    """Jets of a batch, ordered by event, then by falling pT.

    Attributes
    ----------
    event : int64 array (n,)
        Event of each jet.
    p : float64 array (n, 4)
        (E, px, py, pz) in GeV: the sum of the constituents.
    start : int64 array (n + 1,)
        Jet k owns `members[start[k]:start[k + 1]]`.
    members : int64 array
        Indices into the clustered `EventParticles`.
    """

    event: NDArray[np.int64]
    p: NDArray[np.float64]
    start: NDArray[np.int64]
    members: NDArray[np.int64]


def cluster(
    particles: EventParticles, n_events: int, radius: float, min_pt_gev: float
) -> FoundJets:
    """Anti-kT jets (M. Cacciari, G. Salam, G. Soyez, JHEP 04 (2008) 063), E scheme.

    Found by FastJet (by the same authors, Eur. Phys. J. C 72 (2012) 1896).

    Parameters
    ----------
    particles
        Inputs of `n_events` events, in any order.
    radius
        Jet radius R.
    min_pt_gev
        Jets below are dropped.
    """
    fastjet, awkward = (load(module, "to find jets") for module in ("fastjet", "awkward"))
    silence()
    order = np.argsort(particles.event, kind="stable")
    sizes = np.bincount(particles.event, minlength=n_events)
    columns = dict(zip(("E", "px", "py", "pz"), particles.p[order].T, strict=True))
    array = awkward.unflatten(awkward.zip(columns, with_name="Momentum4D"), sizes)
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    index = fastjet.ClusterSequence(array, definition).constituent_index(min_pt_gev)
    per_event = awkward.to_numpy(awkward.num(index, axis=1)).astype(np.int64)
    per_jet = awkward.to_numpy(awkward.flatten(awkward.num(index, axis=2))).astype(np.int64)
    event = np.repeat(np.arange(n_events), per_event)
    first = np.concatenate([[0], np.cumsum(sizes)])[np.repeat(event, per_jet)]
    members = order[awkward.to_numpy(awkward.flatten(index, axis=None)).astype(np.int64) + first]
    return ordered(particles.p, event, per_jet, members)


@cache
def silence() -> None:
    """Keep FastJet's banner, one a process, out of the progress bar; the documentation cites it."""
    fastjet = load("fastjet", "to find jets")
    # The public class of that name is the one for awkward arrays, which lacks this.
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)  # noqa: SLF001


def ordered(
    p: NDArray[np.float64],
    event: NDArray[np.int64],
    per_jet: NDArray[np.int64],
    members: NDArray[np.int64],
) -> FoundJets:
    """Sum the constituents and order the jets by event, then by falling pT."""
    jet = np.repeat(np.arange(len(per_jet)), per_jet)
    sums = [kinematics.sum_by(jet, p[members, k], len(per_jet)) for k in range(4)]
    total = np.stack(sums, axis=-1) if len(per_jet) else np.zeros((0, 4))
    order = np.lexsort((-np.hypot(total[:, 1], total[:, 2]), event))
    start = np.concatenate([[0], np.cumsum(per_jet)])
    pieces = [members[start[k] : start[k + 1]] for k in order]
    flat = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    return FoundJets(event[order], total[order], np.append(0, np.cumsum(per_jet[order])), flat)
