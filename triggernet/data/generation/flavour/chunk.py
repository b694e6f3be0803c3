"""One chunk of jets with tracks, of one setting of Pythia."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.generation.chunk import MAX_PYTHIA_SEED, ChunkPlan
from triggernet.data.generation.clustering import FoundJets, cluster
from triggernet.data.generation.event_record import view
from triggernet.data.generation.flavour import association, dense
from triggernet.data.generation.flavour.collisions import settings
from triggernet.data.generation.flavour.config import SOURCES, FlavourConfig
from triggernet.data.generation.flavour.pile_up import Library, draw, make_library
from triggernet.data.generation.flavour.tracking import reconstruct
from triggernet.data.generation.flavour.truth import Truth, truth_of
from triggernet.data.generation.particles import concatenate
from triggernet.data.generation.pythia import MAX_FAILURES, start_pythia
from triggernet.data.readers.flavour import jet_table
from triggernet.errors import ToolError

EVENTS_PER_BATCH = 50
CHUNKS_OF_A_LIBRARY = 10  # of each source that draw their pile-up from the same collisions
RADIUS = 0.4
# sigma(pT) / pT of a jet: noise / pT (+) stochastic / sqrt(pT) (+) constant, pT in GeV.
JET_RESOLUTION = (3.0, 0.75, 0.04)
FLOOR_GEV = 10.0  # of jets before their resolution


def generate_chunk(config: FlavourConfig, plan: ChunkPlan) -> dict[str, NDArray[Any]]:
    """Generate events until `plan.n_jets` jets of the source `plan.label` are kept.

    Returns
    -------
    dict
        ``jets`` (n,) and ``tracks`` (n, M) as `triggernet.data.readers.flavour` writes them, and
        numbers: ``tried`` events, ``accepted`` jets, ``seconds`` of CPU time.
    """
    started = time.process_time()
    seeds = np.random.SeedSequence([plan.seed, plan.label, plan.number]).generate_state(
        2, np.uint64
    )
    pythia = start_pythia(settings(config, plan.label, plan.number), _for_pythia(seeds[0]))
    rng = np.random.default_rng(seeds[1])
    shared = np.random.SeedSequence([plan.seed, len(SOURCES), plan.number // CHUNKS_OF_A_LIBRARY])
    library = make_library(config, _for_pythia(shared.generate_state(1, np.uint64)[0]))
    jets, rows, tried, kept = [], [], 0, 0
    while kept < plan.n_jets:
        truth = [truth_of(record, k) for k, record in enumerate(records(pythia))]
        table, tracks = batch(config, plan.label, truth, library, rng)
        table["eventNumber"] += tried
        jets.append(table)
        rows.append(tracks)
        kept, tried = kept + len(table), tried + EVENTS_PER_BATCH
    return {
        "jets": np.concatenate(jets)[: plan.n_jets],
        "tracks": np.concatenate(rows)[: plan.n_jets],
        "tried": np.array(tried),
        "accepted": np.array(kept),
        "seconds": np.array(time.process_time() - started),
    }


def _for_pythia(seed: Any) -> int:
    return int(seed % MAX_PYTHIA_SEED) + 1


def records(pythia: Any) -> Any:
    """Yield the event records of a batch, each valid until the next one is asked for."""
    for _ in range(EVENTS_PER_BATCH):
        for _ in range(MAX_FAILURES):
            if pythia.next():
                break
        else:
            raise ToolError(
                f"Pythia failed on {MAX_FAILURES} events in a row; check the settings in pythia"
            )
        yield view(pythia.event)


def batch(
    config: FlavourConfig,
    source: int,
    truth: list[Truth],
    library: Library,
    rng: np.random.Generator,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Jets and tracks of one batch of events, as they are written."""
    n_events = len(truth)
    visible = concatenate([each.visible for each in truth])
    jets = measured(cluster(visible, n_events, RADIUS, FLOOR_GEV), rng)
    label = association.flavours(jets, np.concatenate([each.decaying for each in truth]))
    index = select(jets, config, source)
    charged = np.concatenate(
        [*(each.charged for each in truth), draw(library, config, n_events, rng)]
    )
    found = reconstruct(charged, config.tracking, n_events, rng)
    padded, there = association.tracks_by_jet(found, jets, index)
    cone = association.cone_of(kinematics.transverse_momentum(jets.p[index]))
    padded, there = dense.with_fakes(padded, there, cone, rng)
    dense.share_hits(padded, there, rng)
    kept = there & association.selected(padded)
    tracks = association.as_table(padded, kept, jets.p[index], config.tracking.n_tracks)
    table = jet_table(jets.p[index], label[index], kept.sum(1), jets.event[index], source)
    return table, tracks


def measured(jets: FoundJets, rng: np.random.Generator) -> FoundJets:
    """The same jets with their energy as a calorimeter measures it."""
    pt = kinematics.transverse_momentum(jets.p)
    noise, stochastic, constant = JET_RESOLUTION
    sigma = np.sqrt((noise / pt) ** 2 + stochastic**2 / pt + constant**2)
    factor = np.maximum(1 + sigma * rng.standard_normal(len(pt)), 0.1)
    return FoundJets(jets.event, jets.p * factor[:, None], jets.start, jets.members)


def select(jets: FoundJets, config: FlavourConfig, source: int) -> NDArray[np.int64]:
    """Indices of the jets in the window of a source."""
    low, high = config.window_gev(source)
    pt, eta = kinematics.transverse_momentum(jets.p), kinematics.pseudorapidity(jets.p)
    return np.flatnonzero((pt > low) & (pt <= high) & (np.abs(eta) < config.abs_eta_max))
