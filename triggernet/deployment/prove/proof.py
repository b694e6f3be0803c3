"""What a proof came to: a record of its own in the project, bound to what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal

from triggernet.results import ProjectResult, ResultFile
from triggernet.words import counted

Verdict = Literal["proved", "refuted", "open"]
SCRIPT = "proof.smt2"
COUNTEREXAMPLE = "counterexample.npz"
WORDS: Mapping[str, str] = {"proved": "proved", "refuted": "REFUTED", "open": "not decided"}


@dataclass(frozen=True)
class NodeProof:
    """What came of one node of the program, of the outputs, or of the control.

    Attributes
    ----------
    name, op : str
    verdict : str
        "proved", "refuted" or "open".
    elements : int
        How many values were to be proved.
    proved : int
        How many were.
    lemmas : int
        Different questions that this took; what an earlier node had asked is not asked again.
    how : str
        "wiring" where the net is another one, "sums" by the one form of sums, "solver", or several.
    seconds : float
        All in all.
    solver_seconds : float
    """

    name: str
    op: str
    verdict: Verdict
    elements: int
    proved: int
    lemmas: int
    how: str
    seconds: float
    solver_seconds: float


@dataclass(frozen=True)
class Proof(ProjectResult):
    """Whether a project's Verilog is the meaning of its model file, for every input.

    Attributes
    ----------
    verdict : str
        "proved": for every event and every history of the design. "refuted": there is an event
        that is answered wrongly. "open": neither.
    nodes : tuple of NodeProof
    latency_cycles, interval_cycles : int
        With which it was proved: events at any distance of at least the interval.
    counterexample : mapping of str to list of int, or None
        Of a refuted design: codes of every input.
    expected, found : mapping of str to list of int, or None
        Codes of every output for them.
    limit_s : float
        For each question to the solver.
    seconds : float
        Of everything.
    version : str
        Of the solver.
    yosys : str
        Version of pyosys, which read the Verilog.
    script : str
        SHA-256 of the lemmas in ``proof.smt2``; empty without any.
    notes : tuple of str
    judges : mapping of str to str
        Digests of what was proved, see `triggernet.results.PARTS`.
    solver : str
    """

    FILE = ResultFile("proof", "proof.json", "triggernet prove")
    PARTS: ClassVar[tuple[str, ...]] = ("program", "model", "verilog")
    DERIVED = ("passed",)

    verdict: Verdict
    nodes: tuple[NodeProof, ...]
    latency_cycles: int
    interval_cycles: int
    counterexample: Mapping[str, list[int]] | None
    expected: Mapping[str, list[int]] | None
    found: Mapping[str, list[int]] | None
    limit_s: float
    seconds: float
    version: str
    yosys: str
    script: str = ""
    notes: tuple[str, ...] = ()
    judges: Mapping[str, str] = field(default_factory=dict)
    solver: str = "bitwuzla"

    @property
    def proved(self) -> bool:
        """Whether the design is the model's meaning for every input."""
        return self.verdict == "proved" and all(n.verdict == "proved" for n in self.nodes)

    @property
    def passed(self) -> bool:
        """Whether it was not refuted; what is not decided is `incomplete`."""
        return self.verdict != "refuted"

    @property
    def incomplete(self) -> bool:
        """Whether it was neither proved nor refuted."""
        return self.passed and not self.proved

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        values = {name: getattr(self, name) for name in (f.name for f in fields(self))}
        values |= {"nodes": [asdict(node) for node in self.nodes], "judges": dict(self.judges)}
        return values | {"notes": list(self.notes), "passed": self.passed}

    def as_text(self) -> str:
        """For people."""
        width = max(len(node.name) for node in self.nodes)
        lines = [
            f"  {n.name:<{width}} {n.op:<18} {n.proved:>5} of {n.elements:<5} "
            f"{WORDS[n.verdict]:<12} {n.how}, {n.seconds:.1f} s"
            for n in self.nodes
        ]
        lemmas = counted(sum(n.lemmas for n in self.nodes), "lemma")
        lines.append(
            f"{self.solver} {self.version}, pyosys {self.yosys}: {self.seconds:.1f} s, "
            f"{lemmas} of at most {self.limit_s:g} s each"
        )
        if self.counterexample is not None:
            lines += [f"  {k} = {' '.join(map(str, v))}" for k, v in self.counterexample.items()]
            for name, codes in (self.expected or {}).items():
                found = (self.found or {}).get(name, [])
                lines.append(
                    f"output '{name}': expected {' '.join(map(str, codes))}, "
                    f"found {' '.join(map(str, found))}"
                )
            lines.append(f"replay: triggernet cosim PROJECT --data PROJECT/{COUNTEREXAMPLE} --wave")
        lines += [f"note: {note}" for note in self.notes]
        lines.append(self._sentence())
        return "\n".join(lines)

    def _sentence(self) -> str:
        if self.proved:
            return (
                "proved: the Verilog is the model's meaning for every input, answered after "
                f"{counted(self.latency_cycles, 'clock')}, with events at least "
                f"{counted(self.interval_cycles, 'clock')} apart"
            )
        if self.verdict == "refuted":
            return "REFUTED: the Verilog answers this event wrongly"
        return "not decided: the Verilog may or may not be the model's meaning"
