"""Building a module: operations in the order of the data, registers where the clock needs them.

Every operation is put as early as its operands allow (as soon as possible); where it no longer fits
into the clock period it begins in the next cycle, and its operands are registered. A value that is
read some cycles after it was made passes that many registers.

All nets are plain bit vectors; operands are extended explicitly, so that the text means the same in
every tool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from triggernet.program.netlist import cost, timing
from triggernet.program.netlist.keywords import KEYWORDS
from triggernet.program.netlist.text import as_signed, delayed, fitted, literal, part, undelayed
from triggernet.program.netlist.timing import Timing
from triggernet.program.netlist.wire import HardwareCount, Module, Net, Statement, Wire, constant

Read = Callable[[Wire], str]
IN_DSP = '(* use_dsp = "yes" *) '  # Vivado puts products of up to 10 bits into LUTs otherwise


class Builder:
    """Makes the statements of one module.

    Parameters
    ----------
    name : str
        Of the module.
    clock : Timing
    known : dict of str to Module
        All modules of the design, by name.
    purpose : str
        One line for the head of the module.
    """

    def __init__(
        self, name: str, clock: Timing, known: dict[str, Module], purpose: str = ""
    ) -> None:
        self.module = Module(name, purpose)
        self.clock = clock
        self.known = known
        self.scope = ""  # in front of the names of nets: what they belong to
        self._names: set[str] = {"clk", "rst", *KEYWORDS}
        self._delayed: set[str] = set()  # names whose registers would be called like a known one

    def reserve(self, names: Iterable[str]) -> None:
        """Keep names for ports that are added later."""
        for name in names:
            self._take(name)

    def unique(self, name: str) -> str:
        """`name`, with a number if it, or what its registers are called, is taken; now it is."""
        unique, number = name, 1
        while unique in self._names or unique in self._delayed or undelayed(unique) in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._take(unique)
        return unique

    def _take(self, name: str) -> None:
        self._names.add(name)
        stem = undelayed(name)
        if stem is not None:
            self._delayed.add(stem)

    def instance(self, module: str) -> str:
        """The name of one more instance of a module."""
        self.module.instances[module] += 1
        return self.unique(f"{module}_i{self.module.instances[module]}")

    # Ports and nets

    def input(self, name: str, lo: int, hi: int, cycle: int = 0, offset_ns: float = 0.0) -> Wire:
        """An input port that carries integers from `lo` to `hi`."""
        kind = constant(lo).kind if lo == hi else Wire(None, lo, hi).kind
        net = self.net(name, kind.width, kind.signed)
        self.module.inputs.append((net.name, net.width))
        return Wire(net, lo, hi, cycle, offset_ns)

    def output(self, name: str, wire: Wire) -> None:
        """An output port, whose name is reserved; not registered by itself."""
        text = self.extended(wire, wire.width, self.reader(wire.cycle))
        self.module.outputs.append((name, wire.width))
        self.module.statements.append(Statement(wire.cycle, f"assign {name} = {text};"))

    def net(self, name: str, width: int, signed: bool) -> Net:
        """A new net; its name gets a number if it is taken."""
        net = Net(self.unique(f"{self.scope}_{name}" if self.scope else name), width, signed)
        self.module.nets.append(net)
        return net

    def reader(self, cycle: int) -> Read:
        """How operands are written in a statement of `cycle`."""
        return lambda wire: self.read(wire, cycle)

    def read(self, wire: Wire, cycle: int) -> str:
        """The net of `wire`, delayed so that it can be read in `cycle`."""
        if wire.net is None:
            return literal(wire.lo, wire.width)
        if wire.lasting:
            return wire.net.name
        late = cycle - wire.cycle
        assert late >= 0, f"{wire.net.name} of cycle {wire.cycle} is read in cycle {cycle}"
        wire.net.delays = max(wire.net.delays, late)
        return delayed(wire.net, late)

    def extended(self, wire: Wire, width: int, read: Read, shift: int = 0) -> str:
        """`wire` times ``2**shift`` modulo ``2**width``: its sign or zeros in front, or cut off."""
        if wire.net is None:
            return literal(wire.lo << shift, width)
        if width - shift < wire.width:
            kept = f"{read(wire)}[{width - shift - 1}:0]"
            return f"{{{kept}, {shift}'d0}}" if shift else kept
        return fitted(read(wire), wire.width, wire.signed, width, shift)

    # Scheduling

    def start(self, operands: Sequence[Wire], delay_ns: float) -> tuple[int, float]:
        """Cycle in which an operation on `operands` happens, and when it has settled."""
        usable = self.clock.usable_ns
        ready = [w.ready(usable) for w in operands if not w.constant]
        cycle = max((c for c, _ in ready), default=0)
        offset = max((o for c, o in ready if c == cycle), default=0.0)
        if offset > 0 and offset + delay_ns > usable:
            cycle, offset = cycle + 1, 0.0
        return cycle, offset + delay_ns

    def operation(
        self,
        operands: Sequence[Wire],
        bounds: tuple[int, int],
        delay_ns: float,
        write: Callable[[Read, int], str],
        *,
        count: HardwareCount | None = None,
        name: str = "n",
        attribute: str = "",
    ) -> Wire:
        """A net made from `operands`: `write` gives its text from a reader and the net's width."""
        lo, hi = bounds
        if lo == hi:
            return constant(lo)
        cycle, offset = self.start(operands, delay_ns)
        kind = Wire(None, lo, hi).kind
        net = self.net(name, kind.width, kind.signed)
        text = write(self.reader(cycle), net.width)
        self.module.statements.append(
            Statement(cycle, f"{attribute}wire [{net.width - 1}:0] {net.name} = {text};")
        )
        if count is not None:
            self.module.count.add(count)
        return Wire(net, lo, hi, cycle, offset, slots=max((w.slots for w in operands), default=1))

    # Arithmetic

    def add(
        self, a: Wire, b: Wire, shift: int = 0, subtract: bool = False, name: str = "n"
    ) -> Wire:
        """``a + b * 2**shift``, or minus."""
        if shift < 0:
            raise AssertionError("shift the other operand")
        ends = (b.lo << shift, b.hi << shift)
        lo, hi = (a.lo - ends[1], a.hi - ends[0]) if subtract else (a.lo + ends[0], a.hi + ends[1])
        if b.constant and b.lo == 0:
            return a
        if a.constant and a.lo == 0 and not subtract:
            return self.shifted(b, shift)
        sign = "-" if subtract else "+"

        def write(read: Read, width: int) -> str:
            second = self.extended(b, width, read, shift)
            return f"{self.extended(a, width, read)} {sign} {second}"

        bits = Wire(None, lo, hi).kind.width
        counted = cost.addition(a, b, shift, subtract)
        return self.operation(
            (a, b), (lo, hi), timing.add_ns(bits), write, count=counted, name=name
        )

    def subtract(self, a: Wire, b: Wire, name: str = "n") -> Wire:
        """``a - b``."""
        return self.add(a, b, subtract=True, name=name)

    def shifted(self, a: Wire, shift: int) -> Wire:
        """``a * 2**shift``; wiring."""
        if shift == 0:
            return a

        def write(read: Read, width: int) -> str:
            return self.extended(a, width, read, shift)

        return self.operation((a,), (a.lo << shift, a.hi << shift), 0.0, write)

    def floor(self, a: Wire, bits: int) -> Wire:
        """``a / 2**bits``, towards minus infinity; wiring."""
        if bits <= 0 or a.constant:
            return self.shifted(a, -bits) if bits <= 0 else constant(a.lo >> bits)

        def write(read: Read, width: int) -> str:
            if a.width - bits > width:  # the bounds need fewer bits than the net has
                return f"{read(a)}[{bits + width - 1}:{bits}]"
            return fitted(part(read(a), a.width, bits), a.width - bits, a.signed, width)

        return self.operation((a,), (a.lo >> bits, a.hi >> bits), 0.0, write)

    def low_bits(self, a: Wire, bits: int, signed: bool) -> Wire:
        """The `bits` lowest bits, read as signed or not; wiring."""
        top = 1 << (bits - 1 if signed else bits)
        bounds = (-top if signed else 0, top - 1)
        if bounds[0] <= a.lo and a.hi <= bounds[1]:
            return a
        if a.constant:
            return constant((a.lo - bounds[0]) % (1 << bits) + bounds[0])

        def write(read: Read, _: int) -> str:
            if a.width <= bits:
                return self.extended(a, bits, read)
            return f"{read(a)}[{bits - 1}:0]"

        return self.operation((a,), bounds, 0.0, write)

    def multiply(self, a: Wire, b: Wire, name: str = "product") -> Wire:
        """``a * b`` of two variables, in a DSP where it fits one."""
        ends = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]

        def write(read: Read, _: int) -> str:
            if a.signed or b.signed:
                return f"{as_signed(read(a), a)} * {as_signed(read(b), b)}"
            return f"{read(a)} * {read(b)}"

        return self.operation(
            (a, b),
            (min(ends), max(ends)),
            timing.multiply_ns(),
            write,
            count=cost.product(),
            name=name,
            attribute=IN_DSP,
        )

    # Logic

    def flag(
        self, operands: Sequence[Wire], bits: int, write: Callable[[Read], str], name: str = "flag"
    ) -> Wire:
        """One bit from `bits` bits of `operands`."""
        return self.operation(
            operands,
            (0, 1),
            timing.reduce_ns(bits),
            lambda read, _: write(read),
            count=cost.logic(bits),
            name=name,
        )

    def negative(self, a: Wire) -> Wire:
        """Whether ``a < 0``; wiring."""
        if a.lo >= 0 or a.hi < 0:
            return constant(int(a.hi < 0))
        return self.operation(
            (a,), (0, 1), 0.0, lambda read, _: f"{read(a)}[{a.width - 1}]", name="below"
        )

    def nonzero(self, a: Wire, name: str = "present") -> Wire:
        """Whether ``a != 0``."""
        if a.lo > 0 or a.hi < 0 or a.constant:
            return constant(int(a.lo != 0))
        if a.width == 1:
            return a if not a.signed else self.negative(a)
        return self.flag((a,), a.width, lambda read: f"|{read(a)}", name)

    def gated(self, flag: Wire, a: Wire, inverted: bool = False) -> Wire:
        """`a` where `flag` is set (or not set, if `inverted`), otherwise 0."""
        if flag.constant:
            return a if bool(flag.lo) != inverted else constant(0)
        if a.constant and a.lo == 0:
            return a

        def write(read: Read, width: int) -> str:
            sign = "~" if inverted else ""
            return f"{{{width}{{{sign}{read(flag)}}}}} & {self.extended(a, width, read)}"

        bounds = (min(a.lo, 0), max(a.hi, 0))
        return self.operation((flag, a), bounds, timing.LEVEL_NS, write, count=cost.gate(a.width))

    def relu(self, a: Wire) -> Wire:
        """`a` where it is positive, otherwise 0."""
        if a.hi <= 0:
            return constant(0)
        return (
            self.gated(
                self.negative(a),
                replace(self.low_bits(a, a.width - 1, signed=False), hi=a.hi),
                inverted=True,
            )
            if a.lo < 0
            else a
        )

    def cleared(self, clear: Wire, a: Wire, name: str = "kept") -> Wire:
        """A register that takes `a`, or 0 where `clear` is set, by the flip-flops' own reset."""
        if clear.constant:
            return constant(0) if clear.lo else a
        if a.constant and a.lo == 0:
            return a
        return self._overridden(clear, 0, a, (min(a.lo, 0), max(a.hi, 0)), name)

    def filled(self, fill: Wire, a: Wire, width: int, name: str = "capped") -> Wire:
        """A register that takes the `width` lowest bits of `a`, or only ones where `fill` is set.

        The flip-flops' own set input does it; `a` must not be negative.
        """
        largest = (1 << width) - 1
        low = replace(self.low_bits(a, width, signed=False), lo=min(a.lo, largest))
        return self._overridden(fill, largest, low, (low.lo, largest), name)

    def _overridden(
        self, flag: Wire, value: int, a: Wire, bounds: tuple[int, int], name: str
    ) -> Wire:
        """A register that takes `a`, or a constant where `flag` is set."""
        cycle, _ = self.start((flag, a), 0.0)
        kind = Wire(None, *bounds).kind
        net, read = self.net(name, kind.width, kind.signed), self.reader(cycle)
        other = self.extended(a, kind.width, read)
        text = f"{net.name} <= {read(flag)} ? {literal(value, kind.width)} : {other};"
        self.module.statements.append(Statement(-1, f"reg [{kind.width - 1}:0] {net.name};"))
        self.module.clocked.append(text)
        self.module.count.add(HardwareCount(ff=kind.width, da4ml_lut=kind.width / 2))
        return Wire(net, *bounds, cycle + 1, 0.0, slots=max(flag.slots, a.slots))

    def missing(self, flags: Sequence[Wire], below: Wire, name: str = "clear") -> Wire:
        """Whether `below` is set or one of `flags` is not."""
        if any(f.constant and f.lo == 0 for f in flags) or (below.constant and below.lo):
            return constant(1)
        live = [f for f in dict.fromkeys(flags) if not f.constant]
        if not live:
            return below
        inputs = live if below.constant else [below, *live]

        def write(read: Read) -> str:
            first = [] if below.constant else [read(below)]
            return " | ".join([*first, *(f"~{read(f)}" for f in live)])

        return self.flag(inputs, len(inputs), write, name)

    def select(self, flag: Wire, a: Wire, b: Wire) -> Wire:
        """`a` where `flag` is set, otherwise `b`."""
        if flag.constant:
            return a if flag.lo else b

        def write(read: Read, width: int) -> str:
            first, second = (self.extended(x, width, read) for x in (a, b))
            return f"{read(flag)} ? {first} : {second}"

        bounds = (min(a.lo, b.lo), max(a.hi, b.hi))
        width = Wire(None, *bounds).kind.width
        return self.operation(
            (flag, a, b), bounds, timing.LEVEL_NS, write, count=cost.choice(width)
        )
