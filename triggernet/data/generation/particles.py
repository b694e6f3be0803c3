"""Particles of many events in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics


@dataclass(frozen=True)
class EventParticles:
    """Particles of a batch of events, one entry a particle.

    Attributes
    ----------
    event : int64 array (n,)
        Index of the event in its batch.
    pdg : int32 array (n,)
        Particle code of the Particle Data Group; 22 for an electromagnetic and 130 for a hadronic
        energy-flow tower.
    p : float64 array (n, 4)
        (E, px, py, pz) in GeV.
    """

    event: NDArray[np.int64]
    pdg: NDArray[np.int32]
    p: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.event)

    def select(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> EventParticles:
        """The particles at `index`."""
        return EventParticles(self.event[index], self.pdg[index], self.p[index])

    @property
    def pt(self) -> NDArray[np.float64]:
        """Transverse momenta in GeV, (n,)."""
        return kinematics.transverse_momentum(self.p)

    @property
    def eta(self) -> NDArray[np.float64]:
        """Pseudorapidities, (n,)."""
        return kinematics.pseudorapidity(self.p)


def concatenate(parts: list[EventParticles]) -> EventParticles:
    """All particles of several lists in one."""
    return EventParticles(
        np.concatenate([part.event for part in parts]),
        np.concatenate([part.pdg for part in parts]),
        np.concatenate([part.p for part in parts]),
    )
