"""An estimate of a program's firmware without any vendor tool, from its operators' costs.

Every operator states its hardware as groups of operations (`cost` in
`triggernet/program/operators/`); each ends in a quantiser. `hardware.py` says what an operation
takes, `schedule.py` where the registers go. The same model applied to published designs gives its
error (`calibration.py`).

Not in it: the control logic of an HLS top function, registers at its ports, routing congestion,
the sharing of common terms between operators, and what a tool finds out about ranges of values
beyond the types.
"""

from __future__ import annotations

from dataclasses import dataclass

from triggernet.program import Program
from triggernet.program.infer import exact_of, operator_of
from triggernet.program.operators.base import Operation, quantise_cost
from triggernet.program.operators.node import Node
from triggernet.reports.cost.hardware import Clock, Resources
from triggernet.reports.cost.schedule import Block, Pipeline, schedule

BRAM = 0  # tables are read-only memories in LUTs, arrays are registers


@dataclass(frozen=True)
class OperatorCost:
    """What one operator of a program takes.

    Attributes
    ----------
    name, op : str
        The node and its operator; "inputs" for the registers that delay the inputs.
    start_cycle, end_cycle : int
        Clock cycles of its first and last operation.
    resources : Resources
    """

    name: str
    op: str
    start_cycle: int
    end_cycle: int
    resources: Resources


@dataclass(frozen=True)
class Estimate:
    """An estimate, before calibration, as the model gives it."""

    clock: Clock
    latency_cycles: int
    interval_cycles: int
    total: Resources
    operators: tuple[OperatorCost, ...]


def estimate(program: Program, clock: Clock, reuse_factor: int = 1) -> Estimate:
    """Estimate latency, interval and resources of a program's HLS project.

    Parameters
    ----------
    program : Program
    clock : Clock
        Target period and the share of it that the tool keeps free.
    reuse_factor : int
        Interval in clock cycles; the blocks of one pair and the multipliers are shared by so many
        uses, the adder trees are not.
    """
    pipeline = schedule(
        {name: _bits(program, name) for name in program.inputs},
        [_block(program, node) for node in program.nodes],
        [_writer(program, name) for name in program.outputs],
        clock,
        reuse_factor,
    )
    return Estimate(
        clock, pipeline.latency_cycles, reuse_factor, pipeline.total, _operators(pipeline)
    )


def operations_of(program: Program, node: Node) -> tuple[Operation, ...]:
    """All operations of a node: those of its operator and its final quantiser."""
    inputs = program.inputs_of(node)
    operations = operator_of(node).cost(node, inputs)
    if node.op == "Quant":
        return tuple(operations)
    exact = exact_of(node, inputs)
    size = program.tensors[node.output].size
    # The results of folded blocks are quantised inside the block.
    folds = any(o.folds and o.count >= size for o in operations[-1:])
    return (
        *operations,
        *quantise_cost(node.quantiser, exact.range, exact.fraction, size, folds=folds),
    )


def _block(program: Program, node: Node) -> Block:
    inputs = tuple(_writer(program, name) for name in node.inputs)
    return Block(
        node.name, node.op, inputs, operations_of(program, node), _bits(program, node.output)
    )


def _writer(program: Program, tensor: str) -> str:
    return tensor if tensor in program.inputs else program.node(tensor).name


def _bits(program: Program, tensor: str) -> int:
    tensor_type = program.tensors[tensor]
    return tensor_type.size * tensor_type.type.width


def _operators(pipeline: Pipeline) -> tuple[OperatorCost, ...]:
    return tuple(
        OperatorCost(p.block.name, p.block.kind, p.start, p.end, p.resources)
        for p in pipeline.blocks
        if p.block.kind != "Quant" or p.resources != Resources()
    )
