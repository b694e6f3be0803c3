"""A page of plots of jets, in the style of mplhep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data import kinematics
from triggernet.data.distributions import observables, refuse_incomparable, two_sample
from triggernet.data.jets import Jets
from triggernet.data.lund.plane import draw_plane
from triggernet.files import check_plot, new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

Floats = NDArray[np.float64]

PANELS = {
    "multiplicity": ("Constituents", 0.5, 120.5, 30),
    "mass": ("Jet mass [GeV]", 0.0, 300.0, 40),
    "pt": (r"Jet $p_\mathrm{T}$ [GeV]", None, None, 25),
    "leading fraction": (r"Leading constituent $p_\mathrm{T}$ / jet $p_\mathrm{T}$", 0.0, 1.0, 40),
}
COLOURS = ("#3f90da", "#bd1f01", "#ffa90e", "#832db6", "#94a4a2", "#a96b59", "#e76300", "#b9ac70")
RATIO_RANGE = (0.0, 2.2)
IMAGE_HALF_WIDTH = 1.0
IMAGE_PIXELS = 50
IMAGE_RANGE = (1e-6, 1e-1)  # one scale for both classes


def plot_jets(jets: Jets, path: Path, other: Jets | None = None, other_name: str = "other") -> None:
    """Write a page: four distributions, mean images and Lund planes of the first and last class.

    Parameters
    ----------
    jets
        Drawn as filled histograms.
    path
        PNG, PDF or SVG by its suffix; replaced when complete.
    other
        Drawn as points with statistical errors over them, by class, with the ratio of it to `jets`
        below.
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
        figure = figures.Figure(figsize=(28, 12 if other is None else 14), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(2, 4)
        places = [grid[row, column] for row in range(2) for column in range(4)]
        for place, name in zip(places, PANELS, strict=False):
            if other is None:
                distribution(figure.add_subplot(place), name, jets)
            else:
                compared(figure, place, name, (jets, other), other_name)
        first = figure.axes[0]
        first.set_ylim(top=1.45 * first.get_ylim()[1])  # room for the legend
        first.legend(fontsize=14, ncols=1 if other is None else 2)
        for column, label in enumerate((0, len(jets.classes) - 1)):
            image(figure.add_subplot(grid[1, column]), jets, label)
            draw_plane(figure.add_subplot(grid[1, 2 + column]), jets, label)
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=90)


def distribution(axis: Axes, name: str, jets: Jets) -> None:
    """One observable, normalised, by class."""
    import mplhep

    values = observables(jets)[name]
    edges = bins(name, values)
    for label, title in enumerate(jets.classes):
        counts, _ = np.histogram(values[jets.label == label], edges)
        look: dict[str, Any] = {"color": colour(label), "histtype": "fill", "alpha": 0.45}
        mplhep.histplot(normalised(counts, edges)[0], edges, ax=axis, label=title, **look)
    axis.set_xlabel(PANELS[name][0])
    axis.set_ylabel("Fraction of jets per unit")
    axis.set_xlim(edges[0], edges[-1])
    axis.set_ylim(bottom=0)


def compared(
    figure: Figure, place: SubplotSpec, name: str, samples: tuple[Jets, Jets], other_name: str
) -> None:
    """One observable of two samples by class, and the ratio of the second to the first below."""
    jets, other = samples
    halves = place.subgridspec(2, 1, height_ratios=(3, 1), hspace=0.03)
    upper = figure.add_subplot(halves[0])
    lower = figure.add_subplot(halves[1], sharex=upper)
    distribution(upper, name, jets)
    values, points = observables(jets)[name], observables(other)[name]
    edges = bins(name, values)
    centres = (edges[1:] + edges[:-1]) / 2
    tests = []
    for label, title in enumerate(jets.classes):
        expected = normalised(np.histogram(values[jets.label == label], edges)[0], edges)
        heights = normalised(np.histogram(points[other.label == label], edges)[0], edges)
        look: dict[str, Any] = {"fmt": "o", "ms": 5, "color": colour(label)}
        upper.errorbar(centres, *heights, label=f"{title}, {other_name}", **look)
        test = two_sample(title, name, values[jets.label == label], points[other.label == label])
        tests.append(f"{title} {test.distance:.3f} (p = {test.p_value:.1g})")
        shown, height, error = ratio(heights, expected)
        lower.errorbar(centres[shown], height, error, **look)
    upper.set_title("KS distance: " + ", ".join(tests), fontsize=13)
    lower.axhline(1.0, color="black", lw=1)
    lower.set_ylim(*RATIO_RANGE)
    lower.set_xlabel(upper.get_xlabel())
    lower.set_ylabel("Ratio", loc="center")
    upper.set_xlabel("")
    upper.tick_params(labelbottom=False)


def ratio(
    counted: tuple[Floats, Floats], expected: tuple[Floats, Floats]
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Where both densities (k,) are above zero, their ratio there, and its statistical error."""
    (a, a_error), (b, b_error) = counted, expected
    shown = (a > 0) & (b > 0)
    value = a[shown] / b[shown]
    return shown, value, value * np.hypot(a_error[shown] / a[shown], b_error[shown] / b[shown])


def colour(label: int) -> str:
    """The colour of a class."""
    return COLOURS[label % len(COLOURS)]


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
