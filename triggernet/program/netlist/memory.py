"""Constant tables: in look-up tables, or together in a block RAM, with two ports or one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from triggernet.program.netlist import cost, timing
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.text import literal
from triggernet.program.netlist.wire import Module, Statement, Wire, constant

BLOCK_WORDS = 2048  # of up to 9 bits: one block RAM of 18 kbit with two read ports


def lookup(b: Builder, address: Wire, values: Sequence[int], name: str = "entry") -> Wire:
    """``values[address - address.lo]``, not negative, from look-up tables."""
    assert len(values) == address.hi - address.lo + 1
    if address.constant:
        return constant(values[0])
    bounds = min(values), max(values)
    if bounds[0] == bounds[1]:
        return constant(bounds[0])
    width = Wire(None, *bounds).kind.width
    module = _table_module(b, address, values, width)
    cycle, offset = b.start((address,), timing.table_ns(address.width))
    net = b.net(name, width, signed=bounds[0] < 0)
    text = (
        f"wire [{width - 1}:0] {net.name};\n    {module} {b.instance(module)} "
        f"(.a({b.read(address, cycle)}), .q({net.name}));"
    )
    b.module.statements.append(Statement(cycle, text))
    return Wire(net, *bounds, cycle, offset, slots=address.slots)


def _table_module(b: Builder, address: Wire, values: Sequence[int], width: int) -> str:
    """The module of a table, made once."""
    mask = (1 << address.width) - 1
    entries = [
        f"{literal((address.lo + k) & mask, address.width)}: q = {literal(value, width)};"
        for k, value in enumerate(values)
    ]
    lines = "\n            ".join([*entries, f"default: q = {literal(0, width)};"])
    body = f"    always @(*)\n        case (a)\n            {lines}\n        endcase\n"
    name = f"table_{_digest(body)}"
    if name not in b.known:
        b.known[name] = Module(
            name,
            f"A table of {len(values)} words of {width} bits, in look-up tables.",
            inputs=[("a", address.width)],
            outputs=[("q", width)],
            count=cost.table(address.width, width),
            body=body,
        )
    return name


def lookup_pair(
    b: Builder, addresses: tuple[Wire, Wire], tables: tuple[Sequence[int], Sequence[int]]
) -> tuple[Wire, Wire]:
    """Two look-ups in one clocked memory with two read ports, one table in each half.

    ``tables[k]`` holds the values for ``addresses[k]`` from its lowest bound on; they are not
    negative. The values are there one clock cycle later.
    """
    width = max(1, max(max(t) for t in tables).bit_length())
    bits = max(a.width for a in addresses)
    module = _memory_module(b, addresses, tables, bits, width)
    usable = b.clock.usable_ns
    cycle = max(b.start((a,), timing.LEVEL_NS)[0] for a in addresses)
    assert usable > timing.LEVEL_NS
    nets = [b.net(f"entry_{side}", width, signed=False) for side in "ab"]
    ports = ", ".join(
        f".{side}({b.read(a, cycle)}), .{side}_value({net.name})"
        for side, a, net in zip("ab", addresses, nets, strict=True)
    )
    wires = " ".join(f"wire [{width - 1}:0] {net.name};" for net in nets)
    b.module.needs_clock = True
    b.module.statements.append(
        Statement(cycle, f"{wires}\n    {module} {b.instance(module)} (.clk(clk), {ports});")
    )
    words = [
        Wire(net, min(t), max(t), cycle + 1, timing.BLOCK_RAM_NS, slots=a.slots)
        for net, t, a in zip(nets, tables, addresses, strict=True)
    ]
    return words[0], words[1]


def fits_block(addresses: Sequence[Wire]) -> bool:
    """Whether two tables with these addresses fit one block RAM."""
    return 2 << max(a.width for a in addresses) <= BLOCK_WORDS


def _memory_module(
    b: Builder,
    addresses: tuple[Wire, Wire],
    tables: tuple[Sequence[int], Sequence[int]],
    bits: int,
    width: int,
) -> str:
    words = [0] * (2 << bits)
    for half, (address, table) in enumerate(zip(addresses, tables, strict=True)):
        mask = (1 << address.width) - 1
        for k, value in enumerate(table):
            words[(half << bits) + ((address.lo + k) & mask)] = value
    lines = "\n        ".join(f"word[{k}] = {literal(v, width)};" for k, v in enumerate(words))
    pads = [bits - a.width for a in addresses]
    front = [f"1'd{half}" + (f", {pad}'d0" if pad else "") for half, pad in enumerate(pads)]
    body = (
        f'    (* rom_style = "block", ram_style = "block" *) reg [{width - 1}:0] word '
        f"[0:{len(words) - 1}];\n"
        f"    initial begin\n        {lines}\n    end\n"
        f"    always @(posedge clk) begin\n"
        f"        a_value <= word[{{{front[0]}, a}}];\n"
        f"        b_value <= word[{{{front[1]}, b}}];\n    end\n"
    )
    name = f"memory_{_digest(body)}"
    if name not in b.known:
        b.known[name] = Module(
            name,
            f"Two tables of words of {width} bits in a block RAM, each with a port of its own.",
            inputs=[("a", addresses[0].width), ("b", addresses[1].width)],
            outputs=[("a_value", width), ("b_value", width)],
            count=cost.block_ram(bits + 1, width),
            needs_clock=True,
            body=body,
        )
    return name


def lookup_word(
    b: Builder, address: Wire, rows: Sequence[Sequence[int]], *, block: bool
) -> list[Wire]:
    """The words ``rows[address - address.lo]``, side by side in one memory.

    With `block` they are in block RAM and there one clock cycle later, otherwise in look-up tables.
    """
    assert len(rows) == address.hi - address.lo + 1
    columns = list(zip(*rows, strict=True))  # (words, codes of the address)
    bounds = [(min(column), max(column)) for column in columns]
    stored = [column for column, (lo, hi) in zip(columns, bounds, strict=True) if lo < hi]
    if not block or not stored:
        return [lookup(b, address, column) for column in columns]
    entries = iter(_stored_words(b, address, stored))
    return [constant(lo) if lo == hi else next(entries) for lo, hi in bounds]


def _stored_words(b: Builder, address: Wire, columns: Sequence[Sequence[int]]) -> list[Wire]:
    """One entry of each column, read together from a block RAM."""
    kinds = [Wire(None, min(c), max(c)).kind for c in columns]
    widths = [kind.width for kind in kinds]
    module = _word_module(b, address, columns, widths)
    cycle, _ = b.start((address,), timing.LEVEL_NS)
    together = b.net("word", sum(widths), signed=False)
    read = f".clk(clk), .a({b.read(address, cycle)}), .q({together.name})"
    lines = [
        f"wire [{together.width - 1}:0] {together.name};",
        f"{module} {b.instance(module)} ({read});",
    ]
    words, low = [], 0
    for kind, column in zip(kinds, columns, strict=True):
        net, top = b.net("entry", kind.width, kind.signed), low + kind.width - 1
        lines.append(f"wire [{kind.width - 1}:0] {net.name} = {together.name}[{top}:{low}];")
        low += kind.width
        bounds = min(column), max(column)
        words.append(Wire(net, *bounds, cycle + 1, timing.BLOCK_RAM_NS, slots=address.slots))
    b.module.needs_clock = True
    b.module.statements.append(Statement(cycle, "\n    ".join(lines)))
    return words


def _word_module(
    b: Builder, address: Wire, columns: Sequence[Sequence[int]], widths: Sequence[int]
) -> str:
    """The module of a memory with one read port, made once."""
    words, mask, total = [0] * (1 << address.width), (1 << address.width) - 1, sum(widths)
    for k, row in enumerate(zip(*columns, strict=True)):
        low = 0
        for value, width in zip(row, widths, strict=True):
            words[(address.lo + k) & mask] |= (value & ((1 << width) - 1)) << low
            low += width
    lines = "\n        ".join(f"word[{k}] = {literal(v, total)};" for k, v in enumerate(words))
    body = (
        f'    (* rom_style = "block", ram_style = "block" *) reg [{total - 1}:0] word '
        f"[0:{len(words) - 1}];\n"
        f"    initial begin\n        {lines}\n    end\n"
        f"    always @(posedge clk) q <= word[a];\n"
    )
    name = f"memory_{_digest(body)}"
    if name not in b.known:
        b.known[name] = Module(
            name,
            f"A table of {len(columns[0])} words of {total} bits in block RAM.",
            inputs=[("a", address.width)],
            outputs=[("q", total)],
            count=cost.word_block_ram(address.width, total),
            needs_clock=True,
            body=body,
        )
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
