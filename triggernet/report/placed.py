"""What an RTL design takes once it is placed, predicted from what is counted before.

No vendor's tool is needed for the counts of Yosys and da4ml; what they are worth is known from
designs whose reports after placing are public (`placed.yaml`, with sources). Two ways lead from a
count to the placed LUTs:

* da4ml's count, products left out, over the placed LUTs: 20 published designs, and the one design
  with all reports.
* Yosys' count: directly in that one design; and over many designs as da4ml makes them, by what
  Yosys counts over what da4ml counts (`tools/bench/placed.py`), through the first way.

The expected range spans all of it. Registers are known from the one design alone; their range has
the relative width of the LUTs', for want of a better one. A product or a memory that Yosys maps to
a DSP or a block RAM is one after placing as well, as long as its operands are wide (10 bits): that
is exact in the one design.

All of it is Vivado on a VU13P and Yosys with the primitives of the 7-series.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from triggernet.config import load_config
from triggernet.report.figures import Error

DATA = Path(__file__).parent / "placed.yaml"
CALIBRATED_FAMILY = "xc7"


@dataclass(frozen=True)
class Count:
    """LUTs, registers and DSPs of one design as one tool saw it."""

    lut: int
    ff: int
    dsp: int


@dataclass(frozen=True)
class PlacedDesign:
    """A design of which everything is known: da4ml's and Yosys' count, and the placed figures."""

    name: str
    source: str
    part: str
    da4ml_lut: int
    yosys: Count
    placed: Count


@dataclass(frozen=True)
class Published:
    """Published designs of which da4ml's count, the placed LUTs and the clock are known.

    Attributes
    ----------
    source, part : str
    n_designs : int
    da4ml_over_placed, spread : float
        Mean and standard deviation over the designs.
    target_mhz : float
        The clock that they were constrained to.
    slowest_mhz, fastest_mhz : float
        What they reach.
    """

    source: str
    part: str
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

    designs: tuple[PlacedDesign, ...]
    published: Published
    yosys_over_da4ml: Measured


@dataclass(frozen=True)
class Ratio:
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
        """The range as the error of a figure."""
        return Error(self.low, self.high, self.basis)


@cache
def load_table() -> PlacedTable:
    """The data of the package."""
    return load_config(PlacedTable, DATA)


def lut_from_da4ml() -> Ratio:
    """Placed LUTs over da4ml's count without products."""
    table = load_table()
    published = table.published
    mean, spread = published.da4ml_over_placed, published.spread
    direct = [design.placed.lut / design.da4ml_lut for design in table.designs]
    return Ratio(
        1 / mean,
        min(*direct, 1 / (mean + spread)),
        max(*direct, 1 / (mean - spread)),
        f"LUTs placed on a VU13P over da4ml's count, {published.n_designs + len(direct)} designs",
    )


def lut_from_yosys() -> Ratio:
    """Placed LUTs over Yosys' count."""
    table = load_table()
    direct = [design.placed.lut / design.yosys.lut for design in table.designs]
    by_da4ml, measured = lut_from_da4ml(), table.yosys_over_da4ml
    chained = by_da4ml.expected / measured.median
    return Ratio(
        (sum(direct) + chained) / (len(direct) + 1),
        min(*direct, by_da4ml.low / measured.high),
        max(*direct, by_da4ml.high / measured.low),
        f"LUTs placed on a VU13P over Yosys' count: {len(direct)} design directly, "
        f"{table.published.n_designs} by way of da4ml's count",
    )


def ff_from_yosys() -> Ratio:
    """Placed registers over Yosys' count."""
    designs, lut = load_table().designs, lut_from_yosys()
    expected = sum(design.placed.ff / design.yosys.ff for design in designs) / len(designs)
    return Ratio(
        expected,
        expected * lut.low / lut.expected,
        expected * lut.high / lut.expected,
        f"registers placed on a VU13P over Yosys' count, {len(designs)} design; the width of the "
        "range is that of the LUTs'",
    )


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
