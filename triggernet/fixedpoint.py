"""Fixed-point types and their exact arithmetic, in Python integers of any width.

A value is stored as an integer code; it stands for ``code * 2**-fraction``. The sign bit, where
there is one, is counted in `integer`, as in ``ap_fixed``: this is the one place that says so.

Arrays of codes are int64 while every value fits 62 bits and arrays of Python integers (dtype
object) beyond, so that no result is ever rounded or wrapped by the machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import UsageError
from triggernet.schema import Within

Rounding = Literal["FLOOR", "ROUND"]
Overflow = Literal["SAT", "WRAP"]
Codes = NDArray[Any]  # int64, or object holding Python integers

_TYPE = re.compile(r"(?:ap_)?(u?)fixed<\s*(\d{1,3})\s*,\s*(-?\d{1,3})\s*>")

# Limits of what a file may state: far beyond any hardware, and every value is still a float64.
MOST_BITS = 512

_INT64_BITS = 62  # one bit of headroom below int64's 63 for the additions of a rounding


@dataclass(frozen=True, order=True)
class FixedPoint:
    """A two's-complement fixed-point type.

    Attributes
    ----------
    signed : bool
    width : int
        All bits, at least 1.
    integer : int
        Bits left of the binary point, the sign bit included; may be negative or exceed `width`.

    Raises
    ------
    UsageError
        For a width below 1.
    """

    signed: bool
    width: Annotated[int, Within(1, MOST_BITS)]
    integer: Annotated[int, Within(-MOST_BITS, MOST_BITS)]

    def __post_init__(self) -> None:
        if self.width < 1:
            raise UsageError(f"fixed-point width {self.width} is not possible; use at least 1 bit")

    @property
    def fraction(self) -> int:
        """Bits right of the binary point (negative for a grid coarser than 1)."""
        return self.width - self.integer

    @property
    def lsb(self) -> float:
        """The step of the grid, ``2**-fraction``, exact in float64."""
        return float(2.0**-self.fraction)

    @property
    def min_int(self) -> int:
        """The smallest code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max_int(self) -> int:
        """The largest code."""
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def min(self) -> float:
        """The smallest value, as float64."""
        return self.min_int * self.lsb

    @property
    def max(self) -> float:
        """The largest value, as float64 (rounded beyond 53 bits)."""
        return self.max_int * self.lsb

    @property
    def cpp(self) -> str:
        """The Vitis HLS type without rounding modes: ``ap_fixed<W,I>`` or ``ap_ufixed<W,I>``."""
        return f"{'ap_fixed' if self.signed else 'ap_ufixed'}<{self.width},{self.integer}>"

    @property
    def kif(self) -> tuple[bool, int, int]:
        """da4ml's triple: signed, integer bits without the sign bit, fractional bits."""
        return self.signed, self.integer - int(self.signed), self.fraction

    @property
    def qonnx(self) -> dict[str, float | int]:
        """Inputs and attributes of a QONNX ``Quant`` node of this type."""
        return {
            "scale": self.lsb,
            "zero_point": 0,
            "bit_width": self.width,
            "signed": int(self.signed),
            "narrow": 0,
        }

    def __str__(self) -> str:
        return self.cpp

    def contains(self, lo: int, hi: int) -> bool:
        """Whether every code from `lo` to `hi` (of this type's grid) is a code of the type."""
        return self.min_int <= lo and hi <= self.max_int

    def decode(self, codes: Codes) -> NDArray[np.float64]:
        """Values of `codes`, float64 (exact up to 53 bits)."""
        return np.asarray(codes).astype(np.float64) * self.lsb

    @classmethod
    def parse(cls, text: str) -> FixedPoint:
        """The type that a text such as ``fixed<8,3>`` or ``ap_ufixed<4,4>`` names.

        Raises
        ------
        UsageError
            If it is no such text: rounding and overflow are no part of a type.
        """
        match = _TYPE.fullmatch(text.strip())
        if match is None or not 1 <= int(match[2]) <= MOST_BITS or abs(int(match[3])) > MOST_BITS:
            raise UsageError(
                f"{text!r} is no fixed-point type; expected fixed<W,I> or ufixed<W,I> with W bits, "
                f"1 to {MOST_BITS}, I of them left of the point"
            )
        return cls(not match[1], int(match[2]), int(match[3]))

    @classmethod
    def covering(cls, lo: int, hi: int, fraction: int) -> FixedPoint:
        """The narrowest type with `fraction` fractional bits that holds the codes lo to hi."""
        signed = lo < 0
        magnitude = max(max(hi, 0).bit_length(), (~lo).bit_length() if signed else 0)
        width = max(1, magnitude + int(signed))
        return cls(signed, width, width - fraction)


@dataclass(frozen=True)
class Quantiser:
    """A quantisation: the type it produces, how it rounds and what it does on overflow.

    Attributes
    ----------
    type : FixedPoint
    rounding : {"FLOOR", "ROUND"}
        FLOOR drops bits towards minus infinity (``AP_TRN``); ROUND is to nearest, ties to even
        (``AP_RND_CONV``).
    overflow : {"SAT", "WRAP"}
        SAT clips to the type's range (``AP_SAT``); WRAP drops the high bits (``AP_WRAP``).
    """

    type: FixedPoint
    rounding: Rounding = "ROUND"
    overflow: Overflow = "SAT"

    @property
    def cpp(self) -> str:
        """The Vitis HLS type with its modes, e.g. ``ap_ufixed<8,3,AP_RND_CONV,AP_SAT>``."""
        modes = {"FLOOR": "AP_TRN", "ROUND": "AP_RND_CONV"}[self.rounding]
        return f"{self.type.cpp[:-1]},{modes},AP_{self.overflow}>"

    def __call__(self, codes: Codes, fraction: int) -> Codes:
        """Quantise codes that have `fraction` fractional bits to codes of `type`, exactly.

        Parameters
        ----------
        codes : int64 or object array, any shape
        fraction : int

        Returns
        -------
        int64 or object array of the same shape
        """
        return self._limit(round_shift(codes, fraction - self.type.fraction, self.rounding))

    def from_real(self, values: NDArray[np.float64] | float) -> Codes:
        """Quantise float64 values exactly (a float64 is itself a fixed-point number).

        Raises
        ------
        UsageError
            For NaN and infinities.
        """
        values = np.asarray(values, np.float64)
        if not np.isfinite(values).all():
            raise UsageError("cannot quantise NaN or infinite values; clean the data first")
        scaled = np.ldexp(values, self.type.fraction)  # exact: a power of two
        whole = np.floor(scaled) if self.rounding == "FLOOR" else np.rint(scaled)
        if whole.size and np.abs(whole).max() >= 2.0**_INT64_BITS:
            integers = np.array([int(v) for v in whole.ravel()], dtype=object)
            return self._limit(integers.reshape(whole.shape))
        return self._limit(whole.astype(np.int64))

    def range_of(self, lo: int, hi: int, fraction: int) -> tuple[int, int]:
        """The codes that codes lo to hi (with `fraction` fractional bits) can become."""
        shift = fraction - self.type.fraction
        ends = round_shift(np.array([lo, hi], dtype=object), shift, self.rounding)
        first, last = int(ends[0]), int(ends[1])
        if self.overflow == "WRAP" and not self.type.contains(first, last):
            return self.type.min_int, self.type.max_int
        clipped = self._limit(np.array([first, last], dtype=object))
        return int(clipped[0]), int(clipped[1])

    def _limit(self, codes: Codes) -> Codes:
        low, high = self.type.min_int, self.type.max_int
        if self.overflow == "SAT":
            return narrow(np.clip(_wide(codes, self.type.width), low, high))
        span = 1 << self.type.width
        return narrow((_wide(codes, self.type.width + 1) - low) % span + low)


def round_shift(codes: Codes, shift: int, rounding: Rounding) -> Codes:
    """Divide codes by ``2**shift`` with the given rounding (multiply when shift is negative)."""
    if shift <= 0:
        return narrow(_wide(codes, _bits(codes) - shift) << -shift)
    codes = _wide(codes, max(_bits(codes), shift) + 1)
    quotient = codes >> shift  # arithmetic: towards minus infinity
    if rounding == "ROUND":
        half = 1 << (shift - 1)
        rest = codes - (quotient << shift)
        odd = (quotient & 1) == 1
        quotient = quotient + ((rest > half) | ((rest == half) & odd))
    return narrow(quotient)


def narrow(codes: Codes) -> Codes:
    """int64 where every value fits comfortably, Python integers (object) otherwise."""
    codes = _array(codes)
    if codes.dtype != object:
        return codes.astype(np.int64, copy=False)
    return codes.astype(np.int64) if _bits(codes) <= _INT64_BITS else codes


def exact_int(codes: Codes, bits: int) -> Codes:
    """`codes` in a dtype in which results of up to `bits` bits cannot overflow."""
    return _wide(codes, bits)


def _wide(codes: Codes, bits: int) -> Codes:
    codes = _array(codes)
    if codes.dtype == object:
        return codes
    return codes.astype(object) if bits > _INT64_BITS else codes.astype(np.int64, copy=False)


def _array(codes: Codes | int) -> Codes:
    """An array; numpy hands out the one value of a 0-d object array as a bare Python integer."""
    return np.array(codes, dtype=object) if isinstance(codes, int) else np.asarray(codes)


def _bits(codes: Codes) -> int:
    if codes.size == 0:
        return 1
    return max(int(codes.max()).bit_length(), int(codes.min()).bit_length()) + 1
