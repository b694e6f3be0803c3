"""Every error triggernet raises on purpose.

    TriggernetError
    |-- UsageError              wrong arguments or a wrong configuration
    |   `-- ConfigError         a key or value of a YAML file or config dataclass
    |-- DataError               a file of jets that cannot be read or makes no sense
    |   `-- EncodingError       values that the hardware encoding cannot hold
    |-- FileError               an output that cannot be written: a full disk, no permission
    |-- ModelError              a run folder, checkpoint or model that does not fit
    |-- ProgramError            a QONNX file that is no valid fixed-point program
    |   `-- UnsupportedError    a node or setting that cannot be lowered exactly
    |-- ProjectError            a firmware project that is incomplete or was edited
    `-- ToolError               an external tool that is missing or failed
        |-- MissingToolError    one that is not on this machine
        |   `-- MissingPackageError  a package of one of triggernet's extras is not installed
        `-- ToolFailedError     one that ran and failed

A message says what is wrong, the value found, what is allowed, and what to do. The command line
prints it without a traceback and exits with 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class TriggernetError(Exception):
    """Base of all errors that triggernet raises on purpose."""


class UsageError(TriggernetError):
    """Arguments that contradict each other or lead nowhere."""


class ConfigError(UsageError):
    """A configuration with an unknown key or a value that is not allowed."""


class DataError(TriggernetError):
    """A file of jets that is missing, damaged, or not in the expected layout."""


class EncodingError(DataError):
    """Values that the chosen hardware encoding cannot hold."""


class FileError(TriggernetError):
    """A file or folder that cannot be written: the disk is full, or writing is not allowed."""


class ModelError(TriggernetError):
    """A run folder, checkpoint or model that does not fit its configuration."""


class ProgramError(TriggernetError):
    """A QONNX file or JSON text that is not a valid fixed-point program."""


class UnsupportedError(ProgramError):
    """A node or setting that cannot be lowered without changing its meaning."""


class ProjectError(TriggernetError):
    """A firmware project that is incomplete, edited, or of another model."""


class ToolError(TriggernetError):
    """An external tool that is missing, failed, or left no result."""


class MissingToolError(ToolError):
    """An external tool, or the Python package that brings it, that is not on this machine."""


class MissingPackageError(MissingToolError):
    """A package that comes with one of triggernet's extras is not installed."""


class ToolFailedError(ToolError):
    """An external tool that ran and failed, took too long, or left no result.

    Attributes
    ----------
    output : str
        All that it wrote.
    log : Path or None
        Where that is kept; None if it wrote nothing, or there was no place.
    """

    def __init__(self, message: str, output: str = "", log: Path | None = None) -> None:
        super().__init__(message)
        self.output, self.log = output, log


LONGEST = 300  # characters of another library's message that are shown


def in_one_line(problem: BaseException | str) -> str:
    """What another library complains of, as one line that can be printed on any terminal."""
    shown = _printable(" ".join(str(problem).split()) or type(problem).__name__)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def _printable(text: str) -> str:
    """The text with an escape for every character that a terminal does not show."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the name of a file in front of every error of triggernet that does not name it.

    For readers of a file's content, which need not know where it lies, nor that a name in it may
    hold what no terminal shows.
    """
    try:
        yield
    except TriggernetError as error:
        text = _printable(str(error))
        if str(path) not in text:
            text = f"{path}: {text}"
        if text == str(error):
            raise
        raise type(error)(text) from error
