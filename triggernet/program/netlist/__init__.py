"""Scheduled netlists of exact integer arithmetic, and their text in Verilog.

What the RTL traces of the operators are written with: wires whose bounds and arrival times are
known, a builder that puts registers where a clock needs them, and a fabric that spreads the
elements of a tensor over space and clock cycles.
"""

from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.fabric import Fabric, Kind
from triggernet.program.netlist.layout import Options, Pairs, Particles, Signal, Vector
from triggernet.program.netlist.timing import Timing
from triggernet.program.netlist.wire import Module, Wire

__all__ = [
    "Builder",
    "Fabric",
    "Kind",
    "Module",
    "Options",
    "Pairs",
    "Particles",
    "Signal",
    "Timing",
    "Vector",
    "Wire",
]
