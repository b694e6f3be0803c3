"""A pipeline for a graph of hardware blocks: when everything happens, and what registers it takes.

Operations follow one another in time until the next one no longer fits into the clock period;
there, a register is put behind everything that is still needed. That is what HLS and da4ml do, in
their simplest form: as soon as possible, without moving operations to where registers are cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from triggernet.program.operators.base import Operation
from triggernet.reports.cost.hardware import (
    SITES_PER_LUT,
    SRL_DEPTH,
    SRL_FROM_CYCLES,
    Clock,
    Resources,
    cost_of,
    delay_ns,
    multiplexers,
    result_bits,
)

Time = tuple[int, float]  # clock cycle, and ns since its edge


@dataclass(frozen=True)
class Block:
    """A part of a design: what it reads, what it does, what it writes.

    Attributes
    ----------
    name, kind : str
    inputs : tuple of str
        Values it reads, by the name of the block that writes them, or of an input.
    operations : tuple of Operation
        In order of evaluation.
    bits : int
        All bits of its result.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    operations: tuple[Operation, ...]
    bits: int


@dataclass(frozen=True)
class Scheduled:
    """A block in time: its first and last clock cycle, and what it takes with its registers."""

    block: Block
    start: int
    end: int
    resources: Resources


@dataclass(frozen=True)
class Pipeline:
    """A scheduled design: its latency in clock cycles (registers passed) and its blocks."""

    latency_cycles: int
    interval_cycles: int
    blocks: tuple[Scheduled, ...]

    @property
    def total(self) -> Resources:
        """Everything together."""
        return sum((placed.resources for placed in self.blocks), Resources())


@dataclass
class _Cursor:
    """Walks through the operations of one block."""

    clock: Clock
    reuse_factor: int
    cycle: int
    offset: float
    start: int | None = None
    registers: float = 0.0
    live: int = 0
    groups: list[list[Operation]] = field(default_factory=list)

    def run(self, operations: Sequence[Operation]) -> None:
        for group in _groups(operations):
            delay = max(delay_ns(operation) for operation in group)
            for _ in range(max(operation.levels for operation in group)):
                self._advance(delay)
            self.live = sum(result_bits(operation, self.reuse_factor) for operation in group)

    def _advance(self, delay: float) -> None:
        """One more operation of this delay: in this cycle, or behind a register."""
        usable = self.clock.usable_ns
        if self.offset > 0 and self.offset + delay > usable:
            self._cut()
        if self.start is None:
            self.start = self.cycle
        while delay > usable:  # longer than a period: registers inside
            self._cut()
            delay -= usable
        self.offset += delay

    def _cut(self) -> None:
        self.cycle, self.offset = self.cycle + 1, 0.0
        self.registers += self.live


def _groups(operations: Sequence[Operation]) -> list[list[Operation]]:
    groups: list[list[Operation]] = []
    for operation in operations:
        if operation.count == 0:
            continue
        if operation.beside and groups:
            groups[-1].append(operation)
        else:
            groups.append([operation])
    return groups


def schedule(
    inputs: Mapping[str, int],
    blocks: Sequence[Block],
    outputs: Sequence[str],
    clock: Clock,
    reuse_factor: int = 1,
) -> Pipeline:
    """Pipeline `blocks`, in an order in which they can run; one event every `reuse_factor` cycles.

    Parameters
    ----------
    inputs : mapping of str to int
        Bits of each input; all arrive in cycle 0.
    blocks : sequence of Block
    outputs : sequence of str
    clock : Clock
    reuse_factor : int
        Interval in clock cycles: operations that fold are shared by that many uses.
    """
    ready: dict[str, Time] = dict.fromkeys(inputs, (0, 0.0))
    written = dict.fromkeys(inputs, 0)
    last_read = dict.fromkeys(inputs, 0)
    bits = dict(inputs) | {block.name: block.bits for block in blocks}
    placed: list[Scheduled] = []
    for block in blocks:
        cycle, offset = max((ready[name] for name in block.inputs), default=(0, 0.0))
        cursor = _Cursor(clock, reuse_factor, cycle, offset)
        cursor.run(block.operations)
        start = cycle if cursor.start is None else cursor.start
        folded = reuse_factor - 1 if any(o.folds for o in block.operations) else 0
        ready[block.name] = (cursor.cycle + folded, cursor.offset)
        written[block.name] = cursor.cycle
        last_read[block.name] = cursor.cycle + folded
        for name in block.inputs:
            last_read[name] = max(last_read[name], start)
        logic = _logic(block, reuse_factor)
        placed.append(
            Scheduled(block, start, cursor.cycle + folded, logic + Resources(ff=cursor.registers))
        )
    latency = max(ready[name][0] for name in outputs)
    for name in outputs:
        last_read[name] = latency
    held = {n: _held(bits[n], last_read[n] - written[n], reuse_factor) for n in bits}
    # Registers that carry a value to its readers belong to the block that writes it.
    done = tuple(
        Scheduled(p.block, p.start, p.end, p.resources + held[p.block.name]) for p in placed
    )
    delayed = sum((held[name] for name in inputs), Resources())
    entry = Scheduled(Block("inputs", "registers", (), (), sum(inputs.values())), 0, 0, delayed)
    return Pipeline(latency, reuse_factor, (entry, *done))


def _logic(block: Block, reuse_factor: int) -> Resources:
    total = sum((cost_of(o, reuse_factor) for o in block.operations), Resources())
    first = _groups(block.operations)[:1]
    for operation in first[0] if first else []:
        total = total + multiplexers(operation, reuse_factor)
    return total


def _held(bits: int, cycles: int, interval: int) -> Resources:
    """What keeps a value for some cycles when a new one comes every `interval` cycles."""
    registers = math.ceil(cycles / interval)
    if registers < SRL_FROM_CYCLES:
        return Resources(ff=bits * registers)
    shift = math.ceil((registers - 1) / SRL_DEPTH)
    return Resources(lut=bits * shift * SITES_PER_LUT, ff=bits)
