"""A project folder as a report reads it: its program, how it is built, the designs in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from triggernet.deployment.rtl.design import DESIGN, RTL, has_rtl, read_design
from triggernet.errors import ProjectError
from triggernet.files import read_json, sha256_of
from triggernet.program import Program
from triggernet.program.file import load_program as read_program
from triggernet.record import read_record
from triggernet.reports.cost.estimate import estimate
from triggernet.reports.cost.figures import Figure, Figures, best
from triggernet.reports.cost.hardware import Clock
from triggernet.reports.report.design import Design, Results
from triggernet.reports.report.sources import gather
from triggernet.schema import Within, as_type

RECORD = "triggernet.json"
PROGRAM = "program.json"


@dataclass(frozen=True)
class Settings:
    """How the HLS project is built, from its record.

    Attributes
    ----------
    name : str
        Top function.
    part : str
        Full name of the FPGA.
    clock : Clock
    reuse_factor : int
    """

    name: str
    part: str
    clock: Clock
    reuse_factor: int


@dataclass(frozen=True)
class Project:
    """What lies in a project folder.

    Attributes
    ----------
    design : Design
    settings : Settings or None
        Of the HLS project; None where there is RTL alone.
    """

    design: Design
    settings: Settings | None

    @property
    def part(self) -> str:
        """Full name of the FPGA that the project is for."""
        if self.design.rtl is not None:
            return self.design.rtl.part
        return self.settings.part if self.settings else ""

    @property
    def clock(self) -> Clock:
        """The clock of the design that a report is about."""
        return Clock(self.design.period_ns(self.design.kind))

    @property
    def instances(self) -> int:
        """How many such designs take turns."""
        return self.design.rtl.instances if self.design.rtl is not None else 1


@dataclass(frozen=True)
class Known:
    """The figures of a project.

    Attributes
    ----------
    figures : mapping of str to Figure
        The most trusted one of each name, of the design that a report is about.
    all : tuple of Figures
        What every source knows, also of the other design.
    """

    figures: Mapping[str, Figure]
    all: tuple[Figures, ...]


def is_project(folder: Path) -> bool:
    """Whether a folder holds firmware, or once did."""
    return (folder / RECORD).is_file()


def load_project(folder: Path) -> Project:
    """Read a project folder.

    Raises
    ------
    ProjectError
        If it is none, its record does not say how it is built, a file that figures come from was
        edited, or a result in it was altered.
    """
    settings = _settings(folder)
    _refuse_edited(folder)
    program = load_program(folder)
    rtl = read_design(folder) if has_rtl(folder) else None
    design = Design(
        folder,
        program,
        hls_top=settings.name if settings else "",
        estimate=(estimate(program, settings.clock, settings.reuse_factor) if settings else None),
        rtl=rtl,
        results=Results.of(folder),
    )
    return Project(design, settings)


def known_figures(project: Project) -> Known:
    """Ask every source about a project.

    Raises
    ------
    ProjectError
        If a report in it is damaged.
    """
    found = gather(project.design)
    shown = best(each for kind, each in found if kind == project.design.kind)
    return Known(shown, tuple(each for _, each in found))


def load_program(folder: Path) -> Program:
    """The program that an export left in a folder; ProjectError if there is none."""
    path = folder / PROGRAM
    if not path.is_file():
        raise ProjectError(
            f"{folder} is no project: it has no {PROGRAM}; give a folder that "
            "`triggernet export` wrote"
        )
    return read_program(path)


def _refuse_edited(folder: Path) -> None:
    """Refuse a project whose program or schedule is not as exported: its figures are made of them.

    Sources may be edited: of those, results of tools say whether they are about them.
    """
    digests = read_json(folder / RECORD).get("files", {})
    for name in (PROGRAM, f"{RTL}/{DESIGN}"):
        recorded, path = digests.get(name) if isinstance(digests, dict) else None, folder / name
        if recorded is not None and path.is_file() and recorded != sha256_of(path):
            raise ProjectError(
                f"{path} is not as exported, and figures of a report come from it; undo "
                "the change, or export it again"
            )


def _settings(folder: Path) -> Settings | None:
    """How the HLS project is built; None where there is RTL alone."""
    path = folder / RECORD
    if not path.is_file():
        raise ProjectError(
            f"{folder} is no project: it has no {RECORD}; give a folder that "
            "`triggernet export --hls` or `--rtl` wrote"
        )
    config = read_record(folder).config
    if config is None and has_rtl(folder):
        return None
    where = f"{path} does not say how the project is built: config"
    given = as_type(_Config, config, where, error=ProjectError, advice="export it again")
    clock = Clock(given.clock_period_ns, given.uncertainty)
    return Settings(given.project_name, given.part, clock, given.reuse_factor)


@dataclass(frozen=True)
class _Config:
    """The schema of the settings of the HLS firmware in a record; nothing has a default."""

    project_name: Annotated[str, Within(1, 200)]
    part: Annotated[str, Within(1, 200)]
    clock_period_ns: Annotated[float, Within(0.01, 1e6)]
    clock_uncertainty: str
    reuse_factor: Annotated[int, Within(1, 1 << 20)]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{1,3}(\.\d{1,9})?%", self.clock_uncertainty):
            raise ProjectError(f"clock_uncertainty {self.clock_uncertainty!r} is no percentage")

    @property
    def uncertainty(self) -> float:
        """The share of the period that Vitis keeps free."""
        return float(self.clock_uncertainty.rstrip("%")) / 100
