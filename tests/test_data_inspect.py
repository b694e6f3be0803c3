"""Looking at jets: numbers, comparisons, plots, and the three commands for data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from triggernet import cli
from triggernet.data import Jets, kinematics, load_jets, mock_jets, sample_path, save_jets
from triggernet.data.distributions import compare, mass_peak, mass_threshold, observables
from triggernet.data.inspection import as_text, describe
from triggernet.data.plots import bins, normalised, plot_jets, ratio, upright
from triggernet.errors import DataError, UsageError

JETS = mock_jets(400, seed=1)


def test_observables_of_a_known_jet():
    p = kinematics.massless(
        np.array([[30.0, 20.0, 0.0]]), np.zeros((1, 3)), np.array([[0.0, np.pi / 2, 0]])
    )
    jets = Jets(p, p.sum(axis=1), np.zeros(1, int))
    found = observables(jets)
    np.testing.assert_allclose(found["multiplicity"], 2)
    np.testing.assert_allclose(found["pt"], np.hypot(30, 20))
    np.testing.assert_allclose(found["mass"], np.sqrt(2 * 30 * 20))
    np.testing.assert_allclose(found["leading fraction"], 30 / np.hypot(30, 20))


def test_mass_threshold_counts_pairs():
    jets = JETS.select(slice(0, 100))
    mass = kinematics.mass(jets.jet)
    signal, background = mass[jets.label == 1], mass[jets.label == 0]
    expected = (signal[:, None] > background[None]).mean()
    np.testing.assert_allclose(mass_threshold(jets).auc, expected)
    with pytest.raises(DataError, match="need both"):
        mass_threshold(jets.select(jets.label == 1))


def test_mass_threshold_of_equal_masses_is_half():
    jets = replace(JETS, jet=np.tile([500.0, 400.0, 0, 0], (len(JETS), 1)))
    assert mass_threshold(jets).auc == 0.5


def test_error_of_the_auc_is_that_of_repeated_samples():
    aucs = [mass_threshold(mock_jets(400, seed)).auc for seed in range(60)]
    np.testing.assert_allclose(mass_threshold(JETS).error, np.std(aucs), rtol=0.35)


def test_mass_peak_of_a_known_distribution():
    mass = np.random.default_rng(2).normal(173, 10, 20_000)
    jet = np.stack([np.hypot(600, mass), np.full(20_000, 600.0), 0 * mass, 0 * mass], axis=-1)
    jets = Jets(np.zeros((20_000, 1, 4)), jet, np.ones(20_000, int))
    peak = mass_peak(jets)
    assert abs(peak.position - 173) < 0.5
    assert abs(peak.width - 10) < 0.5
    # Of a normal distribution: sqrt(pi / 2) and 1.07 (quantiles at one sigma) times sigma / sqrt(n)
    np.testing.assert_allclose(peak.position_error, 1.25 * 10 / np.sqrt(20_000), rtol=0.25)
    np.testing.assert_allclose(peak.width_error, 1.07 * 10 / np.sqrt(20_000), rtol=0.25)
    with pytest.raises(DataError, match="0 signal jets of 5 to 6 GeV: too few"):
        mass_peak(jets, (5, 6))


def test_compare_finds_what_differs_and_only_that():
    other = mock_jets(400, seed=2)
    assert all(row.p_value > 1e-3 for row in compare(JETS, other))
    scaled = replace(other, constituents=0.5 * other.constituents)
    small = [row.observable for row in compare(JETS, scaled) if row.p_value < 1e-6]
    assert small == ["leading fraction"] * 2


def test_compare_refuses_what_cannot_be_compared():
    with pytest.raises(DataError, match=r"cannot compare jets of \('qcd', 'top'\)"):
        compare(JETS, replace(JETS, classes=("qcd", "w")))
    with pytest.raises(DataError, match="0 jets of class 'qcd'"):
        compare(JETS, JETS.select(JETS.label == 1))


def test_description_counts_every_class():
    found = describe(JETS)
    assert found["jets"] == 400
    assert found["constituents"] == 64
    assert [found["classes"][name]["jets"] for name in ("qcd", "top")] == [200, 200]
    mass = kinematics.mass(JETS.jet)[JETS.label == 1]
    np.testing.assert_allclose(found["classes"]["top"]["mass"]["median"], np.median(mass))
    only_top = describe(JETS.select(JETS.label == 1))
    assert only_top["classes"]["qcd"] == {"jets": 0}
    assert "mass_threshold" not in only_top
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_plots_are_drawn(tmp_path, suffix):
    path = tmp_path / f"page{suffix}"
    plot_jets(JETS, path, mock_jets(100, seed=3), "others")
    assert path.stat().st_size > 10_000
    if suffix == ".png":
        picture = imread(path)
        assert picture.shape[0] > 900
        assert len(np.unique((picture[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 100
    assert list(tmp_path.iterdir()) == [path]


def test_the_ratio_is_of_filled_bins_with_both_errors():
    counts, others, edges = np.array([4, 0, 9, 3]), np.array([8, 5, 0, 8]), np.arange(5.0)
    shown, value, error = ratio(normalised(counts, edges), normalised(others, edges))
    np.testing.assert_array_equal(shown, [True, False, False, True])
    expected = np.array([4 / 8, 3 / 8]) * 21 / 16
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(error, expected * np.sqrt([1 / 4 + 1 / 8, 1 / 3 + 1 / 8]))


def test_plots_of_what_cannot_be_compared_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot compare jets of"):
        plot_jets(JETS, tmp_path / "page.png", replace(JETS, classes=("qcd", "w")))


def test_the_text_tells_where_jets_come_from():
    about = {
        "source": "triggernet generate",
        "seed": 7,
        "config": "process: toptag\ndetector: coarse\n",
        "packages": json.dumps({"pythia8mc": "8.3"}),
        "statistics": json.dumps({"top": {"events_tried": 193400, "sigma_mb": 2.5e-9}}),
    }
    text = as_text(Path("a.h5"), describe(replace(JETS, provenance=about)))
    assert text.endswith(
        "source: triggernet generate\ntop: events tried 193,400, cross-section 2.50 pb\n"
        "config:\n    process: toptag\n    detector: coarse\npackages: pythia8mc 8.3\nseed: 7"
    )
    assert "top mass peak: " in text
    strange = {"statistics": "[1", "seed": None, "config": '{"a": 1}'}
    assert as_text(Path("a.h5"), describe(replace(JETS, provenance=strange)))


def test_plots_to_an_unknown_kind_of_file_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"must end in one of \.png, \.pdf, \.svg"):
        plot_jets(JETS, tmp_path / "page.bmp")


def test_images_are_upright():
    eta, phi, weight = upright(JETS)
    np.testing.assert_allclose((weight * eta * phi).sum(axis=1), 0, atol=1e-9)
    assert ((weight * phi**2).sum(axis=1) >= (weight * eta**2).sum(axis=1) - 1e-9).all()
    assert ((weight * np.sign(phi)).sum(axis=1) >= -1e-9).all()


def test_bins_of_pt_follow_the_sample():
    np.testing.assert_allclose(bins("pt", np.array([20.0, 70.0]))[[0, -1]], [20, 70])
    np.testing.assert_allclose(bins("mass", np.array([20.0]))[[0, -1]], [0, 300])


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = cli.main([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_generate_and_inspect_from_the_command_line(tmp_path, capsys):
    path = tmp_path / "w.h5"
    command = ["generate", "wtag", "--jets", "6", "--out", path, "--seed", "2"]
    command += ["--set", "selection.match=false", "--set", "n_constituents=24", "--json"]
    code, out, err = run(capsys, *command)
    assert code == 0, err
    assert json.loads(out)["jets"] == 6
    assert "generating wtag" in err
    assert "FastJet" not in err  # its banner would cut the progress bar
    assert load_jets(path).constituents.shape == (6, 24, 4)
    code, out, _ = run(capsys, "inspect", path, "--json")
    assert code == 0
    assert json.loads(out)["classes"]["w"]["jets"] == 3


def test_generate_takes_a_config_file(tmp_path, capsys):
    (tmp_path / "small.yaml").write_text("n_constituents: 5\ncollision: {pt_hat_min_gev: 450.0}\n")
    command = ["generate", "toptag", "--jets", "2", "--out", tmp_path / "jets.h5"]
    assert run(capsys, *command, "--config", tmp_path / "small.yaml")[0] == 0
    jets = load_jets(tmp_path / "jets.h5")
    assert jets.constituents.shape[1] == 5
    assert "pt_hat_min_gev: 450.0" in str(jets.provenance["config"])


def test_wrong_use_of_generate_exits_with_2(tmp_path, capsys):
    command = ["generate", "toptag", "--jets", "4", "--out", tmp_path / "jets.h5"]
    code, out, err = run(capsys, *command, "--set", "selection.pt_min=5")
    assert (code, out) == (2, "")
    assert "did you mean 'pt_min_gev'" in err
    assert not list(tmp_path.iterdir())


def test_convert_to_both_forms(tmp_path, capsys):
    source = sample_path("toptag_reference")
    code, out, _ = run(capsys, "convert", source, tmp_path / "a.h5", "--limit", "30")
    assert code == 0
    assert "30 jets of qcd, top" in out
    code, out, _ = run(
        capsys, "convert", tmp_path / "a.h5", tmp_path / "b.h5", "--compact", "12", "--json"
    )
    assert code == 0
    assert json.loads(out)["saturated"]["eta"] == 0
    plain, small = load_jets(tmp_path / "a.h5"), load_jets(tmp_path / "b.h5")
    assert small.constituents.shape == (30, 12, 4)
    np.testing.assert_array_equal(plain.multiplicity, small.multiplicity)
    np.testing.assert_allclose(kinematics.mass(plain.jet), kinematics.mass(small.jet), atol=0.3)
    assert small.provenance["identifier"] == "Zenodo 2603256"


def test_inspect_against_another_file_draws_both(tmp_path, capsys):
    for name, seed in (("a.h5", 5), ("b.h5", 6)):
        save_jets(tmp_path / name, mock_jets(60, seed))
    page = tmp_path / "page.png"
    command = ["inspect", tmp_path / "a.h5", "--against", tmp_path / "b.h5"]
    code, out, _ = run(capsys, *command, "-o", page)
    assert code == 0
    assert "KS dist." in out
    assert page.is_file()
    code, out, _ = run(capsys, *command, "--json")
    assert len(json.loads(out)["comparison"]) == 8


def test_inspect_of_a_missing_file_exits_with_2(capsys):
    code, out, err = run(capsys, "inspect", Path("nowhere.h5"))
    assert (code, out) == (2, "")
    assert "nowhere.h5 does not exist" in err
