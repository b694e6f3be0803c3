"""Which of a project's files are compiled: those of its record, and no others.

Whoever makes a project decides what its code does. Whoever puts a file beside it must not: a header
in the way of another one, a program that pretends to be compiled from the sources, a Makefile that
make prefers. So what is compiled is a copy of the files that the record lists, and what is not
listed is named and refused.

hls4ml's headers are always those of the hls4ml that is installed. Copies of them in a project are
for other tools; a copy that differs counts as edited.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from fnmatch import fnmatchcase
from pathlib import Path

from triggernet.deployment.project.record import Record, read_record
from triggernet.deployment.project.vendored import vendored_headers
from triggernet.errors import ProjectError
from triggernet.ownership import RECORD, files_of, foreign_files

VENDORED = ("firmware/ap_types/*", "firmware/nnet_utils/*")
# Where tools look for files, whatever they are called, and names that make prefers to Makefile.
SEARCHED = (
    "firmware/*", "rtl/src/*", "rtl/tb/*", "GNUmakefile", "makefile", "rtl/GNUmakefile",
    "rtl/makefile",
)  # fmt: skip


def project_sources(project: Path, *patterns: str, edited: bool = False) -> dict[str, bytes]:
    """Files of a project to compile, by their path in it, as they lie there.

    Parameters
    ----------
    project : Path
    *patterns : str
        Of the paths; a star stands for slashes as well.
    edited : bool
        Take files too that the record does not list, instead of refusing them.

    Raises
    ------
    ProjectError
        If the project has no record, or if there are files among its sources that it does not list.
    """
    listed = sorted(read_record(project).files)
    unlisted = unlisted_sources(project)
    if unlisted and not edited:
        raise ProjectError(
            f"{project} holds files that its {RECORD} does not list, and that tools could take for "
            f"its own: {', '.join(unlisted)}; remove them, or export the project again"
        )
    paths = [path for path in listed if (project / path).is_file()]
    return {
        path: (project / path).read_bytes()
        for path in sorted([*paths, *unlisted])
        if any(fnmatchcase(path, pattern) for pattern in patterns)
    }


def unlisted_sources(project: Path) -> list[str]:
    """Files among a project's sources that its record does not list, hls4ml's headers aside."""
    searched = [
        path
        for path in foreign_files(project)
        if any(fnmatchcase(path, pattern) for pattern in SEARCHED)
    ]
    return sorted({*searched, *_added_headers(project)})


def altered_files(project: Path) -> list[str]:
    """Files of a project that are not as generated, sorted: changed, missing or added.

    Raises
    ------
    ProjectError
        If the project has no record.
    """
    changed = {*edited_files(project), *unlisted_sources(project), *_changed_headers(project)}
    return sorted(changed)


def edited_files(folder: Path, record: Record | None = None) -> list[str]:
    """Files of a written project that are not as generated (changed or missing), sorted."""
    files = (record or read_record(folder)).files
    return sorted(
        path
        for path, digest in files.items()
        if not (folder / path).is_file()
        or hashlib.sha256((folder / path).read_bytes()).hexdigest() != digest
    )


def _headers(project: Path) -> dict[str, Path]:
    """hls4ml's headers that can be compared: those of the version that wrote the project."""
    try:
        installed = importlib.metadata.version("hls4ml")
    except importlib.metadata.PackageNotFoundError:
        return {}
    made = read_record(project).versions.get("hls4ml")
    return vendored_headers() if made == installed else {}


def _copies(project: Path) -> list[str]:
    """Copies of hls4ml's headers in a project."""
    if not (project / "firmware").is_dir():
        return []
    paths = (f"firmware/{path}" for path in files_of(project / "firmware"))
    return [path for path in paths if any(fnmatchcase(path, pattern) for pattern in VENDORED)]


def _changed_headers(project: Path) -> list[str]:
    headers = _headers(project)
    return [
        path
        for path in _copies(project)
        if path in headers and (project / path).read_bytes() != headers[path].read_bytes()
    ]


def _added_headers(project: Path) -> list[str]:
    headers = _headers(project)
    return [path for path in _copies(project) if headers and path not in headers]
