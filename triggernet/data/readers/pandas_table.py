"""Tables that pandas wrote to HDF5 (format="table"), read with h5py.

PyTables, which pandas uses, unpickles attributes, so that a file can run any code, and some damage
ends the whole process. Here names of columns are the only thing unpickled, and only as text, and
what h5py cannot decompress (blosc, the filter of the published files) goes through blosc2.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import DAMAGED
from triggernet.data.readers.hdf5 import refuse_missing_chunks
from triggernet.errors import DataError

BLOSC = 32001  # as registered with the HDF Group
STORED_AS_IS = 1  # mask of a chunk whose only filter was skipped


class TextUnpickler(pickle.Unpickler):  # noqa: S301 - made safe by find_class
    """Lists and texts only: whatever a pickle would import is refused."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Raise UnpicklingError."""
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no name of a column")


def column_places(table: Any) -> dict[str, tuple[str, int]]:
    """By column name the block (field) of an h5py table and the index within it."""
    places = {}
    for block in table.dtype.names or ():
        try:
            pickled = bytes(table.attrs[f"{block}_kind"])
            names = TextUnpickler(io.BytesIO(pickled)).load()
        except (pickle.UnpicklingError, *DAMAGED):
            continue  # the index has no names; what is damaged shows as a missing column
        if isinstance(names, list):
            places.update({str(name): (block, k) for k, name in enumerate(names)})
    return places


def read_rows(table: Any, path: Path, limit: int | None) -> NDArray[Any]:
    """The first `limit` rows of an h5py table, all of them for None.

    Raises
    ------
    DataError
        If a chunk is damaged or missing.
    """
    refuse_missing_chunks(table, path)
    filters = table.id.get_create_plist()
    if [filters.get_filter(k)[0] for k in range(filters.get_nfilters())] != [BLOSC]:
        return np.asarray(table[:limit])
    n = len(table) if limit is None else min(limit, len(table))
    size = table.chunks[0]
    rows = [read_chunk(table, path, start) for start in range(0, n, size)]
    return np.concatenate([np.empty(0, table.dtype), *rows])[:n]


def read_chunk(table: Any, path: Path, start: int) -> NDArray[Any]:
    """The rows of the blosc chunk that begins with row `start`."""
    import blosc2  # type: ignore[import-untyped]

    mask, raw = table.id.read_direct_chunk((start,))
    expected = table.chunks[0] * table.dtype.itemsize
    if not mask & STORED_AS_IS:
        if blosc2.get_cbuffer_sizes(raw)[:2] != (expected, len(raw)):
            raise DataError(f"{path} is damaged: the rows of 'table' from {start} on")
        raw = blosc2.decompress(raw)
    if len(raw) != expected:
        raise DataError(f"{path} is damaged: the rows of 'table' from {start} on")
    return np.frombuffer(raw, table.dtype)
