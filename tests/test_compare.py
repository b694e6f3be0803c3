"""`triggernet compare`: one table of all runs, with what is absent."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from comparisons import by_hand, figure, row
from programs import polar_program
from project_results import synthesis

from triggernet.cli import main
from triggernet.data import mock_jets, save_jets
from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower, useful_intervals
from triggernet.errors import DataError, ModelError, UnsupportedError, UsageError
from triggernet.files import sha256_of
from triggernet.learning.evaluation import evaluate
from triggernet.learning.training import load_run, load_run_config, train
from triggernet.parts import load_part
from triggernet.reports.cost.bit_operations import bit_operations
from triggernet.reports.cost.figures import FIGURES
from triggernet.reports.pages.text import number
from triggernet.reports.report import planned, report
from triggernet.studies.compare import (
    as_html,
    as_markdown,
    as_text,
    compare,
    save_comparison,
)
from triggernet.studies.compare.contender import FLOAT_ONLY, Contender, Firmware, firmware

SCHEDULE = {
    "encoding.n_constituents": 4,
    "training.adamw.epochs": 3,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.decay_epochs": 1,
    "training.adamw.restart_epochs": 1,
    "training.adamw.batch_size": 64,
}
DEEPSETS = SCHEDULE | {
    "model.phi": [3, 2],
    "model.rho": [2],
    "training.fine_tune.epochs": 1,
    "training.fine_tune.batch_size": 64,
    "training.fine_tune.calibration_jets": 60,
}
MLP = SCHEDULE | {"model.hidden": [4], "model.activation": "silu"}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A run with a hardware form, one without, a project of the first at interval 2, and jets."""
    folder = tmp_path_factory.mktemp("compare")
    train(load_run_config(None, DEEPSETS, "deepsets"), mock_jets(300, 1), folder / "deep")
    train(load_run_config(None, MLP, "mlp"), mock_jets(300, 1), folder / "flat")
    config = RtlConfig(interval=2, clock_period_ns=4.0)
    write_export(export_run(folder / "deep"), folder / "project", rtl=config)
    save_jets(folder / "jets.h5", mock_jets(400, 2))
    return folder


@pytest.fixture(scope="module")
def found(workshop):
    runs = [workshop / name for name in ("deep", "flat", "project")]
    return compare(runs, workshop / "jets.h5", RtlConfig(interval=2, clock_period_ns=4.0))


# Runs


def test_metrics_are_those_of_evaluate(found, workshop):
    jets = mock_jets(400, 2)
    for name, each in zip(("deep", "flat"), found.rows, strict=False):
        judged = evaluate(load_run(workshop / name), jets)
        assert (each.float_metrics, each.quantised_metrics) == (judged.float, judged.quantised)
    deep, flat, project = found.rows
    assert deep.auc_difference == evaluate(load_run(workshop / "deep"), jets).auc_difference
    assert flat.auc_difference is None
    assert (deep.main, flat.main) == (deep.quantised_metrics, flat.float_metrics)
    assert project.quantised_metrics == deep.quantised_metrics
    assert [r.model for r in found.rows] == ["deepsets", "mlp", "deepsets"]


def test_hardware_is_that_of_the_exported_project_and_of_its_report(found, workshop):
    deep, _, project = (each.firmware for each in found.rows)
    reported = report(workshop / "project").figures
    assert deep.figures == project.figures == reported
    assert set(reported) == set(FIGURES)
    assert (deep.value("interval_cycles"), deep.clock_period_ns) == (2, 4.0)
    assert deep.value("latency_ns") == 4 * deep.value("latency_cycles")
    assert (deep.design, project.design) == ("RTL", "RTL")
    program = export_run(workshop / "deep").program
    assert deep.bit_operations == project.bit_operations == bit_operations(program)
    counted = lower(program, RtlConfig(interval=2, clock_period_ns=4.0))
    assert deep.value("lut") == round(counted.count.lut)


def test_without_a_hardware_form_everything_about_hardware_is_absent(found):
    values = found.as_dict()["runs"][1]
    assert values["quantised"] is values["auc_difference"] is values["bit_operations"] is None
    assert values["figures"] == dict.fromkeys(FIGURES)
    assert values["design"] is values["clock_ns"] is values["share"] is None
    assert values["absent"] == FLOAT_ONLY
    left_out = {cost: v["left_out"] for cost, v in found.as_dict()["pareto"].items()}
    assert left_out["lut"]["flat"] == left_out["latency_ns"]["flat"] == FLOAT_ONLY
    assert "flat" not in left_out["n_parameters"]
    (line,) = (text.split() for text in as_text(found).splitlines() if text.startswith("flat"))
    assert line == ["flat", *"––––", str(values["n_parameters"]), *"–––––––––"]


def test_a_synthesis_of_the_project_is_shown_with_its_origin(workshop, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(workshop / "project", project)
    synthesis(project, lut=77, ff=66, dsp=55, bram=44).save(project)
    found = compare([project, workshop / "deep"], workshop / "jets.h5")
    ours, other = (each.firmware.figures["lut"] for each in found.rows)
    assert (ours.value, ours.how, ours.tool) == (77, "synthesised", "Yosys xc7")
    assert (other.how, other.tool) == ("estimated", "triggernet netlist")
    text = as_text(found)
    assert re.search(r" 77 a +66 a +55 a +44 a +\d+ b +2 c", text)
    assert re.search(r"^a: synthesised, Yosys xc7 0.70$", text, re.MULTILINE)
    assert re.search(rf"^deep .* {number(other.value)} d ", text, re.MULTILINE)
    assert re.search(
        r"^d: estimated, triggernet netlist .*before any synthesis$", text, re.MULTILINE
    )
    assert "Note: project: Not co-simulated" in text
    assert "4 ns (project), 5 ns (deep)" in text
    assert [f["origin"] for f in found.as_dict()["pareto"]["lut"]["fronts"]] == [
        "Yosys xc7, synthesised",
        "triggernet netlist",
    ]


def test_an_interval_in_between_is_the_hardware_of_the_one_below(workshop):
    found = firmware(as_contender(workshop / "deep"), RtlConfig(interval=3))
    assert found.value("interval_cycles") == 2
    assert found.notes == ("An interval of 3 takes the same hardware as one of 2.",)


def as_contender(folder):
    return Contender("run", folder, SimpleNamespace(quantised_model=object()), None)


@pytest.fixture
def spurions(tmp_path):
    """A program that can be had at an interval of 1 only."""
    (tmp_path / "program.json").write_text(polar_program(5, beams=1).to_json())
    return as_contender(tmp_path)


def test_a_program_that_cannot_be_folded_is_shown_unrolled_and_says_so(spurions, monkeypatch):
    def unrolled(program, config):
        if config.interval > 1:
            raise UnsupportedError("node 'node_d' does not fold")
        return lower(program, config)

    monkeypatch.setattr(planned, "lower", unrolled)
    found = firmware(spurions, RtlConfig(interval=5))
    assert found.value("interval_cycles") == 1
    assert found.figures == firmware(spurions, RtlConfig()).figures
    (note,) = found.notes
    assert note.startswith("Not at an interval of 5, but at the nearest possible, 1: node 'node_d'")
    assert firmware(spurions, RtlConfig()).notes == ()


# Without spurions the useful intervals of five particles are 1, 2, 3, 5 and 10.
@pytest.mark.parametrize(
    ("asked", "refused", "nearest"), [(2, {2, 3}, 5), (5, {5, 10}, 3), (3, {3}, 5), (12, {10}, 5)]
)
def test_the_nearest_interval_above_is_taken_before_one_below(
    spurions, monkeypatch, asked, refused, nearest
):
    program = polar_program(5)
    assert useful_intervals(program) == [1, 2, 3, 5, 10]
    (spurions.folder / "program.json").write_text(program.to_json())

    def some(program, config):
        if config.interval in refused:
            raise UnsupportedError(f"node 'd' does not fold by {config.interval}")
        return lower(program, config)

    monkeypatch.setattr(planned, "lower", some)
    found = firmware(spurions, RtlConfig(interval=asked))
    assert found.value("interval_cycles") == nearest
    (note,) = found.notes
    assert note.startswith(f"Not at an interval of {asked}, but at the nearest possible, {nearest}")
    assert note.endswith(f": node 'd' does not fold by {min(refused)}.")


def test_a_program_without_verilog_keeps_its_bit_operations(spurions, monkeypatch):
    def refuse(program, config):
        raise UnsupportedError("node 'd' has no Verilog")

    monkeypatch.setattr(planned, "lower", refuse)
    found = firmware(spurions, RtlConfig())
    assert found.bit_operations == bit_operations(polar_program(5, beams=1))
    assert found.figures == {}
    assert found.absent == "no Verilog at any interval: node 'd' has no Verilog"


def test_a_model_that_cannot_be_exported_has_no_figures(spurions, monkeypatch):
    def refuse(folder):
        raise UnsupportedError("node 'x' (Tanh) cannot be lowered")

    (spurions.folder / "program.json").unlink()
    monkeypatch.setattr("triggernet.deployment.export.export_run", refuse)
    found = firmware(spurions, RtlConfig())
    assert found == Firmware(absent="cannot be exported: node 'x' (Tanh) cannot be lowered")


def test_instances_that_take_turns_are_counted_once(workshop, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(workshop / "project", project)
    design = json.loads((project / "rtl/design.json").read_text())
    (project / "rtl/design.json").write_text(json.dumps(design | {"instances": 3}))
    record = json.loads((project / "triggernet.json").read_text())
    record["files"]["rtl/design.json"] = sha256_of(project / "rtl/design.json")
    del record["seal"]  # as in records of triggernet 0.1
    (project / "triggernet.json").write_text(json.dumps(record))
    found = compare([project], workshop / "jets.h5").rows[0].firmware
    assert found.value("lut") == report(workshop / "project").figures["lut"].value
    assert found.notes[-1] == "3 instances of the design take turns; the figures are of one."


def test_runs_are_named_by_what_tells_them_apart(workshop, tmp_path):
    twin = tmp_path / "other" / "deep"
    shutil.copytree(workshop / "deep", twin)
    found = compare([workshop / "deep", twin, workshop / "flat"], workshop / "jets.h5")
    assert [each.name for each in found.rows] == [f"{workshop.name}/deep", "other/deep", "flat"]


# Output


def test_shares_are_of_the_scarcest_resource(tmp_path):
    one = row("a", 100, lut=100)
    one.firmware.figures["dsp"] = figure(30)
    assert one.share(load_part("xcvu13p")).resource == "dsp"
    part = tmp_path / "chip.yaml"
    part.write_text("{title: My Chip, lut: 1000, ff: 1, dsp: 1000, bram: 1}")
    share = one.share(load_part(part))
    assert (share.resource, share.of_part) == ("lut", 0.1)
    assert row("b", 100).share(load_part(part)) is None


def test_a_rejection_without_background_is_no_number():
    found = by_hand(row("perfect", None, lut=10), row("other", 123.4, lut=20))
    text = as_text(found)
    assert "> 20.0" in text
    assert "123 +9 −4" in text
    assert found.as_dict()["pareto"]["lut"]["left_out"] == {
        "perfect": "no background passes, so that the rejection is not known"
    }


def test_the_quantised_model_stands_above_the_float_one_with_the_loss_of_auc():
    found = by_hand(row("a", 100, lut=1490))
    first, second = as_text(found).splitlines()[8:10]
    assert " ".join(first.split()[:12]) == (
        "a 100 +9 −4 0.9400 ± 0.0200 -0.0100 ± 0.0030 0.9000 10"
    )
    assert " ".join(second.split()) == "float 100 +9 −4 0.9500 ± 0.0200 0.9000 1.0"
    assert "0.9500 ± 0.0200 (-0.0100 ± 0.0030)" in as_html(found)


def test_few_background_jets_are_said_once_for_all_runs_of_which_it_is_true():
    found = by_hand(row("a", 50, passing=9.5), row("b", 60, passing=0), row("c", 70))
    note = "Note: a, b: Fewer than 10 background jets pass, so that the rejection is hardly known."
    assert note in " ".join(as_text(found).split())
    notes = [run["quantised"]["notes"] for run in found.as_dict()["runs"]]
    assert [len(each) for each in notes] == [1, 2, 0]
    assert notes[0][0].startswith("fewer than 10 background jets pass at 30 %")


def test_the_same_note_is_said_once_for_all_runs():
    found = by_hand(row("a", 50, quantised=False), row("b", 60, quantised=False))
    assert f"Note: a, b: {FLOAT_ONLY}" in as_text(found)


class Page(HTMLParser):
    """What a page fetches, and its text."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.fetched += [v for k, v in attributes if k in {"src", "href", "srcset"}]
        if tag not in {"meta", "line", "path", "rect", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in {"meta", "line", "path", "rect", "polyline"}:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_needs_nothing_else_and_escapes_names():
    page = as_html(by_hand(row("a<b>&", 100, lut=10), row("float", 50, quantised=False)))
    parsed = Page(page)
    assert parsed.open == []
    assert parsed.fetched == []
    assert not re.search(r"https?://|url\(|@import", page)
    assert "<b>" not in page
    assert "".join(parsed.texts).count("a<b>&") >= 4  # title, table, two plots
    assert "Not drawn: float (no hardware form" in page


def test_markdown_has_a_table_of_equal_rows(found):
    lines = [line for line in as_markdown(found).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * len(found.rows)
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert lines[3].startswith("| float |")


def test_json_is_what_the_comparison_holds(found, tmp_path):
    save_comparison(found, tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text()) == json.loads(
        json.dumps(found.as_dict())
    )


def test_the_command_prints_one_object_and_writes_page_and_plot(workshop, tmp_path, capfd):
    page, plot = tmp_path / "page.html", tmp_path / "plot.png"
    runs = [str(workshop / name) for name in ("deep", "flat", "project")]
    words = ["--data", str(workshop / "jets.h5"), "--interval", "2", "--clock-ns", "4"]
    assert main(["compare", *runs, *words, "-o", str(page), "--plot", str(plot), "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert [each["name"] for each in content["runs"]] == ["deep", "flat", "project"]
    assert (content["sample"], content["n_jets"]) == ("jets.h5", 400)
    deep, _, project = content["runs"]
    assert deep["figures"] == project["figures"]
    assert f"{deep['quantised']['auc']:.4f}" in page.read_text()
    assert plot.read_bytes().startswith(b"\x89PNG")


def wrong(capsys, *words):
    """The complaint about a command that must be refused."""
    assert main(["compare", *map(str, words)]) == 2
    return capsys.readouterr().err


def test_wrong_use_exits_with_2_and_says_what_to_do(workshop, tmp_path, capsys):
    jets = ("--data", workshop / "jets.h5")
    deep, flat, project = (workshop / name for name in ("deep", "flat", "project"))
    assert "is given 2 times; give each run once" in wrong(capsys, deep, flat, deep, *jets)
    assert "is no run folder" in wrong(capsys, deep, tmp_path, *jets)
    assert "is no run folder" in wrong(capsys, deep, workshop / "nowhere", *jets)
    assert "known are xcvu13p, xcvu9p" in wrong(capsys, deep, *jets, "--part", "xc1")
    assert "clock_period_ns 0.2 is not" in wrong(capsys, deep, *jets, "--clock-ns", 0.2)
    idle = wrong(capsys, flat, project, *jets, "--interval", 2)
    assert "have no effect here" in idle
    assert "must be one of .json, .md, .html" in wrong(capsys, deep, *jets, "-o", "page.pdf")
    assert "must end in one of .png, .pdf, .svg" in wrong(capsys, deep, *jets, "--plot", "p.html")
    folder = tmp_path / "page.html"
    folder.mkdir()
    assert "a folder of that name exists" in wrong(capsys, deep, *jets, "-o", folder)
    with pytest.raises(SystemExit, match="2"):
        main(["compare", "--data", str(workshop / "jets.h5")])
    assert "required: RUN" in capsys.readouterr().err


def test_runs_are_checked_before_anything_is_judged(workshop, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("judged")

    monkeypatch.setattr("triggernet.learning.evaluation.evaluation.evaluate", never)
    jets, deep = workshop / "jets.h5", workshop / "deep"
    with pytest.raises(UsageError, match="no runs to compare; give at least one"):
        compare([], jets)
    with pytest.raises(UsageError, match="is given 2 times"):
        compare([deep, deep / ".." / "deep"], jets)
    with pytest.raises(ModelError, match="is no run folder"):
        compare([deep, tmp_path], jets)
    only = mock_jets(50, 3)
    save_jets(tmp_path / "one.h5", only.select(only.label == 1))
    with pytest.raises(DataError, match="has 0 .* jets; all classes are needed: give jets of each"):
        compare([deep], tmp_path / "one.h5")
    with pytest.raises(DataError, match="nowhere.h5"):
        compare([deep], tmp_path / "nowhere.h5")
    with pytest.raises(UsageError, match="no effect here"):
        compare([workshop / "flat"], jets, RtlConfig())
