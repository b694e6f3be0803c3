"""A project's report: its figures, the verdict of a budget on them, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.project import Project, load_project
from triggernet.deployment.prove.proof import Proof
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.design import Design
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.verify import CoSimulation, NetlistCoSimulation
from triggernet.parts import Part, load_part
from triggernet.reports.budgets.tables import Budget, load_budget
from triggernet.reports.budgets.verdict import Line, Verdict, judge, overall
from triggernet.reports.cost.estimate import Estimate
from triggernet.reports.cost.figures import FIGURES, Figure, of_instances
from triggernet.reports.cost.hardware import Clock
from triggernet.reports.cost.slack import SetupSlack
from triggernet.reports.report.evidence import Evidence, collect
from triggernet.reports.report.planned import planned
from triggernet.reports.report.rtl_sources import notes
from triggernet.reports.report.sources import Known, known_figures, timing
from triggernet.reports.report.subject import Kind, Subject, examined

ONLY_PLANNED = (
    "There is no firmware here: the figures are of the Verilog that `triggernet export --rtl` "
    "would write with its defaults."
)


@dataclass(frozen=True)
class RtlReport:
    """The RTL of a project, with those results of tools that are of this very Verilog."""

    design: Design
    cosimulation: CoSimulation | None
    synthesis: Synthesis | None
    proof: Proof | None = None
    netlist: NetlistCoSimulation | None = None


@dataclass(frozen=True)
class Report:
    """What is known about a project.

    Attributes
    ----------
    name : str
        Of the program.
    verdict : str
        "met", "failed" or "unknown".
    budget : Budget
    part : Part
    design : "RTL" or "HLS"
        What the figures are about: the RTL, where the project has one.
    clock : Clock
        Of that design.
    figures : dict of str to Figure
        By name, as in FIGURES; what is not known is absent.
    others : tuple of (str, Figure)
        Figures of less trusted sources, then those of the other design.
    lines : tuple of Line
        The budget, line by line.
    timing : SetupSlack or None
    evidence : Evidence
    settings : HlsConfig or None
        Of the HLS project.
    estimate : Estimate or None
        Where the resources of the HLS project go, operator by operator; before calibration.
    rtl : RtlReport or None
    notes : tuple of str
        What a reader must know about the figures.
    """

    name: str
    verdict: Verdict
    budget: Budget
    part: Part
    design: Kind
    clock: Clock
    figures: Mapping[str, Figure]
    others: tuple[tuple[str, Figure], ...]
    lines: tuple[Line, ...]
    timing: SetupSlack | None
    evidence: Evidence
    settings: HlsConfig | None = None
    estimate: Estimate | None = None
    rtl: RtlReport | None = None
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the budget is not failed; unknown figures do not fail it."""
        return self.verdict != "failed"

    @property
    def cosimulation_failed(self) -> bool:
        """Whether one of these very sources found differences, in the HLS or netlist too."""
        if self.rtl is None:
            return False
        simulated = (s for s in (self.rtl.cosimulation, self.rtl.netlist) if s is not None)
        return any(not (s.answers_right and (s.hls is None or s.hls.passed)) for s in simulated)

    @property
    def refuted(self) -> bool:
        """Whether there is an event that these very sources answer wrongly."""
        proof = self.rtl.proof if self.rtl else None
        return proof is not None and not proof.passed

    def as_dict(self) -> dict[str, Any]:
        """The report ready for JSON; figures that are not known are None."""
        figures = {name: self.figures.get(name) for name in FIGURES}
        physics = self.evidence.physics
        return {
            "verdict": self.verdict,
            "budget": self.budget.name,
            "part": self.part.name,
            "clock_ns": self.clock.period_ns,
            "design": self.design,
            "figures": {name: f and f.as_dict() for name, f in figures.items()},
            "lines": [line.as_dict() for line in self.lines],
            "operators": [
                {
                    "name": o.name,
                    "op": o.op,
                    "cycles": [o.start_cycle, o.end_cycle],
                    **{k: round(v, 1) for k, v in vars(o.resources).items()},
                }
                for o in (self.estimate.operators if self.estimate else ())
            ],
            "notes": list(self.notes),
            "physics": physics and physics.as_dict(),
            "evidence": {check.file: check.state for check in self.evidence.checks},
            "project": self.name,
        }


def report(
    project: Path,
    budget: str | Path = "l1",
    part: str | Path | None = None,
    *,
    data: Path | None = None,
) -> Report:
    """Report on a project against a budget; on its RTL, where it has one.

    Parameters
    ----------
    project : Path
        A folder that `triggernet export` wrote, or an entry of the zoo, of which the Verilog is
        counted that an export would write. Vendor reports anywhere in a project are read.
    budget : str or Path
        A name of the package's table, or a YAML file.
    part : str or Path, optional
        Likewise; by default the part that the project is for.
    data : Path, optional
        Jets on which to evaluate the project's model, for the ROC curve.

    Raises
    ------
    ProjectError, UsageError
        If `project` is no project, or a report in it is damaged; if a name is unknown.
    """
    allowed, (subject, remarks) = load_budget(budget), _subject_of(load_project(project))
    clock = subject.clock
    fpga = load_part(subject.part if part is None else part)
    known, slack = known_figures(subject), timing(subject)
    lines = judge(of_instances(known.figures, subject.instances), allowed, fpga, clock, slack)
    return Report(
        name=subject.program.name,
        verdict=overall(lines),
        budget=allowed,
        part=fpga,
        design=subject.kind,
        clock=clock,
        figures=known.figures,
        others=_others(known),
        lines=lines,
        timing=slack,
        evidence=collect(subject, data),
        settings=subject.settings,
        estimate=subject.estimate,
        rtl=_rtl(subject),
        notes=(*remarks, *notes(subject)),
    )


def _subject_of(project: Project) -> tuple[Subject, tuple[str, ...]]:
    """What a report is about, and remarks; of a model alone, the Verilog that it would have."""
    if project.record is not None:
        return examined(project), ()
    subject, remarks = planned(project.folder, project.program, RtlConfig())
    return subject, (ONLY_PLANNED, *remarks)


def _rtl(subject: Subject) -> RtlReport | None:
    if subject.rtl is None:
        return None
    results = subject.results
    return RtlReport(
        subject.rtl,
        results.cosimulation.result,
        results.synthesis.result,
        results.proof.result,
        results.netlist.result,
    )


def _others(known: Known) -> tuple[tuple[str, Figure], ...]:
    return tuple(
        (name, figures[name])
        for name in FIGURES
        for figures in known.all
        if name in figures and figures[name] is not known.figures.get(name)
    )
