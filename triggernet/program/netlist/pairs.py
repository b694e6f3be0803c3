"""All pairs of particles: met in a ring, and summed for each particle.

With an interval of 1 every pair has a lane. With more, the particles stand in a circle that turns
by one place a clock, and a lane sees the particles at places 0 and delta, for every delta up to
half of the circle: after one turn every pair has been met once. Particles that already come one
a clock need no circle: they meet along a row of registers (`streams.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from triggernet.program.netlist.arithmetic import total
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Meeting, Pairs, Particles
from triggernet.program.netlist.ring import Ring
from triggernet.program.netlist.streams import live_flags, met_in_stream
from triggernet.program.netlist.timing import add_ns
from triggernet.program.netlist.wire import Net, Wire, constant


def met(fabric: Fabric, particles: Particles) -> Meeting:
    """Every pair of particles, with the features of both."""
    ring = Ring.within(particles.size, fabric.interval)
    if ring.streams and particles.slots == ring.size:
        return met_in_stream(fabric, particles.lanes[0], ring)
    gathered = fabric.together(particles)  # (M, F)
    if ring.slots == 1:
        pairs = [(gathered.lanes[i], gathered.lanes[j]) for i, j in ring.all_pairs]  # (P, 2, F)
        return Meeting(ring, tuple(pairs), (constant(1),) * len(pairs))
    load = fabric.load_cycle(gathered)
    columns = fabric.circles(gathered, ring.step, load)  # (F, M), place by place
    # A ring that turns more than once has as many more slots.
    places = [  # (M, F)
        tuple(replace(w, slots=ring.slots) for w in place) for place in zip(*columns, strict=True)
    ]
    pairs = [  # (ring lane, 2, F)
        (places[first], _choice(fabric, places, first, deltas, ring, load + 1))
        for first, deltas in ring.lanes
    ]
    return Meeting(ring, tuple(pairs), tuple(live_flags(fabric, ring, load + 1)))


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


def entered(fabric: Fabric, rows: Particles, size: int) -> Pairs:
    """Rows for all pairs (or directed edges) of `size` particles as the ring's lanes carry them."""
    rows, ring = fabric.together(rows), Ring.within(size, fabric.interval)
    ways = rows.size // len(ring.all_pairs)
    if ring.slots == 1:
        return Pairs(rows.lanes, ring, (constant(1),) * len(ring.all_pairs))
    load, nothing = fabric.load_cycle(rows), (constant(0),) * len(rows.lanes[0])
    place = {pair: k for k, pair in enumerate(ring.all_pairs)}
    lanes = []
    for lane in range(len(ring.lanes)):
        pairs = [ring.members(slot)[lane] for slot in range(ring.slots)]
        for way in range(ways):
            queue = [  # (slot, F)
                rows.lanes[ways * place[min(p), max(p)] + (way if p[0] < p[1] else ways - 1 - way)]
                if p is not None
                else nothing
                for p in pairs
            ]
            columns = fabric.circles(Particles(tuple(queue), ring.slots), 1, load)  # (F, slot)
            lanes.append(tuple(column[0] for column in columns))
    return Pairs(tuple(lanes), ring, tuple(live_flags(fabric, ring, load + 1)))


def gathered(pairs: Pairs) -> tuple[tuple[Wire, ...], ...]:
    """The features of all pairs (or directed edges) at once, in the order of the operators."""
    ring = pairs.ring
    ways = 2 if pairs.directed else 1
    by_pair: dict[tuple[int, int], list[tuple[Wire, ...]]] = {}
    for slot in range(ring.slots):
        for lane, pair in enumerate(ring.members(slot)):
            if pair is not None:
                edges = [  # (way, F)
                    tuple(replace(w, cycle=w.cycle + slot, slots=1) for w in features)
                    for features in pairs.lanes[ways * lane : ways * (lane + 1)]
                ]
                # The operators' first edge is the one that the earlier particle receives.
                by_pair[min(pair), max(pair)] = edges if pair[0] < pair[1] else edges[::-1]
    return tuple(features for pair in ring.all_pairs for features in by_pair[pair])


def row_sums(fabric: Fabric, pairs: Pairs) -> Particles:
    """For each particle the sums over its pairs, or over the edges it receives, all at once."""
    ways = 2 if pairs.directed else 1
    lanes = [  # (ring lane and way, F), 0 without a pair
        tuple(fabric.top.gated(pairs.live[k // ways], wire) for wire in features)
        for k, features in enumerate(pairs.lanes)
    ]
    columns = [  # (F, M)
        _sums(fabric, pairs.ring, column[::ways], column[ways - 1 :: ways])
        for column in zip(*lanes, strict=True)
    ]
    return Particles(tuple(zip(*columns, strict=True)), pairs.ring.size)


def _sums(
    fabric: Fabric, ring: Ring, to_first: Sequence[Wire], to_second: Sequence[Wire]
) -> list[Wire]:
    """For each particle the sum of what it gets from the lanes' pairs."""
    if ring.slots > 1:
        return _rotating_sums(fabric, ring, to_first, to_second)
    rows: list[list[Wire]] = [[] for _ in range(ring.size)]
    for (i, j), first, second in zip(ring.all_pairs, to_first, to_second, strict=True):
        rows[i].append(first)
        rows[j].append(second)
    return [total(fabric.top, row) for row in rows]


def _rotating_sums(
    fabric: Fabric, ring: Ring, to_first: Sequence[Wire], to_second: Sequence[Wire]
) -> list[Wire]:
    """Sums that travel with their particles round the ring."""
    top = fabric.top
    places: list[list[Wire]] = [[] for _ in range(ring.size)]
    for (first, deltas), wire, other in zip(ring.lanes, to_first, to_second, strict=True):
        places[first].append(wire)
        for place, value in _second_places(fabric, first, deltas, ring, other):
            places[place].append(value)
    terms = [total(top, place) for place in places]  # (M,), place by place
    others, lanes = ring.size - 1, (*to_first, *to_second)
    bounds = min(0, *(w.lo for w in lanes)) * others, max(0, *(w.hi for w in lanes)) * others
    kind = Wire(None, *bounds).kind
    begin, offset = top.start(terms, add_ns(kind.width))
    nets = [top.net("row", kind.width, kind.signed) for _ in range(ring.size)]  # (M,)
    for k, (net, term) in enumerate(zip(nets, terms, strict=True)):
        fabric.running_sum(net, term, begin, nets[(k + ring.step) % ring.size])
    return _unturned(ring, nets, bounds, begin, offset)


def _unturned(
    ring: Ring, nets: Sequence[Net], bounds: tuple[int, int], begin: int, offset: float
) -> list[Wire]:
    """The sums in the last slot, in the order of the particles."""
    turned = (ring.slots - 1) * ring.step
    return [
        Wire(nets[(k - turned) % ring.size], *bounds, begin + ring.slots - 1, offset)
        for k in range(ring.size)
    ]


def _second_places(
    fabric: Fabric, first: int, deltas: Sequence[int], ring: Ring, wire: Wire
) -> list[tuple[int, Wire]]:
    """Where a lane's second particle stands, and the lane's value while it stands there."""
    if len(deltas) == 1:
        return [((first + deltas[0]) % ring.size, wire)]
    places = []
    for turn, delta in enumerate(deltas):
        if delta:
            in_turn = range(turn * ring.turn_slots, (turn + 1) * ring.turn_slots)
            flag = fabric.slots_flag(in_turn, wire.cycle, ring.slots)
            places.append(((first + delta) % ring.size, fabric.top.gated(flag, wire)))
    return places
