"""What of a quantisation can be narrowed: widths, bits of constants, signed digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triggernet.config import as_plain
from triggernet.learning.training.config import flat

SECTION = "quantisation"
CONSTANTS = ("weight", "node_weight", "bias")
DIGITS = "digits"
FEWEST_BITS = 2
FIRST_DIGITS = 4  # where weights had as many as they liked

Choice = dict[str, Any]  # values of knobs by the dotted keys of a run


def knobs_of(quantisation: Any) -> Choice:
    """All that can be narrowed in the section of a run, by dotted key, with its value now."""
    knobs: Choice = {}
    for key, value in flat(as_plain(quantisation)).items():
        name = key.rsplit(".", 1)[-1]
        if name == "width" or key in (*CONSTANTS, DIGITS):
            knobs[f"{SECTION}.{key}"] = value
    return knobs


def narrower(key: str, value: int | None, step: int) -> int | None:
    """The value of a knob `step` bits or digits further down; None if there is none."""
    if key == f"{SECTION}.{DIGITS}":
        below = FIRST_DIGITS - step if value is None else value - 1
        return below if below >= 1 else None
    assert value is not None
    below = value - step
    return below if below >= FEWEST_BITS else None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Knobs that differ: what they were and what they are."""
    return {key: (before[key], value) for key, value in after.items() if before[key] != value}
