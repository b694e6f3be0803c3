"""JetClass (H. Qu, C. Li, S. Qian, Zenodo 6619768): ROOT files with ten classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.jets import DAMAGED, Jets
from triggernet.errors import DataError, in_one_line
from triggernet.extras import load

TREE = "tree"
MOMENTA = ("part_px", "part_py", "part_pz")
JET = ("jet_pt", "jet_eta", "jet_phi", "jet_energy")
BACKGROUND = "label_QCD"
PROVENANCE = {
    "source": "JetClass",
    "authors": "H. Qu, C. Li, S. Qian",
    "identifier": "Zenodo 6619768",
    "licence": "CC BY 4.0",
}


def read(path: Path, limit: int | None) -> Jets:
    """Jets of the tree `tree`: `part_px`, ..., `jet_pt`, ..., and one flag `label_*` a class.

    Classes are in the order of the file, QCD first.

    Raises
    ------
    DataError
        If the tree or a branch is missing, or a jet is not of exactly one class.
    MissingPackageError
        If uproot is not installed.
    """
    uproot = load("uproot", f"to read the ROOT file {path}")
    try:
        with uproot.open(path) as file:
            return from_tree(file, path, limit)
    except (*DAMAGED, AssertionError, uproot.DeserializationError) as error:
        raise DataError(
            f"{path} is damaged, or not laid out like JetClass: {in_one_line(error)}"
        ) from error


def from_tree(file: Any, path: Path, limit: int | None) -> Jets:
    """Jets of an open ROOT file; see `read`."""
    if TREE not in file:
        trees = ", ".join(file.keys()) or "nothing"
        raise DataError(f"{path}: no tree {TREE!r} in this ROOT file; found {trees}")
    tree = file[TREE]
    labels = sorted_labels([name for name in tree.keys() if name.startswith("label_")])  # noqa: SIM118
    missing = [name for name in (*MOMENTA, *JET, BACKGROUND) if name not in tree]
    if missing:
        raise DataError(f"{path}: the tree has no branch {missing[0]!r}; expected that of JetClass")
    arrays = tree.arrays([*MOMENTA, *JET, *labels], entry_stop=limit)
    flags = np.stack([np.asarray(arrays[name]) for name in labels], axis=-1)
    if not (flags.sum(axis=1) == 1).all():
        raise DataError(f"{path}: every jet must be of exactly one class of {', '.join(labels)}")
    classes = tuple(name.removeprefix("label_").lower() for name in labels)
    label = flags.argmax(axis=1).astype(np.int64)
    return Jets(constituents_of(arrays), jets_of(arrays), label, classes, PROVENANCE)


def sorted_labels(names: list[str]) -> list[str]:
    """The same names with QCD first."""
    return sorted(names, key=lambda name: name != BACKGROUND)


def constituents_of(arrays: Any) -> NDArray[np.float64]:
    """Massless four-momenta (n, N, 4), N the largest multiplicity, zero-padded."""
    awkward = load("awkward", "to read ROOT files")
    counts = np.asarray(awkward.num(arrays[MOMENTA[0]], axis=1))
    p = np.zeros((len(counts), int(counts.max(initial=1)), 4))
    present = np.arange(p.shape[1])[None] < counts[:, None]
    for k, name in enumerate(MOMENTA):
        p[present, k + 1] = np.asarray(awkward.flatten(arrays[name]))
    return kinematics.on_light_cone(p)


def jets_of(arrays: Any) -> NDArray[np.float64]:
    """Four-momenta (n, 4) of the jets."""
    pt, eta, phi, energy = (np.asarray(arrays[name], np.float64) for name in JET)
    p = kinematics.massless(pt, eta, phi)
    p[:, 0] = energy
    return p
