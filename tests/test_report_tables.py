"""Budgets and parts: the package's tables, the user's own files, and the verdict on figures."""

from __future__ import annotations

import pytest

from triggernet.errors import ConfigError, UsageError
from triggernet.named import read_table
from triggernet.parts import RESOURCES, load_part
from triggernet.parts import TABLE as PARTS
from triggernet.reports.budgets.tables import TABLE as BUDGETS
from triggernet.reports.budgets.tables import load_budget
from triggernet.reports.budgets.verdict import judge, overall
from triggernet.reports.cost.figures import Error, Figure, best
from triggernet.reports.cost.hardware import Clock
from triggernet.reports.cost.slack import SetupSlack

OWN = """title: Our trigger
latency_ns: 1000
algorithm_share: 0.25
time_multiplexing: 2
jets_per_event: 4
resource_share: 0.5
"""
PART = "{title: Ours, lut: 100, ff: 200, dsp: 10, bram: 4, slrs: 2}"


def figures(**values):
    made = {
        "latency_ns": 60.0,
        "interval_cycles": 1,
        "lut": 50,
        "ff": 100,
        "dsp": 5,
        "bram": 2,
    } | values
    return {
        k: v if isinstance(v, Figure) else Figure(v, "estimated", "t", "1")
        for k, v in made.items()
        if v is not None
    }


def own(tmp_path):
    (tmp_path / "ours.yaml").write_text(OWN)
    (tmp_path / "chip.yml").write_text(PART)
    return load_budget(tmp_path / "ours.yaml"), load_part(str(tmp_path / "chip.yml"))


def verdicts(tmp_path, found, timing=None):
    lines = judge(found, *own(tmp_path), Clock(5.0), timing)
    return {line.name: line.verdict for line in lines}, overall(lines)


def test_every_entry_of_the_tables_can_be_loaded():
    assert {"l1", "cms-phase2", "atlas"} <= set(read_table(BUDGETS))
    for name in read_table(BUDGETS):
        budget = load_budget(name)
        assert budget.name == name
        assert budget.source
        assert budget.algorithm_ns <= budget.latency_ns
    for name in read_table(PARTS):
        assert load_part(name).name == name
        assert load_part(name).device.startswith(f"{name}-")


def test_level_1_is_4_us_and_one_jet_a_bunch_crossing():
    budget = load_budget("l1")
    assert (budget.latency_ns, budget.interval_ns) == (4000, 25)


def test_the_correlator_takes_16_jets_in_six_bunch_crossings_at_360_mhz():
    budget = load_budget("cms-phase2")
    assert budget.interval_ns == pytest.approx(150 / 16)
    assert budget.clock_mhz == 360


def test_a_part_is_found_by_its_full_name():
    part = load_part("XCVU13P-flga2577-2-e")
    assert (part.lut, part.ff, part.dsp, part.bram, part.slrs) == (
        1_728_000,
        3_456_000,
        12_288,
        5_376,
        4,
    )


@pytest.mark.parametrize(
    ("load", "kind", "known"),
    [(load_budget, "budget", "l1, cms-phase2"), (load_part, "part", "xcvu13p, xcvu9p")],
)
def test_an_unknown_name_lists_the_known_ones(load, kind, known):
    with pytest.raises(UsageError, match=f"no {kind} 'nowhere'; known are {known}"):
        load("nowhere")


def test_a_file_of_the_users_own(tmp_path):
    budget, part = own(tmp_path)
    assert (budget.name, budget.algorithm_ns, budget.interval_ns) == ("ours", 250, 12.5)
    assert (part.name, part.total("dsp")) == ("chip", 10)


@pytest.mark.parametrize(
    ("load", "text", "message"),
    [
        (load_budget, OWN + "latenci: 3\n", "latenci: unknown key"),
        (load_budget, OWN.replace("0.25", "1.5"), "algorithm_share = 1.5 is not a share"),
        (load_budget, OWN.replace("1000", "0"), "latency_ns = 0.0 is not above 0"),
        (load_budget, OWN + "clock_mhz: -1\n", "clock_mhz = -1.0 is not above 0"),
        (load_part, PART.replace("dsp: 10", "dsp: 0"), "dsp = 0 is below 1"),
    ],
)
def test_a_bad_file_is_refused_by_key(tmp_path, load, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path / "bad.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_budget(tmp_path / "none.yaml")


def test_everything_at_its_limit_is_met(tmp_path):
    found, verdict = verdicts(tmp_path, figures(latency_ns=250.0, interval_cycles=2))
    assert verdict == "met"
    assert set(found.values()) == {"met"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"latency_ns": 250.5}, "latency"),
        ({"interval_cycles": 3}, "interval"),
        ({"lut": 51}, "lut"),
        ({"ff": 101}, "ff"),
        ({"dsp": 6}, "dsp"),
        ({"bram": 3}, "bram"),
    ],
)
def test_each_line_can_fail_alone(tmp_path, values, line):
    found, verdict = verdicts(tmp_path, figures(**values))
    assert verdict == "failed"
    assert [name for name, each in found.items() if each == "failed"] == [line]


@pytest.mark.parametrize("absent", ["latency_ns", "interval_cycles", *RESOURCES])
def test_what_is_not_known_is_not_decided(tmp_path, absent):
    _, verdict = verdicts(tmp_path, figures(**{absent: None}))
    assert verdict == "unknown"


def test_a_failed_line_decides_whatever_else_is_not_known(tmp_path):
    assert verdicts(tmp_path, figures(lut=None, ff=101))[1] == "failed"


def test_margins_and_shares():
    budget, part = load_budget("l1"), load_part("xcvu13p")
    lines = {line.name: line for line in judge(figures(lut=43200), budget, part, Clock(5.0), None)}
    assert lines["latency"].margin == pytest.approx(1 - 60 / 400)
    assert lines["interval"].margin == pytest.approx(0.8)
    assert lines["lut"].margin == pytest.approx(0.75)
    assert lines["lut"].slr == pytest.approx(0.1)
    assert lines["latency"].whole == 4000


def test_the_unfavourable_end_of_an_error_is_judged_too(tmp_path):
    lut = Figure(40, "estimated", "t", "1", Error(30, 60, "some designs"))
    lines = judge(figures(lut=lut), *own(tmp_path), Clock(5.0), None)
    line = next(line for line in lines if line.name == "lut")
    assert (line.verdict, line.at_worst) == ("met", "failed")


def test_the_clock_of_a_budget_must_be_the_projects():
    budget, part = load_budget("cms-phase2"), load_part("xcvu13p")
    for period, verdict in ((2.78, "met"), (5.0, "failed"), (2.0, "failed")):
        lines = judge(figures(), budget, part, Clock(period), None)
        assert next(line for line in lines if line.name == "clock").verdict == verdict


def test_a_clock_that_is_not_reached_fails(tmp_path):
    for slack, verdict in ((-0.1, "failed"), (0.0, "met"), (0.4, "met")):
        found, _ = verdicts(tmp_path, figures(), timing=SetupSlack(slack, 5.0, "timing.rpt"))
        assert found["timing"] == verdict


def test_the_most_trusted_figure_is_shown():
    order = ("estimated", "synthesised", "simulated", "placed", "routed", "exact")
    made = [{"lut": Figure(k, how, "t", "1")} for k, how in enumerate(order)]
    for k in range(len(order)):
        assert best(made[: k + 1])["lut"].how == order[k]
        assert best(made[: k + 1][::-1])["lut"].how == order[k]
    first, second = (Figure(v, "estimated", "t", "1") for v in (1, 2))
    assert best([{"lut": first}, {"lut": second}])["lut"] is first
