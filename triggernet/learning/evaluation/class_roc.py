"""The ROC page of several classes: for each signal the rejection of every other class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.files import check_plot, new_file
from triggernet.learning.evaluation.roc import EFFICIENCIES, band, rejection_curve
from triggernet.learning.tasks.classes import check_classes, pair
from triggernet.statistics import error_text, roc_area

if TYPE_CHECKING:
    from pathlib import Path

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

COLUMNS = 3
SIDE_INCHES = 5.0  # of a panel


def plot_class_roc(
    logits: Floats, label: Labels, classes: Sequence[str], path: Path, title: str = ""
) -> None:
    """Draw a panel for each class as the signal, with a curve and its band for every other one.

    The discriminant is p_s / (p_s + p_b), the jets are those of the two classes, bands are 68 %
    intervals (Clopper and Pearson, of the background that passes).

    Parameters
    ----------
    logits : float array (n, C)
    label : int array (n,)
    classes : sequence of str
    path : Path
        PNG, PDF or SVG by its ending; written atomically.
    title : str
        Shown above the page.

    Raises
    ------
    UsageError
        For another ending.
    DataError
        As `triggernet.learning.tasks.classes.measure_classes`.
    """
    check_plot(path)
    check_classes(logits, label, classes)
    import matplotlib as mpl
    import mplhep
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(classes))
    rows = -(-len(classes) // columns)
    with mpl.rc_context(mplhep.style.CMS | {"font.size": 13, "savefig.bbox": None}):
        figure = Figure(figsize=(SIDE_INCHES * columns, SIDE_INCHES * rows), layout="constrained")
        panels: Any = figure.subplots(rows, columns, squeeze=False).flat
        for signal, axes in enumerate(panels):
            if signal < len(classes):
                _panel(axes, logits, label, classes, signal)
            else:
                axes.set_axis_off()
        figure.suptitle(title or f"{len(label)} jets", x=0.99, ha="right", fontsize="small")
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=120)


def _panel(axes: Any, logits: Floats, label: Labels, classes: Sequence[str], signal: int) -> None:
    for background, name in enumerate(classes):
        if background == signal:
            continue
        score, is_signal = pair(logits, label, signal, background)
        curve, area = rejection_curve(score, is_signal), roc_area(score, is_signal)
        colour = f"C{background}"
        low, high = band(curve, int((is_signal == 0).sum()))
        axes.fill_between(EFFICIENCIES, low, high, color=colour, alpha=0.2, linewidth=0)
        shown = f"{name}: AUC {error_text(area.value, area.error).replace('+-', '±')}"
        axes.plot(EFFICIENCIES, curve, color=colour, label=shown)
    axes.set(xlim=(0, 1), yscale="log", ylim=(1, None))
    axes.set_xlabel(rf"efficiency of {classes[signal]}")
    axes.set_ylabel(r"rejection $1/\epsilon_B$")
    axes.legend(loc="upper right", fontsize="x-small")
