"""What is in a file of jets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.data.cross_section import cross_section_text
from triggernet.data.distributions import compare, mass_peak, mass_threshold, observables
from triggernet.data.jets import Jets
from triggernet.data.readers.formats import load_jets
from triggernet.statistics import error_text
from triggernet.words import counted

FEW = 20  # jets below which a peak means nothing
UNITS = {"mass": " [GeV]", "pt": " [GeV]"}


@dataclass(frozen=True)
class Inspection:
    """What is in a file of jets: `text` for people, `values` for machines."""

    text: str
    values: dict[str, Any]


def inspect(path: Path, against: Path | None = None, plots: Path | None = None) -> Inspection:
    """Look at a file of jets.

    Parameters
    ----------
    path
        Jets of any known format.
    against
        Another file to compare with, class by class.
    plots
        PNG, PDF or SVG to draw both to.

    Raises
    ------
    DataError
        See `load_jets` and `compare`.
    UsageError
        See `plot_jets`.
    """
    jets = load_jets(path)
    values = describe(jets)
    text = as_text(path, values)
    other = None if against is None else load_jets(against)
    if other is not None:
        text += f"\n\nagainst {against}\n{comparison_text(jets, other)}"
        values["comparison"] = [asdict(row) for row in compare(jets, other)]
    if plots is not None:
        draw = _page_of(jets, other)
        draw(jets, plots, other, against.stem if against else "")
        text += f"\nplots: {plots}"
    return Inspection(text, values)


def _page_of(jets: Jets, other: Jets | None) -> Callable[..., None]:
    """What draws these jets: the page of tracks where all have some."""
    if jets.tracks is not None and (other is None or other.tracks is not None):
        from triggernet.data.track_plots import plot_tracks

        return plot_tracks
    from triggernet.data.plots import plot_jets

    return plot_jets


def describe(jets: Jets) -> dict[str, Any]:
    """Numbers, classes, distributions and provenance of jets, for machines."""
    values = observables(jets)
    classes = {}
    for label, name in enumerate(jets.classes):
        chosen = jets.label == label
        classes[name] = {"jets": int(chosen.sum())} | {
            observable: summary(value[chosen])
            for observable, value in values.items()
            if chosen.any()
        }
    result: dict[str, Any] = {
        "jets": len(jets),
        "constituents": jets.constituents.shape[1],
        "classes": classes,
        "provenance": dict(jets.provenance),
    }
    if jets.tracks is not None:
        from triggernet.data.track_plots import describe_tracks

        return result | {"tracks": describe_tracks(jets)}
    if len(np.unique(jets.label)) > 1 and (jets.label == len(jets.classes) - 1).any():
        result["mass_threshold"] = asdict(mass_threshold(jets))
    if jets.classes[-1] == "top" and (jets.label == len(jets.classes) - 1).sum() > FEW:
        result["mass_peak"] = asdict(mass_peak(jets))
    return result


def summary(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean, standard deviation and three percentiles of (n,) numbers."""
    low, middle, high = np.percentile(values, [16, 50, 84])
    return {
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "percentile_16": float(low),
        "median": float(middle),
        "percentile_84": float(high),
    }


def as_text(path: Path, description: dict[str, Any]) -> str:
    """The description for people."""
    n_jets = counted(description["jets"], "jet")
    lines = [
        f"{path}: {n_jets}, {description['constituents']} constituents stored",
        f"{'class':10} {'jets':>7}  {'observable':24} " + columns("mean", "16 %", "median", "84 %"),
    ]
    for name, entry in description["classes"].items():
        shown = f"{name:10} {entry['jets']:>7}"
        for observable, numbers in entry.items():
            if observable == "jets":
                continue
            shown_as = observable + UNITS.get(observable, "")
            chosen = (numbers[k] for k in ("mean", "percentile_16", "median", "percentile_84"))
            lines.append(f"{shown}  {shown_as:24} " + columns(*(f"{v:.4g}" for v in chosen)))
            shown = " " * len(shown)
    if "tracks" in description:
        from triggernet.data.track_plots import tracks_text

        lines.append(tracks_text(description["tracks"]))
    if "mass_threshold" in description:
        separation = description["mass_threshold"]
        area = error_text(separation["auc"], separation["error"])
        lines.append(f"jet-mass threshold alone: AUC {area}")
    if "mass_peak" in description:
        peak = description["mass_peak"]
        lines.append(
            f"top mass peak: {peak['position']:.1f} +- {peak['position_error']:.1f} GeV, "
            f"width {peak['width']:.1f} +- {peak['width_error']:.1f} GeV"
        )
    return "\n".join(lines + provenance_lines(description["provenance"]))


def provenance_lines(provenance: dict[str, Any]) -> list[str]:
    """Where the jets come from, for people: the source, what was generated, the rest by name."""
    values = {key: parsed(value) for key, value in provenance.items()}
    lines = [f"source: {values.pop('source')}"] if "source" in values else []
    statistics = values.pop("statistics", None)
    if isinstance(statistics, dict):
        lines += [
            f"{name}: {statistics_text(numbers)}"
            for name, numbers in statistics.items()
            if isinstance(numbers, dict)
        ]
    for key, value in sorted(values.items()):
        pairs = value.items() if isinstance(value, dict) else ()
        text = ", ".join(f"{name} {each}" for name, each in pairs) or str(value).strip()
        lines.append(f"{key}: {text}" if "\n" not in text else f"{key}:\n{indent(text, '    ')}")
    return lines


def statistics_text(numbers: dict[str, float]) -> str:
    """What was generated of one class: counts, and the cross-section if it is known."""
    counts = [
        f"{key.replace('_', ' ')} {number:,.6g}"
        for key, number in numbers.items()
        if not key.startswith("sigma_")
    ]
    if "sigma_mb" in numbers:
        sigma = cross_section_text(numbers["sigma_mb"], numbers.get("sigma_error_mb", 0.0))
        counts.append(f"cross-section {sigma}")
    return ", ".join(counts)


def parsed(value: Any) -> Any:
    """The object that a text of JSON holds, anything else as it is."""
    try:
        decoded = json.loads(value)
    except (ValueError, TypeError):
        return value
    return decoded if isinstance(decoded, dict) else value


def columns(*texts: str) -> str:
    """Texts in columns of nine characters."""
    return " ".join(f"{text:>9}" for text in texts)


def comparison_text(jets: Jets, other: Jets) -> str:
    """Two-sample table of `jets` against `other`, for people."""
    head = columns("mean", "reference", "difference", "error", "KS dist.", "p")
    lines = [f"{'class':10} {'observable':18} {head}"]
    for row in compare(jets, other):
        difference = row.mean - row.other_mean
        numbers = (row.mean, row.other_mean, difference, row.error, row.distance, row.p_value)
        shown = columns(*(f"{number:.3g}" for number in numbers))
        lines.append(f"{row.name:10} {row.observable:18} {shown}")
    return "\n".join(lines)
