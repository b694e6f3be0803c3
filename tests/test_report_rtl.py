"""`triggernet report` on projects with RTL: whose figures are shown, how obtained, stale ones."""

from __future__ import annotations

import json
import re
import statistics

import project_results as results
import pytest
from programs import nano_program
from synth_projects import DESIGN, default_sources, write_rtl
from vendor_reports import CSYNTH_XML, TIMING, UTILISATION

from triggernet.cli import main
from triggernet.errors import ProjectError
from triggernet.reports.cost.figures import FIGURES
from triggernet.reports.cost.placed import (
    clock_note,
    ff_from_yosys,
    load_table,
    lut_from_da4ml,
    lut_from_yosys,
)
from triggernet.reports.pages import as_html, as_markdown, as_text
from triggernet.reports.report import report

HLS_CONFIG = {
    "project_name": "nano",
    "part": "xcvu9p-flga2104-2-e",
    "clock_period_ns": 4.0,
    "clock_uncertainty": "27%",
    "reuse_factor": 1,
}


@pytest.fixture
def project(tmp_path):
    """RTL alone."""
    folder = write_rtl(tmp_path / "project")
    (folder / "program.json").write_text(nano_program(8).to_json())
    return folder


def with_hls(folder):
    record = json.loads((folder / "triggernet.json").read_text())
    (folder / "triggernet.json").write_text(json.dumps(record | {"config": HLS_CONFIG}))
    (folder / "firmware").mkdir()
    return folder


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def cosimulate(folder, **changes):
    results.cosimulation(folder, **changes).save(folder)


def synthesise(folder, **changes):
    results.synthesis(folder, **changes).save(folder)


def touch_sources(folder):
    (folder / "rtl/src/kernel.v").write_text(default_sources()["kernel.v"] + "// another\n")


def test_before_any_tool_the_schedule_and_the_netlist_speak(project):
    found = report(project)
    assert (found.design, found.part.name, found.clock.period_ns) == ("RTL", "xcvu13p", 5.0)
    figures = found.figures
    assert set(figures) == set(FIGURES)
    latency, interval = figures["latency_cycles"], figures["interval_cycles"]
    assert (latency.value, latency.how, latency.tool) == (31, "estimated", "triggernet schedule")
    assert (figures["latency_ns"].value, figures["latency_ns"].how) == (155, "estimated")
    assert (interval.value, interval.how) == (2, "exact")
    for name, value in {"lut": 140, "ff": 40, "dsp": 6, "bram": 6}.items():
        assert (figures[name].value, figures[name].how) == (value, "estimated")
    assert [(n, f.tool, f.value) for n, f in found.others] == [("lut", "da4ml", 150)]
    assert not any(f.tool == "triggernet estimate" for _, f in found.others)
    assert "`triggernet cosim` measures it" in found.notes[0]
    assert "`triggernet synth` counts them" in found.notes[1]


def test_a_cosimulation_that_measures_the_schedule_makes_it_exact(project):
    cosimulate(project)
    found = report(project)
    latency = found.figures["latency_cycles"]
    assert (latency.value, latency.how, latency.tool) == (31, "exact", "triggernet schedule")
    assert found.figures["latency_ns"].how == "exact"
    measured = {name: f for name, f in found.others if f.tool == "Verilator"}
    assert {n: (f.value, f.how) for n, f in measured.items()} == {
        "latency_cycles": (31, "simulated"),
        "latency_ns": (155, "simulated"),
        "interval_cycles": (2, "simulated"),
    }
    assert measured["latency_cycles"].source == "cosim.json"
    assert "100\u202f000 events, none differ" in as_markdown(found)


def test_a_cosimulation_that_measures_something_else_is_believed(project):
    cosimulate(project, latency_cycles=33, interval_cycles=3)
    found = report(project)
    for name, value in {"latency_cycles": 33, "latency_ns": 165, "interval_cycles": 3}.items():
        figure = found.figures[name]
        assert (figure.value, figure.how, figure.tool) == (value, "simulated", "Verilator")
    assert "a latency of 33 and an interval of 3 clocks, other than the schedule" in found.notes[0]


def test_a_cosimulation_that_failed_measures_nothing_and_is_said(project):
    cosimulate(project, mismatches=7, latency_cycles=30)
    found = report(project)
    assert found.figures["latency_cycles"].how == "estimated"
    assert found.cosimulation_failed
    assert "does not pass: 7 of 100000 events differ" in found.notes[0]
    assert "But the co-simulation does not pass." in as_text(found)
    cosimulate(project, n_vectors=0)
    assert report(project).figures["latency_cycles"].how == "estimated"


def test_results_for_other_verilog_are_ignored_and_named(project):
    cosimulate(project)
    synthesise(project)
    assert report(project).figures["lut"].how == "synthesised"
    touch_sources(project)
    found = report(project)
    assert found.figures["latency_cycles"].how == "estimated"
    assert found.figures["lut"].how == "estimated"
    assert not any(f.tool.startswith(("Verilator", "Yosys")) for _, f in found.others)
    stale = tuple(
        f"{file}.json is of other Verilog than lies here now, and is ignored; run "
        f"`triggernet {file}` again."
        for file in ("cosim", "synth")
    )
    assert found.notes[:2] == stale
    for text in (as_text(found), as_markdown(found), as_html(found)):
        assert all(note in " ".join(text.split()) for note in stale)
    assert "edited since the export: rtl/src/kernel.v" in as_markdown(found)


def test_synthesised_resources_carry_the_prediction_of_the_placed_design(project):
    synthesise(project)
    found = report(project)
    for name, value in {"lut": 1000, "ff": 800, "dsp": 6, "bram": 6}.items():
        figure = found.figures[name]
        assert (figure.value, figure.how, figure.source) == (value, "synthesised", "synth.json")
        assert (figure.tool, figure.version) == ("Yosys xc7", "0.70")
    lut, ff = found.figures["lut"].error, found.figures["ff"].error
    ratio = lut_from_yosys()
    assert (lut.low, lut.high) == (round(1000 * ratio.low), round(1000 * ratio.high))
    assert "LUTs of Vivado over those of Yosys" in lut.basis
    assert (ff.low, ff.high) == (round(800 * 1254 / 1301), round(800 * 3420 / 3461))
    assert found.figures["dsp"].error is None
    # A placed design would be judged by what it may take at worst.
    line = next(line for line in found.lines if line.name == "lut")
    assert line.slr == pytest.approx(1000 / (1_728_000 / 4))


def test_a_range_that_is_not_of_the_figure_says_of_what_it_is(project):
    """Registers: the range need not hold the value, and does not."""
    synthesise(project)
    found = report(project)
    ff = found.figures["ff"]
    assert ff.error.high < ff.value
    assert ff.as_dict()["error"]["of"] == "once placed"
    for page in (as_markdown(found), as_html(found)):
        assert "once placed: 771 – 791" in page
        assert len(re.findall(r"once placed: \d+ – \d", page)) == 3  # LUT, FF, and da4ml's LUT


NODES = [
    {"name": "d", "op": "PairDotPolar", "ready_cycle": 9, "lut": 90.5, "ff": 20.0, "dsp": 6.0,
     "bram": 6.0},
    {"name": "x_q", "op": "Quant", "ready_cycle": 0, "lut": 0.0, "ff": 0.0, "dsp": 0.0,
     "bram": 0.0},
    {"name": "score", "op": "Dense", "ready_cycle": 30, "lut": 49.5, "ff": 8.0, "dsp": 0.0,
     "bram": 0.0},
]  # fmt: skip


def test_the_rtl_has_a_table_of_its_own_by_node(tmp_path):
    folder = write_rtl(tmp_path / "project", design=DESIGN | {"nodes": NODES})
    (folder / "program.json").write_text(nano_program(8).to_json())
    for beside in (False, True):
        found = report(with_hls(folder) if beside else folder)
        text = as_markdown(found)
        ours = text.index("### The RTL, node by node")
        assert "| `d` | PairDotPolar | 9 | 90 | 20 | 6 | 6 |\n| `score` |" in text
        assert "| output registers and control |  | 31 | 0 | 12 | 0 | 0 |" in text
        assert "before any synthesis: 140 LUT in all. What" in text
        theirs = text.find("## The HLS project (not the RTL), operator by operator")
        assert theirs > ours if beside else theirs == -1
        assert "The RTL, node by node</h2>" in as_html(found)
    synthesise(folder)
    assert "140 LUT in all, where Yosys counts 1\u202f000." in as_markdown(report(folder))


def test_the_primitives_of_ultrascale_plus_have_no_calibration(project):
    synthesise(project, family="xcup")
    figure = report(project).figures["lut"]
    assert (figure.tool, figure.error) == ("Yosys xcup", None)
    assert "1\u202f000 |  |  |" in as_markdown(report(project))


def test_pages_show_count_synthesis_and_prediction_side_by_side(project):
    synthesise(project)
    cosimulate(project)
    found, ratio, other = report(project), lut_from_yosys(), lut_from_da4ml()
    text = as_markdown(found)
    low, high = (f"{1000 * x:,.0f}".replace(",", "\u202f") for x in (ratio.low, ratio.high))
    expected = f"{1000 * ratio.expected:,.0f}".replace(",", "\u202f")
    assert f"| LUT |  | 1\u202f000 | {expected} | {low} – {high} |" in text
    assert f"| LUT, from da4ml's count | 150 |  | {150 * other.expected:.0f} |" in text
    assert "| DSP |  | 6 | 6 |  |" in text
    assert "| `kernel` | 6 | 60 | 30 | 6 | 6 |" in text
    assert "None of this is a vendor's figure" in text
    assert "## Operators" not in text
    html = as_html(found)
    assert "Placed, predicted" in html
    assert "<code>kernel</code>" in html
    assert "operator by operator" not in html
    assert "203 to 386 MHz" in html
    assert html.count("<section") == html.count("</section>")
    assert html.count("<table") == html.count("</table>")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({}, "112 MHz (nextpnr-ecp5 0.11)"),
        ({"fits": False, "max_mhz": None, "reason": "9 LUT4"}, "no room: 9 LUT4"),
    ],
)
def test_the_clock_on_an_open_fpga_is_shown(project, place, text):
    synthesise(project, place=results.placement(**place))
    assert f"- Lattice ECP5: {text}" in as_markdown(report(project))


def test_with_hls_beside_it_the_rtl_is_shown_and_each_figure_says_whose_it_is(project):
    with_hls(project)
    synthesise(project)
    # A report of HLS, as its tool would leave it.
    put(project, "nano_prj/nano_csynth.xml", CSYNTH_XML.format(top="nano", dsp="DSP"))
    found = report(project)
    assert (found.design, found.part.name, found.clock.period_ns) == ("RTL", "xcvu13p", 5.0)
    assert (found.figures["lut"].value, found.figures["lut"].design) == (1000, "RTL")
    # csynth's latency is synthesised, more trusted than the schedule's; but of another design.
    assert found.figures["latency_cycles"].value == 31
    others = [(f.design, f.tool) for name, f in found.others if name == "lut"]
    assert others == [("RTL", "triggernet netlist"), ("RTL", "da4ml"),
                      ("HLS", "Vitis HLS csynth"), ("HLS", "triggernet estimate")]  # fmt: skip
    # The HLS project has its own clock of 4 ns.
    latency = {f.tool: f for n, f in found.others if n == "latency_ns" and f.design == "HLS"}
    assert latency["Vitis HLS csynth"].value == 4 * 17
    html = as_html(found)
    assert "The HLS project (not the RTL), operator by operator" in html
    assert "These are figures of the HLS project, none of the RTL." in html
    assert "HLS: triggernet estimate" in html
    assert "RTL: Yosys xc7 0.70" in html
    assert "RTL (HLS figures are listed separately)" in html


def test_without_rtl_nothing_changes(project):
    with_hls(project)
    for path in sorted((project / "rtl").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    found = report(project)
    assert (found.design, found.rtl, found.notes) == ("HLS", None, ())
    assert {f.design for f in found.figures.values()} == {""}
    assert "Reuse factor: 1" in as_text(found)


def test_vendor_reports_below_rtl_are_about_the_rtl(project):
    with_hls(project)
    synthesise(project)
    routed = UTILISATION.format(state="Routed", lut=1234)
    put(project, "rtl/vivado/util_routed.rpt", routed)
    put(project, "rtl/vivado/timing_summary.rpt", TIMING.format(wns="-0.321"))
    put(project, "reports/util.rpt", UTILISATION.format(state="Synthesized", lut=777))
    found = report(project)
    assert (found.figures["lut"].value, found.figures["lut"].how) == (1234, "routed")
    assert next(f.value for n, f in found.others if n == "lut" and f.design == "HLS") == 777
    assert found.timing.slack_ns == -0.321
    assert found.verdict == "failed"


def test_json_keeps_its_keys(project, capsys):
    cosimulate(project)
    synthesise(project)
    assert main(["report", str(project), "--budget", "cms-phase2", "--json"]) in (0, 1)
    content = json.loads(capsys.readouterr().out)
    assert {"verdict", "budget", "part", "clock_ns", "figures", "lines", "operators",
            "project"} <= set(content)  # fmt: skip
    assert set(content["figures"]) == set(FIGURES)
    for figure in content["figures"].values():
        assert set(figure) == {"value", "how", "tool", "version", "error", "source"}
    assert (content["design"], content["operators"]) == ("RTL", [])
    assert content["figures"]["lut"]["error"]["high"] > 1000
    lines = {line["name"]: line for line in content["lines"]}
    # Six crossings of 25 ns for 16 jets; two clocks of 5 ns are too long, and 200 MHz too slow.
    assert lines["interval"]["limit"] == pytest.approx(150 / 16)
    assert (lines["interval"]["verdict"], lines["clock"]["verdict"]) == ("failed", "failed")
    assert lines["interval"]["how"] == "exact"
    assert lines["lut"]["how"] == "synthesised"


def test_a_project_with_neither_says_so(project):
    for path in sorted((project / "rtl").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    with pytest.raises(ProjectError, match="does not say how the project is built"):
        report(project)


# The calibration


def test_every_design_that_both_tools_saw_lies_within_the_ranges():
    table = load_table()
    for design in (*table.placed, *table.synthesised):
        for ratio, name in ((lut_from_yosys(), "lut"), (ff_from_yosys(), "ff")):
            found = ratio.applied(getattr(design.yosys, name))
            assert found.low <= getattr(design.vivado, name) <= found.high
            assert found.low < found.value < found.high
        assert design.yosys.dsp == design.vivado.dsp
    (design,) = table.placed
    found = lut_from_da4ml().applied(design.da4ml_lut)
    assert found.low <= design.vivado.lut <= found.high


def test_the_published_designs_alone_predict_the_placed_one_to_six_per_cent():
    (design,) = load_table().placed
    predicted = lut_from_da4ml().applied(design.da4ml_lut)
    assert predicted.value == round(5735 / 1.05)
    assert predicted.value / design.vivado.lut == pytest.approx(0.941, abs=0.001)


def test_without_the_placed_design_its_luts_and_registers_would_have_been_predicted():
    """What is expected of it from the other designs alone, against what Vivado placed."""
    table = load_table()
    (design,) = table.placed
    lut = [d.vivado.lut / d.yosys.lut for d in table.synthesised]
    ff = [d.vivado.ff / d.yosys.ff for d in table.synthesised]
    lut.append(1 / table.published.da4ml_over_placed / table.yosys_over_da4ml.median)
    assert statistics.median(lut) * design.yosys.lut / 5804 == pytest.approx(0.886, abs=0.001)
    assert statistics.median(ff) * design.yosys.ff / 3420 == pytest.approx(0.984, abs=0.001)


@pytest.mark.parametrize(
    ("period_ns", "text"),
    [
        (5.0, "200 MHz. 20 published .* all of them reach this clock"),
        (2.7778, "360 MHz. .* some of them do not reach this clock"),
        (2.5, "400 MHz. .* none of them reaches this clock"),
    ],
)
def test_a_clock_is_compared_with_those_of_placed_designs(period_ns, text):
    assert re.search(text, clock_note(period_ns))
