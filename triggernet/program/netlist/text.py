"""Pieces of Verilog: numbers, names behind registers, parts of nets and their extension."""

from __future__ import annotations

import re

from triggernet.program.netlist.wire import Net, Wire


def literal(value: int, width: int) -> str:
    """A constant of `width` bits, two's complement."""
    return f"{width}'d{value % (1 << width)}"


def delayed(net: Net, cycles: int) -> str:
    """Name of a net behind some registers."""
    return net.name if cycles == 0 else f"{net.name}_d{cycles}"


def undelayed(name: str) -> str | None:
    """The net of which `name` could be a register, as `delayed` calls it."""
    match = re.fullmatch(r"(\w+)_d\d+", name)
    return match[1] if match else None


def part(text: str, width: int, low: int) -> str:
    """Bits `low` and up of a name with `width` bits (its sign, if there are none)."""
    low = min(low, width - 1)
    return text if low == 0 else f"{text}[{width - 1}:{low}]"


def fitted(text: str, bits: int, signed: bool, width: int, shift: int = 0) -> str:
    """Text of `bits` bits moved up by `shift` bits and brought to `width` bits."""
    bits = max(bits, 1)
    front = width - shift - bits
    assert front >= 0, f"{text} of {bits} bits in {width}"
    pieces = []
    if front:
        sign = f"{{{front}{{{_top_bit(text, bits)}}}}}"
        pieces.append(sign if signed else f"{front}'d0")
    pieces.append(text)
    if shift:
        pieces.append(f"{shift}'d0")
    return pieces[0] if len(pieces) == 1 else "{" + ", ".join(pieces) + "}"


def _top_bit(text: str, bits: int) -> str:
    name, _, index = text.partition("[")
    if index:  # name[high:low] or name[high]
        return f"{name}[{index.rstrip(']').split(':')[0]}]"
    return f"{name}[{bits - 1}]"


def as_signed(text: str, wire: Wire) -> str:
    """Text of a wire as a signed operand of a product."""
    return f"$signed({text})" if wire.signed else f"$signed({{1'b0, {text}}})"
