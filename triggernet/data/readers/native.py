"""triggernet's own HDF5 of jets.

`jets` (n,) holds one structured entry a jet, `constituents` (n, N) one a constituent with `valid`;
momenta in GeV. What the file is, its class names and where it comes from stand in attributes of
the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import OPTIONAL, Jets, refuse_tracks
from triggernet.data.readers.hdf5 import (
    Storage,
    check_digest,
    read_datasets,
    write_hdf5,
    write_in_parts,
)
from triggernet.errors import DataError

FORMAT = "triggernet jets"
VERSION = 2  # 1 was the same without a digest
ROWS_PER_CHUNK = 1024
LEVEL = 4  # of gzip

FOUR_MOMENTUM = ("energy", "px", "py", "pz")
TRUTH = ("truth_pt", "truth_eta", "truth_phi", "truth_mass")
JET = np.dtype(
    [(name, "<f8") for name in FOUR_MOMENTUM]
    + [(name, "<f4") for name in ("pt", "eta", "phi", "mass")]
    + [(name, "<f4") for name in TRUTH]
    + [("n_constituents", "<i4"), ("label", "<i4")]
)
CONSTITUENT = np.dtype([(name, "<f4") for name in FOUR_MOMENTUM] + [("valid", "?")])


def jet_table(
    jet: NDArray[np.float64],
    truth: NDArray[np.float64],
    n_constituents: NDArray[np.int64],
    label: NDArray[np.int64] | int,
    **optional: NDArray[Any],
) -> NDArray[Any]:
    """Jets as they are written, (n,) of dtype `JET`; `jet` and `truth` are (n, 4) in GeV.

    With fields too for what is given of `triggernet.data.jets.OPTIONAL`, (n,) each.
    """
    fields = [(name, OPTIONAL[name]) for name in optional]
    table = np.zeros(len(jet), np.dtype([*JET.descr, *fields]))
    for name, values in optional.items():
        table[name] = values
    for k, name in enumerate(FOUR_MOMENTUM):
        table[name] = jet[:, k]
    for prefix, p in (("", jet), ("truth_", truth)):
        table[prefix + "pt"] = kinematics.transverse_momentum(p)
        table[prefix + "eta"] = kinematics.pseudorapidity(p)
        table[prefix + "phi"] = kinematics.azimuth(p)
        table[prefix + "mass"] = kinematics.mass(p)
    table["n_constituents"] = n_constituents
    table["label"] = label
    return table


def constituent_table(constituents: NDArray[np.float64]) -> NDArray[Any]:
    """Four-momenta (n, N, 4) as they are written, (n, N) of dtype `CONSTITUENT`."""
    table = np.zeros(constituents.shape[:2], CONSTITUENT)
    for k, name in enumerate(FOUR_MOMENTUM):
        table[name] = constituents[..., k]
    table["valid"] = constituents[..., 0] > 0
    return table


def write(
    path: Path,
    table: NDArray[Any],
    constituents: NDArray[Any],
    classes: tuple[str, ...],
    provenance: Mapping[str, Any],
) -> None:
    """Write tables that `jet_table` and `constituent_table` made; equal content gives equal bytes.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    datasets = {"jets": table, "constituents": constituents}
    stated = attributes(classes, provenance)
    write_hdf5(path, stated, datasets, rows_per_chunk=ROWS_PER_CHUNK, level=LEVEL)


def attributes(classes: tuple[str, ...], provenance: Mapping[str, Any]) -> dict[str, str | int]:
    """What stands in a file beside its datasets."""
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "units": "GeV",
        "classes": json.dumps(list(classes)),
        "provenance": json.dumps(dict(provenance), sort_keys=True),
    }


def save_jets(path: Path, jets: Jets) -> None:
    """Write `jets` to an HDF5 file of triggernet's own format.

    Constituents are stored in single precision, the jets' own four-momenta in double.

    Parameters
    ----------
    path
        Where; replaced when the file is complete.
    jets
        What.
    """
    tables = tables_of(jets)
    write(path, tables["jets"], tables["constituents"], jets.classes, jets.provenance)


def save_parts(path: Path, first: Jets, n_jets: int, parts: Iterable[Jets]) -> None:
    """Write what `save_jets` would of all parts together, byte for byte, with one part in memory.

    Parameters
    ----------
    path
        Where; replaced when the file is complete.
    first
        Jets, perhaps none, that tell what all parts have in common: classes, provenance, number of
        constituents, and whether events and weights are known.
    n_jets
        Of all parts together.
    parts
        The jets, in order.
    """
    tables = tables_of(first)
    shapes = {name: ((n_jets, *values.shape[1:]), values.dtype) for name, values in tables.items()}
    stated = attributes(first.classes, first.provenance)
    storage = Storage(shapes, ROWS_PER_CHUNK, LEVEL)
    write_in_parts(path, stated, storage, (tables_of(part) for part in parts))


def tables_of(jets: Jets) -> dict[str, NDArray[Any]]:
    """Both datasets of `jets`, by their names."""
    refuse_tracks(jets, "triggernet's own layout")
    return {
        "jets": jet_table(jets.jet, jets.truth, jets.multiplicity, jets.label, **jets.optional()),
        "constituents": constituent_table(jets.constituents),
    }


def read_native(file: Any, path: Path, limit: int | None = None) -> Jets:
    """Jets of an open HDF5 file of this format.

    Raises
    ------
    DataError
        If a dataset, field or chunk is missing, of another shape, or not what was written.
    """
    for name, dtype in (("jets", JET), ("constituents", CONSTITUENT)):
        refuse_other_fields(file, path, name, dtype)
    datasets = read_datasets(file, path, ("jets", "constituents"), rows=limit)
    refuse_other_shapes(datasets["jets"], datasets["constituents"], path)
    return jets_of(file, datasets["jets"], datasets["constituents"])


def labels_of(file: Any, path: Path) -> NDArray[np.int64]:
    """The labels (n,) of an open file of this format, all of which is checked.

    Raises
    ------
    DataError
        As `read_native`.
    """
    for name, dtype in (("jets", JET), ("constituents", CONSTITUENT)):
        refuse_other_fields(file, path, name, dtype)
    refuse_other_shapes(file["jets"], file["constituents"], path)
    check_digest(file, path, ("jets", "constituents"))
    return np.asarray(file["jets"].fields("label")[:], np.int64)


def read_parts(file: Any, n_jets: int, n_at_most: int) -> Iterator[Jets]:
    """The first `n_jets` jets of an open file that `labels_of` checked, `n_at_most` at a time."""
    most = int(np.max(file["jets"].fields("n_constituents")[:n_jets], initial=0))
    kept = file["constituents"].shape[1]
    for start in range(0, n_jets, n_at_most):
        rows = slice(start, min(start + n_at_most, n_jets))
        part = jets_of(file, file["jets"][rows], file["constituents"][rows])
        yield replace(part, cut_at=kept) if most > kept else part


def refuse_other_shapes(table: Any, constituents: Any, path: Path) -> None:
    """Refuse datasets, of h5py or numpy, that do not match.

    Raises
    ------
    DataError
        If so.
    """
    if constituents.ndim != 2 or len(constituents) != len(table):
        raise DataError(
            f"{path}: dataset 'constituents' has shape {constituents.shape}; expected "
            f"({len(table)}, N) to match 'jets'"
        )


def jets_of(file: Any, table: NDArray[Any], constituents: NDArray[Any]) -> Jets:
    """Jets of rows of both datasets."""
    p = np.stack([constituents[name] for name in FOUR_MOMENTUM], axis=-1).astype(np.float64)
    p *= constituents["valid"][..., None]
    jet = np.stack([table[name] for name in FOUR_MOMENTUM], axis=-1).astype(np.float64)
    known = [name for name in OPTIONAL if name in (table.dtype.names or ())]
    optional: Any = {name: table[name].astype(OPTIONAL[name]) for name in known}
    return Jets(
        kinematics.on_light_cone(p),
        jet,
        table["label"].astype(np.int64),
        *about(file),
        table["n_constituents"].astype(np.int64),
        truth_of(table),
        **optional,
    )


def about(file: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Classes and provenance of an open file."""
    provenance: dict[str, Any] = json.loads(file.attrs.get("provenance", "{}"))
    return tuple(json.loads(file.attrs["classes"])), provenance


def truth_of(table: NDArray[Any]) -> NDArray[np.float64]:
    """Four-momenta (n, 4) of the truth columns of a table."""
    pt, eta, phi, mass = (table[name].astype(np.float64) for name in TRUTH)
    p = kinematics.massless(pt, eta, phi)
    p[:, 0] = np.hypot(p[:, 0], mass)
    return p


def refuse_other_fields(file: Any, path: Path, name: str, expected: np.dtype[Any]) -> None:
    """Refuse a file without the dataset `name`, or without one of the `expected` fields in it.

    Raises
    ------
    DataError
        If so.
    """
    if name not in file:
        raise DataError(f"{path}: no dataset {name!r}; found {', '.join(file) or 'nothing'}")
    names = getattr(file[name], "dtype", np.dtype("V")).names or ()
    missing = [field for field in expected.names or () if field not in names]
    if missing:
        raise DataError(
            f"{path}: dataset {name!r} has no field {missing[0]!r}; found "
            f"{', '.join(names) or 'none'}"
        )
