"""What a source of figures may need to know about a project."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from triggernet.deployment.rtl.design import Design as RtlDesign
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.verify import Agreement, CoSimulation
from triggernet.program import Program
from triggernet.reports.cost.estimate import Estimate
from triggernet.results import Exhibit, examine

Kind = Literal["RTL", "HLS"]


@dataclass(frozen=True)
class Results:
    """What tools left in a project; only what is sealed and of its very sources is shown."""

    agreement: Exhibit[Agreement]
    cosimulation: Exhibit[CoSimulation]
    synthesis: Exhibit[Synthesis]

    @classmethod
    def of(cls, project: Path) -> Results:
        """Those of a project folder; ProjectError if one was altered or is damaged."""
        return cls(
            examine(Agreement, project), examine(CoSimulation, project), examine(Synthesis, project)
        )

    @classmethod
    def none(cls) -> Results:
        """Those of a design that no tool has seen."""
        return cls(
            Exhibit(Agreement.FILE, "absent"),
            Exhibit(CoSimulation.FILE, "absent"),
            Exhibit(Synthesis.FILE, "absent"),
        )

    @property
    def measured(self) -> CoSimulation | None:
        """The co-simulation, if its answers are right and its clocks thus mean something."""
        found = self.cosimulation.result
        return found if found is not None and found.answers_right else None


@dataclass(frozen=True)
class Design:
    """A project: the program and the one or two designs of it.

    Attributes
    ----------
    folder : Path
    program : Program
    hls_top : str
        Top function of the HLS project; empty without one.
    estimate : Estimate or None
        Of the HLS project; None without one.
    rtl : RtlDesign or None
    results : Results
        Of tools that were run on the project.
    """

    folder: Path
    program: Program
    hls_top: str = ""
    estimate: Estimate | None = None
    rtl: RtlDesign | None = None
    results: Results = field(default_factory=Results.none)

    @property
    def kind(self) -> Kind:
        """The design that the report is about: RTL where there is one."""
        return "HLS" if self.rtl is None else "RTL"

    def top(self, kind: Kind) -> str:
        """The top function or module of a design."""
        return self.hls_top if self.rtl is None or kind == "HLS" else self.rtl.top

    def period_ns(self, kind: Kind) -> float:
        """The clock period of a design."""
        if kind == "RTL" and self.rtl is not None:
            return self.rtl.clock_period_ns
        return self.estimate.clock.period_ns if self.estimate is not None else 0.0
