"""What products with constants cost in hardware (see `dense.py`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from triggernet.fixedpoint import Codes
from triggernet.program.operators.base import Operation, constant_multiply_adders


def product_cost(codes: Codes, x_width: int, copies: int) -> list[Operation]:
    """Products of a variable with each of `codes` (sets, ...), `copies` times."""
    if codes.shape[0] > 1:
        words, n = code_bits(codes), codes[0].size
        table = Operation("table", n, (address_bits(codes.shape[0]), words))
        return [table, Operation("multiply", n * copies, (x_width, words), folds=True)]
    adders = [constant_multiply_adders(int(c)) for c in codes.ravel()]
    bits = [int(abs(c)).bit_length() + 1 for c in codes.ravel()]
    long = Counter(b for k, b in zip(adders, bits, strict=True) if k > 1)
    operations = [Operation("scale", n * copies, (x_width, b)) for b, n in sorted(long.items())]
    if 1 in adders:
        width = x_width + code_bits(codes)
        operations.append(Operation("add", adders.count(1) * copies, (width, width)))
    return operations[:1] + [replace(operation, beside=True) for operation in operations[1:]]


def code_bits(codes: Codes) -> int:
    """Width of the widest constant, sign bit included."""
    return max(int(abs(c)).bit_length() for c in codes.ravel()) + 1


def address_bits(sets: int) -> int:
    """Width of the number of a set."""
    return max(1, (sets - 1).bit_length())
