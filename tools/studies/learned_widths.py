"""Widths of single channels learned by gradients, as a yardstick of `triggernet fit-widths`.

    python tools/studies/learned_widths.py RUN --data FILE --out FILE.json [--beside RUN ...]
        [--loss .001] [--epochs 25] [--betas 3e-8 1e-7 3e-7 1e-6]

RUN is a run of `jedilinear`. After HGQ (Sun, Arrabito, Loncar et al., arXiv 2405.00645) each
feature of each tensor, and each output of each layer, has fractional bits of its own, real numbers
that are rounded. The loss has a term beta x EBOPs, products of bits of activations and of weights,
one for each multiplication of an event; each beta is a training of its own. Kept is the one of
fewest EBOPs whose loss of AUC against the float model, at its upper 95 % end, is below `--loss`. It
is judged on the third of the jets that `fit-widths` keeps back. Firmware of a type for each channel
cannot be exported: EBOPs alone are compared, counted by the same rule for runs of `--beside`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from triggernet.data import load_jets
from triggernet.files import write_json
from triggernet.learning.layers.blocks import Dense
from triggernet.learning.models.jedilinear.network import INPUT_UNIT, JediLinear
from triggernet.learning.training import Run, load_run
from triggernet.learning.training.sample import Sample, predict
from triggernet.learning.training.trainer import split_of
from triggernet.statistics import roc_area, roc_area_difference
from triggernet.studies.widths.fit import _parts
from triggernet.studies.widths.judge import ONE_SIDED_95, loss_on

FIRST_BITS = 8.0  # fractional bits at the start
BETAS = (3e-8, 1e-7, 3e-7, 1e-6)
LEARNING_RATE, BITS_RATE, BATCH = 3e-3, 5e-2, 256


class Rounded(nn.Module):
    """Rounds to ``2^-f``, f learned for each channel; its gradient is that of HGQ."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.f = nn.Parameter(torch.full((n_channels,), FIRST_BITS))
        self.register_buffer("largest", torch.full((n_channels,), 1e-6))
        self.largest: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Values (..., C) on the grids of their channels."""
        f = self.f + (self.f.round() - self.f).detach()  # (C,)
        step = torch.exp2(-f.detach())  # (C,)
        error = (x - (x / step).round() * step).detach()  # (..., C)
        if self.training:
            self.largest = torch.maximum(
                self.largest, (x - error).detach().abs().flatten(0, -2).amax(0)
            )
        # The error falls as 2^-f: so it has a slope in f.
        return x - error * torch.exp2(f.detach() - f)

    def bits(self) -> Tensor:
        """Width of each channel (C,): down to its step, up to the largest value seen."""
        f = self.f + (self.f.round() - self.f).detach()
        return torch.relu(f + self.largest.log2().floor() + 1)


class Layer(nn.Module):
    """A linear layer whose outputs have weights of their own widths."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().float().clone())  # (G, F)
        self.bias = None
        if linear.bias is not None:
            self.bias = nn.Parameter(linear.bias.detach().float().clone())  # (G,)
        self.rounded = Rounded(len(self.weight))

    def rounded_weight(self) -> Tensor:
        """(G, F)."""
        return self.rounded(self.weight.mT).mT

    def forward(self, x: Tensor) -> Tensor:
        """(..., G) from (..., F)."""
        return nn.functional.linear(x, self.rounded_weight(), self.bias)

    def ebops(self, bits: Tensor) -> Tensor:
        """Products of bits over all multiplications, inputs of so many bits (F,)."""
        f = self.rounded.f + (self.rounded.f.round() - self.rounded.f).detach()  # (G,)
        kept = self.rounded_weight().detach().abs()  # (G, F)
        top = kept.clamp(min=1e-9).log2().floor() + 1  # (G, F)
        widths = torch.where(kept > 0, torch.relu(f[:, None] + top), 0.0)  # (G, F)
        return (widths * bits).sum()


class Learned(nn.Module):
    """JEDI-linear with a width for each channel, started from the float model."""

    def __init__(self, model: JediLinear, n_constituents: int) -> None:
        super().__init__()
        self.names, self.unit, self.n = model.names, model.sum_unit, n_constituents
        self.embedding = nn.ModuleList(map(Layer, model.embedding))
        self.own = nn.ModuleList(Layer(r.own) for r in model.rounds)
        self.shared = nn.ModuleList(Layer(r.shared) for r in model.rounds)
        self.node, self.head = (nn.ModuleList(map(Layer, x)) for x in (model.node, model.head))
        width = len(self.names)
        self.columns = Rounded(width)
        self.after: nn.ModuleDict = nn.ModuleDict()
        for name, layers in (("embedding", self.embedding), ("own", self.own), ("node", self.node)):
            self.after[name] = nn.ModuleList(Rounded(len(layer.weight)) for layer in layers)
        inputs = [layer.weight.shape[1] for layer in self.own]
        self.pooled = nn.ModuleList(Rounded(width) for width in inputs)
        self.total = Rounded(self.head[0].weight.shape[1])
        self.after["head"] = nn.ModuleList(Rounded(len(x.weight)) for x in self.head[:-1])

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits (B,); `self.ebops` are those of an event, afterwards."""
        columns = torch.stack([inputs[name] for name in self.names], 2).float()  # (B, N, F)
        present = columns[..., :1] != 0  # (B, N, 1)
        x, bits, ebops = self.columns(columns / INPUT_UNIT), self.columns.bits(), torch.zeros(())
        for layer, after in zip(self.embedding, self.after["embedding"], strict=True):
            ebops = ebops + self.n * layer.ebops(bits)
            x, bits = after(torch.relu(layer(x))), after.bits()  # (B, N, G)
        for own, shared, pool, after in zip(
            self.own, self.shared, self.pooled, self.after["own"], strict=True
        ):
            pooled = pool((x * present).sum(1) / self.unit)  # (B, G)
            ebops = ebops + self.n * own.ebops(bits) + shared.ebops(pool.bits())
            x = after(torch.relu(own(x) + shared(pooled)[:, None]))  # (B, N, G)
            bits = after.bits()
        for layer, after in zip(self.node, self.after["node"], strict=True):
            ebops = ebops + self.n * layer.ebops(bits)
            x, bits = after(torch.relu(layer(x))), after.bits()
        x, bits = self.total((x * present).sum(1) / self.unit), self.total.bits()  # (B, G)
        for layer, after in zip(self.head[:-1], self.after["head"], strict=True):
            ebops = ebops + layer.ebops(bits)
            x, bits = after(torch.relu(layer(x))), after.bits()
        self.ebops = ebops + self.head[-1].ebops(bits)
        return self.head[-1](x)[:, 0]


def batches(n: int, seed: int) -> Iterator[Tensor]:
    """Indices of jets, all of them once."""
    yield from torch.randperm(n, generator=torch.Generator().manual_seed(seed)).split(BATCH)


def learned(run: Run, data: Path, args: argparse.Namespace) -> dict[str, Any]:
    """The fewest EBOPs that keep the loss, and what they are worth on the jets kept back."""
    chosen_on, kept_back = _parts(load_jets(data, run.config.training.max_jets))
    split, judge = split_of(chosen_on, run.config), Sample.of(kept_back, run.config)
    path: list[dict[str, Any]] = []
    for beta in args.betas:
        model = trained(run, split.train, beta, args.epochs)
        found = {"beta": beta, "ebops": exact_ebops(model, split.train)}
        of = {"validation": split.validation, "kept_back": judge}
        path.append(found | {name: lost(model, run, sample) for name, sample in of.items()})
        print(path[-1], flush=True)
    good = [p for p in path if p["validation"]["bound"] < args.loss]
    return {"path": path, "chosen": min(good, key=lambda p: p["ebops"]) if good else None}


def trained(run: Run, sample: Sample, beta: float, epochs: int) -> Learned:
    """The model at the end of a training; its rates fall as a cosine."""
    torch.manual_seed(0)
    assert isinstance(run.float_model, JediLinear)
    model = Learned(run.float_model, run.config.encoding.n_constituents)
    bits = [p for name, p in model.named_parameters() if name.endswith(".f")]
    rest = [p for name, p in model.named_parameters() if not name.endswith(".f")]
    adam = torch.optim.Adam(
        [{"params": rest, "lr": LEARNING_RATE}, {"params": bits, "lr": BITS_RATE}]
    )
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs)
    label = sample.label.float()
    model.train()
    for epoch in range(epochs):
        for index in batches(len(label), epoch):
            logits = model({name: x[index] for name, x in sample.hardware.items()})
            loss = nn.functional.binary_cross_entropy_with_logits(logits, label[index])
            adam.zero_grad()
            (loss + beta * model.ebops).backward()
            adam.step()
        fall.step()
    return model


def exact_ebops(model: Learned, sample: Sample) -> float:
    """EBOPs with the ranges of a whole sample."""
    for module in model.modules():
        if isinstance(module, Rounded):
            module.largest = torch.full_like(module.largest, 1e-6)
    with torch.no_grad():
        model.train()
        model({name: x[:4000] for name, x in sample.hardware.items()})
        model.eval()
    return float(model.ebops)


def lost(model: nn.Module, run: Run, sample: Sample) -> dict[str, float]:
    """The loss of AUC against the float model on the same jets."""
    label = sample.label.numpy()
    exact = predict(run.float_model, sample.exact).numpy()
    logits = predict(model, sample.hardware).double().numpy()
    moved = roc_area_difference(exact, logits, label)
    value, error = -moved.value, moved.error or 0.0
    auc = roc_area(logits, label).value
    return {"auc": auc, "loss": value, "error": error, "bound": value + ONE_SIDED_95 * error}


def ebops_of(run: Run) -> float:
    """EBOPs of a quantised run: the type's width of each input, the digits between the ends of
    each weight."""
    model, n = run.quantised, run.config.encoding.n_constituents
    assert model is not None
    total, width = 0.0, model.columns.out.kind.width
    rows = [
        (layer, n) for name in ("embedding", "rounds", "node") for layer in getattr(model, name)
    ]
    pools = iter(model.pooled)
    for layer, times in [*rows, *((layer, 1) for layer in model.head)]:
        assert isinstance(layer, Dense)
        if layer is model.head[0]:
            width = model.total.out.kind.width
        total += times * width * float(spans(layer.weight.codes()).sum())
        if layer.context is not None:
            total += next(pools).out.kind.width * float(spans(layer.context.codes()).sum())
        width = layer.out.kind.width
    return total


def spans(codes: np.ndarray) -> np.ndarray:
    """Bits between the highest and the lowest one that is set, both included; 0 for 0."""
    return np.vectorize(
        lambda c: abs(c).bit_length() - (abs(c) & -abs(c)).bit_length() + 1 if c else 0
    )(codes.astype(object)).astype(float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--beside", type=Path, nargs="*", default=[])
    parser.add_argument("--loss", type=float, default=0.001)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--betas", type=float, nargs="+", default=BETAS)
    args = parser.parse_args()
    run = load_run(args.run)
    kept_back = _parts(load_jets(args.data, run.config.training.max_jets))[1]
    beside = {}
    for folder in args.beside:
        other = load_run(folder)
        assert other.quantised is not None
        loss = loss_on(other.float_model, other.quantised, Sample.of(kept_back, other.config))
        beside[folder.name] = {"ebops": ebops_of(other), "loss": loss.value, "bound": loss.bound}
    print(beside, flush=True)
    write_json(args.out, learned(run, args.data, args) | {"beside": beside})


if __name__ == "__main__":
    main()
