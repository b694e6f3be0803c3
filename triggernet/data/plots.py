"""A page of plots of jets, in the style of mplhep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.compare import observables
from triggernet.data.jets import Jets
from triggernet.errors import UsageError
from triggernet.files import new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

PANELS = {
    "multiplicity": ("Constituents", 0.5, 120.5, 30),
    "mass": ("Jet mass [GeV]", 0.0, 300.0, 40),
    "pt": (r"Jet $p_\mathrm{T}$ [GeV]", None, None, 25),
    "leading fraction": (r"Leading constituent $p_\mathrm{T}$ / jet $p_\mathrm{T}$", 0.0, 1.0, 40),
}
COLOURS = ("#3f90da", "#bd1f01", "#ffa90e", "#832db6", "#94a4a2", "#a96b59", "#e76300", "#b9ac70")
IMAGE_HALF_WIDTH = 1.0
IMAGE_PIXELS = 50
IMAGE_RANGE = (1e-6, 1e-1)  # one scale for both classes
SUFFIXES = (".png", ".pdf", ".svg")


def plot_jets(jets: Jets, path: Path, other: Jets | None = None, other_name: str = "other") -> None:
    """Write a page: four distributions, and the mean image of the first and the last class.

    Parameters
    ----------
    jets
        Drawn as filled histograms.
    path
        PNG, PDF or SVG by its suffix; replaced when complete.
    other
        Drawn as points with statistical errors over them, by class.
    other_name
        Their name in the legend.

    Raises
    ------
    UsageError
        For another suffix.
    """
    if path.suffix not in SUFFIXES:
        allowed = ", ".join(SUFFIXES)
        raise UsageError(f"cannot write plots to {path}; the name must end in one of {allowed}")
    import mplhep
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({**mplhep.style.ROOT, "font.size": 15, "axes.labelsize": 17}):
        figure = Figure(figsize=(21, 12), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 3)
        for axis, name in zip(axes.flat, PANELS, strict=False):
            distribution(axis, name, jets, other, other_name)
        axes.flat[0].set_ylim(top=1.45 * axes.flat[0].get_ylim()[1])  # room for the legend
        axes.flat[0].legend(fontsize=14, ncols=1 if other is None else 2)
        for axis, label in zip(axes.flat[4:], (0, len(jets.classes) - 1), strict=True):
            image(axis, jets, label)
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=90)


def distribution(axis: Axes, name: str, jets: Jets, other: Jets | None, other_name: str) -> None:
    """One observable, normalised, by class."""
    import mplhep

    values = observables(jets)[name]
    edges = bins(name, values)
    for label, title in enumerate(jets.classes):
        colour = COLOURS[label % len(COLOURS)]
        counts, _ = np.histogram(values[jets.label == label], edges)
        look: dict[str, Any] = {"color": colour, "histtype": "fill", "alpha": 0.45}
        mplhep.histplot(normalised(counts, edges)[0], edges, ax=axis, label=title, **look)
        if other is not None and label < len(other.classes):
            counts, _ = np.histogram(observables(other)[name][other.label == label], edges)
            height, error = normalised(counts, edges)
            centres = (edges[1:] + edges[:-1]) / 2
            caption = f"{other.classes[label]}, {other_name}"
            axis.errorbar(centres, height, error, fmt="o", ms=5, color=colour, label=caption)
    axis.set_xlabel(PANELS[name][0])
    axis.set_ylabel("Fraction of jets per unit")
    axis.set_xlim(edges[0], edges[-1])
    axis.set_ylim(bottom=0)


def bins(name: str, values: Floats) -> Floats:
    """Edges (k,) for an observable; those of pT follow the sample."""
    _, low, high, count = PANELS[name]
    if low is None or high is None:
        low, high = float(values.min()), float(values.max())
    return np.linspace(low, high if high > low else low + 1.0, count + 1)


def normalised(counts: NDArray[np.int64], edges: Floats) -> tuple[Floats, Floats]:
    """Density and its statistical error (k,)."""
    scale = max(int(counts.sum()), 1) * np.diff(edges)
    return counts / scale, np.sqrt(counts) / scale


def image(axis: Axes, jets: Jets, label: int) -> None:
    """Mean image of one class: pT by pixel around the jet axis, principal axis upright."""
    from matplotlib.colors import LogNorm

    half, pixels = IMAGE_HALF_WIDTH, IMAGE_PIXELS
    chosen = jets.select(jets.label == label)
    eta, phi, weight = upright(chosen)
    edges = np.linspace(-half, half, pixels + 1)
    mean, _, _ = np.histogram2d(eta.ravel(), phi.ravel(), [edges, edges], weights=weight.ravel())
    mean /= max(len(chosen), 1)
    norm = LogNorm(*IMAGE_RANGE)
    drawn = axis.pcolormesh(edges, edges, mean.T, norm=norm, cmap="viridis", rasterized=True)
    axis.figure.colorbar(drawn, ax=axis, label="Mean share of the jet's $p_\\mathrm{T}$")
    axis.set_xlabel(r"$\Delta\eta'$")
    axis.set_ylabel(r"$\Delta\phi'$")
    axis.set_title(f"{jets.classes[label]}, turned to its principal axis")
    axis.set_facecolor("#440154")
    axis.set_aspect("equal")


def upright(jets: Jets) -> tuple[Floats, Floats, Floats]:
    """Angles (n, N) around the jet axis, turned so that most pT spreads along the second.

    The harder half is turned up and to the right. Returns eta, phi and the share of the jet's pT.
    """
    axis_eta = kinematics.rapidity(jets.jet)[:, None]
    eta = np.where(jets.present, kinematics.pseudorapidity(jets.constituents) - axis_eta, 0.0)
    azimuth = kinematics.azimuth(jets.constituents) - kinematics.azimuth(jets.jet)[:, None]
    phi = np.where(jets.present, kinematics.wrap(azimuth), 0.0)
    pt = kinematics.transverse_momentum(jets.constituents)
    weight = pt / kinematics.transverse_momentum(jets.jet)[:, None]
    twice = (2 * weight * eta * phi).sum(1), (weight * (eta**2 - phi**2)).sum(1)
    angle = np.arctan2(*twice) / 2 - np.pi / 2
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    eta, phi = cos * eta + sin * phi, cos * phi - sin * eta
    right = np.where((weight * eta).sum(1) < 0, -1, 1)[:, None]
    up = np.where((weight * np.sign(phi)).sum(1) < 0, -1, 1)[:, None]
    return right * eta, up * phi, weight
