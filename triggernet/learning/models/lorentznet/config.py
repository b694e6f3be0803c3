"""Settings of LorentzNet, and which of them have a hardware form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggernet.data import EncodingConfig
from triggernet.errors import ConfigError


@dataclass(frozen=True)
class LorentzNetConfig:
    """Blocks, width and what surrounds them; the defaults are the 120-parameter network.

    The published one has 6 blocks, width 72, dropout 0.2 and step 0.005.

    Attributes
    ----------
    name : str
    n_blocks : int
        How many rounds of messages.
    width : int
        H, of node features and messages.
    step : float
        c, how far vectors move.
    dropout : float
        Probability in the head.
    beams : bool
        Append the two beams as particles; without them the output is invariant under every
        Lorentz transformation, not only under those that leave the beams alone.
    """

    name: Literal["lorentznet"] = "lorentznet"
    n_blocks: int = 1
    width: int = 3
    step: float = 0.005
    dropout: float = 0.0
    beams: bool = True

    def __post_init__(self) -> None:
        for key in ("n_blocks", "width"):
            if getattr(self, key) < 1:
                raise ConfigError(f"{key}: found {getattr(self, key)}; at least 1 is needed")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: found {self.dropout}; allowed is 0 to below 1")


def unsupported(config: LorentzNetConfig, encoding: EncodingConfig) -> str | None:
    """Why a configuration has no hardware form; None if it has one."""
    if encoding.kind != "polar":
        return (
            f"encoding.kind: {encoding.kind} gives constituents masses of their own, which the "
            "hardware form takes to be 0; set encoding.kind: polar"
        )
    if encoding.eta_width != encoding.phi_width:
        return (
            f"encoding.eta_width {encoding.eta_width} and phi_width {encoding.phi_width} differ; "
            "set both to one width"
        )
    if config.n_blocks > 1:
        return (
            f"n_blocks: {config.n_blocks} moves vectors by clamped steps, component by component, "
            "which no product of them tells; set model.n_blocks: 1"
        )
    return None
