"""Tensors in hardware: their elements spread over lanes (space) and slots (clock cycles).

A design takes a new event every `interval` clock cycles at most. With an interval of 1 every
element has hardware of its own. With more, particles pass one after the other through few lanes,
and pairs meet in a ring (`pairs.py`).

There are no counters: the `valid` of an event travels along as a token, and whatever has to happen
k clocks after the event began happens where the token of clock k is set. So events may follow one
another at any distance that is not shorter than the interval.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from triggernet.program.netlist.arithmetic import total
from triggernet.program.netlist.builder import Builder
from triggernet.program.netlist.keywords import KEYWORDS
from triggernet.program.netlist.layout import Options, Pairs, Particles, Rows
from triggernet.program.netlist.timing import LEVEL_NS, LUT_INPUTS, Timing, add_ns, reduce_ns
from triggernet.program.netlist.verilog import is_clocked
from triggernet.program.netlist.wire import HardwareCount, Module, Net, Statement, Wire, constant

Kernel = Callable[..., Sequence[Wire]]
Port = tuple[int, int, float]  # bounds, equal for a constant, and ns in the cycle

OFFSET_STEP_NS = 0.25  # arrival times inside a cycle are rounded up to this, to share modules
STORED = re.compile(r"(table|memory)_[0-9a-f]{8}")  # modules of `memory.py`
HOLD_FROM = 3  # registers in a row from which on one that keeps its value is smaller


@dataclass(frozen=True)
class Kind:
    """A kind of module: its name, what it is for, and what its ports are called."""

    name: str
    purpose: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Fabric:
    """The top module under construction, and the modules in it.

    Parameters
    ----------
    name : str
        Of the top module.
    clock : Timing
    interval : int
        Clock cycles between two events, at least.
    options : Options
    """

    def __init__(self, name: str, clock: Timing, interval: int, options: Options) -> None:
        self.modules: dict[str, Module] = {}
        self.top = Builder(name, clock, self.modules)
        self.interval = interval
        self.options = options
        self.last_token = 0
        self._kernels: dict[
            tuple[Kind, tuple[Port, ...]], tuple[str, tuple[Wire, ...], Kernel]
        ] = {}
        self._serial: dict[int, tuple[Particles, Particles]] = {}
        self._turning: dict[tuple[object, ...], list[Wire]] = {}
        self._held: dict[tuple[int, int, int], Wire] = {}
        self._flags: dict[tuple[int | str, ...], Wire] = {}
        self._called: dict[tuple[Kind, tuple[object, ...]], list[Wire]] = {}

    # Tokens and values that last

    def token(self, cycle: int) -> str:
        """The bit that is set in clock cycle `cycle` of an event."""
        self.last_token = max(self.last_token, cycle)
        return "in_valid" if cycle == 0 else f"live[{cycle}]"

    def at(self, wire: Wire, cycle: int) -> Wire:
        """The same value, in `cycle`: kept by one register where many in a row would delay it."""
        late = cycle - wire.cycle
        if (
            wire.constant
            or wire.lasting
            or wire.slots > 1
            or self.interval == 1
            or late < HOLD_FROM
        ):
            return wire
        return replace(self.held(wire, wire.cycle, cycle), cycle=cycle)

    def held(self, wire: Wire, start: int, until: int) -> Wire:
        """`wire`, which is there in `start`, kept for one interval that includes `until`."""
        if wire.constant:
            return wire
        while True:
            wire = self._hold(wire, start)
            if until < wire.cycle + self.interval:
                return wire
            start = wire.cycle + self.interval - 1

    def _hold(self, wire: Wire, start: int) -> Wire:
        """A register that takes `wire` in cycle `start` and keeps it."""
        assert wire.net is not None
        key = (id(wire.net), wire.cycle, start)
        if key not in self._held:
            net = self.top.net("held", wire.width, wire.signed)
            value = self.top.read(wire, start)
            self._register(net.name, net.width, f"if ({self.token(start)}) {net.name} <= {value};")
            self._held[key] = Wire(net, wire.lo, wire.hi, start + 1, 0.0, lasting=True)
        return replace(self._held[key], lo=wire.lo, hi=wire.hi)

    def _register(self, name: str, width: int, assignment: str) -> None:
        self.top.module.statements.append(Statement(-1, f"reg [{width - 1}:0] {name};"))
        self.top.module.clocked.append(assignment)
        self.top.module.count.ff += width

    # Modules

    def call(self, kind: Kind, kernel: Kernel, inputs: Sequence[Wire]) -> list[Wire]:
        """An instance of the module that `kernel` makes; equal modules are made once.

        Where the very same wires went into such a module before, its results are taken from there.

        Parameters
        ----------
        kind : Kind
            What kind of module it is. Its name gets a number for each further variant.
        kernel : callable(Builder, *wires) -> sequence of Wire
        inputs : sequence of Wire
            Delayed here to the cycle of the last one.
        """
        if all(w.constant for w in inputs):
            return list(kernel(self.top, *inputs))
        same = (kind, tuple((id(w.net), w.cycle, w.lo, w.hi) for w in inputs))
        if same not in self._called:
            self._called[same] = self._call(kind, kernel, inputs)
        return self._called[same]

    def _call(self, kind: Kind, kernel: Kernel, inputs: Sequence[Wire]) -> list[Wire]:
        usable = self.top.clock.usable_ns
        base = max(w.ready(usable)[0] for w in inputs if not w.constant)
        inputs = [self._arrived(w, base) for w in inputs]
        ports = tuple(_port(w, base, usable) for w in inputs)
        key = (kind, ports)
        if key not in self._kernels:
            self._kernels[key] = (*self._make(kind, kernel, ports), kernel)
        module, outputs, made_by = self._kernels[key]
        assert made_by is kernel, f"two kernels are called {kind.name}"
        return self._instance(kind, module, outputs, inputs, base)

    def _arrived(self, wire: Wire, base: int) -> Wire:
        return wire if wire.lasting else self.at(wire, base)

    def _make(
        self, kind: Kind, kernel: Kernel, ports: Sequence[Port]
    ) -> tuple[str, tuple[Wire, ...]]:
        builder = Builder(self._module_name(kind), self.top.clock, self.modules, kind.purpose)
        builder.reserve(kind.outputs)
        wires = [
            constant(lo) if lo == hi else builder.input(name, lo, hi, offset_ns=offset)
            for name, (lo, hi, offset) in zip(kind.inputs, ports, strict=True)
        ]
        outputs = tuple(kernel(builder, *wires))
        for name, wire in zip(kind.outputs, outputs, strict=True):
            if not wire.constant:
                builder.output(name, wire)
        self.modules[builder.module.name] = builder.module
        return builder.module.name, outputs

    def _module_name(self, kind: Kind) -> str:
        """The name of a further module of a kind: no word, and free also where case is ignored."""
        number = 1 + sum(1 for known, _ in self._kernels if known.name == kind.name)
        taken = {name.lower() for name in (*self.modules, self.top.module.name)}
        unique = kind.name if number == 1 else f"{kind.name}_{number}"
        while unique in KEYWORDS or unique.lower() in taken or STORED.fullmatch(unique.lower()):
            unique = f"{kind.name}_{number}"
            number += 1
        return unique

    def _instance(
        self,
        kind: Kind,
        module: str,
        outputs: Sequence[Wire],
        inputs: Sequence[Wire],
        base: int,
    ) -> list[Wire]:
        top, results, lines = self.top, [], []
        connections = [".clk(clk)"] if is_clocked(self.modules[module]) else []
        for name, wire in zip(kind.inputs, inputs, strict=True):
            if not wire.constant:
                connections.append(f".{name}({top.read(wire, base)})")
        for name, wire in zip(kind.outputs, outputs, strict=True):
            if wire.constant:
                results.append(wire)
                continue
            net = top.net(name, wire.width, wire.signed)
            lines.append(f"wire [{net.width - 1}:0] {net.name};")
            connections.append(f".{name}({net.name})")
            slots = max(w.slots for w in inputs)
            results.append(replace(wire, net=net, cycle=base + wire.cycle, slots=slots))
        lines.append(f"{module} {top.instance(module)} ({', '.join(connections)});")
        top.module.statements.append(Statement(base, "\n    ".join(lines)))
        return results

    # Particles

    def lanes(self, size: int) -> int:
        """Lanes that bring `size` particles through in one interval."""
        return -(-size // self.interval)

    def spread(self, particles: Particles) -> Particles:
        """Particles one after the other, in as few lanes as the interval allows."""
        if self.interval == 1 or particles.slots > 1 or particles.size == 1:
            return particles
        known = self._serial.get(id(particles))
        if known is None:
            load = self.load_cycle(particles)
            known = (particles, self._row(particles, load))
            self._serial[id(particles)] = known
        return known[1]

    def load_cycle(self, particles: Particles) -> int:
        """When registers can take all particles at once, through a multiplexer."""
        flat = [w for lane in particles.lanes for w in lane]
        return self.top.start(flat, LEVEL_NS)[0]

    def _row(self, particles: Particles, load: int) -> Particles:
        """All particles are taken in cycle `load`; then each moves on by one place a clock."""
        n = self.lanes(particles.size)
        columns = [  # (F, L)
            [replace(w, slots=particles.size) for w in column[:n]]
            for column in self.circles(particles, n, load)
        ]
        return Particles(tuple(zip(*columns, strict=True)), particles.size)

    def circles(self, particles: Particles, step: int, load: int) -> list[list[Wire]]:
        """For each feature the places of a circle; equal ones are made once."""
        columns = []
        for f in range(len(particles.lanes[0])):
            values = tuple(lane[f] for lane in particles.lanes)  # (M,), one feature of all
            key = (step, load, *values)
            if key not in self._turning:
                self._turning[key] = self._circle(values, step, load)
            columns.append(self._turning[key])
        return columns

    def _circle(self, values: Sequence[Wire], step: int, load: int) -> list[Wire]:
        """Registers that take `values` in cycle `load` and then turn by `step` places a clock.

        The wires are those of the first slot.
        """
        lo, hi = min(w.lo for w in values), max(w.hi for w in values)
        if lo == hi:
            return [constant(lo)] * len(values)
        kind, top, n = Wire(None, lo, hi).kind, self.top, len(values)
        nets = [top.net("ring", kind.width, kind.signed) for _ in range(n)]  # (M,), place by place
        for k, (net, wire) in enumerate(zip(nets, values, strict=True)):
            value = top.extended(self.at(wire, load), kind.width, top.reader(load))
            text = f"{net.name} <= {self.token(load)} ? {value} : {nets[(k + step) % n].name};"
            self._register(net.name, kind.width, text)
        top.module.count.add(HardwareCount(lut=kind.width, da4ml_lut=kind.width / 2), n)
        return [Wire(net, lo, hi, load + 1, slots=n) for net in nets]

    def together(self, particles: Particles) -> Particles:
        """All particles at once: those of earlier slots wait for the last ones."""
        if particles.slots == 1:
            return particles
        n = len(particles.lanes)
        lanes = tuple(  # (M, F)
            tuple(replace(w, cycle=w.cycle + k // n, slots=1) for w in particles.lanes[k % n])
            for k in range(particles.size)
        )
        return Particles(lanes, particles.size)

    def each(
        self,
        kind: Kind,
        kernel: Kernel,
        tensors: Sequence[Rows],
        shared: Sequence[Wire] = (),
    ) -> Rows:
        """`kernel` on the features of each particle (or pair) and on wires that all share."""
        # lanes (L, F) each
        spread = [t if isinstance(t, Pairs) else self.spread(t) for t in tensors]
        slots = max(t.slots for t in spread)
        usable = self.top.clock.usable_ns
        if slots > 1:
            flat = [w for t in spread for lane in t.lanes for w in lane]
            streams = [w.ready(usable)[0] for w in flat if not w.constant]
            late = [w.ready(usable)[0] + 1 for w in shared if not (w.constant or w.lasting)]
            begin = max([*streams, *late], default=0)
            shared = [self._shared(w, begin) for w in shared]
        lanes = [  # (L, outputs of the kernel)
            tuple(self.call(kind, kernel, [*(w for t in spread for w in t.lanes[k]), *shared]))
            for k in range(len(spread[0].lanes))
        ]
        return with_lanes(spread[0], lanes)

    def _shared(self, wire: Wire, begin: int) -> Wire:
        """`wire` kept from cycle `begin` on for a whole interval."""
        if wire.constant:
            return wire
        return replace(self.held(self.at(wire, begin - 1), begin - 1, begin), cycle=begin)

    def sums(
        self, terms: Sequence[Sequence[Wire]], slots: int, size: int | None = None
    ) -> list[Wire]:
        """For each list of lanes the sum over lanes and slots.

        With `size`, only so many elements count: the last slot may not fill all lanes.
        """
        results = []
        for lanes in terms:
            counted = [self._filled(w, k, len(lanes), size, slots) for k, w in enumerate(lanes)]
            results.append(self._accumulated(total(self.top, counted), slots))
        return results

    def _filled(self, wire: Wire, lane: int, n_lanes: int, size: int | None, slots: int) -> Wire:
        """`wire`, 0 in the last slot where that has no element for the lane."""
        if size is None or (slots - 1) * n_lanes + lane < size:
            return wire
        return self.top.gated(self.slots_flag(range(slots - 1), wire.cycle, slots), wire)

    def _accumulated(self, wire: Wire, slots: int) -> Wire:
        if slots == 1 or wire.constant:
            return constant(wire.lo * slots) if wire.constant else wire
        bounds = (min(wire.lo, wire.lo * slots), max(wire.hi, wire.hi * slots))
        top, kind = self.top, Wire(None, *bounds).kind
        cycle, offset = top.start((wire,), add_ns(kind.width))
        net = top.net("running", kind.width, kind.signed)
        self.running_sum(net, wire, cycle, net)
        return Wire(net, *bounds, cycle + slots - 1, offset)

    def running_sum(self, net: Net, wire: Wire, cycle: int, source: Net) -> None:
        """`net`: `wire` plus a register that is 0 in slot 0, and then what `source` was before."""
        top, kept = self.top, self.top.unique(f"{net.name}_kept")
        fresh = f"{{{net.width}{{~{self.token(cycle)}}}}} & {kept}"
        if wire.constant and wire.lo == 0:
            text = fresh
        else:
            text = f"({fresh}) + {top.extended(wire, net.width, top.reader(cycle))}"
        self._register(kept, net.width, f"{kept} <= {source.name};")
        top.module.statements.append(
            Statement(cycle, f"wire [{net.width - 1}:0] {net.name} = {text};")
        )
        top.module.count.add(HardwareCount(lut=net.width, da4ml_lut=net.width))

    def largest(self, wire: Wire, slots: int) -> Wire:
        """The largest of the values, none of them negative, that a wire carries in its slots."""
        if slots == 1 or wire.constant:
            return wire
        top, width = self.top, wire.kind.width
        cycle, offset = top.start((wire,), add_ns(width) + LEVEL_NS)
        value = top.extended(wire, width, top.reader(cycle))
        net, before = (top.net(name, width, signed=False) for name in ("largest", "before"))
        kept = top.unique(f"{net.name}_kept")  # in the first slot still of another event
        fresh = f"{{{width}{{~{self.token(cycle)}}}}} & {kept}"
        chosen = f"{before.name} > {value} ? {before.name} : {value}"
        self._register(kept, width, f"{kept} <= {net.name};")
        for name, text in ((before.name, fresh), (net.name, chosen)):
            top.module.statements.append(Statement(cycle, f"wire [{width - 1}:0] {name} = {text};"))
        top.module.count.add(HardwareCount(lut=2 * width, da4ml_lut=1.5 * width))
        return Wire(net, wire.lo, wire.hi, cycle + slots - 1, offset)

    def slots_flag(self, chosen: Iterable[int], begin: int, slots: int) -> Wire:
        """A flag that is set in chosen slots of a stream whose first one is cycle `begin`."""
        tokens = tuple(self.token(begin + s) for s in chosen)
        key: tuple[int | str, ...] = (begin, *tokens)
        if key not in self._flags:
            net = self.top.net("slot", 1, signed=False)
            self.top.module.statements.append(
                Statement(begin, f"wire [0:0] {net.name} = {' | '.join(tokens)};")
            )
            self.top.module.count.lut += -(-len(tokens) // LUT_INPUTS)
            self._flags[key] = Wire(net, 0, 1, begin, reduce_ns(len(tokens)), slots=slots)
        return self._flags[key]


def with_lanes(rows: Rows, lanes: Iterable[tuple[Wire, ...]]) -> Rows:
    """Other features of the same particles or pairs."""
    if isinstance(rows, Pairs):
        return replace(rows, lanes=tuple(lanes), zero_without=None)
    return replace(rows, lanes=tuple(lanes))


def _port(wire: Wire, base: int, usable_ns: float) -> Port:
    """What a module must know of an input: bounds and arrival time, rounded up."""
    if wire.constant:
        return wire.lo, wire.hi, 0.0
    cycle, offset = wire.ready(usable_ns)
    if cycle < base or wire.lasting:
        return wire.lo, wire.hi, 0.0
    steps = -int(-offset // OFFSET_STEP_NS)
    return wire.lo, wire.hi, min(steps * OFFSET_STEP_NS, usable_ns)
