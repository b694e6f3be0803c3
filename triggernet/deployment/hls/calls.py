"""Which kernel a node calls: what hls4ml is told about the operators of the table."""

from __future__ import annotations

from triggernet.program.infer import operator_of
from triggernet.program.operators import OPERATORS
from triggernet.program.operators.base import Inputs
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node

# Operators with a kernel of their own; hls4ml converts the others exactly by itself.
WITH_KERNEL = tuple(op for op, operator in OPERATORS.items() if operator.hls is not None)


def kernel_call(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    """The call of a node's kernel; the operator must be one of WITH_KERNEL."""
    hls = operator_of(node).hls
    assert hls is not None, node.op
    return hls(node, inputs, reuse_factor)


def result_position(node: Node) -> int:
    """Place of the result among the arguments of a node's call."""
    return 0 if operator_of(node).result_first else len(node.inputs)
