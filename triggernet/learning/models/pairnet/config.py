"""Settings of the symmetric pair network, and the widths of its tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triggernet.data import EncodingConfig
from triggernet.errors import ConfigError
from triggernet.learning.layers.widths import DigitQuantisation, Width, refuse_open_tables

WIDEST_ADDRESS = 12  # bits that a table reads


@dataclass(frozen=True)
class PairNetConfig:
    """What a symmetric pair network is made of.

    Attributes
    ----------
    name : str
    n_channels : int
        C, the functions of a pair.
    n_hidden : int
        H, what a constituent makes of itself and of its pairs.
    head : tuple of int
        Outputs of the hidden layers behind the sum over constituents.
    blocks : int
        1, or 2: pairs that read what their particles have made of all pairs.
    features : {"invariants", "momenta"}
        Of a constituent: p . J alone, so that the output is a function of Lorentz invariants; or
        also its transverse momentum and its angles to the jet axis.
    n_knots : int
        Hidden units of the network that makes the functions of log d_ij; none of them is left in
        hardware, where the functions are a table.
    """

    name: Literal["pairnet"] = "pairnet"
    n_channels: int = 8
    n_hidden: int = 8
    head: tuple[int, ...] = (8,)
    blocks: int = 1
    features: Literal["invariants", "momenta"] = "momenta"
    n_knots: int = 8

    def __post_init__(self) -> None:
        for key, highest in {
            "n_channels": 256,
            "n_hidden": 256,
            "blocks": 2,
            "n_knots": 256,
        }.items():
            if not 1 <= getattr(self, key) <= highest:
                raise ConfigError(f"{key}: found {getattr(self, key)}; allowed is 1 to {highest}")
        if min(self.head, default=1) < 1:
            raise ConfigError(f"head: found {self.head}; every layer needs an output")

    @property
    def n_features(self) -> int:
        """Features of a constituent."""
        return 2 if self.features == "invariants" else 4

    @property
    def n_context(self) -> int:
        """What the head reads of the whole jet."""
        return 1 if self.features == "invariants" else 2


@dataclass(frozen=True)
class PairNetQuantisation(DigitQuantisation):
    """Widths of every tensor of the hardware model.

    All that stands in front of the first weight has its integer bits here: it is the same in every
    training, and is computed once for all of them.

    Attributes
    ----------
    table : Width
        Words of the tables of ``cosh x - 1`` and ``1 - cos x``.
    angle : Width
        The sum of two of them: d_ij / (pt_i pt_j).
    inner : Width
        p_i . J / pt_i in GeV.
    r, mass : Width
        p_i . J and J . J in GeV^2.
    log : Width
        Logarithms to base 2 of single values.
    share : Width
        What a particle adds to the logarithm of its pairs.
    pair_log : Width
        log2 of d_ij / GeV^2 from -4 up: the address of the functions' table, at most 12 bits.
    columns : Width
        Features of a constituent side by side.
    word : Width
        Functions of a pair in the table.
    a, z : Width
        A particle's share of the ReLU's argument, and the ReLU.
    message : Width
        The sum of z over all pairs of a particle.
    mixed : Width
        Combinations of z in front of the second block.
    reads : Width
        Features and sums side by side.
    node, pooled : Width
        What a constituent makes of them, and the sum over constituents.
    jet, hidden : Width
        What the head reads side by side, and its hidden layers.
    """

    table: Width = field(default_factory=lambda: Width(16, 0))
    angle: Width = field(default_factory=lambda: Width(17, 1))
    inner: Width = field(default_factory=lambda: Width(14, 9))
    r: Width = field(default_factory=lambda: Width(17, 16))
    mass: Width = field(default_factory=lambda: Width(18, 18))
    log: Width = field(default_factory=lambda: Width(8, 5))
    share: Width = field(default_factory=lambda: Width(8, 5))
    pair_log: Width = field(default_factory=lambda: Width(7, 4))
    columns: Width = field(default_factory=lambda: Width(8, 6))
    word: Width = field(default_factory=lambda: Width(7, 4))
    a: Width = field(default_factory=lambda: Width(7, 4))
    z: Width = field(default_factory=lambda: Width(6, 4))
    message: Width = field(default_factory=lambda: Width(8, 7))
    mixed: Width = field(default_factory=lambda: Width(8, 5))
    reads: Width = field(default_factory=lambda: Width(10, 8))
    node: Width = field(default_factory=lambda: Width(6, 3))
    pooled: Width = field(default_factory=lambda: Width(9, 7))
    jet: Width = field(default_factory=lambda: Width(10, 8))
    hidden: Width = field(default_factory=lambda: Width(8))
    weight: int = 7
    bias: int = 9
    digits: int | None = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        fixed = ("table", "angle", "inner", "r", "mass", "log", "share", "pair_log", "columns")
        refuse_open_tables(**{name: getattr(self, name) for name in fixed})
        for name in ("pair_log", "log"):
            if getattr(self, name).width > WIDEST_ADDRESS:
                raise ConfigError(
                    f"{name}: found {getattr(self, name).width} bits, which a table reads; allowed "
                    f"is up to {WIDEST_ADDRESS}"
                )


def check(config: PairNetConfig, encoding: EncodingConfig) -> None:
    """Raise ConfigError for a jet without pairs."""
    del config
    if encoding.n_constituents < 2:
        raise ConfigError(
            f"encoding.n_constituents: found {encoding.n_constituents}; pairs need 2 or more"
        )


def unsupported(config: PairNetConfig, encoding: EncodingConfig) -> str | None:
    """Why a configuration has no hardware form; None if it has one."""
    del config
    if encoding.kind != "polar":
        return (
            f"encoding.kind: {encoding.kind} gives no transverse momenta and angles; set "
            "encoding.kind: polar"
        )
    if encoding.eta_width != encoding.phi_width:
        return (
            f"encoding.eta_width {encoding.eta_width} and phi_width {encoding.phi_width} differ; "
            "set both to one width"
        )
    if not encoding.jet:
        return (
            "it reads the whole jet, which encoding.jet: false leaves out; set encoding.jet: true"
        )
    return None
