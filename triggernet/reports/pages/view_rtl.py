"""The RTL part of a report as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triggernet.deployment.rtl.design import Design
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.reports.cost.placed import (
    CALIBRATED_FAMILY,
    PlacedRatio,
    Prediction,
    ff_from_yosys,
    lut_from_da4ml,
    lut_from_yosys,
)
from triggernet.reports.pages.text import number
from triggernet.reports.report.report import RtlReport
from triggernet.words import counted


@dataclass(frozen=True)
class CountRow:
    """One resource: before synthesis, as synthesised, and what is expected after placing."""

    title: str
    da4ml: str
    counted: str
    placed: str
    range: str


@dataclass(frozen=True)
class ModuleRow:
    """One module that was synthesised as one, with what all its instances take together."""

    name: str
    instances: str
    lut: str
    ff: str
    dsp: str
    bram: str


@dataclass(frozen=True)
class NodeRow:
    """One node of the program, with what its Verilog takes before any synthesis."""

    name: str
    op: str
    ready: str
    lut: str
    ff: str
    dsp: str
    bram: str
    lut_share: float
    ff_share: float


@dataclass(frozen=True)
class RtlView:
    """What the templates show of an RTL design.

    Attributes
    ----------
    facts : tuple of (str, str)
    counts : tuple of CountRow
        Empty without a synthesis.
    tool : str
        What synthesised it.
    basis : tuple of str
        What the predictions were measured on.
    modules : tuple of ModuleRow
    nodes : tuple of NodeRow
        Empty for a design of an older triggernet.
    node_note : str
    """

    facts: tuple[tuple[str, str], ...]
    counts: tuple[CountRow, ...]
    tool: str
    basis: tuple[str, ...]
    modules: tuple[ModuleRow, ...]
    nodes: tuple[NodeRow, ...]
    node_note: str


def rtl_view(rtl: RtlReport) -> RtlView:
    """The RTL of a project as text."""
    synthesis = rtl.synthesis
    return RtlView(
        facts=tuple(_facts(rtl)),
        counts=_counts(synthesis, rtl.design.predicted.get("da4ml_lut")) if synthesis else (),
        tool=_tool(synthesis) if synthesis else "",
        basis=_basis(synthesis, "da4ml_lut" in rtl.design.predicted) if synthesis else (),
        modules=_modules(synthesis) if synthesis else (),
        nodes=_nodes(rtl.design),
        node_note=_node_note(rtl),
    )


def _nodes(design: Design) -> tuple[NodeRow, ...]:
    """Nodes that take anything, then what belongs to none of them."""
    if not design.nodes:
        return ()
    kinds = ("lut", "ff", "dsp", "bram")
    counts = [(n.name, n.op, str(n.ready_cycle), {k: getattr(n, k) for k in kinds})
              for n in design.nodes]  # fmt: skip
    rest = {
        k: max(design.predicted.get(k, 0.0) - sum(getattr(n, k) for n in design.nodes), 0.0)
        for k in kinds
    }
    rows = [row for row in counts if any(round(v) for v in row[3].values())]
    rows.append(("output registers and control", "", str(design.latency_cycles), rest))
    top = {k: max(row[3][k] for row in rows) or 1.0 for k in kinds}
    return tuple(
        NodeRow(
            name,
            op,
            ready,
            **{k: number(round(count[k])) for k in kinds},
            lut_share=count["lut"] / top["lut"],
            ff_share=count["ff"] / top["ff"],
        )
        for name, op, ready, count in rows
    )


def _node_note(rtl: RtlReport) -> str:
    """What the counts by node are, and how they compare with the synthesis."""
    text = (
        "Counted in the netlist that triggernet wrote as Verilog, before any synthesis: "
        f"{number(round(rtl.design.predicted.get('lut', 0.0)))} LUT in all"
    )
    if rtl.synthesis is not None:
        text += f", where {rtl.synthesis.tool} counts {number(rtl.synthesis.lut)}"
    return (
        f"{text}. What several nodes share counts for the first of them, a register that delays a "
        "value for the node that needs it late. Clock: in which all values of the node are there."
    )


def _facts(rtl: RtlReport) -> list[tuple[str, str]]:
    design, measured = rtl.design, rtl.cosimulation
    facts = [
        ("Top module", design.top),
        (
            "Schedule",
            f"latency {design.latency_cycles}, interval {counted(design.interval_cycles, 'clock')}",
        ),
    ]
    if measured:
        differ = number(measured.mismatches) if measured.mismatches else "none"
        text = (
            f"{number(measured.n_vectors)} events, {differ} differ; in clocks: latency "
            f"{measured.latency_cycles}, interval {measured.interval_cycles} "
            f"({measured.tool} {measured.version})"
        )
        facts.append(("Co-simulation", text))
        if measured.hls is not None:
            hls = measured.hls
            text = f"{number(hls.events)} events, {number(hls.mismatches)} mismatches ({hls.tool})"
            facts.append(("HLS test bench", text))
    if rtl.netlist:
        differ = number(rtl.netlist.mismatches) if rtl.netlist.mismatches else "none"
        text = f"{number(rtl.netlist.n_vectors)} events, {differ} differ"
        facts.append(("Co-simulation of the primitives that are counted", text))
    place = rtl.synthesis.place if rtl.synthesis else None
    if place:
        clock = f"no room: {place.reason}" if place.max_mhz is None else f"{place.max_mhz:.0f} MHz"
        facts.append((place.chip, f"{clock} ({place.tool} {place.version})"))
    return facts


def _tool(synthesis: Synthesis) -> str:
    whole = ", as one module" if synthesis.flatten else ""
    return f"{synthesis.tool} {synthesis.version}, primitives of {synthesis.family}{whole}"


def _counts(synthesis: Synthesis, da4ml: float | None) -> tuple[CountRow, ...]:
    calibrated = synthesis.family == CALIBRATED_FAMILY
    lut, ff = (lut_from_yosys(), ff_from_yosys()) if calibrated else (None, None)
    rows = [_row("LUT", synthesis.lut, lut), _row("FF", synthesis.ff, ff)]
    if da4ml is not None:
        expected = lut_from_da4ml().applied(da4ml)
        count = number(round(da4ml))
        rows.insert(1, CountRow("LUT, from da4ml's count", count, "", *_placed(expected)))
    rows += [
        CountRow(title, "", number(count), number(count), "")
        for title, count in (("DSP", synthesis.dsp), ("BRAM (18 kbit)", synthesis.bram))
    ]
    return tuple(rows)


def _row(title: str, count: int, ratio: PlacedRatio | None) -> CountRow:
    placed = ("", "") if ratio is None else _placed(ratio.applied(count))
    return CountRow(title, "", number(count), *placed)


def _placed(expected: Prediction) -> tuple[str, str]:
    return number(expected.value), f"{number(expected.low)} – {number(expected.high)}"


def _basis(synthesis: Synthesis, da4ml: bool) -> tuple[str, ...]:
    ratios = [lut_from_yosys(), ff_from_yosys()] if synthesis.family == CALIBRATED_FAMILY else []
    ratios += [lut_from_da4ml()] if da4ml else []
    return tuple(ratio.basis for ratio in ratios)


def _modules(synthesis: Synthesis) -> tuple[ModuleRow, ...]:
    rows: Sequence[tuple[str, int, tuple[int, ...]]] = [
        (name, m.instances, (m.counts.lut, m.counts.ff, m.counts.dsp, m.counts.bram))
        for name, m in synthesis.short_modules()
    ]
    return tuple(
        ModuleRow(name, number(count), *(number(count * value) for value in values))
        for name, count, values in rows
    )
