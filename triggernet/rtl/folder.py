"""The `rtl` folder of a project as later stages read it: top module, ports, sources, digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.errors import DataError, ProjectError
from triggernet.files import read_json
from triggernet.hls.project import RECORD, digest_of, edited_files, read_record

DESIGN = "rtl/design.json"
SOURCES = "rtl/src"


@dataclass(frozen=True)
class Port:
    """A data port of the top module: `size` elements of `width` bits, element 0 lowest."""

    name: str
    size: int
    width: int

    @property
    def bits(self) -> int:
        """Bits of the whole port."""
        return self.size * self.width


@dataclass(frozen=True)
class RtlDesign:
    """What `rtl/design.json` says about a design.

    Attributes
    ----------
    top, part : str
    clock_period_ns : float
    interval_cycles, latency_cycles : int
        The latency as the schedule has it, from the edge that samples an event to the edge that
        can sample its result.
    inputs, outputs : tuple of Port
    predicted : dict
        Counts before synthesis: ``lut``, ``ff``, ``dsp``, ``bram``, ``da4ml_lut``; some or none.
    """

    top: str
    part: str
    clock_period_ns: float
    interval_cycles: int
    latency_cycles: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    predicted: dict[str, float]


def has_rtl(project: Path) -> bool:
    """Whether a project has an RTL design."""
    return (project / DESIGN).is_file()


def read_design(project: Path) -> RtlDesign:
    """The RTL design of a project.

    Raises
    ------
    ProjectError
        If there is none, or its description is damaged.
    """
    path = project / DESIGN
    if not path.is_file():
        raise ProjectError(
            f"{project} has no RTL: {DESIGN} is missing; `triggernet export --rtl` writes it"
        )
    try:
        content = read_json(path)
        return RtlDesign(
            top=str(content["top"]),
            part=str(content["part"]),
            clock_period_ns=float(content["clock_period_ns"]),
            interval_cycles=int(content["interval_cycles"]),
            latency_cycles=int(content["latency_cycles"]),
            inputs=_ports(content["inputs"]),
            outputs=_ports(content["outputs"]),
            predicted=_predicted(content.get("predicted")),
        )
    except (DataError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProjectError(f"{path} is damaged ({error!r}); export the project again") from error


def _ports(entries: list[dict[str, Any]]) -> tuple[Port, ...]:
    return tuple(Port(str(e["name"]), int(e["size"]), int(e["width"])) for e in entries)


def _predicted(entries: dict[str, Any] | None) -> dict[str, float]:
    return {str(k): float(v) for k, v in (entries or {}).items() if isinstance(v, (int, float))}


def source_files(project: Path) -> dict[str, Path]:
    """Every file below `rtl/src` by its path from there, sorted.

    Raises
    ------
    ProjectError
        If there is no Verilog file.
    """
    folder = project / SOURCES
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if not any(name.endswith(".v") for name in found):
        raise ProjectError(f"{folder} holds no Verilog; `triggernet export --rtl` writes it")
    return found


def source_digest(project: Path) -> str:
    """One SHA-256 digest of every file below `rtl/src`; ProjectError if there is no Verilog."""
    return digest_of({name: path.read_bytes() for name, path in source_files(project).items()})


def refuse_edited(project: Path) -> None:
    """Refuse RTL that is not as exported: its results would not be those of the program.

    Raises
    ------
    ProjectError
        If a recorded file of the design was changed or is missing, or one was added.
    """
    recorded = read_record(project).get("files")
    added = [
        f"{SOURCES}/{name}"
        for name in source_files(project)
        if isinstance(recorded, dict) and f"{SOURCES}/{name}" not in recorded
    ]
    changed = [
        name for name in edited_files(project) if name == DESIGN or name.startswith(f"{SOURCES}/")
    ]
    if changed or added:
        raise ProjectError(
            f"the RTL in {project} is not as exported: {', '.join(sorted(changed + added))} "
            f"differ from the digests in {RECORD}; undo the changes, or export it again"
        )
