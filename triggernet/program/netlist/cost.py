"""What an operation costs before any synthesis: by da4ml's cost model, and in LUTs as seen here.

da4ml 0.6 counts one LUT a bit of an addition (its own `cost_add`), half of one for each bit of a
ReLU or of a multiplexer, a fifth for a bit operation, and for a table ``2**(address bits - 5)`` for
two of its bits.
"""

from __future__ import annotations

import math

from triggernet.program.netlist.wire import HardwareCount, Wire


def addition(a: Wire, b: Wire, shift: int, subtract: bool) -> HardwareCount:
    """A + b * 2**shift (or minus)."""
    from da4ml._binary.cmvm_bin import cost_add

    _, cost = cost_add(_interval(a), _interval(b), shift, subtract, 1, -1)
    return HardwareCount(lut=float(cost), da4ml_lut=float(cost))


def _interval(a: Wire) -> tuple[float, float, float]:
    return float(a.lo), float(a.hi), 1.0


def table(address_bits: int, word_bits: int) -> HardwareCount:
    """A table in look-up tables."""
    cost = 2.0 ** max(address_bits - 5, 0) * math.ceil(word_bits / 2)
    return HardwareCount(lut=cost, da4ml_lut=cost)


def gate(bits: int) -> HardwareCount:
    """Bits that are let through or not."""
    return HardwareCount(lut=bits / 2, da4ml_lut=bits / 2)


def choice(bits: int) -> HardwareCount:
    """A multiplexer of two words."""
    return HardwareCount(lut=bits, da4ml_lut=bits / 2)


def logic(bits: int) -> HardwareCount:
    """Any or all of some bits."""
    return HardwareCount(lut=math.ceil(bits / 6), da4ml_lut=bits / 5)


def product() -> HardwareCount:
    """A product in one DSP."""
    return HardwareCount(dsp=1.0)


def block_ram(address_bits: int, word_bits: int) -> HardwareCount:
    """Block RAMs of 18 kbit for one memory with two read ports."""
    words = 1 << address_bits
    widest = {1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1}
    depth = min((d for d in widest if d >= words), default=16384)
    return HardwareCount(bram=math.ceil(words / depth) * math.ceil(word_bits / widest[depth]))


def word_block_ram(address_bits: int, word_bits: int) -> HardwareCount:
    """Block RAMs of 18 kbit for one memory with one read port: twice as wide when shallow."""
    if address_bits > 9:
        return block_ram(address_bits, word_bits)
    return HardwareCount(bram=math.ceil(word_bits / 36))
