"""Multiples and offsets of a value, and functions of one and the same value that are joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from triggernet.program.readers.foreign.functions import Floats, Line, Real
from triggernet.program.readers.foreign.values import (
    NOTHING,
    Affine,
    Rationals,
    distinct,
    filled,
)


def lined(value: Affine, factor: Rationals | None, offset: Rationals | None) -> Affine:
    """Times a factor and plus an offset for each element."""
    if not value.functions:
        value = value if factor is None else value.scaled(factor)
        return value if offset is None else value.moved(offset)
    one, zero = filled(value.size, Fraction(1)), filled(value.size, Fraction(0))
    line = Line(
        "Mul and Add", one if factor is None else factor, zero if offset is None else offset
    )
    return replace(value, functions=(*value.functions, line))


def single(x: Affine) -> Affine:
    """The same, its scale and offset among its functions, so that functions of x can be joined."""
    uniform = all(len(distinct(v)[1]) == 1 for v in (x.scale, x.offset))
    if x.functions or not uniform or x.terms != 1 or not (x.weight == 1).all() or not x.size:
        return x
    if (x.index == NOTHING).any():
        return x
    line = Line("a multiple", x.scale, x.offset)
    one, zero = filled(x.size, Fraction(1)), filled(x.size, Fraction(0))
    return replace(x, scale=one, offset=zero, functions=(line,))


def same_base(name: str, x: Affine, y: Affine, join: Callable[[Floats, Floats], Floats]
               ) -> Affine | None:  # fmt: skip
    """Both are functions of the same single atoms, at least one of them no linear one."""
    if not (x.functions or y.functions):
        return None
    x, y = single(x), single(y)
    alike = x.terms == y.terms == 1 and np.array_equal(x.index, y.index)
    if (
        not alike
        or any(len(distinct(v)[1]) != 1 for z in (x, y) for v in (z.scale, z.offset))
        or not all((z.weight == 1).all() for z in (x, y))
    ):
        return None
    if len({tuple(f.key(k) for z in (x, y) for f in z.functions) for k in range(x.size)}) != 1:
        return None
    both = [
        (float(z.scale[0]), float(z.offset[0]), tuple(f.take(np.zeros(1, np.int64))
                                                      for f in z.functions))
        for z in (x, y)
    ]  # fmt: skip

    def function(v: Floats) -> Floats:
        results = []
        for scale, offset, functions in both:
            value = v * scale + offset
            for f in functions:
                value = f.real(0, value)
            results.append(value)
        return join(*results)

    one, zero = filled(x.size, Fraction(1)), filled(x.size, Fraction(0))
    return replace(x, scale=one, offset=zero, functions=(Real(name, function, False),))
