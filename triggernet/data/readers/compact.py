"""Jets as HDF5 of the integers that the hardware sees: small files that travel with the package.

Every input of the encoding is one dataset in the smallest integer type that holds it, one column
per constituent; `axis` (n, 2) restores laboratory momenta. The encoding stands in an attribute. The
dataset `event` is there where the events of the jets are known.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.config import load_config
from triggernet.data.encoding import (
    Encoded,
    EncodingConfig,
    decode,
    encode,
    to_laboratory,
)
from triggernet.data.jets import Jets, refuse_tracks, refuse_weights
from triggernet.data.kinematics import on_light_cone
from triggernet.data.readers.hdf5 import read_datasets, write_hdf5
from triggernet.errors import ConfigError, DataError

FORMAT = "triggernet compact jets"
VERSION = 3  # with the dataset `event`; 2 is the same without, 1 has no digest either
WITHOUT_EVENT = 2
OTHERS = ("axis", "label", "multiplicity")
# The axis in steps far finer than the jet finder's own resolution, so that it compresses.
AXIS_STEP_RAD = 2.0**-14


def compact_encoding(n_constituents: int) -> EncodingConfig:
    """The encoding of files: constituents as the trigger has them, the jet itself finer.

    The jet's two numbers cost next to nothing, and with steps of 2^-6 and 2^-8 GeV its mass is
    known better than any later encoding asks for.
    """
    return EncodingConfig(
        n_constituents=n_constituents,
        jet=True,
        jet_pt_width=16,
        jet_pt_lsb_gev=2.0**-6,
        jet_excess_width=16,
        jet_excess_lsb_gev=2.0**-8,
    )


def save_compact(path: Path, jets: Jets, config: EncodingConfig) -> Encoded:
    """Write `jets` in the integers of `config`, polar and with the jet's own inputs.

    Returns what was written, with the numbers of saturated and vanished values.

    Raises
    ------
    DataError
        If the encoding is not polar or leaves out the jet: momenta could not be restored. If the
        jets have weights.
    EncodingError
        If a momentum is not finite.
    FileError
        If the file cannot be written.
    """
    if config.kind != "polar" or not config.jet:
        raise DataError("a compact file needs a polar encoding with jet = true")
    refuse_weights(jets, "a compact file")
    refuse_tracks(jets, "a compact file")
    encoded = encode(jets, config)
    columns = {name: np.asarray(values) for name, values in encoded.inputs.items()}
    columns["axis"] = np.rint(encoded.axis / AXIS_STEP_RAD).astype(np.int64)
    columns["label"] = jets.label[:, None]
    columns["multiplicity"] = jets.multiplicity[:, None]
    if jets.event is not None:
        columns["event"] = jets.event[:, None]
    attributes: dict[str, str | int] = {
        "format": FORMAT,
        "format_version": WITHOUT_EVENT if jets.event is None else VERSION,
        "classes": json.dumps(list(jets.classes)),
        "provenance": json.dumps(dict(jets.provenance), sort_keys=True),
        "encoding": json.dumps(asdict(config), sort_keys=True),
    }
    # Columns compress apart: the leading constituent is nothing like the twentieth.
    datasets = {
        name: np.ascontiguousarray(values.T).astype(smallest(values))
        for name, values in columns.items()
    }
    write_hdf5(path, attributes, datasets, rows_per_chunk=1, level=9)
    return encoded


def smallest(values: NDArray[np.int64]) -> np.dtype[Any]:
    """The smallest little-endian integer type that holds all of `values`."""
    if values.size == 0:
        return np.dtype("<i1")
    extremes = np.array([values.min(), values.max()])
    for kind in ("<i1", "<u1", "<i2", "<u2", "<i4"):
        info = np.iinfo(kind)
        if info.min <= extremes[0] and extremes[1] <= info.max:
            return np.dtype(kind)
    return np.dtype("<i8")


def read_compact(file: Any, path: Path, limit: int | None = None) -> Jets:
    """Jets of an open HDF5 file of this format, in the laboratory frame.

    Raises
    ------
    DataError
        If a dataset or chunk is missing, of another length, or not what was written.
    """
    config = encoding_of(file, path)
    known = ("event",) if "event" in file else ()
    columns = read_columns(file, path, (*config.types, *OTHERS, *known), limit)
    if len({len(values) for values in columns.values()}) > 1:
        lengths = {name: len(values) for name, values in columns.items()}
        raise DataError(f"{path}: the datasets hold different numbers of jets: {lengths}")
    axis: NDArray[np.float64] = columns["axis"] * np.float64(AXIS_STEP_RAD)
    momenta = decode(columns, config)
    if momenta.jet is None:
        raise DataError(f"{path}: its encoding leaves out the jet, so it is no compact file")
    return Jets(
        on_light_cone(to_laboratory(momenta.constituents, axis)),
        to_laboratory(momenta.jet, axis),
        columns["label"][:, 0],
        tuple(json.loads(file.attrs["classes"])),
        json.loads(file.attrs.get("provenance", "{}")),
        columns["multiplicity"][:, 0],
        event=columns["event"][:, 0] if known else None,
    )


def encoding_of(file: Any, path: Path) -> EncodingConfig:
    """The encoding that the attributes of an open file name, or DataError."""
    try:
        return load_config(EncodingConfig, json.loads(file.attrs["encoding"]))
    except ConfigError as error:
        raise DataError(f"{path}: the attribute 'encoding' makes no sense: {error}") from error


def read_columns(
    file: Any, path: Path, names: Sequence[str], limit: int | None
) -> dict[str, NDArray[np.int64]]:
    """Datasets as (n, columns), or DataError."""
    for name in names:
        if name not in file:
            raise DataError(f"{path}: no dataset {name!r}; found {', '.join(file) or 'nothing'}")
    stored = read_datasets(file, path, names, columns=limit)
    return {name: np.asarray(values.T, np.int64) for name, values in stored.items()}
