"""Budgets of triggers: what the package knows by name, and files of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from triggernet.config import read_key
from triggernet.errors import ConfigError, UsageError
from triggernet.named import load_named, read_table
from triggernet.tier import Tier

TABLE = Path(__file__).parent / "budgets.yaml"
HLT_TABLE = Path(__file__).parent / "hlt.yaml"


def budget_names() -> tuple[str, ...]:
    """The budgets that the package knows, those of Level-1 first."""
    return (*read_table(TABLE), *read_table(HLT_TABLE))


def tier_of(name: str | Path) -> Tier:
    """The tier of a budget by its name, or of a YAML file by its key ``tier``."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return "hlt" if read_key("tier", path, None) == "hlt" else "l1"
    return "hlt" if str(name) in read_table(HLT_TABLE) else "l1"


@dataclass(frozen=True)
class Budget:
    """What a Level-1 trigger allows an algorithm.

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
    tier : "l1"
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
    tier: Literal["l1"] = "l1"

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


@dataclass(frozen=True)
class HltBudget:
    """What a High-Level Trigger allows an algorithm.

    Attributes
    ----------
    title : str
    mean_ms : float
        Processor time of an event, a mean over all events and the whole menu.
    algorithm_share : float
        Of it, what this algorithm may use.
    event_share : float
        Of all events, those that reach this algorithm; the others cost it nothing.
    timeout_ms : float
        What 99 % of the events that reach it must keep.
    objects_per_event : int
        Objects that it judges in such an event.
    threads : int
        That it may use.
    source : str
    name : str
    tier : "hlt"
    """

    title: str
    mean_ms: float
    algorithm_share: float = 0.05
    event_share: float = 1.0
    timeout_ms: float = 100.0
    objects_per_event: int = 5
    threads: int = 1
    source: str = ""
    name: str = ""
    tier: Literal["hlt"] = "hlt"

    def __post_init__(self) -> None:
        for key in ("mean_ms", "timeout_ms", "objects_per_event", "threads"):
            if getattr(self, key) <= 0:
                raise ConfigError(f"{key} = {getattr(self, key)} is not above 0")
        for key in ("algorithm_share", "event_share"):
            if not 0 < getattr(self, key) <= 1:
                raise ConfigError(f"{key} = {getattr(self, key)} is not a share: above 0, up to 1")

    @property
    def algorithm_ms(self) -> float:
        """Mean processor time of any event that this algorithm may use."""
        return self.mean_ms * self.algorithm_share


def load_hlt_budget(name: str | Path) -> HltBudget:
    """A budget of the High-Level Trigger by its name in the package, or from a YAML file.

    Raises
    ------
    UsageError, ConfigError
        As `load_budget`.
    """
    if tier_of(name) == "l1":
        raise UsageError(
            f"budget {name} is of Level-1, and the project holds a float model alone; give one of "
            f"the High-Level Trigger: {', '.join(read_table(HLT_TABLE))}, or a YAML file"
        )
    return load_named(HltBudget, "budget", HLT_TABLE, name)


def load_budget(name: str | Path) -> Budget:
    """A budget of Level-1 by its name in the package, or from a YAML file.

    Raises
    ------
    UsageError
        If there is no such name and no such file; the names are listed.
    ConfigError
        If a file has unknown keys, or values that are not allowed.
    """
    if tier_of(name) == "hlt":
        raise UsageError(
            f"budget {name} is of the High-Level Trigger, which has no firmware; give one of "
            f"Level-1: {', '.join(read_table(TABLE))}, or a YAML file"
        )
    return load_named(Budget, "budget", TABLE, name)
