"""The Top Quark Tagging Reference Dataset (G. Kasieczka et al., Zenodo 2603256) in two layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import Jets, cut_where_full
from triggernet.data.kinematics import on_light_cone
from triggernet.data.readers.hdf5 import refuse_missing_chunks
from triggernet.data.readers.pandas_table import column_places, read_rows
from triggernet.errors import DataError

N_CONSTITUENTS = 200
# Massless four-momenta whose four numbers were rounded to single precision have energies and
# momenta that differ by up to 1 epsilon; the 1,000 packaged jets by up to 0.9.
MASSLESS = 2 * float(np.finfo(np.float32).eps)
# Jets were selected with 550 < pT < 650 GeV and |eta| < 2 (the data set's description), R = 0.8.
# The packaged ones keep to that, and no constituent is further from its jet's axis than 1.08.
JET_PT_GEV = (545.0, 655.0)
JET_ETA = 2.05
RADIUS = 1.5
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
        If the table or one of its columns is missing, or rows are damaged: see
        `refuse_unphysical`.
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
    stated = int(table.attrs.get("NROWS", len(table)))
    if stated != len(table):
        raise DataError(f"{path} is damaged: its table has {len(table)} rows and states {stated}")
    rows = read_rows(table, path, limit)
    p = take(rows, places, MOMENTA).reshape(len(rows), N_CONSTITUENTS, 4)
    label = take(rows, places, [LABEL])[:, 0]
    refuse_unphysical(p, label, path)
    jets = whole(p, label)
    if not set(TRUTH) <= set(places):
        return jets
    return replace(jets, truth=take(rows, places, TRUTH))


def refuse_unphysical(p: NDArray[np.float64], label: NDArray[np.float64], path: Path) -> None:
    """Refuse what cannot stand in the published files, which carry no checksum.

    Constituents (n, N, 4) must be finite, massless within single precision, sorted by falling pT,
    and zero beyond the last one; jets must lie where they were selected, with all constituents
    around their axis; labels (n,) must be 0 or 1.

    Raises
    ------
    DataError
        If not; names the first jet.
    """
    energy, momentum = p[..., 0], np.sqrt((p[..., 1:] ** 2).sum(axis=-1))
    pt = kinematics.transverse_momentum(p)
    jet = p.sum(axis=1)
    jet_pt, jet_eta = kinematics.transverse_momentum(jet), kinematics.pseudorapidity(jet)
    low, high = JET_PT_GEV
    inside = (low < jet_pt) & (jet_pt < high) & (np.abs(jet_eta) < JET_ETA)
    near = (kinematics.delta_r(p, jet[:, None]) < RADIUS) | (pt == 0)
    demands = {
        "holds a momentum that is not a finite number": np.isfinite(p).all(axis=(1, 2)),
        "has a constituent whose energy is not its momentum": (
            (energy >= 0) & (np.abs(energy - momentum) <= MASSLESS * momentum)
        ).all(axis=1),
        "has constituents that are not sorted by falling pT": (
            pt[:, 1:] <= pt[:, :-1] * (1 + MASSLESS)
        ).all(axis=1),
        f"is not of {low:g} < pT < {high:g} GeV and |eta| < {JET_ETA:g}": inside,
        f"has a constituent further than {RADIUS:g} from its axis": near.all(axis=1),
        "has a label that is no whole number": label == np.rint(label),
    }
    for problem, kept in demands.items():
        if not kept.all():
            raise DataError(
                f"{path} is damaged, or not {PROVENANCE['source']}: jet {int(kept.argmin())} "
                f"{problem} ({int((~kept).sum())} of {len(kept)} jets); take another copy"
            )


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
    for name in ("Pmu", "is_signal", "Nobj"):
        refuse_missing_chunks(file[name], path)
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
    classes, cut_at = ("qcd", "top"), cut_where_full(p)
    return Jets(p, p.sum(axis=1), label.astype(np.int64), classes, PROVENANCE, cut_at=cut_at)
