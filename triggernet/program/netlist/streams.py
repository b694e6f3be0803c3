"""Pairs of particles that come one after the other, and sums of pairs that leave so.

No circle has to be loaded: a particle that came delta clocks ago stands behind delta registers. In
slot s a lane sees the particles s and s + delta, as in the ring. Where the second one would be
beyond the last particle M, it is number s + delta - M, which came M clocks before; a multiplexer in
front of the lane chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from triggernet.program.netlist.arithmetic import total
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Meeting, Pairs, Particles
from triggernet.program.netlist.ring import Ring
from triggernet.program.netlist.wire import Wire, constant


def met_in_stream(fabric: Fabric, particle: Sequence[Wire], ring: Ring) -> Meeting:
    """Every pair of the particles that one lane of F wires carries."""
    half = ring.size // 2
    begin = max((w.cycle for w in particle if not w.constant), default=0) + half
    lanes = []
    for _, (delta,) in ring.lanes:
        ahead = [_later(w, delta) for w in particle]  # (F,)
        if 2 * delta < ring.size:  # at half of the circle every pair has been met before
            behind = (_later(w, delta - ring.size) for w in particle)
            straight = fabric.slots_flag(range(ring.size - delta), begin, ring.slots)
            ahead = [fabric.top.select(straight, a, b) for a, b in zip(ahead, behind, strict=True)]
        lanes.append((tuple(particle), tuple(ahead)))
    return Meeting(ring, tuple(lanes), tuple(live_flags(fabric, ring, begin)))


def _later(wire: Wire, slots: int) -> Wire:
    """The stream in which slot 0 holds what `wire` holds in another slot."""
    return wire if wire.constant else replace(wire, cycle=wire.cycle + slots)


def live_flags(fabric: Fabric, ring: Ring, begin: int) -> list[Wire]:
    """For each lane a flag that says, from cycle `begin` on, in which slots it has a pair."""
    flags = []
    for lane in range(len(ring.lanes)):
        slots = [s for s in range(ring.slots) if ring.members(s)[lane] is not None]
        flags.append(
            constant(1) if len(slots) == ring.slots else fabric.slots_flag(slots, begin, ring.slots)
        )
    return flags


def streamed_sums(fabric: Fabric, pairs: Pairs, counts: Sequence[Sequence[Wire]]) -> Particles:
    """For each particle the sums over its pairs, or over the edges it receives, one a clock.

    Parameters
    ----------
    fabric : Fabric
    pairs : Pairs
        In a ring that streams.
    counts : sequence (ring lane,) of flags
        A pair counts where all of its lane are set.
    """
    ways = 2 if pairs.directed else 1
    gates = _Gates(fabric, pairs.ring, counts)
    columns = (  # (F,), of each the sums in turn
        _sums(gates, column[::ways], column[ways - 1 :: ways])
        for column in zip(*pairs.lanes, strict=True)
    )
    return Particles((tuple(columns),), pairs.ring.size)


class _Gates:
    """Registers that are 0 where a pair does not count; their flags are made once.

    Parameters
    ----------
    fabric : Fabric
    ring : Ring
    counts : sequence (ring lane,) of flags
    """

    def __init__(self, fabric: Fabric, ring: Ring, counts: Sequence[Sequence[Wire]]) -> None:
        self.fabric, self.ring, self.counts = fabric, ring, counts
        self._clear: dict[tuple[int, range, int], Wire] = {}

    def kept(self, lane: int, wire: Wire, slots: range) -> Wire:
        """`wire` of a lane where its pair counts and is of one of some slots."""
        if wire.constant and wire.lo == 0:
            return wire
        key = (lane, slots, wire.cycle)
        if key not in self._clear:
            flags = list(self.counts[lane])
            if len(slots) < self.ring.slots:
                flags.append(self.fabric.slots_flag(slots, wire.cycle, self.ring.slots))
            self._clear[key] = self.fabric.top.missing(flags, constant(0))
        return self.fabric.top.cleared(self._clear[key], wire)


def _sums(gates: _Gates, to_first: Sequence[Wire], to_second: Sequence[Wire]) -> Wire:
    """What every particle gets as the first one of its pairs, and as the second one."""
    top, M, lanes = gates.fabric.top, gates.ring.size, (*to_first, *to_second)
    first = total(top, (gates.kept(k, wire, range(M)) for k, wire in enumerate(to_first)))
    in_turn = top.add(first, _later(_chain(gates, to_second, wrapped=False), -1))
    # What came to particle p from beyond the last one is there a turn after p itself.
    row = top.add(in_turn, _later(_chain(gates, to_second, wrapped=True), M - 1))
    if row.constant:
        return row
    lo, hi = min(0, *(w.lo for w in lanes)) * (M - 1), max(0, *(w.hi for w in lanes)) * (M - 1)
    kind = Wire(None, lo, hi).kind
    row = top.low_bits(row, kind.width, kind.signed) if kind.width < row.width else row
    return replace(row, lo=max(lo, row.lo), hi=min(hi, row.hi))


def _chain(gates: _Gates, to_second: Sequence[Wire], *, wrapped: bool) -> Wire:
    """What second particles get, summed from lane to lane on the way to them.

    Lane delta adds in slot t what it has for number t + delta to what came from lane delta + 1 a
    clock before. Numbers from M on are the particles before the first one of their pairs: they have
    a chain of their own, for the next event is already in this one when they pass.
    """
    so_far, M = constant(0), gates.ring.size
    for lane, wire in reversed(list(enumerate(to_second))):
        _, (delta,) = gates.ring.lanes[lane]
        slots = range(M - delta, M) if wrapped else range(M - delta)
        meets = not (wrapped and 2 * delta == M)  # there every pair has been met before
        here = gates.kept(lane, wire, slots) if meets else constant(0)
        so_far = gates.fabric.top.add(_later(so_far, -1), here)
    return so_far
