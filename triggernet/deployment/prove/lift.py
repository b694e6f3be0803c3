"""Bit vectors as exact integers: what additions, shifts and extensions of a net amount to.

A term of `w` bits is lifted to an integer that it equals modulo ``2**w``. Where a net is extended,
bounds must show that nothing was lost before; where they do not, it stays an unknown of its own.
So sums of a netlist, however they are associated and whatever shares them, come to the one form
that sums of the meaning have.
"""

from __future__ import annotations

from collections.abc import Mapping

from triggernet.deployment.prove.bits import Bits, signed_of
from triggernet.deployment.prove.integers import Integer, Integers


class Lifting:
    """Lifts terms, arguments first.

    Parameters
    ----------
    bank : Integers
    elements : mapping of str to Integer
        What variables with a meaning stand for, by their name.
    """

    def __init__(self, bank: Integers, elements: Mapping[str, Integer]) -> None:
        self.bank = bank
        self.elements = elements
        self.lifted: dict[int, Integer] = {}  # by Bits.number

    def lift(self, term: Bits) -> Integer:
        """An integer that equals `term` modulo ``2**term.width``; its arguments are lifted."""
        known = self.lifted.get(term.number)
        if known is None:
            known = self._lifted(term)
            self.lifted[term.number] = known
        return known

    def opaque(self, term: Bits) -> Integer:
        """An unknown that is the unsigned value of a term."""
        return self.bank.var(f"~{term.number}", 0, (1 << term.width) - 1)

    def unsigned(self, term: Bits) -> Integer:
        """The value of a term without a sign."""
        value = self._fitting(term, 0, (1 << term.width) - 1)
        if value is None:
            value = self._without_upper(term) if term.op == "slice" else self.opaque(term)
        return value

    def signed(self, term: Bits) -> Integer | None:
        """The value of a term with a sign, where bounds tell it."""
        half = 1 << (term.width - 1)
        return self._fitting(term, -half, half - 1)

    def _fitting(self, term: Bits, lo: int, hi: int) -> Integer | None:
        """What a term was lifted to, moved by a multiple of its span into some bounds."""
        lifted, span = self.lift(term), 1 << term.width
        moved = self.bank.add(lifted, self.bank.const(-((lifted.lo - lo) // span) * span))
        return moved if lo <= moved.lo and moved.hi <= hi else None

    def _lifted(self, term: Bits) -> Integer:
        bank, args = self.bank, term.args
        match term.op:
            case "const":
                return bank.const(signed_of(term.integer, term.width))
            case "var":
                return self.elements.get(term.name) or self.opaque(term)
            case "add":
                return bank.add(self.lift(args[0]), self.lift(args[1]))
            case "sub":
                return bank.subtract(self.lift(args[0]), self.lift(args[1]))
            case "neg":
                return bank.scaled(self.lift(args[0]), -1)
            case "mul":
                return bank.multiply(self.lift(args[0]), self.lift(args[1]))
            case "concat":
                return self._joined(term)
            case "slice":
                return self._part(term)
            case "sext":
                value = self.signed(args[0])
                return self.opaque(term) if value is None else value
        return self.opaque(term)

    def _joined(self, term: Bits) -> Integer:
        parts, offset = [], 0
        for part in reversed(term.args):
            value = self.lift(part) if part is term.args[0] else self.unsigned(part)
            parts.append((value, 1 << offset))
            offset += part.width
        return self.bank.total(parts)

    def _part(self, term: Bits) -> Integer:
        return self.bank.floor(self.lift(term.args[0]), term.ends[1])

    def _without_upper(self, term: Bits) -> Integer:
        """The very value of a slice: a quotient, less what lies above."""
        inner, (high, low) = self.lift(term.args[0]), term.ends
        upper = self.bank.floor(inner, high + 1)
        return self.bank.total([(self.bank.floor(inner, low), 1), (upper, -(2 << high - low))])
