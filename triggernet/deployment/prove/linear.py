"""Equal sums as a script over integers, for another solver to check.

The sum of the netlist stands as the netlist adds it, one addition a line, and the sum of the
meaning as the meaning does. Claimed is that both are equal modulo what the net holds, and that no
net was too narrow which is extended later on.
"""

from __future__ import annotations

from collections.abc import Callable

from triggernet.deployment.prove.bits import Bits, signed_of
from triggernet.deployment.prove.integers import Integer
from triggernet.deployment.prove.simulated import ordered

Lift = Callable[[Bits], Integer]


class _Sums:
    """A script under construction."""

    def __init__(self, lift: Lift, known: dict[int, Integer]) -> None:
        self.lift, self.known = lift, known
        self.lines: list[str] = []
        self.fits: list[str] = []  # that nothing was lost before an extension
        self.names: dict[str, str] = {}
        self.texts: dict[int, str] = {}

    def variable(self, name: str, lo: int, hi: int) -> str:
        if name not in self.names:
            short = f"x{len(self.names)}"
            self.names[name] = short
            self.lines.append(f"(declare-const {short} Int)")
            self.lines.append(
                f"(assert (and (<= {_number(lo)} {short}) (<= {short} {_number(hi)})))"
            )
        return self.names[name]

    def integer(self, value: Integer) -> str:
        """A sum as the meaning has it; other atoms than variables are unknowns."""
        parts = [_number(value.const)]
        for atom, factor in value.terms:
            name = self.variable(f"{atom.op} {atom.number}", atom.lo, atom.hi)
            parts.append(f"(* {_number(factor)} {name})")
        return f"(+ {' '.join(parts)})" if len(parts) > 1 else parts[0]

    def term(self, term: Bits) -> None:
        """One net; its arguments are there."""
        name = f"t{len(self.texts)}"
        self.lines.append(f"(define-fun {name} () Int {self._text(term)})")
        self.texts[term.number] = name

    def _text(self, term: Bits) -> str:
        if term.number in self.known or term.op not in SUMS:
            return self.integer(self.lift(term))
        args = [self.texts[a.number] for a in term.args]
        match term.op:
            case "const":
                return _number(signed_of(term.integer, term.width))
            case "add":
                return f"(+ {args[0]} {args[1]})"
            case "sub":
                return f"(- {args[0]} {args[1]})"
            case "neg":
                return f"(- {args[0]})"
            case "sext":
                half = 1 << (term.args[0].width - 1)
                return self._fitting(term.args[0], args[0], (-half, half - 1))
        parts, offset = [], 0
        for part, text in zip(reversed(term.args), reversed(args), strict=True):
            if part is not term.args[0]:
                text = self._fitting(part, text, (0, (1 << part.width) - 1))  # noqa: PLW2901
            parts.append(f"(* {1 << offset} {text})")
            offset += part.width
        return f"(+ 0 {' '.join(parts)})"

    def _fitting(self, term: Bits, text: str, ends: tuple[int, int]) -> str:
        """A net moved by a multiple of its span into some bounds; that it fits is claimed."""
        lo, span = ends[0], 1 << term.width
        places = -((self.lift(term).lo - lo) // span)
        moved = f"(+ {text} {_number(places * span)})"
        self.fits.append(f"(and (<= {_number(lo)} {moved}) (<= {moved} {_number(ends[1])}))")
        return moved


SUMS = ("const", "add", "sub", "neg", "sext", "concat")


def _number(value: int) -> str:
    return str(value) if value >= 0 else f"(- {-value})"


def integer_script(term: Bits, wanted: Integer, lift: Lift, known: dict[int, Integer]) -> str:
    """The script: without a solution if the net's sum is the meaning's.

    Parameters
    ----------
    term : Bits
    wanted : Integer
    lift : callable(Bits) -> Integer
        What a term was lifted to.
    known : dict of int to Integer
        Terms that are variables by now, by `Bits.number`.
    """
    sums = _Sums(lift, {number: value for number, value in known.items() if number != term.number})
    stop = {t: None for t in ordered([term]) if t.number in sums.known or t.op not in SUMS}
    for inner in ordered([term], stop=stop):
        sums.term(inner)
    rest = f"(- {sums.texts[term.number]} {sums.integer(wanted)})"
    claims = " ".join([f"(= 0 (mod {rest} {1 << term.width}))", *sums.fits])
    return "\n".join(
        [
            "(set-logic QF_NIA)",
            *sums.lines,
            f"(assert (not (and {claims} true)))",
            "(check-sat)",
            "",
        ]
    )
