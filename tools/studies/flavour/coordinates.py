"""How activations depend on the width in the first steps of a training: the coordinate check.

    .venv/bin/python tools/studies/flavour/coordinates.py --out FOLDER

GN2 of several widths is trained on one batch of random tracks, at one rate, standard and in muP.
Before every step the mean of |output| of each linear layer, and that of the logits of attention, is
taken; its slope against the width, both logarithmic, is what is told. In muP no slope is far from
0 after the first step; in the standard parametrisation some rise. Before the first step the readout
and the logits of attention may fall, and nothing rises.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.data.encoding import EncodingConfig
from triggernet.files import new_file, write_text
from triggernet.learning.layers.attention import SelfAttention
from triggernet.learning.models import model_family
from triggernet.learning.training.start import parameter_groups
from triggernet.learning.training.start_config import StartConfig

HEADS, LAYERS, BASE = 4, 2, 64
RATE = 1e-2
WAYS = ("mup", "standard")


def batch(n: int, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """Jets of random tracks, and labels that depend on them."""
    rng = torch.Generator().manual_seed(seed)
    valid = torch.rand(n, 10, generator=rng) < 0.7
    tracks = torch.randn(n, 10, 19, generator=rng) * valid[..., None]
    label = (tracks[..., 0].sum(1) > 0).long() + 2 * (tracks[..., 1].sum(1) > 0).long()
    return {"jet": torch.randn(n, 2, generator=rng), "tracks": tracks, "valid": valid}, label


@contextmanager
def watched(model: nn.Module) -> Iterator[dict[str, float]]:
    """Mean |output| of every linear layer of the trunk, and of the logits of attention."""
    sizes: dict[str, float] = {}
    hooks = []
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and not name.startswith(("head_", "gate")):
            hooks.append(layer.register_forward_hook(_kept(sizes, name)))
        elif isinstance(layer, SelfAttention):
            hooks.append(layer.register_forward_hook(_logits(sizes, f"{name}.logits")))
    try:
        yield sizes
    finally:
        for hook in hooks:
            hook.remove()


def _kept(sizes: dict[str, float], name: str) -> Any:
    def keep(_layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        sizes[name] = float(output.detach().abs().mean())

    return keep


def _logits(sizes: dict[str, float], name: str) -> Any:
    def keep(layer: Any, inputs: Any, _output: Tensor) -> None:
        x = inputs[0].detach()
        query, key = (
            f(x).view(len(x), layer.n_heads, -1).transpose(0, 1) for f in (layer.query, layer.key)
        )
        few = slice(64)  # products of any rows say how large logits are
        logits = query[:, few] @ key[:, few].transpose(1, 2) * layer.scale
        sizes[name] = float(logits.detach().abs().mean())

    return keep


def sizes_of(width: int, way: str, seed: int, steps: int) -> list[dict[str, float]]:
    """What `watched` sees before each step of a training."""
    family = model_family("gn2")
    config = family.config(
        parametrisation=way, base_width=BASE, heads=HEADS, layers=LAYERS, embedding=64
    )
    torch.manual_seed(seed)
    model = family.make_float(family.at_width(config, width), EncodingConfig(), 4)
    groups = parameter_groups(model, StartConfig())
    for group in groups:
        group["lr"] = RATE * group["scale"]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
    inputs, label = batch(128, 1)
    seen = []
    for _ in range(steps + 1):
        with watched(model) as sizes:
            loss = nn.functional.cross_entropy(model(inputs), label)
        seen.append(dict(sizes))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return seen


def measured(widths: list[int], seeds: int, steps: int) -> dict[str, Any]:
    """Sizes by way, step and layer: a list by width of the mean over seeds."""
    found: dict[str, Any] = {}
    for way in WAYS:
        runs = [[sizes_of(w, way, s, steps) for s in range(seeds)] for w in widths]
        found[way] = [
            {
                name: [float(np.mean([run[k][name] for run in of_width])) for of_width in runs]
                for name in runs[0][0][0]
            }
            for k in range(steps + 1)
        ]
    return found


def slopes(by_layer: Mapping[str, list[float]], widths: list[int]) -> dict[str, float]:
    """Of log size against log width, by layer."""
    x = np.log(widths)
    return {name: float(np.polyfit(x, np.log(y), 1)[0]) for name, y in by_layer.items()}


def table(found: Mapping[str, Any], widths: list[int]) -> str:
    """The least and the largest slope of each step, and their layers."""
    lines = ["| parametrisation | step | lowest slope | highest slope |", "|---|---|---|---|"]
    for way in WAYS:
        for step, by_layer in enumerate(found[way]):
            slope = slopes(by_layer, widths)
            ends = [f(slope, key=lambda n: slope[n]) for f in (min, max)]
            cells = " | ".join(f"{slope[n]:+.3f} (`{n}`)" for n in ends)
            lines.append(f"| {way} | {step} | {cells} |")
    return "\n".join(lines) + "\n"


def draw(found: Mapping[str, Any], widths: list[int], path: Path) -> None:
    """Sizes of all layers against the width, a panel for each way and step."""
    import matplotlib as mpl
    import mplhep
    from matplotlib.figure import Figure

    with mpl.rc_context(mplhep.style.CMS | {"font.size": 11, "savefig.bbox": None}):
        steps = len(found[WAYS[0]])
        figure = Figure(figsize=(4 * steps, 8), layout="constrained")
        panels: Any = figure.subplots(len(WAYS), steps, squeeze=False, sharey="row")
        for row, way in zip(panels, WAYS, strict=True):
            for step, axes in enumerate(row):
                for name, y in found[way][step].items():
                    style = "--" if "logits" in name else "-"
                    axes.plot(widths, y, style, marker="o", markersize=3, label=name)
                axes.set(xscale="log", yscale="log", xlabel="width", ylabel="mean |output|")
                axes.set_xscale("log", base=2)
                axes.set_title(f"{way}, before step {step + 1}", fontsize="small")
        panels[0, 0].legend(fontsize=6, ncols=2)
        with new_file(path) as temporary:
            figure.savefig(temporary, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of table, figures and plot")
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128, 256, 512])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = measured(given.widths, given.seeds, given.steps)
    given.out.mkdir(parents=True, exist_ok=True)
    write_text(given.out / "coordinates.json", json.dumps({"widths": given.widths} | found) + "\n")
    text = table(found, given.widths)
    write_text(given.out / "coordinates.md", text)
    draw(found, given.widths, given.out / "coordinates.png")
    print(text, end="")


if __name__ == "__main__":
    main()
