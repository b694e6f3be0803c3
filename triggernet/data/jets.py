"""Jets in memory: the one type that every reader returns and every later stage takes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import DataError

# What h5py, PyTables, uproot and numpy were seen to raise on damaged files and on other layouts.
DAMAGED = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)

# What is known of every jet of some samples only, and its type in files.
OPTIONAL = {"event": "<i8", "weight": "<f8"}


@dataclass(frozen=True)
class Jets:
    """Jets as lists of massless-by-convention constituents, sorted by falling pT.

    Attributes
    ----------
    constituents : float64 array (n, N, 4)
        (E, px, py, pz) in GeV, laboratory frame, zero where there is no constituent.
    jet : float64 array (n, 4)
        (E, px, py, pz) in GeV of the whole jet: all its constituents, also those beyond N.
    label : int64 array (n,)
        Index into `classes`.
    classes : tuple of str
        For two classes background first: ``("qcd", "top")``; the last one is the signal.
    provenance : mapping of str to str, int or float
        Where the jets come from: source, licence, generator settings.
    multiplicity : int64 array (n,), optional
        Number of constituents of the whole jet, also those beyond N; by default those present.
    truth : float64 array (n, 4), optional
        (E, px, py, pz) in GeV of the particle that the jet holds (top, W) as generated; zero, the
        default, where there is none or nothing is known.
    cut_at : int, optional
        How many leading constituents of every jet are here, if a jet has more or may have; None
        if all of all jets are here. By default what the multiplicity tells.
    event : int64 array (n,), optional
        Number of the collision that the jet comes from: jets of one event have the same. None if
        nothing is known, so that any two jets may be of one event.
    weight : float64 array (n,), optional
        How much each jet counts when a model is trained: finite, 0 and above. None: all count 1.
    tracks : array (n, M) of dtype `triggernet.data.tracks.TRACK`, optional
        What a tracking detector measured of each jet; None for jets without.

    Raises
    ------
    DataError
        If the arrays do not belong together, or a weight is negative or not finite.
    """

    constituents: NDArray[np.float64]
    jet: NDArray[np.float64]
    label: NDArray[np.int64]
    classes: tuple[str, ...] = ("qcd", "top")
    provenance: Mapping[str, str | int | float] = field(default_factory=dict)
    multiplicity: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    truth: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    cut_at: int | None = None
    event: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None
    tracks: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        n = len(self.label)
        shapes = (self.constituents.shape, self.jet.shape, self.label.shape)
        length = self.constituents.shape[1] if self.constituents.ndim == 3 else None
        if shapes != ((n, length, 4), (n, 4), (n,)):
            raise DataError(
                f"jets of shapes {shapes} do not belong together; expected constituents (n, N, 4), "
                "jet (n, 4) and label (n,)"
            )
        if self.multiplicity.shape != (n,):
            if self.multiplicity.size:
                raise DataError(f"multiplicity {self.multiplicity.shape}; expected ({n},)")
            object.__setattr__(self, "multiplicity", self.present.sum(axis=1))
        if self.truth.shape != (n, 4):
            if self.truth.size:
                raise DataError(f"truth {self.truth.shape}; expected ({n}, 4)")
            object.__setattr__(self, "truth", np.zeros((n, 4)))
        for name in OPTIONAL:
            values = getattr(self, name)
            if values is not None and values.shape != (n,):
                raise DataError(f"{name} {values.shape}; expected ({n},)")
        if self.tracks is not None and (self.tracks.ndim != 2 or len(self.tracks) != n):
            raise DataError(f"tracks {self.tracks.shape}; expected ({n}, M)")
        if self.weight is not None:
            _refuse_bad_weights(self.weight)
        if (self.multiplicity > self.constituents.shape[1]).any():
            kept = self.constituents.shape[1]
            object.__setattr__(self, "cut_at", min(kept, self.cut_at or kept))

    def __len__(self) -> int:
        return len(self.label)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which constituents exist, bool (n, N): those with E > 0."""
        return np.asarray(self.constituents[..., 0] > 0)

    def select(self, index: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Jets:
        """The jets at `index`, in that order, with the same classes and provenance."""
        return Jets(
            self.constituents[index],
            self.jet[index],
            self.label[index],
            self.classes,
            self.provenance,
            self.multiplicity[index],
            self.truth[index],
            self.cut_at,
            **{name: values[index] for name, values in self.optional().items()},
            tracks=None if self.tracks is None else self.tracks[index],
        )

    def optional(self) -> dict[str, NDArray[Any]]:
        """Those of the arrays `OPTIONAL` that are known, by their names."""
        given = {name: getattr(self, name) for name in OPTIONAL}
        return {name: values for name, values in given.items() if values is not None}

    def leading(self, n_constituents: int) -> Jets:
        """The same jets with their `n_constituents` leading constituents, zero-padded if fewer."""
        kept = self.constituents[:, :n_constituents]
        missing = n_constituents - kept.shape[1]
        if missing > 0:
            kept = np.pad(kept, ((0, 0), (0, missing), (0, 0)))
        return replace(self, constituents=kept)


def refuse_weights(jets: Jets, what: str) -> None:
    """Refuse jets with weights for a file that has no place for them; `what` names it.

    Raises
    ------
    DataError
        If they have some.
    """
    if jets.weight is not None:
        raise DataError(f"{what} has no place for the weights of the jets; write another")


def refuse_tracks(jets: Jets, what: str) -> None:
    """Refuse jets with tracks for a file that has no place for them; `what` names it.

    Raises
    ------
    DataError
        If they have some.
    """
    if jets.tracks is not None:
        raise DataError(f"{what} has no place for the tracks of the jets; use the layout 'flavour'")


def _refuse_bad_weights(weight: NDArray[np.float64]) -> None:
    """Raise DataError unless all weights are finite and not negative."""
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(bad):
        raise DataError(
            f"{len(bad)} of {len(weight)} jets have a weight that is negative or not finite, first "
            f"jet {bad[0]} ({weight[bad[0]]:g}); allowed are finite numbers of 0 and more"
        )


def cut_where_full(p: NDArray[np.float64]) -> int | None:
    """`Jets.cut_at` of constituents (n, N, 4) from a format that does not tell multiplicities.

    A jet that fills all N places may have had more.
    """
    return p.shape[1] if (p[:, -1:, 0] > 0).any() else None
