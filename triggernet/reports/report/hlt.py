"""The report on a float model of the High-Level Trigger: its time, the verdict, the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.onnxruntime.latency import Latency
from triggernet.deployment.project.record import read_record
from triggernet.deployment.verify import FloatAgreement
from triggernet.learning.training.run_folder import finished_config
from triggernet.reports.budgets.tables import HltBudget, load_hlt_budget
from triggernet.reports.budgets.verdict import Line, Verdict, judge_hlt, overall
from triggernet.reports.report.evidence import Check, about_metrics, made_by
from triggernet.reports.report.physics import Physics, evaluated, kept
from triggernet.results import METRICS, examine, read_result


@dataclass(frozen=True)
class HltReport:
    """What is known about a project of the High-Level Trigger.

    Attributes
    ----------
    name : str
        Of the model's family.
    verdict : str
        "met", "failed" or "unknown".
    budget : HltBudget
    lines : tuple of Line
        The budget, line by line.
    latency : Latency or None
        If it was measured, and of this very file.
    agreement : FloatAgreement or None
        Likewise.
    physics : Physics or None
    checks : tuple of Check
        What could be checked of each piece of evidence.
    provenance : mapping of str to str
    """

    name: str
    verdict: Verdict
    budget: HltBudget
    lines: tuple[Line, ...]
    latency: Latency | None
    agreement: FloatAgreement | None
    physics: Physics | None
    checks: tuple[Check, ...]
    provenance: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether the budget is not failed; unknown figures do not fail it."""
        return self.verdict != "failed"

    def as_dict(self) -> dict[str, Any]:
        """The report ready for JSON."""
        return {
            "verdict": self.verdict,
            "budget": self.budget.name,
            "tier": self.budget.tier,
            "lines": [line.as_dict() for line in self.lines],
            "timings": [asdict(each) for each in (self.latency.timings if self.latency else ())],
            "agreement": self.agreement and self.agreement.as_dict(),
            "physics": self.physics and self.physics.as_dict(),
            "evidence": {check.file: check.state for check in self.checks},
            "project": self.name,
        }


def hlt_report(project: Path, budget: str | Path = "hlt", data: Path | None = None) -> HltReport:
    """Report on the float model of a project against a budget of the High-Level Trigger.

    Parameters
    ----------
    project : Path
        A folder that `triggernet export --onnx` wrote; `triggernet latency` measures the time.
    budget : str or Path
        A name of the package's table, or a YAML file.
    data : Path, optional
        Jets on which to evaluate the model anew.

    Raises
    ------
    ProjectError, UsageError
        If `project` is no project, or a result in it was altered; if a name is unknown.
    """
    allowed, record = load_hlt_budget(budget), read_record(project)
    latency, agreement = examine(Latency, project), examine(FloatAgreement, project)
    stored = read_result(project, METRICS)
    about = about_metrics(project, stored)
    physics = None
    if data is not None:
        physics = evaluated(project, data)
    elif stored is not None:
        physics = kept(project, stored, outdated=about.state == "outdated")
    timing = None
    if latency.result is not None:
        timing = latency.result.of("event", allowed.objects_per_event, allowed.threads)
    lines = judge_hlt(timing, allowed)
    exhibits = (latency, agreement)
    return HltReport(
        name=finished_config(project).model.name,
        verdict=overall(lines),
        budget=allowed,
        lines=lines,
        latency=latency.result,
        agreement=agreement.result,
        physics=physics,
        checks=(*(Check(e.file.name, e.state, e.as_text()) for e in exhibits), about),
        provenance=made_by(project, record),
    )
