"""Jets in every format that triggernet reads, written from known ones by other libraries."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import uproot

from triggernet.data import kinematics, mock_jets

JETS = mock_jets(12, seed=1)  # of 64 constituents, many absent


def write_published(path, columns=None, **changes):
    p = JETS.leading(200).constituents.astype(np.float32).copy()
    p[..., 0] *= 1 + 1e-7  # the files' energies are off by their precision; readers mend that
    names = [f"{part}_{k}" for k in range(200) for part in ("E", "PX", "PY", "PZ")]
    frame = pd.DataFrame(p.reshape(len(p), -1), columns=names)
    truth = pd.DataFrame({"truthE": np.float32(1), "ttv": 0, "is_signal_new": JETS.label})
    frame = pd.concat([frame, truth], axis=1).assign(**changes)
    frame = frame.drop(columns=columns or [])
    frame.to_hdf(path, key="table", format="table", complib="blosc", complevel=5)


def write_converted(path, **changes):
    rng = np.random.default_rng(0)
    p = JETS.constituents.copy()
    p[~JETS.present] = rng.normal(size=(int((~JETS.present).sum()), 4))  # beyond Nobj: rubbish
    data = {"Pmu": p, "is_signal": JETS.label, "Nobj": JETS.present.sum(axis=1), **changes}
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            if values is not None:
                file[name] = values


def write_hls4ml(path, **changes):
    particle = ["j1_pt", "j1_pz", "j1_px", "j1_e", "j1_py"]
    whole = ["j_pt", "j_t", "j_g", "j_q", "j_w", "j_z"]
    p = JETS.constituents
    listed = np.stack([np.zeros(p.shape[:2]), p[..., 3], p[..., 1], p[..., 0], p[..., 2]], -1)
    flags = np.eye(5)[np.arange(len(JETS)) % 5]  # gluon, quark, w, z, top in turns
    data = {
        "jetConstituentList": listed[:, ::-1],  # not sorted
        "particleFeatureNames": np.array(particle, dtype="S"),
        "jetFeatureNames": np.array(whole, dtype="S"),
        "jets": np.column_stack([np.zeros(len(JETS)), flags[:, 4], flags[:, :4]]),
        **changes,
    }
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            if values is not None:
                file[name] = values


def listed_first(n):
    """The first `n` constituents of each jet as `write_hls4ml` lists them."""
    p = JETS.constituents[:, :n]
    return np.stack([np.zeros(p.shape[:2]), p[..., 3], p[..., 1], p[..., 0], p[..., 2]], -1)


def write_jetclass(path, drop=(), flags=None):
    present = JETS.present
    counts = present.sum(axis=1)
    p = JETS.constituents
    import awkward as ak

    branches = {
        name: ak.unflatten(p[..., k][present].astype(np.float32), counts)
        for k, name in enumerate(("part_energy", "part_px", "part_py", "part_pz"))
    }
    jet = 1.5 * JETS.jet  # the file's own jet, not the sum
    kinds = {
        "pt": kinematics.transverse_momentum(jet),
        "eta": kinematics.pseudorapidity(jet),
        "phi": kinematics.azimuth(jet),
        "energy": jet[:, 0],
    }
    branches |= {f"jet_{name}": values for name, values in kinds.items()}
    flags = np.eye(3)[np.arange(len(JETS)) % 3] if flags is None else flags
    branches |= {
        f"label_{name}": flags[:, k].astype(np.int32)
        for k, name in enumerate(("Hbb", "Tbqq", "QCD"))
    }
    kept = {name: values for name, values in branches.items() if name not in drop}
    with uproot.recreate(path) as file:
        file.mktree(
            "tree",
            {
                name: ak.type(values).content
                for name, values in kept.items()
                if isinstance(values, ak.Array)
            }
            | {
                name: values.dtype
                for name, values in kept.items()
                if not isinstance(values, ak.Array)
            },
        )
        file["tree"].extend(kept)
    return jet
