"""Metrics against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from triggernet.errors import DataError
from triggernet.learning.tasks.metrics import (
    area_under_roc,
    background_rejection,
    few_pass,
    measure,
    roc_curve,
    up_to_date,
)
from triggernet.statistics import efficiency, rejection, roc_area


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
    assert background_rejection(logits, label) == rejection(5, 200)
    metrics = measure(logits, label, 21)
    assert (metrics.rejection_30, metrics.passing_30) == (40, 5)
    assert metrics.ant == pytest.approx(40 / 21)
    right = efficiency(204, 210)  # all signal, 194 of the background
    found = (metrics.accuracy, metrics.accuracy_low, metrics.accuracy_high)
    assert found == (right.value, right.low, right.high)
    assert (metrics.n_jets, metrics.n_background) == (210, 200)


def test_both_working_points_have_their_own_counts_and_intervals():
    logits = np.r_[np.arange(1.0, 11.0), np.full(4, 20.0), np.full(16, 6.5), np.full(180, -1.0)]
    label = np.r_[np.ones(10, np.int64), np.zeros(200, np.int64)]
    found = measure(logits, label, 1)
    for name, passing in (("30", 4), ("50", 20)):
        values = [getattr(found, f"rejection_{name}{end}") for end in ("", "_low", "_high")]
        bounds = rejection(passing, 200)
        assert values == [bounds.value, bounds.low, bounds.high]
        assert getattr(found, f"passing_{name}") == passing
    (note,) = found.notes
    assert note.startswith(
        "fewer than 10 background jets pass at 30 % signal efficiency (4 of 200)"
    )
    assert found.with_notes() == found.as_dict() | {"notes": [note]}
    assert few_pass({"passing_30": 10.0, "passing_50": 9.5, "n_background": 50})[0].startswith(
        "fewer than 10 background jets pass at 50 % signal efficiency (9.5 of 50)"
    )


def test_the_auc_has_its_error():
    logits, label = sample()
    found, area = measure(logits, label, 1), roc_area(logits, label)
    assert (found.auc, found.auc_error) == (area.value, area.error)


def test_metrics_of_older_versions_get_the_interval_of_their_counts():
    passing, total = 20.5, 3609
    fraction = passing / total
    error = np.sqrt((1 - fraction) / passing) / fraction  # as it was written
    old = {"auc": 0.97, "rejection_30": 1 / fraction, "rejection_30_error": error}
    found, bounds = up_to_date(old), rejection(passing, total)
    assert "rejection_30_error" not in found
    assert (found["passing_30"], found["n_background"]) == (20.5, total)
    ends = found["rejection_30_low"], found["rejection_30_high"]
    assert ends == pytest.approx((bounds.low, bounds.high), rel=1e-9)
    none = {"auc": 1.0, "rejection_30": None, "rejection_30_error": None}
    assert up_to_date(none) == {"auc": 1.0, "rejection_30": None}
    new = measure(*sample(), 1).as_dict()
    assert up_to_date(new) == new


def test_perfect_separation_has_no_rejection():
    logits, label = np.r_[np.ones(5), -np.ones(5)], np.r_[np.ones(5), np.zeros(5)].astype(np.int64)
    metrics = measure(logits, label, 1)
    assert (metrics.auc, metrics.rejection_30, metrics.ant) == (1.0, None, None)
    assert (metrics.auc_error, metrics.rejection_30_high, metrics.passing_30) == (None, None, 0)
    assert metrics.rejection_30_low == rejection(0, 5).low
    assert metrics.notes[0].startswith("fewer than 10 background jets pass at 30 %")


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="1 of 2 logits are not finite"):
        measure(np.array([0.0, np.nan]), np.array([0, 1]), 1)
    with pytest.raises(DataError, match="hold 2 signal and 0 background"):
        measure(np.array([0.0, 1.0]), np.array([1, 1]), 1)
