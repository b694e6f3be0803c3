"""Models in words: their numbers against independent ones, their order, their pages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import triggernet as tn
from triggernet.cli import main
from triggernet.data import EncodingConfig, Jets, kinematics, mock_jets, save_jets
from triggernet.errors import ModelError, UsageError
from triggernet.learning.models import model_family
from triggernet.learning.models.nanopelican.config import NanoPelicanConfig
from triggernet.learning.models.nanopelican.network import NanoPELICAN
from triggernet.learning.models.nanopelican.reading import READING
from triggernet.learning.models.pair_function import COEFFICIENTS, PairConstraints, constraints
from triggernet.learning.training.features import float_inputs
from triggernet.studies.interpret.agreement import agreement, matched, minima
from triggernet.studies.interpret.channels import Reading, read, rearranged
from triggernet.studies.interpret.observed import Observed, mass_drop
from triggernet.studies.interpret.planes import planes
from triggernet.studies.interpret.profiles import profiles
from triggernet.studies.interpret.sentences import diagonal_formula, formula

ZOO = Path(__file__).parents[1] / "models"
N = 8
CONFIGS = (
    NanoPelicanConfig(),
    NanoPelicanConfig(tied=True, aggregates="jet"),
    NanoPelicanConfig(n_channels=3, spurion_jet=True, spurion_beams=True),
    NanoPelicanConfig(n_scaled=True),
    NanoPelicanConfig(batch_norm=True, aggregates="jet"),
)


@pytest.fixture(scope="module")
def jets() -> Jets:
    return mock_jets(400, 3)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, jets: Jets) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    save_jets(path, jets)
    return path


def trained_like(config: NanoPelicanConfig, seed: int = 0) -> NanoPELICAN:
    """A model with random parameters everywhere, batch norm's own included."""
    torch.manual_seed(seed)
    model = NanoPELICAN(config, N)
    for name, values in model.state_dict().items():
        if name.endswith("variance"):
            values.uniform_(0.5, 2.0)
        elif values.is_floating_point():
            values.normal_(0, 0.5)
    return model.eval()


def momenta_of(jets: Jets, encoding: EncodingConfig) -> dict[str, np.ndarray]:
    return {name: x.numpy() for name, x in float_inputs(jets, encoding).items()}


def reading_of(config: NanoPelicanConfig, jets: Jets, seed: int = 0) -> Reading:
    encoding = EncodingConfig(n_constituents=N, jet=True)
    inputs = momenta_of(jets, encoding)
    function = READING.of_model(trained_like(config, seed), encoding)
    assert isinstance(function, PairConstraints)
    return read(function, inputs["momenta"], inputs["jet"], jets.label, N)


@pytest.mark.parametrize("config", CONFIGS)
def test_constraints_are_the_model(config: NanoPelicanConfig, jets: Jets):
    encoding = EncodingConfig(n_constituents=N, jet=True)
    model, inputs = trained_like(config), float_inputs(jets, encoding)
    with torch.no_grad():
        logits = model(inputs).numpy()
    found = reading_of(config, jets)
    np.testing.assert_allclose(found.score, logits, rtol=1e-9, atol=1e-9 * np.abs(logits).max())
    at = found.constraints.at(N)
    assert set(np.unique(at["sign"])) <= {-1.0, 0.0, 1.0}
    assert set(np.unique(at["diagonal_slope"])) <= {-1.0, 0.0, 1.0}
    assert (at["row"] >= at["column"]).all()


def test_the_channel_that_separates_most_comes_first(jets: Jets):
    found = reading_of(NanoPelicanConfig(n_channels=3), jets)
    apart = [abs(channel.auc - 0.5) for channel in found.channels]
    assert apart == sorted(apart, reverse=True)
    for c, channel in enumerate(found.channels):
        for kind in (0, 1):
            mean = found.added[jets.label == kind, c].mean()
            assert channel.added[kind] == pytest.approx(mean, rel=1e-12)


def test_shares_of_pairs_that_pass_are_counted(jets: Jets):
    encoding = EncodingConfig(n_constituents=N, jet=True)
    found = reading_of(NanoPelicanConfig(), jets)
    p = momenta_of(jets, encoding)["momenta"]
    metric = np.diag([1.0, -1, -1, -1])
    own = found.channels[0].coefficients
    passed, total = [0, 0], [0, 0]
    for jet, label in zip(p, jets.label, strict=True):
        known = jet[jet[:, 0] > 0]
        J = known.sum(0)
        for i, first in enumerate(known):
            for j, second in enumerate(known):
                if i != j:
                    pair = first + second
                    z = own["sign"] * (pair @ metric @ pair)
                    z += own["row"] * (first @ metric @ J) + own["column"] * (second @ metric @ J)
                    z += own["jet"] * (J @ metric @ J) + own["constant"]
                    passed[label] += z > 0
                    total[label] += 1
    shares = [k / n for k, n in zip(passed, total, strict=True)]
    assert found.channels[0].passing == pytest.approx(shares, rel=1e-3)


def from_json(name: str) -> list[dict[str, float]]:
    """Coefficients of both channels from the integers of a program's file, by hand."""
    content = json.loads((ZOO / name / "program.json").read_text())
    nodes = {node["output"]: node["attributes"] for node in content["nodes"]}

    def values(tensor: str, key: str) -> list[float]:
        own = nodes[tensor]
        step = 2.0 ** (own[f"{key}_integer"] - own[f"{key}_width"])
        return [code * step for code in own[key]]

    tied, signs = nodes["s"]["tied"], nodes["s"]["signs"]
    slopes, shared, constant = (values("a", k) for k in ("weight", "context_weight", "bias"))
    found = []
    for c in (0, 1):
        other = c if tied else c + 2
        both = sorted([2 * slopes[c], 2 * slopes[other]], reverse=True)
        size = abs(values("g", "weight")[c])
        found.append(
            {
                "sign": float(signs[c]),
                "row": both[0],
                "column": both[1],
                "jet": 2 * (shared[c] + shared[other]),
                "constant": 2 * (constant[c] + constant[other]),
                "pair_weight": values("score", "weight")[c] / (4 if tied else 2),
                "diagonal_slope": values("g", "weight")[c] / size,
                "diagonal_jet": values("g", "context_weight")[c] / size,
                "diagonal_constant": values("g", "bias")[c] / size,
                "diagonal_weight": values("score", "context_weight")[c] * size,
            }
        )
    return found


@pytest.mark.parametrize("name", ["nanopelican-c2-n20", "nanopelican-c2-n8j"])
def test_the_page_says_what_the_integers_of_the_firmware_say(
    name: str, sample: Path, tmp_path: Path
):
    page = tmp_path / "page.json"
    assert main(["interpret", str(ZOO / name), "--data", str(sample), "-o", str(page)]) == 0
    (run,) = json.loads(page.read_text())["runs"]
    shown = [channel["coefficients"] for channel in run["integers"]["channels"]]
    by_hand = from_json(name)
    assert sorted(shown, key=str) == sorted(by_hand, key=str)  # exactly: codes times powers of two
    for one, other in zip(run["float"]["channels"], run["integers"]["channels"], strict=True):
        for key in ("constant", "pair_weight"):  # the same channel, and no factor of two between
            exact, integer = (each["coefficients"][key] for each in (one, other))
            assert integer == pytest.approx(exact, rel=0.2)
    masses = [channel["mass_gev"] for channel in run["integers"]["channels"]]
    expected = {
        round((-own["constant"] / own["jet"]) ** 0.5, 9)
        for own in by_hand
        if own["constant"] * own["jet"] < 0
    }
    assert {round(mass, 9) for mass in masses if mass is not None} == expected


def scrambled(found: PairConstraints) -> PairConstraints:
    """The same function with channels exchanged, scaled, and i and j exchanged."""
    tables = {name: getattr(found, name)[:, ::-1] for name in COEFFICIENTS}
    sizes = {"sign": 3.0, "diagonal_slope": 0.25}
    for name in ("row", "column", "jet", "constant"):
        tables[name] = tables[name] * sizes["sign"]
    for name in ("diagonal_slope", "diagonal_jet", "diagonal_constant"):
        tables[name] = tables[name] * sizes["diagonal_slope"]
    tables["pair_weight"] = tables["pair_weight"] / sizes["sign"]
    tables["diagonal_weight"] = tables["diagonal_weight"] / sizes["diagonal_slope"]
    tables["row"], tables["column"] = tables["column"], tables["row"]
    sign = tables.pop("sign")[0] * sizes["sign"]
    about = {"n_constituents": found.n_constituents, "aggregates": found.aggregates}
    return constraints(sign, tables, found.bias, **about)


def test_equal_functions_have_equal_coefficients(jets: Jets):
    first = reading_of(NanoPelicanConfig(), jets)
    inputs = momenta_of(jets, EncodingConfig(n_constituents=N, jet=True))
    other = read(scrambled(first.constraints), inputs["momenta"], inputs["jet"], jets.label, N)
    worse = replace(rearranged(other, [1, 0]), auc=first.auc - 0.1)
    one, two = matched([first, worse])
    found = agreement(["a", "b"], [one, two])
    for channel in found.channels:
        for name in COEFFICIENTS:
            assert channel[name].std == pytest.approx(0, abs=1e-9 * abs(channel[name].mean))
            assert channel[name].agrees
    assert found.alike == pytest.approx((1.0, 1.0), abs=1e-12)
    assert found.score == pytest.approx(1.0, abs=1e-12)


def test_trainings_of_one_minimum_are_found_among_others(jets: Jets):
    first, other, third = (reading_of(NanoPelicanConfig(), jets, seed) for seed in (1, 2, 5))
    same = replace(rearranged(first, [1, 0]), auc=first.auc - 0.01)
    (found,) = minima(["a", "b", "c", "d"], [other, first, third, same])
    assert found.runs == ("b", "d")
    assert found.alike == pytest.approx((1.0, 1.0), abs=1e-12)
    assert all(channel[name].std == 0 for channel in found.channels for name in COEFFICIENTS)
    assert minima(["a", "b", "c"], [first, other, third]) == ()


@pytest.mark.parametrize("constant", [0.0, 0.3])
def test_a_channel_that_adds_the_same_to_every_jet_is_like_one_that_does_too(
    jets: Jets, constant: float
):
    first, other = (reading_of(NanoPelicanConfig(), jets, seed) for seed in (1, 2))
    added = first.added.copy()
    added[:, 1] = constant
    dead = replace(first, added=added)
    same = replace(rearranged(dead, [1, 0]), auc=dead.auc - 0.01)
    (group,) = minima(["a", "b", "c"], [dead, other, same])
    assert group.runs == ("a", "c")
    assert group.alike == pytest.approx((1.0, 1.0), abs=1e-12)
    assert minima(["a", "b"], [dead, other]) == ()  # and comes to an end


def test_different_trainings_do_not_agree(jets: Jets):
    readings = [reading_of(NanoPelicanConfig(), jets, seed) for seed in (1, 2, 5)]
    found = agreement(["a", "b", "c"], matched(readings))
    assert not all(channel[name].agrees for channel in found.channels for name in COEFFICIENTS)
    values = [reading.channels[0].coefficients["constant"] for reading in matched(readings)]
    spread = found.channels[0]["constant"]
    assert (spread.mean, spread.std) == pytest.approx((np.mean(values), np.std(values, ddof=1)))


def test_a_constraint_reads_as_a_formula(jets: Jets):
    tables = {name: np.array([[1.0]]) for name in COEFFICIENTS if name != "sign"}
    tables |= {"row": np.array([[-0.07]]), "column": np.array([[-0.07]])}
    tables |= {"jet": np.array([[0.0024]]), "constant": np.array([[-8.9]])}
    tables |= {"diagonal_slope": np.array([[-2.0]]), "diagonal_constant": np.array([[34.0]])}
    made = constraints(np.array([-1.0]), tables, np.array([0.5]), n_constituents=N)
    inputs = momenta_of(jets, EncodingConfig(n_constituents=N, jet=True))
    (channel,) = read(made, inputs["momenta"], inputs["jet"], jets.label, N).channels
    assert formula(channel) == "−m_ij² − 0.07 (p_i + p_j)·J + 0.0024 m_J² − 8.9 GeV² > 0"
    assert diagonal_formula(channel) == "−p_i·J + 0.5 m_J² + 17 GeV² > 0"
    assert channel.mass_gev == pytest.approx((8.9 / 0.0024) ** 0.5)
    assert channel.diagonal_mass_gev is None
    assert channel.coefficients["diagonal_weight"] == 2.0


def test_planes_draw_the_constraint(jets: Jets):
    observed = Observed.of(jets)
    inputs = momenta_of(jets, EncodingConfig(n_constituents=N, jet=True))
    function = READING.of_model(
        trained_like(NanoPelicanConfig(tied=True)), EncodingConfig(n_constituents=N, jet=True)
    )
    assert isinstance(function, PairConstraints)
    found = read(function, inputs["momenta"], inputs["jet"], jets.label, N)
    drawn = planes(found, inputs["momenta"], inputs["jet"], observed, jets.classes)
    seen = 0
    for c, channel in enumerate(drawn):
        own = found.channels[c].coefficients
        for plane in (each for each in channel if len(each.line)):
            assert plane.symmetric
            assert 0 <= plane.passing <= 1
            rest = own["sign"] * plane.line[:, 1] + own["row"] * plane.line[:, 0]
            assert np.ptp(rest) == pytest.approx(0, abs=1e-9 * np.abs(plane.line).max())
            seen += len(plane.line)
    assert seen > 0


def test_trends_are_those_at_one_mass_and_class():
    rng = np.random.default_rng(1)
    n = 4000
    label, mass = rng.integers(0, 2, n), rng.uniform(50, 250, n)
    count, drop = rng.normal(40 + 0.1 * mass, 5), rng.uniform(0, 1, n)
    observed = Observed(label, mass, count, drop)
    # With the mass the multiplicity grows as well, and the score falls steeply.
    score = -mass + 0.05 * (count - 0.1 * mass) - drop
    _, counts, drops = profiles(score, observed, ("qcd", "top"))
    assert counts.mean["qcd"][-1] < counts.mean["qcd"][0]
    assert counts.at_fixed_mass > 0 > drops.at_fixed_mass
    assert np.corrcoef(count, score)[0, 1] < 0


def test_mass_drop_of_jets_made_by_hand():
    def jet(*particles: tuple[float, float, float]) -> Jets:
        columns = np.array(particles).T[:, None]
        p = kinematics.massless(*columns)
        return Jets(p, p.sum(1), np.array([1]), ("qcd", "top"), {})

    two = jet((300.0, 0.0, 0.0), (200.0, 0.4, 0.0))
    assert mass_drop(two) == pytest.approx([0.0])  # the harder branch is one particle
    three = jet((300.0, 0.0, 0.0), (100.0, 0.1, 0.0), (200.0, 0.7, 0.0))
    inner = kinematics.mass(three.constituents[0, :2].sum(0))
    assert mass_drop(three) == pytest.approx([inner / kinematics.mass(three.jet[0])], rel=1e-5)
    soft = jet((300.0, 0.0, 0.0), (1.0, 0.7, 0.0))
    assert mass_drop(soft) == pytest.approx([1.0])  # nothing symmetric


def test_messages_against_the_mass_of_a_pair(jets: Jets):
    run = tn.load_run(ZOO / "semiequivariant-n8")
    family = model_family("semiequivariant")
    assert family.reading is not None
    function = family.reading.of_model(run.float_model, run.config.encoding)
    masses = np.array([0.5, 20.0, 200.0])
    values = function.curve(masses)
    assert values.shape == (3, run.config.model.n_scalars)
    momenta = float_inputs(jets, run.config.encoding)["momenta"][:1, :2]
    d = momenta[0, 0] * momenta[0, 1]
    pair = float(torch.sqrt(2 * (d[0] - d[1:].sum())))
    iteration = run.float_model.iterations[0]
    kept = []
    hook = iteration.phi_s.register_forward_hook(lambda _m, _i, edges: kept.append(edges))
    with torch.no_grad():
        run.float_model(
            {"momenta": momenta, "jet": float_inputs(jets, run.config.encoding)["jet"][:1]}
        )
    hook.remove()
    seen = kept[0][0, 0, 1].numpy()  # between both constituents of a real jet
    np.testing.assert_allclose(function.curve(np.array([pair]))[0], seen, rtol=1e-4, atol=1e-5)


def test_a_model_without_a_feature_does_not_see_it(jets: Jets):
    run = tn.load_run(ZOO / "semiequivariant-n8")
    reading = model_family("semiequivariant").reading
    assert reading is not None
    function = reading.of_model(run.float_model, run.config.encoding)
    inputs = float_inputs(jets.select(slice(50)), run.config.encoding)
    mirrored = {name: x.clone() for name, x in inputs.items()}
    mirrored["momenta"][..., 2] *= -1  # d_phi changes its sign, everything else stays
    blind = function.without("d_phi")
    with torch.no_grad():
        np.testing.assert_allclose(blind(inputs), blind(mirrored), rtol=1e-4, atol=1e-4)
        assert (run.float_model(inputs) - run.float_model(mirrored)).abs().max() > 1e-2


def test_pages_of_several_runs(sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    runs = [str(ZOO / f"nanopelican-c2-{name}") for name in ("n8j", "n8c")]
    pages = [tmp_path / f"page.{kind}" for kind in ("html", "md", "json")]
    for page in pages:
        assert main(["interpret", *runs, "--data", str(sample), "-o", str(page)]) == 0
    assert "2 trainings, AUC" in capsys.readouterr().out
    html, text, content = (page.read_text() for page in pages)
    assert "<script" not in html
    assert "Do the trainings agree?" in html
    assert "Do the trainings agree?" in text
    found = json.loads(content)
    assert found["agreement"]["runs"] == ["nanopelican-c2-n8j", "nanopelican-c2-n8c"]
    assert len(found["agreement"]["channels"][0]["constant"]["values"]) == 2


def test_the_curves_have_a_page(sample: Path, tmp_path: Path):
    found = tn.interpret([ZOO / "semiequivariant-n8"], data=sample, out=tmp_path / "page.html")
    assert "Messages against the mass of the pair" in (tmp_path / "page.html").read_text()
    (run,) = found.as_dict()["runs"]
    assert set(run["float"]["auc_lost_without"]) == {
        "d_eta",
        "d_phi",
        "log pT",
        "log E",
        "log pT/pT_jet",
        "log E/E_jet",
        "dR",
    }
    assert found.agreement is None


def test_what_cannot_be_read_is_refused(sample: Path):
    with pytest.raises(ModelError, match="'deepsets', which states no function of pairs.*nanopel"):
        tn.interpret([ZOO / "deepsets-n8"], data=sample)
    run = ZOO / "nanopelican-c2-n8j"
    with pytest.raises(UsageError, match="2 runs are given, 1 of them different"):
        tn.interpret([run, run], data=sample)
    with pytest.raises(UsageError, match="0 runs are given"):
        tn.interpret([], data=sample)
    with pytest.raises(UsageError, match="must be one of .json, .md, .html"):
        tn.interpret([run], data=sample, out="page.pdf")
    several = trained_like(NanoPelicanConfig())
    several.n_outputs = 3
    with pytest.raises(ModelError, match="the model has 3 outputs"):
        READING.of_model(several, EncodingConfig())
