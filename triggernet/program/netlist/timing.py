"""How long one hardware operation takes: what decides where registers go.

Delays are those of an UltraScale+ FPGA of speed grade -2: 0.15 ns through a look-up table and
0.4 ns of routing a level, carries of 8 bits in 0.02 ns, 2.4 ns through an unregistered DSP, 1.2 ns
from the clock to the output of a block RAM. They are assumptions, not measurements; only a placed
design tells which clock it reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

NET_NS = 0.4
LUT_NS = 0.15
CARRY_IN_NS = 0.2
CARRY8_NS = 0.02
DSP_MULTIPLY_NS = 2.4
DSP_ADD_NS = 0.9
BLOCK_RAM_NS = 1.2
LEVEL_NS = NET_NS + LUT_NS
LUT_INPUTS = 6


@dataclass(frozen=True)
class Timing:
    """A clock and the share of its period that stays free for what cannot be foreseen."""

    period_ns: float
    uncertainty: float = 0.125

    @property
    def usable_ns(self) -> float:
        """Time for logic between two registers."""
        return self.period_ns * (1 - self.uncertainty)


def add_ns(bits: int) -> float:
    """An addition, subtraction or comparison of `bits` bits with its routing."""
    return LEVEL_NS + CARRY_IN_NS + CARRY8_NS * -(-bits // 8)


def multiply_ns() -> float:
    """A product in one DSP."""
    return NET_NS + DSP_MULTIPLY_NS


def table_ns(address_bits: int) -> float:
    """A table in look-up tables: 6 address bits a level, two more by the multiplexers behind."""
    return LEVEL_NS * (1 + max(0, address_bits - LUT_INPUTS - 1) // 2)


def reduce_ns(bits: int) -> float:
    """Whether any of some bits is set."""
    levels = 1
    while bits > LUT_INPUTS:
        bits = -(-bits // LUT_INPUTS)
        levels += 1
    return LEVEL_NS * levels
