"""HDF5 files that hold what was to be written, and say so at every reading.

A file carries the SHA-256 digest of its content in an attribute. h5py does not raise when it
cannot flush (a full disk), and chunks that were never written read as zeros; so a file is built in
memory, written like any other, read back and compared before it gets its name.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import DataError, FileError, in_one_line
from triggernet.files import new_file, to_json

DIGEST = "content_sha256"
ROWS_AT_ONCE = 1024  # of a dataset that is not stored in chunks


def write_hdf5(
    path: Path,
    attributes: Mapping[str, str | int],
    datasets: Mapping[str, NDArray[Any]],
    *,
    rows_per_chunk: int,
    level: int,
) -> None:
    """Write datasets with their digest, gzip-compressed; equal content gives equal bytes.

    Parameters
    ----------
    path
        Where; replaced when the new file is on the disk and reads back as it was given.
    attributes
        Of the file.
    datasets
        By name; every one of one row at least two axes long is cut into chunks of rows.
    rows_per_chunk
        At most; a chunk holds whole rows.
    level
        Of gzip, 1 to 9.

    Raises
    ------
    FileError
        If the file cannot be written, or does not read back.
    """
    digest = _Digest(attributes)
    for name in sorted(datasets):
        digest.begin(name, datasets[name])
        digest.add(datasets[name])
    stated = digest.value()
    content = _image({**attributes, DIGEST: stated}, datasets, rows_per_chunk, level)
    with new_file(path) as temporary:
        temporary.write_bytes(content)
        _read_back(temporary, path, tuple(datasets))


def _image(
    attributes: Mapping[str, str | int],
    datasets: Mapping[str, NDArray[Any]],
    rows_per_chunk: int,
    level: int,
) -> bytes:
    """The bytes of a file, made in memory: nothing that h5py does there can fail unseen."""
    import h5py

    memory = {"driver": "core", "backing_store": False, "libver": "v110"}
    with h5py.File("in memory", "w", **memory) as file:
        file.attrs.update(attributes)
        for name, values in datasets.items():
            file.create_dataset(
                name,
                data=values,
                chunks=(min(rows_per_chunk, max(len(values), 1)), *np.maximum(values.shape[1:], 1)),
                compression="gzip",
                compression_opts=level,
                shuffle=True,
            )
        file.flush()
        return bytes(file.id.get_file_image())


def _read_back(temporary: Path, path: Path, names: Sequence[str]) -> None:
    import h5py

    try:
        with h5py.File(temporary) as file:
            read_datasets(file, path, names)
    except (DataError, OSError) as error:
        raise FileError(
            f"cannot write {path}: what was written does not read back as it was given "
            f"({in_one_line(error)}); the disk may be failing, choose another one"
        ) from error


def read_datasets(
    file: Any,
    path: Path,
    names: Sequence[str],
    rows: int | None = None,
    columns: int | None = None,
) -> dict[str, NDArray[Any]]:
    """Datasets of an open file, all of them checked against the digest if the file states one.

    Parameters
    ----------
    file, path
        Of h5py, and its name for messages.
    names
        Those that the digest covers: all that the format has.
    rows, columns
        Keep the first along the first or second axis only; all is read and checked nonetheless.

    Raises
    ------
    DataError
        If chunks are missing, or the content is not what the digest was made of.
    """
    attributes = {name: _plain(value) for name, value in file.attrs.items()}
    stated = attributes.pop(DIGEST, None)
    digest, kept = _Digest(attributes), {}
    for name in sorted(names):
        dataset = file[name]
        refuse_missing_chunks(dataset, path)
        digest.begin(name, dataset)
        parts = []
        for start, block in _blocks(dataset):
            digest.add(block)
            if rows is None or start < rows:
                left = slice(None if rows is None else rows - start)
                parts.append(block[(left, slice(columns))[: block.ndim]])
        kept[name] = np.concatenate(parts) if parts else dataset[:rows]
    if stated is not None and stated != digest.value():
        raise DataError(
            f"{path} is damaged: its content is not what its digest was made of (attribute "
            f"{DIGEST!r}); take another copy, or make it again"
        )
    return kept


def refuse_missing_chunks(dataset: Any, path: Path) -> None:
    """Refuse a dataset of which a part was never written, which would read as zeros.

    Raises
    ------
    DataError
        If so.
    """
    if dataset.size == 0:
        return
    if dataset.chunks is None:
        missing = int(dataset.id.get_storage_size() == 0)
        expected = 1
    else:
        pairs = zip(dataset.shape, dataset.chunks, strict=True)
        expected = math.prod(-(-size // chunk) for size, chunk in pairs)
        missing = expected - dataset.id.get_num_chunks()
    if missing:
        raise DataError(
            f"{path} is incomplete: {missing} of {expected} chunks of {dataset.name!r} were never "
            "written, perhaps because the disk was full; make it again"
        )


def _blocks(dataset: Any) -> Iterator[tuple[int, NDArray[Any]]]:
    """The dataset in pieces of whole rows, each with the number of its first row."""
    step = ROWS_AT_ONCE if dataset.chunks is None else dataset.chunks[0]
    for start in range(0, len(dataset), step):
        yield start, np.asarray(dataset[start : start + step])


def _plain(value: Any) -> Any:
    """An attribute as it was given: numpy's integers as Python's, bytes as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


class _Digest:
    """SHA-256 of attributes, and of datasets in the order in which they are begun."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._sum = hashlib.sha256(to_json({k: str(v) for k, v in attributes.items()}).encode())

    def begin(self, name: str, dataset: Any) -> None:
        """A dataset follows, of h5py or of numpy."""
        kind = [name, np.dtype(dataset.dtype).descr, list(dataset.shape)]
        self._sum.update(to_json(kind).encode())

    def add(self, values: NDArray[Any]) -> None:
        """Rows of the dataset that was begun last."""
        self._sum.update(np.ascontiguousarray(values).tobytes())

    def value(self) -> str:
        """64 hexadecimal digits."""
        return self._sum.hexdigest()
