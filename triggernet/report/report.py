"""A project's report: its figures, the verdict of a budget on them, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.errors import ProjectError
from triggernet.files import read_json
from triggernet.program import Program
from triggernet.report.estimate import Estimate, estimate
from triggernet.report.evidence import Evidence, collect
from triggernet.report.figures import FIGURES, Figure, Figures, best
from triggernet.report.hardware import Clock
from triggernet.report.sources import Design, Timing, gather, timing
from triggernet.report.tables import Budget, Part, load_budget, load_part
from triggernet.report.verdict import Line, Verdict, judge, overall

RECORD = "triggernet.json"
PROGRAM = "program.json"


@dataclass(frozen=True)
class Settings:
    """How a project is built, from its record.

    Attributes
    ----------
    name : str
        Top function or module.
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
    settings : Settings
    figures : dict of str to Figure
        By name, as in FIGURES; what is not known is absent.
    others : tuple of (str, Figure)
        Figures of less trusted sources.
    lines : tuple of Line
        The budget, line by line.
    estimate : Estimate
        Where the resources go, operator by operator; before calibration.
    timing : Timing or None
    evidence : Evidence
    """

    name: str
    verdict: Verdict
    budget: Budget
    part: Part
    settings: Settings
    figures: Mapping[str, Figure]
    others: tuple[tuple[str, Figure], ...]
    lines: tuple[Line, ...]
    estimate: Estimate
    timing: Timing | None
    evidence: Evidence

    @property
    def passed(self) -> bool:
        """Whether the budget is not failed; unknown figures do not fail it."""
        return self.verdict != "failed"

    def as_dict(self) -> dict[str, Any]:
        """The report ready for JSON; figures that are not known are None."""
        figures = {name: self.figures.get(name) for name in FIGURES}
        return {
            "verdict": self.verdict,
            "budget": self.budget.name,
            "part": self.part.name,
            "clock_ns": self.settings.clock.period_ns,
            "figures": {name: f and f.as_dict() for name, f in figures.items()},
            "lines": [line.as_dict() for line in self.lines],
            "operators": [
                {
                    "name": o.name,
                    "op": o.op,
                    "cycles": [o.start_cycle, o.end_cycle],
                    **{k: round(v, 1) for k, v in vars(o.resources).items()},
                }
                for o in self.estimate.operators
            ],
            "project": self.name,
        }


def report(
    project: Path,
    budget: str | Path = "l1",
    part: str | Path | None = None,
    *,
    data: Path | None = None,
) -> Report:
    """Report on a project against a budget.

    Parameters
    ----------
    project : Path
        Folder with ``program.json`` and ``triggernet.json``, as `triggernet export --hls` writes
        it. Vendor reports anywhere in it are read.
    budget : str or Path
        A name of the package's table, or a YAML file.
    part : str or Path, optional
        Likewise; by default the part that the project is for.
    data : Path, optional
        Jets on which to evaluate the project's model, for the ROC curve.

    Raises
    ------
    ProjectError
        If `project` is no project, or a report in it is damaged.
    UsageError
        If a name is unknown.
    """
    allowed, settings = load_budget(budget), _settings(project)
    fpga = load_part(settings.part if part is None else part)
    program = _program(project)
    expected = estimate(program, settings.clock, settings.reuse_factor)
    design = Design(project, settings.name, program, expected)
    found, slack = gather(design), timing(design)
    figures = best(found)
    lines = judge(figures, allowed, fpga, settings.clock, slack)
    return Report(
        name=program.name,
        verdict=overall(lines),
        budget=allowed,
        part=fpga,
        settings=settings,
        figures=figures,
        others=_others(found, figures),
        lines=lines,
        estimate=expected,
        timing=slack,
        evidence=collect(project, program, data),
    )


def _others(found: list[Figures], shown: Figures) -> tuple[tuple[str, Figure], ...]:
    return tuple(
        (name, figures[name])
        for name in FIGURES
        for figures in found
        if name in figures and figures[name] is not shown[name]
    )


def _program(project: Path) -> Program:
    path = project / PROGRAM
    if not path.is_file():
        raise ProjectError(
            f"{project} is no project: it has no {PROGRAM}; give a folder that "
            "`triggernet export` wrote"
        )
    return Program.from_json(path.read_text("utf-8"))


def _settings(project: Path) -> Settings:
    path = project / RECORD
    if not path.is_file():
        raise ProjectError(
            f"{project} is no project: it has no {RECORD}; give a folder that "
            "`triggernet export --hls` wrote"
        )
    content = read_json(path)
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
