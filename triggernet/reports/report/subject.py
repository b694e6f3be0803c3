"""What a report is about, as the sources of figures need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.project import Project, Record
from triggernet.deployment.project.layout import DESIGN, PROGRAM, RECORD
from triggernet.deployment.prove.proof import Proof
from triggernet.deployment.rtl.design import Design, read_design
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.verify import Agreement, CoSimulation, NetlistCoSimulation
from triggernet.errors import ProjectError
from triggernet.program import Program
from triggernet.reports.cost.estimate import Estimate, estimate
from triggernet.reports.cost.hardware import Clock
from triggernet.results import Exhibit, examine

Kind = Literal["RTL", "HLS"]


@dataclass(frozen=True)
class Results:
    """What tools left in a project; only what is sealed and of its very sources is shown."""

    agreement: Exhibit[Agreement]
    cosimulation: Exhibit[CoSimulation]
    synthesis: Exhibit[Synthesis]
    proof: Exhibit[Proof]
    netlist: Exhibit[NetlistCoSimulation]

    @classmethod
    def of(cls, project: Path) -> Results:
        """Those of a project folder; ProjectError if one was altered or is damaged."""
        return cls(
            examine(Agreement, project),
            examine(CoSimulation, project),
            examine(Synthesis, project),
            examine(Proof, project),
            examine(NetlistCoSimulation, project),
        )

    @classmethod
    def none(cls) -> Results:
        """Those of a design that no tool has seen."""
        return cls(
            Exhibit(Agreement.FILE, "absent"),
            Exhibit(CoSimulation.FILE, "absent"),
            Exhibit(Synthesis.FILE, "absent"),
            Exhibit(Proof.FILE, "absent"),
            Exhibit(NetlistCoSimulation.FILE, "absent"),
        )

    @property
    def measured(self) -> CoSimulation | None:
        """The co-simulation, if its answers are right and its clocks thus mean something."""
        cosimulation = self.cosimulation.result
        return cosimulation if cosimulation is not None and cosimulation.answers_right else None


@dataclass(frozen=True)
class Subject:
    """What a report is about: the program of a project and the one or two designs of it.

    Attributes
    ----------
    folder : Path
    program : Program
    settings : HlsConfig or None
        Of the HLS C++; None without it.
    estimate : Estimate or None
        Of the HLS C++; None without it.
    rtl : Design or None
        Of the Verilog.
    results : Results
        Of tools that were run on the project.
    record : Record or None
        None where there is no firmware yet.
    """

    folder: Path
    program: Program
    settings: HlsConfig | None = None
    estimate: Estimate | None = None
    rtl: Design | None = None
    results: Results = field(default_factory=Results.none)
    record: Record | None = None

    @property
    def kind(self) -> Kind:
        """The design that the report is about: RTL where there is one."""
        return "HLS" if self.rtl is None else "RTL"

    @property
    def part(self) -> str:
        """Full name of the FPGA that the project is for."""
        if self.rtl is not None:
            return self.rtl.part
        return self.settings.part if self.settings else ""

    @property
    def clock(self) -> Clock:
        """The clock of the design that the report is about."""
        return Clock(self.period_ns(self.kind))

    @property
    def instances(self) -> int:
        """How many such designs take turns."""
        return self.rtl.instances if self.rtl is not None else 1

    def top(self, kind: Kind) -> str:
        """The top function or module of a design."""
        if self.rtl is not None and kind == "RTL":
            return self.rtl.top
        return self.settings.top if self.settings else ""

    def period_ns(self, kind: Kind) -> float:
        """The clock period of a design."""
        if kind == "RTL" and self.rtl is not None:
            return self.rtl.clock_period_ns
        return self.settings.clock_period_ns if self.settings else 0.0


def examined(project: Project) -> Subject:
    """What a report on a written project is about.

    Raises
    ------
    ProjectError
        If its record does not say how it is built, a file that figures come from was edited, or a
        result in it was altered.
    """
    settings = HlsConfig.of(project)
    if settings is None and not project.has_rtl:
        raise ProjectError(
            f"{project.folder / RECORD} does not say how the project is built: it holds the "
            "settings of no firmware; export it again"
        )
    _refuse_edited(project)
    clock = settings and Clock(settings.clock_period_ns, settings.clock_uncertainty)
    return Subject(
        project.folder,
        project.program,
        settings,
        estimate(project.program, clock, settings.reuse_factor) if settings and clock else None,
        read_design(project.folder) if project.has_rtl else None,
        Results.of(project.folder),
        project.record,
    )


def _refuse_edited(project: Project) -> None:
    """Refuse a project whose program or schedule is not as exported: its figures are made of them.

    Sources may be edited: of those, results of tools say whether they are about them.
    """
    for name in sorted({PROGRAM, DESIGN} & set(project.edited)):
        if (project.folder / name).is_file():
            raise ProjectError(
                f"{project.folder / name} is not as exported, and figures of a report come from "
                "it; undo the change, or export it again"
            )
