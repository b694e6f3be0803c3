"""Lund trees of jets: every splitting of the Cambridge/Aachen history with its kinematics.

F. Dreyer, G. Salam, G. Soyez, JHEP 12 (2018) 064; as the input of networks F. Dreyer, H. Qu,
JHEP 03 (2021) 052.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from triggernet.cache import TREES, cached
from triggernet.data.jets import Jets
from triggernet.errors import ConfigError, DataError

COORDINATES = ("lnz", "lnDelta", "psi", "lnm", "lnKt")
PADDING, ROOT = -2, -1
ARCHIVE = "trees.npz"
KERNEL_VERSION = 1  # counts changes of the numbers; trees of another one are made again
MOST_PARTICLES = 2**15 - 1
FEW = 1000  # jets whose trees are made as fast as they are read


@dataclass(frozen=True)
class LundConfig:
    """Which splittings are kept.

    Attributes
    ----------
    ln_kt_min : float or None
        Softer splittings are no nodes; the harder branch is followed beyond them.
    ln_delta_min : float or None
        A branch ends before a splitting that is narrower.
    """

    ln_kt_min: float | None = None
    ln_delta_min: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not np.isfinite(value):
                raise ConfigError(f"{name}: found {value}; expected a finite number or none")


@dataclass(frozen=True)
class LundTrees:
    """Lund trees of n jets, one after another.

    A node is a splitting of a jet into two, the harder (1) and the softer (2) in transverse
    momentum. The nodes of a jet stand in pre-order, the harder branch first; particles, which do
    not split, are no nodes. A jet that does not split has one node of zeros.

    Attributes
    ----------
    values : float32 array (M, 5)
        In the order of `COORDINATES`: ln z, z = pT2 / (pT1 + pT2); ln Delta, the distance in
        rapidity and azimuth, at least 1e-6; psi = atan((y1 - y2) / (phi1 - phi2)), in which the
        difference of azimuths is not wrapped, as in the authors' code; ln m of the pair, in GeV;
        ln kT, kT = pT2 Delta, in GeV.
    parent : int16 array (M,)
        Index of the splitting above, counted within the jet; `ROOT` for the first.
    primary : bool array (M,)
        Whether a node is reached along harder branches alone: the primary Lund plane.
    start : int64 array (n + 1,)
        Jet k owns the nodes ``start[k]`` to ``start[k + 1]``.
    """

    values: NDArray[np.float32]
    parent: NDArray[np.int16]
    primary: NDArray[np.bool_]
    start: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start) - 1

    @property
    def jet(self) -> NDArray[np.int64]:
        """The jet of each node, (M,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def padded(self, n_nodes: int) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
        """Values (n, N, 5) and parents (n, N) with room for `n_nodes`, N; padding is `PADDING`.

        Nodes beyond are cut off; since a parent stands before its children, what is left is a tree.
        """
        place = np.arange(len(self.values)) - np.repeat(self.start[:-1], np.diff(self.start))
        kept = place < n_nodes
        values = np.zeros((len(self), n_nodes, len(COORDINATES)), np.float32)
        parent = np.full((len(self), n_nodes), PADDING, np.int16)
        jet = self.jet[kept]
        values[jet, place[kept]] = self.values[kept]
        parent[jet, place[kept]] = self.parent[kept]
        return values, parent


def lund_trees(jets: Jets, config: LundConfig | None = None) -> LundTrees:
    """The Lund trees of all constituents that are given of each jet.

    They are reclustered by Cambridge/Aachen (E scheme) until one jet is left, in compiled code.

    Parameters
    ----------
    jets : Jets
    config : LundConfig, optional
        Which splittings are kept; all if not given.

    Raises
    ------
    DataError
        For momenta that are not finite, or more constituents than 16 bits can count.
    """
    from triggernet.data.lund.kernel import decluster

    config = config or LundConfig()
    p = np.ascontiguousarray(jets.constituents)
    finite = bool(np.isfinite(p).all())
    if not finite or p.shape[1] > MOST_PARTICLES:
        raise DataError(
            f"jets of {p.shape[1]} constituents, their momenta {'' if finite else 'not all '}"
            f"finite, have no Lund tree; expected finite ones, at most {MOST_PARTICLES}"
        )
    present = jets.present
    if (present[:, 1:] & ~present[:, :-1]).any():  # gaps: present ones first
        order = np.argsort(~present, axis=1, kind="stable")
        p = np.take_along_axis(p, order[..., None], axis=1)
    count = present.sum(axis=1)
    most = int(np.maximum(count - 1, 1).sum())
    start = np.empty(len(p) + 1, np.int64)
    out = np.empty((most, 5), np.float32), np.empty(most, np.int16), np.empty(most, np.bool_), start
    cuts = [-np.inf if cut is None else cut for cut in (config.ln_kt_min, config.ln_delta_min)]
    error = decluster(p, count.astype(np.int64), np.array(cuts), out)
    return LundTrees(out[0][:error].copy(), out[1][:error].copy(), out[2][:error].copy(), start)


def cached_lund_trees(jets: Jets, config: LundConfig | None = None) -> LundTrees:
    """As `lund_trees`, kept in the user's cache by the digest of the constituents and settings.

    Those of a few jets are not kept.
    """
    if len(jets) < FEW:
        return lund_trees(jets, config)
    about = {"kernel": KERNEL_VERSION, "config": asdict(config or LundConfig())}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(str(jets.constituents.shape).encode())
    digest.update(np.ascontiguousarray(jets.constituents).data)

    def make(folder: Path) -> None:
        trees = lund_trees(jets, config)
        with (folder / ARCHIVE).open("wb") as file:
            np.savez(file, **{field.name: getattr(trees, field.name) for field in fields(trees)})

    path = cached(digest.hexdigest(), ARCHIVE, make, TREES)
    with path.open("rb") as file, np.load(file) as stored:
        return LundTrees(**{field.name: stored[field.name] for field in fields(LundTrees)})
