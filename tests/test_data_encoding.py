"""The hardware encoding: integers, their frame, and what does not fit."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from old_files import without_digest

from triggernet.data import (
    EncodingConfig,
    Jets,
    decode,
    encode,
    kinematics,
    load_jets,
    mock_jets,
    sample_path,
    save_compact,
    to_laboratory,
)
from triggernet.errors import ConfigError, DataError, EncodingError
from triggernet.fixedpoint import FixedPoint
from triggernet.learning.training.features import float_inputs

STEP = math.pi / 720
POLAR = EncodingConfig(n_constituents=16, jet=True)
CARTESIAN = EncodingConfig(kind="cartesian", n_constituents=16, jet=True)


def jets_of(pt, eta, phi, jet=None) -> Jets:
    p = kinematics.massless(*(np.array([x], float) for x in (pt, eta, phi)))
    return Jets(p, p.sum(axis=1) if jet is None else np.array([jet], float), np.zeros(1, int))


@pytest.mark.parametrize("n", [33, 64, 1000])
def test_places_that_only_cut_off_constituents_could_fill_are_refused(n):
    jets = load_jets(sample_path("toptag_generated"), 50)
    message = f"{n} constituents of each jet are asked for.* stored with their 32 leading ones only"
    for cut in (jets, jets.select(slice(9)), jets.leading(n)):
        with pytest.raises(DataError, match=message):
            encode(cut, replace(POLAR, n_constituents=n))
        with pytest.raises(DataError, match=message):
            float_inputs(cut, replace(CARTESIAN, n_constituents=n))
    assert encode(jets, replace(POLAR, n_constituents=32)).inputs["pt"].shape == (50, 32)
    with pytest.raises(DataError, match="stored with their 8 leading ones only"):
        encode(jets.leading(8), replace(POLAR, n_constituents=9))


def test_jets_that_are_whole_may_have_empty_places():
    jets = load_jets(sample_path("toptag_reference"), 50)
    assert jets.cut_at is None
    assert encode(jets, replace(POLAR, n_constituents=300)).inputs["pt"].shape == (50, 300)


def test_names_types_and_order_of_the_inputs():
    assert list(encode(mock_jets(2), POLAR).inputs) == ["pt", "eta", "phi", "jet_pt", "jet_excess"]
    assert list(encode(mock_jets(2), replace(POLAR, jet=False)).inputs) == ["pt", "eta", "phi"]
    names = ["e", "px", "py", "pz", "jet_e", "jet_px", "jet_py", "jet_pz"]
    assert list(encode(mock_jets(2), CARTESIAN).inputs) == names
    assert POLAR.types["pt"] == FixedPoint(False, 14, 12)
    assert POLAR.types["eta"] == FixedPoint(True, 9, 9)
    assert POLAR.types["jet_excess"] == FixedPoint(False, 14, 8)
    assert CARTESIAN.types["e"] == FixedPoint(False, 18, 13)
    assert CARTESIAN.types["jet_pz"] == FixedPoint(True, 18, 13)


def test_a_known_jet_gives_known_integers():
    axis = kinematics.massless(np.array(100.0), np.array(0.5), np.array(-3.0))
    jets = jets_of(
        [80.3, 20.0, 0.13, 0.1],
        [0.5 + 10.2 * STEP, 0.5 - 3.0 * STEP, 0.5, 0.5],
        [-3.0 - 7.4 * STEP, 3.0, -3.0 + STEP, -3.0],  # 3.0 lies across the seam
        axis,
    )
    inputs = encode(jets, replace(POLAR, n_constituents=5)).inputs
    np.testing.assert_array_equal(inputs["pt"], [[321, 80, 1, 0, 0]])
    np.testing.assert_array_equal(inputs["eta"], [[10, -3, 0, 0, 0]])
    across = round((6.0 - 2 * math.pi) / STEP)
    np.testing.assert_array_equal(inputs["phi"], [[-7, across, 1, 0, 0]])
    np.testing.assert_array_equal(inputs["jet_pt"], [[400]])
    np.testing.assert_array_equal(inputs["jet_excess"], [[0]])


def test_ties_round_to_even():
    jets = jets_of([0.375, 0.625, 0.875], [0, 0, 0], [0, 0, 0])  # 1.5, 2.5, 3.5 steps
    np.testing.assert_array_equal(
        encode(jets, EncodingConfig(n_constituents=3)).inputs["pt"], [[4, 2, 2]]
    )


def test_a_constituent_below_half_a_step_is_absent_altogether():
    jets = jets_of([50.0, 0.124], [0.0, 0.2], [0.0, 0.2])
    encoded = encode(jets, EncodingConfig(n_constituents=4))
    assert encoded.vanished == 1
    for name in ("pt", "eta", "phi"):
        assert encoded.inputs[name][0, 0] != 0 or name != "pt"
        np.testing.assert_array_equal(encoded.inputs[name][0, 1:], 0)


def test_constituents_are_sorted_cut_and_padded():
    jets = jets_of([1.0, 30.0, 5.0], [0.1, 0.0, 0.0], [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(
        encode(jets, EncodingConfig(n_constituents=2)).inputs["pt"], [[120, 20]]
    )
    np.testing.assert_array_equal(
        encode(jets, EncodingConfig(n_constituents=5)).inputs["pt"], [[120, 20, 4, 0, 0]]
    )


@pytest.mark.parametrize(("config", "name"), [(POLAR, "pt"), (POLAR, "eta"), (CARTESIAN, "pz")])
def test_what_does_not_fit_saturates_and_is_counted(config, name):
    width = {"pt": "pt_width", "eta": "eta_width", "pz": "momentum_width"}[name]
    narrow = replace(config, **{width: 6})
    jets = mock_jets(50, seed=1)
    wide, cut = encode(jets, config), encode(jets, narrow)
    kind = narrow.types[name]
    clipped = np.clip(wide.inputs[name], kind.min_int, kind.max_int)
    np.testing.assert_array_equal(cut.inputs[name], clipped)
    assert cut.saturated[name] == (clipped != wide.inputs[name]).sum() > 0
    assert wide.saturated[name] == 0


def test_strict_names_the_input_the_count_and_the_width_that_holds():
    jets = jets_of([100.0, 90.0], [0.0, 0.0], [0.0, 0.0])  # 400 and 360 steps
    config = EncodingConfig(n_constituents=2, pt_width=8)
    with pytest.raises(EncodingError, match=r"2 values of the input 'pt' do not fit 8 bits; 9 bit"):
        encode(jets, config, strict=True)
    encode(jets, replace(config, pt_width=9), strict=True)


@pytest.mark.parametrize(("steps", "needed"), [(-256, 9), (-257, 10), (255, 9), (256, 10)])
def test_needed_width_counts_the_sign(steps, needed):
    axis = kinematics.massless(np.array(50.0), np.array(0.0), np.array(0.0))
    jets = jets_of([50.0], [steps * STEP], [0.0], axis)
    config = EncodingConfig(n_constituents=1, eta_width=8)
    with pytest.raises(EncodingError, match=f"'eta' do not fit 8 bits; {needed} bits"):
        encode(jets, config, strict=True)
    encode(jets, replace(config, eta_width=needed), strict=True)


def test_momenta_that_are_not_finite_are_refused():
    jets = mock_jets(4, seed=2)
    jets.constituents[2, 1, 3] = np.nan
    with pytest.raises(EncodingError, match="'constituents' are not finite, first in jet 2"):
        encode(jets, POLAR)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_constituents": 0}, "n_constituents = 0"),
        ({"pt_lsb_gev": 0.3}, "pt_lsb_gev = 0.3: expected a power of two"),
        ({"momentum_lsb_gev": -1.0}, "momentum_lsb_gev = -1.0"),
        ({"phi_width": 1}, "phi_width = 1: expected 2 to 32"),
    ],
)
def test_impossible_encodings_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        EncodingConfig(**values)


def test_decoded_momenta_are_those_of_the_jet_frame():
    jets = mock_jets(100, seed=3)
    encoded = encode(jets, replace(POLAR, n_constituents=64))
    decoded = decode(encoded, replace(POLAR, n_constituents=64))
    lab = to_laboratory(decoded.constituents, encoded.axis)
    error = np.abs(lab - jets.constituents).max(axis=-1)
    pt = kinematics.transverse_momentum(jets.constituents)
    # Half a step in each: pT, and an angle times the momentum (at most pT cosh 2.7).
    assert (error <= (0.125 + pt * STEP) * np.cosh(2.7)).all()
    assert decoded.jet is not None
    np.testing.assert_allclose(decoded.jet[:, 2:], 0)
    jet_pt = kinematics.transverse_momentum(jets.jet)
    np.testing.assert_allclose(decoded.jet[:, 1], jet_pt, atol=0.1251)
    m_t = kinematics.transverse_mass(jets.jet)
    np.testing.assert_allclose(decoded.jet[:, 0], m_t, atol=0.1251 + 2**-7)


def test_masses_survive_the_jet_inputs_without_cancellation():
    jets = mock_jets(300, seed=4)
    decoded = decode(encode(jets, POLAR), POLAR)
    assert decoded.jet is not None
    excess, pt = decoded.jet[:, 0] - decoded.jet[:, 1], decoded.jet[:, 1]
    squared = excess * (2 * pt + excess)
    # Half a step of the excess times 2 pT, and half a step of pT times 2 excess.
    tolerance = 2**-7 * 2 * 660 + 0.125 * 2 * excess
    assert (np.abs(squared - kinematics.mass(jets.jet) ** 2) <= tolerance).all()


def test_scalar_products_do_not_know_the_frame():
    jets = mock_jets(20, seed=5)
    config = replace(POLAR, n_constituents=64, eta_width=20, phi_width=20)
    encoded = encode(jets, config)
    frame = decode(encoded, config).constituents
    lab = to_laboratory(frame, encoded.axis)
    metric = np.diag([1.0, -1, -1, -1])
    first = np.einsum("nia,ab,njb->nij", frame, metric, frame)
    second = np.einsum("nia,ab,njb->nij", lab, metric, lab)
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_cartesian_momenta_come_back_to_half_a_step():
    jets = mock_jets(50, seed=6)
    config = replace(CARTESIAN, n_constituents=64)
    decoded = decode(encode(jets, config), config)
    kept = encode(jets, config).inputs["e"] > 0
    np.testing.assert_allclose(
        decoded.constituents[kept], jets.constituents[kept], atol=2**-6 + 1e-9
    )
    np.testing.assert_allclose(decoded.jet, jets.jet, atol=2**-6 + 1e-9)


def test_decode_names_a_missing_input():
    with pytest.raises(EncodingError, match="no input 'jet_excess'"):
        decode(encode(mock_jets(2), replace(POLAR, jet=False)).inputs | {"jet_pt": 0}, POLAR)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 2000), st.integers(-180, 180), st.integers(-180, 180)),
        min_size=1,
        max_size=8,
    ),
    st.floats(-2, 2),
    st.floats(-math.pi, math.pi),
)
def test_integers_survive_the_way_to_the_laboratory_and_back(constituents, y, phi):
    n = len(constituents)
    config = EncodingConfig(n_constituents=n, jet=True)
    codes = np.array(sorted(constituents, key=lambda c: -c[0]))
    inputs = {
        "pt": codes[None, :, 0],
        "eta": codes[None, :, 1],
        "phi": codes[None, :, 2],
        "jet_pt": np.array([[2400]]),
        "jet_excess": np.array([[640]]),
    }
    frame = decode(inputs, config)
    axis = np.array([[y, phi]])
    jets = Jets(
        to_laboratory(frame.constituents, axis), to_laboratory(frame.jet, axis), np.zeros(1, int)
    )
    again = encode(jets, config, strict=True)
    for name, values in inputs.items():
        np.testing.assert_array_equal(again.inputs[name], values)


def test_compact_files_hold_exactly_the_hardware_integers(tmp_path):
    jets = mock_jets(64, seed=7)
    written = save_compact(tmp_path / "jets.h5", jets, POLAR)
    loaded = load_jets(tmp_path / "jets.h5")
    again = encode(loaded, POLAR)
    for name, values in written.inputs.items():
        np.testing.assert_array_equal(again.inputs[name], values)
    np.testing.assert_allclose(again.axis, written.axis, atol=2**-15 + 1e-9)
    np.testing.assert_array_equal(loaded.label, jets.label)
    np.testing.assert_array_equal(loaded.multiplicity, jets.multiplicity)
    assert loaded.provenance == jets.provenance
    assert loaded.classes == jets.classes
    assert len(load_jets(tmp_path / "jets.h5", limit=5)) == 5


def edited(path, **changes):
    """The compact file with entries of its encoding changed."""
    without_digest(path)
    with h5py.File(path, "r+") as file:
        file.attrs["encoding"] = json.dumps(json.loads(file.attrs["encoding"]) | changes)


def test_damaged_compact_files_say_what_is_wrong(tmp_path):
    path = tmp_path / "jets.h5"
    for changes, message in (
        ({"jet": False}, "its encoding leaves out the jet"),
        ({"pt_width": 99}, "attribute 'encoding' makes no sense: pt_width = 99"),
        ({"kind": "cartesian"}, "no dataset 'e'; found axis"),
    ):
        save_compact(path, mock_jets(4), POLAR)
        edited(path, **changes)
        with pytest.raises(DataError, match=message):
            load_jets(path)
    save_compact(path, mock_jets(4), POLAR)
    with h5py.File(without_digest(path), "r+") as file:
        del file["axis"]
        file["axis"] = np.zeros((2, 3), int)
    with pytest.raises(DataError, match="different numbers of jets: .*'axis': 3"):
        load_jets(path)


def test_compact_files_need_what_restores_momenta(tmp_path):
    for config in (CARTESIAN, replace(POLAR, jet=False)):
        with pytest.raises(DataError, match="needs a polar encoding with jet = true"):
            save_compact(tmp_path / "jets.h5", mock_jets(2), config)
