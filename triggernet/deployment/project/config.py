"""What the settings of HLS C++ and of Verilog have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from triggernet.errors import ConfigError
from triggernet.parts import DEFAULT_PART, full_part_name

LONGEST_CLOCK_NS = 1000.0


@dataclass(frozen=True)
class FirmwareConfig:
    """Settings of any firmware.

    Attributes
    ----------
    top : str
        Name of the top function or module, and of its files.
    part : str
        The FPGA: a name of the package's table, which becomes the full one, or the full name as
        the vendor's tools know it.
    clock_period_ns : float
        Target clock period.
    clock_uncertainty : float
        Share of the period that is kept free for what cannot be foreseen.

    Raises
    ------
    ConfigError
        For a value that is not allowed.
    """

    SHORTEST_CLOCK_NS: ClassVar[float]

    top: str = "tagger"
    part: str = DEFAULT_PART
    clock_period_ns: float = 5.0
    clock_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        # The short names of the table are for people; a project holds the vendor's own.
        object.__setattr__(self, "part", full_part_name(self.part))
        if not self.SHORTEST_CLOCK_NS <= self.clock_period_ns <= LONGEST_CLOCK_NS:
            raise ConfigError(
                f"clock_period_ns {self.clock_period_ns} is not between "
                f"{self.SHORTEST_CLOCK_NS:g} and {LONGEST_CLOCK_NS:g} ns"
            )
        if not 0 <= self.clock_uncertainty < 1:
            raise ConfigError(
                f"clock_uncertainty {self.clock_uncertainty} is no share of the period; "
                "allowed is 0 to below 1"
            )
