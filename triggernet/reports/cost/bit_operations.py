"""Bit operations (BOPs): how much arithmetic a program is, whatever hardware does it.

The number comes from Baskin et al., "UNIQ" (arXiv:1804.10969), where a layer of n
inputs and m outputs with activations of b_a and weights of b_w bits has

    BOPs = m n (b_a b_w + b_a + b_w + log2 n):

a product is b_a b_w operations on bits, and one addition to a sum of n such products is as many as
that sum has bits. Hawks et al., "Ps and Qs" (arXiv:2102.11289), multiply the term
b_a b_w by the share of weights that are not pruned.

Here it is counted operation by operation, from what the operators of a program state (`cost` in
`triggernet/program/operators/`) and the quantiser behind each of them, with the same two rules.
So it holds for any operator, and differs from the formula where a program says more than the
shape of a layer: a constant of 0 or of a power of two is no product, one of two signed digits is
one addition, and each level of an adder tree has the width that it needs instead of the last one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from triggernet.program import Program
from triggernet.program.operators.base import Kind, Operation
from triggernet.reports.cost.estimate import operations_of


@dataclass(frozen=True)
class BitOperations:
    """Bit operations of one evaluation of a program.

    Attributes
    ----------
    by_kind : mapping of str to int
        By the kind of operation; kinds that do not occur are absent.
    """

    by_kind: Mapping[Kind, int]

    @property
    def total(self) -> int:
        """All kinds together."""
        return sum(self.by_kind.values())

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {"total": self.total, "by_kind": dict(self.by_kind)}


def bit_operations(program: Program) -> BitOperations:
    """Count the bit operations of a program, those of every node and of its quantiser."""
    counts: dict[Kind, int] = {}
    for node in program.nodes:
        for operation in operations_of(program, node):
            bits = operation.count * bits_of(operation)
            counts[operation.kind] = counts.get(operation.kind, 0) + bits
    return BitOperations({kind: bits for kind, bits in counts.items() if bits})


def bits_of(operation: Operation) -> int:
    """Bit operations of one operation of a group; a and b are its two widths.

    ===============  ============  ===============================================================
    kind             operations
    ===============  ============  ===============================================================
    multiply, scale  a b           one for each pair of bits (both sources)
    add              max(a, b)     one full adder a bit (both sources)
    accumulate       a + b         the same, for a product of a and b bits (both sources)
    select           a (b - 1)     b words of a bits: as many choices between two words
    round            a             one half is added: one a bit that goes in
    compare          a             sign, zero, ReLU or saturation: each bit is looked at once
    table            b             a word of b bits is read; nothing is computed
    ===============  ============  ===============================================================

    The sources count neither rounding nor activation functions; the last four are our choice.
    """
    a, b = operation.widths
    match operation.kind:
        case "multiply" | "scale":
            return a * b
        case "add":
            return max(a, b)
        case "accumulate":
            return a + b
        case "select":
            return a * (b - 1)
        case "round" | "compare":
            return a
        case "table":
            return b
