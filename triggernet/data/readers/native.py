"""triggernet's own HDF5 of jets.

`jets` (n,) holds one structured entry a jet, `constituents` (n, N) one a constituent with `valid`;
momenta in GeV. What the file is, its class names and where it comes from stand in attributes of
the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import Jets
from triggernet.errors import DataError
from triggernet.files import new_file

FORMAT = "triggernet jets"
VERSION = 1
ROWS_PER_CHUNK = 1024

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
) -> NDArray[Any]:
    """Jets as they are written, (n,) of dtype `JET`; `jet` and `truth` are (n, 4) in GeV."""
    table = np.zeros(len(jet), JET)
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
    """Write tables of the dtypes `JET` and `CONSTITUENT`; equal content gives equal bytes."""
    import h5py

    attributes = {
        "format": FORMAT,
        "format_version": VERSION,
        "units": "GeV",
        "classes": json.dumps(list(classes)),
        "provenance": json.dumps(dict(provenance), sort_keys=True),
    }
    with new_file(path) as temporary, h5py.File(temporary, "w", libver="v110") as file:
        file.attrs.update(attributes)
        for name, values in (("jets", table), ("constituents", constituents)):
            rows = (min(ROWS_PER_CHUNK, max(len(values), 1)), *values.shape[1:])
            file.create_dataset(
                name, data=values, chunks=rows, compression="gzip", compression_opts=4, shuffle=True
            )


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
    table = jet_table(jets.jet, jets.truth, jets.multiplicity, jets.label)
    write(path, table, constituent_table(jets.constituents), jets.classes, jets.provenance)


def read_native(file: Any, path: Path, limit: int | None = None) -> Jets:
    """Jets of an open HDF5 file of this format.

    Raises
    ------
    DataError
        If a dataset or field is missing, of another shape, or not finite.
    """
    table = read_table(file, path, "jets", JET, limit)
    constituents = read_table(file, path, "constituents", CONSTITUENT, limit)
    if constituents.ndim != 2 or len(constituents) != len(table):
        raise DataError(
            f"{path}: dataset 'constituents' has shape {constituents.shape}; expected "
            f"({len(table)}, N) to match 'jets'"
        )
    p = np.stack([constituents[name] for name in FOUR_MOMENTUM], axis=-1).astype(np.float64)
    p *= constituents["valid"][..., None]
    jet = np.stack([table[name] for name in FOUR_MOMENTUM], axis=-1).astype(np.float64)
    return Jets(
        kinematics.on_light_cone(p),
        jet,
        table["label"].astype(np.int64),
        tuple(json.loads(file.attrs["classes"])),
        json.loads(file.attrs.get("provenance", "{}")),
        table["n_constituents"].astype(np.int64),
        truth_of(table),
    )


def truth_of(table: NDArray[Any]) -> NDArray[np.float64]:
    """Four-momenta (n, 4) of the truth columns of a table."""
    pt, eta, phi, mass = (table[name].astype(np.float64) for name in TRUTH)
    p = kinematics.massless(pt, eta, phi)
    p[:, 0] = np.hypot(p[:, 0], mass)
    return p


def read_table(
    file: Any, path: Path, name: str, expected: np.dtype[Any], limit: int | None
) -> NDArray[Any]:
    """The dataset `name`, with all fields of `expected`.

    Raises
    ------
    DataError
        If it is missing or misses a field.
    """
    if name not in file:
        raise DataError(f"{path}: no dataset {name!r}; found {', '.join(file) or 'nothing'}")
    found = getattr(file[name], "dtype", np.dtype("V")).names or ()
    missing = [field for field in expected.names or () if field not in found]
    if missing:
        raise DataError(
            f"{path}: dataset {name!r} has no field {missing[0]!r}; found "
            f"{', '.join(found) or 'none'}"
        )
    return np.asarray(file[name][:limit])
