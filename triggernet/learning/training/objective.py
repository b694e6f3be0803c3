"""The loss of a float nanoPELICAN as a function of one vector, for quasi-Newton minimisers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from triggernet.learning.models.nanopelican.equivariant import TABLES
from triggernet.learning.models.nanopelican.network import N_BAR, NanoPELICAN
from triggernet.learning.training.pair_kernel import (
    Coefficients,
    channel_sums,
    logits,
    loss_and_gradient,
)
from triggernet.learning.training.starts import choose_channels

if TYPE_CHECKING:
    from triggernet.learning.training.pair_sample import PairSample

Floats = NDArray[np.float64]

# What belongs to one channel alone.
_FIRST_LAYER = ("weight22", "bias22", "diagonal_bias")


class Objective:
    """Mean binary cross-entropy of `model` on a sample, in scaled parameters.

    Parameters
    ----------
    model : NanoPELICAN
        Its parameters are set by every call.
    sample : PairSample
        Sets the scale of the parameters: each is counted in 1 over the typical size of what it
        multiplies, without which the minimiser sees narrow valleys.
    threads : int
        For the kernel; changes no bit of the result.
    """

    def __init__(self, model: NanoPELICAN, sample: PairSample, threads: int = 1) -> None:
        self._model = model
        self._threads = threads
        self._parameters = list(model.parameters())
        self._scale = _scales(model, sample)

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self._scale)

    def start(self, seed: tuple[int, ...], sample: PairSample, label: Floats, pool: int) -> Floats:
        """A starting point (size,): the best of `pool` random channels, see `starts`.

        The exponents of the N-scaled form start at 0.
        """
        C = self._model.config.n_channels
        wide = NanoPELICAN(
            dataclasses.replace(self._model.config, n_channels=max(pool, C)),
            self._model.n_constituents,
            self._model.unit_gev2,
        )
        number = int(np.random.default_rng(seed).integers(2**62))
        generator = torch.Generator().manual_seed(number)
        columns = self._model.weight22.shape[1]
        scale = torch.from_numpy(self._scale[:columns])
        with torch.no_grad():
            for name in _FIRST_LAYER:
                getattr(wide, name).normal_(generator=generator)
            wide.weight22.mul_(scale)
        sums = channel_sums(coefficients_of(wide), sample)  # (n, pool, 2)
        traces = sums[..., 1]  # (n, pool)
        features = np.stack([(sums[..., 0] + traces) / N_BAR**2, traces / N_BAR], -1)
        chosen, weights = choose_channels(features, label, C)  # C places, (2 C + 1,)
        return self._start_of(wide, chosen, weights)

    def _start_of(self, wide: NanoPELICAN, chosen: list[int], weights: Floats) -> Floats:
        values = {name: getattr(wide, name)[chosen] for name in _FIRST_LAYER}
        values["weight20"] = torch.from_numpy(weights[:-1].reshape(-1, 2))  # (C, 2)
        values["bias20"] = torch.tensor(weights[-1])
        flat = [
            values.get(name, torch.zeros_like(parameter)).detach().reshape(-1)
            for name, parameter in self._model.named_parameters()
        ]
        return torch.cat(flat).numpy() / self._scale

    def assign(self, x: Floats) -> None:
        """Set the model's parameters from scaled ones."""
        values = torch.from_numpy(x * self._scale)  # (size,)
        torch.nn.utils.vector_to_parameters(values, self._parameters)

    def __call__(self, x: Floats, sample: PairSample, label: Floats) -> tuple[float, Floats]:
        """Loss and gradient at `x` for `sample` with labels (n,), 1 for signal."""
        self.assign(x)
        tensors = _stacked(self._model)
        coefficients = Coefficients(*(tensor.detach().numpy() for tensor in tensors))
        loss, slope = loss_and_gradient(coefficients, sample, label, self._threads)
        outer = [torch.from_numpy(value) for value in (slope.k, slope.tables, slope.bias)]
        inner = torch.autograd.grad(tensors, self._parameters, outer)
        gradient = torch.cat([part.reshape(-1) for part in inner]).numpy()  # (size,)
        return loss, gradient * self._scale

    def logits(self, x: Floats, sample: PairSample) -> Floats:
        """Logits (n,) of a sample at `x`."""
        self.assign(x)
        return logits(coefficients_of(self._model), sample)


def coefficients_of(model: NanoPELICAN) -> Coefficients:
    """The kernel's view of a model."""
    with torch.no_grad():
        return Coefficients(*(tensor.numpy() for tensor in _stacked(model)))


def _stacked(model: NanoPELICAN) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Coefficients k (C,), tables (11, K, C) and bias (K,), differentiable."""
    coefficients = model.coefficients()
    return (
        coefficients["k"],
        torch.stack([coefficients[name] for name in TABLES]),
        coefficients["bias"],
    )


def _scales(model: NanoPELICAN, sample: PairSample) -> Floats:
    """One number a parameter, in the order of ``model.parameters()``."""
    unit = model.unit_gev2
    d = float(np.mean(sample.d, dtype=np.float64)) / unit
    r = float(np.mean(sample.r)) / unit / N_BAR
    t = float(np.mean(sample.t)) / unit / N_BAR**2
    sizes = [d, r, r, t, t] if model.config.tied else [d, r, r, r, t, t]
    scales = []
    for name, parameter in model.named_parameters():
        flat = np.ones(parameter.numel())
        if name == "weight22":
            flat = np.tile(1 / np.maximum(sizes, 1e-6), len(parameter))
        scales.append(flat)
    return np.concatenate(scales)
