"""The layout of the five-class LHC jets of hls4ml (Zenodo 3602260), written.

The published files hold `jetConstituentList` (n, 150, 16), `jets` (n, 59) and the names of their
columns; the names of constituents are 17, since `j1_pdgid` has no column. Their three images a jet
are left out here. What triggernet does not compute is NaN: the substructure of the jet, and the
constituents' rotated angles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import Jets, refuse_weights
from triggernet.data.readers.hdf5 import Storage, write_in_parts
from triggernet.errors import DataError

LAYOUT = "hls4ml"
CLASSES = {"j_g": "gluon", "j_q": "quark", "j_w": "w", "j_z": "z", "j_t": "top"}
N_CONSTITUENTS = 150
ROWS_PER_CHUNK = 256
LEVEL = 4  # of gzip

UNLISTED = "j1_pdgid"  # named last, without a column
PARTICLE = (
    *("j1_px", "j1_py", "j1_pz", "j1_e", "j1_erel", "j1_pt", "j1_ptrel", "j1_eta", "j1_etarel"),
    *("j1_etarot", "j1_phi", "j1_phirel", "j1_phirot", "j1_deltaR", "j1_costheta"),
    "j1_costhetarel",
)
SHAPES = (
    *("tau1_b1", "tau2_b1", "tau3_b1", "tau1_b2", "tau2_b2", "tau3_b2", "tau32_b1", "tau32_b2"),
    *("zlogz", "c1_b0", "c1_b1", "c1_b2", "c2_b1", "c2_b2", "d2_b1", "d2_b2", "d2_a1_b1"),
    *("d2_a1_b2", "m2_b1", "m2_b2", "n2_b1", "n2_b2"),
)
WHOLE_JET = (
    *("j_ptfrac", "j_pt", "j_eta", "j_mass"),
    *(f"j_{name}" for name in SHAPES),
    *(f"j_{name}_mmdt" for name in SHAPES if name != "zlogz"),
    *("j_mass_trim", "j_mass_mmdt", "j_mass_prun", "j_mass_sdb2", "j_mass_sdm1"),
    *("j_multiplicity", *CLASSES, "j_undef"),
)


def save_hls4ml(path: Path, jets: Jets) -> None:
    """Write `jets` in the layout of the published files, with where they come from in an attribute.

    Parameters
    ----------
    path
        Where; replaced when the file is complete.
    jets
        What: at most the leading 150 constituents of each are written, in single precision stored
        as double, as in the published files.

    Raises
    ------
    DataError
        If a class has no column there, or the jets have weights.
    FileError
        If the file cannot be written.
    """
    save_hls4ml_parts(path, jets, len(jets), [jets])


def save_hls4ml_parts(path: Path, first: Jets, n_jets: int, parts: Iterable[Jets]) -> None:
    """Write what `save_hls4ml` would of all parts together, with one part in memory.

    Parameters
    ----------
    path, n_jets, parts
        Where; how many jets in all; the jets, in order.
    first
        Jets that tell the classes and the provenance of all.

    Raises
    ------
    DataError, FileError
        As `save_hls4ml`.
    """
    unknown = [name for name in first.classes if name not in CLASSES.values()]
    if unknown:
        raise DataError(
            f"the layout {LAYOUT!r} has no column for the class {unknown[0]!r}; it has "
            f"{', '.join(CLASSES.values())}"
        )
    refuse_weights(first, f"the layout {LAYOUT!r}")
    names = {
        "particleFeatureNames": np.array([*PARTICLE, UNLISTED], dtype="S"),
        "jetFeatureNames": np.array(WHOLE_JET, dtype="S"),
    }
    shapes = {
        "jetConstituentList": (n_jets, N_CONSTITUENTS, len(PARTICLE)),
        "jets": (n_jets, len(WHOLE_JET)),
    }
    double = np.dtype("<f8")
    datasets = {name: (shape, double) for name, shape in shapes.items()}
    datasets |= {name: (values.shape, values.dtype) for name, values in names.items()}
    attributes = {"provenance": json.dumps(dict(first.provenance), sort_keys=True)}
    tables = (tables_of(part, names if k == 0 else {}) for k, part in enumerate(parts))
    write_in_parts(path, attributes, Storage(datasets, ROWS_PER_CHUNK, LEVEL), tables)


def tables_of(jets: Jets, names: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The datasets of some jets; the names of the columns come with the first ones."""
    return {
        "jetConstituentList": constituent_features(jets),
        "jets": jet_features(jets),
        **names,
    }


def constituent_features(jets: Jets) -> NDArray[np.float64]:
    """`jetConstituentList` (n, 150, 16), zero where there is no constituent."""
    jets = jets.leading(N_CONSTITUENTS)
    p, jet = jets.constituents, jets.jet[:, None]  # (n, 150, 4), (n, 1, 4)
    pt, eta, phi = transverse(p)
    jet_pt, jet_eta, jet_phi = transverse(jet)
    size = np.linalg.norm(p[..., 1:], axis=-1)
    along = (p[..., 1:] * jet[..., 1:]).sum(axis=-1) / np.linalg.norm(jet[..., 1:], axis=-1)
    known = {
        "j1_px": p[..., 1],
        "j1_py": p[..., 2],
        "j1_pz": p[..., 3],
        "j1_e": p[..., 0],
        "j1_erel": p[..., 0] / jet[..., 0],
        "j1_pt": pt,
        "j1_ptrel": pt / jet_pt,
        "j1_eta": eta,
        "j1_etarel": eta - jet_eta,
        "j1_phi": phi,
        "j1_phirel": kinematics.wrap(phi - jet_phi),
        "j1_deltaR": np.hypot(eta - jet_eta, kinematics.wrap(phi - jet_phi)),
        "j1_costheta": p[..., 3] / np.maximum(size, 1e-30),
        "j1_costhetarel": along / np.maximum(size, 1e-30),
    }
    table = columns(PARTICLE, known, p.shape[:2])
    table[~jets.present] = 0.0
    return table


def jet_features(jets: Jets) -> NDArray[np.float64]:
    """`jets` (n, 59): momentum, multiplicity and class flags; the rest is NaN."""
    pt, eta, _ = transverse(jets.jet)
    names = np.array(jets.classes)[jets.label]
    known = {
        "j_pt": pt,
        "j_eta": eta,
        "j_mass": kinematics.mass(jets.jet),
        "j_multiplicity": jets.multiplicity,
        "j_undef": np.zeros(len(jets)),
        **{flag: names == name for flag, name in CLASSES.items()},
    }
    return columns(WHOLE_JET, known, (len(jets),))


def transverse(p: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Transverse momentum, pseudorapidity and azimuth of four-momenta (..., 4)."""
    return (
        kinematics.transverse_momentum(p),
        kinematics.pseudorapidity(p),
        kinematics.azimuth(p),
    )


def columns(
    names: tuple[str, ...], known: dict[str, NDArray[Any]], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """The known columns in their places, NaN elsewhere: (*shape, names), of single precision."""
    table = np.full((*shape, len(names)), np.nan, np.float32)
    for name, values in known.items():
        table[..., names.index(name)] = values
    return table.astype(np.float64)
