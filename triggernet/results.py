"""Results that tools leave in a folder: sealed JSON files that one class writes and reads.

A sealed file holds its ``format`` and ``format_version``, the values, ``judges`` (digests of what
the result was made from, part by part) and ``digest``, the SHA-256 of all the rest. A reader
therefore knows whether the file is as it was written, and whether it is about the sources that lie
beside it now. The digest has no key: it guards against accidents and casual editing. Whoever wants
to deceive computes it anew, and only running the command again tells.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from triggernet.errors import ProjectError
from triggernet.files import read_json, sha256_of, to_json, write_json
from triggernet.schema import VERSION, as_type, refuse_newer

FORMAT, JUDGES, DIGEST = "format", "judges", "digest"

# What a result can be about, and the files of a folder that belong to it.
PARTS: Mapping[str, tuple[str, ...]] = {
    "program": ("program.json",),
    "model": ("model.onnx",),
    "float": ("float.onnx",),
    "source": ("source.onnx", "source.json"),
    "weights": ("float.pt", "checkpoint.pt"),
    "verilog": ("rtl/src/**/*",),
    "firmware": ("firmware/**/*", "*_test.cpp", "integer_codes.h", "Makefile", "tb_data/*.dat"),
}

# How a message calls a part.
WORDS: Mapping[str, str] = {
    "program": "program.json",
    "model": "model.onnx",
    "float": "float.onnx",
    "source": "source.onnx",
    "weights": "weights",
    "verilog": "Verilog",
    "firmware": "HLS firmware",
}

State = Literal["current", "outdated", "unsealed", "absent"]


@dataclass(frozen=True)
class ResultFile:
    """A kind of result: the file it lies in, and how it is made.

    Attributes
    ----------
    kind : str
        The ``format`` of the file is ``triggernet`` and this word.
    name : str
        Path of the file in its folder.
    command : str
        What makes the result, for messages: ``triggernet cosim``.
    version : int
        Of the layout; files of a newer one are refused.
    """

    kind: str
    name: str
    command: str
    version: int = 1

    @property
    def again(self) -> str:
        """What to do where the file is of no use."""
        return f"run `{self.command}` again"


@dataclass(frozen=True)
class Content:
    """What a result file holds.

    Attributes
    ----------
    values : dict
    judges : mapping of str to str
        By part, see `PARTS`, the digest of what the result was made from.
    sealed : bool
        False for a file of an older triggernet, about which nothing can be checked.
    """

    values: dict[str, Any]
    judges: Mapping[str, str]
    sealed: bool


# How well the models of a run do: here, so that a reader of it need not load torch.
METRICS = ResultFile("metrics", "metrics.json", "triggernet train")


class UnsealedError(ProjectError):
    """A result without a seal, of an older triggernet: nothing about it can be checked."""


def digest_of(files: Mapping[str, bytes]) -> str:
    """One SHA-256 digest of files by their path, in any order."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{len(files[path])}\0".encode())
        total.update(files[path])
    return total.hexdigest()


def judged(folder: Path, parts: Sequence[str]) -> dict[str, str]:
    """Digests of those of `parts` (names of `PARTS`) of which a folder holds any file."""
    digests = {}
    for part in parts:
        paths = {path for pattern in PARTS[part] for path in folder.glob(pattern)}
        files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths if p.is_file()}
        if files:
            digests[part] = digest_of(files)
    return digests


def sealed(
    file: ResultFile, values: Mapping[str, Any], judges: Mapping[str, str]
) -> dict[str, Any]:
    """The content of a result file, ready for JSON."""
    content = {
        **values,
        FORMAT: f"triggernet {file.kind}",
        VERSION: file.version,
        JUDGES: dict(judges),
    }
    return content | {DIGEST: _seal(content)}


def write_result(
    folder: Path, file: ResultFile, values: Mapping[str, Any], judges: Mapping[str, str]
) -> None:
    """Write a sealed result into a folder; atomic."""
    write_json(folder / file.name, sealed(file, values, judges))


def read_result(folder: Path, file: ResultFile) -> Content | None:
    """Read a result, and check its seal if it has one; None if there is no such file.

    Raises
    ------
    ProjectError
        If the file is damaged, was altered, is of another kind or of a newer version.
    """
    path = folder / file.name
    if not path.is_file():
        return None
    try:
        content = read_json(path, ProjectError)
    except ProjectError as error:
        raise ProjectError(f"{error}; {file.again}") from error
    if not isinstance(content, dict):
        raise ProjectError(f"{path} is no result of `{file.command}`; {file.again}")
    if FORMAT not in content:
        return Content(content, {}, sealed=False)
    _check_kind(path, file, content)
    rest = {key: value for key, value in content.items() if key != DIGEST}
    if content.get(DIGEST) != _seal(rest):
        raise ProjectError(
            f"{path} is not as `{file.command}` wrote it: its content does not fit its digest; "
            f"{file.again}"
        )
    values = {key: value for key, value in rest.items() if key not in (FORMAT, VERSION, JUDGES)}
    return Content(values, _judges(path, file, rest.get(JUDGES)), sealed=True)


def _judges(path: Path, file: ResultFile, judges: Any) -> dict[str, str]:
    if not isinstance(judges, dict) or not all(
        part in PARTS and isinstance(digest, str) for part, digest in judges.items()
    ):
        raise ProjectError(
            f"{path} is no result of `{file.command}` (its key '{JUDGES}' holds {judges!r}, not "
            f"digests by part: {', '.join(PARTS)}); {file.again}"
        )
    return judges


def _check_kind(path: Path, file: ResultFile, content: Mapping[str, Any]) -> None:
    if content[FORMAT] != f"triggernet {file.kind}":
        raise ProjectError(
            f"{path} holds {content[FORMAT]!r}, not 'triggernet {file.kind}'; {file.again}"
        )
    refuse_newer(content, file.version, str(path), ProjectError)


def _seal(content: Mapping[str, Any]) -> str:
    """The digest of everything else in a result file."""
    return sha256_of(to_json(content, indent=None).encode())


class ProjectResult(ABC):
    """A result about a project: a frozen dataclass that writes and reads itself.

    A subclass sets `FILE`, the `PARTS` of a project that it is about and, in `DERIVED`, the keys
    of its `as_dict` that are no fields; its field `judges` says of which sources it is.
    """

    FILE: ClassVar[ResultFile]
    PARTS: ClassVar[tuple[str, ...]]
    DERIVED: ClassVar[tuple[str, ...]] = ()
    judges: Mapping[str, str]

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """The result from what `as_dict` gave; `where` is how messages name it.

        Raises
        ------
        ProjectError
            If a key is missing or unknown, or a value is of another type.
        """
        fields = {key: value for key, value in values.items() if key not in cls.DERIVED}
        return as_type(cls, fields, where, error=ProjectError, advice=cls.FILE.again)

    @classmethod
    def sources(cls, project: Path) -> dict[str, str]:
        """The `judges` of a result about a project as it is now."""
        return judged(project, cls.PARTS)

    def save(self, project: Path) -> None:
        """Leave the result in its project, sealed."""
        values = self.as_dict()
        write_result(project, self.FILE, values, values.pop(JUDGES))

    @classmethod
    def load(cls, project: Path) -> Self | None:
        """The result in a project, of whatever sources; None if there is none.

        Raises
        ------
        UnsealedError
            If it has no seal. Such results are not used: making them anew costs seconds to
            minutes, and nothing else would tell a result from an altered one.
        ProjectError
            As `read_result`, or if the values are not those of such a result.
        """
        content = read_result(project, cls.FILE)
        if content is None:
            return None
        path = project / cls.FILE.name
        if not content.sealed:
            raise UnsealedError(
                f"{path} has no seal: an older triggernet wrote it, and it cannot be checked; "
                f"{cls.FILE.again}"
            )
        return cls.from_dict(content.values | {JUDGES: content.judges}, str(path))


ResultT = TypeVar("ResultT", bound=ProjectResult)


@dataclass(frozen=True)
class Exhibit(Generic[ResultT]):
    """A result as a report meets it.

    Attributes
    ----------
    file : ResultFile
    state : str
        "current": sealed, and of these very sources; "outdated": of other sources; "unsealed": of
        an older triggernet; "absent".
    result : ProjectResult or None
        Only if it is current: no other one may reach a reader.
    changed : tuple of str
        The parts of the project that are no longer what the result is about.
    """

    file: ResultFile
    state: State
    result: ResultT | None = None
    changed: tuple[str, ...] = ()

    def as_text(self) -> str:
        """One sentence on what could be checked."""
        file = self.file
        return {
            "current": f"{file.name} is sealed and of these very sources.",
            "outdated": f"{file.name} is of other {' and '.join(WORDS[p] for p in self.changed)} "
            f"than lies here now, and is ignored; {file.again}.",
            "unsealed": f"{file.name} has no seal: an older triggernet wrote it. It cannot be "
            f"checked and is ignored; {file.again}.",
            "absent": f"{file.name} is absent; `{file.command}` writes it.",
        }[self.state]


def examine(cls: type[ResultT], project: Path) -> Exhibit[ResultT]:
    """A kind of result in a project, and what can be said for it.

    Raises
    ------
    ProjectError
        If the file was altered or is damaged.
    """
    try:
        result = cls.load(project)
    except UnsealedError:
        return Exhibit(cls.FILE, "unsealed")
    if result is None:
        return Exhibit(cls.FILE, "absent")
    now = cls.sources(project)
    changed = tuple(part for part in PARTS if result.judges.get(part) != now.get(part))
    return Exhibit(
        cls.FILE, "outdated" if changed else "current", None if changed else result, changed
    )
