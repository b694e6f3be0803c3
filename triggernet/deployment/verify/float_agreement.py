"""What comparing a float model in PyTorch with its ONNX file has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from triggernet.results import ProjectResult, ResultFile


@dataclass(frozen=True)
class FloatAgreement(ProjectResult):
    """How the ONNX file of a float model compares with the model in PyTorch.

    Attributes
    ----------
    n_objects : int
    tolerance, most_ties : float
        What is allowed: the difference of a score (a probability), and the share of objects whose
        nearest neighbours differ because two distances are equal in single precision.
    largest, mean : float
        Differences of scores over the objects without such ties.
    worst : int or None
        The object with the largest one.
    ties : int
        Objects with differing neighbours.
    tied : tuple of int
        The first of them.
    largest_tied : float
        Largest difference of a score among them.
    signal_efficiency, threshold : float
        The working point: the score above which PyTorch keeps that share of the signal; of several
        classes 0, and the decision is the likeliest class.
    flips : int
        Objects that are decided otherwise there, with or without a tie.
    versions : mapping of str to str
    judges : mapping of str to str
        Digests of what was compared, see `triggernet.results.PARTS`.
    """

    FILE = ResultFile("float agreement", "float_agreement.json", "triggernet verify --onnx")
    PARTS = ("float", "weights")
    DERIVED = ("agrees",)

    n_objects: int
    tolerance: float
    most_ties: float
    largest: float
    mean: float
    worst: int | None
    ties: int
    tied: tuple[int, ...]
    largest_tied: float
    signal_efficiency: float
    threshold: float
    flips: int
    versions: Mapping[str, str]
    judges: Mapping[str, str] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether all is within what is allowed."""
        return self.largest <= self.tolerance and self.ties <= self.most_ties * self.n_objects

    @property
    def complete(self) -> bool:
        """Whether anything was compared without a tie."""
        return self.ties < self.n_objects

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        values = asdict(self)
        values["tied"], values["agrees"] = list(self.tied), self.agrees
        return values

    def as_text(self) -> str:
        """For people."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        at = "" if self.worst is None else f" (object {self.worst})"
        share = f"{100 * self.signal_efficiency:.0f} % signal efficiency"
        cut = f"at {share} (score {self.threshold:.4f})"
        point = cut if self.signal_efficiency else "by the likeliest class"
        most = f"{self.most_ties * self.n_objects:.1f}"
        differences = f"{self.largest:.2g} at most{at}, {self.mean:.2g} on average"
        lines = [
            f"{self.n_objects} objects in {versions}",
            f"  scores differ by {differences}; allowed {self.tolerance:.2g}",
            f"  decisions that flip {point}: {self.flips}",
            f"  neighbours differ by a tie in {self.ties} objects; allowed {most}",
        ]
        if self.tied:
            more = ", ..." if self.ties > len(self.tied) else ""
            listed = ", ".join(map(str, self.tied))
            lines.append(f"    objects {listed}{more}: scores differ by {self.largest_tied:.2g}")
        return "\n".join([*lines, "within the tolerance" if self.agrees else "DIFFERENT"])
