"""Values of everything in a lemma, for some values of its variables: which signals may be equal."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from triggernet.deployment.prove.bits import Bits, signed_of
from triggernet.deployment.prove.integers import (
    Atom,
    Fact,
    Integer,
    Integers,
    atoms_of,
    content,
    evaluated,
    value_of,
)
from triggernet.deployment.prove.simulated import evaluated as evaluated_bits

SAMPLES = 128
TELLING = 2  # different values in the samples from which on a signal is compared
SMALL_PART, TRIES = 60, 1000  # atoms of what further samples are drawn for, and how many at most
WHERE = ("anywhere", "zero", "ends")


class Samples:
    """Values of everything in a lemma for some values of its variables that its facts allow.

    Parameters
    ----------
    bank : Integers
    claim : (Integer, sequence of Fact)
        What the lemma's term is said to be, and what is known of its variables.
    elements : mapping of str to Integer
        What variables of terms stand for, by their name.
    terms : sequence of Bits
        Arguments first.
    """

    def __init__(
        self,
        bank: Integers,
        claim: tuple[Integer, Sequence[Fact]],
        elements: Mapping[str, Integer],
        terms: Sequence[Bits],
    ) -> None:
        self.bank, (self.value, self.facts), self.elements = bank, claim, elements
        self.terms = terms
        self.drawn = [self._draw(random.Random(seed)) for seed in range(SAMPLES)]
        self._values = list(self._inner().values())
        for inner in self._values:
            self._make_telling(inner)
        columns = [self._columns(terms, values) for values in self.drawn]
        self._found = {
            t.number: tuple(column[k] for column in columns) for k, t in enumerate(terms)
        }
        self._candidates = self._by_numbers()

    def _make_telling(self, value: Integer) -> None:
        """Draw one more sample if all gave the same number of `value`; of small parts alone."""
        atoms = atoms_of([value])
        found = {value_of(value, evaluated([value], values)) for values in self.drawn}
        if len(found) >= TELLING or len(atoms) > SMALL_PART:
            return
        for seed in range(SAMPLES, SAMPLES + TRIES):
            random_ = random.Random(seed)
            values = dict(self.drawn[0]) | _values_of(random_, atoms)
            self._obey(values)
            if value_of(value, evaluated([value], values)) not in found:
                self.drawn.append(values)
                return

    def _draw(self, random_: random.Random) -> dict[str, int]:
        """Values of integer variables, and of terms' variables without a meaning."""
        roots = [self.value, *(x for f in self.facts for x in (f.cause, f.effect))]
        meant = (t.name for t in self.terms if t.op == "var" and t.name in self.elements)
        values = _values_of(random_, atoms_of([*roots, *(self.elements[n] for n in meant)]))
        self._obey(values)
        for term in self.terms:
            if term.op == "var" and term.name not in values:
                values[term.name] = random_.getrandbits(term.width)
        return values

    def _obey(self, values: dict[str, int]) -> None:
        """Make values such that the lemma's facts hold."""
        for fact in self.facts:
            (cause, _), (effect, _) = fact.cause.terms[0], fact.effect.terms[0]
            if values[str(cause.value)] == 0:
                values[str(effect.value)] = 0

    def _columns(self, terms: Sequence[Bits], values: Mapping[str, int]) -> list[int]:
        """The number of each term."""
        names = dict(values)
        for term in terms:
            if term.op == "var" and term.name in self.elements:
                meant = self.elements[term.name]
                names[term.name] = value_of(meant, evaluated([meant], values))
        numbers = evaluated_bits(terms, names)
        return [numbers[t.number] for t in terms]

    def like(self, term: Bits) -> Iterator[Integer]:
        """Integers of the meaning, times a power of two, that a term is in all samples."""
        found = self._found[term.number]
        if len(set(found)) < TELLING:
            return
        signed = tuple(signed_of(x, term.width) for x in found)
        for numbers in dict.fromkeys((found, signed)):
            key, places = _without_zeros(numbers)
            for value, own in self._candidates.get(key, ()):
                if places >= own:
                    yield self.bank.scaled(value, 1 << (places - own))

    def _inner(self) -> dict[tuple[int, ...], Integer]:
        """Integers that the meaning goes through, without what divides all of their factors."""
        inner: dict[tuple[int, ...], Integer] = {}
        for atom in atoms_of([self.value]):
            if atom.op != "var":
                for value in (*atom.args, Integer(((atom, 1),), 0, atom.lo, atom.hi)):
                    smaller = self.bank.divided(value, content(value))
                    if smaller.hi <= 0:
                        smaller = self.bank.scaled(smaller, -1)
                    inner.setdefault(smaller.key, smaller)
        inner.setdefault(self.value.key, self.value)
        return {key: value for key, value in inner.items() if not _plain(value)}

    def _by_numbers(self) -> dict[tuple[int, ...], list[tuple[Integer, int]]]:
        """Integers of the meaning by their numbers without the zeros that all end with."""
        atoms = [evaluated([self.value], values) for values in self.drawn]
        table: dict[tuple[int, ...], list[tuple[Integer, int]]] = {}
        for value in self._values:
            found = tuple(value_of(value, numbers) for numbers in atoms)
            if len(set(found)) >= TELLING:
                key, places = _without_zeros(found)
                table.setdefault(key, []).append((value, places))
        return table


def _without_zeros(numbers: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Numbers without the zeros that all of them end with in binary, and how many there were."""
    every = 0
    for number in numbers:
        every |= number
    places = max((every & -every).bit_length() - 1, 0)
    return tuple(number >> places for number in numbers), places


def _plain(value: Integer) -> bool:
    """Whether it is a variable by itself."""
    return len(value.terms) == 1 and value.terms[0][0].op == "var"


def _values_of(random_: random.Random, atoms: Iterable[Atom]) -> dict[str, int]:
    """Values of the variables among some atoms."""
    where = random_.choice(WHERE)
    return {str(a.value): _drawn(random_, a.lo, a.hi, where) for a in atoms if a.op == "var"}


def _drawn(random_: random.Random, lo: int, hi: int, where: str) -> int:
    """A number of a range: near its ends, near zero, or anywhere."""
    kind = where if random_.random() < 0.8 else random_.choice(WHERE)
    if kind == "anywhere":
        return random_.randint(lo, hi)
    size = random_.getrandbits(random_.randint(0, (hi - lo).bit_length()))
    if kind == "zero":
        size = -size if lo < 0 and random_.random() < 0.5 else size
        return max(lo, min(hi, size))
    return max(lo, hi - size) if random_.random() < 0.5 else min(hi, lo + size)
