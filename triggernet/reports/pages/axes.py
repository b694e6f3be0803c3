"""Axes of charts with round numbers on them, linear or logarithmic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from triggernet.reports.pages.charts import Tick, steps
from triggernet.reports.pages.text import number

MOST_TICKS = 8
# Of the numbers on a logarithmic axis, the first two digits: ever more of them.
DIGITS = ((10,), (10, 30), (10, 20, 50), range(10, 100, 10), range(10, 100, 5), range(10, 100))


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, of a length in the unit of the drawing, `text` on its ticks."""

    low: float
    high: float
    length: float
    log: bool
    text: Callable[[float], str] = number

    def at(self, value: float) -> float:
        """How far along the axis a value lies."""
        low, high, value = (
            (math.log10(v) for v in (self.low, self.high, value))
            if self.log
            else (self.low, self.high, value)
        )
        return self.length * (value - low) / (high - low)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round numbers on it."""
        values = _round_numbers(self.low, self.high) if self.log else steps(self.low, self.high)
        return tuple(Tick(self.at(value), self.text(value)) for value in values)


def _round_numbers(low: float, high: float) -> list[float]:
    """Round numbers between two others: as many as there is room for."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers: list[float] = []
    for digits in DIGITS:
        values = [d * 10.0 ** (power - 1) for power in powers for d in digits]
        inside = [value for value in values if low <= value <= high]
        if numbers and len(inside) > MOST_TICKS:
            break
        numbers = inside or numbers
    return numbers
