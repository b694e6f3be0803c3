"""Jets ready for training: inputs of both kinds and labels, split into two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from triggernet.errors import DataError
from triggernet.training.features import check_jets, float_inputs, hardware_inputs

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig, Jets
    from triggernet.training.config import RunConfig


@dataclass(frozen=True)
class Sample:
    """Inputs of n jets by name and their labels.

    Attributes
    ----------
    exact : dict of str to float64 tensor (n, ...)
        See `features.float_inputs`.
    hardware : dict of str to float32 tensor (n, ...)
        See `features.hardware_inputs`.
    label : int64 tensor (n,)
        1 for signal.
    """

    exact: dict[str, Tensor]
    hardware: dict[str, Tensor]
    label: Tensor

    @classmethod
    def of(cls, jets: Jets, encoding: EncodingConfig) -> Sample:
        """The sample of checked jets."""
        check_jets(jets)
        return cls(
            float_inputs(jets, encoding),
            hardware_inputs(jets, encoding),
            torch.from_numpy(jets.label.astype(np.int64)),
        )

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class Split:
    """The jets that weights are fitted to, in random order, and those that judge them."""

    train: Sample
    validation: Sample


def split_jets(jets: Jets, config: RunConfig) -> Split:
    """Shuffle and split jets as `config.training` says.

    Raises
    ------
    DataError
        If the jets are unfit, or one of the parts would lack a class.
    """
    training = config.training
    jets = jets if training.max_jets is None else jets.select(slice(training.max_jets))
    check_jets(jets)
    order = np.random.default_rng(training.seed).permutation(len(jets))
    n_validation = round(training.validation_fraction * len(jets))
    parts = jets.select(order[n_validation:]), jets.select(order[:n_validation])
    for part, name in zip(parts, ("training", "validation"), strict=True):
        counts = np.bincount(part.label, minlength=2)
        if counts.min() == 0:
            raise DataError(
                f"the {name} part has {counts[1]} signal and {counts[0]} background jets; both are "
                "needed: give more jets or another validation_fraction"
            )
    return Split(*(Sample.of(part, config.encoding) for part in parts))


def predict(model: torch.nn.Module, inputs: dict[str, Tensor], batch_size: int = 1000) -> Tensor:
    """Logits (n,) of a model in evaluation mode, float64, batch by batch."""
    training = model.training
    model.eval()
    n = len(next(iter(inputs.values())))
    with torch.no_grad():
        parts = [
            model({name: x[k : k + batch_size] for name, x in inputs.items()}).double()
            for k in range(0, n, batch_size)
        ]
    model.train(training)
    return torch.cat(parts)


def cross_entropy(logits: Tensor, label: Tensor) -> float:
    """Mean binary cross-entropy of logits (n,)."""
    return float(
        torch.nn.functional.binary_cross_entropy_with_logits(logits, label.to(logits.dtype))
    )
