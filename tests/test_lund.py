"""Lund trees: the authors' own, an independent recursion, the cache, speed."""

from __future__ import annotations

import math
import time
from pathlib import Path

import fastjet
import numpy as np
import pytest

from triggernet.data import Jets, load_jets, mock_jets, sample_path
from triggernet.data.lund import trees as trees_module
from triggernet.data.lund.plane import ANGLES, MOMENTA, primary_plane
from triggernet.data.lund.trees import (
    PADDING,
    LundConfig,
    LundTrees,
    cached_lund_trees,
    lund_trees,
)
from triggernet.errors import ConfigError, DataError

REFERENCE = np.load(Path(__file__).parent / "data" / "lund_trees.npz")
CUTS = {
    "tree": LundConfig(),
    "tree_kt_above_1": LundConfig(ln_kt_min=0.0),
    "tree_delta_above_exp_minus_2p5": LundConfig(ln_delta_min=-2.5),
}
MOST_MS = 0.25  # a jet of 60 particles, clustering included


def jets_of(p: np.ndarray) -> Jets:
    return Jets(p, p.sum(axis=1), np.zeros(len(p), np.int64))


def reference_jets() -> Jets:
    """The 20 jets of the reference, padded."""
    p = REFERENCE["input.constituents_px_py_pz_e"][:, [3, 0, 1, 2]]
    jet = REFERENCE["input.constituent_jet_index"]
    padded = np.zeros((jet[-1] + 1, np.bincount(jet).max(), 4))
    for k in range(len(padded)):
        padded[k, : (jet == k).sum()] = p[jet == k]
    return jets_of(padded)


@pytest.mark.parametrize("name", CUTS)
def test_trees_are_those_of_the_authors(name: str) -> None:
    found = lund_trees(reference_jets(), CUTS[name])
    assert np.array_equal(found.jet, REFERENCE[f"{name}.node_jet_index"])
    assert np.array_equal(found.parent, REFERENCE[f"{name}.node_parent_index_within_jet"])
    expected = REFERENCE[f"{name}.node_features"]  # stored by the authors in float32
    assert np.abs(found.values - expected).max() < 3e-5


def recursion(jet: fastjet.PseudoJet, rows: list[list[float]], parents: list[int], at: int) -> None:
    """The definition, word by word, on FastJet's history."""
    hard, soft = fastjet.PseudoJet(), fastjet.PseudoJet()
    if not jet.has_parents(hard, soft):
        return
    if soft.pt() > hard.pt():
        hard, soft = soft, hard
    delta = max(1e-6, hard.delta_R(soft))
    turn = hard.phi() - soft.phi()
    psi = math.atan((hard.rap() - soft.rap()) / turn) if turn else 0.0
    ln_m = 0.5 * math.log(max(abs((hard + soft).m2()), 1e-12))
    z = soft.pt() / (hard.pt() + soft.pt())
    rows.append([math.log(z), math.log(delta), psi, ln_m, math.log(soft.pt() * delta)])
    parents.append(at)
    here = len(rows) - 1
    recursion(hard, rows, parents, here)
    recursion(soft, rows, parents, here)


def test_a_thousand_jets_against_an_independent_recursion() -> None:
    jets = mock_jets(1000, 3)
    found = lund_trees(jets)
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)
    for k, (p, present) in enumerate(zip(jets.constituents, jets.present, strict=True)):
        particles = [fastjet.PseudoJet(*map(float, q[[1, 2, 3, 0]])) for q in p[present]]
        sequence = fastjet.ClusterSequence(particles, definition)
        rows: list[list[float]] = []
        parents: list[int] = []
        recursion(sequence.inclusive_jets()[0], rows, parents, -1)
        mine = slice(found.start[k], found.start[k + 1])
        assert found.parent[mine].tolist() == parents, k
        difference = np.abs(found.values[mine] - np.array(rows))
        # ln m of a nearly massless pair is the rounding of its four-momentum.
        massive = np.array(rows)[:, 3] > math.log(1e-3)
        assert difference[:, [0, 1, 2, 4]].max() < 1e-5, k
        assert difference[massive, 3].max(initial=0) < 1e-3, k


def test_the_primary_plane_is_reached_along_harder_branches() -> None:
    found = lund_trees(mock_jets(50, 5))
    for k in range(len(found)):
        nodes = slice(found.start[k], found.start[k + 1])
        parent, primary = found.parent[nodes], found.primary[nodes]
        assert primary[0]
        assert all(primary[parent[i]] for i in range(1, len(parent)) if primary[i])
        siblings = np.bincount(parent[1:][primary[1:]], minlength=1)
        assert siblings.max() <= 1  # of two branches one at most is the harder


def test_the_order_and_place_of_the_constituents_do_not_matter() -> None:
    jets = mock_jets(20, 7)
    order = np.random.default_rng(1).permutation(jets.constituents.shape[1])
    shuffled = jets_of(jets.constituents[:, order])
    one, other = lund_trees(jets), lund_trees(shuffled)
    assert np.array_equal(one.parent, other.parent)
    assert np.allclose(one.values[:, [0, 1, 4]], other.values[:, [0, 1, 4]], atol=1e-5)


def test_jets_that_do_not_split_have_one_node_of_zeros() -> None:
    p = mock_jets(3, 1).constituents.copy()
    p[0, 1:] = 0
    p[1] = 0
    found = lund_trees(jets_of(p))
    assert np.diff(found.start)[:2].tolist() == [1, 1]
    assert not found.values[:2].any()
    assert found.parent[:2].tolist() == [-1, -1]
    cut = lund_trees(jets_of(p), LundConfig(ln_kt_min=50.0))
    assert np.diff(cut.start).tolist() == [1, 1, 1]


def test_padding_keeps_trees_whole() -> None:
    found = lund_trees(mock_jets(30, 2))
    sizes = np.diff(found.start)
    wide, wide_parent = found.padded(int(sizes.max()))
    assert np.array_equal(wide[wide_parent > PADDING], found.values)
    cut, parent = found.padded(6)
    assert cut.shape == (30, 6, 5)
    assert np.array_equal(cut, wide[:, :6])
    assert np.array_equal(parent, wide_parent[:, :6])
    assert ((parent < np.arange(6)) | (parent == PADDING)).all()


def test_trees_are_cached_by_jets_and_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trees_module, "FEW", 2)
    jets, made = mock_jets(20, 4), []

    def counted(*given: object) -> LundTrees:
        made.append(given)
        return lund_trees(*given)

    monkeypatch.setattr(trees_module, "lund_trees", counted)
    first = cached_lund_trees(jets)
    again = cached_lund_trees(jets)
    assert len(made) == 1
    for name in ("values", "parent", "primary", "start"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    cached_lund_trees(jets, LundConfig(ln_kt_min=0.0))
    cached_lund_trees(jets.select(slice(1, None)))
    assert len(made) == 3
    cached_lund_trees(jets.select(slice(1)))  # a jet alone is no matter of seconds
    assert len(made) == 4
    assert len(list((tmp_path / "cache" / "trees").iterdir())) == 3


def test_the_cache_keeps_a_bounded_number_of_trees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGGERNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trees_module, "FEW", 2)
    jets = mock_jets(30, 4)
    for k in range(25):
        cached_lund_trees(jets.select(slice(k, None)))
    assert len(list((tmp_path / "cache" / "trees").iterdir())) == 20


def test_strange_jets_and_cuts_are_refused() -> None:
    p = mock_jets(2, 1).constituents.copy()
    p[1, 0, 2] = np.nan
    with pytest.raises(DataError, match="not all finite"):
        lund_trees(jets_of(p))
    with pytest.raises(ConfigError, match="ln_kt_min: found nan"):
        LundConfig(ln_kt_min=math.nan)


def test_a_jet_of_sixty_particles_takes_a_quarter_of_a_millisecond_at_most() -> None:
    rng = np.random.default_rng(0)
    angles = rng.normal(0, 0.25, (2, 400, 60))
    pt = rng.exponential(8, (400, 60)) + 0.3
    x, y, z = pt * np.cos(angles[0]), pt * np.sin(angles[0]), pt * np.sinh(angles[1])
    jets = jets_of(np.stack([pt * np.cosh(angles[1]), x, y, z], 2))
    lund_trees(jets)  # compiled now
    times = []
    for _ in range(5):
        started = time.process_time()
        lund_trees(jets)
        times.append(time.process_time() - started)
    assert 1e3 * min(times) / len(jets) < MOST_MS


def test_the_primary_plane_of_qcd_is_filled_by_the_running_coupling() -> None:
    """Reference jets of QCD against 2 alpha_s(kT) C_R / pi, to a few ten per cent of it."""
    jets = load_jets(sample_path("toptag_reference"))
    density = primary_plane(lund_trees(jets.select(jets.label == 0)))
    angle, momentum = (0.5 * (edges[1:] + edges[:-1]) for edges in (ANGLES, MOMENTA))
    wide = (angle > 0.6) & (angle < 2.0)  # inside the jet, above the granularity of the detector
    for low, high in ((1.0, 2.0), (2.0, 3.0), (3.0, 4.0)):
        hard = (momentum > low) & (momentum < high)
        found = density[np.ix_(wide, hard)].mean()
        coupling = 12 * math.pi / (23 * 2 * ((low + high) / 2 - math.log(0.2)))  # 5 flavours
        quarks, gluons = (2 * coupling * colour / math.pi for colour in (4 / 3, 3))
        assert 0.7 * quarks < found < 1.3 * gluons, (low, found, quarks, gluons)
    by_momentum = density[wide].mean(axis=0)
    rising = [by_momentum[(momentum > k) & (momentum < k + 1)].mean() for k in range(1, 5)]
    assert rising == sorted(rising, reverse=True)  # the softer, the more
    # Nothing is softer than the kinematic limit: kT < pT Delta / 2 of a jet of up to 650 GeV.
    above = momentum[None] > np.log(650 / 2) - angle[:, None] + 0.5
    assert density[above].sum() < 1e-3 * density.sum()


def test_a_plane_counts_splittings_of_a_jet() -> None:
    trees = lund_trees(mock_jets(40, 6))
    inside = trees.values[trees.primary]
    kept = (-inside[:, 1] > ANGLES[0]) & (-inside[:, 1] < ANGLES[-1])
    kept &= (inside[:, 4] > MOMENTA[0]) & (inside[:, 4] < MOMENTA[-1])
    area = (ANGLES[1] - ANGLES[0]) * (MOMENTA[1] - MOMENTA[0])
    assert primary_plane(trees).sum() * area == pytest.approx(kept.sum() / 40)
