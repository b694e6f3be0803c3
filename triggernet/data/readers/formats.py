"""`load_jets`: one function that recognises every file of jets that triggernet reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from triggernet.data.encoding import sorted_by_pt
from triggernet.data.jets import DAMAGED, Jets
from triggernet.data.readers import compact, hls4ml_lhc, jetclass, native, toptag
from triggernet.errors import DataError

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
ROOT_MAGIC = b"root"


def load_jets(path: Path, limit: int | None = None) -> Jets:
    """Read jets from a file of any known format.

    Known are triggernet's own two, the top-tagging reference data as published (pandas HDF5) and
    as converted by the authors of PELICAN (`Pmu`), the five-class LHC jets of hls4ml, and JetClass
    ROOT files. The content decides, not the name.

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
    if not path.is_file():
        raise DataError(f"{path} does not exist, or is no file")
    if limit is not None and limit < 1:
        raise DataError(f"cannot read {limit} jets of {path}; the limit must be 1 or more")
    with path.open("rb") as stream:
        head = stream.read(8)
    if head != HDF5_MAGIC and not head.startswith(ROOT_MAGIC):
        raise DataError(f"{path} is neither HDF5 nor ROOT: it begins with {head!r}")
    with np.errstate(over="ignore", invalid="ignore"):  # rubbish is refused below, by name
        jets = read_hdf5(path, limit) if head == HDF5_MAGIC else jetclass.read(path, limit)
    jets = jets if limit is None else jets.select(slice(0, limit))
    refuse_nonsense(jets, path)
    return replace(jets, constituents=sorted_by_pt(jets.constituents))


def read_hdf5(path: Path, limit: int | None) -> Jets:
    """Jets of an HDF5 file, by its keys.

    Raises
    ------
    DataError
        See `load_jets`.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            reader = reader_of(file, path)
            return reader(file, path, limit)
    except DataError as error:
        if str(path) in str(error):
            raise
        raise DataError(f"{path}: {error}") from error
    except DAMAGED as error:
        raise DataError(f"{path} is damaged, or not laid out as it claims: {error}") from error


def reader_of(file: Any, path: Path) -> Callable[[Any, Path, int | None], Jets]:
    """Which reader an open HDF5 file needs."""
    kind = file.attrs.get("format")
    if kind in (native.FORMAT, compact.FORMAT):
        module = native if kind == native.FORMAT else compact
        version = int(file.attrs.get("format_version", 0))
        if version != module.VERSION:
            raise DataError(
                f"{path}: version {version} of {kind!r}; this triggernet reads {module.VERSION}"
            )
        return native.read_native if module is native else compact.read_compact
    keys = set(file)
    if "table" in keys:
        return toptag.read_published
    if "Pmu" in keys:
        return toptag.read_converted
    if "jetConstituentList" in keys:
        return hls4ml_lhc.read
    raise DataError(
        f"{path}: no known keys in this HDF5 file; found {', '.join(sorted(keys)) or 'none'}, "
        "expected those of triggernet ('jets', 'constituents' and a 'format' attribute), 'table', "
        "'Pmu' or 'jetConstituentList'"
    )


def refuse_nonsense(jets: Jets, path: Path) -> None:
    """Raise DataError for momenta that are not finite and for labels without a class."""
    for name in ("constituents", "jet", "truth"):
        if not np.isfinite(getattr(jets, name)).all():
            raise DataError(f"{path}: {name} hold a momentum that is not a finite number")
    if len(jets) and not 0 <= jets.label.min() <= jets.label.max() < len(jets.classes):
        raise DataError(
            f"{path}: labels from {jets.label.min()} to {jets.label.max()}; expected 0 to "
            f"{len(jets.classes) - 1} for the classes {', '.join(jets.classes)}"
        )
