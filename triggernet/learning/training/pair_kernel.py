"""Binary cross-entropy of the absorbed nanoPELICAN and its exact gradient, compiled.

All that the gradient needs of the pairs are counts: with ``S = sum ReLU(k d_ij + A_i + B_j)``,
``dS/dA_i`` is the number of active j, and ``dS/dk`` the sum of the active ``d_ij``. So one pass
over the products gives value and gradient, and nothing of size N x N is ever stored.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from triggernet.learning.models.nanopelican.equivariant import TABLES, EquivariantWeights

if TYPE_CHECKING:
    from triggernet.learning.training.pair_sample import PairSample

Floats = NDArray[np.float64]

# Jets summed by one call of the compiled function. The partial sums are added in order, so that
# the result does not depend on the number of threads.
_CHUNK = 512


@dataclass(frozen=True)
class Coefficients:
    """The absorbed form with the coefficient of ``d_ij`` free; gradients have the same shape.

    Attributes
    ----------
    k : float64 array (C,)
        Coefficients of ``d_ij`` in 1/GeV^2.
    tables : float64 array (11, K, C)
        In the order of `equivariant.TABLES`.
    bias : float64 array (K,)
    """

    k: Floats
    tables: Floats
    bias: Floats

    @classmethod
    def of(cls, weights: EquivariantWeights) -> Coefficients:
        """Those of absorbed weights, k being their signs."""
        tables = np.stack([getattr(weights, name) for name in TABLES])
        return cls(weights.signs.astype(np.float64), tables, weights.bias)

    @property
    def tied(self) -> bool:
        """Whether row and column coefficients are equal, which halves the work."""
        return np.array_equal(self.tables[:3], self.tables[3:6])


def logits(coefficients: Coefficients, sample: PairSample) -> Floats:
    """The logits (n,) of a sample, float64, within the float32 rounding of its products."""
    return _run(coefficients, sample, np.zeros(len(sample)), 1)[2]


def loss_and_gradient(
    coefficients: Coefficients, sample: PairSample, label: Floats, threads: int = 1
) -> tuple[float, Coefficients]:
    """Mean binary cross-entropy and its gradient with respect to `coefficients`.

    Parameters
    ----------
    coefficients : Coefficients
    sample : PairSample
    label : float64 array (n,)
        1 for signal, 0 for background.
    threads : int
        The result is the same for any number, to the last bit.
    """
    loss, gradient, _ = _run(coefficients, sample, label, threads)
    C, K = len(coefficients.k), len(coefficients.bias)
    gradient /= len(sample)
    tables = gradient[C : C + len(TABLES) * K * C].reshape(len(TABLES), K, C)
    return loss / len(sample), Coefficients(gradient[:C], tables, gradient[C + tables.size :])


def _run(
    coefficients: Coefficients, sample: PairSample, label: Floats, threads: int
) -> tuple[float, Floats, Floats]:
    """Summed loss, flat summed gradient and logits."""
    c = coefficients
    size = c.k.size + c.tables.size + c.bias.size
    row = np.minimum(sample.count, len(c.bias) - 1)  # (n,), which of K
    first = (sample.first_pair, sample.first_particle)
    data = (sample.d, sample.r, sample.t, row)
    result = np.empty(len(sample))  # (n,)

    def part(begin: int) -> tuple[float, Floats]:
        gradient = np.zeros(size)
        jets = (begin, min(begin + _CHUNK, len(sample)))
        weights = (c.k, c.tables, c.bias, c.tied)
        return _chunk(jets, first, data, weights, (label, result, gradient)), gradient

    begins = range(0, len(sample), _CHUNK)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(part, begins))
    else:
        parts = [part(begin) for begin in begins]
    gradient = np.zeros(size)
    for _, partial in parts:
        gradient += partial
    return sum(loss for loss, _ in parts), gradient, result


def channel_sums(coefficients: Coefficients, sample: PairSample) -> Floats:
    """Sum over i != j of the ReLU and sum of the diagonal, for each channel: float64 (n, C, 2)."""
    c = coefficients
    row = np.minimum(sample.count, len(c.bias) - 1)
    result = np.empty((len(sample), len(c.k), 2))
    first = (sample.first_pair, sample.first_particle)
    _channel_sums(first, (sample.d, sample.r, sample.t, row), (c.k, c.tables), result)
    return result


@njit(cache=True, nogil=True)
def _channel_sums(first: Any, data: Any, weights: Any, result: Any) -> None:  # pragma: no cover
    first_pair, first_particle = first
    d, r, t, row = data
    k, tables = weights
    largest = 0
    for n in range(len(row)):
        largest = max(largest, first_particle[n + 1] - first_particle[n])
    line = np.empty((2, largest), np.float32)
    active = np.empty((2, largest), np.float32)
    sums = np.empty(5)
    for n in range(len(row)):
        rows = r[first_particle[n] : first_particle[n + 1]]
        products = d[first_pair[n] : first_pair[n + 1]]
        for c in range(len(k)):
            h = tables[:, row[n], c]
            _lines(h, rows, t[n], line)
            total, _ = _pairs(products, np.float32(k[c]), line, len(rows), active)
            _diagonal(h, rows, t[n], sums)
            result[n, c, 0], result[n, c, 1] = total, sums[2]


@njit(cache=True, nogil=True, error_model="numpy")
def _chunk(jets: Any, first: Any, data: Any, weights: Any, out: Any) -> float:  # pragma: no cover
    first_pair, first_particle = first
    d, r, t, row = data
    k, tables, bias, tied = weights
    label, result, gradient = out
    C = len(k)
    largest = 0
    for n in range(jets[0], jets[1]):
        largest = max(largest, first_particle[n + 1] - first_particle[n])
    line = np.empty((2, largest), np.float32)  # A_i and B_j
    active = np.empty((C, 2, largest), np.float32)  # counts by row and column
    sums = np.empty((C, 5))  # S, sum of active d, T, active diagonal, r of the active diagonal
    g_tables = gradient[C : C + tables.size].reshape(tables.shape)
    loss = 0.0
    for n in range(jets[0], jets[1]):
        v = row[n]
        rows = r[first_particle[n] : first_particle[n + 1]]
        products = d[first_pair[n] : first_pair[n + 1]]
        w = bias[v]
        for c in range(C):
            h = tables[:, v, c]  # (11,)
            _lines(h, rows, t[n], line)
            if tied:
                total, slope = _tied_pairs(products, np.float32(k[c]), line, len(rows), active[c])
            else:
                total, slope = _pairs(products, np.float32(k[c]), line, len(rows), active[c])
            sums[c, 0], sums[c, 1] = total, slope
            _diagonal(h, rows, t[n], sums[c])
            w += h[9] * total + h[10] * sums[c, 2]
        result[n] = w
        # log(1 + exp(-|w|)) + max(w, 0) - y w, and its slope sigmoid(w) - y
        small = np.exp(-abs(w))
        loss += np.log1p(small) + max(w, 0.0) - label[n] * w
        residual = (1.0 if w > 0 else small) / (1.0 + small) - label[n]
        for c in range(C):
            gradient[c] += residual * tables[9, v, c] * sums[c, 1]
            _scatter(residual, tables[:, v, c], rows, t[n], (active[c], sums[c]), g_tables[:, v, c])
        gradient[C + tables.size + v] += residual
    return loss


@njit(cache=True, nogil=True)
def _lines(h: Any, rows: Any, t: float, line: Any) -> None:  # pragma: no cover
    for i in range(len(rows)):
        line[0, i] = h[0] * rows[i] + h[1] * t + h[2]
        line[1, i] = h[3] * rows[i] + h[4] * t + h[5]


@njit(cache=True, nogil=True, fastmath=True)
def _pairs(d: Any, k: Any, line: Any, m: int, active: Any) -> Any:  # pragma: no cover
    """Both orders of every pair; counts of active entries per row and column go to `active`."""
    row, column, row_count, column_count = line[0], line[1], active[0], active[1]
    row_count[:m] = 0
    column_count[:m] = 0
    zero, one = np.float32(0), np.float32(1)
    total: Any = 0.0
    slope: Any = 0.0
    base = 0
    for j in range(1, m):
        products = d[base : base + j]
        row_j, column_j = row[j], column[j]
        s, q, rows_j, columns_j = zero, zero, zero, zero
        for i in range(j):
            x = k * products[i]
            forward = x + row[i] + column_j
            backward = x + row_j + column[i]
            u = one if forward > zero else zero
            v = one if backward > zero else zero
            s += max(forward, zero) + max(backward, zero)
            q += (u + v) * products[i]
            row_count[i] += u
            column_count[i] += v
            columns_j += u
            rows_j += v
        row_count[j] += rows_j
        column_count[j] += columns_j
        total += s
        slope += q
        base += j
    return total, slope


@njit(cache=True, nogil=True, fastmath=True)
def _tied_pairs(d: Any, k: Any, line: Any, m: int, active: Any) -> Any:  # pragma: no cover
    """The same for equal rows and columns: each pair once, counted twice."""
    row, count = line[0], active[0]
    count[:m] = 0
    zero, one, two = np.float32(0), np.float32(1), 2.0
    total: Any = 0.0
    slope: Any = 0.0
    base = 0
    for j in range(1, m):
        products = d[base : base + j]
        row_j = row[j]
        s, q, count_j = zero, zero, zero
        for i in range(j):
            z = k * products[i] + row[i] + row_j
            u = one if z > zero else zero
            s += max(z, zero)
            q += u * products[i]
            count[i] += u
            count_j += u
        count[j] += count_j
        total += two * s
        slope += two * q
        base += j
    active[1, :m] = count[:m]
    return total, slope


@njit(cache=True, nogil=True)
def _diagonal(h: Any, rows: Any, t: float, sums: Any) -> None:  # pragma: no cover
    sums[2:] = 0.0
    for i in range(len(rows)):
        g = h[6] * rows[i] + h[7] * t + h[8]
        if g > 0:
            sums[2] += g
            sums[3] += 1.0
            sums[4] += rows[i]


@njit(cache=True, nogil=True)
def _scatter(
    residual: float, h: Any, rows: Any, t: float, pairs: Any, out: Any
) -> None:  # pragma: no cover
    active, sums = pairs
    outer = residual * h[9]
    for side in range(2):
        slope, number = 0.0, 0.0
        for i in range(len(rows)):
            slope += active[side, i] * rows[i]
            number += active[side, i]
        out[3 * side] += outer * slope
        out[3 * side + 1] += outer * number * t
        out[3 * side + 2] += outer * number
    outer = residual * h[10]
    out[6] += outer * sums[4]
    out[7] += outer * sums[3] * t
    out[8] += outer * sums[3]
    out[9] += residual * sums[0]
    out[10] += residual * sums[2]
