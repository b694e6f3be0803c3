"""All pairs of particles: met in a ring, and summed for each particle.

With an interval of 1 every pair has a lane. With more, the particles stand in a circle that turns
by one place a clock, and a lane sees the particles at places 0 and delta, for every delta up to
half of the circle: after one turn every pair has been met once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from triggernet.netlist.arithmetic import total
from triggernet.netlist.fabric import Fabric
from triggernet.netlist.layout import Meeting, Pairs, Particles
from triggernet.netlist.ring import Ring
from triggernet.netlist.timing import add_ns
from triggernet.netlist.wire import Net, Wire, constant


def met(fabric: Fabric, particles: Particles) -> Meeting:
    """Every pair of particles, with the features of both."""
    gathered = fabric.together(particles)
    ring = Ring.within(particles.size, fabric.interval)
    if ring.slots == 1:
        pairs = [(gathered.lanes[i], gathered.lanes[j]) for i, j in ring.all_pairs]
        return Meeting(ring, tuple(pairs), (constant(1),) * len(pairs))
    load = fabric.load_cycle(gathered)
    columns = fabric.circles(gathered, ring.step, load)
    # A ring that turns more than once has as many more slots.
    places = [
        tuple(replace(w, slots=ring.slots) for w in place) for place in zip(*columns, strict=True)
    ]
    pairs = [
        (places[first], _choice(fabric, places, first, deltas, ring, load + 1))
        for first, deltas in ring.lanes
    ]
    return Meeting(ring, tuple(pairs), tuple(_live(fabric, ring, load + 1)))


def _choice(
    fabric: Fabric,
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
        flag = fabric.slots_flag(in_turn, begin, ring.slots)
        other = places[(first + delta) % ring.size]
        chosen = tuple(fabric.top.select(flag, a, b) for a, b in zip(other, chosen, strict=True))
    return chosen


def _live(fabric: Fabric, ring: Ring, begin: int) -> list[Wire]:
    """For each lane a flag that says, from cycle `begin` on, in which slots it has a pair."""
    flags = []
    for lane in range(len(ring.lanes)):
        slots = [s for s in range(ring.slots) if ring.members(s)[lane] is not None]
        flags.append(
            constant(1) if len(slots) == ring.slots else fabric.slots_flag(slots, begin, ring.slots)
        )
    return flags


def gathered(pairs: Pairs) -> tuple[Wire, ...]:
    """All pairs at once, in the order of the operators."""
    ring = pairs.ring
    if ring.slots == 1:
        return pairs.lanes
    found: dict[tuple[int, int], Wire] = {}
    for slot in range(ring.slots):
        for wire, pair in zip(pairs.lanes, ring.members(slot), strict=True):
            if pair is not None:
                key = (min(pair), max(pair))
                found[key] = replace(wire, cycle=wire.cycle + slot, slots=1)
    return tuple(found[pair] for pair in ring.all_pairs)


def row_sums(fabric: Fabric, pairs: Pairs) -> Particles:
    """For each particle the sum over the pairs that it is in, all at once."""
    ring = pairs.ring
    lanes = [
        fabric.top.gated(flag, wire) for flag, wire in zip(pairs.live, pairs.lanes, strict=True)
    ]
    if ring.slots == 1:
        rows: list[list[Wire]] = [[] for _ in range(ring.size)]
        for (i, j), wire in zip(ring.all_pairs, lanes, strict=True):
            rows[i].append(wire)
            rows[j].append(wire)
        return Particles(tuple((total(fabric.top, row),) for row in rows), ring.size)
    return _rotating_sums(fabric, ring, lanes)


def _rotating_sums(fabric: Fabric, ring: Ring, lanes: Sequence[Wire]) -> Particles:
    """Sums that travel with their particles round the ring."""
    top = fabric.top
    places: list[list[Wire]] = [[] for _ in range(ring.size)]
    for (first, deltas), wire in zip(ring.lanes, lanes, strict=True):
        places[first].append(wire)
        for place, value in _second_places(fabric, first, deltas, ring, wire):
            places[place].append(value)
    terms = [total(top, place) for place in places]
    others = ring.size - 1
    bounds = min(0, *(w.lo for w in lanes)) * others, max(0, *(w.hi for w in lanes)) * others
    kind = Wire(None, *bounds).kind
    begin, offset = top.start(terms, add_ns(kind.width))
    nets = [top.net("row", kind.width, kind.signed) for _ in range(ring.size)]
    for k, (net, term) in enumerate(zip(nets, terms, strict=True)):
        fabric.running_sum(net, term, begin, nets[(k + ring.step) % ring.size])
    return _unturned(ring, nets, bounds, begin, offset)


def _unturned(
    ring: Ring, nets: Sequence[Net], bounds: tuple[int, int], begin: int, offset: float
) -> Particles:
    """The sums in the last slot, in the order of the particles."""
    turned = (ring.slots - 1) * ring.step
    found = [
        (Wire(nets[(k - turned) % ring.size], *bounds, begin + ring.slots - 1, offset),)
        for k in range(ring.size)
    ]
    return Particles(tuple(found), ring.size)


def _second_places(
    fabric: Fabric, first: int, deltas: Sequence[int], ring: Ring, wire: Wire
) -> list[tuple[int, Wire]]:
    """Where a lane's second particle stands, and the lane's value while it stands there."""
    if len(deltas) == 1:
        return [((first + deltas[0]) % ring.size, wire)]
    found = []
    for turn, delta in enumerate(deltas):
        if delta:
            in_turn = range(turn * ring.turn_slots, (turn + 1) * ring.turn_slots)
            flag = fabric.slots_flag(in_turn, wire.cycle, ring.slots)
            found.append(((first + delta) % ring.size, fabric.top.gated(flag, wire)))
    return found
