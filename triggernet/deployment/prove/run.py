"""`prove`: whether a project's Verilog is the meaning of its model file, for every input."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from triggernet.deployment.project import Project, load_project
from triggernet.deployment.project.layout import MODEL
from triggernet.deployment.prove import solver
from triggernet.deployment.prove.bits import Bits
from triggernet.deployment.prove.btor import parsed
from triggernet.deployment.prove.counterexample import Hunt, ThroughInputs, Wrong
from triggernet.deployment.prove.integers import Fact, Integer, Integers
from triggernet.deployment.prove.lemma import Lemma, Outcome, Prover
from triggernet.deployment.prove.meaning import element, meaning_of
from triggernet.deployment.prove.obligations import control, event_in
from triggernet.deployment.prove.proof import COUNTEREXAMPLE, SCRIPT, NodeProof, Proof, Verdict
from triggernet.deployment.prove.rewriting import rewritten
from triggernet.deployment.prove.smt import Script
from triggernet.deployment.rtl.design import Design, read_design
from triggernet.deployment.rtl.points import DesignPoints, Points, read_points
from triggernet.deployment.rtl.yosys import PACKAGE as YOSYS
from triggernet.deployment.rtl.yosys import as_btor
from triggernet.errors import ProjectError
from triggernet.extras import version_of
from triggernet.files import write_text
from triggernet.program import Program
from triggernet.program.operators.base import pair_indices
from triggernet.progress import say
from triggernet.temporary import scratch

LIMIT_S = 60.0
HUNTS = 6  # lemmas near whose counterexamples wrong answers are looked for, at most
ASKED_AGAIN = 4  # elements of a node that are asked about through the inputs, if not proved


def prove(project: Path, *, limit_s: float = LIMIT_S, edited: bool = False) -> Proof:
    """Prove that a project's Verilog is the meaning of its model file, node by node.

    Leaves the lemmas in the project as SMT-LIB (``proof.smt2``) and, of a refuted design, the
    event (``counterexample.npz``).

    Parameters
    ----------
    project : Path
        A folder that `triggernet export --rtl` wrote.
    limit_s : float
        For each question to the solver.
    edited : bool
        Take files that are not as generated, instead of refusing them.

    Raises
    ------
    ProjectError, ProgramError
        If `project` has no Verilog, was edited, or is damaged.
    UnsupportedError
        If the model file holds what is not interpreted.
    ToolError
        If the solver or Yosys is missing, or Yosys refuses the Verilog.
    """
    started = time.monotonic()
    judges, versions = Proof.sources(project), (solver.version(), version_of(YOSYS, "to prove"))
    design, points = read_design(project), read_points(project)
    written = load_project(project)
    if not edited:
        _refuse_altered(written)
    run = _Run(written.program, design, points, limit_s)
    run.read(project)
    nodes = run.decide()
    wrong = run.wrong
    proved = all(node.verdict == "proved" for node in nodes)
    _save(project, run.scripts, wrong)
    return Proof(
        "refuted" if wrong else "proved" if proved else "open",
        tuple(nodes),
        design.latency_cycles,
        design.interval_cycles,
        dict(wrong.inputs) if wrong else None,
        dict(wrong.expected) if wrong else None,
        dict(wrong.found) if wrong else None,
        limit_s,
        round(time.monotonic() - started, 2),
        *versions,
        hashlib.sha256(_joined(run.scripts).encode()).hexdigest(),
        tuple(dict.fromkeys(run.notes)),
        judges,
    )


def _refuse_altered(project: Project) -> None:
    if project.altered:
        raise ProjectError(
            f"{project.folder} is not as generated: {', '.join(project.altered)}; export it "
            "again, or ask for the edited one (edited=True, --edited) to prove it as it is"
        )


def _joined(scripts: Sequence[str]) -> str:
    """All lemmas as one script, whose answers must all be `unsat`."""
    return "".join(f"(reset)\n{text}" for text in dict.fromkeys(scripts))


def _save(project: Path, scripts: Sequence[str], wrong: Wrong | None) -> None:
    write_text(project / SCRIPT, _joined(scripts))
    if wrong is None:
        (project / COUNTEREXAMPLE).unlink(missing_ok=True)
    else:
        arrays: dict[str, Any] = {
            name: np.array([codes], dtype=np.int64) for name, codes in wrong.inputs.items()
        }
        np.savez(project / COUNTEREXAMPLE, **arrays, codes=np.array(1))


@dataclass
class _Node:
    """What is collected for one node."""

    name: str
    op: str
    elements: int = 0
    proved: int = 0
    how: set[str] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)
    solver_seconds: float = 0.0
    refuted: bool = False
    asked_again: int = 0
    broken: bool = False  # a lemma of it does not hold: it, or where its values are said to be

    def finished(self, seconds: float) -> NodeProof:
        verdict: Verdict = "proved" if self.proved == self.elements else "open"
        order = [word for word in ("wiring", "sums", "solver") if word in self.how]
        return NodeProof(
            self.name,
            self.op,
            "refuted" if self.refuted else verdict,
            self.elements,
            self.proved,
            len(set(self.scripts)),
            " and ".join(order) or "nothing",
            round(seconds, 2),
            round(self.solver_seconds, 2),
        )


class _Run:
    """One proof on its way."""

    def __init__(
        self, program: Program, design: Design, points: DesignPoints, limit_s: float
    ) -> None:
        self.program, self.design, self.points, self.limit_s = program, design, points, limit_s
        self.bank = Integers()
        self.scripts: list[str] = []
        self.notes: list[str] = []
        self.facts: list[Fact] = []
        self.wrong: Wrong | None = None
        self.hunts = 0
        self._hunt: Hunt | None = None

    def read(self, project: Path) -> None:
        """Read the Verilog and the model file."""
        say("reading the Verilog (Yosys)")
        with scratch("prove") as work:
            self.netlist = parsed(as_btor(project, self.design.top, work))
        say("interpreting the model file")
        model = onnx.load(str(project / MODEL))
        program, tensors = self.program, self.program.tensors
        self.meaning = meaning_of(model, tensors, program.inputs, self.bank)
        codes = self.meaning.codes
        self.event = event_in(self.netlist, self.design, program, codes, self.points.tokens)
        self.prover = Prover(self.bank, self.event.elements, self.limit_s)

    def decide(self) -> list[NodeProof]:
        """Every node, then the outputs, then the control."""
        nodes = [self._timed(self._control)]
        by_tensor = {points.tensor: points for points in self.points.tensors}
        for node in self.program.nodes:
            say(f"proving {node.name}")
            points = by_tensor.get(node.output, Points(node.output, (), ()))
            found = _Node(node.name, node.op)
            nodes.append(self._timed(partial(self._node, found, points)))
        return [*nodes, self._timed(self._outputs)]

    def _timed(self, collect: Callable[[], _Node]) -> NodeProof:
        started = time.monotonic()
        found = collect()
        self.scripts += found.scripts
        return found.finished(time.monotonic() - started)

    def _control(self) -> _Node:
        node = _Node("control", "tokens")
        for _, term, wanted in control(self.netlist, self.design, self.points.tokens).claims:
            node.elements += 1
            if term is wanted:
                node.proved += 1
                node.how.add("wiring")
                continue
            script = Script({}, {}, {}).equal(term, wanted)
            decision = self.prover.ask(script, self.limit_s)
            node.solver_seconds += decision.seconds
            if decision.verdict == "unsat":
                node.proved += 1
                node.how.add("solver")
                node.scripts.append(script)
        return node

    def _node(self, node: _Node, points: Points) -> _Node:
        """Every element of a node's result, in order; from then on it is a variable."""
        codes = self.meaning.codes[points.tensor]
        definitions = self.meaning.definitions[points.tensor]
        node.elements = len(codes)
        if not len(points.nets) == len(points.clocks) == len(codes):
            self.notes.append(f"the points of '{points.tensor}' are not one for each element")
            return node
        for k, (net, clock) in enumerate(zip(points.nets, points.clocks, strict=True)):
            if not net:
                fixed = definitions[k]
                node.proved += int(fixed.constant and fixed.const == clock)
                node.how.add("wiring")
                continue
            self._element(node, (points.tensor, k), (net, clock), definitions[k], codes[k])
        self._learn(points)
        return node

    def _element(
        self,
        node: _Node,
        place: tuple[str, int],
        point: tuple[str, int],
        definition: Integer,
        code: Integer,
    ) -> None:
        net, clock = point
        term = self.event.unrolled.net(net, clock) if clock >= 0 else None
        if term is None:
            node.elements -= 1  # Yosys removed it, since nothing reads it: there is nothing to show
            return
        known = self.event.elements.get(term.name) if term.op == "var" else None
        if known is not None and known.key == code.key:
            node.proved += 1
            node.how.add("wiring")
            return
        self._judge(node, Lemma(term, definition, tuple(self.facts)))
        variable = self.event.terms.var(f"{element(*place)}@{net}", term.width)
        if code.key != definition.key and len(code.terms) == 1:
            self.event.elements[variable.name] = code
            self.event.unrolled.replace(net, clock, variable)

    def _judge(self, node: _Node, lemma: Lemma) -> None:
        """Prove a lemma; where that fails, ask about it through the inputs."""
        outcome = self.prover.prove(lemma)
        self._count(node, outcome)
        if outcome.verdict == "proved":
            node.proved += 1
            return
        if node.asked_again >= ASKED_AGAIN or node.refuted:
            return
        node.asked_again += 1
        self._ask_again(node, lemma)

    def _count(self, node: _Node, outcome: Outcome) -> None:
        node.how |= outcome.how
        node.scripts += outcome.scripts
        node.solver_seconds += outcome.seconds

    def _ask_again(self, node: _Node, lemma: Lemma) -> None:
        through = ThroughInputs(self.bank, self.program, self.meaning, self.event.elements)
        decision, script, values = through.ask(lemma, self.limit_s)
        node.solver_seconds += decision.seconds
        if decision.verdict == "unsat":
            node.proved += 1
            node.how.add("solver")
            node.scripts.append(script)
        if decision.verdict == "sat":
            node.broken = True
            if self.wrong is None and self.hunts < HUNTS:
                self.hunts += 1
                self.wrong = self._hunting(through).near(values)
                node.refuted = self.wrong is not None

    def _hunting(self, through: ThroughInputs) -> Hunt:
        """Made when it is needed: with a fresh design, in which nothing was replaced."""
        if self._hunt is None:
            codes = self.meaning.codes
            event = event_in(self.netlist, self.design, self.program, codes, self.points.tokens)
            latency = self.design.latency_cycles
            self._hunt = Hunt(self.program, self.meaning, through, event, latency)
        return self._hunt

    def _learn(self, points: Points) -> None:
        """Which pairs vanish without one of their particles: proved of the meaning alone."""
        source = self.meaning.codes.get(points.zero_without)
        codes = self.meaning.codes[points.tensor]
        if source is None or len(codes) != len(source) * (len(source) - 1) // 2:
            return
        first, second = pair_indices(len(source))
        zero = self.bank.const(0)
        for k, definition in enumerate(self.meaning.definitions[points.tensor]):
            for particle in (int(first[k]), int(second[k])):
                cause = source[particle]
                without = rewritten(self.bank, definition, {cause.key: zero})
                plain = all(len(x.terms) == 1 for x in (cause, codes[k]))
                if plain and without.constant and without.const == 0:
                    self.facts.append(Fact(cause, codes[k]))

    def _outputs(self) -> _Node:
        """Every output's port when the answer is due, and that it is said to be valid."""
        node, latency = _Node("outputs", "ports"), self.design.latency_cycles
        valid = self.event.unrolled.net("out_valid", latency)
        node.elements = 1
        if valid is not None and valid.constant and valid.integer == 1:
            node.proved += 1
            node.how.add("wiring")
        for name in self.program.outputs:
            port, width = self.event.unrolled.net(name, latency), self._width(name)
            for k, code in enumerate(self.meaning.codes[name]):
                node.elements += 1
                if port is not None and port.width == width * self.program.tensors[name].size:
                    part = self.event.terms.slice(port, (k + 1) * width - 1, k * width)
                    self._port(node, part, code)
        return node

    def _port(self, node: _Node, part: Bits, code: Integer) -> None:
        known = self.event.elements.get(part.name) if part.op == "var" else None
        if known is not None and known.key == code.key:
            node.proved += 1
            node.how.add("wiring")
        else:
            self._judge(node, Lemma(part, code, tuple(self.facts)))

    def _width(self, name: str) -> int:
        return self.program.tensors[name].type.width
