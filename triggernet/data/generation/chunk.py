"""One chunk of jets: the unit of work, of seeding and of resuming.

A chunk holds jets of one class. It starts its own Pythia and its own random numbers from the
sample's seed, the class and its number, so that it comes out the same in any process and order.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.generation.clustering import FoundJets, cluster
from triggernet.data.generation.config import GenerationConfig
from triggernet.data.generation.detector import respond
from triggernet.data.generation.particles import EventParticles
from triggernet.data.generation.pythia import EventSource, Resonances
from triggernet.data.generation.selection import match, select
from triggernet.errors import ConfigError

EVENTS_PER_BATCH = 100  # enough for vectors to pay, few enough to waste none at the end
FIND_PT_GEV = 100.0  # jets below are never written
MAX_EVENTS_PER_JET = 20_000
MAX_PYTHIA_SEED = 900_000_000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChunkPlan:
    """Which chunk: the sample's seed, the class, the number within it, and how many jets."""

    seed: int
    label: int
    number: int
    n_jets: int

    @property
    def name(self) -> str:
        """Name of the file that keeps the chunk."""
        return f"chunk-{self.label}-{self.number:05d}.npz"


@dataclass(frozen=True)
class Chunk:
    """Jets of one class, in the order found.

    Attributes
    ----------
    constituents : float32 array (n, N, 3)
        (px, py, pz) in GeV, sorted by falling pT, zero-padded.
    jet, truth : float64 arrays (n, 4)
        (E, px, py, pz) in GeV of all constituents, and of the matched resonance or zero.
    n_constituents : int64 array (n,)
        Also those beyond N.
    event : int64 array (n,)
        Number of the collision within the chunk, from 0.
    tried, found, accepted : int
        Events, jets inside the window, jets kept: those found that also match.
    sigma_mb, sigma_error_mb : float
        Cross-section of the hard process in the pt_hat window.
    seconds, pythia_seconds : float
        CPU time in all, and inside Pythia.
    """

    constituents: NDArray[np.float32]
    jet: Array
    truth: Array
    n_constituents: NDArray[np.int64]
    event: NDArray[np.int64]
    tried: int
    found: int
    accepted: int
    sigma_mb: float
    sigma_error_mb: float
    seconds: float
    pythia_seconds: float


@dataclass(frozen=True)
class Kept:
    """Jets kept of one batch; fields as in `Chunk`."""

    constituents: NDArray[np.float32]
    jet: Array
    truth: Array
    n_constituents: NDArray[np.int64]
    event: NDArray[np.int64]
    found: int


def generate_chunk(config: GenerationConfig, plan: ChunkPlan) -> Chunk:
    """Generate events until `plan.n_jets` jets are kept.

    Raises
    ------
    ConfigError
        If the selection keeps next to nothing.
    """
    started = time.process_time()
    pythia_seed, detector_seed = np.random.SeedSequence(
        [plan.seed, plan.label, plan.number]
    ).generate_state(2, np.uint64)
    kind = config.jet_classes[plan.label]
    source = EventSource(config, kind, int(pythia_seed % MAX_PYTHIA_SEED) + 1)
    rng = np.random.default_rng(detector_seed)
    batches: list[Kept] = []
    kept = 0
    while kept < plan.n_jets:
        batches.append(batch(config, source, rng))
        kept += len(batches[-1].jet)
        refuse_hopeless(source.tried, kept, config)
    sigma, error = source.cross_section_mb()
    joined = {
        name: np.concatenate([getattr(part, name) for part in batches])[: plan.n_jets]
        for name in ("constituents", "jet", "truth", "n_constituents", "event")
    }
    return Chunk(
        **joined,
        tried=source.tried,
        found=sum(part.found for part in batches),
        accepted=kept,
        sigma_mb=sigma,
        sigma_error_mb=error,
        seconds=time.process_time() - started,
        pythia_seconds=source.seconds,
    )


def batch(config: GenerationConfig, source: EventSource, rng: np.random.Generator) -> Kept:
    """Generate, detect, cluster and select one batch of events."""
    first_event = source.tried
    particles, resonances = source.batch(EVENTS_PER_BATCH)
    seen = respond(particles, config.detector, rng)
    selection = config.selection
    floor = min(FIND_PT_GEV, selection.pt_min_gev)
    jets = cluster(seen, EVENTS_PER_BATCH, selection.radius, floor)
    index = select(jets, selection)
    filled = len(index)
    truth = np.zeros((filled, 4))
    if source.kind.origins:
        partner = match(jets, index, resonances, selection.match_radius)
        truth = truth_of(partner, resonances)
        if selection.match:
            index, truth = index[partner >= 0], truth[partner >= 0]
    constituents, counts = leading(seen, jets, index, config.n_constituents)
    event = first_event + jets.event[index]
    return Kept(constituents, jets.p[index], truth, counts, event, filled)


def truth_of(partner: NDArray[np.int64], resonances: Resonances) -> Array:
    """Four-momenta (k, 4) of the matched resonances, zero where there is none."""
    padded = np.concatenate([resonances.p, np.zeros((1, 4))])  # -1 takes the last
    return padded[partner]


def leading(
    particles: EventParticles, jets: FoundJets, index: NDArray[np.int64], n_constituents: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Leading constituents (k, N, 3) of the jets at `index`, and how many each has in all (k,)."""
    result = np.zeros((len(index), n_constituents, 3), np.float32)
    counts = np.zeros(len(index), np.int64)
    for row, jet in enumerate(index):
        members = jets.members[jets.start[jet] : jets.start[jet + 1]]
        p = particles.p[members]
        order = np.argsort(-kinematics.transverse_momentum(p), kind="stable")[:n_constituents]
        result[row, : len(order)] = p[order, 1:]
        counts[row] = len(members)
    return result, counts


def refuse_hopeless(tried: int, kept: int, config: GenerationConfig) -> None:
    """Raise ConfigError if after very many events next to nothing was kept."""
    if tried >= MAX_EVENTS_PER_JET and kept * MAX_EVENTS_PER_JET < tried:
        selection = config.selection
        raise ConfigError(
            f"{kept} jets kept of {tried} events: the window {selection.pt_min_gev} to "
            f"{selection.pt_max_gev} GeV and the pt_hat window {config.collision.pt_hat_min_gev} "
            f"to {config.collision.pt_hat_max_gev} GeV hardly meet; widen one of them"
        )


def as_arrays(chunk: Chunk) -> dict[str, NDArray[np.generic]]:
    """The fields of a chunk as arrays, ready for `numpy.savez`."""
    return {name: np.asarray(value) for name, value in asdict(chunk).items()}
