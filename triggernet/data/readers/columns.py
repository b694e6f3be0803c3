"""Jets of any table: HDF5, ROOT, Parquet or NumPy, whose columns a small YAML file names."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.config import load_config
from triggernet.data import kinematics
from triggernet.data.jets import DAMAGED, Jets
from triggernet.data.readers.formats import HDF5_MAGIC, ROOT_MAGIC, checked, opened_hdf5
from triggernet.errors import ConfigError, DataError, MissingPackageError, in_one_line
from triggernet.extras import load

PARQUET_MAGIC = b"PAR1"
NUMPY_MAGIC = b"PK\x03\x04"

Floats = NDArray[np.float64]
Get = Callable[[str], Any]


@dataclass(frozen=True)
class ColumnMap:
    """Which column is what.

    A column is the name of an array, a branch or a dataset. A field of a structured array is
    written behind a dot: ``constituents.pt``.

    Attributes
    ----------
    constituents : tuple of str
        Three columns of the constituents: pT, pseudorapidity, azimuth, or px, py, pz as
        `coordinates` says. Lists of any length, or padded with zeros (or with NaN).
    coordinates : {"pt eta phi", "px py pz"}
    label : str
        Number of the class of each jet; empty if there are `flags`.
    flags : tuple of str
        One column a class, 1 for jets of that class.
    classes : tuple of str
        Names; for two classes the background comes first.
    jet : tuple of str
        Three columns of the whole jet in the same coordinates, and perhaps its mass (of pT,
        pseudorapidity and azimuth) or energy; the sum of the constituents if there are none.
    gev : float
        What one unit of momentum is in GeV: 0.001 for MeV.
    tree : str
        Of a ROOT file the tree, of an HDF5 file the group.
    """

    constituents: tuple[str, ...]
    coordinates: str = "pt eta phi"
    label: str = ""
    flags: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("qcd", "top")
    jet: tuple[str, ...] = ()
    gev: float = 1.0
    tree: str = ""

    def __post_init__(self) -> None:
        if len(self.constituents) != 3 or len(self.jet) not in (0, 3, 4):
            raise ConfigError(
                f"constituents: {len(self.constituents)} columns, jet: {len(self.jet)}; expected "
                "three of the constituents, and none, three or four of the jet"
            )
        if self.coordinates not in ("pt eta phi", "px py pz"):
            raise ConfigError(
                f"coordinates: {self.coordinates!r} is unknown; allowed are 'pt eta phi' and "
                "'px py pz'"
            )
        if bool(self.label) == bool(self.flags):
            raise ConfigError("label, flags: give one of them, not both and not none")
        if self.flags and len(self.flags) != len(self.classes):
            raise ConfigError(
                f"flags: {len(self.flags)} columns for {len(self.classes)} classes; give one each"
            )
        if not self.gev > 0:
            raise ConfigError(f"gev: {self.gev:g} is not above 0")


def load_columns(path: Path, columns: Path | Mapping[str, Any], limit: int | None = None) -> Jets:
    """Jets of a table whose columns a YAML file (or a mapping) names.

    Parameters
    ----------
    path : Path
        HDF5, ROOT, Parquet or NumPy (``.npz``): its first bytes decide.
    columns : Path or mapping
        A `ColumnMap`.
    limit : int, optional
        Only the first so many jets.

    Raises
    ------
    DataError
        If the file is missing or damaged, or lacks a column.
    ConfigError
        If the mapping is not valid.
    MissingPackageError
        If a package that reads such files is not installed.
    """
    chosen = load_config(ColumnMap, columns)
    if limit is not None and limit < 1:
        raise DataError(f"cannot read {limit} jets of {path}; the limit must be 1 or more")
    if not path.is_file():
        raise DataError(f"{path} does not exist, or is no file")
    with path.open("rb") as stream:
        head = stream.read(8)
    read = _reader(path, head)
    try:
        with np.errstate(all="ignore"):
            return checked(read(path, chosen, limit), path)
    except (*DAMAGED, AssertionError) as error:
        raise DataError(f"{path} is damaged, or does not fit: {in_one_line(error)}") from error


def _reader(path: Path, head: bytes) -> Callable[[Path, ColumnMap, int | None], Jets]:
    for magic, read in (
        (HDF5_MAGIC, _hdf5),
        (ROOT_MAGIC, _root),
        (PARQUET_MAGIC, _parquet),
        (NUMPY_MAGIC, _numpy),
    ):
        if head.startswith(magic):
            return read
    raise DataError(
        f"{path} is neither HDF5, ROOT, Parquet nor NumPy (.npz): it begins with {head!r}"
    )


def _hdf5(path: Path, columns: ColumnMap, limit: int | None) -> Jets:
    with opened_hdf5(path) as file:
        group = file[columns.tree] if columns.tree else file
        return _jets(lambda name: _field(group, name, limit), columns, path)


def _field(group: Any, name: str, limit: int | None) -> Any:
    """A dataset, or a field of a structured one."""
    if name in group:
        return np.asarray(group[name][:limit])
    dataset, dot, field = name.rpartition(".")
    if not dot or dataset not in group or field not in (group[dataset].dtype.names or ()):
        raise DataError(f"no column {name!r}; there are {', '.join(_names(group)) or 'none'}")
    return np.asarray(group[dataset][:limit][field])


def _names(group: Any) -> list[str]:
    names = []
    for key in group:
        fields = getattr(getattr(group[key], "dtype", None), "names", None)
        names += [f"{key}.{field}" for field in fields] if fields else [str(key)]
    return names


def _numpy(path: Path, columns: ColumnMap, limit: int | None) -> Jets:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, *DAMAGED) as error:
        raise DataError(f"{path} is no NumPy file: {in_one_line(error)}") from error
    return _jets(lambda name: _field(arrays, name, limit), columns, path)


def _root(path: Path, columns: ColumnMap, limit: int | None) -> Jets:
    uproot = load("uproot", f"to read the ROOT file {path}")
    with uproot.open(path) as file:
        trees = sorted({key.partition(";")[0] for key in file})
        name = columns.tree or (trees[0] if len(trees) == 1 else "")
        if name not in trees:
            raise DataError(f"{path}: no tree {name!r}; there are {', '.join(trees)}")
        tree = file[name]

        def get(column: str) -> Any:
            if column not in tree:
                raise DataError(f"no branch {column!r}; there are {', '.join(sorted(tree.keys()))}")
            return tree[column].array(entry_stop=limit)

        return _jets(get, columns, path)


def _parquet(path: Path, columns: ColumnMap, limit: int | None) -> Jets:
    awkward = load("awkward", f"to read the Parquet file {path}")
    try:
        table = awkward.from_parquet(path)
    except ImportError as error:
        raise MissingPackageError(
            f"pyarrow is needed to read the Parquet file {path} and is not installed; install it "
            "with pip install pyarrow"
        ) from error

    def get(column: str) -> Any:
        if column not in table.fields:
            raise DataError(f"no column {column!r}; there are {', '.join(sorted(table.fields))}")
        return table[column][:limit]

    return _jets(get, columns, path)


def _jets(get: Get, columns: ColumnMap, path: Path) -> Jets:
    """Jets of columns, however the file keeps them."""
    try:
        parts = [_padded(get(name)) for name in columns.constituents]  # three of (n, N)
        if len({part.shape for part in parts}) != 1:
            shapes = ", ".join(str(part.shape) for part in parts)
            raise DataError(f"columns of the constituents of shapes {shapes}; expected equal ones")
        p = _momenta(parts, columns)  # (n, N, 4)
        label = _label(get, columns, len(p))
        whole = p.sum(axis=1)
        if columns.jet:
            whole = _whole([_vector(get(name)) for name in columns.jet], columns)
        provenance = {"source": path.name, "columns": ", ".join(columns.constituents)}
        return Jets(p, whole, label, columns.classes, provenance)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _padded(column: Any) -> Floats:
    """Numbers (n, N), zero behind the last one of a list."""
    if not isinstance(column, np.ndarray):
        awkward = load("awkward", "to read lists of constituents")
        longest = int(awkward.max(awkward.num(column, axis=1), initial=1))
        column = awkward.to_numpy(
            awkward.fill_none(awkward.pad_none(column, max(longest, 1), clip=True), 0.0)
        )
    if column.ndim != 2:
        raise DataError(f"a column of the constituents has shape {column.shape}; expected (n, N)")
    numbers = np.nan_to_num(column.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return np.asarray(numbers)


def _vector(column: Any) -> Floats:
    array = np.asarray(column, np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"a column of the jets has shape {array.shape}; expected (n,)")
    return array


def _momenta(parts: Sequence[Floats], columns: ColumnMap) -> Floats:
    if columns.coordinates == "pt eta phi":
        pt, eta, phi = parts
        return kinematics.on_light_cone(kinematics.massless(pt * columns.gev, eta, phi))
    zero = np.zeros_like(parts[0])
    scaled = [part * columns.gev for part in parts]
    return kinematics.on_light_cone(np.stack([zero, *scaled], axis=-1))


def _whole(parts: Sequence[Floats], columns: ColumnMap) -> Floats:
    p = _momenta([part[:, None] for part in parts[:3]], columns)[:, 0]  # (n, 4)
    if len(parts) == 4 and columns.coordinates == "pt eta phi":
        p[:, 0] = np.hypot(p[:, 0], parts[3] * columns.gev)
    elif len(parts) == 4:
        p[:, 0] = parts[3] * columns.gev
    return p


def _label(get: Get, columns: ColumnMap, n_jets: int) -> NDArray[np.int64]:
    if columns.label:
        label = _vector(get(columns.label))
        if len(label) != n_jets or (label != np.rint(label)).any():
            raise DataError(f"label {columns.label!r}: expected one whole number for each jet")
        return label.astype(np.int64)
    flags = np.stack([_vector(get(name)) for name in columns.flags], axis=1)  # (n, classes)
    if len(flags) != n_jets or not ((flags != 0).sum(axis=1) == 1).all():
        raise DataError(f"every jet must be of exactly one class of {', '.join(columns.flags)}")
    return np.asarray(flags.argmax(axis=1), np.int64)
