"""What a netlist is made of: nets, wires that say when a net carries a value, modules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from triggernet.fixedpoint import FixedPoint


@dataclass(eq=False)
class Net:
    """A named bundle of bits in a module, and how many registers in a row follow it."""

    name: str
    width: int
    signed: bool
    delays: int = 0


@dataclass(frozen=True, eq=False)
class Wire:
    """An integer in a module: its bounds, the net that carries it, and when.

    Attributes
    ----------
    net : Net or None
        None for a constant.
    lo, hi : int
        Bounds, both included; equal for a constant.
    cycle : int
        The clock cycle, counted from the start of an event in this module, in which the net carries
        the value; of a stream, that of its first element.
    offset_ns : float
        When in that cycle the value has settled.
    lasting : bool
        The net keeps the value for a whole interval from `cycle` on.
    slots : int
        Clock cycles in a row, from `cycle` on, in each of which it carries another element.
    """

    net: Net | None
    lo: int
    hi: int
    cycle: int = 0
    offset_ns: float = 0.0
    lasting: bool = False
    slots: int = 1

    @property
    def constant(self) -> bool:
        """Whether it is a constant."""
        return self.net is None

    @property
    def kind(self) -> FixedPoint:
        """The narrowest type with LSB 1 that holds the bounds."""
        return FixedPoint.covering(self.lo, self.hi, 0)

    @property
    def width(self) -> int:
        """Bits of the net that carries it."""
        return self.kind.width if self.net is None else self.net.width

    @property
    def signed(self) -> bool:
        """Whether the highest of them is a sign."""
        return self.lo < 0 if self.net is None else self.net.signed

    def ready(self, usable_ns: float) -> tuple[int, float]:
        """Cycle and ns after which it can be used; what outlasts a clock is registered inside."""
        if self.offset_ns > usable_ns:
            whole = -int(-self.offset_ns // usable_ns)
            return self.cycle + whole, 0.0
        return self.cycle, self.offset_ns


def constant(value: int) -> Wire:
    """A constant, there at any time."""
    return Wire(None, value, value)


@dataclass(frozen=True)
class Statement:
    """One line of a module: the declaration of a net with what drives it."""

    cycle: int
    text: str


@dataclass
class HardwareCount:
    """Hardware of a module by kind, before any synthesis.

    Attributes
    ----------
    lut : float
        With 1 LUT a bit of an addition, and so on (`triggernet.program.netlist.cost`).
    da4ml_lut : float
        By da4ml's cost model, products and block RAMs left out.
    ff, dsp, bram : float
    """

    lut: float = 0.0
    da4ml_lut: float = 0.0
    ff: float = 0.0
    dsp: float = 0.0
    bram: float = 0.0

    def add(self, other: HardwareCount, times: int = 1) -> None:
        """Add `times` of another count."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + times * getattr(other, name))


@dataclass
class Module:
    """A Verilog module under construction: ports, statements, registers, instances.

    Attributes
    ----------
    name : str
    purpose : str
        One line for its head.
    inputs, outputs : list of (port name, width)
    statements : list of Statement
    clocked : list of str
        Assignments at the clock's edge.
    nets : list of Net
        Those whose registers are to be declared.
    instances : Counter of str
        Modules in it, by name.
    body : str
        If not empty, the whole text inside the module instead of statements.
    """

    name: str
    purpose: str = ""
    inputs: list[tuple[str, int]] = field(default_factory=list)
    outputs: list[tuple[str, int]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    clocked: list[str] = field(default_factory=list)
    nets: list[Net] = field(default_factory=list)
    instances: Counter[str] = field(default_factory=Counter)
    count: HardwareCount = field(default_factory=HardwareCount)
    needs_clock: bool = False
    needs_reset: bool = False
    body: str = ""
