"""Tensors in hardware: their elements spread over lanes (space) and slots (clock cycles).

A design takes a new event every `interval` clock cycles at most. With an interval of 1 every
element has hardware of its own. With more, particles pass one after the other through few lanes,
and pairs are met in a ring: the particles stand in a circle that turns by one place a clock, and a
lane sees the particles at places 0 and delta, for every delta up to half of the circle. After one
turn every pair has been met once.

There are no counters: the `valid` of an event travels along as a token, and whatever has to happen
k clocks after the event began happens where the token of clock k is set. So events may follow one
another at any distance that is not shorter than the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from triggernet.netlist.arithmetic import total
from triggernet.netlist.builder import Builder
from triggernet.netlist.ring import Ring
from triggernet.netlist.timing import LEVEL_NS, LUT_INPUTS, Timing, add_ns, reduce_ns
from triggernet.netlist.verilog import is_clocked
from triggernet.netlist.wire import Count, Module, Net, Statement, Wire, constant

Tables = Literal["lut", "bram"]
Products = Literal["all", "pairs", "none"]
Kernel = Callable[..., Sequence[Wire]]

OFFSET_STEP_NS = 0.25  # arrival times inside a cycle are rounded up to this, to share modules
HOLD_FROM = 3  # registers in a row from which on one that keeps its value is smaller


@dataclass(frozen=True)
class Options:
    """How operators are put into hardware.

    Attributes
    ----------
    tables : {"lut", "bram"}
        What angular tables are made of.
    dsp : {"all", "pairs", "none"}
        Which products go into DSPs, the others into look-up tables.
    """

    tables: Tables = "bram"
    dsp: Products = "all"


@dataclass(frozen=True)
class Vector:
    """A tensor (F,) or (1,): all values at once."""

    wires: tuple[Wire, ...]


@dataclass(frozen=True)
class Particles:
    """A tensor (M,) or (M, F): lane l carries particle ``s * L + l`` in slot s.

    Attributes
    ----------
    lanes : tuple of L tuples of F wires
    size : int
        M, number of particles.
    """

    lanes: tuple[tuple[Wire, ...], ...]
    size: int

    @property
    def slots(self) -> int:
        """Clock cycles in a row in which the lanes carry particles."""
        return -(-self.size // len(self.lanes))


@dataclass(frozen=True)
class Pairs:
    """A tensor (P,): which pair a lane carries in which slot is the ring's affair.

    Attributes
    ----------
    lanes : tuple of Wire
    ring : Ring
    live : tuple of Wire
        For each lane, a flag that is set in the slots in which it carries a pair.
    zero_without : Particles or None
        A tensor (N,): where one of its values is 0, so are the pairs of that particle.
    """

    lanes: tuple[Wire, ...]
    ring: Ring
    live: tuple[Wire, ...]
    zero_without: Particles | None = None


@dataclass(frozen=True)
class Meeting:
    """Every pair of some particles, as the ring brings them together.

    Attributes
    ----------
    ring : Ring
    lanes : tuple of (features of one particle, features of the other one)
    live : tuple of Wire
        For each lane, a flag that is set in the slots in which it sees a pair.
    """

    ring: Ring
    lanes: tuple[tuple[tuple[Wire, ...], tuple[Wire, ...]], ...]
    live: tuple[Wire, ...]


Signal = Vector | Particles | Pairs


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
        self._kernels: dict[tuple[object, ...], tuple[str, tuple[Wire, ...]]] = {}
        self._serial: dict[int, tuple[Particles, Particles]] = {}
        self._turning: dict[tuple[object, ...], list[Wire]] = {}
        self._held: dict[tuple[int, int], Wire] = {}
        self._flags: dict[tuple[int | str, ...], Wire] = {}

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
        key = (id(wire.net), start)
        if key not in self._held:
            net = self.top.net(f"{wire.net.name}_held", wire.width, wire.signed)
            value = self.top.read(wire, start)
            self._register(net.name, net.width, f"if ({self.token(start)}) {net.name} <= {value};")
            self._held[key] = Wire(net, wire.lo, wire.hi, start + 1, 0.0, lasting=True)
        return replace(self._held[key], lo=wire.lo, hi=wire.hi)

    def _register(self, name: str, width: int, assignment: str) -> None:
        self.top.module.statements.append(Statement(-1, f"reg [{width - 1}:0] {name};"))
        self.top.module.clocked.append(assignment)
        self.top.module.count.ff += width

    # Modules

    def call(self, name: str, purpose: str, kernel: Kernel, inputs: Sequence[Wire]) -> list[Wire]:
        """An instance of the module that `kernel` makes; equal ones are made once.

        Parameters
        ----------
        name : str
            Of the module; a number is added for each further variant.
        purpose : str
        kernel : callable(Builder, *wires) -> sequence of Wire
        inputs : sequence of Wire
            Delayed here to the cycle of the last one.
        """
        usable = self.top.clock.usable_ns
        ready = [w.ready(usable) for w in inputs if not w.constant]
        base = max(c for c, _ in ready)
        inputs = [self._arrived(w, base) for w in inputs]
        key = (name, *(_port(w, base, usable) for w in inputs))
        if key not in self._kernels:
            self._kernels[key] = self._make(name, purpose, kernel, key[1:])
        module, outputs = self._kernels[key]
        return self._instance(module, outputs, inputs, base)

    def _arrived(self, wire: Wire, base: int) -> Wire:
        return wire if wire.lasting else self.at(wire, base)

    def _make(
        self, name: str, purpose: str, kernel: Kernel, ports: tuple[object, ...]
    ) -> tuple[str, tuple[Wire, ...]]:
        number = sum(1 for module, _ in self._kernels.values() if module.startswith(name))
        unique = f"{name}_{number + 1}" if number else name
        builder = Builder(unique, self.top.clock, self.modules, purpose)
        wires = []
        for k, port in enumerate(ports):
            lo, hi, offset = port  # type: ignore[misc]
            wires.append(
                constant(lo) if lo == hi else builder.input(f"in{k}", lo, hi, offset_ns=offset)
            )
        outputs = tuple(kernel(builder, *wires))
        for k, wire in enumerate(outputs):
            if not wire.constant:
                builder.output(f"out{k}", wire)
        self.modules[builder.module.name] = builder.module
        return builder.module.name, outputs

    def _instance(
        self, module: str, outputs: Sequence[Wire], inputs: Sequence[Wire], base: int
    ) -> list[Wire]:
        top, found, connections = self.top, [], []
        inner = self.modules[module]
        if is_clocked(inner):
            connections.append(".clk(clk)")
        for k, wire in enumerate(inputs):
            if not wire.constant:
                connections.append(f".in{k}({top.read(wire, base)})")
        lines = []
        for k, wire in enumerate(outputs):
            if wire.constant:
                found.append(wire)
                continue
            net = top.net(f"{module}_out{k}", wire.width, wire.signed)
            lines.append(f"wire [{net.width - 1}:0] {net.name};")
            connections.append(f".out{k}({net.name})")
            slots = max(w.slots for w in inputs)
            found.append(replace(wire, net=net, cycle=base + wire.cycle, slots=slots))
        top.module.instances[module] += 1
        number = top.module.instances[module]
        lines.append(f"{module} {module}_i{number} ({', '.join(connections)});")
        top.module.statements.append(Statement(base, "\n    ".join(lines)))
        return found

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
            load = self._load_cycle(particles)
            known = (particles, self._row(particles, load))
            self._serial[id(particles)] = known
        return known[1]

    def _load_cycle(self, particles: Particles) -> int:
        """When registers can take all particles at once, through a multiplexer."""
        flat = [w for lane in particles.lanes for w in lane]
        return self.top.start(flat, LEVEL_NS)[0]

    def _row(self, particles: Particles, load: int) -> Particles:
        """All particles are taken in cycle `load`; then each moves on by one place a clock."""
        n = self.lanes(particles.size)
        columns = [
            [replace(w, slots=particles.size) for w in column[:n]]
            for column in self._circles(particles, n, load)
        ]
        return Particles(tuple(zip(*columns, strict=True)), particles.size)

    def _circles(self, particles: Particles, step: int, load: int) -> list[list[Wire]]:
        """For each feature the places of a circle; equal ones are made once."""
        found = []
        for f in range(len(particles.lanes[0])):
            values = tuple(lane[f] for lane in particles.lanes)
            key = (step, load, *values)
            if key not in self._turning:
                self._turning[key] = self._circle(values, step, load)
            found.append(self._turning[key])
        return found

    def _circle(self, values: Sequence[Wire], step: int, load: int) -> list[Wire]:
        """Registers that take `values` in cycle `load` and then turn by `step` places a clock.

        The wires are those of the first slot.
        """
        lo, hi = min(w.lo for w in values), max(w.hi for w in values)
        if lo == hi:
            return [constant(lo)] * len(values)
        kind, top, n = Wire(None, lo, hi).kind, self.top, len(values)
        nets = [top.net("place", kind.width, kind.signed) for _ in range(n)]
        for k, (net, wire) in enumerate(zip(nets, values, strict=True)):
            value = top.extended(self.at(wire, load), kind.width, top.reader(load))
            text = f"{net.name} <= {self.token(load)} ? {value} : {nets[(k + step) % n].name};"
            self._register(net.name, kind.width, text)
        top.module.count.add(Count(lut=kind.width, da4ml_lut=kind.width / 2), n)
        return [Wire(net, lo, hi, load + 1, slots=n) for net in nets]

    def together(self, particles: Particles) -> Particles:
        """All particles at once: those of earlier slots wait for the last ones."""
        if particles.slots == 1:
            return particles
        n = len(particles.lanes)
        lanes = tuple(
            tuple(replace(w, cycle=w.cycle + k // n, slots=1) for w in particles.lanes[k % n])
            for k in range(particles.size)
        )
        return Particles(lanes, particles.size)

    def each(
        self,
        name: str,
        purpose: str,
        kernel: Kernel,
        tensors: Sequence[Particles],
        shared: Sequence[Wire] = (),
    ) -> Particles:
        """`kernel` on the features of each particle and on wires that all particles share."""
        spread = [self.spread(t) for t in tensors]
        slots = max(t.slots for t in spread)
        usable = self.top.clock.usable_ns
        if slots > 1:
            flat = [w for t in spread for lane in t.lanes for w in lane]
            streams = [w.ready(usable)[0] for w in flat if not w.constant]
            late = [w.ready(usable)[0] + 1 for w in shared if not (w.constant or w.lasting)]
            begin = max([*streams, *late])
            shared = [self._shared(w, begin) for w in shared]
        lanes = [
            tuple(
                self.call(
                    name, purpose, kernel, [*(w for t in spread for w in t.lanes[k]), *shared]
                )
            )
            for k in range(len(spread[0].lanes))
        ]
        return Particles(tuple(lanes), spread[0].size)

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
        found = []
        for lanes in terms:
            counted = [self._filled(w, k, len(lanes), size, slots) for k, w in enumerate(lanes)]
            found.append(self._accumulated(total(self.top, counted), slots))
        return found

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
        self._running_sum(net, wire, cycle, net)
        return Wire(net, *bounds, cycle + slots - 1, offset)

    def _running_sum(self, net: Net, wire: Wire, cycle: int, source: Net) -> None:
        """`net`: `wire` plus a register that is 0 in slot 0, and then what `source` was before."""
        top, kept = self.top, f"{net.name}_kept"
        fresh = f"{{{net.width}{{~{self.token(cycle)}}}}} & {kept}"
        if wire.constant and wire.lo == 0:
            text = fresh
        else:
            text = f"({fresh}) + {top.extended(wire, net.width, top.reader(cycle))}"
        self._register(kept, net.width, f"{kept} <= {source.name};")
        top.module.statements.append(
            Statement(cycle, f"wire [{net.width - 1}:0] {net.name} = {text};")
        )
        top.module.count.add(Count(lut=net.width, da4ml_lut=net.width))

    # Pairs

    def ring(self, size: int) -> Ring:
        """How pairs of `size` particles meet within the interval."""
        return Ring.within(size, self.interval)

    def met(self, particles: Particles) -> Meeting:
        """Every pair of particles, with the features of both."""
        gathered = self.together(particles)
        ring = self.ring(particles.size)
        if ring.slots == 1:
            pairs = [(gathered.lanes[i], gathered.lanes[j]) for i, j in ring.all_pairs]
            return Meeting(ring, tuple(pairs), (constant(1),) * len(pairs))
        load = self._load_cycle(gathered)
        columns = self._circles(gathered, ring.step, load)
        # A ring that turns more than once has as many more slots.
        places = [
            tuple(replace(w, slots=ring.slots) for w in place)
            for place in zip(*columns, strict=True)
        ]
        pairs = [
            (places[first], self._choice(places, first, deltas, ring, load + 1))
            for first, deltas in ring.lanes
        ]
        return Meeting(ring, tuple(pairs), tuple(self._live(ring, load + 1)))

    def _choice(
        self,
        places: Sequence[tuple[Wire, ...]],
        first: int,
        deltas: Sequence[int],
        ring: Ring,
        begin: int,
    ) -> tuple[Wire, ...]:
        """The second particle of a lane: in each turn of the ring at another distance."""
        chosen = places[(first + deltas[0]) % ring.size]
        for turn, delta in enumerate(deltas[1:], start=1):
            if delta == 0:
                continue
            in_turn = range(turn * ring.turn_slots, (turn + 1) * ring.turn_slots)
            flag = self.slots_flag(in_turn, begin, ring.slots)
            other = places[(first + delta) % ring.size]
            chosen = tuple(self.top.select(flag, a, b) for a, b in zip(other, chosen, strict=True))
        return chosen

    def _live(self, ring: Ring, begin: int) -> list[Wire]:
        """For each lane a flag that says, from cycle `begin` on, in which slots it has a pair."""
        flags = []
        for lane in range(len(ring.lanes)):
            slots = [s for s in range(ring.slots) if ring.members(s)[lane] is not None]
            flags.append(
                constant(1)
                if len(slots) == ring.slots
                else self.slots_flag(slots, begin, ring.slots)
            )
        return flags

    def slots_flag(self, chosen: Iterable[int], begin: int, slots: int) -> Wire:
        """A flag that is set in chosen slots of a stream whose first one is cycle `begin`."""
        tokens = tuple(self.token(begin + s) for s in chosen)
        key = (begin, *tokens)
        if key not in self._flags:
            net = self.top.net("slot", 1, signed=False)
            self.top.module.statements.append(
                Statement(begin, f"wire [0:0] {net.name} = {' | '.join(tokens)};")
            )
            self.top.module.count.lut += -(-len(tokens) // LUT_INPUTS)
            self._flags[key] = Wire(net, 0, 1, begin, reduce_ns(len(tokens)), slots=slots)
        return self._flags[key]

    def row_sums(self, pairs: Pairs) -> Particles:
        """For each particle the sum over the pairs that it is in, all at once."""
        ring = pairs.ring
        lanes = [
            self.top.gated(flag, wire) for flag, wire in zip(pairs.live, pairs.lanes, strict=True)
        ]
        if ring.slots == 1:
            rows: list[list[Wire]] = [[] for _ in range(ring.size)]
            for (i, j), wire in zip(ring.all_pairs, lanes, strict=True):
                rows[i].append(wire)
                rows[j].append(wire)
            return Particles(tuple((total(self.top, row),) for row in rows), ring.size)
        return self._rotating_sums(ring, lanes)

    def _rotating_sums(self, ring: Ring, lanes: Sequence[Wire]) -> Particles:
        """Sums that travel with their particles round the ring."""
        top = self.top
        places: list[list[Wire]] = [[] for _ in range(ring.size)]
        for (first, deltas), wire in zip(ring.lanes, lanes, strict=True):
            places[first].append(wire)
            for place, value in self._second_places(first, deltas, ring, wire):
                places[place].append(value)
        terms = [total(top, place) for place in places]
        others = ring.size - 1
        bounds = min(0, *(w.lo for w in lanes)) * others, max(0, *(w.hi for w in lanes)) * others
        kind = Wire(None, *bounds).kind
        begin, offset = top.start(terms, add_ns(kind.width))
        nets = [top.net("row", kind.width, kind.signed) for _ in range(ring.size)]
        for k, (net, term) in enumerate(zip(nets, terms, strict=True)):
            self._running_sum(net, term, begin, nets[(k + ring.step) % ring.size])
        return self._unturned(ring, nets, bounds, begin, offset)

    def _unturned(
        self, ring: Ring, nets: Sequence[Net], bounds: tuple[int, int], begin: int, offset: float
    ) -> Particles:
        """The sums in the last slot, in the order of the particles."""
        turned = (ring.slots - 1) * ring.step
        found = [
            (Wire(nets[(k - turned) % ring.size], *bounds, begin + ring.slots - 1, offset),)
            for k in range(ring.size)
        ]
        return Particles(tuple(found), ring.size)

    def _second_places(
        self, first: int, deltas: Sequence[int], ring: Ring, wire: Wire
    ) -> list[tuple[int, Wire]]:
        """Where a lane's second particle stands, and the lane's value while it stands there."""
        if len(deltas) == 1:
            return [((first + deltas[0]) % ring.size, wire)]
        found = []
        for turn, delta in enumerate(deltas):
            if delta:
                in_turn = range(turn * ring.turn_slots, (turn + 1) * ring.turn_slots)
                flag = self.slots_flag(in_turn, wire.cycle, ring.slots)
                found.append(((first + delta) % ring.size, self.top.gated(flag, wire)))
        return found


def _port(wire: Wire, base: int, usable_ns: float) -> tuple[int, int, float]:
    """What a module must know of an input: bounds and arrival time, rounded up."""
    if wire.constant:
        return wire.lo, wire.hi, 0.0
    cycle, offset = wire.ready(usable_ns)
    if cycle < base or wire.lasting:
        return wire.lo, wire.hi, 0.0
    steps = -int(-offset // OFFSET_STEP_NS)
    return wire.lo, wire.hi, min(steps * OFFSET_STEP_NS, usable_ns)
