"""Exact integers as terms: what the meaning of a program is, symbolically.

An `Integer` is a sum of atoms times whole factors, plus a constant: sums have one form whatever the
order they were added in. Atoms are what is no sum: variables, products, quotients towards minus
infinity, comparisons, choices and entries of tables. Bounds are carried along; nothing wraps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Atom:
    """What is no sum.

    Attributes
    ----------
    op : str
        "var", "mul", "floor" (of a quotient by ``2**value``), "even" (the same, rounded to nearest
        with ties to even), "max", "less", "equal", "choose" (of a condition and two values),
        "entry" (of the table `value`).
    args : tuple of Integer
    value : object
        Of a variable its name, of a quotient the number of bits, of an entry the table.
    lo, hi : int
    number : int
    """

    op: str
    args: tuple[Integer, ...]
    value: object
    lo: int
    hi: int
    number: int


@dataclass(frozen=True, eq=False)
class Integer:
    """``const + sum of factor * atom``; atoms in the order of their numbers.

    Attributes
    ----------
    terms : tuple of (Atom, int)
    const : int
    lo, hi : int
        Bounds, both included.
    """

    terms: tuple[tuple[Atom, int], ...]
    const: int
    lo: int
    hi: int

    @cached_property
    def key(self) -> tuple[int, ...]:
        """Equal for equal integers of one `Integers`."""
        flat = [self.const]
        for atom, factor in self.terms:
            flat += [atom.number, factor]
        return tuple(flat)

    @property
    def constant(self) -> bool:
        """Whether it is a number."""
        return not self.terms

    @property
    def width(self) -> int:
        """Bits of two's complement that hold it."""
        return width_of(self.lo, self.hi)


@dataclass(frozen=True)
class Fact:
    """What was proved of the meaning: where `cause` is 0, so is `effect`."""

    cause: Integer
    effect: Integer


def content(*values: Integer) -> int:
    """What divides all factors of some integers; at least 1."""
    factors = (f for v in values for f in (v.const, *(factor for _, factor in v.terms)))
    return math.gcd(*factors) or 1


def known_as(
    known: Mapping[tuple[int, ...], Integer], value: Integer
) -> tuple[Integer, int] | None:
    """What an integer is known to be, and times what; None if nothing is known of it."""
    step = content(value)
    terms = tuple((atom, factor // step) for atom, factor in value.terms)
    found = known.get(Integer(terms, value.const // step, 0, 0).key)
    return None if found is None else (found, step)


def width_of(lo: int, hi: int) -> int:
    """Bits of two's complement that hold `lo` to `hi`."""
    return max((~lo if lo < 0 else lo).bit_length(), (~hi if hi < 0 else hi).bit_length()) + 1


class Integers:
    """Makes integers; each atom once."""

    def __init__(self) -> None:
        self._atoms: dict[tuple[object, ...], Atom] = {}

    def const(self, value: int) -> Integer:
        """A number."""
        return Integer((), value, value, value)

    def var(self, name: str, lo: int, hi: int) -> Integer:
        """Anything from `lo` to `hi`; one name has one pair of bounds."""
        return self._atom("var", (), name, lo, hi)

    def _atom(self, op: str, args: tuple[Integer, ...], value: object, lo: int, hi: int) -> Integer:
        if lo == hi:
            return self.const(lo)
        key = (op, value, *[a.key for a in args])
        atom = self._atoms.get(key)
        if atom is None:
            atom = Atom(op, args, value, lo, hi, len(self._atoms))
            self._atoms[key] = atom
        return Integer(((atom, 1),), 0, atom.lo, atom.hi)

    def total(self, parts: Iterable[tuple[Integer, int]], const: int = 0) -> Integer:
        """The sum of integers times whole factors."""
        factors: dict[Atom, int] = {}
        for part, times in parts:
            const += part.const * times
            for atom, factor in part.terms:
                factors[atom] = factors.get(atom, 0) + factor * times
        kept = [(atom, factor) for atom, factor in factors.items() if factor]
        kept.sort(key=lambda term: term[0].number)
        lo = const + sum(f * (a.lo if f > 0 else a.hi) for a, f in kept)
        hi = const + sum(f * (a.hi if f > 0 else a.lo) for a, f in kept)
        return Integer(tuple(kept), const, lo, hi)

    def add(self, a: Integer, b: Integer) -> Integer:
        """``a + b``."""
        return self.total([(a, 1), (b, 1)])

    def subtract(self, a: Integer, b: Integer) -> Integer:
        """``a - b``."""
        return self.total([(a, 1), (b, -1)])

    def scaled(self, a: Integer, factor: int) -> Integer:
        """``a * factor``."""
        return a if factor == 1 else self.total([(a, factor)])

    def divided(self, a: Integer, divisor: int) -> Integer:
        """``a / divisor``, which divides all its factors."""
        terms = tuple((atom, factor // divisor) for atom, factor in a.terms)
        return Integer(terms, a.const // divisor, a.lo // divisor, a.hi // divisor)

    def multiply(self, a: Integer, b: Integer) -> Integer:
        """``a * b``."""
        if a.constant or b.constant:
            number, other = (a, b) if a.constant else (b, a)
            return self.scaled(other, number.const)
        step = content(a) * content(b)
        if step > 1:
            parts = (self.divided(x, content(x)) for x in (a, b))
            return self.scaled(self.multiply(*parts), step)
        if (a.lo, a.hi) != (0, 1) and (b.lo, b.hi) == (0, 1):
            a, b = b, a
        if (a.lo, a.hi) == (0, 1) and b.key != a.key and (b.lo, b.hi) != (0, 1):
            return self.choose(a, b, self.const(0))
        a, b = sorted((a, b), key=lambda x: x.key)
        ends = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        lo = max(min(ends), 0) if a is b or a.key == b.key else min(ends)
        return self._atom("mul", (a, b), None, lo, max(ends))

    def floor(self, a: Integer, bits: int) -> Integer:
        """``a / 2**bits`` towards minus infinity; multiplied, if `bits` is negative."""
        if bits <= 0:
            return self.scaled(a, 1 << -bits)
        step = content(a)
        common = min(bits, (step & -step).bit_length() - 1)
        a, bits = self.divided(a, 1 << common), bits - common
        if bits == 0 or a.constant:
            return self.const(a.const >> bits) if a.constant else a
        return self._atom("floor", (a,), bits, a.lo >> bits, a.hi >> bits)

    def even(self, a: Integer, bits: int) -> Integer:
        """``a / 2**bits`` to the nearest integer, ties to the even one."""
        if bits <= 0:
            return self.scaled(a, 1 << -bits)
        if a.constant:
            return self.const(rounded(a.const, bits))
        return self._atom("even", (a,), bits, rounded(a.lo, bits), rounded(a.hi, bits))

    def largest(self, a: Integer, b: Integer) -> Integer:
        """The larger one."""
        if a.lo >= b.hi:
            return a
        if b.lo >= a.hi:
            return b
        step = content(a, b)
        if step > 1:
            parts = (self.divided(x, step) for x in (a, b))
            return self.scaled(self.largest(*parts), step)
        a, b = sorted((a, b), key=lambda x: x.key)
        lo, both = max(a.lo, b.lo), self.add(a, b)
        if both.constant:  # of a number and its negative one at least is not below zero
            lo = max(lo, -(-both.const // 2))
        return self._atom("max", (a, b), None, lo, max(a.hi, b.hi))

    def smallest(self, a: Integer, b: Integer) -> Integer:
        """The smaller one."""
        return self.scaled(self.largest(self.scaled(a, -1), self.scaled(b, -1)), -1)

    def less(self, a: Integer, b: Integer) -> Integer:
        """1 where ``a < b``, otherwise 0."""
        return self._atom("less", (a, b), None, int(a.hi < b.lo), int(a.lo < b.hi))

    def equal(self, a: Integer, b: Integer) -> Integer:
        """1 where ``a == b``, otherwise 0."""
        difference = self.subtract(a, b)
        if difference.constant:
            return self.const(int(difference.const == 0))
        if difference.lo > 0 or difference.hi < 0:
            return self.const(0)
        return self._atom("equal", (a, b), None, 0, 1)

    def choose(self, condition: Integer, a: Integer, b: Integer) -> Integer:
        """`a` where `condition` (0 or 1) is 1, otherwise `b`."""
        if condition.constant:
            return a if condition.const else b
        if a.key == b.key:
            return a
        if len(condition.terms) == 1 and condition.terms[0][1] == -1:  # 1 minus another one
            return self.choose(self.subtract(self.const(1), condition), b, a)
        step = content(a, b)
        if step > 1:
            parts = (self.divided(x, step) for x in (a, b))
            return self.scaled(self.choose(condition, *parts), step)
        return self._atom("choose", (condition, a, b), None, min(a.lo, b.lo), max(a.hi, b.hi))

    def entry(self, table: Sequence[int], index: Integer) -> Integer:
        """``table[index]``; the bounds of `index` must lie in the table."""
        assert 0 <= index.lo <= index.hi < len(table)
        reached = table[index.lo : index.hi + 1]
        if index.constant:
            return self.const(table[index.const])
        return self._atom("entry", (index,), tuple(table), min(reached), max(reached))


def rounded(value: int, bits: int) -> int:
    """``value / 2**bits`` to the nearest integer, ties to the even one."""
    whole, rest = value >> bits, value & ((1 << bits) - 1)
    half = 1 << (bits - 1)
    return whole + int(rest > half or (rest == half and whole & 1 == 1))


def atoms_of(roots: Iterable[Integer]) -> list[Atom]:
    """All atoms under `roots`, arguments first."""
    seen: dict[int, Atom] = {}
    stack = list(roots)
    while stack:
        for atom, _ in stack.pop().terms:
            if atom.number not in seen:
                seen[atom.number] = atom
                stack.extend(atom.args)
    return [seen[k] for k in sorted(seen)]


def value_of(a: Integer, numbers: Mapping[int, int]) -> int:
    """The number that an integer is, for numbers of its atoms."""
    return a.const + sum(factor * numbers[atom.number] for atom, factor in a.terms)


def evaluated(
    roots: Iterable[Integer], values: Mapping[str, int], atoms: Sequence[Atom] | None = None
) -> dict[int, int]:
    """The number of every atom under `roots`, by `Atom.number`, for numbers of the variables.

    `atoms` are those of the roots, where they are known.
    """
    numbers: dict[int, int] = {}
    for atom in atoms_of(roots) if atoms is None else atoms:
        args = [value_of(a, numbers) for a in atom.args]
        numbers[atom.number] = _number(atom, args, values)
    return numbers


def _number(atom: Atom, args: Sequence[int], values: Mapping[str, int]) -> int:
    match atom.op:
        case "var":
            return values[str(atom.value)]
        case "mul":
            return args[0] * args[1]
        case "floor":
            assert isinstance(atom.value, int)
            return args[0] >> atom.value
        case "even":
            assert isinstance(atom.value, int)
            return rounded(args[0], atom.value)
        case "max":
            return max(args)
        case "less":
            return int(args[0] < args[1])
        case "equal":
            return int(args[0] == args[1])
        case "choose":
            return args[1] if args[0] else args[2]
        case "entry":
            assert isinstance(atom.value, tuple)
            return int(atom.value[args[0]])
    raise AssertionError(atom.op)
