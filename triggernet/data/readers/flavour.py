"""Jets with tracks in the layout of ATLAS flavour tagging: `jets` (n,), `tracks` (n, M), `valid`.

Names and units are those of the collaboration's dumps (`TrainingDatasetDumper`, read by umami and
salt): momenta in MeV, lengths in mm, `HadronConeExclTruthLabelID` 5, 4, 0, 15. Other people's files
may have other tracks under another name, half precision, and more fields than are read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import Jets
from triggernet.data.readers.hdf5 import Storage, read_datasets, write_hdf5, write_in_parts
from triggernet.data.tracks import (
    COUNTED,
    MEASURED,
    MEV_PER_GEV,
    ORIGIN,
    TRACK,
    VERTEX,
    momenta_of,
)
from triggernet.errors import DataError

FORMAT = "triggernet flavour jets"
VERSION = 1
ROWS_PER_CHUNK = 1024
LEVEL = 4  # of gzip
SOURCE = "HadronConeExclTruthLabelID"
CLASSES = ("b", "c", "light", "tau")
IDENTITIES = {5: 0, 4: 1, 0: 2, 15: 3}  # to the place in `CLASSES`
PROCESSED = "flavour_label"  # of umami's preprocessing, with the names as an attribute
ALIASES = {"bjets": "b", "cjets": "c", "ujets": "light", "taujets": "tau"}
OPTIONAL = ("numberOfPixelHoles", "numberOfSCTHoles", "leptonID", ORIGIN, VERTEX)
UNKNOWN = -1

JET = np.dtype(
    [
        ("eventNumber", "<i8"),
        *((name, "<f4") for name in ("pt", "eta", "phi", "mass")),
        *((f"{name}_btagJes", "<f4") for name in ("pt", "eta", "absEta")),
        ("n_tracks", "<i4"),
        (SOURCE, "<i4"),
        ("process", "<i4"),  # 0 top pairs, 1 Z'
    ]
)


def jet_table(
    jet: NDArray[np.float64],
    label: NDArray[np.int64],
    n_tracks: NDArray[np.int64],
    event: NDArray[np.int64] | int = 0,
    process: NDArray[np.int64] | int = 0,
) -> NDArray[Any]:
    """Jets as they are written, (n,) of dtype `JET`; `jet` is (n, 4) in GeV."""
    table = np.zeros(len(jet), JET)
    pt, eta = kinematics.transverse_momentum(jet), kinematics.pseudorapidity(jet)
    table["pt"] = table["pt_btagJes"] = pt * MEV_PER_GEV
    table["eta"] = table["eta_btagJes"] = eta
    table["absEta_btagJes"] = np.abs(eta)
    table["phi"] = kinematics.azimuth(jet)
    table["mass"] = kinematics.mass(jet) * MEV_PER_GEV
    table["n_tracks"], table["eventNumber"], table["process"] = n_tracks, event, process
    table[SOURCE] = np.array(list(IDENTITIES))[label]
    return table


def write(
    path: Path, jets: NDArray[Any], tracks: NDArray[Any], provenance: Mapping[str, Any]
) -> None:
    """Write tables of dtype `JET`, perhaps with a field ``weight``, and `TRACK`.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    datasets = {"jets": jets, "tracks": tracks}
    write_hdf5(path, attributes(provenance), datasets, rows_per_chunk=ROWS_PER_CHUNK, level=LEVEL)


def attributes(provenance: Mapping[str, Any]) -> dict[str, str | int]:
    """What stands in a file beside its datasets."""
    return {
        "format": FORMAT,
        "format_version": VERSION,
        "units": "MeV, mm",
        "classes": json.dumps(list(CLASSES)),
        "provenance": json.dumps(dict(provenance), sort_keys=True),
    }


def save_flavour_parts(path: Path, first: Jets, n_jets: int, parts: Iterable[Jets]) -> None:
    """Write jets in this layout, one part after the other.

    Parameters
    ----------
    path
        Where; replaced when the file is complete.
    first
        Tells what all parts have in common.
    n_jets
        Of all parts together.
    parts
        The jets, in order.

    Raises
    ------
    DataError
        If the jets have no tracks, or are of a class without a place.
    """
    tables = _tables_of(first)
    shapes = {name: ((n_jets, *values.shape[1:]), values.dtype) for name, values in tables.items()}
    storage = Storage(shapes, ROWS_PER_CHUNK, LEVEL)
    write_in_parts(path, attributes(first.provenance), storage, (_tables_of(p) for p in parts))


def _tables_of(jets: Jets) -> dict[str, NDArray[Any]]:
    if jets.tracks is None:
        raise DataError("the jets have no tracks, for which the layout 'flavour' is; leave it out")
    other = [name for name in jets.classes if name not in CLASSES]
    if other:
        raise DataError(
            f"the layout 'flavour' has no place for the class {other[0]!r}; its classes are "
            f"{', '.join(CLASSES)}"
        )
    place = np.array([CLASSES.index(name) for name in jets.classes])
    event = 0 if jets.event is None else jets.event
    table = jet_table(jets.jet, place[jets.label], jets.multiplicity, event)
    if jets.weight is not None:
        table = with_weight(table, jets.weight)
    return {"jets": table, "tracks": jets.tracks}


def with_weight(table: NDArray[Any], weight: NDArray[np.float64]) -> NDArray[Any]:
    """The same jets with a field ``weight``."""
    result = np.zeros(len(table), np.dtype([*table.dtype.descr, ("weight", "<f8")]))
    for name in table.dtype.names or ():
        result[name] = table[name]
    result["weight"] = weight
    return result


def holds_tracks(file: Any) -> bool:
    """Whether an open HDF5 file that is not triggernet's own is laid out like this."""
    return "jets" in file and _tracks_name(file) is not None


def read(file: Any, path: Path, limit: int | None = None) -> Jets:
    """Jets of an open HDF5 file of this layout, triggernet's own or others'.

    Raises
    ------
    DataError
        If a dataset or field is missing, or not what was written.
    """
    name = _tracks_name(file)
    if name is None or "jets" not in file:
        raise DataError(
            f"{path}: expected the datasets 'jets' and 'tracks', found {', '.join(file)}"
        )
    if file.attrs.get("format") == FORMAT:
        stored = read_datasets(file, path, ("jets", "tracks"), rows=limit)
    else:
        stored = {"jets": file["jets"][:limit], "tracks": file[name][:limit]}
    table, rows = stored["jets"], stored["tracks"]
    if len(table) != len(rows):
        raise DataError(f"{path}: {len(table)} jets and the tracks of {len(rows)}")
    label, classes = _labels(file["jets"], table, path)
    return _jets(table, _tracks(rows, path), label, classes, file, path)


def _tracks_name(file: Any) -> str | None:
    """The dataset of tracks: "tracks", or the first one (n, M) with `valid` and d0."""
    for name in ("tracks", *file):
        names = getattr(getattr(file.get(name), "dtype", None), "names", None) or ()
        if {"valid", "d0"} <= set(names) and file[name].ndim == 2:
            return str(name)
    return None


def _labels(
    dataset: Any, table: NDArray[Any], path: Path
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels (n,), `UNKNOWN` for jets of no class, and the names of the classes."""
    names = table.dtype.names or ()
    if SOURCE in names:
        label = np.full(len(table), UNKNOWN, np.int64)
        for identity, place in IDENTITIES.items():
            label[table[SOURCE] == identity] = place
        return label, CLASSES
    stated = dataset.attrs.get(PROCESSED)
    if PROCESSED in names and stated is not None:
        texts = [x.decode() if isinstance(x, bytes) else str(x) for x in stated]
        return table[PROCESSED].astype(np.int64), tuple(ALIASES.get(x, x) for x in texts)
    raise DataError(
        f"{path}: the jets have no field {SOURCE!r}, nor {PROCESSED!r} with the names of the "
        f"classes as an attribute; found {', '.join(names)}"
    )


def _tracks(rows: NDArray[Any], path: Path) -> NDArray[Any]:
    """Tracks of dtype `TRACK`; what is absent is zero."""
    names = rows.dtype.names or ()
    needed = [name for name in (*MEASURED, *COUNTED) if name not in (*names, *OPTIONAL)]
    if needed:
        raise DataError(
            f"{path}: the tracks have no field {needed[0]!r} ({len(needed)} are missing); found "
            f"{', '.join(names)}"
        )
    valid = rows["valid"].astype(bool)
    result = np.zeros(rows.shape, TRACK)
    result[ORIGIN] = result[VERTEX] = UNKNOWN
    for name in (*MEASURED, *COUNTED, ORIGIN, VERTEX):
        if name in names:
            values = rows[name].astype(np.float64)
            if not np.isfinite(values[valid]).all():
                raise DataError(f"{path}: {name} of a track is not a finite number")
            within = np.clip(values, -127, 127) if TRACK[name].kind == "i" else values
            result[name][valid] = within[valid].astype(TRACK[name])
    result["valid"] = valid
    return result


def _jets(
    table: NDArray[Any],
    tracks: NDArray[Any],
    label: NDArray[np.int64],
    classes: tuple[str, ...],
    file: Any,
    path: Path,
) -> Jets:
    names = table.dtype.names or ()

    def column(*choices: str, default: float | None = None) -> NDArray[np.float64]:
        for name in choices:
            if name in names:
                return np.asarray(table[name], np.float64)
        if default is None:
            raise DataError(f"{path}: the jets have no field {choices[0]!r}; found {names}")
        return np.full(len(table), default)

    pt = column("pt_btagJes", "pt") / MEV_PER_GEV
    jet = kinematics.massless(pt, column("eta_btagJes", "eta"), column("phi", default=0.0))
    jet[:, 0] = np.hypot(jet[:, 0], column("mass", default=0.0) / MEV_PER_GEV)
    provenance: dict[str, Any] = json.loads(file.attrs.get("provenance", "{}"))
    jets = Jets(
        momenta_of(tracks, jet),
        jet,
        label,
        classes,
        provenance,
        tracks["valid"].sum(1).astype(np.int64),
        event=table["eventNumber"].astype(np.int64) if "eventNumber" in names else None,
        weight=table["weight"].astype(np.float64) if "weight" in names else None,
        tracks=tracks,
    )
    dropped = int((label == UNKNOWN).sum())
    if dropped == 0:
        return jets
    about = {**provenance, "left_out": f"{dropped} jets of no class"}
    return replace(jets.select(label != UNKNOWN), provenance=about)
