"""Lemmas as SMT-LIB 2.6: the text that solvers get, and that lies in the project.

Variables and definitions are numbered as they are met, so that lemmas which differ in names alone
have one text: what was decided once is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from triggernet.deployment.prove.bits import Bits
from triggernet.deployment.prove.integers import Atom, Integer, known_as, width_of

COMPARISONS = {"eq": "=", "ult": "bvult", "slt": "bvslt"}
BINARY = {
    "and": "bvand", "or": "bvor", "xor": "bvxor", "add": "bvadd", "sub": "bvsub", "mul": "bvmul",
    "sll": "bvshl", "srl": "bvlshr", "sra": "bvashr",
}  # fmt: skip

Text = tuple[str, int]  # an expression and its bits


def literal(value: int, width: int) -> str:
    """A number of `width` bits."""
    return f"(_ bv{value & ((1 << width) - 1)} {width})"


def fitted(text: str, width: int, wanted: int) -> str:
    """A number with a sign, extended or cut to `wanted` bits."""
    if wanted > width:
        return f"((_ sign_extend {wanted - width}) {text})"
    return text if wanted == width else f"((_ extract {wanted - 1} 0) {text})"


class Script:
    """One lemma under construction.

    Parameters
    ----------
    elements : mapping of str to Integer
        What variables with a meaning stand for, by their name: their bounds are assumed.
    known_bits : mapping of int to Integer
        Terms that are an integer, by `Bits.number`.
    known : mapping of key to Integer
        Integers that are another one: what was proved equal to terms.
    """

    def __init__(
        self,
        elements: Mapping[str, Integer],
        known_bits: Mapping[int, Integer],
        known: Mapping[tuple[int, ...], Integer],
    ) -> None:
        self.elements = elements
        self.known_bits = known_bits
        self.known = known
        self.lines: list[str] = []
        self.variables: dict[str, str] = {}  # their names in the text, by ours
        self._bits: dict[int, str] = {}
        self._atoms: dict[int, Text] = {}
        self._integers: dict[tuple[int, ...], Text] = {}

    def _define(self, text: str, width: int) -> str:
        name = f"t{len(self.lines)}"
        self.lines.append(f"(define-fun {name} () (_ BitVec {width}) {text})")
        return name

    def _variable(self, name: str, width: int, lo: int, hi: int) -> str:
        if name not in self.variables:
            short = f"x{len(self.variables)}"
            self.variables[name] = short
            self.lines.append(f"(declare-const {short} (_ BitVec {width}))")
            if (lo, hi) != (-(1 << (width - 1)), (1 << (width - 1)) - 1):
                self.lines.append(f"(assert (bvsle {literal(lo, width)} {short}))")
                self.lines.append(f"(assert (bvsle {short} {literal(hi, width)}))")
        return self.variables[name]

    # Bit vectors

    def bits(self, root: Bits, *, inside: bool = False) -> str:
        """The name or text of a term; with `inside`, it is not taken for what it is known to be."""
        stack = [root]
        while stack:
            term = stack[-1]
            if term.number in self._bits:
                stack.pop()
                continue
            known = self.known_bits.get(term.number)
            if known is not None and not (inside and term is root):
                text, width = self.integer(known)
                self._bits[term.number] = fitted(text, width, term.width)
                continue
            missing = [a for a in term.args if a.number not in self._bits]
            if missing:
                stack.extend(reversed(missing))
                continue
            self._bits[term.number] = self._term(term)
            stack.pop()
        return self._bits[root.number]

    def _term(self, term: Bits) -> str:
        if term.op == "const":
            return literal(term.integer, term.width)
        if term.op == "var":
            meant = self.elements.get(term.name)
            if meant is not None:
                text, width = self.integer(meant)
                return fitted(text, width, term.width)
            half = 1 << (term.width - 1)
            return self._variable(term.name, term.width, -half, half - 1)
        args = [self._bits[a.number] for a in term.args]
        return self._define(_operation(term, args), term.width)

    # Integers

    def integer(self, value: Integer) -> Text:
        """An integer in two's complement, of as many bits as its bounds need."""
        key = value.key
        done = self._integers.get(key)
        if done is None:
            value = self._instead(value)
            width = value.width
            parts = [self._scaled(atom, factor, width) for atom, factor in value.terms]
            if value.const or not parts:
                parts.append(literal(value.const, width))
            text = parts[0] if len(parts) == 1 else self._define(_folded(parts), width)
            done = (text, width)
            self._integers[key] = done
        return done

    def _instead(self, value: Integer) -> Integer:
        """What an integer is known to be."""
        found = known_as(self.known, value)
        if found is None:
            return value
        variable, step = found
        (atom, sign), *_ = variable.terms
        ends = sorted((variable.lo * step, variable.hi * step))
        return Integer(((atom, sign * step),), variable.const * step, ends[0], ends[1])

    def _scaled(self, atom: Atom, factor: int, width: int) -> str:
        text, own = self._atom(atom)
        extended = fitted(text, own, width)
        if factor == 1:
            return extended
        if factor == -1:
            return f"(bvneg {extended})"
        return f"(bvmul {literal(factor, width)} {extended})"

    def _atom(self, atom: Atom) -> Text:
        known = self.known.get((0, atom.number, 1))
        if known is not None and known.key != (0, atom.number, 1):
            return self.integer(known)
        if atom.number not in self._atoms:
            width = width_of(atom.lo, atom.hi)
            if atom.op == "var":
                text = self._variable(str(atom.value), width, atom.lo, atom.hi)
            else:
                args = [self.integer(a) for a in atom.args]
                text = self._define(_atom_text(atom, args, width), width)
            self._atoms[atom.number] = (text, width)
        return self._atoms[atom.number]

    def differ(self, term: Bits, value: Integer) -> str:
        """The lemma that a term is an integer: a script that no values satisfy."""
        self.bits(term, inside=True)
        text, width = self.integer(value)
        claim = f"(assert (distinct {self._bits[term.number]} {fitted(text, width, term.width)}))"
        return "\n".join(["(set-logic QF_BV)", *self.lines, claim, "(check-sat)", ""])

    def equal(self, a: Bits, b: Bits) -> str:
        """The lemma that two terms are equal."""
        first, second = self.bits(a), self.bits(b)
        claim = f"(assert (distinct {first} {second}))"
        return "\n".join(["(set-logic QF_BV)", *self.lines, claim, "(check-sat)", ""])

    def assume(self, cause: Integer, effect: Integer) -> None:
        """What was proved before: where `cause` is 0, so is `effect`."""
        zero = [f"(= {text} {literal(0, w)})" for text, w in map(self.integer, (cause, effect))]
        self.lines.append(f"(assert (=> {zero[0]} {zero[1]}))")


def _folded(parts: list[str]) -> str:
    text = parts[0]
    for part in parts[1:]:
        text = f"(bvadd {text} {part})"
    return text


def _operation(term: Bits, args: list[str]) -> str:
    if term.op in BINARY:
        return f"({BINARY[term.op]} {args[0]} {args[1]})"
    if term.op in COMPARISONS:
        return f"(ite ({COMPARISONS[term.op]} {args[0]} {args[1]}) #b1 #b0)"
    match term.op:
        case "concat":
            return f"(concat {' '.join(args)})"
        case "slice":
            return f"((_ extract {term.ends[0]} {term.ends[1]}) {args[0]})"
        case "sext":
            return f"((_ sign_extend {term.width - term.args[0].width}) {args[0]})"
        case "ite":
            return f"(ite (= {args[0]} #b1) {args[1]} {args[2]})"
        case "not":
            return f"(bvnot {args[0]})"
        case "neg":
            return f"(bvneg {args[0]})"
        case "redxor":
            bits = [f"((_ extract {k} {k}) {args[0]})" for k in range(term.args[0].width)]
            text = bits[0]
            for bit in bits[1:]:
                text = f"(bvxor {text} {bit})"
            return text
    raise AssertionError(term.op)


def _atom_text(atom: Atom, args: list[Text], width: int) -> str:
    """An atom in `width` bits; every step is in as many bits as it needs."""
    common = max(w for _, w in args)
    match atom.op:
        case "mul":
            return f"(bvmul {fitted(*args[0], width)} {fitted(*args[1], width)})"
        case "floor":
            assert isinstance(atom.value, int)
            return _shifted(args[0], atom.value, width)
        case "even":
            assert isinstance(atom.value, int)
            return _rounded(args[0], atom.value, width)
        case "max":
            a, b = (fitted(*x, common) for x in args)
            return fitted(f"(ite (bvslt {a} {b}) {b} {a})", common, width)
        case "less" | "equal":
            a, b = (fitted(*x, common) for x in args)
            how = "bvslt" if atom.op == "less" else "="
            return f"(ite ({how} {a} {b}) {literal(1, width)} {literal(0, width)})"
        case "choose":
            (flag, bits), *rest = args
            a, b = (fitted(*x, width) for x in rest)
            return f"(ite (= {flag} {literal(0, bits)}) {b} {a})"
        case "entry":
            assert isinstance(atom.value, tuple)
            return _entry(atom.value, args[0], width)
    raise AssertionError(atom.op)


def _shifted(a: Text, bits: int, width: int) -> str:
    text, own = a
    low = min(bits, own - 1)
    return fitted(f"((_ extract {own - 1} {low}) {text})", own - low, width)


def _rounded(a: Text, bits: int, width: int) -> str:
    wide = max(a[1], bits + 1) + 1
    text = fitted(*a, wide)
    odd = f"(concat {literal(0, wide - 1)} ((_ extract {bits} {bits}) {text}))"
    almost_half = literal((1 << (bits - 1)) - 1, wide)
    return _shifted((f"(bvadd (bvadd {text} {almost_half}) {odd})", wide), bits, width)


def _entry(table: tuple[int, ...], index: Text, width: int) -> str:
    """Multiplexers over the bits of the index, the lowest bit next to the entries."""
    text, own = index
    level = [literal(v, width) for v in table]
    bits = min(own, max(1, (len(table) - 1).bit_length()))
    for k in range(bits):
        level += [level[-1]] * (len(level) % 2)
        bit = f"(= ((_ extract {k} {k}) {text}) #b1)"
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [low if low == high else f"(ite {bit} {high} {low})" for low, high in pairs]
    return level[0]
