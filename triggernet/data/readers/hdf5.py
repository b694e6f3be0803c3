"""HDF5 files that hold what was to be written, and say so at every reading.

A file carries the SHA-256 digest of its content in an attribute. h5py does not raise when it
cannot flush (a full disk), and chunks that were never written read as zeros; so it writes to a
stream that remembers what the operating system refused, and a file is read back and compared before
it gets its name.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import DAMAGED
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
        By name; each is cut into chunks of whole rows.
    rows_per_chunk
        At most.
    level
        Of gzip, 1 to 9.

    Raises
    ------
    FileError
        If the file cannot be written, or does not read back.
    """
    storage = Storage(
        {name: (values.shape, values.dtype) for name, values in datasets.items()},
        rows_per_chunk,
        level,
    )
    write_in_parts(path, attributes, storage, [datasets])


@dataclass(frozen=True)
class Storage:
    """How datasets are stored: shape and type of each, rows of a chunk, level of gzip (1 to 9)."""

    datasets: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]
    rows_per_chunk: int
    level: int


def write_in_parts(
    path: Path,
    attributes: Mapping[str, str | int],
    storage: Storage,
    parts: Iterable[Mapping[str, NDArray[Any]]],
) -> None:
    """Write what `write_hdf5` would of all parts together, byte for byte, with one part in memory.

    Parameters
    ----------
    path, attributes
        As for `write_hdf5`.
    storage
        Shapes of the whole.
    parts
        Rows of the datasets, in order; a dataset of fewer rows than a chunk is whole in the first.

    Raises
    ------
    FileError
        As for `write_hdf5`.
    """
    import h5py

    with new_file(path) as temporary:
        with _writable(temporary, "w") as stream, h5py.File(stream, "w", libver="v110") as file:
            file.attrs.update(attributes)
            given = _fill(file, storage, parts)
        digest = _read_back(temporary, path, given)
        with _writable(temporary, "r+") as stream, h5py.File(stream, "r+", libver="v110") as file:
            file.attrs[DIGEST] = digest
        if _read_back(temporary, path, given) != digest:
            raise FileError(f"cannot write {path}: its attributes do not read back")


@contextmanager
def _writable(path: Path, mode: str) -> Iterator[_Stream]:
    """The file for h5py to write to; what the operating system refused is raised at the end."""
    with path.open("w+b" if mode == "w" else "r+b", buffering=0) as file:
        stream = _Stream(file)
        try:
            yield stream
        finally:
            if stream.failure is not None:
                raise stream.failure


class _Stream(io.RawIOBase):
    """A file that keeps the first failure to itself: h5py would lose it, or end the process."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, content: Any) -> int:
        """Write all of it, or remember why not; h5py is told that it went well."""
        rest = memoryview(content).cast("B")
        size = len(rest)
        try:
            while self.failure is None and len(rest):
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """As of a file."""
        try:
            return int(self._file.truncate(size))
        except OSError as error:
            self.failure = self.failure or error
            return size or 0

    def readinto(self, buffer: Any) -> int:
        """As of a file."""
        return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """As of a file."""
        return int(self._file.tell())


def _fill(
    file: Any, storage: Storage, parts: Iterable[Mapping[str, NDArray[Any]]]
) -> dict[str, str]:
    """Write all parts, chunk by chunk, and return the digest of what each dataset was given."""
    rows = storage.rows_per_chunk
    packing = {"compression": "gzip", "compression_opts": storage.level, "shuffle": True}
    for name, (shape, dtype) in storage.datasets.items():
        chunked = packing | {"chunks": (min(rows, shape[0]), *shape[1:])}
        file.create_dataset(name, shape, dtype, **({} if 0 in shape else chunked))
    given = {name: hashlib.sha256() for name in storage.datasets}
    start = 0
    for chunk in _in_chunks(parts, rows):
        for name, values in chunk.items():
            if len(values):
                file[name][start : start + len(values)] = values
                given[name].update(np.ascontiguousarray(values).tobytes())
        start += rows
    return {name: digest.hexdigest() for name, digest in given.items()}


def _in_chunks(
    parts: Iterable[Mapping[str, NDArray[Any]]], rows: int
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The same rows in pieces of `rows`, the last of fewer."""
    rest: Mapping[str, NDArray[Any]] = {}
    for part in parts:
        held = joined(rest, part)
        whole = max(len(values) for values in held.values()) // rows * rows
        for start in range(0, whole, rows):
            yield {name: values[start : start + rows] for name, values in held.items()}
        rest = {name: values[whole:] for name, values in held.items() if len(values) > whole}
    if rest:
        yield rest


def joined(
    rest: Mapping[str, NDArray[Any]], part: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Rows of `rest`, then of `part`."""
    if not rest:
        return dict(part)
    return {
        name: np.concatenate([rows[name] for rows in (rest, part) if name in rows])
        for name in dict.fromkeys((*rest, *part))
    }


def _read_back(temporary: Path, path: Path, given: Mapping[str, str]) -> str:
    """The digest of what was written, after a comparison of each dataset with what it was given."""
    import h5py

    try:
        with h5py.File(temporary) as file:
            digest, read = _digests(file, path, tuple(given))
    except (DataError, *DAMAGED) as error:
        raise FileError(_UNREAD.format(path, in_one_line(error))) from error
    wrong = [name for name, value in given.items() if read[name] != value]
    if wrong:
        raise FileError(_UNREAD.format(path, f"dataset {wrong[0]!r} is another one"))
    return digest


_UNREAD = (
    "cannot write {}: what was written does not read back as it was given ({}); the disk may be "
    "failing, choose another one"
)


def check_digest(file: Any, path: Path, names: Sequence[str]) -> None:
    """Read all of an open file, block by block, and compare it with the digest if it states one.

    Raises
    ------
    DataError
        If chunks are missing, or the content is not what the digest was made of.
    """
    digest, _ = _digests(file, path, names)
    _refuse_other_digest(file, path, digest)


def _digests(file: Any, path: Path, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The digest of an open file, and that of the rows of each dataset."""
    digest, single = _Digest(_attributes(file)), {}
    for name in sorted(names):
        refuse_missing_chunks(file[name], path)
        digest.begin(name, file[name])
        alone = hashlib.sha256()
        for _, block in _blocks(file[name]):
            digest.add(block)
            alone.update(np.ascontiguousarray(block).tobytes())
        single[name] = alone.hexdigest()
    return digest.value(), single


def _attributes(file: Any) -> dict[str, Any]:
    """All attributes that the digest covers."""
    return {name: _plain(value) for name, value in file.attrs.items() if name != DIGEST}


def _refuse_other_digest(file: Any, path: Path, digest: str) -> None:
    if DIGEST in file.attrs and _plain(file.attrs[DIGEST]) != digest:
        raise DataError(
            f"{path} is damaged: its content is not what its digest was made of (attribute "
            f"{DIGEST!r}); take another copy, or make it again"
        )


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
    digest, kept = _Digest(_attributes(file)), {}
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
    _refuse_other_digest(file, path, digest.value())
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
