"""What a user may choose about an HLS project."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from triggernet.deployment.hls.names import RESERVED
from triggernet.deployment.project.config import FirmwareConfig
from triggernet.deployment.project.project import Project
from triggernet.errors import ConfigError, ProjectError
from triggernet.schema import as_type


@dataclass(frozen=True)
class HlsConfig(FirmwareConfig):
    """Settings of an HLS project; those that are not here are of any firmware.

    Attributes
    ----------
    clock_uncertainty : float
        Share of the period that Vitis keeps free; its own default.
    reuse_factor : int
        Interval in clock cycles: 1 is fully parallel; R lets each pair block and each multiplier
        be used R times an event.

    Raises
    ------
    ConfigError
        For a value that is not allowed.
    """

    SHORTEST_CLOCK_NS: ClassVar[float] = 0.5

    clock_uncertainty: float = 0.27
    reuse_factor: int = 1

    def __post_init__(self) -> None:
        named = re.fullmatch(r"[A-Za-z]\w{,99}", self.top, re.ASCII)
        if not named or self.top in RESERVED:
            raise ConfigError(
                f"top {self.top!r} is no C++ name; use at most 100 letters, digits and "
                "underscores, a letter first, and no word of C++"
            )
        super().__post_init__()
        if self.reuse_factor < 1:
            raise ConfigError(f"reuse_factor {self.reuse_factor} is below 1; 1 is fully parallel")

    @classmethod
    def of(cls, project: Project) -> HlsConfig | None:
        """The settings with which a project's C++ was made, from its record; None without C++.

        Raises
        ------
        ProjectError
            If the record does not say all of them, or says what is not allowed.
        """
        config = None if project.record is None else project.record.config
        if config is None:
            return None
        values, where = _renamed(config), _where(project.folder)
        missing = [field.name for field in fields(cls) if field.name not in values]
        if missing:
            raise ProjectError(f"{where}: {', '.join(missing)} is missing; export it again")
        return as_type(cls, values, where, error=ProjectError, advice="export it again")


def _where(folder: Path) -> str:
    return f"{folder / 'triggernet.json'} does not say how the project is built: config"


def _renamed(config: Any) -> dict[str, Any]:
    """Settings under the names they have now: triggernet 0.1 had a project_name, and per cents."""
    values = dict(config)
    if "project_name" in values:
        values["top"] = values.pop("project_name")
    share = values.get("clock_uncertainty")
    if isinstance(share, str) and re.fullmatch(r"\d{1,2}(\.\d{1,9})?%", share):
        values["clock_uncertainty"] = float(share.rstrip("%")) / 100
    return values
