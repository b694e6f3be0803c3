"""`triggernet report` on project folders: figures and where they come from, verdict, formats."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import project_results as results
import pytest
import vendor_reports as fixtures
from programs import nano_program

from triggernet.cli import main
from triggernet.errors import ConfigError, ProjectError, UsageError
from triggernet.files import sha256_of
from triggernet.reports.cost.calibration import ratios
from triggernet.reports.cost.figures import FIGURES
from triggernet.reports.pages import as_html, as_markdown, as_text, save_report
from triggernet.reports.pages.charts import roc_chart
from triggernet.reports.report import report
from triggernet.reports.report.physics import Physics, roc
from triggernet.reports.report.report import ONLY_PLANNED
from triggernet.statistics import Area, rejection

METRICS = {
    "n_jets": 20000,
    "accuracy": 0.9123,
    "auc": 0.9712,
    "rejection_30": 231.4,
    "rejection_30_error": 12.2,
    "n_parameters": 21,
    "ant": 11.0,
}
SYNTH = "tagger_prj/solution1/syn/report"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "program.json").write_text(nano_program(8).to_json())
    settings = {
        "project_name": "tagger",
        "part": "xcvu13p-flga2577-2-e",
        "clock_period_ns": 5.0,
        "clock_uncertainty": "27%",
        "reuse_factor": 1,
    }
    record = {"config": settings, "files": {}, "versions": {"hls4ml": "1.3.0"}, "digest": "0a1b"}
    (folder / "triggernet.json").write_text(json.dumps(record))
    return folder


def put(project, path, text):
    target = project / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def test_without_any_tool_everything_is_estimated(project):
    found = report(project)
    assert set(found.figures) == set(FIGURES)
    assert {f.how for f in found.figures.values()} == {"estimated"}
    assert {f.tool for f in found.figures.values()} == {"triggernet estimate"}
    assert found.figures["latency_ns"].value == 5 * found.figures["latency_cycles"].value
    for name in ("latency_cycles", "latency_ns", "lut", "ff", "dsp"):
        figure = found.figures[name]
        assert figure.error.low <= figure.value <= figure.error.high
    assert found.verdict == "met"
    assert not found.others


def test_latency_luts_and_registers_are_calibrated_dsps_are_not(project):
    found, known = report(project), ratios()
    total = found.estimate.total
    assert found.figures["lut"].value == round(total.lut * known["lut"].median)
    assert found.figures["ff"].value == round(total.ff * known["ff"].median)
    assert found.figures["dsp"].value == total.dsp
    scaled = found.estimate.latency_cycles * known["latency_cycles"].median
    assert found.figures["latency_cycles"].value == round(scaled)


def test_a_line_that_its_error_may_fail_is_named(project, tmp_path):
    figure = report(project).figures["lut"]
    limit = (figure.value + figure.error.high) / 2
    part = tmp_path / "chip.yaml"
    part.write_text(f"title: T\nlut: {int(10 * limit)}\nff: 10000000\ndsp: 100000\nbram: 10\n")
    found = report(project, part=part)
    assert found.verdict == "met"
    assert "but not with LUT at the upper end of the uncertainty." in as_text(found)


def test_json_has_the_promised_keys(project, capsys):
    assert main(["report", str(project), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["verdict"] == "met"
    assert content["budget"] == "l1"
    assert set(content["figures"]) == set(FIGURES)
    for figure in content["figures"].values():
        assert {"value", "how", "tool", "version", "error"} <= set(figure)


def test_vendor_reports_are_shown_instead(project):
    put(project, f"{SYNTH}/tagger_csynth.xml", fixtures.CSYNTH_XML.format(top="tagger", dsp="DSP"))
    found = report(project).figures
    assert (found["latency_cycles"].value, found["latency_cycles"].how) == (17, "synthesised")
    assert (found["lut"].value, found["lut"].tool) == (21002, "Vitis HLS csynth")
    assert found["lut"].source == f"{SYNTH}/tagger_csynth.xml"
    put(
        project,
        "tagger_prj/solution1/sim/report/tagger_cosim.rpt",
        fixtures.COSIM_RPT.format(status="Pass"),
    )
    put(project, "vivado_synth.rpt", fixtures.UTILISATION.format(state="Synthesized", lut=8642))
    after = report(project)
    found = after.figures
    assert (found["latency_cycles"].value, found["latency_cycles"].how) == (19, "simulated")
    assert (found["latency_ns"].value, found["interval_cycles"].value) == (95, 4)
    assert (found["lut"].value, found["lut"].how, found["bram"].value) == (8642, "synthesised", 3)
    assert [f.tool for name, f in after.others if name == "lut"] == [
        "Vitis HLS csynth",
        "triggernet estimate",
    ]
    put(
        project,
        "reports/utilization_routed.rpt",
        fixtures.UTILISATION.format(state="Routed", lut=7531),
    )
    assert report(project).figures["lut"].value == 7531


def test_reports_about_other_modules_are_left_alone(project):
    other = fixtures.CSYNTH_XML.format(top="pair_relu", dsp="DSP")
    put(project, f"{SYNTH}/pair_relu_csynth.xml", other)
    put(project, f"{SYNTH}/csynth.xml", other)
    assert report(project).figures["lut"].tool == "triggernet estimate"


def test_a_missed_clock_fails_the_budget(project):
    put(project, "timing_summary.rpt", fixtures.TIMING.format(wns="-0.321"))
    found = report(project)
    assert found.verdict == "failed"
    assert "Timing closure" in as_text(found)


def test_a_damaged_report_is_named(project):
    put(project, f"{SYNTH}/tagger_csynth.xml", "<profile>")
    with pytest.raises(ProjectError, match=rf"{SYNTH}/tagger_csynth\.xml is damaged"):
        report(project)


def test_a_failed_budget_exits_with_1(project, tmp_path, capsys):
    budget = tmp_path / "tight.yaml"
    budget.write_text("title: Tight\nlatency_ns: 100\nalgorithm_share: 0.1\n")
    page = tmp_path / "report.html"
    command = ["report", str(project), "--budget", str(budget), "-o", str(page)]
    assert main(command) == 1
    assert "Over the limit: Latency" in capsys.readouterr().out
    assert "Budget failed" in page.read_text()


@pytest.mark.parametrize(
    ("option", "name", "known"),
    [("--budget", "l2", "l1, cms-phase2, atlas"), ("--part", "xc7", "xcvu13p, xcvu9p")],
)
def test_an_unknown_name_exits_with_2(project, option, name, known, capsys):
    assert main(["report", str(project), option, name]) == 2
    assert f"'{name}'; known are {known}" in capsys.readouterr().err


def test_the_part_is_the_projects_own_unless_one_is_given(project):
    assert report(project).part.name == "xcvu13p"
    assert report(project, part="xcku115").part.name == "xcku115"


def test_a_folder_that_is_no_project(project):
    (project / "program.json").unlink()
    with pytest.raises(ProjectError, match="is no project: it has no program.json"):
        report(project)


def test_a_model_without_firmware_is_reported_as_it_would_be_built(project):
    (project / "triggernet.json").unlink()
    found = report(project)
    assert found.notes[0] == ONLY_PLANNED
    assert (found.design, found.part.name) == ("RTL", "xcvu13p")
    assert found.figures["lut"].how == "estimated"
    assert found.figures["interval_cycles"].value == 1


def test_a_record_without_a_clock(project):
    put(project, "triggernet.json", '{"config": {"project_name": "tagger"}, "files": {}}')
    with pytest.raises(ProjectError, match="how the project is built: config: part, clock_period"):
        report(project)


def test_what_else_lies_in_the_project_is_shown(project):
    for text in (as_html(report(project)), as_markdown(report(project))):
        assert "ot verified yet" in text
        assert "231 +13 −12" not in text
    results.agreement(project).save(project)
    assert "But the executors do not agree." in as_text(report(project))
    put(project, "metrics.json", json.dumps({"float": METRICS, "quantised": METRICS}))
    put(
        project,
        "config.yaml",
        "encoding: {kind: polar, n_constituents: 8, jet: true, pt_width: 12, pt_lsb_gev: 0.25}",
    )
    html = as_html(report(project))
    for text in (
        "231 +13 −12",
        "0.9712",
        "HLS &lt;C++&gt;",
        "vector 12, node d, tensor d",
        "not compared",
        "12 bits of 0.25 GeV",
        "not exact",
        "0a1b",
        "ap_ufixed&lt;11,10&gt;",
    ):
        assert text in html


def test_files_that_are_not_as_exported_are_named(project):
    record = json.loads((project / "triggernet.json").read_text())
    put(project, "same.h", "1")
    put(project, "other.h", "1")
    digest = sha256_of(project / "same.h")
    record["files"] = {"same.h": digest, "other.h": digest, "gone.h": digest}
    put(project, "triggernet.json", json.dumps(record))
    assert "edited since the export: gone.h" in as_markdown(report(project))
    put(project, "other.h", "2")
    assert "edited since the export: gone.h, other.h" in as_markdown(report(project))
    put(project, "other.h", "1")
    put(project, "gone.h", "1")
    assert "edited since" not in as_markdown(report(project))


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("metrics.json", '{"float": 3}', ProjectError, "metrics.json holds no metrics"),
        ("config.yaml", "a: [", ConfigError, "config.yaml:1: not valid YAML"),
    ],
)
def test_damaged_evidence_is_named(project, name, text, error, message):
    put(project, name, text)
    with pytest.raises(error, match=message):
        report(project)


def test_a_roc_curve_ends_where_less_than_one_background_jet_passes():
    signal, background = np.array([0.2, 0.6, 1.0]), np.array([0.01, 0.1, 1.0])
    curve = roc("float", signal, background, 200)
    drawn = dict(zip(curve.efficiency, curve.rejection, strict=True))
    assert min(drawn) == 0.1  # half a per cent of 200 jets
    assert drawn[0.2] == pytest.approx(100)
    assert drawn[0.6] == pytest.approx(10)
    assert drawn[1.0] == 1
    ends = dict(zip(curve.efficiency, zip(curve.low, curve.high, strict=True), strict=True))
    expected = rejection(2, 200)
    assert ends[0.2] == pytest.approx((expected.low, expected.high))
    assert min(curve.low) >= 1
    chart = roc_chart((curve,))
    assert [tick.text for tick in chart.y_ticks] == ["1", "10", "100", "1 000", "10 000"]
    assert chart.curves[0][1].endswith("400.0,270.0")
    corners = [tuple(map(float, each.split(","))) for each in chart.bands[0][1].split()]
    assert len(corners) == 2 * len(curve.efficiency)
    assert corners[0][0] == corners[-1][0] == 40
    assert corners[0][1] < corners[-1][1]  # up first, down then
    assert max(y for _, y in corners) <= 270
    assert roc_chart(()) is None


def test_a_report_says_where_few_background_jets_pass(project):
    error = 266 * np.sqrt((1 - 1 / 266) / 2)  # as an older version wrote it: 2 of 532 pass
    few = METRICS | {"rejection_30": 266.0, "rejection_30_error": error}
    put(project, "metrics.json", json.dumps({"float": METRICS, "quantised": few}))
    found = report(project)
    (note,) = found.as_dict()["physics"]["notes"]
    assert note.startswith("quantised model: fewer than 10 background jets pass at 30 % signal")
    for text in (as_html(found), as_markdown(found)):
        assert note in text
        assert "266 +485 −151" in text
    assert found.as_dict()["physics"]["quantised"]["passing_30"] == pytest.approx(2, abs=0.01)


def test_a_report_states_the_difference_of_the_aucs_on_the_same_jets():
    physics = Physics("jets.h5", {"float": METRICS}, (), Area(-0.0012, 0.0004))
    assert physics.notes == ("AUC, quantised minus float on the same jets: -0.0012 +- 0.0004",)
    assert physics.as_dict()["auc_difference"] == {"value": -0.0012, "error": 0.0004}


class Tags(HTMLParser):
    """Checks that every element is closed, and collects what points outside."""

    VOID = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.outside = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.outside += [v for k, v in attributes if k in ("src", "href", "xlink:href", "action")]

    def handle_startendtag(self, tag, attributes):
        self.outside += [v for k, v in attributes if k in ("src", "href", "xlink:href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(project):
    results.agreement(project).save(project)
    html = as_html(report(project))
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    assert not tags.outside
    assert not re.search(r"https?:|@import|url\(|<script|<link", html)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    for name in ("Latency within the trigger", "Budget, line by line", "PairDotPolar"):
        assert name in html


class Boxes(HTMLParser):
    """For each table whether it scrolls inside a box, and cells that fold without a title."""

    def __init__(self):
        super().__init__()
        self.divs, self.folds, self.boxed, self.untitled = [], False, [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "div":
            self.divs.append(values.get("class"))
        if tag == "table":
            self.boxed.append("scroll" in self.divs)
            self.folds = "fold" in (values.get("class") or "").split()
        if tag == "td" and self.folds and not values.get("data-l"):
            self.untitled.append(self.getpos())

    def handle_endtag(self, tag):
        if tag == "div":
            self.divs.pop()


def test_no_table_makes_the_page_wider_than_a_phone(project):
    put(project, "metrics.json", json.dumps({"float": METRICS, "quantised": METRICS}))
    results.agreement(project).save(project)
    boxes = Boxes()
    boxes.feed(as_html(report(project)))
    assert len(boxes.boxed) >= 7
    assert all(boxes.boxed)
    assert boxes.untitled == []


def test_the_latency_bar_is_to_scale(project):
    found = report(project)
    html = as_html(found)
    share = float(re.search(r'class="share" x="0" y="22" width="([\d.]+)"', html)[1])
    used = float(re.search(r'class="used met" x="0" y="22" width="([\d.]+)"', html)[1])
    assert share == pytest.approx(720 * 0.1, abs=0.1)
    assert used == pytest.approx(720 * found.figures["latency_ns"].value / 4000, abs=0.1)


def test_equal_projects_give_equal_pages(project):
    assert as_html(report(project)) == as_html(report(project))


def test_every_format_is_written(project, tmp_path):
    found = report(project)
    for ending in (".html", ".md", ".json"):
        save_report(found, tmp_path / f"r{ending}")
        assert "met" in (tmp_path / f"r{ending}").read_text()
    with pytest.raises(UsageError, match=r"must be one of \.json, \.md, \.html"):
        save_report(found, tmp_path / "r.pdf")


def test_markdown_tables_are_rectangular(project):
    put(project, "metrics.json", json.dumps({"float": METRICS, "quantised": METRICS}))
    results.agreement(project).save(project)
    for block in as_markdown(report(project)).split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        if rows:
            assert len({row.count("|") for row in rows}) == 1, block
            assert set(rows[1]) <= set("|-: ")
