"""The page of a tagger of flavours: rejections, discriminants, origins, vertices, fractions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.tracks import ORIGINS
from triggernet.files import check_plot, new_file
from triggernet.learning.evaluation.flavour import SPLIT_GEV, Judged, working_points
from triggernet.learning.evaluation.parts import PartMetrics
from triggernet.learning.evaluation.roc import EFFICIENCIES, band, rejection_curve

Floats = NDArray[np.float64]


def plot_flavours(
    judged: Judged,
    path: Path,
    parts: PartMetrics | None = None,
    *,
    other: Judged | None = None,
    name: str = "",
) -> None:
    """Draw the page, PNG, PDF or SVG by its ending.

    Rejections of `other`, called `name`, are dashed, and the ratio of these to them is drawn.

    Raises
    ------
    UsageError
        For another ending.
    """
    check_plot(path)
    import matplotlib as mpl
    import mplhep
    from matplotlib.figure import Figure

    with mpl.rc_context(mplhep.style.CMS | {"font.size": 13, "savefig.bbox": None}):
        figure = Figure(figsize=(24, 17), layout="constrained")
        panels: Any = figure.subplots(3, 4, height_ratios=[3, 1, 3])
        for k, region in enumerate(("low", "high")):
            _rejections(panels[0, k], panels[1, k], judged, other, (region, name))
        _discriminants(panels[0, 2], judged)
        _by_pt(panels[0, 3], judged)
        for axes in panels[1, 2:]:
            axes.set_axis_off()
        _scan(panels[2, 0], judged)
        _origins(panels[2, 1], parts)
        _vertices(panels[2, 2], parts)
        panels[2, 3].set_axis_off()
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=75)


def _signal(judged: Judged) -> tuple[str, list[str]]:
    """The signal that the page is about, b if there is one, and its backgrounds."""
    signal = "b" if "b" in judged.discriminants else next(iter(judged.discriminants))
    return signal, list(judged.discriminants[signal].fractions)


def _curve(judged: Judged, region: str, signal: str, background: str) -> tuple[Floats, int] | None:
    """The rejection of one background in a region, and of how many jets."""
    low = judged.pt_gev < SPLIT_GEV
    here = low if region == "low" else ~low
    index = [judged.classes.index(n) for n in (signal, background)]
    kept = here & np.isin(judged.label, index)
    is_signal = (judged.label[kept] == index[0]).astype(np.int64)
    if not 0 < is_signal.sum() < len(is_signal):
        return None
    value = judged.discriminants[signal].of(judged.probabilities[kept], judged.classes)
    return rejection_curve(value, is_signal), int((is_signal == 0).sum())


def _rejections(
    axes: Any, below: Any, judged: Judged, other: Judged | None, named: tuple[str, str]
) -> None:
    region, name = named
    signal, backgrounds = _signal(judged)
    for k, background in enumerate(backgrounds):
        counted = _curve(judged, region, signal, background)
        if counted is None:
            continue
        curve, n = counted
        low, high = band(curve, n)
        axes.fill_between(EFFICIENCIES, low, high, color=f"C{k}", alpha=0.2, linewidth=0)
        axes.plot(EFFICIENCIES, curve, color=f"C{k}", label=background)
        compared = None if other is None else _curve(other, region, signal, background)
        if compared is not None:
            axes.plot(EFFICIENCIES, compared[0], f"C{k}--", label=f"{background}, {name}")
            below.plot(EFFICIENCIES, curve / compared[0], color=f"C{k}")
    axes.set(xlim=(0.3, 1), yscale="log", ylim=(1, None), ylabel="rejection")
    axes.set_title(f"{signal} jets of {region} pT", fontsize="small")
    axes.legend(fontsize="x-small")
    axes.set_xlabel(f"efficiency of {signal}")
    if other is None:
        below.set_axis_off()
    below.set(xlim=(0.3, 1), xlabel=f"efficiency of {signal}", ylabel="ratio")
    below.axhline(1, color="grey", linewidth=1)


def _discriminants(axes: Any, judged: Judged) -> None:
    signal, _ = _signal(judged)
    value = judged.discriminants[signal].of(judged.probabilities, judged.classes)
    low, high = (float(x) for x in np.quantile(value, [0.001, 0.999]))
    edges = np.linspace(low, high, 60)
    for k, name in enumerate(judged.classes):
        axes.hist(value[judged.label == k], edges, density=True, histtype="step", label=name)
    axes.set(xlabel=f"$D_{{{signal}}}$", ylabel="fraction per unit", yscale="log")
    axes.legend(fontsize="x-small")


def _by_pt(axes: Any, judged: Judged) -> None:
    signal, backgrounds = _signal(judged)
    rows = judged.metrics.by_pt.get(signal, [])
    for k, background in enumerate(backgrounds):
        shown = [r for r in rows if background in r["rejections"]]
        x = [np.sqrt(r["pt_low_gev"] * r["pt_high_gev"]) for r in shown]
        y = [r["rejections"][background] for r in shown]
        middle = np.array([np.nan if b.value is None else b.value for b in y])
        low = np.array([b.low for b in y])
        high = np.array([np.inf if b.high is None else b.high for b in y])
        errors = np.clip(np.array([middle - low, high - middle]), 0, None)
        errors = np.where(np.isfinite(errors), errors, 0)
        axes.errorbar(x, middle, errors, fmt="o", color=f"C{k}", label=background)
    axes.set(xscale="log", yscale="log", xlabel="$p_T$ [GeV]")
    axes.set_ylabel(f"rejection at {100 * working_points(signal)[0]:.0f} % of {signal}")
    axes.legend(fontsize="x-small")


def _scan(axes: Any, judged: Judged) -> None:
    """Rejections of the two main backgrounds against each other, for all fractions of one."""
    signal, backgrounds = _signal(judged)
    scans = judged.metrics.scans.get(signal, {})
    scanned = next(iter(scans), None)
    against = "light" if "light" in backgrounds else backgrounds[-1]
    if scanned is None or scanned == against:
        axes.set_axis_off()
        return
    pairs = [(r["rejections"].get(scanned), r["rejections"].get(against)) for r in scans[scanned]]
    points = [(x.value, y.value) for x, y in pairs if x and y and x.value and y.value]
    if points:
        axes.plot(*zip(*points, strict=True), "o-", markersize=4)
    axes.set(xlabel=f"rejection of {scanned}", ylabel=f"rejection of {against}")
    axes.set_title(f"fraction of {scanned} from 0 to 1, low pT", fontsize="small")


def _origins(axes: Any, parts: PartMetrics | None) -> None:
    if parts is None or parts.origin_confusion is None:
        axes.set_axis_off()
        return
    counts = parts.origin_confusion
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(share):
        axes.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(ORIGINS)), ORIGINS, rotation=60, ha="right", fontsize=9)
    axes.set_yticks(range(len(ORIGINS)), ORIGINS, fontsize=9)
    axes.set(xlabel="taken for", ylabel="true origin")
    axes.minorticks_off()


def _vertices(axes: Any, parts: PartMetrics | None) -> None:
    if parts is None or parts.vertex_roc is None or parts.vertex_area is None:
        axes.set_axis_off()
        return
    matching, others = parts.vertex_roc
    axes.plot(matching, others, label=f"AUC {parts.vertex_area.value:.4f}")
    axes.set(xlabel="pairs of one vertex that pass", ylabel="other pairs that pass")
    axes.set(yscale="log", ylim=(1e-3, 1))
    axes.legend(fontsize="x-small")
