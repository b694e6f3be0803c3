"""The ROC plot as the field draws it: background rejection against signal efficiency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.files import check_plot, new_file
from triggernet.learning.tasks.metrics import SIGNAL_EFFICIENCY, roc_curve
from triggernet.statistics import clopper_pearson, error_text, interval_text

if TYPE_CHECKING:
    from pathlib import Path

    from triggernet.learning.evaluation.evaluation import Evaluation

Floats = NDArray[np.float64]

# Signal efficiencies at which the curves are drawn.
EFFICIENCIES = np.linspace(0.02, 1.0, 197)


def plot_roc(evaluation: Evaluation, path: Path, title: str = "") -> None:
    """Draw both models' rejection and the ratio of the quantised one to the float one.

    Of a model without a hardware form, the rejection of the float one alone. Bands are 68 %
    intervals (Clopper and Pearson, of the background that passes); in the ratio those of the
    quantised model alone, since both saw the same jets.

    Parameters
    ----------
    evaluation : Evaluation
    path : Path
        PNG, PDF or SVG by its ending; written atomically.
    title : str
        Shown above the plot.

    Raises
    ------
    UsageError
        For another ending.
    """
    check_plot(path)
    import matplotlib as mpl
    import mplhep
    from matplotlib.figure import Figure

    with mpl.rc_context(mplhep.style.CMS | {"font.size": 15, "savefig.bbox": None}):
        figure = Figure(figsize=(7, 7), layout="constrained")
        both = evaluation.quantised is not None
        rows: Any = figure.subplots(
            1 + both, 1, sharex=True, squeeze=False, height_ratios=[3, 1][: 1 + both]
        )
        n_background = int((evaluation.label == 0).sum())
        curves = _curves(rows[0, 0], evaluation, n_background)
        if both:
            _ratio(rows[1, 0], curves, n_background)
        _decorate(rows[0, 0], list(rows[:, 0]), title or f"{evaluation.float.n_jets} jets")
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=150)


def _curves(axes: Any, evaluation: Evaluation, n_background: int) -> list[Floats]:
    """Draw a curve and its band for every model there is."""
    models = (
        ("float", evaluation.float, evaluation.float_logits, "C0"),
        ("quantised", evaluation.quantised, evaluation.hardware_logits, "C1"),
    )
    curves = []
    for name, metrics, logits, colour in models:
        if metrics is None or logits is None:
            continue
        curve = rejection_curve(logits, evaluation.label)
        low, high = band(curve, n_background)
        axes.fill_between(EFFICIENCIES, low, high, color=colour, alpha=0.2, linewidth=0)
        at_30 = interval_text(
            metrics.rejection_30, metrics.rejection_30_low, metrics.rejection_30_high
        )
        area = error_text(metrics.auc, metrics.auc_error)
        label = f"{name}: AUC {area}, {at_30} at 30 %".replace("+-", "±")
        axes.plot(EFFICIENCIES, curve, color=colour, label=label)
        curves.append(curve)
    return curves


def rejection_curve(logits: Floats, label: NDArray[np.int64]) -> Floats:
    """1 / background efficiency at `EFFICIENCIES`; NaN where less than one jet of it passes."""
    signal, background = roc_curve(logits, label)
    passing = np.interp(EFFICIENCIES, np.r_[0, signal], np.r_[0, background])
    known = passing * np.sum(label != 1) > 1 - 1e-9
    return np.where(known, 1 / np.where(known, passing, 1), np.nan)


def band(rejection: Floats, n_background: int) -> tuple[Floats, Floats]:
    """The ends of the 68 % intervals of rejections, never below 1; NaN where these are."""
    known = np.isfinite(rejection)
    passing = n_background / np.where(known, rejection, 1)
    low, high = clopper_pearson(np.minimum(passing, n_background), n_background)
    return np.where(known, 1 / high, np.nan), np.where(known, 1 / low, np.nan)


def _ratio(axes: Any, curves: list[Floats], n_background: int) -> None:
    value = curves[1] / curves[0]
    low, high = (end / curves[0] for end in band(curves[1], n_background))
    axes.axhline(1, color="C0", linewidth=1)
    axes.fill_between(EFFICIENCIES, low, high, color="C1", alpha=0.2, linewidth=0)
    axes.plot(EFFICIENCIES, value, color="C1")
    axes.set_ylim(0.5, 1.5)
    axes.set_ylabel("quant. / float", loc="center")


def _decorate(main: Any, rows: list[Any], title: str) -> None:
    for axes in rows:
        axes.axvline(SIGNAL_EFFICIENCY, color="grey", linestyle=":", linewidth=1)
    main.set_yscale("log")
    main.set_ylim(bottom=1)
    main.set_ylabel(r"background rejection $1/\epsilon_B$")
    main.legend(loc="upper right", fontsize="small")
    main.set_title(title, loc="right", fontsize="small")
    rows[-1].set_xlim(0, 1)
    rows[-1].set_xlabel(r"signal efficiency $\epsilon_S$")
