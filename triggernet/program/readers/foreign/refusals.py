"""Why an operator has no exact form, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

_NORMALISED = (
    "it divides by a sum or a deviation of activations, which has no finite exact form; use batch "
    "norms, which are exact"
)
_RECURRENT = (
    "recurrent cells keep a state from step to step; unroll them into layers with quantisers"
)
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "Softmax": "inside of a model it has no finite exact form (a final one is left out); use "
        "quantised ReLU scores instead, which are exact",
        "LogSoftmax": "inside of a model it has no finite exact form; a final one is left out",
        "LayerNormalization": _NORMALISED,
        "InstanceNormalization": _NORMALISED,
        "GroupNormalization": _NORMALISED,
        "RMSNormalization": _NORMALISED,
        "LpNormalization": _NORMALISED,
        "LSTM": _RECURRENT,
        "GRU": _RECURRENT,
        "RNN": _RECURRENT,
        "Loop": "the number of its turns is not fixed; unroll it",
        "Scan": "the number of its turns is not fixed; unroll it",
        "If": "which branch it takes depends on values; use arithmetic instead",
        "FloatQuant": "floating-point quantisers have no fixed-point form; use integer quantisers",
        "ArgMax": "an index is no score; end the model at the scores before it",
        "ArgMin": "an index is no score; end the model at the scores before it",
        "TopK": "an index is no score; end the model at the scores before it",
        "NonZero": "how many values it gives depends on them; give the model fixed shapes",
        "Resize": "interpolation is not supported; repeat values with Expand or Tile",
        "Upsample": "interpolation is not supported; repeat values with Expand or Tile",
        "DynamicQuantizeLinear": "its scale depends on the event; use a fixed scale",
        "ConvTranspose": "it is not supported; write it as a convolution of padded values",
    }
)


def refusal(op: str, known: Iterable[str]) -> str:
    """The reason for one operator."""
    if op in REASONS:
        return REASONS[op]
    return f"{op} has no exact form here; supported are {', '.join(sorted(known))}"
