"""FPGA parts: the one table of the package, and what a part is called in the vendor's tools.

A user may say ``vu13p``, ``xcvu13p`` or ``xcvu13p-flga2577-2-e``. Reports need the resources, which
the device decides; a project's Tcl needs the vendor's full name, which `full_part_name` gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from triggernet.errors import ConfigError
from triggernet.named import known_names, load_named, read_table

TABLE = Path(__file__).parent / "parts.yaml"
RESOURCES = ("lut", "ff", "dsp", "bram")
DEFAULT_PART = "xcvu13p-flga2577-2-e"

# Device, package, speed grade and mostly temperature grade: xcvu13p-flga2577-2-e, xc7k325tffg900-2,
# xcvc1902-vsva2197-2MP-e-S.
_FULL_NAME = re.compile(
    r"xc(7[a-z0-9]+|[a-z0-9]+-[a-z]{3,5}\d{3,4})-\d[a-z]{0,2}(-[a-z]){0,2}", re.IGNORECASE
)


@dataclass(frozen=True)
class Part:
    """An FPGA: LUTs, registers, DSPs, block RAMs of 18 kbit, super logic regions.

    `device` is the vendor's full name of it, empty where a user's file leaves it out.
    """

    title: str
    lut: int
    ff: int
    dsp: int
    bram: int
    slrs: int = 1
    device: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        for key in (*RESOURCES, "slrs"):
            if getattr(self, key) < 1:
                raise ConfigError(f"{key} = {getattr(self, key)} is below 1")

    def total(self, resource: str) -> int:
        """How much of `resource` ("lut", "ff", "dsp" or "bram") the part has."""
        return int(getattr(self, resource))


def load_part(name: str | Path) -> Part:
    """An FPGA by its name in the package, or from a YAML file.

    Package, speed and temperature grade may follow the name, as in ``xcvu13p-flga2577-2-e``, and
    ``xc`` in front may be left out.

    Raises
    ------
    UsageError
        If there is no such name and no such file; the names are listed.
    ConfigError
        If a file has unknown keys, or values that are not allowed.
    """
    return load_named(Part, "part", TABLE, name, known_as=_device(str(name)))


def part_names() -> tuple[str, ...]:
    """The names that the table holds, as users write them: ``vu13p``."""
    return tuple(name.removeprefix("xc") for name in read_table(TABLE))


def full_part_name(name: str) -> str:
    """What the vendor's tools call a part: ``xcvu13p-flga2577-2-e`` for ``vu13p``.

    A full name is passed on as it is: it starts with ``xc`` and says device, package and speed
    grade. Whether such a part exists, only the vendor's tools know.

    Raises
    ------
    ConfigError
        For a short name that the table does not hold, and for what is no part name at all.
    """
    table = read_table(TABLE)
    if re.fullmatch(r"(xc)?[a-z0-9]+", name, re.IGNORECASE) and _device(name) in table:
        return str(table[_device(name)]["device"])
    if _FULL_NAME.fullmatch(name) is None:
        raise ConfigError(
            f"no part {name!r}; {known_names(_device(name), table)}; or give the full name with "
            f"device, package and speed grade, as in {DEFAULT_PART} or xc7k325tffg900-2"
        )
    return name


def _device(name: str) -> str:
    """The key of the table that a part's name begins with."""
    device = name.lower().split("-")[0]
    return device if device.startswith("xc") else f"xc{device}"
