"""Which executors compute a program exactly by construction, decided from its types.

float32 holds integers of 24 bits, float64 of 53. An executor that passes tensors as float32
(QONNX files do, between nodes) is exact if every tensor's codes fit 24 bits, and every
intermediate result 53, since inside of a node everything is float64.
"""

from __future__ import annotations

from triggernet.program import Program
from triggernet.program.infer import exact_of
from triggernet.program.operators.node import Tensor

FLOAT32_BITS = 24
FLOAT64_BITS = 53


def inexact_tensor(program: Program, tensor_bits: int) -> str | None:
    """Why floating point is not exact for a program, or None if it is.

    Parameters
    ----------
    program : Program
    tensor_bits : int
        Bits that the executor's tensors hold: `FLOAT32_BITS` or `FLOAT64_BITS`.
    """
    for tensor in program.tensors.values():
        if _magnitude(tensor) > tensor_bits:
            return (
                f"tensor '{tensor.name}' ({tensor.type}) takes {_magnitude(tensor)} bits, of which "
                f"its floating point holds {tensor_bits}"
            )
    for node in program.nodes:
        # One bit more than the result: a sum may pass it on the way.
        bits = exact_of(node, program.inputs_of(node)).bits + 1
        if bits > FLOAT64_BITS:
            return (
                f"tensor '{node.output}' (node '{node.name}', {node.op}) is computed in {bits} "
                f"bits, of which float64 holds {FLOAT64_BITS}"
            )
    return None


def _magnitude(tensor: Tensor) -> int:
    """Bits of the largest code without its sign."""
    return max(abs(tensor.lo), abs(tensor.hi)).bit_length()
