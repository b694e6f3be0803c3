"""`load_jets`: one function that recognises every file of jets that triggernet reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from triggernet.data.encoding import sorted_by_pt
from triggernet.data.jets import DAMAGED, Jets
from triggernet.data.readers import (
    compact,
    flavour,
    hdf5,
    hls4ml_lhc,
    jetclass,
    native,
    toptag,
)
from triggernet.data.readers.hdf5_heaps import refuse_endless_heaps
from triggernet.errors import DataError, in_one_line
from triggernet.progress import waiting

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
ROOT_MAGIC = b"root"
ROOT_BEGIN = (100).to_bytes(4, "big")  # where the first record lies, in bytes 8 to 11 of all files
# triggernet's own formats: the module, its reader, and from which version on files carry a digest.
OWN: Mapping[str, tuple[Any, Callable[[Any, Path, int | None], Jets], int]] = {
    native.FORMAT: (native, native.read_native, 2),
    compact.FORMAT: (compact, compact.read_compact, 2),
    flavour.FORMAT: (flavour, flavour.read, 1),
}


def load_jets(path: Path, limit: int | None = None) -> Jets:
    """Read jets from a file of any known format.

    Known are triggernet's own three, the top-tagging reference data as published (pandas HDF5) and
    as converted by the authors of PELICAN (`Pmu`), the five-class LHC jets of hls4ml, jets with
    tracks as ATLAS flavour tagging lays them out, and JetClass ROOT files. The content decides, not
    the name.

    Parameters
    ----------
    path
        The file.
    limit
        Read the first `limit` jets only.

    Returns
    -------
    Jets
        Constituents massless, sorted by falling pT.

    Raises
    ------
    DataError
        If the file is missing, damaged or of no known format; names the file, the key and what was
        expected.
    """
    read = read_hdf5 if is_hdf5(path, limit) else jetclass.read
    # Rubbish is refused below, by name.
    with waiting(f"reading {path}"), np.errstate(over="ignore", invalid="ignore"):
        jets = read(path, limit)
    jets = jets if limit is None else jets.select(slice(0, limit))
    return checked(jets, path)


def checked(jets: Jets, path: Path, first: int = 0) -> Jets:
    """The jets of a file from the jet `first` on, sorted; DataError if they cannot be."""
    refuse_nonsense(jets, path, first)
    return replace(jets, constituents=sorted_by_pt(jets.constituents))


def is_hdf5(path: Path, limit: int | None = None) -> bool:
    """Whether a file is HDF5 or else ROOT, by its first bytes.

    Raises
    ------
    DataError
        If it is missing or neither, or the limit is below 1.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist, or is no file")
    if limit is not None and limit < 1:
        raise DataError(f"cannot read {limit} jets of {path}; the limit must be 1 or more")
    with path.open("rb") as stream:
        head = stream.read(12)
    if not head.startswith((HDF5_MAGIC, ROOT_MAGIC)) or (
        head.startswith(ROOT_MAGIC) and head[8:] != ROOT_BEGIN
    ):
        raise DataError(f"{path} is neither HDF5 nor ROOT: it begins with {head[:8]!r}")
    return head.startswith(HDF5_MAGIC)


def is_native(path: Path, limit: int | None = None) -> bool:
    """Whether a file is of triggernet's own format, not the compact one; raises as `is_hdf5`."""
    if not is_hdf5(path, limit):
        return False
    with opened_hdf5(path) as file:
        return reader_of(file, path) is native.read_native


def read_hdf5(path: Path, limit: int | None) -> Jets:
    """Jets of an HDF5 file, by its keys.

    Raises
    ------
    DataError
        See `load_jets`.
    """
    with opened_hdf5(path) as file:
        reader = reader_of(file, path)
        return reader(file, path, limit)


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Any]:
    """An HDF5 file, open for reading; what damaged files raise becomes one line.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    import h5py

    refuse_endless_heaps(path)
    try:
        with h5py.File(path) as file:
            yield file
    except DataError as error:
        if str(path) in str(error):
            raise
        raise DataError(f"{path}: {error}") from error
    except DAMAGED as error:
        raise DataError(
            f"{path} is damaged, or not laid out as it claims: {in_one_line(error)}"
        ) from error


def reader_of(file: Any, path: Path) -> Callable[[Any, Path, int | None], Jets]:
    """Which reader an open HDF5 file needs."""
    kind = file.attrs.get("format")
    if kind in OWN:
        module, read, digested = OWN[kind]
        version = int(file.attrs.get("format_version", 0))
        if not 1 <= version <= module.VERSION:
            raise DataError(
                f"{path}: version {version} of {kind!r}; this triggernet reads 1 to "
                f"{module.VERSION}"
            )
        if version >= digested and hdf5.DIGEST not in file.attrs:
            raise DataError(
                f"{path} is damaged: it lacks the attribute {hdf5.DIGEST!r}, which every file of "
                f"version {version} has; take another copy, or make it again"
            )
        return read
    keys = set(file)
    if "table" in keys:
        return toptag.read_published
    if "Pmu" in keys:
        return toptag.read_converted
    if "jetConstituentList" in keys:
        return hls4ml_lhc.read
    if flavour.holds_tracks(file):
        return flavour.read
    raise DataError(
        f"{path}: no known keys in this HDF5 file; found {', '.join(sorted(keys)) or 'none'}, "
        "expected those of triggernet ('jets', 'constituents' and a 'format' attribute), 'table', "
        "'Pmu', 'jetConstituentList', or 'jets' and 'tracks' of flavour tagging"
    )


def refuse_nonsense(jets: Jets, path: Path, first: int = 0) -> None:
    """Refuse jets that cannot be; the first one is number `first` of the file.

    Momenta must be finite and labels have a class; and what is there must not contradict the
    stated multiplicities. Fewer constituents may be there, since those softer than a step of the
    trigger's vanish; not more, and not none at all.

    Raises
    ------
    DataError
        If so.
    """
    for name in ("constituents", "jet", "truth"):
        if not np.isfinite(getattr(jets, name)).all():
            raise DataError(f"{path}: {name} hold a momentum that is not a finite number")
    if len(jets) and not 0 <= jets.label.min() <= jets.label.max() < len(jets.classes):
        raise DataError(
            f"{path}: labels from {jets.label.min()} to {jets.label.max()}; expected 0 to "
            f"{len(jets.classes) - 1} for the classes {', '.join(jets.classes)}"
        )
    n_present = jets.present.sum(axis=1)
    wrong = (n_present > jets.multiplicity) | ((n_present == 0) & (jets.multiplicity > 0))
    if wrong.any():
        k = int(wrong.argmax())
        raise DataError(
            f"{path} is damaged: jet {first + k} states {jets.multiplicity[k]} constituents and "
            f"holds {n_present[k]} ({int(wrong.sum())} of {len(jets)} jets do not agree); take "
            "another copy, or make it again"
        )
