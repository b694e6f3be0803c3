"""How all pairs of a number of particles meet, a few in each clock cycle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ring:
    """Particles in a circle that turns by `step` places a clock.

    Lane (first, deltas) sees, in turn t of the ring, the particles at the places `first` and
    ``first + deltas[t]``. With one slot there is no ring: each pair has a lane.

    Attributes
    ----------
    size : int
        Number of particles M.
    step : int
        Places that the ring turns a clock, and rows of lanes; 1 if it turns more than once.
    turns : int
        How often it turns for one event.
    slots : int
        Clock cycles in which pairs meet.
    """

    size: int
    step: int
    turns: int
    slots: int

    @classmethod
    def within(cls, size: int, interval: int) -> Ring:
        """The ring with the fewest lanes whose pairs meet within `interval` clocks."""
        if interval == 1 or size <= 2:
            return cls(size, size, 1, 1)
        if interval < size:
            step = -(-size // interval)
            return cls(size, step, 1, -(-size // step))
        half = size // 2
        turns = min(interval // size, half)
        lanes = -(-half // turns)
        turns = -(-half // lanes)  # fewer turns may do with as many lanes
        return cls(size, 1, turns, size * turns)

    @property
    def streams(self) -> bool:
        """Whether particles that come one a clock meet, each lane at a distance of its own."""
        return self.slots > 1 and self.step == 1 and self.turns == 1

    @property
    def turn_slots(self) -> int:
        """Clock cycles of one turn."""
        return self.slots // self.turns

    @property
    def lanes(self) -> list[tuple[int, tuple[int, ...]]]:
        """(first place, distance of the second one in each turn; 0 where there is none)."""
        half = self.size // 2
        per_turn = -(-half // self.turns)
        lanes = []
        for first in range(self.step):
            for k in range(per_turn):
                deltas = (t * per_turn + k + 1 for t in range(self.turns))
                lanes.append((first, tuple(d if d <= half else 0 for d in deltas)))
        return lanes

    @property
    def all_pairs(self) -> list[tuple[int, int]]:
        """Pairs in the order of the operators: (0, 1), (0, 2), (1, 2), ..."""
        return [(i, j) for j in range(self.size) for i in range(j)]

    def members(self, slot: int) -> list[tuple[int, int] | None]:
        """The pair of particles that each lane sees in `slot`; None where it sees none."""
        if self.slots == 1:
            return list(self.all_pairs)
        turn, place = divmod(slot, self.turn_slots)
        seen: list[tuple[int, int] | None] = []
        for first, deltas in self.lanes:
            particle, delta = place * self.step + first, deltas[turn]
            # Opposite places meet twice in a turn; only the first time counts.
            twice = 2 * delta == self.size and particle >= self.size // 2
            if delta == 0 or particle >= self.size or twice:
                seen.append(None)
            else:
                seen.append((particle, (particle + delta) % self.size))
        return seen
