"""Events from Pythia 8 (C. Bierlich et al., SciPost Phys. Codebases 8 (2022)) in batches."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.generation.config import GenerationConfig
from triggernet.data.generation.event_record import check_layout, view
from triggernet.data.generation.particles import EventParticles
from triggernet.data.generation.processes import OUTGOING, JetClass
from triggernet.errors import ConfigError, ToolError
from triggernet.extras import load

W = 24
MAX_FAILURES = 1000  # in a row; Pythia gives up on an event in a thousand at most


@dataclass(frozen=True)
class Resonances:
    """Particles of a batch that jets come from, with the partons of their decays.

    Attributes
    ----------
    event : int64 array (r,)
        Index of the event in its batch.
    p : float64 array (r, 4)
        (E, px, py, pz) in GeV just before the decay, or of a parton out of the hard process.
    decay : float64 array (r, d, 4)
        Of the partons: b, q, q' of a top, q, q' of a W or Z, none of a parton.
    """

    event: NDArray[np.int64]
    p: NDArray[np.float64]
    decay: NDArray[np.float64]


@dataclass
class EventSource:
    """Pythia, set up for one class of one sample.

    Parameters
    ----------
    config
        What to generate.
    kind
        The class.
    seed
        Of Pythia, 1 to 900,000,000.
    """

    config: GenerationConfig
    kind: JetClass
    seed: int
    seconds: float = field(default=0.0, init=False)  # inside Pythia
    tried: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        started = time.process_time()
        self._pythia = start_pythia(settings(self.config, self.kind), self.seed)
        self._pile_up: Any = None
        self._rng = np.random.default_rng(self.seed)
        if self.config.collision.pile_up > 0:
            self._pile_up = start_pythia(pile_up_settings(self.config), self.seed % 899_999_999 + 1)
        self.seconds += time.process_time() - started

    def batch(self, n_events: int) -> tuple[EventParticles, Resonances]:
        """Stable particles and resonances of the next `n_events` events."""
        stable, heavy = [], []
        for event in range(n_events):
            record = self._next(self._pythia)
            stable.append((event, final_state(record)))
            heavy += [(event, *origin) for origin in origins(record, self.kind)]
            stable += [
                (event, final_state(self._next(self._pile_up)))
                for _ in range(self._rng.poisson(self.config.collision.pile_up))
            ]
        self.tried += n_events
        return collect(stable), collect_resonances(heavy, self.kind.n_partons)

    def cross_section_mb(self) -> tuple[float, float]:
        """Cross-section of the hard process in its window and its statistical error, in mb."""
        info = self._pythia.infoPython()
        return float(info.sigmaGen()), float(info.sigmaErr())

    def _next(self, pythia: Any) -> NDArray[Any]:
        started = time.process_time()
        for _ in range(MAX_FAILURES):
            if pythia.next():
                self.seconds += time.process_time() - started
                return view(pythia.event)
        raise ToolError(
            f"Pythia failed on {MAX_FAILURES} events in a row; check the settings in "
            "collision.pythia and the pt_hat window"
        )


def settings(config: GenerationConfig, kind: JetClass) -> list[str]:
    """Lines for Pythia that set up the hard process."""
    collision = config.collision
    lines = [
        f"Beams:eCM = {collision.energy_gev}",
        f"PhaseSpace:pTHatMin = {collision.pt_hat_min_gev}",
        f"PhaseSpace:pTHatMax = {collision.pt_hat_max_gev}",
        f"PartonLevel:MPI = {'on' if collision.multiple_interactions else 'off'}",
        *kind.pythia,
    ]
    return lines + list(collision.pythia)


def pile_up_settings(config: GenerationConfig) -> list[str]:
    """Lines for Pythia that set up inelastic collisions."""
    return [f"Beams:eCM = {config.collision.energy_gev}", "SoftQCD:inelastic = on"]


def start_pythia(lines: list[str], seed: int) -> Any:
    """A silent, initialised Pythia whose event record has been checked.

    Raises
    ------
    ToolError
        If pythia8mc is missing, does not start, or lays its record out differently.
    ConfigError
        If Pythia does not know a setting.
    """
    pythia8mc = load("pythia8mc", "to generate jets")
    pythia = pythia8mc.Pythia("", False)
    quiet = ["Print:quiet = on", "Random:setSeed = on", f"Random:seed = {seed}"]
    for line in quiet + lines:
        if not pythia.readString(line, False):
            raise ConfigError(f"Pythia does not accept the setting {line!r}")
    if not (pythia.init() and pythia.next()):
        raise ToolError("Pythia does not start with " + "; ".join(lines))
    check_layout(pythia.event)
    return pythia


def final_state(record: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Codes (n,) and (px, py, pz, E) (n, 4) of the stable particles, copied."""
    stable = np.flatnonzero(record["status"] > 0)
    return record["id"][stable], record["p"][stable]


def origins(
    record: NDArray[Any], kind: JetClass
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Momenta (px, py, pz, E) of what jets of a class come from (4,), and of its partons (d, 4)."""
    if not kind.origins:
        return []
    candidates = np.isin(np.abs(record["id"]), kind.origins)
    if kind.n_partons:
        return decays(record, np.flatnonzero(candidates))
    outgoing = np.flatnonzero(candidates & (np.abs(record["status"]) == OUTGOING))
    return [(record["p"][k].copy(), np.zeros((0, 4))) for k in outgoing]


def decays(
    record: NDArray[Any], copies: NDArray[np.int64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Momenta of each resonance before its decay and of its partons, as `origins` gives them.

    `copies` are the indices of all entries of such resonances.
    """
    codes = record["id"]
    first, second = (record[name][copies] for name in ("daughter1", "daughter2"))
    # A copy that radiates or recoils has one of its kind among its daughters; the last decays.
    last = (codes[first] != codes[copies]) & (codes[second] != codes[copies])
    products = []
    for k in copies[last]:
        daughters = [record["daughter1"][k], record["daughter2"][k]]
        partons = [d for d in daughters if abs(record["id"][d]) != W]
        for boson in [d for d in daughters if abs(record["id"][d]) == W]:
            partons += w_daughters(record, boson)
        products.append((record["p"][k].copy(), record["p"][partons]))
    return products


def w_daughters(record: NDArray[Any], boson: int) -> list[int]:
    """Indices of the partons of a W, followed to its last copy."""
    while record["id"][record["daughter1"][boson]] == record["id"][boson]:
        boson = record["daughter1"][boson]
    return [record["daughter1"][boson], record["daughter2"][boson]]


def collect(
    events: list[tuple[int, tuple[NDArray[np.int32], NDArray[np.float64]]]],
) -> EventParticles:
    """Flat arrays of the particles of several events."""
    sizes = [len(codes) for _, (codes, _) in events]
    event = np.repeat(np.array([index for index, _ in events], np.int64), sizes)
    p = np.concatenate([momenta for _, (_, momenta) in events])
    codes = np.concatenate([codes for _, (codes, _) in events])
    return EventParticles(event, codes, p[:, [3, 0, 1, 2]])


def collect_resonances(
    heavy: list[tuple[int, NDArray[np.float64], NDArray[np.float64]]], n_partons: int
) -> Resonances:
    """Arrays of the resonances of several events, each of `n_partons` partons."""
    event = np.array([index for index, _, _ in heavy], np.int64)
    p = np.array([momentum for _, momentum, _ in heavy]).reshape(-1, 4)
    decay = np.array([partons for _, _, partons in heavy]).reshape(len(heavy), n_partons, 4)
    return Resonances(event, p[:, [3, 0, 1, 2]], decay[:, :, [3, 0, 1, 2]])
