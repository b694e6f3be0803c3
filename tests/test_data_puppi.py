"""PUPPI words: every bit at its place, and every number back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggernet.data.puppi import CHARGED, NEUTRAL, pack, unpack
from triggernet.errors import EncodingError


def numbers(layout):
    return st.fixed_dictionaries(
        {name: st.integers(bits.min, bits.max) for name, bits in layout.items()}
    )


@given(st.lists(numbers(CHARGED), min_size=1, max_size=5))
def test_charged_numbers_come_back(candidates):
    values = {name: np.array([c[name] for c in candidates]) for name in CHARGED}
    for name, found in unpack(pack(values, charged=True), charged=True).items():
        np.testing.assert_array_equal(found, values[name])


@given(st.lists(numbers(NEUTRAL), min_size=1, max_size=5))
def test_neutral_numbers_come_back(candidates):
    values = {name: np.array([c[name] for c in candidates]) for name in NEUTRAL}
    for name, found in unpack(pack(values, charged=False), charged=False).items():
        np.testing.assert_array_equal(found, values[name])


@given(st.integers(0, 2**61 - 1))
def test_words_come_back(word):
    words = np.array([word], np.uint64)
    np.testing.assert_array_equal(pack(unpack(words, charged=True), charged=True), words)


@pytest.mark.parametrize(
    ("name", "charged", "value", "word"),
    [
        ("pt", True, 1, 1 << 0),
        ("pt", True, 16383, (1 << 14) - 1),
        ("eta", True, 1, 1 << 14),
        ("eta", True, -1, 0xFFF << 14),
        ("eta", False, -2048, 1 << 25),
        ("phi", True, 1, 1 << 26),
        ("phi", False, -1, 0x7FF << 26),
        ("id", True, 5, 5 << 37),
        ("z0", True, 1, 1 << 40),
        ("z0", True, -1, 0x3FF << 40),
        ("sqrt_dxy", True, 255, 0xFF << 50),
        ("quality", True, 7, 7 << 58),
        ("weight", False, 256, 1 << 48),
        ("em_id", False, 63, 63 << 49),
    ],
)
def test_every_number_lies_at_its_bits(name, charged, value, word):
    assert int(pack({name: np.array(value)}, charged)) == word


def test_large_momenta_saturate():
    np.testing.assert_array_equal(
        pack({"pt": np.array([16383, 16384, 10**9])}, charged=True), [16383] * 3
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [("eta", 2048, "-2048 to 2047"), ("phi", -1025, "-1024 to 1023"), ("pt", -1, "0 to 16383")],
)
def test_what_does_not_fit_is_refused(name, value, allowed):
    with pytest.raises(EncodingError, match=f"1 values of '{name}' do not fit .* {allowed}"):
        pack({name: np.array([0, value])}, charged=False)


def test_a_number_of_the_other_layout_is_refused():
    with pytest.raises(EncodingError, match="neutral PUPPI word has no 'z0'"):
        pack({"z0": np.array([1])}, charged=False)
