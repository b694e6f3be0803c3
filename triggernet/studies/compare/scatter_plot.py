"""The plots of a comparison as one picture, in the style of the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from triggernet.files import check_plot, new_file
from triggernet.reports.pages.labels import FONT
from triggernet.studies.compare.compare import Comparison
from triggernet.studies.compare.scatter import HEIGHT, WIDTH, ScatterChart, scatter_chart

POINTS_AN_INCH = 72.0  # the unit of the drawing is a point here
LEFT, BELOW, ABOVE, RIGHT = 80.0, 62.0, 46.0, 24.0  # around each panel
COLOURS = ("C0", "C1", "C2", "C4")
SHAPES = ("o", "s", "D", "^")


def plot_comparison(comparison: Comparison, path: Path) -> None:
    """Draw the merit against LUTs, latency and parameters, with the Pareto fronts.

    Parameters
    ----------
    comparison : Comparison
    path : Path
        PNG, PDF or SVG by its ending; written atomically.

    Raises
    ------
    UsageError
        For another ending.
    """
    check_plot(path)
    import matplotlib as mpl
    import mplhep
    from matplotlib.figure import Figure

    charts = [scatter_chart(each) for each in comparison.trade_offs]
    width, height = LEFT + WIDTH + RIGHT, ABOVE + HEIGHT + BELOW
    size = (width / POINTS_AN_INCH, len(charts) * height / POINTS_AN_INCH)
    with mpl.rc_context(mplhep.style.CMS | {"font.size": 13, "savefig.bbox": None}):
        figure = Figure(figsize=size)
        for k, chart in enumerate(charts):
            bottom = (len(charts) - 1 - k) * height + BELOW
            whole = len(charts) * height
            axes = figure.add_axes((LEFT / width, bottom / whole, WIDTH / width, HEIGHT / whole))
            _panel(axes, chart)
        figure.axes[0].set_title(
            f"{comparison.n_jets} jets of {comparison.sample}", loc="right", fontsize="small"
        )
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=120)


def _panel(axes: Any, chart: ScatterChart) -> None:
    axes.set(xlim=(0, chart.width), ylim=(chart.height, 0))
    axes.minorticks_off()
    axes.set_xticks([t.at for t in chart.x_ticks], [t.text for t in chart.x_ticks])
    axes.set_yticks([t.at for t in chart.y_ticks], [t.text for t in chart.y_ticks])
    axes.set_xlabel(chart.title)
    symbol = chart.merit.symbol.replace("ε_B", r"\epsilon_B")
    axes.set_ylabel(f"{chart.merit.name} ${symbol}$" if symbol else chart.merit.name)
    for front in chart.fronts:
        colour = "grey" if front.group is None else COLOURS[front.group % len(COLOURS)]
        axes.plot(*zip(*front.corners, strict=True), color=colour, linestyle="--", linewidth=1.2)
    for group, name in enumerate(chart.legend):
        markers = [m for m in chart.markers if m.group == group]
        axes.errorbar(
            [m.x for m in markers],
            [m.y for m in markers],
            # The axis points down: what is higher has the smaller coordinate.
            [[m.y - m.high for m in markers], [m.low - m.y for m in markers]],
            fmt=SHAPES[group % len(SHAPES)],
            markersize=8,
            capsize=3,
            elinewidth=1.2,
            color=COLOURS[group % len(COLOURS)],
            label=name,
        )
    for label, marker in zip(chart.labels, chart.markers, strict=True):
        side = "right" if label.at_end else "left"
        axes.text(label.x, label.y, label.text, fontsize=FONT * 0.9, ha=side)
        if label.leader:
            ends = zip((marker.x, marker.y), label.leader, strict=True)
            axes.plot(*map(list, ends), color="grey", linewidth=0.6)
    if chart.legend:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize="small")
    else:
        axes.text(chart.width / 2, chart.height / 2, "no run can be drawn", ha="center")
