"""How tensors lie in hardware: all values at once, or in lanes, one element a clock cycle each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggernet.program.netlist.ring import Ring
from triggernet.program.netlist.wire import Wire

Tables = Literal["lut", "bram"]
Products = Literal["all", "pairs", "none"]


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
    """A tensor (P,), (P, F) or (2 P, F): the ring decides which pair a lane carries in which clock.

    Attributes
    ----------
    lanes : tuple of tuples of F wires
        One for each lane of the ring. Of directed edges two: what the first particle of the pair
        receives from the second one, then what the second one receives from the first.
    ring : Ring
    live : tuple of Wire
        For each lane, a flag that is set in the slots in which it carries a pair.
    zero_without : Particles or None
        A tensor (N,): where one of its values is 0, so are the pairs of that particle.
    """

    lanes: tuple[tuple[Wire, ...], ...]
    ring: Ring
    live: tuple[Wire, ...]
    zero_without: Particles | None = None

    @property
    def directed(self) -> bool:
        """Whether there are two edges for each pair."""
        return len(self.lanes) == 2 * len(self.live)

    @property
    def slots(self) -> int:
        """Clock cycles in a row in which the lanes carry pairs."""
        return self.ring.slots


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


Rows = Particles | Pairs
Signal = Vector | Rows
