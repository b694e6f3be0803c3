"""What a user may choose about an RTL project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from triggernet.deployment.project.config import FirmwareConfig
from triggernet.errors import ConfigError
from triggernet.program.netlist.keywords import KEYWORDS
from triggernet.program.netlist.layout import Options, Products, Tables


@dataclass(frozen=True)
class RtlConfig(FirmwareConfig):
    """Settings of an RTL project; those that are not here are of any firmware.

    Attributes
    ----------
    interval : int
        Clock cycles between two events: 1 is fully parallel; with more the hardware is shared.
    tables : {"lut", "bram"}
        What angular tables are made of.
    dsp : {"all", "pairs", "none"}
        Which products are made in DSPs; the others take look-up tables. Those of signed factors,
        of Cartesian momenta and of weights chosen by a number are made in DSPs in any case.
    instances : int
        How many of these designs take turns, each with every so-many-th event.

    Raises
    ------
    ConfigError
        For a value that is not allowed.
    """

    SHORTEST_CLOCK_NS: ClassVar[float] = 1.0  # below, nothing fits between two registers

    clock_uncertainty: float = 0.125
    interval: int = 1
    tables: Tables = "bram"
    dsp: Products = "all"
    instances: int = 1

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]\w{,99}", self.top, re.ASCII) or self.top in KEYWORDS:
            raise ConfigError(
                f"top {self.top!r} is no module name; use at most 100 letters, digits and "
                "underscores, a small letter first, and no word of Verilog"
            )
        super().__post_init__()
        if self.interval < 1:
            raise ConfigError(
                f"interval {self.interval} is below 1; 1 is a new event in every clock cycle"
            )
        if self.instances < 1:
            raise ConfigError(f"instances {self.instances} is below 1")
        if self.tables not in ("lut", "bram"):
            raise ConfigError(f"tables {self.tables!r} is not allowed; use lut or bram")
        if self.dsp not in ("all", "pairs", "none"):
            raise ConfigError(f"dsp {self.dsp!r} is not allowed; use all, pairs or none")

    @property
    def options(self) -> Options:
        """What the operators must know."""
        return Options(self.tables, self.dsp)
