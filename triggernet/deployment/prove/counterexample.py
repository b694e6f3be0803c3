"""From a lemma that does not hold to an event that a design answers wrongly, if there is one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from triggernet.deployment.prove import solver
from triggernet.deployment.prove.bits import Bits
from triggernet.deployment.prove.integers import Integer, Integers, atoms_of, value_of
from triggernet.deployment.prove.integers import evaluated as evaluated_integers
from triggernet.deployment.prove.lemma import Lemma
from triggernet.deployment.prove.meaning import Meaning, element
from triggernet.deployment.prove.obligations import Event
from triggernet.deployment.prove.rewriting import rewritten
from triggernet.deployment.prove.simulated import evaluated, ordered, variables
from triggernet.deployment.prove.smt import Script
from triggernet.program import Program

VARIATIONS = 150  # of what the solver proposes: other values where its lemma asks for none
OUTPUT_SEED = 1
SURROUNDINGS = 4  # states before and events around, at random; and all zeros


@dataclass(frozen=True)
class Wrong:
    """An event that is answered wrongly: codes of the inputs, and both answers."""

    inputs: Mapping[str, list[int]]
    expected: Mapping[str, list[int]]
    found: Mapping[str, list[int]]


class ThroughInputs:
    """Lemmas asked anew with the design's inputs as their only variables.

    Parameters
    ----------
    bank : Integers
    program : Program
    meaning : Meaning
    elements : mapping of str to Integer
        What variables of terms stand for.
    """

    def __init__(
        self, bank: Integers, program: Program, meaning: Meaning, elements: Mapping[str, Integer]
    ) -> None:
        self.bank, self.program, self.meaning, self.elements = bank, program, meaning, elements
        self._known: dict[tuple[int, ...], Integer] = {}
        for node in program.nodes:  # in order: the inputs of each are known
            names = zip(meaning.codes[node.output], meaning.definitions[node.output], strict=True)
            for code, definition in names:
                if code.key != definition.key and code.key not in self._known:
                    self._known[code.key] = rewritten(bank, definition, self._known)

    def of(self, value: Integer) -> Integer:
        """An integer of the meaning as a function of the inputs."""
        return rewritten(self.bank, value, self._known)

    def ask(self, lemma: Lemma, limit_s: float) -> tuple[solver.Decision, str, dict[str, int]]:
        """Whether a lemma holds for all inputs: the answer, its script, and inputs if not."""
        names = {t.name for t in variables([lemma.term]) if t.name in self.elements}
        script = Script({name: self.of(self.elements[name]) for name in names}, {}, {})
        text = script.differ(lemma.term, self.of(lemma.value))
        decision = solver.decide(text, limit_s)
        ours = {short: name for name, short in script.variables.items()}
        values = {ours[short]: value for short, value in decision.values.items()}
        return decision, text, values


class Hunt:
    """Looks for an event with a wrong answer near inputs for which something inside is wrong.

    Parameters
    ----------
    program : Program
    meaning : Meaning
    through : ThroughInputs
    event : Event
        In which nothing was taken for proved.
    latency : int
    """

    def __init__(
        self,
        program: Program,
        meaning: Meaning,
        through: ThroughInputs,
        event: Event,
        latency: int,
    ) -> None:
        self.program, self.event = program, event
        self.inputs = {
            element(name, k): code
            for name in program.inputs
            for k, code in enumerate(meaning.codes[name])
        }
        codes = {name: meaning.codes[name] for name in program.outputs}
        self.expected = {name: [through.of(c) for c in each] for name, each in codes.items()}
        self.ports: dict[str, Bits] = {}
        for name in program.outputs:
            port = event.unrolled.net(name, latency)
            if port is not None:
                self.ports[name] = port
        self.valid = event.unrolled.net("out_valid", latency)
        roots = [*self.ports.values(), *([self.valid] if self.valid else [])]
        self._terms = ordered(roots)
        others = [t for t in self._terms if t.op == "var" and t.name not in self.inputs]
        random_ = random.Random(OUTPUT_SEED)
        self._surroundings = [{t.name: 0 for t in others}] + [
            {t.name: random_.getrandbits(t.width) for t in others} for _ in range(SURROUNDINGS)
        ]
        self._roots = [e for each in self.expected.values() for e in each]
        self._atoms = atoms_of(self._roots)
        widths = {n: program.tensors[n].type.width for n in program.inputs}
        self._widths = {element(n, k): w for n, w in widths.items() for k in range(self._size(n))}

    def near(self, values: Mapping[str, int]) -> Wrong | None:
        """An event with a wrong answer that has these values of some inputs."""
        for codes in self._events(values):
            wrong = self.answer(codes)
            if wrong is not None:
                return wrong
        return None

    def _events(self, values: Mapping[str, int]) -> Iterator[dict[str, int]]:
        """Events with some inputs as given, and the others at random; the first with zeros."""
        given = {name: self._code(name, values[name]) for name in self.inputs if name in values}
        zeros = {name: max(0, code.lo) for name, code in self.inputs.items()}
        yield zeros | given
        random_ = random.Random(OUTPUT_SEED)
        for _ in range(VARIATIONS):
            drawn = {n: _code_like(random_, c) for n, c in self.inputs.items()}
            moved = {
                name: random_.choice([code, code, code, drawn[name]])
                for name, code in given.items()
            }
            yield drawn | moved

    def _code(self, name: str, value: int) -> int:
        """A value that the solver gives, without a sign, as a code."""
        code = self.inputs[name]
        return value - (1 << code.width) if value >= 1 << (code.width - 1) else value

    def answer(self, codes: Mapping[str, int]) -> Wrong | None:
        """Both answers to an event, if they differ whatever was before it and comes after it.

        Of that, some cases are tried: a wrong answer in all of them does not hang on a register
        that nobody sets, so that every simulation shows it.
        """
        atoms = evaluated_integers(self._roots, codes, self._atoms)
        expected = {n: [value_of(e, atoms) for e in each] for n, each in self.expected.items()}
        bits = {n: v & ((1 << self._widths[n]) - 1) for n, v in codes.items()}
        answers = []
        for case in self._surroundings:
            numbers = evaluated(self._terms, case | bits)
            found = {n: self._split(n, numbers[port.number]) for n, port in self.ports.items()}
            answered = self.valid is not None and numbers[self.valid.number] == 1
            if found == expected and answered:
                return None
            answers.append(found)
        inputs = {
            name: [codes[element(name, k)] for k in range(self.program.tensors[name].size)]
            for name in self.program.inputs
        }
        return Wrong(inputs, expected, answers[0])

    def _size(self, name: str) -> int:
        return self.program.tensors[name].size

    def _split(self, name: str, bits: int) -> list[int]:
        """The codes of an output from the bits of its port."""
        kind = self.program.tensors[name].type
        codes = []
        for k in range(self._size(name)):
            code = bits >> (k * kind.width) & ((1 << kind.width) - 1)
            negative = kind.signed and code >> (kind.width - 1)
            codes.append(code - (1 << kind.width) if negative else code)
        return codes


def _code_like(random_: random.Random, code: Integer) -> int:
    """A code of a range; small ones are frequent."""
    if random_.random() < 0.5:
        return random_.randint(code.lo, code.hi)
    size = random_.getrandbits(random_.randint(0, code.width - 1))
    return max(code.lo, min(code.hi, -size if random_.random() < 0.5 else size))
