"""The kinds of activations and norms that networks can have."""

from __future__ import annotations

from typing import Literal

Activation = Literal["relu", "silu", "tanh"]
Norm = Literal["none", "batch", "layer"]
