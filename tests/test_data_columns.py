"""Jets of any table, by a YAML file that names its columns."""

from __future__ import annotations

from pathlib import Path

import awkward
import h5py
import numpy as np
import pytest
import uproot

import triggernet as tn
from triggernet.data import kinematics
from triggernet.data.readers.columns import load_columns
from triggernet.errors import ConfigError, DataError, MissingPackageError

MAP = """
constituents: [part_pt, part_eta, part_phi]
label: is_top
classes: [qcd, top]
gev: 0.001
"""


@pytest.fixture
def table() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    n, m = 40, 6
    present = np.arange(m) < rng.integers(1, m + 1, (n, 1))
    pt = np.where(present, rng.uniform(1e3, 9e4, (n, m)), 0.0)
    return {
        "part_pt": pt,
        "part_eta": np.where(present, rng.normal(0, 1, (n, m)), 0.0),
        "part_phi": np.where(present, rng.uniform(-3, 3, (n, m)), 0.0),
        "is_top": np.arange(n) % 2,
        "present": present,
    }


def written(path: Path, text: str = MAP) -> Path:
    path.write_text(text, "utf-8")
    return path


def assert_same(jets, table: dict[str, np.ndarray]) -> None:
    order = np.argsort(-table["part_pt"], axis=1, kind="stable")
    pt, eta, phi = (
        np.take_along_axis(table[f"part_{k}"], order, axis=1) for k in ("pt", "eta", "phi")
    )
    expected = kinematics.on_light_cone(kinematics.massless(pt / 1000, eta, phi))
    width = jets.constituents.shape[1]
    assert np.allclose(jets.constituents, expected[:, :width], rtol=1e-12)
    assert not expected[:, width:].any()
    assert np.allclose(jets.jet, expected.sum(axis=1))
    assert jets.label.tolist() == table["is_top"].tolist()
    assert jets.classes == ("qcd", "top")


def jagged(table: dict[str, np.ndarray]) -> dict:
    counts = table["present"].sum(axis=1)
    lists = {
        k: awkward.unflatten(table[k][table["present"]], counts)
        for k in ("part_pt", "part_eta", "part_phi")
    }
    return lists | {"is_top": table["is_top"]}


def test_numpy_and_hdf5(tmp_path: Path, table: dict) -> None:
    columns = written(tmp_path / "map.yaml")
    np.savez(tmp_path / "jets.npz", **table)
    assert_same(load_columns(tmp_path / "jets.npz", columns), table)
    with h5py.File(tmp_path / "jets.h5", "w") as file:
        for name, values in table.items():
            file[f"events/{name}"] = values
    inside = written(tmp_path / "inside.yaml", f"{MAP}tree: events\n")
    assert_same(load_columns(tmp_path / "jets.h5", inside), table)
    assert len(load_columns(tmp_path / "jets.h5", inside, limit=7)) == 7


def test_structured_hdf5_with_the_whole_jet(tmp_path: Path, table: dict) -> None:
    n, m = table["part_pt"].shape
    parts = np.zeros((n, m), [(k, "f8") for k in ("pt", "eta", "phi")])
    for k in ("pt", "eta", "phi"):
        parts[k] = np.where(table["present"], table[f"part_{k}"], np.nan)
    jets = np.zeros(n, [("pt", "f8"), ("eta", "f8"), ("phi", "f8"), ("mass", "f8"), ("qcd", "i4"),
                        ("top", "i4")])  # fmt: skip
    jets["pt"], jets["mass"], jets["top"] = 5e5, 1.73e5, table["is_top"]
    jets["qcd"] = 1 - table["is_top"]
    with h5py.File(tmp_path / "jets.h5", "w") as file:
        file["constituents"], file["jets"] = parts, jets
    found = load_columns(
        tmp_path / "jets.h5",
        {
            "constituents": [f"constituents.{k}" for k in ("pt", "eta", "phi")],
            "jet": [f"jets.{k}" for k in ("pt", "eta", "phi", "mass")],
            "flags": ["jets.qcd", "jets.top"],
            "gev": 0.001,
        },
    )
    assert np.allclose(kinematics.mass(found.jet), 173)
    assert np.allclose(kinematics.transverse_momentum(found.jet), 500)
    assert found.label.tolist() == table["is_top"].tolist()


def test_root_lists_of_any_length(tmp_path: Path, table: dict) -> None:
    with uproot.recreate(tmp_path / "jets.root") as file:
        file["Events"] = jagged(table)
    assert_same(load_columns(tmp_path / "jets.root", written(tmp_path / "map.yaml")), table)


def test_cartesian_momenta(tmp_path: Path, table: dict) -> None:
    p = kinematics.massless(*(table[f"part_{k}"] for k in ("pt", "eta", "phi")))
    arrays = {"px": p[..., 1], "py": p[..., 2], "pz": p[..., 3], "is_top": table["is_top"]}
    np.savez(tmp_path / "jets.npz", **arrays)
    columns = {"constituents": ["px", "py", "pz"], "coordinates": "px py pz", "label": "is_top",
               "gev": 0.001}  # fmt: skip
    assert_same(load_columns(tmp_path / "jets.npz", columns), table)


def test_convert_writes_what_every_command_reads(tmp_path: Path, table: dict) -> None:
    np.savez(tmp_path / "jets.npz", **table)
    columns = written(tmp_path / "map.yaml")
    done = tn.convert(tmp_path / "jets.npz", out=tmp_path / "jets.h5", columns=columns)
    assert done == {"jets": 40, "classes": ["qcd", "top"]}
    jets = tn.load_jets(tmp_path / "jets.h5")
    assert np.allclose(jets.jet, tn.load_jets(tmp_path / "jets.npz", columns=columns).jet)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (MAP.replace("part_phi", "part_psi"), "no column 'part_psi'; there are is_top, part_eta"),
        (MAP.replace("is_top", "part_eta"), "shape"),
        (MAP.replace("part_phi]", "is_top]"), r"shape \(40,\); expected \(n, N\)"),
    ],
)
def test_columns_that_do_not_fit_are_named(
    tmp_path: Path, table: dict, text: str, problem: str
) -> None:
    np.savez(tmp_path / "jets.npz", **dict(sorted(table.items())))
    with pytest.raises(DataError, match=rf"jets.npz.*{problem}"):
        load_columns(tmp_path / "jets.npz", written(tmp_path / "map.yaml", text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("constituents: [a, b]\nlabel: y\n", "2 columns"),
        (f"{MAP}coordinates: polar\n", "'polar' is unknown"),
        (f"{MAP}flags: [a, b]\n", "not both"),
        ("constituents: [a, b, c]\nflags: [a]\n", "1 columns for 2 classes"),
        (f"{MAP}gevs: 1\n", "gevs"),
        (MAP.replace("0.001", "0"), "gev: 0 is not above 0"),
    ],
)
def test_maps_that_are_not_valid_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_columns(tmp_path / "jets.npz", written(tmp_path / "map.yaml", text))


def test_damaged_and_unknown_files(tmp_path: Path) -> None:
    columns = written(tmp_path / "map.yaml")
    for name, content, problem in (
        ("a.csv", b"pt,eta,phi\n1,2,3\n", "neither HDF5, ROOT, Parquet nor NumPy"),
        ("a.npz", b"PK\x03\x04 and then nothing", "no NumPy file"),
        ("a.h5", b"\x89HDF\r\n\x1a\n and then nothing", "a.h5"),
        ("a.root", b"root and then nothing", "a.root"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=problem):
            load_columns(tmp_path / name, columns)
    with pytest.raises(DataError, match="does not exist"):
        load_columns(tmp_path / "none.npz", columns)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and then nothing PAR1")
    with pytest.raises((MissingPackageError, DataError), match=r"a\.parquet"):
        load_columns(tmp_path / "a.parquet", columns)
