"""Jets as packed lists of Minkowski products: what the fast kernel runs over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from triggernet.models.nanopelican_config import NanoPelicanConfig

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PairSample:
    """The products of n jets, only those of particles present, one jet after the other.

    A jet of m particles (constituents present, then spurions) has ``m (m - 1) / 2`` products in
    the order of `equivariant.pair_indices`.

    Attributes
    ----------
    d : float32 array (pairs of all jets,)
        In GeV^2. Computed in float64; the rounding of the store changes logits by about 1e-6.
    r : float64 array (particles of all jets,)
        Row sums in GeV^2.
    t : float64 array (n,)
        Totals in GeV^2.
    first_pair, first_particle : int64 arrays (n + 1,)
        Where each jet begins in `d` and `r`.
    count : int64 array (n,)
        Constituents present, without spurions.
    """

    d: NDArray[np.float32]
    r: Floats
    t: Floats
    first_pair: Counts
    first_particle: Counts
    count: Counts

    def __len__(self) -> int:
        return len(self.t)

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays."""
        arrays = (self.d, self.r, self.t, self.first_pair, self.first_particle, self.count)
        return sum(array.nbytes for array in arrays)

    def head(self, n_jets: int) -> PairSample:
        """The first `n_jets` jets, as views."""
        n = min(n_jets, len(self))
        return PairSample(
            self.d[: self.first_pair[n]],
            self.r[: self.first_particle[n]],
            self.t[:n],
            self.first_pair[: n + 1],
            self.first_particle[: n + 1],
            self.count[:n],
        )


def pack_pairs(momenta: Floats, jet: Floats, config: NanoPelicanConfig) -> PairSample:
    """Compute and pack the products of jets.

    Parameters
    ----------
    momenta : float64 array (n, N, 4)
        (E, px, py, pz) in GeV, zero where there is no constituent.
    jet : float64 array (n, 4)
        The whole jets, in the same frame.
    config : NanoPelicanConfig
        Says which spurions are appended and what row sums and totals are made of.
    """
    count = (momenta[..., 0] > 0).sum(1).astype(np.int64)
    m = count + config.n_spurions
    first_particle = np.concatenate([[0], np.cumsum(m)]).astype(np.int64)
    first_pair = np.concatenate([[0], np.cumsum(m * (m - 1) // 2)]).astype(np.int64)
    d = np.empty(first_pair[-1], np.float32)
    r = np.zeros(first_particle[-1])
    t = np.zeros(len(momenta))
    # (flags as one tuple keep the signature short)
    flags = (config.spurion_jet, config.spurion_beams, config.aggregates == "jet")
    _pack(np.ascontiguousarray(momenta), jet, flags, (first_pair, first_particle), (d, r, t))
    return PairSample(d, r, t, first_pair, first_particle, count)


@njit(cache=True, nogil=True)
def _pack(momenta: Any, jet: Any, flags: Any, first: Any, out: Any) -> None:  # pragma: no cover
    spurion_jet, spurion_beams, jet_aggregates = flags
    d, r, t = out
    p = np.empty((momenta.shape[1] + 3, 4))
    for n in range(len(momenta)):
        m = 0
        for i in range(momenta.shape[1]):
            if momenta[n, i, 0] > 0:
                p[m] = momenta[n, i]
                m += 1
        if spurion_jet:
            p[m] = jet[n]
            m += 1
        if spurion_beams:
            p[m : m + 2] = 0.0
            p[m : m + 2, 0] = 1.0
            p[m, 3], p[m + 1, 3] = 1.0, -1.0
            m += 2
        _products(p[:m], d[first[0][n] :], r[first[1][n] :])
        if jet_aggregates:
            J = jet[n]
            for i in range(m):
                r[first[1][n] + i] = _dot(p[i], J)
            t[n] = _dot(J, J)
        else:
            t[n] = r[first[1][n] : first[1][n] + m].sum()


@njit(cache=True, nogil=True)
def _products(p: Any, d: Any, r: Any) -> None:  # pragma: no cover
    pair = 0
    for j in range(1, len(p)):
        for i in range(j):
            product = _dot(p[i], p[j])
            d[pair] = product
            r[i] += product
            r[j] += product
            pair += 1


@njit(cache=True, nogil=True)
def _dot(p: Any, q: Any) -> float:  # pragma: no cover
    result: float = p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]
    return result
