"""Tables and plots of the study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Result = Mapping[str, Any]
SHARE = 0.99  # of the final AUC from scratch: when a training counts as done
COLOURS = {"scratch": "#3f90da", "fine-tuned": "#bd1f01", "frozen": "#94a4a2"}
MARKERS = {"LundNet-5": "o", "ParticleNet-Lite": "s"}


def save(results: Sequence[Result], folder: Path) -> str:
    """Write tables and plots of all results that are there; the tables."""
    transfers = [r for r in results if not r["source"].startswith("on-")]
    tops = [r for r in transfers if r["source"] != "w500"]
    text = "\n\n".join([curve_table(transfers), network_table(transfers), speed_table(tops)])
    (folder / "tables.md").write_text(text + "\n")
    if tops:
        draw_curves(tops, folder / "auc_against_jets.png")
        draw_epochs(tops, folder / "auc_against_epochs.png")
    return text


def grouped(results: Sequence[Result]) -> dict[tuple[str, str, str, int], list[Result]]:
    """Results of the same training with other seeds, by network, mode, source and jets."""
    found = defaultdict(list)
    for result in results:
        found[result["network"], result["mode"], result["source"], result["n_jets"]].append(result)
    return dict(sorted(found.items()))


def mean_and_error(values: Sequence[float], single: float) -> tuple[float, float]:
    """Mean over seeds and its error; of one seed the error given."""
    if len(values) == 1:
        return values[0], single
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def curve_table(results: Sequence[Result]) -> str:
    """AUC by network, start and number of jets."""
    lines = [
        "| network | start | jets | seeds | AUC | CPU s |",
        "|---|---|---|---|---|---|",
    ]
    for (network, mode, source, n), group in grouped(results).items():
        auc, error = mean_and_error([r["auc"] for r in group], group[0]["auc_error"])
        seconds = [r["cpu_seconds"] for r in group if r["cpu_seconds"] is not None]
        spent = f"{np.mean(seconds):.0f}" if seconds else ""
        start = f"{mode}, from {source}" if source else mode
        lines.append(
            f"| {network} | {start} | {n:,} | {len(group)} | {auc:.4f} +- {error:.4f} | {spent} |"
        )
    return "\n".join(lines)


def network_table(results: Sequence[Result]) -> str:
    """The networks side by side on the most jets that any was trained on."""
    most = max((r["n_jets"] for r in results), default=0)
    lines = [
        f"| network, {most:,} jets | parameters | AUC | background rejection at 50 % |",
        "|---|---|---|---|",
    ]
    for result in results:
        if result["n_jets"] == most and result["seed"] == 0:
            start = "" if result["mode"] == "scratch" else f", {result['mode']}"
            low, high = result["rejection_50_low"], result["rejection_50_high"]
            lines.append(
                f"| {result['network']}{start} | {result['parameters']:,} | {result['auc']:.4f} +- "
                f"{result['auc_error']:.4f} | {result['rejection_50']:.0f} ({low:.0f} to "
                f"{high:.0f}) |"
            )
    return "\n".join(lines)


def epochs_needed(curve: Sequence[float], target: float) -> int | None:
    """Epochs until a validation AUC reaches a target; None if it never does."""
    return next((k for k, auc in enumerate(curve, 1) if auc >= target), None)


def speed_table(results: Sequence[Result]) -> str:
    """Epochs until 99 % of the final AUC from scratch, with the same jets and seed."""
    by_key = {(r["network"], r["mode"], r["n_jets"], r["seed"]): r for r in results}
    needed = defaultdict(list)
    for (network, mode, n, seed), result in by_key.items():
        scratch = by_key.get((network, "scratch", n, seed))
        if scratch is not None:
            target = SHARE * max(scratch["epochs"])
            needed[network, n, mode].append(epochs_needed(result["epochs"], target))
    lines = [
        "| network | jets | start | epochs to 99 % of the AUC from scratch, by seed |",
        "|---|---|---|---|",
    ]
    for (network, n, mode), epochs in sorted(needed.items()):
        shown = ", ".join("never" if e is None else str(e) for e in epochs)
        lines.append(f"| {network} | {n:,} | {mode} | {shown} |")
    return "\n".join(lines)


def _figure(path: Path, title: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="right", fontsize="small")
    return figure, axes, path


def draw_curves(results: Sequence[Result], path: Path) -> None:
    """AUC against training jets."""
    figure, axes, _ = _figure(path, "tops, pT > 500 GeV, hadron level")
    lines = defaultdict(list)
    for (network, mode, _, n), group in grouped(results).items():
        auc, error = mean_and_error([r["auc"] for r in group], group[0]["auc_error"])
        lines[network, mode].append((n, auc, error))
    for (network, mode), points in sorted(lines.items()):
        x, y, error = zip(*sorted(points), strict=True)
        style = {"color": COLOURS[mode], "marker": MARKERS.get(network, "^")}
        dashes = "-" if network.startswith("LundNet") else "--"
        axes.errorbar(x, y, error, label=f"{network}, {mode}", linestyle=dashes, **style)
    axes.set_xscale("log")
    axes.set_xlabel("training jets")
    axes.set_ylabel("AUC")
    axes.legend(fontsize="x-small")
    figure.savefig(path, dpi=100)


def draw_epochs(results: Sequence[Result], path: Path) -> None:
    """Validation AUC against epochs, of the most jets that several starts have."""
    lundnet = [r for r in results if r["network"] == "LundNet-5"]
    modes = defaultdict(set)
    for result in lundnet:
        modes[result["n_jets"]].add(result["mode"])
    n = max(modes, key=lambda key: (len(modes[key]), key), default=None)
    figure, axes, _ = _figure(path, f"LundNet-5, {n or 0:,} training jets")
    seen = set()
    for result in lundnet:
        if result["n_jets"] != n:
            continue
        mode = result["mode"]
        label = None if mode in seen else mode
        seen.add(mode)
        epochs = range(1, len(result["epochs"]) + 1)
        axes.plot(epochs, result["epochs"], color=COLOURS[mode], label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("validation AUC")
    axes.legend()
    figure.savefig(path, dpi=100)
