"""Which files of a folder are triggernet's own, and which folders may therefore be replaced.

A project has a record (`RECORD`) that lists its files with their digests. What `export` writes from
a run alone has none and is known by its files. Beside them lie results of later commands. Whatever
else there is belongs to somebody else: it is named, never deleted and never compiled.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Literal

from triggernet.documents import read_json
from triggernet.errors import ProjectError, UsageError

RECORD = "triggernet.json"

# What `export` of a run alone writes, and those of them that only it writes.
EXPORTED = frozenset(
    {
        "checkpoint.pt",
        "config.yaml",
        "float.pt",
        "metrics.json",
        "model.onnx",
        "program.json",
        "provenance.json",
        "source.json",
        "source.onnx",
    }
)
SIGNS = frozenset({"model.onnx", "program.json", "config.yaml"})

# What commands leave in a project, by patterns in which a star stands for slashes as well.
RESULTS = (
    "agreement.json", "cosim.json", "cosim.fst", "float_agreement.json", "latency.json",
    "synth.json", "proof.json", "proof.smt2", "counterexample.npz",
)  # fmt: skip
MADE = (
    *RESULTS,
    *(f".{name}.*.tmp*" for name in RESULTS),  # of a command that was killed
    *(f".{name}.lock" for name in RESULTS),
    "rtl/alternatives.*",
    "build/*",  # of the Makefiles, like the next ones
    "rtl/build/*",
    "tb_data/*.log",
    "firmware/ap_types/*.h",
    "firmware/nnet_utils/*.h",
)
SHOWN = 5  # files of somebody else that a message names


def listed_files(folder: Path) -> dict[str, str] | None:
    """Digests of a project's files by their path; None if `folder` has no record of them."""
    try:
        record = read_json(folder / RECORD, ProjectError)
    except ProjectError:
        return None
    files = record.get("files") if isinstance(record, dict) else None
    return dict(files) if isinstance(files, dict) else None


def foreign_files(folder: Path) -> Iterator[str]:
    """Files of a folder, by their path in it, that triggernet did not write; in order.

    Symbolic links to folders are among them and are not followed.
    """
    listed = listed_files(folder)
    own = EXPORTED if listed is None else {RECORD, *listed}
    for name in files_of(folder):
        if name not in own and not any(fnmatchcase(name, pattern) for pattern in MADE):
            yield name


def files_of(folder: Path) -> Iterator[str]:
    """Paths of all files below a folder, in order; a link to a folder counts as a file."""
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders.sort()
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted([*files, *links]):
            yield (Path(place) / name).relative_to(folder).as_posix()


def check_replaceable(folder: Path, keep: Sequence[Path] = ()) -> None:
    """Refuse to replace a folder that holds anything but what triggernet wrote.

    Parameters
    ----------
    folder : Path
        A folder that exists.
    keep : sequence of Path
        What must survive: the input of the command.

    Raises
    ------
    UsageError
        If the folder is, or holds, an input, the current or the home folder; if it is no project
        and no export; if there are files in it that triggernet did not write.
    """
    check_place(folder, keep)
    if listed_files(folder) is None and not all((folder / name).is_file() for name in SIGNS):
        raise UsageError(
            f"cannot overwrite {folder}: it has no {RECORD} and is nothing that `triggernet "
            "export` wrote; choose another folder, or remove this one yourself"
        )
    foreign = list(islice(foreign_files(folder), SHOWN + 1))
    if foreign:
        more = " and more" if len(foreign) > SHOWN else ""
        raise UsageError(
            f"cannot overwrite {folder}: triggernet did not write {', '.join(foreign[:SHOWN])}"
            f"{more} in it; move them elsewhere, or choose another folder"
        )


def check_place(folder: Path, keep: Sequence[Path] = ()) -> None:
    """Refuse to make or replace a folder where other things would go with it.

    Raises
    ------
    UsageError
        If the folder is, or holds, one of `keep`, the current or the home folder.
    """
    place = folder.resolve()
    kept = [(Path.cwd(), "the current folder"), (Path("~").expanduser(), "the home folder")]
    kept += [(path, "the input") for path in keep]
    for path, what in kept:
        if path.resolve().is_relative_to(place):
            verb = "is" if path.resolve() == place else "holds"
            raise UsageError(
                f"cannot write the folder {folder}: it {verb} {what}; name a new folder"
            )


def how_to_add(folder: Path, firmware: Literal["hls", "rtl"]) -> str:
    """Which command writes a project with firmware that `folder` lacks, keeping what it has."""
    kinds = {"hls": (folder / "firmware").is_dir(), "rtl": (folder / "rtl").is_dir()}
    options = " ".join(f"--{kind}" for kind, there in kinds.items() if there or kind == firmware)
    run = shlex.quote(str(folder)) if (folder / "config.yaml").is_file() else "RUN"
    return f"`triggernet export {run} {options} --out DIR` writes a project with it"


def _raise(error: OSError) -> None:
    raise error
