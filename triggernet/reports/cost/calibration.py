"""How good the estimate is: the same model on published designs whose reports are public.

`calibration.yaml` holds their figures and sources. All of them are the hand-written nanoPELICAN of
github.com/ChenjiaNi2007/nPELICAN-fpga on VU13P silicon at 5 ns, interval 1, Vitis HLS and Vivado
2023.2, after synthesis: one family, other widths, sizes and forms of the dot product. `published`
writes that architecture down as operations, from its public source code and reports; then the
model runs on it like on any program.

Latency, LUTs and registers are scaled by the median of published / model; DSPs are not. The
quoted error is the whole range that the ratio covers, after scaling, in this family. For
other architectures it is an indication, not a bound.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from triggernet.config import load_config
from triggernet.program.operators.base import Operation, adder_trees
from triggernet.reports.cost.hardware import Clock
from triggernet.reports.cost.schedule import Block, Pipeline, schedule

DATA = Path(__file__).parent / "calibration.yaml"
SCALED = ("latency_cycles", "lut", "ff")
BEAMS = 2


@dataclass(frozen=True)
class PublishedDesign:
    """A published design and its figures (null: not published).

    Attributes
    ----------
    name, source : str
    n_constituents, momentum_bits : int
        Two beams come on top of the constituents.
    dot : "four_products" or "two_products"
        E E' - px px' - ... as it stands, or Winograd's form with half of the products.
    constant_beams : bool
        Whether the products with the beams are mere additions.
    normalisation : "each_pair" or "folded"
        Whether every pair is multiplied with a constant, or reads a table of 64 words.
    latency_cycles, lut, ff, dsp : int or None
    """

    name: str
    source: str
    n_constituents: int
    momentum_bits: int
    dot: Literal["four_products", "two_products"]
    constant_beams: bool
    normalisation: Literal["each_pair", "folded"]
    latency_cycles: int | None
    lut: int
    ff: int
    dsp: int


@dataclass(frozen=True)
class PublishedSynthesis:
    """LUTs, registers and DSPs of one design as two tools saw it."""

    name: str
    csynth: tuple[int, int, int]
    vivado: tuple[int, int, int]


@dataclass(frozen=True)
class PublishedTable:
    """The calibration file: the clock of all designs, the designs, and their C syntheses."""

    clock_period_ns: float
    clock_uncertainty: float
    designs: tuple[PublishedDesign, ...]
    c_synthesis: tuple[PublishedSynthesis, ...]


@dataclass(frozen=True)
class Ratio:
    """Published / predicted of one figure: the median and the range over `n_designs`."""

    median: float
    low: float
    high: float
    n_designs: int


@cache
def ratios() -> Mapping[str, Ratio]:
    """Published / model for latency_cycles, lut, ff and dsp."""
    table = load_table()
    by_figure: dict[str, list[float]] = {"latency_cycles": [], "lut": [], "ff": [], "dsp": []}
    for design in table.designs:
        modelled = model_of(table, design)
        for key, values in by_figure.items():
            published_value = getattr(design, key)
            if published_value is not None:
                values.append(published_value / modelled[key])
    return MappingProxyType({name: _ratio(values) for name, values in by_figure.items()})


@cache
def csynth_ratios() -> Mapping[str, Ratio]:
    """Vivado / C synthesis for lut, ff and dsp."""
    pairs = [(s.vivado, s.csynth) for s in load_table().c_synthesis]
    return MappingProxyType(
        {
            name: _ratio([vivado[k] / csynth[k] for vivado, csynth in pairs])
            for k, name in enumerate(("lut", "ff", "dsp"))
        }
    )


def _ratio(values: list[float]) -> Ratio:
    return Ratio(statistics.median(values), min(values), max(values), len(values))


def load_table() -> PublishedTable:
    """The calibration data of the package."""
    return load_config(PublishedTable, DATA)


def model_of(table: PublishedTable, design: PublishedDesign) -> dict[str, float]:
    """What the model gives for a published design."""
    clock = Clock(table.clock_period_ns, table.clock_uncertainty)
    pipeline = published(design, clock)
    total = pipeline.total
    return {
        "latency_cycles": pipeline.latency_cycles,
        "lut": total.lut,
        "ff": total.ff,
        "dsp": total.dsp,
    }


def published(design: PublishedDesign, clock: Clock) -> Pipeline:
    """The architecture of the published designs, C = 2, six-bit activations and weights.

    Particles are the constituents and two beams; the pairs include i = j, and every ordered pair
    has its own ReLU in each channel, since rows and columns have weights of their own.
    """
    m = design.n_constituents + BEAMS
    pairs = m * (m + 1) // 2
    dots = (*_dots(design, m), *_quantised(pairs, 36, 12))
    identity = (*_identity(design, pairs), _adds(2 * pairs, 12))
    output = (_adds(4, 12), *adder_trees(1, 5, 18), *_quantised(1, 18, 10))
    blocks = [
        Block("dots", "", ("momenta", "count"), dots, 6 * pairs),
        Block("rows", "", ("dots",), (*_rows(m), *_quantised(m, 28, 14)), 6 * m),
        Block("total", "", ("rows",), (*_total(m), *_quantised(1, 40, 14)), 6),
        Block("identity", "", ("dots",), identity, 24 * pairs),
        Block("particles", "", ("rows", "total"), (_adds(4 * m, 12), _adds(2 * m, 13)), 56 * m),
        Block("pairs", "", ("identity", "particles"), _pairs(m), 12 * m * m),
        Block("sums", "", ("pairs",), (*adder_trees(2, m * m, 6), *_scaled(4, 15, 40)), 24),
        Block("output", "", ("sums",), output, 6),
    ]
    inputs = {"momenta": 4 * design.momentum_bits * design.n_constituents, "count": 5}
    return schedule(inputs, blocks, ["output"], clock)


def _dots(design: PublishedDesign, m: int) -> tuple[Operation, ...]:
    n, w = design.n_constituents, design.momentum_bits
    pairs = (n * (n + 1) if design.constant_beams else m * (m + 1)) // 2
    if design.dot == "four_products":
        return (
            Operation("multiply", 4 * pairs, (w, w)),
            Operation("accumulate", 3 * pairs, (w, w), levels=2),
        )
    total = 2 * w + 2
    return (
        _adds(4 * pairs, w),
        Operation("multiply", 2 * pairs, (w + 1, w + 1)),
        Operation("multiply", 2 * n, (w, w), beside=True),
        _adds(pairs, total),
        Operation("add", 2 * pairs, (total, total), levels=2),
    )


def _rows(m: int) -> tuple[Operation, ...]:
    return (*adder_trees(m, m, 6), Operation("multiply", m, (11, 18)), _adds(m, 27))


def _total(m: int) -> tuple[Operation, ...]:
    return (*adder_trees(1, m, 11), Operation("multiply", 1, (15, 27)), _adds(1, 40))


def _identity(design: PublishedDesign, pairs: int) -> tuple[Operation, ...]:
    if design.normalisation == "folded":
        return (Operation("table", pairs, (6, 6)),)
    return (Operation("multiply", pairs, (6, 9)), *_quantised(pairs, 15, 10))


def _pairs(m: int) -> tuple[Operation, ...]:
    z = 2 * m * m
    return (_adds(z, 15), _adds(z, 16), *_quantised(z, 16, 10))


def _scaled(count: int, bits: int, product: int) -> tuple[Operation, ...]:
    return (Operation("multiply", count, (bits, 27)), *_quantised(count, product, 12))


def _quantised(count: int, bits: int, kept: int) -> tuple[Operation, ...]:
    return (Operation("round", count, (bits, kept)), Operation("compare", count, (kept, 6)))


def _adds(count: int, bits: int) -> Operation:
    return Operation("add", count, (bits, bits))
