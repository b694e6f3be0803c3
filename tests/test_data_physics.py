"""The generated jets against the 1,000 real reference jets, with the tolerances stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from triggernet.data import Jets, kinematics, load_jets, sample_path
from triggernet.data.distributions import compare, mass_peak, mass_threshold, observables
from triggernet.data.generation import GenerationConfig, generate
from triggernet.learning.evaluation import evaluate
from triggernet.learning.training import load_run


@pytest.fixture(scope="module")
def generated() -> Jets:
    return load_jets(sample_path("toptag_generated"))


@pytest.fixture(scope="module")
def reference() -> Jets:
    return load_jets(sample_path("toptag_reference"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Jets:
    path = tmp_path_factory.mktemp("fresh") / "jets.h5"
    generate(GenerationConfig(chunk_jets=250), 500, path, seed=11)
    return load_jets(path)


def test_packaged_sample_is_as_described(generated):
    assert generated.constituents.shape == (36_000, 32, 4)
    np.testing.assert_array_equal(np.bincount(generated.label), [18_000, 18_000])
    assert sample_path("toptag_generated").stat().st_size < 6e6
    for start in range(0, 36_000, 2000):
        assert generated.label[start : start + 2000].sum() == 1000
    pt = kinematics.transverse_momentum(generated.jet)
    assert ((pt > 549.9) & (pt < 650.1)).all()  # half a step of the file beyond the window
    assert (np.abs(kinematics.pseudorapidity(generated.jet)) < 2.001).all()
    assert "seed" in generated.provenance


def test_jet_mass_alone_separates_as_published(generated, reference):
    """Published: an AUC of 0.906."""
    assert 0.89 < mass_threshold(generated).auc < 0.93
    assert 0.89 < mass_threshold(reference).auc < 0.93
    ours, theirs = mass_threshold(generated), mass_threshold(reference)
    assert abs(ours.auc - theirs.auc) < 2 * np.hypot(ours.error, theirs.error)


def test_top_mass_peak(generated, reference):
    """Within 2.5 standard errors of the reference's 468 tops, and within 2.5 GeV."""
    ours, theirs = mass_peak(generated), mass_peak(reference)
    for name in ("position", "width"):
        error = np.hypot(getattr(ours, f"{name}_error"), getattr(theirs, f"{name}_error"))
        assert abs(getattr(ours, name) - getattr(theirs, name)) < 2.5 * error
    assert abs(ours.position - theirs.position) < 2.0
    assert abs(ours.width - theirs.width) < 2.5


# The largest Kolmogorov-Smirnov distance, and the largest relative difference of the means. The
# distance of equal distributions is below 0.08 with 99 % probability at this size.
TOLERANCES = {
    ("qcd", "multiplicity"): (0.12, 0.10),
    ("qcd", "mass"): (0.12, 0.08),
    ("qcd", "pt"): (0.08, 0.01),
    ("qcd", "leading fraction"): (0.08, 0.06),
    ("top", "multiplicity"): (0.17, 0.10),
    ("top", "mass"): (0.10, 0.02),
    ("top", "pt"): (0.08, 0.01),
    ("top", "leading fraction"): (0.08, 0.06),
}


def test_distributions_agree_within_tolerances(generated, reference):
    rows = {(row.name, row.observable): row for row in compare(generated, reference)}
    assert set(rows) == set(TOLERANCES)
    for key, (distance, difference) in TOLERANCES.items():
        row = rows[key]
        assert row.distance < distance, row
        assert abs(row.mean / row.other_mean - 1) < difference, row


def test_constituent_spectra_agree(generated, reference):
    """Mean number of the leading 32 constituents above 1, 5 and 20 GeV: within 12 %."""
    for threshold in (1.0, 5.0, 20.0):
        for label in (0, 1):
            ours, theirs = (
                (kinematics.transverse_momentum(jets.constituents[jets.label == label, :32])
                 > threshold).sum(axis=1).mean()
                for jets in (generated, reference)
            )  # fmt: skip
            assert abs(ours / theirs - 1) < 0.12, (threshold, label, ours, theirs)


@pytest.mark.parametrize("name", ["nanopelican-c2-n20", "nanopelican-c2-n8j"])
def test_models_trained_on_generated_jets_lose_little_on_real_ones(generated, reference, name):
    """At most 0.01 of the AUC, even against some of the jets they were trained on."""
    run = load_run(Path(__file__).parent.parent / "models" / name)
    ours, theirs = evaluate(run, generated.select(slice(0, 12_000))), evaluate(run, reference)
    assert ours.float.auc - theirs.float.auc < 0.01


def test_what_is_generated_today_is_the_packaged_sample(fresh, generated):
    for row in compare(fresh, generated):
        assert row.p_value > 1e-4, row


def test_signs_and_axes_are_not_mixed_up(generated):
    """Beams and azimuth are symmetric: forward and backward, left and right occur alike."""
    axis = kinematics.rapidity(generated.jet), kinematics.azimuth(generated.jet)
    for value in (*axis, generated.constituents[:, 0, 1], generated.constituents[:, 0, 3]):
        assert abs((value > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(len(value))
    assert set(observables(generated)) == {"multiplicity", "mass", "pt", "leading fraction"}
