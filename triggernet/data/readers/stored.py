"""Jets that stay on the disk, read a part at a time: for files larger than the memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import Jets
from triggernet.data.readers import native
from triggernet.data.readers.formats import checked, is_native, load_jets, opened_hdf5
from triggernet.errors import DataError


@dataclass(frozen=True)
class StoredJets:
    """A file of jets of which only the labels are in memory.

    Attributes
    ----------
    path : Path
    label : int64 array (n,)
        Of all jets, see `Jets`.
    classes : tuple of str
    provenance : mapping
    loaded : Jets or None
        All jets, where the format cannot be read in parts.
    """

    path: Path
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    provenance: Mapping[str, Any]
    loaded: Jets | None = None

    def __len__(self) -> int:
        return len(self.label)

    def parts(self, n_at_most: int) -> Iterator[Jets]:
        """All jets in order, at most `n_at_most` at a time; equal to slices of `load_jets`.

        Raises
        ------
        DataError
            If jets cannot be, see `load_jets`, or the number is below 1.
        """
        if n_at_most < 1:
            raise DataError(f"cannot read {n_at_most} jets at a time; expected 1 or more")
        if self.loaded is not None:
            for start in range(0, len(self), n_at_most):
                yield self.loaded.select(slice(start, start + n_at_most))
            return
        with opened_hdf5(self.path) as file:
            for k, part in enumerate(native.read_parts(file, len(self), n_at_most)):
                yield checked(part, self.path, k * n_at_most)


def stored_jets(path: Path, limit: int | None = None) -> StoredJets:
    """Open a file of jets without reading all of it into memory.

    triggernet's own format is read in parts; files of the other formats are loaded as a whole. What
    the file holds is compared with its digest here, block by block.

    Parameters
    ----------
    path
        The file, of any known format.
    limit
        The first `limit` jets only.

    Raises
    ------
    DataError
        See `load_jets`.
    """
    if not is_native(path, limit):
        jets = load_jets(path, limit)
        return StoredJets(path, jets.label, jets.classes, jets.provenance, jets)
    with opened_hdf5(path) as file:
        label = native.labels_of(file, path)[:limit]
        return StoredJets(path, label, *native.about(file))


def iterate_jets(path: Path, n_at_most: int, limit: int | None = None) -> Iterator[Jets]:
    """The jets of a file in order, at most `n_at_most` at a time; see `stored_jets`."""
    yield from stored_jets(path, limit).parts(n_at_most)
