"""The Top Quark Tagging Reference Dataset (G. Kasieczka et al., Zenodo 2603256) in two layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import Jets
from triggernet.data.kinematics import on_light_cone
from triggernet.data.readers.pandas_table import column_places, read_rows
from triggernet.errors import DataError

N_CONSTITUENTS = 200
MOMENTA = [f"{part}_{k}" for k in range(N_CONSTITUENTS) for part in ("E", "PX", "PY", "PZ")]
LABEL = "is_signal_new"
TRUTH = ("truthE", "truthPX", "truthPY", "truthPZ")  # of the top; read where a file has them
PROVENANCE = {
    "source": "Top Quark Tagging Reference Dataset",
    "authors": "G. Kasieczka, T. Plehn, J. Thompson, M. Russel",
    "identifier": "Zenodo 2603256",
    "licence": "CC BY 4.0",
}


def read_published(file: Any, path: Path, limit: int | None) -> Jets:
    """Jets of the published layout: pandas HDF5, key `table`, columns E_0, PX_0, ... PZ_199.

    Raises
    ------
    DataError
        If the table or one of its columns is missing, or rows are damaged.
    """
    table = file.get("table/table")
    if getattr(table, "dtype", np.dtype("V")).names is None:
        raise DataError(
            f"{path}: the key 'table' holds no table of pandas (format='table'); expected the "
            "layout of Zenodo 2603256"
        )
    places = column_places(table)
    missing = [name for name in (*MOMENTA, LABEL) if name not in places]
    if missing:
        raise DataError(
            f"{path}: the table has no column {missing[0]!r}; expected E_0, PX_0, PY_0, PZ_0 "
            f"to PZ_{N_CONSTITUENTS - 1} and {LABEL}"
        )
    rows = read_rows(table, path, limit)
    p = take(rows, places, MOMENTA).reshape(len(rows), N_CONSTITUENTS, 4)
    jets = whole(p, take(rows, places, [LABEL])[:, 0])
    if not set(TRUTH) <= set(places):
        return jets
    return replace(jets, truth=take(rows, places, TRUTH))


def take(
    rows: NDArray[Any], places: dict[str, tuple[str, int]], names: Sequence[str]
) -> NDArray[np.float64]:
    """The columns `names` of all rows, (n, names)."""
    result = np.empty((len(rows), len(names)))
    by_block: dict[str, list[int]] = {}
    for k, name in enumerate(names):
        by_block.setdefault(places[name][0], []).append(k)
    for block, targets in by_block.items():
        result[:, targets] = rows[block][:, [places[names[k]][1] for k in targets]]
    return result


def read_converted(file: Any, path: Path, limit: int | None) -> Jets:
    """Jets of the layout that PELICAN's authors convert to: `Pmu`, `is_signal`, `Nobj`.

    Raises
    ------
    DataError
        If a dataset is missing or of another shape.
    """
    missing = [name for name in ("Pmu", "is_signal", "Nobj") if name not in file]
    if missing:
        raise DataError(f"{path}: 'Pmu' without {missing[0]!r}; found {', '.join(file)}")
    p = np.asarray(file["Pmu"][:limit], np.float64)
    label, n_present = file["is_signal"][:limit], np.asarray(file["Nobj"][:limit])
    lengths = [(len(p),)] * 2
    if p.ndim != 3 or p.shape[2] != 4 or [label.shape, n_present.shape] != lengths:
        raise DataError(
            f"{path}: 'Pmu' {p.shape}, 'is_signal' {label.shape} and 'Nobj' {n_present.shape} do "
            "not belong together; expected (n, N, 4), (n,) and (n,)"
        )
    p[np.arange(p.shape[1])[None] >= n_present[:, None]] = 0.0
    return whole(p, np.asarray(label))


def whole(p: NDArray[np.float64], label: NDArray[Any]) -> Jets:
    """Jets from all their constituents (n, N, 4); the jet is their sum."""
    p = on_light_cone(p)
    return Jets(p, p.sum(axis=1), label.astype(np.int64), ("qcd", "top"), PROVENANCE)
