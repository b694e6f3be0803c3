"""What a nanoPELICAN and its hardware form are made of, without the networks themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.errors import ConfigError
from triggernet.fixedpoint import Rounding
from triggernet.models.widths import Width


@dataclass(frozen=True)
class NanoPelicanConfig:
    """What a nanoPELICAN is made of.

    Attributes
    ----------
    name : str
    n_channels : int
        C, the hidden channels.
    aggregates : {"constituents", "jet"}
        Row sums and total from the constituents kept, or ``p_i . J`` and ``J . J`` from the
        four-momentum J of the whole jet.
    spurion_jet, spurion_beams : bool
        Append J, and the beams (1, 0, 0, 1) and (1, 0, 0, -1), as particles.
    n_scaled : bool
        Multiply each aggregator by ``(n / 49)**alpha`` with trainable alpha (table 2 of the paper).
    batch_norm : bool
        Normalise before each layer while training; always absorbed before export.
    dropout : float
        Probability with which an entry is dropped before each layer while training.
    tied : bool
        One coefficient for row and column sums, so that ``z_ij = z_ji``: half the pair hardware.
    """

    name: Literal["nanopelican"] = "nanopelican"
    n_channels: int = 2
    aggregates: Literal["constituents", "jet"] = "constituents"
    spurion_jet: bool = False
    spurion_beams: bool = False
    n_scaled: bool = False
    batch_norm: bool = False
    dropout: float = 0.0
    tied: bool = False

    def __post_init__(self) -> None:
        if self.n_channels < 1:
            raise ConfigError(f"n_channels: found {self.n_channels}; at least 1 is needed")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: found {self.dropout}; allowed is 0 to below 1")

    @property
    def n_spurions(self) -> int:
        """How many particles are appended to the constituents."""
        return int(self.spurion_jet) + 2 * int(self.spurion_beams)


@dataclass(frozen=True)
class QuantisationConfig:
    """Widths of every tensor of the hardware model.

    Attributes
    ----------
    rounding : {"FLOOR", "ROUND"}
        FLOOR costs nothing in hardware; ROUND is half to even.
    table, exp : Width
        Words of the tables of ``cosh x - 1`` and ``1 - cos x``, and of ``exp -x``.
    product : Width
        pt_i pt_j in GeV^2.
    inner : Width
        p_i . J / pt_i in GeV.
    d, r, total : Width
        Pair products, row sums and total, in GeV^2.
    a, g, z : Width
        The particles' share of the ReLU's argument, the diagonal, and the ReLU of a pair.
    sum, trace, score : Width
        Sums over pairs and over particles, and the logit.
    weight, bias : int
        Bits of the constants.
    digits : int or None
        At most so many signed digits in each weight that multiplies every particle's r: its
        additions. None does not limit them.
    """

    rounding: Rounding = "FLOOR"
    table: Width = field(default_factory=lambda: Width(8, 1))
    exp: Width = field(default_factory=lambda: Width(10, 2))
    product: Width = field(default_factory=lambda: Width(15, 20))
    inner: Width = field(default_factory=lambda: Width(12))
    d: Width = field(default_factory=lambda: Width(11))
    r: Width = field(default_factory=lambda: Width(12))
    total: Width = field(default_factory=lambda: Width(12))
    a: Width = field(default_factory=lambda: Width(11))
    g: Width = field(default_factory=lambda: Width(12))
    z: Width = field(default_factory=lambda: Width(11))
    sum: Width = field(default_factory=lambda: Width(14))
    trace: Width = field(default_factory=lambda: Width(14))
    score: Width = field(default_factory=lambda: Width(12))
    weight: int = 8
    bias: int = 12
    digits: int | None = None

    def __post_init__(self) -> None:
        if self.table.integer is None or self.exp.integer is None:
            raise ConfigError("table and exp need 'integer': tables are not calibrated")
        if self.digits is not None and self.digits < 1:
            raise ConfigError(f"digits: found {self.digits}; allowed is 1 and more, or null")
