"""The five-class LHC jets of hls4ml (M. Pierini et al., Zenodo 3602260)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import Jets, cut_where_full
from triggernet.data.kinematics import on_light_cone
from triggernet.data.readers.hdf5 import refuse_missing_chunks
from triggernet.data.readers.hls4ml_layout import CLASSES, UNLISTED
from triggernet.errors import DataError

MOMENTA = ("j1_px", "j1_py", "j1_pz")
PROVENANCE = {
    "source": "HLS4ML LHC Jet dataset",
    "authors": "M. Pierini, J. M. Duarte, N. Tran, M. Freytsis",
    "identifier": "Zenodo 3602260",
    "licence": "CC BY 4.0",
}


def read(file: Any, path: Path, limit: int | None) -> Jets:
    """Jets of `jetConstituentList` (n, N, features) with labels from `jets` (n, features).

    Columns are found by `particleFeatureNames` and `jetFeatureNames`. The jet is the sum of the
    listed constituents, since the files hold no azimuth of the jet. The published files name
    `j1_pdgid` last and have no column for it.

    Raises
    ------
    DataError
        If a dataset or feature is missing, or a jet is not of exactly one class.
    """
    particle = names_of(file, path, "particleFeatureNames")
    whole_jet = names_of(file, path, "jetFeatureNames")
    if "jets" not in file:
        raise DataError(
            f"{path}: no dataset 'jets', which holds the labels; found {', '.join(file)}"
        )
    momenta = [place(particle, name, path, "particleFeatureNames") for name in MOMENTA]
    flags = [place(whole_jet, name, path, "jetFeatureNames") for name in CLASSES]
    n_columns = len(particle) - has_no_column(file, particle)
    listed = table(file, path, "jetConstituentList", (3, n_columns), limit)
    p = np.zeros((*listed.shape[:2], 4))
    p[..., 1:] = listed[..., momenta]
    p = on_light_cone(p)
    truth = table(file, path, "jets", (2, len(whole_jet)), limit)[:, flags]
    if len(truth) != len(p) or not (truth.sum(axis=1) == 1).all():
        raise DataError(
            f"{path}: every jet must be of exactly one of the classes {', '.join(CLASSES)}, and "
            "'jets' as long as 'jetConstituentList'"
        )
    label = truth.argmax(axis=1).astype(np.int64)
    classes, cut_at = tuple(CLASSES.values()), cut_where_full(p)
    return Jets(p, p.sum(axis=1), label, classes, provenance_of(file), cut_at=cut_at)


def has_no_column(file: Any, particle: list[str]) -> bool:
    """Whether the last name, `UNLISTED`, is one more than the columns that are there."""
    return particle[-1:] == [UNLISTED] and file["jetConstituentList"].shape[-1:] == (
        len(particle) - 1,
    )


def provenance_of(file: Any) -> Mapping[str, Any]:
    """What a file that triggernet wrote in this layout says of itself; else the published data."""
    stated = file.attrs.get("provenance")
    return PROVENANCE if stated is None else dict(json.loads(stated))


def table(
    file: Any, path: Path, key: str, expected: tuple[int, int], limit: int | None
) -> NDArray[Any]:
    """The dataset `key`, of the `expected` number of axes and features, or DataError."""
    refuse_missing_chunks(file[key], path)
    values = np.asarray(file[key][:limit])
    axes, features = expected
    if values.ndim != axes or values.shape[-1] != features:
        raise DataError(
            f"{path}: {key!r} has shape {values.shape}; expected {axes} axes, the last of as many "
            f"features as are named: {features}"
        )
    return values


def names_of(file: Any, path: Path, key: str) -> list[str]:
    """The feature names stored under `key`, as text."""
    if key not in file:
        raise DataError(f"{path}: no dataset {key!r}; found {', '.join(file)}")
    return [name.decode() if isinstance(name, bytes) else str(name) for name in file[key][:]]


def place(names: list[str], name: str, path: Path, key: str) -> int:
    """Index of a feature, or DataError."""
    if name not in names:
        raise DataError(f"{path}: no feature {name!r} in {key!r}; found {', '.join(names)}")
    return names.index(name)
