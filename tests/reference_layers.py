"""Weights of the authors' layers, put into ours: shared by the tests of their networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-9  # of float64, relative to the largest entry
NORM = {
    "gain": "weight",
    "bias": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
}


def reference(name: str) -> Mapping[str, Any]:
    with np.load(DATA / f"{name}.npz") as stored:
        return {key: stored[key] for key in stored.files}


def tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float64))


def fill(stored: Mapping[str, Any], places: Mapping[str, nn.Module]) -> None:
    """Set layers from the stored weights of the names given; nothing may be left on either side."""
    used = set()
    for theirs, module in places.items():
        state = {}
        words = NORM if isinstance(module, nn.BatchNorm1d) else {k: k for k in ("weight", "bias")}
        for word, mine in words.items():
            key = f"weights.{theirs}.{word}"
            if key in stored:
                state[mine] = tensor(stored[key])
                used.add(key)
        if isinstance(module, nn.BatchNorm1d):
            state["num_batches_tracked"] = torch.tensor(0)
        module.load_state_dict(state)
    assert used == {key for key in stored if key.startswith("weights.")}


def close(found: Tensor, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Equal relative to the largest entry."""
    expected = tensor(expected)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return bool((found.detach() - expected).abs().max() <= tolerance * expected.abs().max())
