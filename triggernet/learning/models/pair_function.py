"""What a model makes of a pair of particles, in a form that people can read.

A family offers it as `ModelFamily.reading`; `triggernet.studies.interpret` shows it, whatever the
family. Two forms are known: a linear constraint with a ReLU, complete (`PairConstraints`), and
curves against the mass of the pair (`PairCurves`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig
    from triggernet.program import Program

Floats = NDArray[np.float64]

# Coefficients of a channel, in the order of the formulas of `PairConstraints`.
PAIR = ("sign", "row", "column", "jet", "constant")
DIAGONAL = ("diagonal_slope", "diagonal_jet", "diagonal_constant")
WEIGHTS = ("pair_weight", "diagonal_weight")
COEFFICIENTS = (*PAIR, *DIAGONAL, *WEIGHTS)


@dataclass(frozen=True)
class PairInvariants:
    """Lorentz invariants of a batch of n jets with M particles, in GeV^2.

    Attributes
    ----------
    mass2 : float64 array (n, M, M)
        ``m_ij^2 = 2 p_i . p_j``; 0 where one is absent.
    to_jet : float64 array (n, M)
        ``p_i . J``.
    jet : float64 array (n,)
        ``m_J^2``.
    present : bool array (n, M)
    count : int64 array (n,)
        Constituents present, without spurions.
    """

    mass2: Floats
    to_jet: Floats
    jet: Floats
    present: NDArray[np.bool_]
    count: NDArray[np.int64]

    @property
    def pairs(self) -> NDArray[np.bool_]:
        """Which pairs i != j are of two particles present: (n, M, M)."""
        both = self.present[:, :, None] & self.present[:, None]  # (n, M, M)
        return np.asarray(both & ~np.eye(both.shape[1], dtype=bool))


@dataclass(frozen=True)
class PairConstraints:
    """A score that sums, over pairs, by how much each exceeds a linear constraint.

    With C channels c, and J the sum of all particles or the momentum of the whole jet::

        z_ijc = sign m_ij^2 + row p_i.J + column p_j.J + jet m_J^2 + constant
        g_ic  = diagonal_slope p_i.J + diagonal_jet m_J^2 + diagonal_constant
        score = bias + sum_c [ pair_weight sum_{i != j} ReLU(z_ijc)
                             + diagonal_weight sum_i ReLU(g_ic) ]

    Attributes
    ----------
    sign, row, column, jet, constant : float64 arrays (K, C)
        K is 1, or as many as there are numbers of constituents present, 0 to K - 1. `constant` in
        GeV^2, the others are pure numbers; `sign` is -1, 0 or 1.
    diagonal_slope, diagonal_jet, diagonal_constant : float64 arrays (K, C)
        The same of the diagonal; the slope is -1, 0 or 1.
    pair_weight, diagonal_weight : float64 arrays (K, C)
        In 1 / GeV^2.
    bias : float64 array (K,)
    n_constituents : int
    aggregates : {"constituents", "jet"}
        What J is.
    spurion_jet, spurion_beams : bool
        Particles that are appended: the jet, two beams.
    """

    sign: Floats
    row: Floats
    column: Floats
    jet: Floats
    constant: Floats
    diagonal_slope: Floats
    diagonal_jet: Floats
    diagonal_constant: Floats
    pair_weight: Floats
    diagonal_weight: Floats
    bias: Floats
    n_constituents: int
    aggregates: Literal["constituents", "jet"] = "constituents"
    spurion_jet: bool = False
    spurion_beams: bool = False

    @property
    def n_channels(self) -> int:
        """C."""
        return int(self.sign.shape[1])

    @property
    def symmetric(self) -> NDArray[np.bool_]:
        """Channels whose two coefficients of ``p . J`` are equal, so that z_ij = z_ji: (C,)."""
        return np.asarray((self.row == self.column).all(0))

    def ordered(self, order: list[int]) -> PairConstraints:
        """The same function with its channels in this order; those left out are dropped."""
        kept = {name: getattr(self, name)[:, order] for name in COEFFICIENTS}
        return replace(self, **kept)

    def at(self, count: int) -> dict[str, Floats]:
        """All coefficients (C,) for jets with `count` constituents present, and the bias ()."""
        k = min(count, len(self.bias) - 1)
        return {name: getattr(self, name)[k] for name in (*COEFFICIENTS, "bias")}

    def invariants(self, momenta: Floats, jet: Floats) -> PairInvariants:
        """What the constraints read of jets.

        Parameters
        ----------
        momenta : float64 array (n, N, 4)
            (E, px, py, pz) in GeV, zero where there is no constituent.
        jet : float64 array (n, 4)
            Of the whole jet in the same frame.
        """
        present = momenta[..., 0] > 0  # (n, N)
        particles = [momenta]
        if self.spurion_jet:
            particles.append(jet[:, None])  # (n, 1, 4)
        if self.spurion_beams:
            beams = np.array([[1.0, 0, 0, 1], [1, 0, 0, -1]])
            particles.append(np.broadcast_to(beams, (len(jet), 2, 4)))
        p = np.concatenate(particles, axis=1)  # (n, M, 4)
        metric = np.array([1.0, -1, -1, -1])
        d = (p * metric) @ p.transpose(0, 2, 1)  # (n, M, M)
        np.einsum("nii->ni", d)[...] = 0  # the particles are massless, up to rounding
        extra = p.shape[1] - momenta.shape[1]
        known = np.pad(present, ((0, 0), (0, extra)), constant_values=True)  # (n, M)
        if self.aggregates == "jet":
            to_jet, total = (p * metric * jet[:, None]).sum(2), (jet**2 * metric).sum(1)
        else:
            to_jet = d.sum(2)  # (n, M)
            total = to_jet.sum(1)  # (n,)
        return PairInvariants(2 * d, to_jet, total, known, present.sum(1))

    def arguments(self, x: PairInvariants) -> tuple[Floats, Floats]:
        """The arguments of the ReLUs in GeV^2: z (n, M, M, C) and g (n, M, C)."""
        k = np.minimum(x.count, len(self.bias) - 1)  # (n,)
        jet, to_jet = x.jet[:, None, None], x.to_jet[..., None]  # (n, 1, 1), (n, M, 1)
        row = self.row[k, None] * to_jet  # (n, M, C)
        row = row + self.jet[k, None] * jet + self.constant[k, None]
        column = self.column[k, None] * to_jet  # (n, M, C)
        z = self.sign[k, None, None] * x.mass2[..., None]  # (n, M, M, C)
        z = z + row[:, :, None] + column[:, None]
        g = self.diagonal_slope[k, None] * to_jet  # (n, M, C)
        g = g + self.diagonal_jet[k, None] * jet + self.diagonal_constant[k, None]
        return z, g

    def contributions(self, x: PairInvariants) -> Floats:
        """What every channel adds to the score by its pairs and by its diagonal: (n, C, 2)."""
        k = np.minimum(x.count, len(self.bias) - 1)
        z, g = self.arguments(x)
        pairs = np.einsum("nijc,nij->nc", np.maximum(z, 0), x.pairs)  # (n, C)
        diagonal = (np.maximum(g, 0) * x.present[..., None]).sum(1)  # (n, C)
        parts = (self.pair_weight[k] * pairs, self.diagonal_weight[k] * diagonal)
        return np.stack(parts, axis=2)

    def bias_of(self, x: PairInvariants) -> Floats:
        """The constant of the score: (n,)."""
        return np.asarray(self.bias[np.minimum(x.count, len(self.bias) - 1)])


def constraints(
    sign: Floats, tables: Mapping[str, Floats], bias: Floats, **about: Any
) -> PairConstraints:
    """Constraints in their normal form: the factors +-1, the larger row, no channel that is dead.

    ReLU is homogeneous: a positive factor goes from its argument to the weight. Exchanging i and j
    exchanges row and column and nothing else.

    Parameters
    ----------
    sign : array (C,)
        Coefficient of m_ij^2, of any size.
    tables : mapping of str to arrays (K, C)
        The others of COEFFICIENTS.
    bias : array (K,)
    about
        The other attributes of `PairConstraints`.
    """
    arrays = {name: np.array(table, dtype=np.float64) for name, table in tables.items()}
    arrays["sign"] = np.broadcast_to(np.asarray(sign, np.float64), arrays["row"].shape).copy()
    for names, leading, weight in (
        (PAIR, "sign", "pair_weight"),
        (DIAGONAL, "diagonal_slope", "diagonal_weight"),
    ):
        size = np.abs(arrays[leading])  # (K, C)
        size = np.where(size > 0, size, 1.0)
        for name in names:
            arrays[name] = arrays[name] / size
        arrays[weight] = arrays[weight] * size
    swapped = (arrays["row"] < arrays["column"]).all(0)  # (C,)
    row, column = arrays["row"].copy(), arrays["column"].copy()
    arrays["row"], arrays["column"] = np.where(swapped, column, row), np.where(swapped, row, column)
    given: dict[str, Any] = {**arrays, **about}
    made = PairConstraints(**given, bias=np.asarray(bias, np.float64))
    alive = (arrays["pair_weight"] != 0).any(0) | (arrays["diagonal_weight"] != 0).any(0)
    return made.ordered([int(c) for c in np.flatnonzero(alive)])


@dataclass(frozen=True)
class PairCurves:
    """What a message says of a pair of massless particles, against the mass of the pair.

    Attributes
    ----------
    names : tuple of str
        Of the C curves.
    curve : callable (masses in GeV, float64 array (n,))
        The values, float64 array (n, C).
    features : tuple of str
        Features of single particles that the model reads beside.
    without : callable (name)
        The float model that is told the mean of a feature in place of its values.
    """

    names: tuple[str, ...]
    curve: Callable[[Floats], Floats]
    features: tuple[str, ...]
    without: Callable[[str], Any]


@dataclass(frozen=True)
class Reading:
    """How the models of a family are read.

    Attributes
    ----------
    of_model : callable (float module, EncodingConfig)
        Its pair function.
    of_program : callable (Program, EncodingConfig) or None
        The constraints that the constants of a fixed-point program state; None for families whose
        program is not read.
    """

    of_model: Callable[[Any, EncodingConfig], PairConstraints | PairCurves]
    of_program: Callable[[Program, EncodingConfig], PairConstraints] | None = None
