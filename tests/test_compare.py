"""`triggernet compare`: one table of all runs, Pareto fronts, bit operations, what is absent."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from programs import SIGNED, UNSIGNED, Builder, polar_program
from project_results import synthesis

from triggernet.cli import main
from triggernet.data import mock_jets, save_jets
from triggernet.errors import DataError, ModelError, UnsupportedError, UsageError
from triggernet.export import export_run
from triggernet.files import sha256_of
from triggernet.fixedpoint import FixedPoint
from triggernet.operators.base import Operation
from triggernet.parts import load_part
from triggernet.report import as_html, as_markdown, as_text, compare, contender, report, save_report
from triggernet.report.bit_operations import bit_operations, bits_of
from triggernet.report.compare import Comparison, Row
from triggernet.report.contender import FLOAT_ONLY, Contender, Firmware, firmware
from triggernet.report.figures import FIGURES, Figure
from triggernet.report.front import unbeaten
from triggernet.report.labels import CHARACTER, HEIGHT, Box, place_labels
from triggernet.report.scatter import WIDTH, scatter_chart
from triggernet.report.text import number
from triggernet.report.trade_off import trade_off
from triggernet.rtl.config import RtlConfig
from triggernet.rtl.export import export_rtl
from triggernet.rtl.lower import lower, useful_intervals
from triggernet.training import evaluate, load_run, load_run_config, train
from triggernet.training.metrics import Metrics

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
    export_rtl(export_run(folder / "deep"), folder / "project", config)
    save_jets(folder / "jets.h5", mock_jets(400, 2))
    return folder


@pytest.fixture(scope="module")
def found(workshop):
    runs = [workshop / name for name in ("deep", "flat", "project")]
    return compare(runs, workshop / "jets.h5", RtlConfig(interval=2, clock_period_ns=4.0))


def figure(value, tool="triggernet netlist", how="estimated"):
    return Figure(value, how, tool, "1")


def row(name, rejection, *, lut=None, parameters=10, quantised=True, error=5.0, **origin):
    """A run by hand."""
    metrics = Metrics(100, 0.9, 0.95, rejection, rejection and error, parameters, 1.0)
    figures = {} if lut is None else {"lut": figure(lut, **origin)}
    absent = "" if quantised else FLOAT_ONLY
    of_quantised = replace(metrics, auc=0.94) if quantised else None
    return Row(
        name, name, "any", metrics, of_quantised, {}, Firmware(figures=figures, absent=absent)
    )


def by_hand(*rows):
    return Comparison(rows, "jets.h5", 100, load_part("xcvu13p"), {"compared by": "a test"})


# Bit operations


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("multiply", 7 * 4),
        ("scale", 7 * 4),
        ("add", 7),
        ("accumulate", 7 + 4),
        ("select", 7 * 3),
        ("round", 7),
        ("compare", 7),
        ("table", 4),
    ],
)
def test_each_kind_of_operation_has_its_formula(kind, expected):
    assert bits_of(Operation(kind, 1, (7, 4))) == expected
    if kind == "add":
        assert bits_of(Operation(kind, 1, (4, 7))) == expected


def dense_program(kind, rounding="FLOOR"):
    """5 a + 4 b + 11 c and 3 a + 5 c of three unsigned codes of 6 bits."""
    build = Builder(rounding)
    x = build.input("x", 3, FixedPoint(UNSIGNED, 6, 6))
    sizes = {"in_features": 3, "out_features": 2, "n_select": 1, "context_features": 0}
    codes = {"weight": (5, 3, 4, 0, 11, 5), "weight_width": 6, "weight_integer": 6}
    codes |= {"bias": (0, 0), "bias_width": 1, "bias_integer": 1}
    build.node("Dense", "y", [x], kind, in_rank=1, relu=0, **sizes, **codes)
    return build.program("dense", ["y"])


# 3 and 5 are two powers of two: one addition each, of 6 + 5 bits (11 takes 5, with its sign). 4 is
# wiring, 0 is nothing, 11 = 8 + 4 - 1 is a product of 6 x 5 bits. The tree of each output has three
# terms of 6 + 5 bits: one addition of 11 bits, one of 12.
PRODUCTS = 6 * 5
ADDITIONS = 3 * 11 + 2 * (11 + 12)


def test_bit_operations_of_a_layer_counted_by_hand():
    found = bit_operations(dense_program(FixedPoint(SIGNED, 12, 12)))
    assert found.by_kind == {"scale": PRODUCTS, "add": ADDITIONS}
    assert found.total == 109
    assert found.as_dict() == {"total": 109, "by_kind": {"scale": 30, "add": 79}}


def test_the_quantiser_behind_an_operator_counts_too():
    # The sums are at most 20 * 63 = 1260: 11 bits. Four are dropped, what is left is saturated.
    found = bit_operations(dense_program(FixedPoint(UNSIGNED, 5, 9), "ROUND"))
    quantiser = {"round": 2 * 11, "compare": 2 * 7}
    assert found.by_kind == {"scale": PRODUCTS, "add": ADDITIONS} | quantiser


def test_any_operator_is_counted():
    found = bit_operations(polar_program(5, jet=1, beams=1))
    assert set(found.by_kind) == {
        *("multiply", "accumulate", "scale", "add", "compare", "select", "table", "round")
    }
    assert all(bits > 0 for bits in found.by_kind.values())


# Pareto fronts


def test_what_no_other_one_beats():
    costs = [(1, 5), (2, 3), (2, 4), (3, 3), (4, 1), (1, 5), (0, 9)]
    assert unbeaten(costs) == [0, 1, 4, 5, 6]
    assert unbeaten([]) == []


def test_a_front_is_cheap_and_rejects_much():
    rows = [
        row("cheap", 100, lut=10),
        row("dear", 300, lut=50),
        row("worse", 90, lut=20),
        row("same cost", 120, lut=50),
        row("middle", 200, lut=30),
        row("same rejection", 200, lut=31),
    ]
    found = trade_off(rows, "lut")
    assert [p.name for p in found.points] == [r.name for r in rows]
    (front,) = found.fronts
    assert [(p.name, p.cost, p.rejection) for p in front.points] == [
        ("cheap", 10, 100),
        ("middle", 30, 200),
        ("dear", 50, 300),
    ]
    assert found.left_out == ()


def test_figures_of_different_origin_have_fronts_of_their_own():
    rows = [
        row("a", 100, lut=10),
        row("b", 300, lut=5, tool="Yosys xc7", how="synthesised"),
        row("c", 400, lut=8, tool="Yosys xc7", how="synthesised"),
        row("d", 90, lut=9, tool="Vivado", how="synthesised"),
        row("e", 80, lut=7, tool="Vivado", how="placed"),
    ]
    fronts = {f.origin: [p.name for p in f.points] for f in trade_off(rows, "lut").fronts}
    assert fronts == {
        "triggernet netlist": ["a"],
        "Yosys xc7, synthesised": ["b", "c"],
        "Vivado, synthesised": ["d"],
        "Vivado, placed": ["e"],
    }


def test_a_schedule_that_was_measured_is_still_the_schedule():
    rows = [
        row("a", 100, lut=10, tool="triggernet schedule", how="exact"),
        row("b", 90, lut=20, tool="triggernet schedule"),
    ]
    assert [[p.name for p in f.points] for f in trade_off(rows, "lut").fronts] == [["a"]]


def test_who_is_not_in_a_plot_and_why():
    rows = [
        row("quantised", 100, lut=10, parameters=20),
        row("float", 50, parameters=10, quantised=False),
        row("perfect", None, lut=10),
        row("unknown", 70, parameters=30),
    ]
    hardware, parameters = trade_off(rows, "lut"), trade_off(rows, "n_parameters")
    assert [p.name for p in hardware.points] == ["quantised"]
    assert dict(hardware.left_out) == {
        "float": FLOAT_ONLY,
        "perfect": "no background passes, so that the rejection is not known",
        "unknown": "not known",
    }
    assert [(p.name, p.cost, p.origin) for p in parameters.points] == [
        ("quantised", 20, "quantised model"),
        ("float", 10, "float model: it has no hardware form"),
        ("unknown", 30, "quantised model"),
    ]
    # Parameters are counted in one way: one front for both kinds of models.
    assert [(f.origin, [p.name for p in f.points]) for f in parameters.fronts] == [
        ("", ["float", "quantised"])
    ]
    assert parameters.as_dict()["fronts"] == [{"origin": None, "runs": ["float", "quantised"]}]


# Charts


def test_a_chart_draws_points_errors_and_the_front_as_steps():
    rows = [row("a", 100, lut=10), row("b", 1000, lut=1000), row("c", 50, lut=100, error=49.0)]
    chart = scatter_chart(trade_off(rows, "lut"))
    a, b, c = chart.markers
    ticks = {t.text: t.at for t in chart.x_ticks}
    assert (a.x, c.x) == pytest.approx((ticks["10"], ticks["100"]))
    assert {t.text: t.at for t in chart.y_ticks}["100"] == pytest.approx(a.y)
    assert a.high < a.y < a.low
    assert c.low - c.y == pytest.approx((a.y - b.y) * np.log10(5))  # cut at a fifth
    (line,) = chart.fronts
    assert line.names == ("a", "b")
    assert line.corners == ((a.x, a.y), (b.x, a.y), (b.x, b.y), (WIDTH, b.y))


def test_latencies_are_on_a_linear_axis_from_0():
    one = row("a", 100)
    one.firmware.figures["latency_ns"] = figure(50.0)
    ticks = {t.text: t.at for t in scatter_chart(trade_off([one], "latency_ns")).x_ticks}
    assert ticks["0"] == 0
    assert ticks["40"] == pytest.approx(2 * ticks["20"])


@pytest.mark.parametrize("cost", [19, 130, 99, 1000, 123456])
def test_a_single_point_has_numbers_on_its_axes(cost):
    chart = scatter_chart(trade_off([row("a", 163, lut=cost)], "lut"))
    assert chart.x_ticks
    assert chart.y_ticks
    assert all(0 <= t.at <= WIDTH for t in chart.x_ticks)


def test_without_points_there_is_no_chart_but_the_reason():
    chart = scatter_chart(trade_off([row("a", 50, quantised=False)], "lut"))
    assert (chart.markers, chart.fronts) == ((), ())
    assert chart.left_out == (f"a ({FLOAT_ONLY})",)
    assert "No run can be drawn" in as_html(by_hand(row("a", 50, quantised=False)))


def test_labels_hide_neither_each_other_nor_points():
    points = [(100.0, 100.0 + 9 * k, f"nanopelican-c2-n{k}") for k in range(8)]
    points += [(590.0, 10.0, "at the right upper end"), (5.0, 375.0, "at the left lower end")]
    markers = [Box(x - 5, y - 5, 10, 10) for x, y, _ in points]
    labels = place_labels(points, markers, 600, 380)
    boxes = []
    for label in labels:
        width = CHARACTER * len(label.text)
        left = label.x - width if label.at_end else label.x
        boxes.append(Box(left, label.y - 0.8 * HEIGHT, width, HEIGHT))
    assert [label.text for label in labels] == [text for *_, text in points]
    for k, box in enumerate(boxes):
        assert not any(box.overlap(other) for other in boxes[:k])
        assert not any(box.overlap(marker) for marker in markers)
        assert box.overlap(Box(0, 0, 600, 380)) == pytest.approx(box.width * box.height)
    far = [label for label in labels if label.leader]
    assert far
    assert len(far) < len(labels)


# Runs


def test_metrics_are_those_of_evaluate(found, workshop):
    jets = mock_jets(400, 2)
    for name, each in zip(("deep", "flat"), found.rows, strict=False):
        judged = evaluate(load_run(workshop / name), jets)
        assert (each.float_metrics, each.quantised_metrics) == (judged.float, judged.quantised)
    deep, flat, project = found.rows
    assert deep.auc_difference == deep.quantised_metrics.auc - deep.float_metrics.auc
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

    monkeypatch.setattr(contender, "lower", unrolled)
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

    monkeypatch.setattr(contender, "lower", some)
    found = firmware(spurions, RtlConfig(interval=asked))
    assert found.value("interval_cycles") == nearest
    (note,) = found.notes
    assert note.startswith(f"Not at an interval of {asked}, but at the nearest possible, {nearest}")
    assert note.endswith(f": node 'd' does not fold by {min(refused)}.")


def test_a_program_without_verilog_keeps_its_bit_operations(spurions, monkeypatch):
    def refuse(program, config):
        raise UnsupportedError("node 'd' has no Verilog")

    monkeypatch.setattr(contender, "lower", refuse)
    found = firmware(spurions, RtlConfig())
    assert found.bit_operations == bit_operations(polar_program(5, beams=1))
    assert found.figures == {}
    assert found.absent == "no Verilog at any interval: node 'd' has no Verilog"


def test_a_model_that_cannot_be_exported_has_no_figures(spurions, monkeypatch):
    def refuse(folder):
        raise UnsupportedError("node 'x' (Tanh) cannot be lowered")

    (spurions.folder / "program.json").unlink()
    monkeypatch.setattr("triggernet.export.export_run", refuse)
    found = firmware(spurions, RtlConfig())
    assert found == Firmware(absent="cannot be exported: node 'x' (Tanh) cannot be lowered")


def test_instances_that_take_turns_are_counted_once(workshop, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(workshop / "project", project)
    design = json.loads((project / "rtl/design.json").read_text())
    (project / "rtl/design.json").write_text(json.dumps(design | {"instances": 3}))
    record = json.loads((project / "triggernet.json").read_text())
    record["files"]["rtl/design.json"] = sha256_of(project / "rtl/design.json")
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
    assert "none passes" in text
    assert "123 ± 5" in text
    assert found.as_dict()["pareto"]["lut"]["left_out"] == {
        "perfect": "no background passes, so that the rejection is not known"
    }


def test_the_quantised_model_stands_above_the_float_one_with_the_loss_of_auc():
    found = by_hand(row("a", 100, lut=1490))
    first, second = as_text(found).splitlines()[7:9]
    assert first.split()[:8] == ["a", "100", "±", "5", "0.9400", "-0.0100", "0.9000", "10"]
    assert second.split() == ["float", "100", "±", "5", "0.9500", "0.9000", "1.0"]
    assert "0.9500 (-0.0100)" in as_html(found)


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
    save_report(found, tmp_path / "all.json")
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

    monkeypatch.setattr("triggernet.training.evaluate", never)
    jets, deep = workshop / "jets.h5", workshop / "deep"
    with pytest.raises(UsageError, match="no runs to compare; give at least one"):
        compare([], jets)
    with pytest.raises(UsageError, match="is given 2 times"):
        compare([deep, deep / ".." / "deep"], jets)
    with pytest.raises(ModelError, match="is no run folder"):
        compare([deep, tmp_path], jets)
    only = mock_jets(50, 3)
    save_jets(tmp_path / "one.h5", only.select(only.label == 1))
    with pytest.raises(DataError, match="0 background; both are needed"):
        compare([deep], tmp_path / "one.h5")
    with pytest.raises(DataError, match="nowhere.h5"):
        compare([deep], tmp_path / "nowhere.h5")
    with pytest.raises(UsageError, match="no effect here"):
        compare([workshop / "flat"], jets, RtlConfig())
