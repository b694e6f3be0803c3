"""The record of a project: which files it has, with their digests, and how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from triggernet.documents import read_json
from triggernet.errors import ProjectError
from triggernet.files import sha256_of, to_json
from triggernet.ownership import RECORD
from triggernet.schema import VERSION, Within, as_type, refuse_newer

FORMAT_VERSION = 1
SEAL = "seal"  # the key of the digest of all other keys
_Text = Annotated[str, Within(0, 500)]


@dataclass(frozen=True)
class Record:
    """What a project's record says.

    Attributes
    ----------
    files : mapping of str to str
        SHA-256 digests by the path in the project; of all files but the record.
    program : str
        Name of the program.
    digest : str
        Of all files together.
    versions : mapping of str to str
        Of triggernet and the generators.
    config, rtl : mapping or None
        Settings of the HLS firmware and of the Verilog, as far as there is any.
    format_version : int
    seal : str
        Digest of all the rest; empty in records of an older triggernet.
    """

    files: Mapping[str, _Text]
    program: _Text = ""
    digest: _Text = ""
    versions: Mapping[str, _Text] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    rtl: Mapping[str, Any] | None = None
    format_version: int = FORMAT_VERSION
    seal: _Text = ""

    def __post_init__(self) -> None:
        for name in self.files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not name.isprintable():
                raise ProjectError(f"files: {name!r} is no path inside the project")


def record_text(content: Mapping[str, Any]) -> str:
    """The text of a record with these keys, with its version and its seal."""
    stated = {**content, VERSION: FORMAT_VERSION}
    return to_json({**stated, SEAL: _seal(stated)})


def read_record(folder: Path) -> Record:
    """The record of a written project.

    Raises
    ------
    ProjectError
        If there is none, or it is damaged, altered or of a newer version.
    """
    path = folder / RECORD
    content = read_json(path, ProjectError)
    refuse_newer(content, FORMAT_VERSION, str(path), ProjectError)
    record = as_type(Record, content, str(path), error=ProjectError, advice="export it again")
    stated = {key: value for key, value in content.items() if key != SEAL}
    if SEAL in content and record.seal != _seal(stated):
        raise ProjectError(
            f"{path} is not as triggernet wrote it: its content does not fit its {SEAL!r}; export "
            "the project again"
        )
    return record


def _seal(content: Mapping[str, Any]) -> str:
    return sha256_of(to_json(dict(content), indent=None).encode())
