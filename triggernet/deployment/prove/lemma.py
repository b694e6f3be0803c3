"""A lemma: a net, as a function of nets that were proved before, is an integer of the meaning.

How it is proved: from the inputs on, signals of the netlist that agree with a value of the meaning
in all of some samples are proved to be that value, by the one form of sums or by the solver, and
are variables from then on. So each question to the solver is small, sums are never re-associated
by it, and at the end the net itself is compared. Samples only propose; what is concluded was
proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from triggernet.deployment.prove import solver
from triggernet.deployment.prove.bits import Bits
from triggernet.deployment.prove.integers import Fact, Integer, Integers, atoms_of, content
from triggernet.deployment.prove.lift import Lifting
from triggernet.deployment.prove.linear import integer_script
from triggernet.deployment.prove.rewriting import rewritten
from triggernet.deployment.prove.samples import Samples
from triggernet.deployment.prove.simulated import ordered, variables
from triggernet.deployment.prove.smt import Script

INNER_LIMIT_S = 10.0


@dataclass(frozen=True)
class Lemma:
    """That `term` is `value`.

    Attributes
    ----------
    term : Bits
    value : Integer
    facts : tuple of Fact
    """

    term: Bits
    value: Integer
    facts: tuple[Fact, ...] = ()


@dataclass
class Outcome:
    """What came of a lemma.

    Attributes
    ----------
    verdict : {"proved", "refuted", "open"}
        "refuted": there are values of its variables for which it does not hold; whether an event
        brings them about is another question.
    how : set of str
        "sums" (the one form of sums), "solver".
    scripts : list of str
        All that was asked and found to have no solution.
    values : dict of str to int
        Of a refuted one, its variables.
    seconds : float
        Of the solver.
    """

    verdict: str
    how: set[str] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)
    values: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Prover:
    """Proves lemmas; what was decided once is known.

    Parameters
    ----------
    bank : Integers
    elements : mapping of str to Integer
        What variables of terms stand for, by their name.
    limit_s : float
        For one question to the solver.
    """

    def __init__(self, bank: Integers, elements: Mapping[str, Integer], limit_s: float) -> None:
        self.bank = bank
        self.elements = elements
        self.limit_s = limit_s
        self.decisions: dict[str, solver.Decision] = {}  # by script
        self._outcomes: dict[str, Outcome] = {}

    def prove(self, lemma: Lemma) -> Outcome:
        """Decide a lemma, or find that an equal one was decided."""
        if not holds(lemma.term.width, lemma.value):
            return Outcome("open")
        lemma = replace(lemma, facts=self._about(lemma))
        whole = Script(self.elements, {}, {})
        _assume(whole, lemma.facts)
        text = whole.differ(lemma.term, lemma.value)
        known = self._outcomes.get(text)
        if known is not None and (known.verdict != "refuted"):
            return known
        outcome = _Attempt(self, lemma).decide(text, whole.variables)
        self._outcomes[text] = outcome
        return outcome

    def _about(self, lemma: Lemma) -> tuple[Fact, ...]:
        """Those facts of a lemma whose variables it has."""
        named = {a.value for a in atoms_of([lemma.value]) if a.op == "var"} | self.meant(
            [lemma.term]
        )
        return tuple(f for f in lemma.facts if _names(f) <= named)

    def meant(self, terms: Sequence[Bits]) -> set[object]:
        """The names of the integers that variables under some terms stand for."""
        integers = [self.elements[v.name] for v in variables(terms) if v.name in self.elements]
        return {a.value for a in atoms_of(integers) if a.op == "var"}

    def ask(self, script: str, limit_s: float) -> solver.Decision:
        """The solver's answer, asked once."""
        known = self.decisions.get(script)
        if known is None:
            known = solver.decide(script, limit_s)
            if known.verdict == "unsat" and not satisfiable(script, limit_s):
                known = replace(known, verdict="unknown")
            self.decisions[script] = known
        return known


def satisfiable(script: str, limit_s: float) -> bool:
    """Whether what a script assumes can be: without that, it would prove anything."""
    assumptions, _, _ = script.rpartition("(assert (distinct ")
    return solver.decide(assumptions, limit_s).verdict == "sat"


def holds(width: int, value: Integer) -> bool:
    """Whether `width` bits hold an integer: then it is what they say modulo ``2**width``."""
    return (
        value.lo >= -(1 << (width - 1))
        and value.hi < (1 << width)
        and (value.lo >= 0 or value.hi < 1 << (width - 1))
    )


def _assume(script: Script, facts: Sequence[Fact]) -> None:
    for fact in facts:
        script.assume(fact.cause, fact.effect)


class _Attempt:
    """One lemma on its way."""

    def __init__(self, prover: Prover, lemma: Lemma) -> None:
        self.prover, self.lemma, self.bank = prover, lemma, prover.bank
        self.lifting = Lifting(self.bank, prover.elements)
        self.known_bits: dict[int, Integer] = {}
        self.known: dict[tuple[int, ...], Integer] = {}
        self.outcome = Outcome("open")

    def decide(self, text: str, names: Mapping[str, str]) -> Outcome:
        """Merge from the inputs on, then compare the net itself; at last without any merging."""
        if self._by_sums(self.lemma.term, self.lemma.value):
            return self._finished("proved")
        self.lifting = Lifting(self.bank, self.prover.elements)  # nothing is merged in the old one
        self._merge()
        if self._equal(self.lemma.term, self.lemma.value, self.prover.limit_s):
            return self._finished("proved")
        decision = self._ask(text, self.prover.limit_s)
        if decision.verdict == "sat":
            ours = {short: name for name, short in names.items()}
            self.outcome.values = {ours[x]: v for x, v in decision.values.items()}
            return self._finished("refuted")
        return self._finished("proved" if decision.verdict == "unsat" else "open")

    def _finished(self, verdict: str) -> Outcome:
        self.outcome.verdict = verdict
        return self.outcome

    def _ask(self, text: str, limit_s: float) -> solver.Decision:
        asked = text in self.prover.decisions
        decision = self.prover.ask(text, limit_s)
        if not asked:
            self.outcome.seconds += decision.seconds
        if decision.verdict == "unsat":
            self.outcome.scripts.append(text)
            self.outcome.how.add("solver")
        return decision

    # One signal

    def _equal(self, term: Bits, value: Integer, limit_s: float) -> bool:
        if self._by_sums(term, value):
            return True
        script = Script(self.prover.elements, self.known_bits, self.known)
        if term is self.lemma.term:
            _assume(script, self.lemma.facts)
        else:
            names = self.prover.meant([term])
            _assume(script, [f for f in self.lemma.facts if _names(f) <= names])
        return self._ask(script.differ(term, value), limit_s).verdict == "unsat"

    def _by_sums(self, term: Bits, value: Integer) -> bool:
        """Whether both are the same sum, modulo what the term's bits hold."""
        for inner in ordered([term], stop=_Stop(self.known_bits, term)):
            self.lifting.lift(inner)
        lifted = self.lifting.lift(term)
        wanted = rewritten(self.bank, value, self.known)
        rest = self.bank.subtract(lifted, wanted)
        span = 1 << term.width
        if any(factor % span for factor in (rest.const, *(f for _, f in rest.terms))):
            return False
        self.outcome.how.add("sums")
        if len(wanted.terms) > 1:
            script = integer_script(term, wanted, self.lifting.lift, self.known_bits)
            self.outcome.scripts.append(script)
        return True

    # From the inputs on

    def _merge(self) -> None:
        terms = ordered([self.lemma.term])
        lemma, elements = self.lemma, self.prover.elements
        samples = Samples(self.bank, (lemma.value, lemma.facts), elements, terms)
        for term in terms[:-1]:
            if term.op in ("const", "var"):
                continue
            for value in samples.like(term):
                if holds(term.width, value) and self._equal(term, value, INNER_LIMIT_S):
                    self._take(term, value)
                    break

    def _take(self, term: Bits, value: Integer) -> None:
        """From now on a term and an integer are one variable."""
        step = content(value)
        value = self.bank.divided(value, step)
        variable = self.known.get(value.key)
        if variable is None:
            name = f"={'.'.join(map(str, value.key))}"
            variable = self.bank.var(name, value.lo, value.hi)
            self.known[value.key] = variable
            minus = self.bank.scaled(value, -1)
            self.known.setdefault(minus.key, self.bank.scaled(variable, -1))
        self.known_bits[term.number] = self.bank.scaled(variable, step)
        self.lifting.lifted[term.number] = self.known_bits[term.number]


class _Stop(dict[Bits, object]):
    """Terms that are variables by now, but for the one that is asked about."""

    def __init__(self, known: Mapping[int, Integer], asked: Bits) -> None:
        super().__init__()
        self._known, self._asked = known, asked

    def __contains__(self, term: object) -> bool:
        return isinstance(term, Bits) and term is not self._asked and term.number in self._known


def _names(fact: Fact) -> set[object]:
    return {a.value for a in atoms_of([fact.cause, fact.effect]) if a.op == "var"}
