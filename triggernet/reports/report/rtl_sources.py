"""Figures of a project's RTL: its schedule, co-simulation, synthesis, and da4ml's count.

Results of tools carry a seal and the digests of what they were made from. Those without one, or of
other Verilog than lies in the project now, are not used, and a note says so.
"""

from __future__ import annotations

import importlib.metadata

from triggernet.deployment.project.layout import MODEL
from triggernet.deployment.prove.proof import SCRIPT, Proof
from triggernet.deployment.rtl.design import Design
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.verify import CoSimulation
from triggernet.reports.cost.figures import Error, Figure, Figures
from triggernet.reports.cost.placed import (
    CALIBRATED_FAMILY,
    clock_note,
    ff_from_yosys,
    lut_from_da4ml,
    lut_from_yosys,
)
from triggernet.reports.report.subject import Subject
from triggernet.version import __version__
from triggernet.words import counted

SCHEDULE = "triggernet schedule"
NETLIST = "triggernet netlist"


def cosimulated(subject: Subject) -> list[Figures]:
    """Latency and interval as Verilator measured them."""
    cosimulation = subject.results.measured
    if subject.rtl is None or cosimulation is None:
        return []
    tool, version, source = cosimulation.tool, cosimulation.version, CoSimulation.FILE.name
    cycles = {
        "latency_cycles": cosimulation.latency_cycles,
        "interval_cycles": cosimulation.interval_cycles,
    }
    return [
        {
            name: Figure(value, "simulated", tool, version, source=source)
            for name, value in cycles.items()
            if value is not None
        }
    ]


def scheduled(subject: Subject) -> list[Figures]:
    """Latency and interval as the design is built, and what it was expected to take.

    The interval holds by construction, the latency is `exact` as soon as a co-simulation measured
    the same; one that measured anything else makes both mere estimates.
    """
    rtl, measured = subject.rtl, subject.results.measured
    if rtl is None:
        return []
    same_latency = measured is not None and measured.latency_cycles == rtl.latency_cycles
    other_interval = measured is not None and measured.interval_cycles != rtl.interval_cycles

    def figure(value: float, exact: bool) -> Figure:
        return Figure(value, "exact" if exact else "estimated", SCHEDULE, __version__)

    return [
        {
            "latency_cycles": figure(rtl.latency_cycles, same_latency),
            "interval_cycles": figure(rtl.interval_cycles, not other_interval),
        },
        {
            name: Figure(round(rtl.predicted[name]), "estimated", NETLIST, __version__)
            for name in ("lut", "ff", "dsp", "bram")
            if name in rtl.predicted
        },
    ]


def synthesised(subject: Subject) -> list[Figures]:
    """Yosys' counts; the range is what is expected of the placed design."""
    synthesis = subject.results.synthesis.result
    if subject.rtl is None or synthesis is None:
        return []
    errors: dict[str, Error] = {}
    if synthesis.family == CALIBRATED_FAMILY:
        errors["lut"] = lut_from_yosys().applied(synthesis.lut).error
        errors["ff"] = ff_from_yosys().applied(synthesis.ff).error
    tool = f"{synthesis.tool} {synthesis.family}"
    return [
        {
            name: Figure(
                getattr(synthesis, name),
                "synthesised",
                tool,
                synthesis.version,
                errors.get(name),
                Synthesis.FILE.name,
            )
            for name in ("lut", "ff", "dsp", "bram")
        }
    ]


def counted_by_da4ml(subject: Subject) -> list[Figures]:
    """The count of da4ml's cost model, products left out."""
    if subject.rtl is None or "da4ml_lut" not in subject.rtl.predicted:
        return []
    count = round(subject.rtl.predicted["da4ml_lut"])
    error = lut_from_da4ml().applied(count).error
    version = _da4ml_version(subject)
    return [{"lut": Figure(count, "estimated", "da4ml", version, error)}]


def notes(subject: Subject) -> tuple[str, ...]:
    """What a reader must know about the figures of an RTL design; nothing without one."""
    if subject.rtl is None:
        return ()
    further = (clock_note(subject.rtl.clock_period_ns), _about_instances(subject.rtl.instances))
    return (*tool_notes(subject), *(text for text in further if text))


def tool_notes(subject: Subject) -> tuple[str, ...]:
    """What tools have not looked at an RTL design yet, or found wrong; nothing without one."""
    if subject.rtl is None:
        return ()
    said = (
        _about_cosimulation(subject, subject.rtl),
        _about_proof(subject, subject.rtl),
        _about_synthesis(subject),
    )
    return tuple(text for text in said if text)


def _about_instances(instances: int) -> str:
    if instances == 1:
        return ""
    return (
        f"{instances} instances of this design take turns: against the budget stands what all of "
        "them take, and the interval of all together; the other figures are of one."
    )


def _about_cosimulation(subject: Subject, rtl: Design) -> str:
    exhibit = subject.results.cosimulation
    cosimulation = exhibit.result
    if exhibit.state == "absent":
        return "Not co-simulated: latency is that of the schedule; `triggernet cosim` measures it."
    if cosimulation is None:
        return exhibit.as_text()
    if not cosimulation.answers_right:
        return (
            f"The co-simulation does not pass: {cosimulation.mismatches} of "
            f"{cosimulation.n_vectors} events differ. What it measured is not used."
        )
    if (cosimulation.latency_cycles, cosimulation.interval_cycles) != (
        rtl.latency_cycles,
        rtl.interval_cycles,
    ):
        interval = cosimulation.interval_cycles
        known = (
            "no interval" if interval is None else f"an interval of {counted(interval, 'clock')}"
        )
        return (
            f"The co-simulation measures a latency of {cosimulation.latency_cycles} and {known}, "
            "other than the schedule."
        )
    return ""


def _about_proof(subject: Subject, rtl: Design) -> str:
    """Nothing where no proof was tried."""
    exhibit = subject.results.proof
    proof = exhibit.result
    if proof is None:
        return "" if exhibit.state == "absent" else exhibit.as_text()
    if not proof.passed:
        return "The Verilog is refuted: `triggernet prove` found an event that it answers wrongly."
    if not holds_for(proof, rtl):
        done = sum(node.verdict == "proved" for node in proof.nodes)
        return (
            f"Not proved: {done} of {len(proof.nodes)} parts of the proof hold, the rest is open."
        )
    return (
        f"Agreement: proved for all inputs, node by node against {MODEL}, by {proof.solver} "
        f"{proof.version}. It rests on that solver, on Yosys' reading of the Verilog and on the "
        f"reading of ONNX in exact numbers; the lemmas lie in {SCRIPT}."
    )


def holds_for(proof: Proof | None, rtl: Design) -> bool:
    """Whether a design is proved, with its very latency and interval."""
    return (
        proof is not None
        and proof.proved
        and (proof.latency_cycles, proof.interval_cycles)
        == (rtl.latency_cycles, rtl.interval_cycles)
    )


def _about_synthesis(subject: Subject) -> str:
    exhibit = subject.results.synthesis
    if exhibit.state == "absent":
        return "Not synthesised: resources are estimates; `triggernet synth` counts them."
    return "" if exhibit.state == "current" else exhibit.as_text()


def _da4ml_version(subject: Subject) -> str:
    """The version that counted: that of the export, or the installed one for Verilog to be."""
    if subject.record is None:
        return importlib.metadata.version("da4ml")
    return subject.record.versions.get("da4ml", "")
