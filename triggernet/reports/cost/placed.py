"""What an RTL design takes once it is placed, predicted from what is counted before.

Yosys and da4ml count without any vendor's tool; what their counts are worth is known from designs
whose vendor reports are public (`placed.yaml`, with sources). For the LUTs:

* da4ml's count, products left out, over the placed LUTs: 20 published designs and the one design
  of which all reports are public.
* Yosys' count against Vivado's: that one design, placed, and two dot products, synthesised. And by
  way of da4ml: what Yosys counts over what da4ml counts, in many designs as da4ml makes them
  (`tools/bench/placed.py`), through the first ratio.

What is expected is the median of these ratios, the range spans all of them. Registers: the three
designs that both tools saw. DSPs are the same in all three, and so are block RAMs by their size;
but products of narrow operands (up to 10 bits) go into DSPs with Yosys and into LUTs with Vivado,
and no ratio holds there (`narrow`).

Vivado's figures are of UltraScale+, Yosys' of the primitives of the 7-series, which for registers
in DSPs are the better model: for "xcup" Yosys packs none.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from triggernet.config import load_config
from triggernet.reports.cost.figures import Error

DATA = Path(__file__).parent / "placed.yaml"
CALIBRATED_FAMILY = "xc7"


@dataclass(frozen=True)
class PlacedCount:
    """LUTs, registers and DSPs of one design as one tool saw it."""

    lut: int
    ff: int
    dsp: int


@dataclass(frozen=True)
class PlacedDesign:
    """A design of which everything is known: da4ml's and Yosys' count, and the placed figures."""

    name: str
    source: str
    da4ml_lut: int
    yosys: PlacedCount
    vivado: PlacedCount


@dataclass(frozen=True)
class DotProduct:
    """A sum of `terms` products of unsigned numbers of `bits`, as both tools synthesise it."""

    name: str
    source: str
    terms: int
    bits: tuple[int, int]
    yosys: PlacedCount
    vivado: PlacedCount


@dataclass(frozen=True)
class Published:
    """Published designs of which da4ml's count, the placed LUTs and the clock are known.

    Attributes
    ----------
    source : str
    n_designs : int
    da4ml_over_placed, spread : float
        Mean and standard deviation over the designs.
    target_mhz : float
        The clock that they were constrained to.
    slowest_mhz, fastest_mhz : float
        What they reach.
    """

    source: str
    n_designs: int
    da4ml_over_placed: float
    spread: float
    target_mhz: float
    slowest_mhz: float
    fastest_mhz: float


@dataclass(frozen=True)
class Measured:
    """Yosys' LUTs over da4ml's count, in designs that da4ml generates: median and range."""

    source: str
    n_designs: int
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class PlacedTable:
    """The data file."""

    placed: tuple[PlacedDesign, ...]
    synthesised: tuple[DotProduct, ...]
    narrow: tuple[DotProduct, ...]
    published: Published
    yosys_over_da4ml: Measured


@dataclass(frozen=True)
class PlacedRatio:
    """Placed over counted: what is expected, and the range."""

    expected: float
    low: float
    high: float
    basis: str

    def applied(self, count: float) -> Prediction:
        """The prediction for a count."""
        low, high = round(count * self.low), round(count * self.high)
        return Prediction(round(count * self.expected), low, high, self.basis)


@dataclass(frozen=True)
class Prediction:
    """A figure of a placed design: what is expected, the range, and what it was measured on."""

    value: int
    low: int
    high: int
    basis: str

    @property
    def error(self) -> Error:
        """The range as the error of a figure that was counted before placing."""
        return Error(self.low, self.high, self.basis, "once placed")


@cache
def load_table() -> PlacedTable:
    """The data of the package."""
    return load_config(PlacedTable, DATA)


def lut_from_da4ml() -> PlacedRatio:
    """Placed LUTs over da4ml's count without products."""
    table = load_table()
    published = table.published
    mean, spread = published.da4ml_over_placed, published.spread
    direct = [design.vivado.lut / design.da4ml_lut for design in table.placed]
    return PlacedRatio(
        1 / mean,
        min(*direct, 1 / (mean + spread)),
        max(*direct, 1 / (mean - spread)),
        f"LUTs placed on a VU13P over da4ml's count, {published.n_designs + len(direct)} designs",
    )


def lut_from_yosys() -> PlacedRatio:
    """Placed LUTs over Yosys' count."""
    table = load_table()
    by_da4ml, measured = lut_from_da4ml(), table.yosys_over_da4ml
    direct = [vivado.lut / yosys.lut for yosys, vivado in _seen_by_both(table)]
    return PlacedRatio(
        statistics.median([*direct, by_da4ml.expected / measured.median]),
        min(*direct, by_da4ml.low / measured.high),
        max(*direct, by_da4ml.high / measured.low),
        f"LUTs of Vivado over those of Yosys: {len(direct)} designs directly, "
        f"{table.published.n_designs} placed ones by way of da4ml's count",
    )


def ff_from_yosys() -> PlacedRatio:
    """Placed registers over Yosys' count."""
    direct = [vivado.ff / yosys.ff for yosys, vivado in _seen_by_both(load_table())]
    basis = f"registers of Vivado over those of Yosys, {len(direct)} designs"
    return PlacedRatio(statistics.median(direct), min(direct), max(direct), basis)


def _seen_by_both(table: PlacedTable) -> list[tuple[PlacedCount, PlacedCount]]:
    """Yosys' and Vivado's figures of the designs with wide products."""
    placed = [(design.yosys, design.vivado) for design in table.placed]
    return placed + [(design.yosys, design.vivado) for design in table.synthesised]


def clock_note(period_ns: float) -> str:
    """How a clock compares with those that published designs reach."""
    published = load_table().published
    mhz = 1000 / period_ns
    if mhz <= published.slowest_mhz:
        reached = "all of them reach this clock"
    elif mhz <= published.fastest_mhz:
        reached = "some of them do not reach this clock"
    else:
        reached = "none of them reaches this clock"
    return (
        f"Nanoseconds are at the stated clock of {mhz:.0f} MHz. {published.n_designs} published "
        f"designs that da4ml generated, placed on a VU13P, reach {published.slowest_mhz:g} to "
        f"{published.fastest_mhz:g} MHz ({published.source}): {reached}."
    )
