"""What a user may choose about an HLS project."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triggernet.deployment.hls.names import RESERVED
from triggernet.errors import ConfigError
from triggernet.parts import DEFAULT_PART, full_part_name


@dataclass(frozen=True)
class HlsConfig:
    """Settings of an HLS project.

    Attributes
    ----------
    project_name : str
        Name of the top function and of its files.
    part : str
        The FPGA: a name of the package's table, which becomes the full one, or the full name as
        Vitis knows it.
    clock_period_ns : float
        Target clock period, at least 0.5.
    clock_uncertainty : str
        Share of the period that Vitis keeps free, in per cent.
    reuse_factor : int
        Interval in clock cycles: 1 is fully parallel; R lets each pair block and each multiplier
        be used R times an event.

    Raises
    ------
    ConfigError
        For a value that is not allowed.
    """

    project_name: str = "tagger"
    part: str = DEFAULT_PART
    clock_period_ns: float = 5.0
    clock_uncertainty: str = "27%"
    reuse_factor: int = 1

    def __post_init__(self) -> None:
        named = re.fullmatch(r"[A-Za-z]\w{,99}", self.project_name, re.ASCII)
        if not named or self.project_name in RESERVED:
            raise ConfigError(
                f"project_name {self.project_name!r} is no C++ name; use at most 100 letters, "
                "digits and underscores, a letter first, and no word of C++"
            )
        # The short names of the table are for people; a project holds the vendor's own.
        object.__setattr__(self, "part", full_part_name(self.part))
        if not 0.5 <= self.clock_period_ns <= 1000:
            raise ConfigError(
                f"clock_period_ns {self.clock_period_ns} is not between 0.5 and 1000 ns"
            )
        if not re.fullmatch(r"\d+(\.\d+)?%", self.clock_uncertainty, re.ASCII):
            raise ConfigError(
                f"clock_uncertainty {self.clock_uncertainty!r} is no percentage, e.g. '27%'"
            )
        if self.reuse_factor < 1:
            raise ConfigError(f"reuse_factor {self.reuse_factor} is below 1; 1 is fully parallel")
