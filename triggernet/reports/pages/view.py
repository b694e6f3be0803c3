"""A report as people read it: every number as text, ready for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triggernet.deployment.verify import Agreement, Mismatch
from triggernet.reports.budgets.verdict import Line
from triggernet.reports.cost.calibration import SCALED, ratios
from triggernet.reports.cost.figures import FIGURES, Error, Figure
from triggernet.reports.pages.charts import LatencyChart, latency_chart
from triggernet.reports.pages.text import ABSENT, number, percent
from triggernet.reports.pages.view_physics import PhysicsView, physics_view
from triggernet.reports.pages.view_rtl import RtlView, rtl_view
from triggernet.reports.report.evidence import Evidence
from triggernet.reports.report.report import Report
from triggernet.reports.report.rtl_sources import holds_for

HEADLINES = {
    "met": "Budget met",
    "failed": "Budget failed",
    "unknown": "Budget not decided",
}
TITLES = {
    "latency_cycles": ("Latency", "clock cycles"),
    "latency_ns": ("Latency", "ns"),
    "interval_cycles": ("Initiation interval", "clock cycles"),
    "lut": ("Look-up tables (LUT)", ""),
    "ff": ("Registers (FF)", ""),
    "dsp": ("DSP48E2", ""),
    "bram": ("Block RAM, 18 kbit", ""),
}
CHECK_NOTE = (
    "A seal is a digest without a key: it tells an altered file from one as its command wrote it, "
    "not from one whose digest was computed anew. Vendors' reports carry no seal and are taken as "
    "they are."
)


@dataclass(frozen=True)
class FigureRow:
    """One figure as text."""

    title: str
    unit: str
    value: str
    range: str
    how: str
    tool: str
    source: str
    basis: str


@dataclass(frozen=True)
class LineRow:
    """One line of the budget as text; `share` is value / limit for its bar, at most 1."""

    label: str
    value: str
    limit: str
    use: str
    share: float
    margin: str
    how: str
    verdict: str
    at_worst: str
    slr: str


@dataclass(frozen=True)
class OperatorRow:
    """One operator; the shares are of the largest operator's, for its bars."""

    name: str
    op: str
    cycles: str
    start: float
    span: float
    lut: str
    ff: str
    dsp: str
    lut_share: float
    ff_share: float
    dsp_share: float


@dataclass(frozen=True)
class ExecutorRow:
    """How one executor compares with the exact integers, or why it was not compared."""

    name: str
    version: str
    vectors: str
    mismatches: str
    first: str


@dataclass(frozen=True)
class View:
    """Everything that the templates show."""

    name: str
    verdict: str
    headline: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[LineRow, ...]
    figures: tuple[FigureRow, ...]
    others: tuple[FigureRow, ...]
    operators: tuple[OperatorRow, ...]
    operator_note: str
    latency: LatencyChart | None
    latency_text: str
    physics: PhysicsView | None
    encoding: tuple[tuple[str, str], ...]
    evidence: Evidence
    executors: tuple[ExecutorRow, ...]
    budget_source: str
    rtl: RtlView | None
    notes: tuple[str, ...]

    @property
    def check_note(self) -> str:
        """How far the checks reach."""
        return CHECK_NOTE

    @property
    def provenance(self) -> tuple[tuple[str, str], ...]:
        """What made the project and the report, by name."""
        return tuple(self.evidence.provenance.items())


def view(report: Report) -> View:
    """The report as text and chart geometry."""
    latency, figure = report.lines[0], report.figures.get("latency_ns")
    low, high = (figure.error.low, figure.error.high) if figure and figure.error else (None, None)
    return View(
        name=report.name,
        verdict=report.verdict,
        headline=HEADLINES[report.verdict],
        sentence=verdict_sentence(report.lines) + _disagreement(report),
        facts=_facts(report),
        lines=tuple(line_row(line) for line in report.lines),
        figures=tuple(_figure(name, report.figures.get(name)) for name in FIGURES),
        others=tuple(_figure(name, figure) for name, figure in report.others),
        operators=_operators(report),
        operator_note=_operator_note(beside_rtl=report.rtl is not None),
        latency=latency_chart(latency, low, high),
        latency_text=f"This algorithm's share: {number(latency.limit)} ns",
        physics=physics_view(report.evidence.physics) if report.evidence.physics else None,
        encoding=_encoding(report.evidence.encoding),
        evidence=report.evidence,
        executors=_executors(report.evidence.agreement),
        budget_source=report.budget.source,
        rtl=rtl_view(report.rtl) if report.rtl else None,
        notes=report.notes,
    )


def _executors(agreement: Agreement | None) -> tuple[ExecutorRow, ...]:
    if agreement is None:
        return ()
    compared = [
        ExecutorRow(name, e.version, number(e.n), number(e.mismatches), _first(e.first))
        for name, e in agreement.executors.items()
    ]
    absent = [
        ExecutorRow(name, "", "not compared", "", why)
        for name, why in agreement.not_compared.items()
    ]
    return (*compared, *absent)


def _first(first: Mismatch | None) -> str:
    if first is None:
        return "none"
    node = f"node {first.node}, " if first.node else ""
    return f"vector {first.vector}, {node}tensor {first.tensor}"


def verdict_sentence(lines: Sequence[Line]) -> str:
    """What the verdict rests on, in one sentence."""
    failed = [line.label for line in lines if line.verdict == "failed"]
    unknown = [line.label for line in lines if line.verdict == "unknown"]
    close = [line.label for line in lines if line.verdict == "met" and line.at_worst == "failed"]
    if failed:
        return f"Over the limit: {', '.join(failed)}."
    if unknown:
        return f"Not known: {', '.join(unknown)}."
    if close:
        names = ", ".join(close)
        return f"All limits are met, but not with {names} at the upper end of the uncertainty."
    known = [line for line in lines if line.margin is not None]
    tightest = min(known, key=lambda line: line.margin or 0.0)
    return (
        "All limits are met, even with each figure at the upper end of its uncertainty. "
        f"The tightest is {tightest.label}: {percent(tightest.margin or 0.0)} left."
    )


def _disagreement(report: Report) -> str:
    """A warning where the firmware is not proven to compute what the model does."""
    agreement, failed = report.evidence.agreement, report.cosimulation_failed
    warning = "" if agreement is None or agreement.exact else " But the executors do not agree."
    warning = f"{warning} But the co-simulation does not pass." if failed else warning
    return f"{warning} But the Verilog is refuted." if report.refuted else warning


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    period_ns = report.clock.period_ns
    facts = [
        ("Budget", f"{report.budget.name}: {report.budget.title}"),
        ("FPGA", f"{report.part.title}, {report.part.slrs} SLR"),
        ("Clock", f"{period_ns:g} ns ({1000 / period_ns:.0f} MHz)"),
    ]
    if report.design == "RTL":
        both = " (HLS figures are listed separately)" if report.settings else ""
        facts.append(("Design", f"RTL{both}"))
        if report.rtl is not None and holds_for(report.rtl.proof, report.rtl.design):
            facts.append(("Agreement", "proved for all inputs"))
    elif report.settings is not None:
        facts.append(("Reuse factor", str(report.settings.reuse_factor)))
    return tuple(facts)


def line_row(line: Line) -> LineRow:
    """A line of a budget as text."""
    unit = f" {line.unit}" if line.unit else ""
    use = 1 - line.margin if line.margin is not None else 0.0
    return LineRow(
        label=line.label,
        value=number(line.value) + unit if line.value is not None else ABSENT,
        limit=number(line.limit) + unit,
        use=percent(use) if line.margin is not None else "",
        share=min(use, 1.0),
        margin=_margin(line),
        how=line.how or "",
        verdict=line.verdict,
        at_worst=line.at_worst,
        slr=percent(line.slr) if line.slr is not None else "",
    )


def _margin(line: Line) -> str:
    if line.margin is None:
        return ""
    return percent(line.margin) if line.margin >= 0 else f"over by {percent(-line.margin)}"


def _figure(name: str, figure: Figure | None) -> FigureRow:
    title, unit = TITLES[name]
    if figure is None:
        return FigureRow(title, unit, ABSENT, "", "", "", "", "")
    error = figure.error
    return FigureRow(
        title=title,
        unit=unit,
        value=number(figure.value),
        range=_range(error) if error else "",
        how=figure.how,
        tool=": ".join(filter(None, (figure.design, f"{figure.tool} {figure.version}"))),
        source=figure.source,
        basis=error.basis if error else "",
    )


def _range(error: Error) -> str:
    what = f"{error.of}: " if error.of else ""
    return f"{what}{_bound(error.low)} – {_bound(error.high)}"


def _bound(value: float) -> str:
    return number(round(value) if value >= 100 else round(value, 1))


def _operators(report: Report) -> tuple[OperatorRow, ...]:
    """Operators with their resources scaled like the totals, so that they add up to them."""
    if report.estimate is None:
        return ()
    known, rows = ratios(), report.estimate.operators
    cycles = max(report.estimate.latency_cycles, 1)
    factor = {k: known[k].median if k in SCALED else 1.0 for k in ("lut", "ff", "dsp")}
    top = {
        k: max((getattr(o.resources, k) for o in rows), default=0.0) or 1.0
        for k in ("lut", "ff", "dsp")
    }

    def row(k: int) -> OperatorRow:
        shown, resources = rows[k], rows[k].resources
        return OperatorRow(
            shown.name,
            shown.op,
            f"{shown.start_cycle} – {shown.end_cycle}",
            shown.start_cycle / cycles,
            max((shown.end_cycle - shown.start_cycle) / cycles, 0.02),
            number(round(resources.lut * factor["lut"])),
            number(round(resources.ff * factor["ff"])),
            number(round(resources.dsp * factor["dsp"])),
            resources.lut / top["lut"],
            resources.ff / top["ff"],
            resources.dsp / top["dsp"],
        )

    return tuple(row(k) for k in range(len(rows)))


def _operator_note(*, beside_rtl: bool) -> str:
    known = ratios()
    whose = "These are figures of the HLS project, none of the RTL. " if beside_rtl else ""
    return whose + (
        f"Estimated by triggernet from the program. Scaled like the totals: LUT by "
        f"{known['lut'].median:.2f}, FF by {known['ff'].median:.2f}, the medians of published / "
        f"modelled over {known['lut'].n_designs} published designs. Cycles as modelled; the total "
        f"latency above is scaled by {known['latency_cycles'].median:.2f}."
    )


def _encoding(encoding: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What describes a jet, and in how many bits; only what its coordinates use."""
    if not encoding:
        return ()
    polar = encoding.get("kind") != "cartesian"
    quantities = {"pt": "Constituent pT", "eta": "Constituent Δy", "phi": "Constituent Δφ"}
    if polar and encoding.get("jet"):
        quantities |= {"jet_pt": "Jet pT", "jet_excess": "Jet mT − pT"}
    if not polar:
        quantities = {"momentum": "E, px, py, pz"}
    rows = [
        ("Coordinates", "pT, Δy, Δφ in the frame of the jet" if polar else "E, px, py, pz"),
        ("Leading constituents", str(encoding.get("n_constituents", ABSENT))),
        ("Whole jet as an input", "yes" if encoding.get("jet") else "no"),
    ]
    for key, name in quantities.items():
        step = encoding.get(f"{key}_lsb_gev")
        unit = f"{step:g} GeV" if step is not None else "π/720 rad"
        rows.append((name, f"{encoding.get(f'{key}_width', '?')} bits of {unit}"))
    return tuple(rows)
