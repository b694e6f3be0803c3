"""Files that are either whole or not there: atomic writes, new folders, digests, JSON.

Every write goes to a temporary sibling first and is moved into place at the end, so that a killed
run leaves the old file or none, never half of one (`triggernet.temporary` finds what it left).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.documents import read_json as read_json  # noqa: PLC0414 - beside the writer
from triggernet.errors import DataError, UsageError
from triggernet.ownership import check_place, check_replaceable
from triggernet.temporary import exchange, remove, sibling, sweep
from triggernet.version import __version__
from triggernet.writing import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PLOTS = (".png", ".pdf", ".svg")  # endings of what a plot can be written to

# What decides a number that triggernet writes; each is recorded where it is installed.
RELEVANT_PACKAGES = (
    "brevitas",
    "da4ml",
    "fastjet",
    "hls4ml",
    "lightning",
    "numba",
    "numpy",
    "onnx",
    "onnxruntime",
    "pythia8mc",
    "qonnx",
    "scipy",
    "torch",
)


def make_folder(path: Path) -> None:
    """Make a folder with its parents, unless it is there.

    Raises
    ------
    FileError
        If that is refused.
    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


def append_text(path: Path, text: str) -> None:
    """Append to a text file in UTF-8.

    Raises
    ------
    FileError
        If that is refused.
    """
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, and move it to `path` when the block ends well.

    For writers that want a path of their own (HDF5, ONNX, figures). A block that raises leaves
    `path` as it was. The temporary name ends like `path`, since some writers look at it.

    Parameters
    ----------
    path : Path
        Where the file shall lie; its folder is made if missing, an existing file is replaced.

    Raises
    ------
    UsageError
        If `path` is a folder.
    FileError
        If the operating system refuses: see `writing`.
    """
    temporary = sibling(path).with_suffix(f".tmp{path.suffix}")
    with writing(path, temporary):
        refuse_folder(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file is on its disk: some say only then that there is no room."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, whole."""
    with new_file(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` in UTF-8 with the line ends it has; atomic like `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def refuse_folder(path: Path) -> None:
    """Check at once, before hours of work, that `new_file` will be able to make `path`.

    Raises
    ------
    UsageError
        If `path` is a folder.
    """
    if path.is_dir():
        raise UsageError(f"cannot write the file {path}: a folder of that name exists")


def check_plot(path: Path) -> None:
    """Refuse a path that no plot can be written to, before there is anything to draw.

    Raises
    ------
    UsageError
        For an ending that is none of ``.png``, ``.pdf`` and ``.svg``, and for a folder.
    """
    refuse_folder(path)
    if path.suffix not in PLOTS:
        raise UsageError(
            f"cannot write a plot to {path}; the name must end in one of {', '.join(PLOTS)}"
        )


@contextmanager
def new_folder(path: Path, overwrite: bool = False, keep: Sequence[Path] = ()) -> Iterator[Path]:
    """Give a temporary folder to fill, and move it to `path` when the block ends well.

    A block that raises leaves nothing behind, and with `overwrite` the old folder as it was.

    Parameters
    ----------
    path : Path
        Where the folder shall lie; its parents are made if missing. A symbolic link to a folder
        stays and the folder it leads to is meant.
    overwrite : bool
        Replace a folder that holds nothing but what triggernet wrote
        (`triggernet.ownership.check_replaceable`). Otherwise only an empty folder may exist.
    keep : sequence of Path
        Folders that must survive: what the new one is made from.

    Raises
    ------
    UsageError
        As `refuse_existing`.
    FileError
        If the operating system refuses: see `writing`.
    """
    place = path.resolve()
    temporary = sibling(place)
    with writing(path, temporary):
        sweep(place)
        refuse_existing(path, overwrite, keep)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.mkdir()
            yield temporary
            # Again: somebody else may have made it while the block was busy.
            refuse_existing(path, overwrite, keep)
            _move_folder(temporary, place)
        finally:
            remove(temporary)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, by their path below `folder`, into a folder of which nobody knows yet."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def refuse_existing(path: Path, overwrite: bool = False, keep: Sequence[Path] = ()) -> None:
    """Check at once, before hours of work, that `new_folder` will be able to make `path`.

    Raises
    ------
    UsageError
        If `path` exists and is not an empty folder; with `overwrite`, if it holds anything but what
        triggernet wrote. If it is, or holds, the current folder, the home folder or one of `keep`.
    """
    if path.is_symlink() and not path.exists():
        raise UsageError(
            f"cannot make the folder {path}: it is a symbolic link to {path.readlink()}, which "
            "does not exist; remove the link, or choose another folder"
        )
    if path.exists() and not path.is_dir():
        raise UsageError(f"cannot make the folder {path}: a file of that name exists")
    if not path.exists():
        return
    occupied = any(path.iterdir())
    if occupied and not overwrite:
        raise UsageError(
            f"the output folder {path} exists and is not empty; choose another one, or remove it"
        )
    if occupied:
        check_replaceable(path, keep)
    else:
        check_place(path, keep)


def _move_folder(source: Path, target: Path) -> None:
    """Move `source` to `target`; what lay there is at `source` afterwards, or removed."""
    if not target.exists():
        source.rename(target)
    elif not exchange(source, target):
        old = sibling(target, "old")  # a run that is killed here has it put back by the next
        target.rename(old)
        try:
            source.rename(target)
        except OSError:
            old.rename(target)
            raise
        remove(old)


def sha256_of(source: Path | bytes) -> str:
    """The SHA-256 digest of a file's content or of bytes, as 64 hexadecimal digits.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    try:
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {source}: {error.strerror}") from error


def to_json(value: Any, indent: int | None = 2) -> str:
    """`value` as JSON text with sorted keys and a final newline: equal values, equal text.

    Raises
    ------
    ValueError
        If `value` holds a NaN or an infinity, which JSON does not know.
    TypeError
        If `value` holds anything but dicts, lists, tuples, strings, numbers, booleans and None.
    """
    return json.dumps(value, indent=indent, sort_keys=True, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` as `to_json` gives it; atomic like `write_bytes`."""
    write_text(path, to_json(value))


def provenance(**more: str | float) -> dict[str, Any]:
    """What made an output: the versions of triggernet, Python and the packages that matter.

    Parameters
    ----------
    **more : str, int or float
        Added as they are: the seed, the command, digests of the inputs.

    Returns
    -------
    dict
        ``triggernet``, ``python`` (text), ``packages`` (name to version, only those installed),
        and the entries of `more`. No time and no host: equal runs give equal text.
    """
    return {
        "triggernet": __version__,
        "python": platform.python_version(),
        "packages": _package_versions(),
        **more,
    }


def _package_versions() -> Mapping[str, str]:
    versions = {}
    for name in RELEVANT_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
