"""The inputs of models that read the constituents alone, not the whole jet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig
    from triggernet.fixedpoint import FixedPoint


def constituent_inputs(encoding: EncodingConfig) -> tuple[str, ...]:
    """The inputs that belong to constituents; the first one is zero where one is absent."""
    return tuple(name for name in encoding.types if not name.startswith("jet_"))


def constituent_types(encoding: EncodingConfig) -> dict[str, tuple[int, FixedPoint]]:
    """Length N and type of each of `constituent_inputs`, in order."""
    N = encoding.n_constituents
    return {name: (N, encoding.types[name]) for name in constituent_inputs(encoding)}
