"""What one hardware operation costs on an UltraScale+ FPGA: look-up tables, DSPs and time.

Rules and where they come from:

* An adder takes one LUT a bit; its carry runs through CARRY8, 8 bits each (AMD UG574).
* A product takes DSP48E2s, 27 x 18 bits signed each (AMD UG579), as soon as one operand is wider
  than 10 bits and the other wider than 3; below, LUTs. Vitis HLS 2023.2 does the same: 9 x 9 and
  6 x 10 bits in LUTs, 6 x 11 and 12 x 12 in one DSP, 24 x 24 in two, 36 x 36 in four (synthesis
  reports of github.com/ChenjiaNi2007/nPELICAN-fpga). In LUTs it takes 0.62 a bit product: 23 LUT
  for 6 x 6, 40 for 8 x 8, 49 for 9 x 9 bits in the same reports.
* A product with a constant follows the same rule, unless one addition does it; in LUTs it takes
  one addition for every three bits of the constant, the mean number of its signed digits.
* A DSP adds to its product for nothing, and the register behind it is its own.
* A table of up to 64 words takes one LUT a bit; each further address bit doubles that. F7 and F8
  multiplexers join four for nothing, beyond that one more LUT joins four.
* A multiplexer takes one LUT a bit for every four words.
* Vivado packs two small LUTs into one site: in the utilisation reports of the designs above,
  sites are 0.76 of the LUT primitives (0.764, 0.766 and 0.756 in three of them).
* Delays are those of a -2 speed grade: 0.15 ns through a LUT, 0.4 ns of routing a level, 2.4 ns
  through an unregistered DSP, 0.9 ns for an addition in it; assumptions, checked by the latencies
  of published designs only (see `calibration.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from triggernet.program.netlist.timing import (
    DSP_ADD_NS,
    DSP_MULTIPLY_NS,
    LEVEL_NS,
    LUT_INPUTS,
    NET_NS,
    add_ns,
)
from triggernet.program.netlist.timing import Timing as Clock
from triggernet.program.operators.base import Operation

__all__ = ["Clock", "Resources", "copies", "cost_of", "delay_ns", "dsps", "in_dsp", "result_bits"]

DSP_FROM_BITS = 11
DSP_OTHER_FROM_BITS = 4
DSP_LONG_BITS, DSP_SHORT_BITS = 27, 18
LUT_PER_BIT_PRODUCT = 0.62
LUT_ADDRESS_BITS = 6
SITES_PER_LUT = 0.76
SRL_FROM_CYCLES = 3  # Vivado makes shift registers of three and more registers in a row
SRL_DEPTH = 16


@dataclass(frozen=True)
class Resources:
    """LUT sites, registers, DSP48E2 and block RAMs of 18 kbit; fractions until they are shown."""

    lut: float = 0.0
    ff: float = 0.0
    dsp: float = 0.0
    bram: float = 0.0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.lut + other.lut,
            self.ff + other.ff,
            self.dsp + other.dsp,
            self.bram + other.bram,
        )


def in_dsp(widths: tuple[int, int]) -> bool:
    """Whether a product of operands of these widths goes into DSPs."""
    return max(widths) >= DSP_FROM_BITS and min(widths) >= DSP_OTHER_FROM_BITS


def dsps(widths: tuple[int, int]) -> int:
    """DSP48E2s of a product: the fewest tiles of 27 x 18 bits."""
    a, b = widths
    return min(
        math.ceil(x / DSP_LONG_BITS) * math.ceil(y / DSP_SHORT_BITS) for x, y in ((a, b), (b, a))
    )


def cost_of(operation: Operation, reuse_factor: int = 1) -> Resources:
    """LUTs and DSPs of a group of operations; its registers depend on the schedule.

    Parameters
    ----------
    operation : Operation
    reuse_factor : int
        Divides the groups that fold.
    """
    count = copies(operation, reuse_factor)
    if _is_product(operation) and in_dsp(operation.widths):
        used = 0 if operation.kind == "accumulate" else dsps(operation.widths)
        return Resources(dsp=count * used)
    return Resources(lut=count * _luts(operation))


def _is_product(operation: Operation) -> bool:
    return operation.kind in ("multiply", "accumulate", "scale")


def copies(operation: Operation, reuse_factor: int) -> int:
    """How many of a group's operations exist side by side."""
    return math.ceil(operation.count / reuse_factor) if operation.folds else operation.count


def multiplexers(operation: Operation, reuse_factor: int) -> Resources:
    """Multiplexers in front of both operands of a group that serves `reuse_factor` times."""
    if reuse_factor == 1 or not operation.folds:
        return Resources()
    bits = sum(operation.widths) * copies(operation, reuse_factor)
    return Resources(lut=bits * math.ceil(reuse_factor / 4) * SITES_PER_LUT)


def _luts(operation: Operation) -> float:  # noqa: PLR0911 - a flat match
    a, b = operation.widths
    match operation.kind:
        case "multiply":
            return LUT_PER_BIT_PRODUCT * a * b
        case "accumulate":
            return (a + b + 1) * SITES_PER_LUT
        case "scale":
            return _constant_additions(b) * (a + b) * SITES_PER_LUT
        case "add":
            return max(a, b) * SITES_PER_LUT
        case "select":
            return a * math.ceil(b / 4) * SITES_PER_LUT
        case "table":
            return b * _table_luts(a)
        case "round":  # an adder of the kept bits, and the test of the dropped ones
            return (b + max(a - b, 0) / 4) * SITES_PER_LUT
        case "compare":
            return (b + max(a - b, 0) / (LUT_INPUTS - 1)) * SITES_PER_LUT


def _constant_additions(bits: int) -> int:
    """Additions of a product with a constant: a third of its signed digits are not zero."""
    return max(2, round(bits / 3))


def _table_luts(address_bits: int) -> float:
    """LUTs of one bit of a table's words."""
    primitives = 2.0 ** max(address_bits - LUT_ADDRESS_BITS, 0)
    joined = max(primitives / 4 - 1, 0) / 3  # a tree of 4:1 multiplexers behind F8
    return primitives + joined


def result_bits(operation: Operation, reuse_factor: int = 1) -> int:
    """Register bits to hold a group's results; none behind a DSP, which has its own."""
    a, b = operation.widths
    count = copies(operation, reuse_factor)
    match operation.kind:
        case "multiply" | "accumulate" | "scale":
            return 0 if in_dsp(operation.widths) else count * (a + b)
        case "add":
            return count * (max(a, b) + 1)
        case "select":
            return count * a
        case _:
            return count * b


def delay_ns(operation: Operation) -> float:  # noqa: PLR0911 - a flat match
    """Time through one of a group's operations."""
    a, b = operation.widths
    level = LEVEL_NS
    match operation.kind:
        case "multiply" | "scale" if in_dsp(operation.widths):
            return NET_NS + DSP_MULTIPLY_NS + DSP_ADD_NS * (dsps(operation.widths) - 1)
        case "multiply":  # rows of partial products in a tree of additions
            return level + add_ns(a + b) * math.ceil(math.log2(max(min(a, b), 2)) / 2)
        case "scale":
            return add_ns(a + b) * math.ceil(math.log2(_constant_additions(b) + 1))
        case "accumulate" if in_dsp(operation.widths):
            return DSP_ADD_NS
        case "accumulate":
            return add_ns(a + b)
        case "add":
            return add_ns(max(a, b))
        case "select":
            return level * math.ceil(math.log(max(b, 2), 4))
        case "table":
            return level * (1 + math.ceil(max(a - LUT_ADDRESS_BITS - 2, 0) / 2))
        case "round":
            return level + add_ns(b)
        case "compare":
            return level * (1 + (a - b > LUT_INPUTS))
