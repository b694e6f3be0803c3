"""Figures of a project's RTL: its schedule, co-simulation, synthesis, and da4ml's count.

Results of tools carry the digest of the Verilog they were made from. Those of other Verilog than
lies in the project now are not used, and a note says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triggernet import __version__
from triggernet.deployment.rtl.design import Design as RtlDesign
from triggernet.deployment.rtl.synth import RESULT, Synthesis, read_synthesis
from triggernet.errors import DataError, ProjectError
from triggernet.files import read_json
from triggernet.reports.cost.figures import Error, Figure, Figures
from triggernet.reports.cost.placed import (
    CALIBRATED_FAMILY,
    clock_note,
    ff_from_yosys,
    lut_from_da4ml,
    lut_from_yosys,
)
from triggernet.reports.report.design import Design

COSIM = "cosim.json"
SCHEDULE = "triggernet schedule"
NETLIST = "triggernet netlist"


@dataclass(frozen=True)
class CoSimulation:
    """What `triggernet cosim` left.

    Attributes
    ----------
    n_vectors, mismatches : int
    latency_cycles, interval_cycles : int
        As measured.
    tool, version, digest : str
    """

    n_vectors: int
    mismatches: int
    latency_cycles: int
    interval_cycles: int
    tool: str
    version: str
    digest: str

    @property
    def passed(self) -> bool:
        """Whether outputs were compared, and none differs."""
        return self.n_vectors > 0 and self.mismatches == 0


def read_cosimulation(design: Design) -> CoSimulation | None:
    """The co-simulation in a project, of whatever Verilog; None if there is none.

    Raises
    ------
    ProjectError
        If the file is damaged.
    """
    path = design.folder / COSIM
    if not path.is_file():
        return None
    try:
        content: Mapping[str, Any] = read_json(path)
        return CoSimulation(
            n_vectors=int(content["n_vectors"]),
            mismatches=int(content["mismatches"]),
            latency_cycles=int(content["latency_cycles"]),
            interval_cycles=int(content["interval_cycles"]),
            tool=str(content["tool"]),
            version=str(content["version"]),
            digest=str(content["digest"]),
        )
    except (DataError, KeyError, TypeError, ValueError) as error:
        raise ProjectError(
            f"{path} is no result of `triggernet cosim` ({error!r}); run it again"
        ) from error


def current_cosimulation(design: Design) -> CoSimulation | None:
    """The co-simulation, if it is of the Verilog in the project; it may have failed."""
    found = read_cosimulation(design)
    return found if found and found.digest == design.rtl_digest else None


def valid_cosimulation(design: Design) -> CoSimulation | None:
    """The co-simulation, if it is of the Verilog in the project and passed."""
    found = current_cosimulation(design)
    return found if found and found.passed else None


def valid_synthesis(design: Design) -> Synthesis | None:
    """The synthesis, if it is of the Verilog in the project."""
    found = read_synthesis(design.folder)
    return found if found and found.digest == design.rtl_digest else None


def cosimulated(design: Design) -> list[Figures]:
    """Latency and interval as Verilator measured them."""
    found = valid_cosimulation(design)
    if design.rtl is None or found is None:
        return []

    def figure(value: int) -> Figure:
        return Figure(value, "simulated", found.tool, found.version, source=COSIM)

    return [
        {
            "latency_cycles": figure(found.latency_cycles),
            "interval_cycles": figure(found.interval_cycles),
        }
    ]


def scheduled(design: Design) -> list[Figures]:
    """Latency and interval as the design is built, and what it was expected to take.

    The interval holds by construction, the latency is `exact` as soon as a co-simulation measured
    the same; one that measured anything else makes both mere estimates.
    """
    rtl, measured = design.rtl, valid_cosimulation(design)
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


def synthesised(design: Design) -> list[Figures]:
    """Yosys' counts; the range is what is expected of the placed design."""
    found = valid_synthesis(design)
    if design.rtl is None or found is None:
        return []
    errors: dict[str, Error] = {}
    if found.family == CALIBRATED_FAMILY:
        errors["lut"] = lut_from_yosys().applied(found.lut).error
        errors["ff"] = ff_from_yosys().applied(found.ff).error
    tool = f"{found.tool} {found.family}"
    return [
        {
            name: Figure(
                getattr(found, name), "synthesised", tool, found.version, errors.get(name), RESULT
            )
            for name in ("lut", "ff", "dsp", "bram")
        }
    ]


def counted_by_da4ml(design: Design) -> list[Figures]:
    """The count of da4ml's cost model, products left out."""
    if design.rtl is None or "da4ml_lut" not in design.rtl.predicted:
        return []
    count = round(design.rtl.predicted["da4ml_lut"])
    error = lut_from_da4ml().applied(count).error
    version = _da4ml_version(design)
    return [{"lut": Figure(count, "estimated", "da4ml", version, error)}]


def notes(design: Design) -> tuple[str, ...]:
    """What a reader must know about the figures of an RTL design; nothing without one."""
    if design.rtl is None:
        return ()
    further = (clock_note(design.rtl.clock_period_ns), _about_instances(design.rtl.instances))
    return (*tool_notes(design), *(text for text in further if text))


def tool_notes(design: Design) -> tuple[str, ...]:
    """What tools have not looked at an RTL design yet, or found wrong; nothing without one."""
    if design.rtl is None:
        return ()
    found = (_about_cosimulation(design, design.rtl), _about_synthesis(design))
    return tuple(text for text in found if text)


def _about_instances(instances: int) -> str:
    if instances == 1:
        return ""
    return (
        f"{instances} instances of this design take turns: against the budget stands what all of "
        "them take, and the interval of all together; the other figures are of one."
    )


def _about_cosimulation(design: Design, rtl: RtlDesign) -> str:
    found = read_cosimulation(design)
    if found is None:
        return "Not co-simulated: latency is that of the schedule; `triggernet cosim` measures it."
    if found.digest != design.rtl_digest:
        return f"{COSIM} is of other Verilog and is ignored; run `triggernet cosim` again."
    if not found.passed:
        return (
            f"The co-simulation does not pass: {found.mismatches} of {found.n_vectors} events "
            "differ. What it measured is not used."
        )
    if (found.latency_cycles, found.interval_cycles) != (rtl.latency_cycles, rtl.interval_cycles):
        return (
            f"The co-simulation measures a latency of {found.latency_cycles} and an interval of "
            f"{found.interval_cycles} clocks, other than the schedule."
        )
    return ""


def _about_synthesis(design: Design) -> str:
    if not (design.folder / RESULT).is_file():
        return "Not synthesised: resources are estimates; `triggernet synth` counts them."
    if valid_synthesis(design) is None:
        return (
            f"{RESULT} is of other Verilog, or damaged, and is ignored; "
            "run `triggernet synth` again."
        )
    return ""


def _da4ml_version(design: Design) -> str:
    """The version that counted, from the project's record; that of the export."""
    try:
        versions = read_json(design.folder / "triggernet.json").get("versions", {})
    except (AttributeError, DataError):
        return ""
    return str(versions.get("da4ml", "")) if isinstance(versions, dict) else ""
