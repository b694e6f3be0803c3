"""What a value of a foreign graph is: constants, and linear maps of the program's integers.

An activation is never a number here. It is a linear combination of values of the program (its
atoms, see `network.py`), with exact rational coefficients, perhaps behind functions that wait for
a quantiser. So layers, batch norms, means and layouts compose without rounding anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.fixedpoint import Codes, narrow
from triggernet.program.readers.foreign.functions import Function

Ints = NDArray[np.int64]
Rationals = NDArray[Any]  # Fractions
NOTHING = -1  # the atom that is always 0

_INT64_BITS = 62


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant of the graph.

    Attributes
    ----------
    array : any dtype
        As the tools of the file compute it.
    codes : integers of the same shape, or None
        Where it is quantised: exactly ``codes * unit``.
    unit : Fractions of the same shape, or None
    """

    array: NDArray[Any]
    codes: Codes | None = None
    unit: Rationals | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.array.shape)

    def take(self, places: Ints, shape: tuple[int, ...]) -> Constant:
        """Its elements at some places of the flattened array, in another shape."""
        flat = self.array.reshape(-1)[places].reshape(shape)
        if self.codes is None or self.unit is None:
            return Constant(flat)
        codes, unit = (a.reshape(-1)[places].reshape(shape) for a in (self.codes, self.unit))
        return Constant(flat, codes, unit)

    def exact(self) -> tuple[Codes, Rationals]:
        """Integers (K,) and units (K,) whose products are the values, exactly."""
        if self.codes is not None and self.unit is not None:
            return narrow(self.codes.reshape(-1)), self.unit.reshape(-1)
        values = [Fraction(v) for v in self.array.reshape(-1).tolist()]
        unit = common_unit(values)
        codes = np.array([int(v / unit) for v in values], dtype=object)
        return narrow(codes), filled(len(values), unit)

    def rationals(self) -> Rationals:
        """Its exact values (K,)."""
        codes, unit = self.exact()
        return np.array([Fraction(int(c)) * u for c, u in zip(codes, unit, strict=True)] or [],
                        dtype=object)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Affine:
    """Exact linear combinations of the program's values, one for each element of a tensor.

    Element k is ``scale[k] * sum_t weight[k, t] * atom(index[k, t]) + offset[k]``, and then goes
    through `functions`.

    Attributes
    ----------
    shape : tuple of int
        In the graph, the batch axis included, whose length is 1.
    index : int64 (K, T)
        Numbers of atoms; `NOTHING` for 0.
    weight : integers (K, T)
    scale, offset : Fractions (K,)
    functions : tuple of Function
    """

    shape: tuple[int, ...]
    index: Ints
    weight: Codes
    scale: Rationals
    offset: Rationals
    functions: tuple[Function, ...] = ()

    @property
    def size(self) -> int:
        """Elements, K."""
        return len(self.index)

    @property
    def terms(self) -> int:
        """Terms of each element, T."""
        return int(self.index.shape[1])

    @property
    def plain(self) -> bool:
        """Whether each element is one atom of the program, times its scale, and nothing else."""
        return (
            self.terms == 1
            and not self.functions
            and bool((self.weight == 1).all())
            and not self.has_offset
            and bool((self.index != NOTHING).all())
        )

    @property
    def has_offset(self) -> bool:
        """Whether an offset is not 0."""
        return any(distinct(self.offset)[1])

    def take(self, places: Ints, shape: tuple[int, ...]) -> Affine:
        """Its elements at some places of the flattened tensor, in another shape."""
        return Affine(
            shape,
            self.index[places],
            self.weight[places],
            self.scale[places],
            self.offset[places],
            tuple(f.take(places) for f in self.functions),
        )

    def with_zero(self) -> Affine:
        """Its elements and behind them a 0, at place K.

        That is one times nothing: so every window of a padded convolution has the same weights.
        """
        zero = constant_values(Constant(np.zeros(1)), (1,))
        zero = replace(zero, weight=np.ones((1, 1), dtype=np.int64))
        return joined([replace(self, shape=(self.size,)), zero])

    def scaled(self, factor: Rationals) -> Affine:
        """Times an exact factor for each element."""
        return replace(self, scale=self.scale * factor, offset=self.offset * factor)

    def moved(self, by: Rationals) -> Affine:
        """Plus an exact number for each element."""
        return replace(self, offset=self.offset + by)


Value = Constant | Affine


def filled(size: int, value: Fraction) -> Rationals:
    """An array of the very same rational."""
    result = np.empty(size, dtype=object)
    result[:] = [value] * size
    return result


def atoms(first: int, shape: tuple[int, ...], scale: Rationals) -> Affine:
    """The atoms from `first` on as a tensor (1, *shape), times a scale each."""
    size = len(scale)
    return Affine(
        (1, *shape),
        np.arange(first, first + size, dtype=np.int64)[:, None],
        np.ones((size, 1), dtype=np.int64),
        scale,
        filled(size, Fraction(0)),
    )


def constant_values(constant: Constant, shape: tuple[int, ...]) -> Affine:
    """A constant as linear combinations of nothing."""
    values = constant.rationals()
    size = len(values)
    return Affine(
        shape,
        np.full((size, 1), NOTHING, dtype=np.int64),
        np.zeros((size, 1), dtype=np.int64),
        filled(size, Fraction(1)),
        values,
    )


def joined(parts: Sequence[Affine]) -> Affine:
    """The elements of some values, flattened, one after the other; none of them has functions."""
    terms = max(part.terms for part in parts)
    index = [_padded(part.index, terms, NOTHING) for part in parts]
    weight = [_padded(part.weight, terms, 0) for part in parts]
    return Affine(
        (sum(part.size for part in parts),),
        np.concatenate(index),
        narrow(np.concatenate(weight)),
        np.concatenate([part.scale for part in parts]),
        np.concatenate([part.offset for part in parts]),
    )


def _padded(array: Codes, width: int, fill: int) -> Codes:
    more = np.full((len(array), width - array.shape[1]), fill, dtype=array.dtype)
    return np.concatenate([array, more], axis=1)


def distinct(values: Rationals) -> tuple[Ints, list[Any]]:
    """For each value the number of it among the distinct ones, and those."""
    by_identity: dict[int, int] = {}
    by_value: dict[Any, int] = {}
    values_seen: list[Any] = []
    labels = np.empty(len(values), dtype=np.int64)
    for k, value in enumerate(values):
        label = by_identity.get(id(value))
        if label is None:
            label = by_value.setdefault(value, len(values_seen))
            if label == len(values_seen):
                values_seen.append(value)
            by_identity[id(value)] = label
        labels[k] = label
    return labels, values_seen


def common_unit(values: Iterable[Fraction]) -> Fraction:
    """The largest rational of which all values are integer multiples; 1 if all are 0."""
    numerator, denominator = 0, 1
    for value in values:
        if value:
            numerator = math.gcd(numerator * value.denominator, abs(value.numerator) * denominator)
            denominator *= value.denominator
            shared = math.gcd(numerator, denominator)
            numerator, denominator = numerator // shared, denominator // shared
    return Fraction(numerator, denominator) if numerator else Fraction(1)


def times(a: Codes, b: Codes) -> Codes:
    """The product of two integer arrays, in Python integers where int64 could not hold it."""
    bits = sum(_bits(x) for x in (a, b))
    if bits > _INT64_BITS:
        a, b = a.astype(object), b.astype(object)
    return np.asarray(a * b)


def _bits(codes: Codes) -> int:
    if not codes.size:
        return 1
    return max(abs(int(codes.max())), abs(int(codes.min()))).bit_length() + 1


def is_power_of_two(value: Fraction) -> bool:
    """Whether a positive rational is 2 to some integer."""
    n, d = value.numerator, value.denominator
    return n > 0 and n & (n - 1) == 0 and d & (d - 1) == 0


def exponent(value: Fraction) -> int:
    """The exponent of a power of two."""
    return value.numerator.bit_length() - value.denominator.bit_length()
