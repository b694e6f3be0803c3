"""A project's report: its figures, the verdict of a budget on them, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.errors import ProjectError
from triggernet.files import read_json
from triggernet.program import Program
from triggernet.report.design import Design, Kind
from triggernet.report.estimate import Estimate, estimate
from triggernet.report.evidence import Evidence, collect
from triggernet.report.figures import FIGURES, Figure, Figures, best, of_instances
from triggernet.report.hardware import Clock
from triggernet.report.rtl_sources import (
    CoSimulation,
    current_cosimulation,
    notes,
    valid_synthesis,
)
from triggernet.report.sources import Timing, gather, timing
from triggernet.report.tables import Budget, Part, load_budget, load_part
from triggernet.report.verdict import Line, Verdict, judge, overall
from triggernet.rtl.design import Design as RtlDesign
from triggernet.rtl.design import has_rtl, read_design, source_digest
from triggernet.rtl.synth import Synthesis

RECORD = "triggernet.json"
PROGRAM = "program.json"


@dataclass(frozen=True)
class Settings:
    """How the HLS project is built, from its record.

    Attributes
    ----------
    name : str
        Top function.
    part : str
        Full name of the FPGA.
    clock : Clock
    reuse_factor : int
    """

    name: str
    part: str
    clock: Clock
    reuse_factor: int


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
    timing : Timing or None
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
    timing: Timing | None
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
        """Whether a co-simulation of this very Verilog found differences."""
        found = self.rtl.cosimulation if self.rtl else None
        return found is not None and not found.passed

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
    allowed, settings = load_budget(budget), _settings(project)
    design = _design(project, _program(project), settings)
    fpga = load_part(_own_part(design, settings) if part is None else part)
    clock = Clock(design.period_ns(design.kind))
    found, slack = gather(design), timing(design)
    figures = best(each for kind, each in found if kind == design.kind)
    instances = design.rtl.instances if design.rtl is not None else 1
    lines = judge(of_instances(figures, instances), allowed, fpga, clock, slack)
    return Report(
        name=design.program.name,
        verdict=overall(lines),
        budget=allowed,
        part=fpga,
        design=design.kind,
        clock=clock,
        figures=figures,
        others=_others([each for _, each in found], figures),
        lines=lines,
        timing=slack,
        evidence=collect(project, design.program, data),
        settings=settings,
        estimate=design.estimate,
        rtl=_rtl(design),
        notes=notes(design),
    )


def _design(project: Path, program: Program, settings: Settings | None) -> Design:
    rtl = read_design(project) if has_rtl(project) else None
    return Design(
        project,
        program,
        hls_top=settings.name if settings else "",
        estimate=(estimate(program, settings.clock, settings.reuse_factor) if settings else None),
        rtl=rtl,
        rtl_digest=source_digest(project) if rtl else "",
    )


def _own_part(design: Design, settings: Settings | None) -> str:
    if design.rtl is not None:
        return design.rtl.part
    return settings.part if settings else ""


def _rtl(design: Design) -> RtlReport | None:
    if design.rtl is None:
        return None
    return RtlReport(design.rtl, current_cosimulation(design), valid_synthesis(design))


def _others(found: list[Figures], shown: Figures) -> tuple[tuple[str, Figure], ...]:
    return tuple(
        (name, figures[name])
        for name in FIGURES
        for figures in found
        if name in figures and figures[name] is not shown.get(name)
    )


def _program(project: Path) -> Program:
    path = project / PROGRAM
    if not path.is_file():
        raise ProjectError(
            f"{project} is no project: it has no {PROGRAM}; give a folder that "
            "`triggernet export` wrote"
        )
    return Program.from_json(path.read_text("utf-8"))


def _settings(project: Path) -> Settings | None:
    """How the HLS project is built; None where there is RTL alone."""
    path = project / RECORD
    if not path.is_file():
        raise ProjectError(
            f"{project} is no project: it has no {RECORD}; give a folder that "
            "`triggernet export --hls` or `--rtl` wrote"
        )
    content = read_json(path)
    if isinstance(content, dict) and "config" not in content and has_rtl(project):
        return None
    try:
        config = content["config"]
        uncertainty = float(str(config["clock_uncertainty"]).rstrip("%")) / 100
        clock = Clock(float(config["clock_period_ns"]), uncertainty)
        return Settings(
            str(config["project_name"]), str(config["part"]), clock, int(config["reuse_factor"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProjectError(
            f"{path} does not say how the project is built ({error!r}); export it again"
        ) from error
