"""Modules as text: Verilog-2001, one file a module."""

from __future__ import annotations

from collections.abc import Iterable

from triggernet.program.netlist.text import delayed
from triggernet.program.netlist.wire import HardwareCount, Module, Net

SHIFT_FROM, SHIFT_DEPTH = 3, 32
WIDE_PRODUCTS = ("/* verilator lint_off WIDTHEXPAND */", "/* verilator lint_on WIDTHEXPAND */")


def text_of(module: Module) -> str:
    """The text of a module, with a line on what it is."""
    head = f"// {module.purpose}\n" if module.purpose else ""
    body = module.body or "".join(_lines(module))
    return (
        f"{head}`default_nettype none\nmodule {module.name} (\n{_ports(module)}\n);\n"
        f"{body}endmodule\n`default_nettype wire\n"
    )


def is_clocked(module: Module) -> bool:
    """Whether it has registers, or modules with registers in it."""
    return module.needs_clock or bool(module.clocked) or any(n.delays for n in module.nets)


def rows_of_registers(module: Module) -> HardwareCount:
    """What rows of registers behind nets take; those of `clocked` are counted where they are made.

    From three in a row on a synthesis makes shift registers of look-up tables, 32 deep.
    """
    count = HardwareCount()
    for net in module.nets:
        if net.delays >= SHIFT_FROM:
            count.lut += net.width * -(-net.delays // SHIFT_DEPTH)
        else:
            count.ff += net.width * net.delays
    return count


def _ports(module: Module) -> str:
    kind = "reg " if module.body else "wire"
    ports = ["input  wire clk"] if is_clocked(module) else []
    ports += ["input  wire rst", "input  wire in_valid"] if module.needs_reset else []
    ports += [f"input  wire [{width - 1}:0] {name}" for name, width in module.inputs]
    ports += ["output wire out_valid"] if module.needs_reset else []
    ports += [f"output {kind} [{width - 1}:0] {name}" for name, width in module.outputs]
    return ",\n".join(f"    {port}" for port in ports)


def _lines(module: Module) -> Iterable[str]:
    for net in module.nets:
        if net.delays:
            names = ", ".join(delayed(net, k) for k in range(1, net.delays + 1))
            yield f"    reg [{net.width - 1}:0] {names};\n"
    before = None
    for statement in sorted(module.statements, key=lambda s: s.cycle):
        if statement.cycle != before and statement.cycle >= 0:
            yield f"\n    // clock {statement.cycle}\n"
        before = statement.cycle
        if " * " in statement.text:
            yield f"    {WIDE_PRODUCTS[0]}\n    {statement.text}\n    {WIDE_PRODUCTS[1]}\n"
        else:
            yield f"    {statement.text}\n"
    if is_clocked(module) and (module.clocked or any(n.delays for n in module.nets)):
        yield "\n    always @(posedge clk) begin\n"
        for line in module.clocked:
            yield f"        {line}\n"
        for net in module.nets:
            yield from _moves(net)
        yield "    end\n"


def _moves(net: Net) -> Iterable[str]:
    for k in range(1, net.delays + 1):
        yield f"        {delayed(net, k)} <= {delayed(net, k - 1)};\n"
