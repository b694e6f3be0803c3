"""Intervals and errors against scipy, brute force and repeated samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from triggernet.statistics import (
    ONE_SIGMA,
    Area,
    Bounded,
    area_under_roc,
    clopper_pearson,
    effective_counts,
    efficiency,
    rejection,
    roc_area,
    roc_area_difference,
)

COUNTS = [(0, 1), (1, 1), (0, 532), (1, 532), (2, 532), (17, 40), (40, 40), (399, 400), (3, 10**6)]


def sample(n=300, seed=1, shift=1.5, digits=1):
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.4).astype(np.int64)
    return np.round(rng.normal(size=n) + shift * label, digits), label  # rounded: many ties


# Intervals


@pytest.mark.parametrize("level", [ONE_SIGMA, 0.9, 0.95])
@pytest.mark.parametrize(("passing", "total"), COUNTS)
def test_intervals_are_those_of_scipy(passing, total, level):
    expected = binomtest(passing, total).proportion_ci(level, method="exact")
    found = efficiency(passing, total, level)
    assert found.value == passing / total
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_arrays_of_counts_give_arrays_of_ends():
    passing, total = np.array(COUNTS).T
    low, high = clopper_pearson(passing, total)
    for k, (some, every) in enumerate(COUNTS):
        one = efficiency(some, every)
        assert (low[k], high[k]) == (one.low, one.high)


def test_half_counts_lie_between_whole_ones():
    low, high = clopper_pearson([0, 0.5, 1, 39, 39.5, 40], 40)
    assert (np.diff(low) > 0).all()
    assert (np.diff(high)[:-1] > 0).all()
    assert high[-1] == 1
    assert 0 == low[0] < low[1] < 0.5 / 40


@pytest.mark.parametrize("p", [0.004, 0.05, 0.3])
def test_intervals_cover_what_they_say(p):
    n = 200
    k = np.random.default_rng(3).binomial(n, p, size=4000)
    low, high = clopper_pearson(k, n)
    covered = np.mean((low <= p) & (p <= high))
    assert covered > ONE_SIGMA - 3 * np.sqrt(ONE_SIGMA * (1 - ONE_SIGMA) / 4000)


def test_a_rejection_is_one_over_an_efficiency():
    some, all_pass = rejection(2, 532), rejection(7, 7)
    end = binomtest(2, 532).proportion_ci(ONE_SIGMA, method="exact")
    assert (some.value, some.low, some.high) == pytest.approx((266, 1 / end.high, 1 / end.low))
    assert (all_pass.value, all_pass.low) == (1, 1)
    assert all_pass.high > 1


def test_where_nothing_passes_only_the_lower_end_of_a_rejection_is_known():
    found = rejection(0, 532)
    tail = (1 - ONE_SIGMA) / 2
    assert found == Bounded(None, pytest.approx(1 / (1 - tail ** (1 / 532))), None)


def test_equal_weights_are_counts_and_others_are_worth_less():
    passing = np.arange(40) < 13
    assert effective_counts(passing, np.full(40, 2.5)) == pytest.approx((13, 40))
    weight = np.random.default_rng(1).exponential(size=40)
    part, total = effective_counts(passing, weight)
    assert total == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert total < 40
    assert part / total == pytest.approx(weight[passing].sum() / weight.sum())


# Areas


def kernel(scores, label):
    difference = scores[label == 1][:, None] - scores[label != 1]
    return (difference > 0) + 0.5 * (difference == 0)


def by_definition(*scores, label):
    """Areas and their covariances, from all pairs of events (DeLong et al., equations 3 to 6)."""
    psi = [kernel(each, label) for each in scores]
    m, n = psi[0].shape
    areas = np.array([each.mean() for each in psi])
    of_signal = np.cov([each.mean(axis=1) for each in psi], ddof=1)
    of_background = np.cov([each.mean(axis=0) for each in psi], ddof=1)
    return areas, np.atleast_2d(of_signal / m + of_background / n)


@pytest.mark.parametrize("digits", [0, 1, 12])
def test_an_area_and_its_error_are_those_of_all_pairs(digits):
    scores, label = sample(digits=digits)
    areas, covariance = by_definition(scores, label=label)
    found = roc_area(scores, label)
    assert found.value == area_under_roc(scores, label) == pytest.approx(areas[0], abs=1e-14)
    assert found.error == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-10)


def test_a_difference_knows_what_both_share():
    first, label = sample()
    second = np.round(first + np.random.default_rng(2).normal(size=len(first)) * 0.7)
    areas, c = by_definition(first, second, label=label)
    found = roc_area_difference(first, second, label)
    assert found.value == pytest.approx(areas[1] - areas[0], abs=1e-14)
    assert found.error == pytest.approx(np.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1]), rel=1e-10)
    alone = np.hypot(roc_area(first, label).error, roc_area(second, label).error)
    assert found.error < 0.8 * alone
    assert roc_area_difference(first, 3 * first + 1, label) == Area(0.0, 0.0)


def test_errors_are_those_of_repeated_samples():
    pairs = []
    for seed in range(400):
        first, label = sample(150, seed, digits=2)
        noise = np.random.default_rng(1000 + seed).normal(size=150)
        pairs.append((first, first + noise, label))
    areas = np.array([[area_under_roc(a, y), area_under_roc(b, y)] for a, b, y in pairs])
    own = np.mean([roc_area(a, y).error for a, _, y in pairs])
    shared = np.mean([roc_area_difference(a, b, y).error for a, b, y in pairs])
    # The spread of 400 values has an error of 1 / sqrt(2 * 399) = 3.5 %.
    assert own == pytest.approx(areas[:, 0].std(ddof=1), rel=0.12)
    assert shared == pytest.approx((areas[:, 1] - areas[:, 0]).std(ddof=1), rel=0.12)


def test_weights_count_like_copies_of_events():
    scores, label = sample(80)
    times = np.random.default_rng(4).integers(1, 4, size=80)
    copies = np.repeat(scores, times), np.repeat(label, times)
    weighted = area_under_roc(scores, label, times.astype(float))
    assert weighted == pytest.approx(area_under_roc(*copies), abs=1e-14)
    plain, scaled = roc_area(scores, label), roc_area(scores, label, np.full(80, 0.3))
    assert (scaled.value, scaled.error) == pytest.approx((plain.value, plain.error))
    # Copies are no new events: the error of the weighted events is larger.
    assert roc_area(scores, label, times.astype(float)).error > 1.2 * roc_area(*copies).error


def test_the_error_of_weighted_events_is_that_of_repeated_samples():
    areas, errors = [], []
    for seed in range(400):
        scores, label = sample(150, seed, digits=2)
        weight = np.random.default_rng(5000 + seed).exponential(size=150) + 0.05
        found = roc_area(scores, label, weight)
        areas.append(found.value)
        errors.append(found.error)
    assert np.mean(errors) == pytest.approx(np.std(areas, ddof=1), rel=0.12)


def test_what_a_sample_does_not_tell_is_absent():
    label = np.array([0, 0, 1, 1])
    assert roc_area(np.array([1.0, 2, 3, 4]), label) == Area(1.0, None)
    assert roc_area(np.array([4.0, 3, 2, 1]), label) == Area(0.0, None)
    assert roc_area(np.zeros(4), label) == Area(0.5, 0.0)  # known without any sample
    assert roc_area(np.array([1.0, 3, 2]), np.array([0, 0, 1])) == Area(0.5, None)
    perfect = np.array([1.0, 2, 3, 4])
    assert roc_area_difference(perfect, perfect**2, label) == Area(0.0, None)
