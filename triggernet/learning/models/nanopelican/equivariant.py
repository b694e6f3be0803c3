"""The absorbed form of nanoPELICAN: what is left of it once nothing redundant is.

ReLU is homogeneous, so each channel's coefficient of ``d_ij`` can be made +1, 0 or -1; the
normalisation 1/Nbar, BatchNorm and unit factors go into the other coefficients (Bogatskiy,
Hoffman, Offermann 2023, section 5). With ``r_i`` the row sums and ``t`` the total of ``d``,
and n the number of constituents present::

    z_ijc = s_c d_ij + A_ic + B_jc                                             for i != j
    A_ic  = a_r[n,c] r_i + a_t[n,c] t + a_b[n,c]
    B_jc  = b_r[n,c] r_j + b_t[n,c] t + b_b[n,c]
    g_ic  = ReLU(g_r[n,c] r_i + g_t[n,c] t + g_b[n,c])                         the diagonal
    w     = sum_c c_sum[n,c] sum_{i != j} ReLU(z_ijc) + c_trace[n,c] sum_i g_ic + bias[n]

All sums run over the particles present, spurions included; n does not count spurions.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ModelError

Floats = NDArray[np.float64]

# The coefficients of shape (K, C), in the order of the formulas above.
TABLES = ("a_r", "a_t", "a_b", "b_r", "b_t", "b_b", "g_r", "g_t", "g_b", "c_sum", "c_trace")


@dataclass(frozen=True)
class EquivariantWeights:
    """Coefficients of the absorbed form, d in GeV^2.

    K is 1, or ``n_constituents + 1`` where the coefficients depend on the number n of constituents
    present (the N-scaled form, BatchNorm shifts); then row n belongs to n.

    Attributes
    ----------
    signs : int64 array (C,)
        -1, 0 or 1.
    a_r, a_t, a_b : float64 arrays (K, C)
        Coefficients of the row particle: of ``r_i``, of ``t`` and constant.
    b_r, b_t, b_b : float64 arrays (K, C)
        The same for the column particle; the parts that belong to neither are split evenly.
    g_r, g_t, g_b : float64 arrays (K, C)
        The same for the diagonal.
    c_sum, c_trace : float64 arrays (K, C), or (K, C, O) of a model with O outputs
        Coefficients of the sum over i != j and of the sum over the diagonal.
    bias : float64 array (K,), or (K, O)

    Raises
    ------
    ModelError
        If the shapes do not belong together or a value is not finite.
    """

    signs: NDArray[np.int64]
    a_r: Floats
    a_t: Floats
    a_b: Floats
    b_r: Floats
    b_t: Floats
    b_b: Floats
    g_r: Floats
    g_t: Floats
    g_b: Floats
    c_sum: Floats
    c_trace: Floats
    bias: Floats

    def __post_init__(self) -> None:
        outputs = self.bias.shape[1:]
        for name in TABLES:
            table = getattr(self, name)
            shape = (len(self.bias), len(self.signs), *(outputs if name[0] == "c" else ()))
            if table.shape != shape or not np.isfinite(table).all():
                raise ModelError(
                    f"absorbed weights: {name} of shape {table.shape} must have shape {shape} "
                    "and finite values; the training may have diverged"
                )
        if not np.isfinite(self.bias).all() or not np.isin(self.signs, (-1, 0, 1)).all():
            raise ModelError("absorbed weights: bias must be finite and signs -1, 0 or 1")

    @property
    def n_channels(self) -> int:
        """C, the number of hidden channels."""
        return len(self.signs)

    @property
    def depends_on_count(self) -> bool:
        """Whether the coefficients depend on the number of constituents present."""
        return len(self.bias) > 1

    @property
    def tied(self) -> bool:
        """Whether row and column coefficients are equal, so that ``z_ij = z_ji``."""
        pairs = (("a_r", "b_r"), ("a_t", "b_t"), ("a_b", "b_b"))
        return all(np.array_equal(getattr(self, a), getattr(self, b)) for a, b in pairs)

    def row(self, count: NDArray[np.int64]) -> NDArray[np.int64]:
        """The table rows for jets with `count` constituents present, clipped to the last one."""
        return np.minimum(count, len(self.bias) - 1)

    def without_dead_channels(self) -> EquivariantWeights:
        """The same function without the channels whose output coefficients are all zero."""
        alive = (self.c_sum != 0).any(0) | (self.c_trace != 0).any(0)  # (C,)
        kept = {name: getattr(self, name)[:, alive] for name in TABLES}
        return dataclasses.replace(self, signs=self.signs[alive], **kept)


@dataclass(frozen=True)
class PairInputs:
    """What the absorbed form reads of a batch of jets: M particles, P = M (M - 1) / 2 pairs i < j.

    Attributes
    ----------
    d : float64 array (n, P)
        ``p_i . p_j`` in GeV^2 in the order of `pair_indices`; anything where one is absent.
    r : float64 array (n, M)
        Row sums in GeV^2.
    t : float64 array (n,)
        The total in GeV^2.
    present : bool array (n, M)
    count : int64 array (n,)
        Constituents present, without spurions.
    """

    d: Floats
    r: Floats
    t: Floats
    present: NDArray[np.bool_]
    count: NDArray[np.int64]


def pair_indices(n_particles: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices i and j of all pairs i < j in the order (0,1), (0,2), (1,2), (0,3), ...

    Pair (i, j) is number ``j (j - 1) / 2 + i``, whatever the number of particles.
    """
    j, i = np.tril_indices(n_particles, -1)
    return i, j


def evaluate_equivariant(weights: EquivariantWeights, inputs: PairInputs) -> Floats:
    """The logits of `weights`, float64 (n,), in plain numpy: the definition, not the fast form.

    Memory is n * P * C numbers; pass large samples in parts.
    """
    w, k = weights, weights.row(inputs.count)  # k (n,)
    r, t = inputs.r[..., None], inputs.t[:, None, None]  # (n, M, 1), (n, 1, 1)

    def line(slope: Floats, total: Floats, constant: Floats) -> Floats:
        return slope[k, None] * r + total[k, None] * t + constant[k, None]  # (n, M, C)

    row, column = line(w.a_r, w.a_t, w.a_b), line(w.b_r, w.b_t, w.b_b)  # (n, M, C) each
    diagonal = np.maximum(line(w.g_r, w.g_t, w.g_b), 0) * inputs.present[..., None]  # (n, M, C)
    i, j = pair_indices(inputs.r.shape[1])  # (P,) each
    signed = w.signs * inputs.d[..., None]  # (n, P, C)
    pairs = np.maximum(signed + row[:, i] + column[:, j], 0)  # (n, P, C), entries (i, j)
    pairs += np.maximum(signed + row[:, j] + column[:, i], 0)  # and (j, i)
    pairs *= (inputs.present[:, i] & inputs.present[:, j])[..., None]  # mask (n, P, 1)
    terms = w.c_sum[k] * pairs.sum(1) + w.c_trace[k] * diagonal.sum(1)  # (n, C)
    return np.asarray(terms.sum(1) + w.bias[k])  # (n,)
