"""A written project: read once, and handed on to whatever works with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from triggernet.deployment.project.layout import DESIGN, FIRMWARE, MODEL, PROGRAM, RECORD
from triggernet.deployment.project.origin import Origin, read_origin
from triggernet.deployment.project.record import Record, read_record
from triggernet.deployment.project.sources import altered_files, edited_files
from triggernet.errors import ProjectError
from triggernet.program import Program
from triggernet.program.file import load_program
from triggernet.program.readers.qonnx import read_program


@dataclass(frozen=True)
class Project:
    """What lies in a project folder.

    Attributes
    ----------
    folder : Path
    program : Program
    record : Record or None
        None for what `export` of a run alone wrote: a QONNX file and its program, no firmware.
    origin : Origin or None
        Where the program comes from, if that is a file of somebody else.
    """

    folder: Path
    program: Program
    record: Record | None
    origin: Origin | None = None

    @property
    def has_hls(self) -> bool:
        """Whether it holds HLS C++."""
        return (self.folder / FIRMWARE).is_dir()

    @property
    def has_rtl(self) -> bool:
        """Whether it holds Verilog."""
        return (self.folder / DESIGN).is_file()

    @cached_property
    def altered(self) -> tuple[str, ...]:
        """Files that are not as generated: changed, missing, or added among the sources."""
        return () if self.record is None else tuple(altered_files(self.folder))

    @cached_property
    def edited(self) -> tuple[str, ...]:
        """Files of the record that are not as generated: changed or missing."""
        return () if self.record is None else tuple(edited_files(self.folder, self.record))

    @cached_property
    def model_agrees(self) -> bool:
        """Whether the QONNX file holds this very program.

        Raises
        ------
        ProjectError, ProgramError
            If there is no such file, or it is damaged.
        """
        path = self.folder / MODEL
        if not path.is_file():
            raise _no_project(self.folder, MODEL)
        return read_program(path) == self.program


def load_project(folder: Path) -> Project:
    """Read a project, or what `export` of a run alone wrote.

    Raises
    ------
    ProjectError, ProgramError
        If `folder` holds no program, or its program or record is damaged or of a newer version.
    """
    if not (folder / PROGRAM).is_file():
        raise _no_project(folder, PROGRAM)
    record = read_record(folder) if (folder / RECORD).is_file() else None
    return Project(folder, load_program(folder / PROGRAM), record, read_origin(folder))


def _no_project(folder: Path, name: str) -> ProjectError:
    return ProjectError(
        f"{folder} is no project: it has no {name}; give a folder that `triggernet export` wrote"
    )
