"""Files of jets as triggernet wrote them before they carried a digest."""

from __future__ import annotations

from pathlib import Path

import h5py

from triggernet.data.readers.hdf5 import DIGEST


def without_digest(path: Path) -> Path:
    """The same file as version 1, which may be edited; returns its path."""
    with h5py.File(path, "r+") as file:
        del file.attrs[DIGEST]
        file.attrs["format_version"] = 1
    return path
