"""Pareto fronts, and the plots that show them."""

from __future__ import annotations

import numpy as np
import pytest
from comparisons import by_hand, figure, row, row_of_classes

from triggernet.reports.fold.unbeaten import unbeaten
from triggernet.reports.pages.labels import CHARACTER, HEIGHT, Box, place_labels
from triggernet.studies.compare import as_html, as_text
from triggernet.studies.compare.contender import FLOAT_ONLY
from triggernet.studies.compare.scatter import WIDTH, scatter_chart
from triggernet.studies.compare.trade_off import trade_off
from triggernet.studies.compare.view import compare_view

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
    assert [(p.name, p.cost, p.worth) for p in front.points] == [
        ("cheap", 10, 100),
        ("middle", 30, 200),
        ("dear", 50, 300),
    ]
    assert found.left_out == ()


def test_several_classes_are_judged_by_their_accuracy():
    rows = [
        row_of_classes("cheap", 0.5, lut=10),
        row_of_classes("worse", 0.4, lut=20),
        row_of_classes("dear", 0.6, lut=30),
    ]
    found = trade_off(rows, "lut")
    assert [p.worth for p in found.points] == [0.5, 0.4, 0.6]
    assert [p.low for p in found.points] == pytest.approx([0.49, 0.39, 0.59])
    assert [p.high for p in found.points] == pytest.approx([0.52, 0.42, 0.62])
    assert [p.name for p in found.fronts[0].points] == ["cheap", "dear"]
    chart = scatter_chart(found)
    assert chart.merit.name == "accuracy"
    # A linear axis around them, 12 % of what they span left free at both ends.
    free = 0.12 * (0.62 - 0.39)
    assert chart.markers[2].high == pytest.approx(chart.height * free / (0.23 + 2 * free))
    texts = [tick.text for tick in chart.y_ticks]
    assert texts == ["0.4", "0.45", "0.5", "0.55", "0.6"]
    middle = chart.y_ticks[texts.index("0.5")].at
    assert middle == pytest.approx(chart.markers[0].y)
    html = as_html(by_hand(*rows))
    assert "What the accuracy costs" in html
    assert "ejection" not in html


def test_the_table_of_several_classes_has_no_rejections():
    text = as_text(by_hand(row_of_classes("a", 0.5, lut=10), row_of_classes("b", 0.6, lut=20)))
    header, first, second = text.splitlines()[7:10]
    assert header.split()[:4] == ["run", "AUC", "accuracy", "parameters"]
    assert first.split()[:6] == ["a", "0.9500", "0.5000", "10", "–", "10"]
    assert second.split() == ["float", "0.9500", "0.5300"]
    assert "ejection" not in text


def test_an_axis_of_equal_accuracies_has_a_length():
    one = trade_off([row_of_classes("one", 0.5, below=0, above=0, lut=10)], "lut")
    assert scatter_chart(one).markers[0].y == pytest.approx(scatter_chart(one).height / 2)


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
    rows = [
        row("a", 100, lut=10),
        row("b", 1000, lut=1000),
        row("c", 50, lut=100, errors=(40, 450)),
    ]
    chart = scatter_chart(trade_off(rows, "lut"))
    a, b, c = chart.markers
    ticks = {t.text: t.at for t in chart.x_ticks}
    assert (a.x, c.x) == pytest.approx((ticks["10"], ticks["100"]))
    assert {t.text: t.at for t in chart.y_ticks}["100"] == pytest.approx(a.y)
    assert a.high < a.y < a.low
    # An interval of 10 to 500 is what is drawn: a fifth of 50 to ten times 50.
    decade = a.y - b.y
    assert (c.low - c.y, c.y - c.high) == pytest.approx((decade * np.log10(5), decade))
    (line,) = chart.fronts
    assert line.names == ("a", "b")
    assert line.corners == ((a.x, a.y), (b.x, a.y), (b.x, b.y), (WIDTH, b.y))


def test_latencies_are_on_a_linear_axis_from_0():
    one = row("a", 100)
    one.firmware.figures["latency_ns"] = figure(50.0)
    ticks = {t.text: t.at for t in scatter_chart(trade_off([one], "latency_ns")).x_ticks}
    assert ticks["0"] == 0
    assert ticks["40"] == pytest.approx(2 * ticks["20"])


def test_latencies_of_both_tiers_are_on_a_logarithmic_axis_with_units():
    fast, slow = row("fast", 100), row("slow", 900)
    fast.firmware.figures["latency_ns"] = figure(40.0)
    slow.firmware.figures["latency_ns"] = figure(1e7, "ONNX Runtime", "measured")
    chart = scatter_chart(trade_off([fast, slow], "latency_ns"))
    ticks = {t.text: t.at for t in chart.x_ticks}
    assert chart.title == "latency"
    assert ticks["1 ms"] - ticks["100 µs"] == pytest.approx(ticks["1 µs"] - ticks["100 ns"])
    assert chart.markers[0].x < ticks["100 ns"] < ticks["1 ms"] < chart.markers[1].x
    assert [front.names for front in chart.fronts] == [("fast",), ("slow",)]
    view = compare_view(by_hand(fast, slow))
    assert [each.latency.text for each in view.rows] == ["40", "10 ms"]
    assert dict(view.facts)["Latency"].startswith("in ns where no unit stands, ")


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
