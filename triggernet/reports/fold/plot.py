"""The alternatives of a folding as a plot: look-up tables against latency."""

from __future__ import annotations

import io
from typing import Any

from triggernet.reports.budgets.tables import Budget
from triggernet.reports.fold.alternatives import Folding, front


def pareto_png(folding: Folding, budget: Budget) -> bytes:
    """A PNG of every alternative: LUTs of all instances against latency, both logarithmic.

    The line joins those that no other one beats in latency, LUT, FF, DSP and BRAM together in these
    two; open markers are not allowed by the budget; the star is the chosen one.
    """
    import matplotlib as mpl
    import mplhep
    from matplotlib.figure import Figure

    # A figure of its own, without pyplot: what the caller draws, and where to, stays as it is.
    with mpl.rc_context(mplhep.style.CMS):
        figure = Figure(figsize=(9, 7), layout="constrained")
        axes: Any = figure.subplots()
        _scatter(axes, folding)
        steps = _steps(folding)
        axes.plot(*zip(*steps, strict=True), color="black", lw=1, drawstyle="steps-post")
        chosen = folding.chosen
        axes.scatter(
            [chosen.latency_ns], [chosen.lut], marker="*", s=320, color="tab:red", label="chosen"
        )
        axes.axvline(
            budget.algorithm_ns, color="grey", ls="--", label=f"{budget.algorithm_ns:g} ns allowed"
        )
        axes.set(xscale="log", yscale="log", xlabel="latency [ns]", ylabel="LUT of all instances")
        for a in front(folding.alternatives):
            if (a.latency_ns, a.lut) in steps:
                axes.annotate(
                    f"{a.config.interval}",
                    (a.latency_ns, a.lut),
                    (4, 4),
                    textcoords="offset points",
                    fontsize=12,
                )
        axes.tick_params(axis="both", which="minor", labelbottom=False, labelleft=False)
        axes.legend(
            fontsize=13,
            title="numbers: interval in clocks; chosen: smallest share of the part",
            title_fontsize=13,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.01),
            ncols=2,
        )
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _scatter(axes: Any, folding: Folding) -> None:
    """One marker an alternative: colours for where tables are kept, open where not allowed."""
    for tables, colour in (("bram", "tab:blue"), ("lut", "tab:orange")):
        for allowed in (True, False):
            markers = [
                a
                for a in folding.alternatives
                if a.config.tables == tables and bool(a.problems) != allowed
            ]
            if not markers:
                continue
            axes.scatter(
                [a.latency_ns for a in markers],
                [a.lut for a in markers],
                s=28,
                facecolors=colour if allowed else "none",
                edgecolors=colour,
                label=f"tables in {tables.upper()}" + ("" if allowed else ", not allowed"),
            )


def _steps(folding: Folding) -> list[tuple[float, float]]:
    """The lower left edge of all alternatives in latency and LUTs."""
    steps: list[tuple[float, float]] = []
    for a in sorted(folding.alternatives, key=lambda a: (a.latency_ns, a.lut)):
        if not steps or a.lut < steps[-1][1]:
            steps.append((a.latency_ns, a.lut))
    return steps
