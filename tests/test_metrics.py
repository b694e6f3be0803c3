"""Metrics against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from triggernet.errors import DataError
from triggernet.learning.tasks.metrics import (
    area_under_roc,
    background_rejection,
    measure,
    roc_curve,
)


def sample(n=400, seed=1):
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.4).astype(np.int64)
    return np.round(rng.normal(size=n) + 1.5 * label, 1), label  # rounded: many ties


def test_auc_is_the_chance_of_the_right_order():
    logits, label = sample()
    difference = logits[label == 1][:, None] - logits[label == 0]
    chance = np.mean((difference > 0) + 0.5 * (difference == 0))
    assert area_under_roc(logits, label) == pytest.approx(chance, abs=1e-12)


def test_auc_is_the_area_under_the_curve():
    logits, label = sample()
    signal, background = roc_curve(logits, label)
    area = np.trapezoid(np.r_[0, signal], np.r_[0, background])
    assert area_under_roc(logits, label) == pytest.approx(area, abs=1e-12)


def test_rejection_of_counted_jets():
    # 10 signal jets at 1..10, 200 background jets: 4 above 8, 2 at 8.
    logits = np.r_[np.arange(1.0, 11.0), np.full(4, 20.0), np.full(2, 8.0), np.full(194, -1.0)]
    label = np.r_[np.ones(10, np.int64), np.zeros(200, np.int64)]
    rejection, error = background_rejection(logits, label)
    assert rejection == pytest.approx(200 / 5)
    assert error == pytest.approx(40 * np.sqrt((1 - 5 / 200) / 5))
    metrics = measure(logits, label, 21)
    assert metrics.ant == pytest.approx(40 / 21)
    assert metrics.accuracy == pytest.approx(204 / 210)  # all signal, 194 of the background


def test_perfect_separation_has_no_rejection():
    logits, label = np.r_[np.ones(5), -np.ones(5)], np.r_[np.ones(5), np.zeros(5)].astype(np.int64)
    metrics = measure(logits, label, 1)
    assert (metrics.auc, metrics.rejection_30, metrics.ant) == (1.0, None, None)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="1 of 2 logits are not finite"):
        measure(np.array([0.0, np.nan]), np.array([0, 1]), 1)
    with pytest.raises(DataError, match="hold 2 signal and 0 background"):
        measure(np.array([0.0, 1.0]), np.array([1, 1]), 1)
