"""Real numbers as terms: an exact integer times a power of two."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from triggernet.deployment.prove.integers import Integer, Integers, rounded
from triggernet.errors import UnsupportedError

Number = "Real | Fraction | int | bool"


class Real:
    """``integer / 2**fraction``."""

    __slots__ = ("bank", "fraction", "integer")

    def __init__(self, bank: Integers, integer: Integer, fraction: int) -> None:
        self.bank = bank
        self.integer = integer
        self.fraction = fraction

    def __add__(self, other: object) -> Real:
        return total(self.bank, [self, other])

    __radd__ = __add__

    def __neg__(self) -> Real:
        return Real(self.bank, self.bank.scaled(self.integer, -1), self.fraction)

    def __sub__(self, other: object) -> Real:
        return self + -real(self.bank, other)

    def __rsub__(self, other: object) -> Real:
        return -self + other

    def __mul__(self, other: object) -> Real:
        second = real(self.bank, other)
        product = self.bank.multiply(self.integer, second.integer)
        return Real(self.bank, product, self.fraction + second.fraction)

    __rmul__ = __mul__

    def on_grid(self, fraction: int) -> Integer:
        """The integer that it is in steps of ``2**-fraction``.

        Raises
        ------
        UnsupportedError
            If it may lie between two steps.
        """
        finer = fraction - self.fraction
        if finer >= 0:
            return self.bank.scaled(self.integer, 1 << finer)
        step = 1 << -finer
        factors = [self.integer.const, *(factor for _, factor in self.integer.terms)]
        if any(factor % step for factor in factors):
            raise UnsupportedError("a value of the model may lie between the steps of its type")
        return self.bank.floor(self.integer, -finer)

    def floor(self) -> Real:
        """The largest whole number that is not above."""
        return Real(self.bank, self.bank.floor(self.integer, self.fraction), 0)

    def even(self) -> Real:
        """The nearest whole number, ties to the even one."""
        return Real(self.bank, self.bank.even(self.integer, self.fraction), 0)


def real(bank: Integers, value: object) -> Real:
    """A number as a term.

    Raises
    ------
    UnsupportedError
        If it is no multiple of a power of two.
    """
    if isinstance(value, Real):
        return value
    assert isinstance(value, Fraction | int)
    number = Fraction(value)
    fraction = number.denominator.bit_length() - 1
    if number.denominator != 1 << fraction:
        raise UnsupportedError(
            f"the model holds the constant {number}, which is no multiple of a power of two; what "
            "is proved are models whose scales are powers of two"
        )
    return Real(bank, bank.const(number.numerator), fraction)


def aligned(bank: Integers, values: Sequence[object]) -> tuple[list[Integer], int]:
    """Numbers on the finest grid among them, and its fractional bits."""
    terms = [real(bank, v) for v in values]
    fraction = max((t.fraction for t in terms), default=0)
    return [bank.scaled(t.integer, 1 << (fraction - t.fraction)) for t in terms], fraction


def total(bank: Integers, values: Sequence[object]) -> Real:
    """The sum of numbers."""
    integers, fraction = aligned(bank, values)
    return Real(bank, bank.total([(i, 1) for i in integers]), fraction)


def nearest_even(value: Fraction) -> Fraction:
    """The nearest whole number, ties to the even one."""
    return Fraction(round(value))


def is_symbolic(value: object) -> bool:
    """Whether a number is a term that is no constant."""
    return isinstance(value, Real) and not value.integer.constant


def fixed(value: object) -> object:
    """A term that is a constant as a number."""
    if isinstance(value, Real) and value.integer.constant:
        return (
            Fraction(value.integer.const, 1 << value.fraction)
            if value.fraction >= 0
            else (Fraction(value.integer.const << -value.fraction))
        )
    return value


__all__ = ["Real", "aligned", "fixed", "is_symbolic", "nearest_even", "real", "rounded", "total"]
