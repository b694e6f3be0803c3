"""A project's report: its figures, the verdict of a budget on them, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.rtl.design import Design as RtlDesign
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.verify import CoSimulation
from triggernet.parts import Part, load_part
from triggernet.reports.budgets.tables import Budget, load_budget
from triggernet.reports.budgets.verdict import Line, Verdict, judge, overall
from triggernet.reports.cost.estimate import Estimate
from triggernet.reports.cost.figures import FIGURES, Figure, of_instances
from triggernet.reports.cost.hardware import Clock
from triggernet.reports.cost.slack import SetupSlack
from triggernet.reports.report.design import Design, Kind
from triggernet.reports.report.evidence import Evidence, collect
from triggernet.reports.report.project import Known, Settings, known_figures, load_project
from triggernet.reports.report.rtl_sources import notes
from triggernet.reports.report.sources import timing


@dataclass(frozen=True)
class RtlReport:
    """The RTL of a project, with those results of tools that are of this very Verilog."""

    design: RtlDesign
    cosimulation: CoSimulation | None
    synthesis: Synthesis | None


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
    settings : Settings or None
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
    settings: Settings | None = None
    estimate: Estimate | None = None
    rtl: RtlReport | None = None
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the budget is not failed; unknown figures do not fail it."""
        return self.verdict != "failed"

    @property
    def cosimulation_failed(self) -> bool:
        """Whether a co-simulation of these very sources found differences, in the HLS too."""
        found = self.rtl.cosimulation if self.rtl else None
        return found is not None and not (
            found.answers_right and (found.hls is None or found.hls.passed)
        )

    def as_dict(self) -> dict[str, Any]:
        """The report ready for JSON; figures that are not known are None."""
        figures = {name: self.figures.get(name) for name in FIGURES}
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
        Folder with ``program.json`` and ``triggernet.json``, as `triggernet export --hls` or
        ``--rtl`` writes it. Vendor reports anywhere in it are read.
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
    allowed, found = load_budget(budget), load_project(project)
    design, clock = found.design, found.clock
    fpga = load_part(found.part if part is None else part)
    known, slack = known_figures(found), timing(design)
    lines = judge(of_instances(known.figures, found.instances), allowed, fpga, clock, slack)
    return Report(
        name=design.program.name,
        verdict=overall(lines),
        budget=allowed,
        part=fpga,
        design=design.kind,
        clock=clock,
        figures=known.figures,
        others=_others(known),
        lines=lines,
        timing=slack,
        evidence=collect(design, data),
        settings=found.settings,
        estimate=design.estimate,
        rtl=_rtl(design),
        notes=notes(design),
    )


def _rtl(design: Design) -> RtlReport | None:
    if design.rtl is None:
        return None
    results = design.results
    return RtlReport(design.rtl, results.cosimulation.result, results.synthesis.result)


def _others(known: Known) -> tuple[tuple[str, Figure], ...]:
    return tuple(
        (name, figures[name])
        for name in FIGURES
        for figures in known.all
        if name in figures and figures[name] is not known.figures.get(name)
    )
