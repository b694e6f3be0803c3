"""What flavour tagging looks at first: lifetime significances, numbers and origins of tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.distributions import refuse_incomparable
from triggernet.data.jets import Jets
from triggernet.data.plots import colour, normalised
from triggernet.data.tracks import ORIGIN, ORIGINS, SIGNIFICANCE, VERTEX, known_origins
from triggernet.files import check_plot, new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

DISPLACED = 3.0  # of |s(d0)|
PANELS = {
    SIGNIFICANCE: (r"Lifetime-signed significance $s(d_0)$ of tracks", np.linspace(-20, 40, 61)),
    "IP3D_signed_z0_significance": (
        r"Lifetime-signed significance $s(z_0)$ of tracks",
        np.linspace(-20, 40, 61),
    ),
    "tracks": ("Tracks of a jet", np.arange(-0.5, 41.5)),
    "pt": (r"Jet $p_\mathrm{T}$ [GeV]", np.geomspace(20, 3000, 41)),
}


def describe_tracks(jets: Jets) -> dict[str, dict[str, Any]]:
    """Of each class that has jets: tracks a jet, shares beyond +-3 in s(d0), shares of origins."""
    assert jets.tracks is not None
    described = {}
    for label, name in enumerate(jets.classes):
        rows = jets.tracks[jets.label == label]
        valid = rows["valid"]
        if not valid.any():
            continue
        significance = rows[SIGNIFICANCE][valid]
        values: dict[str, Any] = {
            "mean_number": float(valid.sum(1).mean()),
            "share_above_3": float((significance > DISPLACED).mean()),
            "share_below_minus_3": float((significance < -DISPLACED).mean()),
        }
        if known_origins(rows):
            counts = origin_counts(rows)
            values["origins"] = dict(zip(ORIGINS, (counts / counts.sum()).tolist(), strict=True))
            values["mean_vertices"] = float((rows[VERTEX].max(1) + 1).mean())
        described[name] = values
    return described


def origin_counts(tracks: NDArray[Any]) -> NDArray[np.int64]:
    """How many tracks (n, M) come from each of `ORIGINS`."""
    known = tracks[ORIGIN][tracks["valid"] & (tracks[ORIGIN] >= 0)].astype(np.int64)
    return np.bincount(known, minlength=len(ORIGINS))


def tracks_text(described: dict[str, dict[str, Any]]) -> str:
    """The description for people."""
    lines = []
    for name, values in described.items():
        lines.append(
            f"{name}: {values['mean_number']:.2f} tracks a jet, s(d0) above 3: "
            f"{100 * values['share_above_3']:.1f} %, below -3: "
            f"{100 * values['share_below_minus_3']:.1f} %"
        )
        if "origins" in values:
            shares = [f"{k} {100 * v:.1f} %" for k, v in values["origins"].items()]
            lines.append(f"    from {', '.join(shares)}")
    return "\n".join(lines)


def plot_tracks(
    jets: Jets, path: Path, other: Jets | None = None, other_name: str = "other"
) -> None:
    """Write a page: significances, number of tracks, pT, and origins of tracks, by flavour.

    Parameters
    ----------
    jets
        With tracks; drawn as filled histograms.
    path
        PNG, PDF or SVG by its suffix; replaced when complete.
    other
        Drawn as lines.
    other_name
        Their name in the legend.

    Raises
    ------
    UsageError
        For another suffix.
    DataError
        If `other` has different classes, or one of both lacks jets of a class.
    """
    check_plot(path)
    if other is not None:
        refuse_incomparable(jets, other)
    import mplhep
    from matplotlib import figure as figures
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with rc_context({**mplhep.style.ROOT, "font.size": 15, "axes.labelsize": 17}):
        figure = figures.Figure(figsize=(24, 12), layout="constrained")
        FigureCanvasAgg(figure)
        axes: Any = figure.subplots(2, 3).flat
        for axis, name in zip(axes, PANELS, strict=False):
            _distribution(axis, name, jets, other, other_name)
        _origins(axes[4], jets)
        axes[5].set_axis_off()
        axes[0].legend(fontsize=13)
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=80)


def panel_values(name: str, jets: Jets, label: int) -> Floats:
    """What a panel shows of the jets of a class, (k,)."""
    assert jets.tracks is not None
    chosen = jets.label == label
    if name == "tracks":
        return np.asarray(jets.tracks["valid"][chosen].sum(1), np.float64)
    if name == "pt":
        return kinematics.transverse_momentum(jets.jet[chosen])
    rows = jets.tracks[chosen]
    return np.asarray(rows[name][rows["valid"]], np.float64)


def _distribution(axis: Axes, name: str, jets: Jets, other: Jets | None, other_name: str) -> None:
    import mplhep

    title, edges = PANELS[name]
    for label, class_name in enumerate(jets.classes):
        for sample, look in ((jets, {"histtype": "fill", "alpha": 0.35}), (other, {"lw": 2})):
            if sample is None:
                continue
            counts, _ = np.histogram(panel_values(name, sample, label), edges)
            shown = class_name if sample is jets else f"{class_name}, {other_name}"
            density = normalised(counts, edges)[0]
            drawn: dict[str, Any] = {"color": colour(label), "label": shown, **look}
            mplhep.histplot(density, edges, ax=axis, **drawn)
    axis.set_xlabel(title)
    axis.set_ylabel("Fraction per unit")
    if name != "tracks":
        axis.set_yscale("log")
    if name == "pt":
        axis.set_xscale("log")
    axis.set_xlim(edges[0], edges[-1])


def _origins(axis: Axes, jets: Jets) -> None:
    """A group of bars for each origin, a bar a flavour."""
    assert jets.tracks is not None
    place, width = np.arange(len(ORIGINS)), 0.8 / len(jets.classes)
    for label, name in enumerate(jets.classes):
        counts = origin_counts(jets.tracks[jets.label == label])
        share = counts / max(int(counts.sum()), 1)
        axis.bar(place + width * label, share, width, color=colour(label), label=name)
    axis.set_xticks(place + 0.4, ORIGINS, rotation=40, ha="right", fontsize=12)
    axis.set_ylabel("Fraction of tracks")
