"""Reading the vendor's reports; the fixtures are synthetic (see vendor_reports.py)."""

from __future__ import annotations

import pytest
import vendor_reports as fixtures

from triggernet.errors import ProjectError
from triggernet.reports.cost.calibration import csynth_ratios
from triggernet.reports.report.vendor import read_report, reader_of

CUT_ROW = fixtures.CSYNTH_RPT.replace("|    2|    3|      yes|", "|")
XML = fixtures.CSYNTH_XML.format(top="tagger", dsp="DSP")
CSYNTH = {"latency_cycles": 17, "interval_cycles": 3, "lut": 21002, "ff": 7001, "dsp": 61}


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return read_report(path, f"project/{name}")


def values(reading):
    return {name: figure.value for name, figure in reading.figures.items()}


@pytest.mark.parametrize(
    ("name", "text", "bram"),
    [
        ("tagger_csynth.xml", XML, 4),
        ("tagger_csynth.xml", fixtures.CSYNTH_XML.format(top="tagger", dsp="DSP48E"), 4),
        ("tagger_csynth.rpt", fixtures.CSYNTH_RPT, 4),
        ("csynth.rpt", fixtures.CSYNTH_SUMMARY, 0),
    ],
)
def test_c_synthesis_gives_the_worst_latency_and_the_totals(tmp_path, name, text, bram):
    reading = read(tmp_path, name, text)
    assert values(reading) == CSYNTH | {"bram": bram}
    assert (reading.top, reading.device) == ("tagger", "xcvu13p-flga2577-2-e")
    latency, lut = reading.figures["latency_cycles"], reading.figures["lut"]
    assert (latency.how, latency.tool, latency.version) == (
        "synthesised",
        "Vitis HLS csynth",
        "2023.2",
    )
    assert latency.error is None
    assert lut.how == "estimated"
    assert lut.source == f"project/{name}"
    ratio = csynth_ratios()["lut"]
    assert lut.error.low == pytest.approx(21002 * ratio.low, abs=0.1)
    assert lut.error.high == pytest.approx(21002 * ratio.high, abs=0.1)


def test_what_hls_does_not_know_is_absent(tmp_path):
    text = XML.replace("<Worst-caseLatency>17<", "<Worst-caseLatency>undef<")
    assert "latency_cycles" not in read(tmp_path, "tagger_csynth.xml", text).figures


def test_co_simulation_gives_the_longest_latency_and_interval(tmp_path):
    reading = read(tmp_path, "tagger_cosim.rpt", fixtures.COSIM_RPT.format(status="Pass"))
    assert values(reading) == {"latency_cycles": 19, "interval_cycles": 4}
    assert {f.how for f in reading.figures.values()} == {"simulated"}


def test_a_failed_co_simulation_gives_no_figures(tmp_path):
    with pytest.raises(ProjectError, match="tagger_cosim.rpt: the co-simulation ended with 'Fail'"):
        read(tmp_path, "tagger_cosim.rpt", fixtures.COSIM_RPT.format(status="Fail"))


@pytest.mark.parametrize(
    ("state", "how"),
    [
        ("Synthesized", "synthesised"),
        ("Fully Placed", "placed"),
        ("Routed", "routed"),
        ("Physopt postRoute", "routed"),
    ],
)
def test_utilisation_says_after_which_step(tmp_path, state, how):
    text = fixtures.UTILISATION.format(state=state, lut=8642)
    reading = read(tmp_path, "vivado_synth.rpt", text)
    assert values(reading) == {"lut": 8642, "ff": 3210, "dsp": 57, "bram": 3}
    assert {f.how for f in reading.figures.values()} == {how}
    assert {f.version for f in reading.figures.values()} == {"2023.2"}
    assert reading.device == "xcvu13p-flga2577-2-e"


@pytest.mark.parametrize("wns", ["-0.123", " 0.456"])
def test_timing_gives_slack_and_period(tmp_path, wns):
    reading = read(tmp_path, "timing_summary.rpt", fixtures.TIMING.format(wns=wns))
    assert (reading.slack_ns, reading.clock_period_ns) == (float(wns), 5.0)
    assert not reading.figures


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tagger_csynth.xml", XML[:700]),
        ("tagger_csynth.xml", XML.replace("<LUT>21002</LUT>", "")),
        ("tagger_csynth.xml", XML.replace(">21002<", ">many<")),
        ("tagger_csynth.rpt", fixtures.CSYNTH_RPT[:1200]),
        ("tagger_csynth.xml", XML.replace(">21002<", ">nan<")),
        ("tagger_csynth.xml", XML.replace(">21002<", ">inf<")),
        ("tagger_csynth.xml", XML.replace(">21002<", ">-2<")),
        ("tagger_csynth.rpt", CUT_ROW),
        ("tagger_csynth.rpt", ""),
        ("csynth.rpt", fixtures.CSYNTH_SUMMARY[:600]),
        ("tagger_cosim.rpt", fixtures.COSIM_RPT[:300]),
        ("vivado_synth.rpt", fixtures.UTILISATION[:1500]),
        ("util_placed.rpt", "no report"),
        ("timing_summary.rpt", fixtures.TIMING[:600]),
    ],
)
def test_a_damaged_report_is_named(tmp_path, name, text):
    with pytest.raises(ProjectError, match=rf"project/{name} is damaged"):
        read(tmp_path, name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("csynth.rpt", fixtures.CSYNTH_SUMMARY.replace("tagger'", "tagger", 1) + "PS: ''"),
        ("tagger_csynth.xml", XML.replace(">21002<", ">2&#10;1\u009b0<")),
    ],
)
def test_what_a_damaged_report_holds_is_shown_in_one_line(tmp_path, name, text):
    with pytest.raises(ProjectError, match="is damaged") as caught:
        read(tmp_path, name, text)
    assert str(caught.value).isprintable()


def test_a_report_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "vivado_synth.rpt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectError, match=r"cannot read project/vivado_synth\.rpt"):
        read_report(path, "project/vivado_synth.rpt")


def test_other_files_are_no_reports(tmp_path):
    assert reader_of("power.rpt") is None
    assert reader_of("csynth.log") is None
    with pytest.raises(ProjectError, match="none of the vendor's reports"):
        read(tmp_path, "notes.txt", "")
