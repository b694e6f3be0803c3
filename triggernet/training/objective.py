"""The loss of a float nanoPELICAN as a function of one vector, for quasi-Newton minimisers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from triggernet.models.equivariant import TABLES
from triggernet.models.nanopelican import N_BAR, NanoPELICAN
from triggernet.training.pair_kernel import Coefficients, logits, loss_and_gradient

if TYPE_CHECKING:
    from triggernet.training.pair_sample import PairSample

Floats = NDArray[np.float64]


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

    def start(self, seed: tuple[int, ...]) -> Floats:
        """A random starting point (size,): standard normal in scaled parameters."""
        return np.random.default_rng(seed).normal(size=self.size)

    def assign(self, x: Floats) -> None:
        """Set the model's parameters from scaled ones."""
        values = torch.from_numpy(x * self._scale)
        torch.nn.utils.vector_to_parameters(values, self._parameters)

    def __call__(self, x: Floats, sample: PairSample, label: Floats) -> tuple[float, Floats]:
        """Loss and gradient at `x` for `sample` with labels (n,), 1 for signal."""
        self.assign(x)
        tensors = _stacked(self._model)
        coefficients = Coefficients(*(tensor.detach().numpy() for tensor in tensors))
        loss, slope = loss_and_gradient(coefficients, sample, label, self._threads)
        outer = [torch.from_numpy(value) for value in (slope.k, slope.tables, slope.bias)]
        inner = torch.autograd.grad(tensors, self._parameters, outer)
        gradient = torch.cat([part.reshape(-1) for part in inner]).numpy()
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
    found = model.coefficients()
    return found["k"], torch.stack([found[name] for name in TABLES]), found["bias"]


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
