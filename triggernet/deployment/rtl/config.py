"""What a user may choose about an RTL project."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triggernet.errors import ConfigError
from triggernet.parts import DEFAULT_PART, full_part_name
from triggernet.program.netlist.keywords import KEYWORDS
from triggernet.program.netlist.layout import Options, Products, Tables

SHORTEST_CLOCK_NS = 1.0  # below, no single operation fits between two registers


@dataclass(frozen=True)
class RtlConfig:
    """Settings of an RTL project.

    Attributes
    ----------
    top : str
        Name of the top module.
    part : str
        The FPGA: a name of the package's table, which becomes the full one, or the full name as
        Vivado knows it.
    clock_period_ns : float
        Target clock period, at least 1.
    clock_uncertainty : float
        Share of the period that is kept free for what cannot be foreseen.
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

    top: str = "tagger"
    part: str = DEFAULT_PART
    clock_period_ns: float = 5.0
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
        # The short names of the table are for people; a project holds the vendor's own.
        object.__setattr__(self, "part", full_part_name(self.part))
        if not SHORTEST_CLOCK_NS <= self.clock_period_ns <= 1000:
            raise ConfigError(
                f"clock_period_ns {self.clock_period_ns} is not between {SHORTEST_CLOCK_NS:g} and "
                "1000 ns"
            )
        if not 0 <= self.clock_uncertainty < 1:
            raise ConfigError(
                f"clock_uncertainty {self.clock_uncertainty} is no share of the period; "
                "allowed is 0 to below 1"
            )
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
