"""Budgets of triggers: what the package knows by name, and files of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from triggernet.errors import ConfigError
from triggernet.named import load_named, read_table

TABLE = Path(__file__).parent / "budgets.yaml"


def budget_names() -> tuple[str, ...]:
    """The budgets that the package knows."""
    return tuple(read_table(TABLE))


@dataclass(frozen=True)
class Budget:
    """What a trigger allows an algorithm.

    Attributes
    ----------
    title : str
    latency_ns : float
        For the whole trigger decision.
    algorithm_share : float
        Of it, what this algorithm may use.
    bunch_crossing_ns : float
    time_multiplexing : int
        Bunch crossings for which one event has the FPGA.
    jets_per_event : int
        Jets that one instance of the firmware has to take in that time.
    clock_mhz : float or None
        The clock that the trigger runs at; None if any will do.
    resource_share : float
        Of the part's LUTs, registers, DSPs and block RAMs each.
    source : str
    name : str
    """

    title: str
    latency_ns: float
    algorithm_share: float = 0.1
    bunch_crossing_ns: float = 25.0
    time_multiplexing: int = 1
    jets_per_event: int = 1
    clock_mhz: float | None = None
    resource_share: float = 0.1
    source: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        for key in ("latency_ns", "bunch_crossing_ns", "time_multiplexing", "jets_per_event"):
            if getattr(self, key) <= 0:
                raise ConfigError(f"{key} = {getattr(self, key)} is not above 0")
        for key in ("algorithm_share", "resource_share"):
            if not 0 < getattr(self, key) <= 1:
                raise ConfigError(f"{key} = {getattr(self, key)} is not a share: above 0, up to 1")
        if self.clock_mhz is not None and self.clock_mhz <= 0:
            raise ConfigError(f"clock_mhz = {self.clock_mhz} is not above 0")

    @property
    def algorithm_ns(self) -> float:
        """Latency that this algorithm may use."""
        return self.latency_ns * self.algorithm_share

    @property
    def interval_ns(self) -> float:
        """Time from one jet to the next."""
        return self.bunch_crossing_ns * self.time_multiplexing / self.jets_per_event


def load_budget(name: str | Path) -> Budget:
    """A budget by its name in the package, or from a YAML file.

    Raises
    ------
    UsageError
        If there is no such name and no such file; the names are listed.
    ConfigError
        If a file has unknown keys, or values that are not allowed.
    """
    return load_named(Budget, "budget", TABLE, name)
