"""Terms over bit vectors: what a Verilog net is, as a function of what it is made from.

Equal terms are one object. Constants are folded, and wiring (slices of concatenations, copies of a
sign bit, masks of one repeated bit) is brought to one form, so that a value which only travels
through registers is the very same term behind them. Every rule is an identity of bit vectors.
"""

from __future__ import annotations

from collections.abc import Sequence


class Bits:
    """A term of `width` bits.

    Attributes
    ----------
    op : str
        "const", "var", "concat" (the highest part first), "slice", "sext", "ite", "and", "or",
        "xor", "not", "add", "sub", "neg", "mul", "eq", "ult", "slt", "redxor", "sll", "srl", "sra".
    width : int
    args : tuple of Bits
    value : int or str or tuple
        Of a constant its number, of a variable its name, of a slice its highest and lowest bit.
    number : int
        Where it stands among the terms of its `Terms`: behind its arguments.
    """

    __slots__ = ("args", "number", "op", "value", "width")

    def __init__(
        self, op: str, width: int, args: tuple[Bits, ...], value: object, number: int
    ) -> None:
        self.op = op
        self.width = width
        self.args = args
        self.value = value
        self.number = number

    @property
    def constant(self) -> bool:
        """Whether it is a number."""
        return self.op == "const"

    @property
    def integer(self) -> int:
        """The number that a constant is, without a sign."""
        assert isinstance(self.value, int)
        return self.value

    @property
    def name(self) -> str:
        """The name of a variable."""
        assert isinstance(self.value, str)
        return self.value

    @property
    def ends(self) -> tuple[int, int]:
        """The highest and the lowest bit of a slice."""
        assert isinstance(self.value, tuple)
        return self.value


class Terms:
    """Makes terms, each of them once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Bits] = {}
        self._instead: dict[int, Bits] = {}
        self._ranges: dict[int, list[tuple[int, int, Bits]]] = {}  # slices that are variables

    def _make(self, op: str, width: int, args: tuple[Bits, ...], value: object = None) -> Bits:
        key = (op, width, value, *[a.number for a in args])
        term = self._known.get(key)
        if term is None:
            term = Bits(op, width, args, value, len(self._known))
            self._known[key] = term
        return self._instead.get(term.number, term)

    def current(self, term: Bits) -> Bits:
        """A term, or the variable that stands for it by now."""
        return self._instead.get(term.number, term)

    def replace(self, term: Bits, variable: Bits) -> None:
        """Give `variable` for `term` from now on: it was proved that they are equal."""
        if term.op in ("const", "var") or term.number in self._instead:
            return
        self._instead[term.number] = variable
        if term.op == "slice":
            self._ranges.setdefault(term.args[0].number, []).append((*term.ends, variable))
        elif term.op == "sext":
            self.replace(term.args[0], self.slice(variable, term.args[0].width - 1, 0))
        elif term.op == "concat":
            end = term.width
            for part in term.args:
                self.replace(part, self.slice(variable, end - 1, end - part.width))
                end -= part.width

    def const(self, value: int, width: int) -> Bits:
        """A number, modulo ``2**width``."""
        return self._make("const", width, (), value & ((1 << width) - 1))

    def var(self, name: str, width: int) -> Bits:
        """Any value whatever."""
        return self._make("var", width, (), name)

    # Wiring

    def concat(self, parts: Sequence[Bits]) -> Bits:
        """Parts side by side, the highest first."""
        flat: list[Bits] = []
        for part in parts:
            pieces = part.args if part.op == "concat" else (part,)
            for piece in pieces:
                flat.append(piece)
                while len(flat) > 1:
                    joined = self._joined(flat[-2], flat[-1])
                    if joined is None:
                        break
                    flat[-2:] = [joined]
        flat = self._signs(flat)
        if len(flat) == 1:
            return flat[0]
        return self._make("concat", sum(p.width for p in flat), tuple(flat))

    def _joined(self, high: Bits, low: Bits) -> Bits | None:
        """Two neighbours as one term, where they are."""
        if high.constant and low.constant:
            return self.const(high.integer << low.width | low.integer, high.width + low.width)
        if high.op == "slice" and low.op == "slice" and high.args == low.args:
            return self._adjacent(high, low)
        if high is low and high.width == 1:
            return self._make("sext", 2, (low,))
        if high.op == "sext" and high.args[0] is low and low.width == 1:
            return self._make("sext", high.width + 1, (low,))
        return None

    def _adjacent(self, high: Bits, low: Bits) -> Bits | None:
        """Two slices of one term as one, where no bit lies between them."""
        if high.ends[1] != low.ends[0] + 1:
            return None
        return self.slice(high.args[0], high.ends[0], low.ends[1])

    def _signs(self, parts: list[Bits]) -> list[Bits]:
        """Copies of a sign in front of what they are the sign of, as an extension; low parts first.

        A part behind them may be the upper end of what lies in several parts.
        """
        done: list[Bits] = []
        for part in reversed(parts):
            bit = part.args[0] if part.op == "sext" and part.args[0].width == 1 else part
            if done and bit.width == 1 and not bit.constant and self.top(done[-1]) is bit:
                done[-1] = self.sext(done[-1], done[-1].width + part.width)
            else:
                done.append(part)
        return done[::-1]

    def top(self, a: Bits) -> Bits:
        """The highest bit."""
        return self.slice(a, a.width - 1, a.width - 1)

    def slice(self, a: Bits, high: int, low: int) -> Bits:
        """Bits `high` to `low`, both included."""
        width = high - low + 1
        if width == a.width:
            return a
        if a.constant:
            return self.const(a.integer >> low, width)
        if a.op == "slice":
            return self.slice(a.args[0], high + a.ends[1], low + a.ends[1])
        if a.op == "sext":
            return self._slice_of_sext(a, high, low)
        if a.op == "concat":
            return self._slice_of_concat(a, high, low)
        if a.op == "ite" and any(x.constant for x in a.args[1:]):
            c, x, y = a.args
            return self.ite(c, self.slice(x, high, low), self.slice(y, high, low))
        for last, first, variable in self._ranges.get(a.number, ()):
            if first <= low and high <= last:
                return self.slice(variable, high - first, low - first)
        return self._make("slice", width, (a,), (high, low))

    def _slice_of_sext(self, a: Bits, high: int, low: int) -> Bits:
        inner = a.args[0]
        if high < inner.width:
            return self.slice(inner, high, low)
        low_part = self.slice(inner, inner.width - 1, min(low, inner.width - 1))
        return self.sext(low_part, high - low + 1)

    def _slice_of_concat(self, a: Bits, high: int, low: int) -> Bits:
        parts, end = [], a.width
        for part in a.args:
            start = end - part.width  # the part lies at bits start to end - 1
            first, last = min(high, end - 1), max(low, start)
            if first >= last:
                parts.append(self.slice(part, first - start, last - start))
            end = start
        return self.concat(parts)

    def sext(self, a: Bits, width: int) -> Bits:
        """`a` with copies of its sign in front."""
        if width == a.width:
            return a
        if a.constant:
            sign = a.integer >> (a.width - 1)
            return self.const(a.integer - (sign << a.width), width)
        if a.op == "sext":
            return self._make("sext", width, a.args)
        if a.op == "concat" and a.args[0].constant and a.args[0].integer == 0:
            return self.zext(a, width)
        return self._make("sext", width, (a,))

    def zext(self, a: Bits, width: int) -> Bits:
        """`a` with zeros in front."""
        return a if width == a.width else self.concat([self.const(0, width - a.width), a])

    # Logic

    def invert(self, a: Bits) -> Bits:
        """Every bit inverted."""
        if a.constant:
            return self.const(~a.integer, a.width)
        if a.op == "not":
            return a.args[0]
        if a.op == "sext":
            return self.sext(self.invert(a.args[0]), a.width)
        return self._make("not", a.width, (a,))

    def ite(self, condition: Bits, a: Bits, b: Bits) -> Bits:
        """`a` where the one bit of `condition` is set, otherwise `b`."""
        if condition.constant:
            return a if condition.integer else b
        if a is b:
            return a
        if condition.op == "not":
            return self.ite(condition.args[0], b, a)
        if a.width == 1 and a.constant and b.constant:
            return condition if a.integer else self.invert(condition)
        return self._make("ite", a.width, (condition, a, b))

    def both(self, a: Bits, b: Bits) -> Bits:
        """Bitwise and."""
        a, b = _constant_first(a, b)
        if a.constant and a.integer in (0, (1 << a.width) - 1):
            return b if a.integer else a
        if a is b:
            return a
        for mask, other in ((a, b), (b, a)):
            if mask.op == "sext" and mask.args[0].width == 1:
                return self.ite(mask.args[0], other, self.const(0, a.width))
        return self._make("and", a.width, (a, b))

    def either(self, a: Bits, b: Bits) -> Bits:
        """Bitwise or."""
        a, b = _constant_first(a, b)
        if a.constant and a.integer in (0, (1 << a.width) - 1):
            return a if a.integer else b
        if a is b:
            return a
        for mask, other in ((a, b), (b, a)):
            if mask.op == "sext" and mask.args[0].width == 1:
                return self.ite(mask.args[0], self.const(-1, a.width), other)
        return self._make("or", a.width, (a, b))

    def differ(self, a: Bits, b: Bits) -> Bits:
        """Bitwise exclusive or."""
        a, b = _constant_first(a, b)
        if a is b:
            return self.const(0, a.width)
        if a.constant and b.constant:
            return self.const(a.integer ^ b.integer, a.width)
        if a.constant and a.integer in (0, (1 << a.width) - 1):
            return self.invert(b) if a.integer else b
        return self._make("xor", a.width, (a, b))

    def equal(self, a: Bits, b: Bits) -> Bits:
        """One bit: whether they are equal."""
        a, b = _constant_first(a, b)
        if a is b:
            return self.const(1, 1)
        if a.constant and b.constant:
            return self.const(int(a.integer == b.integer), 1)
        if a.constant and a.width == 1:
            return b if a.integer else self.invert(b)
        return self._make("eq", 1, (a, b))

    # Arithmetic

    def arithmetic(self, op: str, a: Bits, b: Bits) -> Bits:
        """Operations "add", "sub" and "mul", modulo ``2**width``; "sll", "srl", "sra"."""
        if a.constant and b.constant:
            return self.const(operated(op, a.integer, b.integer, a.width), a.width)
        if b.constant and b.integer == 0 and op != "mul":
            return a
        if op == "add" and a.constant and a.integer == 0:
            return b
        if op == "mul" and any(x.constant and x.integer == 0 for x in (a, b)):
            return self.const(0, a.width)
        if op in ("sll", "srl", "sra") and b.constant:
            return self._moved(op, a, min(b.integer, a.width))
        return self._make(op, a.width, (a, b))

    def _moved(self, op: str, a: Bits, places: int) -> Bits:
        if op == "sra":
            places = min(places, a.width - 1)
            return self.sext(self.slice(a, a.width - 1, places), a.width)
        if places == a.width:
            return self.const(0, a.width)
        zeros = self.const(0, places)
        if op == "sll":
            return self.concat([self.slice(a, a.width - 1 - places, 0), zeros])
        return self.concat([zeros, self.slice(a, a.width - 1, places)])

    def negative(self, a: Bits) -> Bits:
        """``-a`` modulo ``2**width``."""
        return self.const(-a.integer, a.width) if a.constant else self._make("neg", a.width, (a,))

    def less(self, a: Bits, b: Bits, signed: bool) -> Bits:
        """One bit: whether ``a < b``."""
        op = "slt" if signed else "ult"
        if a is b:
            return self.const(0, 1)
        if a.constant and b.constant:
            return self.const(operated(op, a.integer, b.integer, a.width), 1)
        return self._make(op, 1, (a, b))

    def parity(self, a: Bits) -> Bits:
        """One bit: whether an odd number of bits is set."""
        if a.constant:
            return self.const(a.integer.bit_count(), 1)
        return self._make("redxor", 1, (a,))


def _constant_first(a: Bits, b: Bits) -> tuple[Bits, Bits]:
    """The operands of what is commutative, a number in front."""
    return (b, a) if b.constant and not a.constant else (a, b)


def signed_of(value: int, width: int) -> int:
    """A number of `width` bits read as two's complement."""
    return value - (value >> (width - 1) << width)


def operated(op: str, a: int, b: int, width: int) -> int:
    """What an operation gives of two numbers, before it is cut to its width."""
    match op:
        case "add":
            return a + b
        case "sub":
            return a - b
        case "mul":
            return a * b
        case "sll":
            return a << min(b, width)
        case "srl":
            return a >> min(b, width)
        case "sra":
            return signed_of(a, width) >> min(b, width)
        case "ult":
            return int(a < b)
        case "slt":
            return int(signed_of(a, width) < signed_of(b, width))
    raise AssertionError(op)
