"""What a verification finds, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from triggernet.deployment.verify.coverage import Reached
from triggernet.results import ProjectResult, ResultFile


@dataclass(frozen=True)
class Mismatch:
    """The first vector in which an executor differs from the exact integers.

    Attributes
    ----------
    vector : int
        Its index among the vectors.
    kind : str
        What sort of vector it is.
    inputs : mapping of str to tuple of int
        Its input words: integer codes by the input's name.
    node, operator, tensor : str or None
        The first node, in program order, whose value differs; None if the executor cannot show
        its intermediate values or none of those it shows differs.
    element : int
        Which value of that tensor (of the first output, if no node is known), flattened.
    expected, found : int, float or None
        The codes there; a float where the executor's value is on no code, None where it gave none.
        Both are None if the vector differs in company of others only.
    """

    vector: int
    kind: str
    inputs: Mapping[str, tuple[int, ...]]
    node: str | None
    operator: str | None
    tensor: str
    element: int
    expected: int | None
    found: int | float | None


@dataclass(frozen=True)
class ExecutorResult:
    """How one executor compares with the exact integers.

    Attributes
    ----------
    n : int
        Vectors whose outputs were compared.
    mismatches : int
        Vectors with a differing output.
    first : Mismatch or None
        The first vector with a differing output or intermediate tensor.
    version : str
    traced_n, traced_mismatches : int
        Vectors of which every tensor was compared, and those in which any differed.
    ties : int
        Further vectors that differ because the executor's own floating point has passed a tie of
        a quantiser, and are shown to lie at one; they do not count as mismatches.
    """

    n: int
    mismatches: int
    first: Mismatch | None
    version: str
    traced_n: int = 0
    traced_mismatches: int = 0
    ties: int = 0

    @property
    def agrees(self) -> bool:
        """Whether no difference was found."""
        return not self.mismatches and not self.traced_mismatches


@dataclass(frozen=True)
class Agreement(ProjectResult):
    """How all executors of a project compare with its exact integers on the same vectors.

    Attributes
    ----------
    n_vectors, seed : int
    kinds : mapping of str to int
        How many vectors there were of each sort.
    executors : mapping of str to ExecutorResult
    not_compared : mapping of str to str
        Executors that had no part, and why: not exact by construction, or not in the project.
    coverage : tuple of Reached
        What each quantiser of the program saw.
    notes : tuple of str
        What else a reader must know: edited files, jets that do not fit.
    same_program : bool
        Whether the QONNX file holds the very program that was evaluated.
    judges : mapping of str to str
        Digests of what was compared, see `triggernet.results.PARTS`.
    incomplete : tuple of str
        Those of `not_compared` that are in the project but could not be run: a tool is missing.
    """

    FILE = ResultFile("agreement", "agreement.json", "triggernet verify")
    PARTS = ("program", "model", "weights", "source", "verilog", "firmware")
    DERIVED = ("exact", "complete")

    n_vectors: int
    seed: int
    kinds: Mapping[str, int]
    executors: Mapping[str, ExecutorResult]
    not_compared: Mapping[str, str]
    coverage: tuple[Reached, ...]
    notes: tuple[str, ...] = ()
    same_program: bool = True
    judges: Mapping[str, str] = field(default_factory=dict)
    incomplete: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether no executor differs anywhere."""
        return self.same_program and all(e.agrees for e in self.executors.values())

    @property
    def agrees(self) -> bool:
        """Whether the verification is passed."""
        return self.exact

    @property
    def complete(self) -> bool:
        """Whether something was compared, and nothing that should have been was left out."""
        return bool(self.executors) and not self.incomplete

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        return {
            "n_vectors": self.n_vectors,
            "seed": self.seed,
            "exact": self.exact,
            "complete": self.complete,
            "incomplete": list(self.incomplete),
            "kinds": dict(self.kinds),
            "executors": {name: asdict(result) for name, result in self.executors.items()},
            "not_compared": dict(self.not_compared),
            "coverage": [row.as_dict() for row in self.coverage],
            "notes": list(self.notes),
            "same_program": self.same_program,
            "judges": dict(self.judges),
        }

    def as_text(self) -> str:
        """For people."""
        lines = [f"{self.n_vectors} vectors against exact integers (seed {self.seed})"]
        lines += ["  " + ", ".join(f"{n} {kind}" for kind, n in self.kinds.items())]
        for name, result in self.executors.items():
            lines += _executor_lines(name, result)
        lines += [f"  {name:<12} not compared: {why}" for name, why in self.not_compared.items()]
        lines += ["", *_coverage_lines(self.coverage)]
        lines += [f"note: {note}" for note in self.notes]
        lines.append(self._verdict())
        return "\n".join(lines)

    def _verdict(self) -> str:
        verdict = "no difference" if self.exact else "DIFFERENT"
        if self.complete:
            return verdict
        if not self.executors:
            return f"INCOMPLETE: nothing was compared{'' if self.exact else '; ' + verdict}"
        left_out = ", ".join(self.incomplete)
        return f"{verdict} in what was compared; INCOMPLETE: {left_out} could not be run"


def _executor_lines(name: str, result: ExecutorResult) -> list[str]:
    line = f"  {name:<12} {result.mismatches} of {result.n} vectors differ"
    if result.traced_n:
        line += f"; in {result.traced_mismatches} of {result.traced_n} any tensor"
    if result.ties:
        line += f"; {result.ties} more at a tie that its floating point passes"
    lines = [f"{line} ({result.version})"]
    if result.first is not None:
        lines += [f"    {line}" for line in _mismatch_lines(result.first)]
    return lines


def _mismatch_lines(first: Mismatch) -> list[str]:
    where = f"node '{first.node}' ({first.operator})" if first.node else "no node known"
    answer = "no answer" if first.found is None else f"found {first.found}"
    values = f"expected code {first.expected}, {answer}"
    if first.expected is None:
        values = "differs after other vectors, not alone"
    what = (
        f"first: vector {first.vector} ({first.kind}), {where}, tensor '{first.tensor}' element "
        f"{first.element}: {values}"
    )
    return [what, *(f"{name} = {' '.join(map(str, c))}" for name, c in first.inputs.items())]


def _coverage_lines(rows: tuple[Reached, ...]) -> list[str]:
    """A table: what was reached at each quantiser, `-` where it cannot happen."""
    titles = ("quantiser", "values", "ties", "below", "above", "ReLU 0", "ReLU > 0")
    table: list[tuple[str, ...]] = [titles]
    for row in rows:
        name = f"{row.node}.{row.quantiser}" if row.quantiser else row.node
        ties = row.ties if row.dropped_bits else None
        counts = (row.values, ties, row.below, row.above, row.relu_zero, row.relu_positive)
        table.append((name, *("-" if c is None else str(c) for c in counts)))
    widths = [max(len(line[k]) for line in table) for k in range(len(titles))]
    return [
        "  ".join(
            c.ljust(w) if k == 0 else c.rjust(w)
            for k, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in table
    ]
