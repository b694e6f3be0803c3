"""Functions of one value that wait for the quantiser behind them.

What is piecewise linear is exact in rationals; the others are float64. `inverse` moves a condition
on the result back to one on the argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rationals = NDArray[Any]


@dataclass(frozen=True)
class Condition:
    """What an argument must satisfy: at least a bound (or more), at most (or less), or a verdict.

    Attributes
    ----------
    bound : Fraction
    strict : bool
        The bound itself does not count.
    above : bool
        Whether larger arguments satisfy it.
    always : bool or None
        The verdict where it does not depend on the argument.
    """

    bound: Fraction
    strict: bool
    above: bool = True
    always: bool | None = None


class Function(Protocol):
    """A function of each element of a tensor, perhaps another one for each.

    Attributes
    ----------
    name : str
    exact : bool
        Whether it is piecewise linear.
    """

    @property
    def name(self) -> str:
        """What the graph calls it."""

    @property
    def exact(self) -> bool:
        """Whether rationals stay rationals."""

    @property
    def monotone(self) -> bool:
        """Whether it never falls (or, with a negative factor, never rises)."""

    def take(self, places: NDArray[np.int64], /) -> Function:
        """That of some elements."""

    def key(self, k: int, /) -> object:
        """Equal for elements with the same function."""

    def value(self, k: int, x: Fraction, /) -> Fraction:
        """Of an exact argument."""

    def real(self, k: int, x: Floats, /) -> Floats:
        """In float64."""

    def inverse(self, k: int, condition: Condition, /) -> Condition:
        """The condition on the argument under which the result satisfies one."""

    def rising(self, k: int, /) -> bool:
        """Whether it never falls."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Between two limits, either of which may be absent; a ReLU is one from 0 up."""

    name: str
    low: Fraction | None
    high: Fraction | None
    exact: bool = True
    monotone: bool = True

    def take(self, _places: NDArray[np.int64]) -> Clip:
        """The same for all."""
        return self

    def key(self, _k: int) -> object:
        """Its limits."""
        return "clip", self.low, self.high

    def value(self, _k: int, x: Fraction) -> Fraction:
        """Clipped."""
        x = x if self.low is None else max(x, self.low)
        return x if self.high is None else min(x, self.high)

    def real(self, _k: int, x: Floats) -> Floats:
        """Clipped."""
        low = None if self.low is None else float(self.low)
        return np.clip(x, low, None if self.high is None else float(self.high))

    def inverse(self, _k: int, condition: Condition) -> Condition:
        """Decided where the bound lies outside of the limits."""
        if condition.always is not None:
            return condition
        c = condition
        if self.low is not None and _holds(c, self.low) == c.above:
            return replace(c, always=c.above)
        if self.high is not None and _holds(c, self.high) != c.above:
            return replace(c, always=not c.above)
        return c

    def rising(self, _k: int) -> bool:
        """It does."""
        return True


def _holds(c: Condition, value: Fraction) -> bool:
    if c.above:
        return value > c.bound if c.strict else value >= c.bound
    return value < c.bound if c.strict else value <= c.bound


@dataclass(frozen=True, eq=False)
class Line:
    """Factor times x, plus an offset, for each element."""

    name: str
    factor: Rationals
    offset: Rationals
    exact: bool = True
    monotone: bool = True

    def take(self, places: NDArray[np.int64]) -> Line:
        """Those of some elements."""
        return replace(self, factor=self.factor[places], offset=self.offset[places])

    def key(self, k: int) -> object:
        """Both numbers."""
        return "line", self.factor[k], self.offset[k]

    def value(self, k: int, x: Fraction) -> Fraction:
        """Exactly."""
        return Fraction(self.factor[k] * x + self.offset[k])

    def real(self, k: int, x: Floats) -> Floats:
        """In float64."""
        return np.asarray(float(self.factor[k]) * x + float(self.offset[k]))

    def inverse(self, k: int, condition: Condition) -> Condition:
        """Turned round by a negative factor."""
        factor, offset = self.factor[k], self.offset[k]
        if condition.always is not None:
            return condition
        if not factor:
            return replace(condition, always=_holds(condition, offset))
        bound = (condition.bound - offset) / factor
        return replace(condition, bound=bound, above=condition.above == (factor > 0))

    def rising(self, k: int) -> bool:
        """With a factor that is not negative."""
        return bool(self.factor[k] >= 0)


@dataclass(frozen=True, eq=False)
class Leaky:
    """X from 0 up, and below a slope times x."""

    name: str
    slope: Rationals
    exact: bool = True

    @property
    def monotone(self) -> bool:
        """With slopes that are not negative."""
        return bool((self.slope >= 0).all())

    def take(self, places: NDArray[np.int64]) -> Leaky:
        """Those of some elements."""
        return replace(self, slope=self.slope[places])

    def key(self, k: int) -> object:
        """The slope."""
        return "leaky", self.slope[k]

    def value(self, k: int, x: Fraction) -> Fraction:
        """Exactly."""
        return x if x >= 0 else Fraction(x * self.slope[k])

    def real(self, k: int, x: Floats) -> Floats:
        """In float64."""
        return np.where(x >= 0, x, x * float(self.slope[k]))

    def inverse(self, k: int, condition: Condition) -> Condition:
        """By the slope of the side on which the bound lies."""
        if condition.always is not None or condition.bound >= 0:
            return condition
        slope = self.slope[k]
        if not slope:
            return replace(condition, always=condition.above)
        return replace(condition, bound=condition.bound / slope)

    def rising(self, _k: int) -> bool:
        """With a slope that is not negative."""
        return True


@dataclass(frozen=True, eq=False)
class Real:
    """Any function in float64, the same for all elements."""

    name: str
    function: Callable[[Floats], Floats]
    monotone: bool = False
    exact: bool = False

    def take(self, _places: NDArray[np.int64]) -> Real:
        """The same for all."""
        return self

    def key(self, _k: int) -> object:
        """The function itself."""
        return id(self.function)

    def value(self, _k: int, x: Fraction) -> Fraction:
        """Rounded to float64."""
        return Fraction(float(self.real(_k, np.array([float(x)]))[0]))

    def real(self, _k: int, x: Floats) -> Floats:
        """In float64."""
        return np.asarray(self.function(np.asarray(x, np.float64)), np.float64)

    def inverse(self, _k: int, _condition: Condition) -> Condition:
        """Not known in closed form."""
        raise NotImplementedError(self.name)

    def rising(self, _k: int) -> bool:
        """What is monotone here rises."""
        return True
