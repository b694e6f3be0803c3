"""One entry of a comparison: a run, and what its firmware takes, each figure with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.design import Design as RtlDesign
from triggernet.deployment.rtl.lower import Hardware, lower, useful_interval, useful_intervals
from triggernet.deployment.rtl.project import describe
from triggernet.errors import UnsupportedError
from triggernet.program import Program
from triggernet.reports.cost.bit_operations import BitOperations, bit_operations
from triggernet.reports.cost.figures import Figure, best
from triggernet.reports.report.design import Design, Kind
from triggernet.reports.report.project import (
    PROGRAM,
    Project,
    is_project,
    known_figures,
    load_program,
    load_project,
)
from triggernet.reports.report.rtl_sources import scheduled, tool_notes
from triggernet.reports.report.sources import in_nanoseconds

if TYPE_CHECKING:
    from triggernet.learning.training import Run

FLOAT_ONLY = "no hardware form, trained in floating point only"


@dataclass(frozen=True)
class Contender:
    """A run as it is given to a comparison.

    Attributes
    ----------
    name : str
    folder : Path
    run : Run
    project : Project or None
        None for a run folder or an entry of the zoo, which hold no firmware.
    """

    name: str
    folder: Path
    run: Run
    project: Project | None

    @property
    def is_lowered(self) -> bool:
        """Whether its figures are those of a design that is made for the comparison."""
        return self.project is None and self.run.quantised_model is not None

    @property
    def weights(self) -> Path:
        """The file with the weights of its quantised model, or of the float one if it is alone."""
        from triggernet.learning.training.run_folder import FLOAT, QUANTISED

        return self.folder / (FLOAT if self.run.quantised_model is None else QUANTISED)


@dataclass(frozen=True)
class Firmware:
    """What the firmware of a run takes.

    Attributes
    ----------
    bit_operations : BitOperations or None
    figures : mapping of str to Figure
        By name, as in `triggernet.reports.cost.figures.FIGURES`; what is not known is absent.
    design : "RTL", "HLS" or None
        What the figures are about.
    clock_period_ns : float or None
    notes : tuple of str
        What a reader must know about them.
    absent : str
        Why there are no figures; empty if there are.
    """

    bit_operations: BitOperations | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    design: Kind | None = None
    clock_period_ns: float | None = None
    notes: tuple[str, ...] = ()
    absent: str = ""

    def value(self, name: str) -> float | None:
        """A figure's value; None where it is not known."""
        figure = self.figures.get(name)
        return None if figure is None else figure.value


def load_contender(name: str, folder: Path) -> Contender:
    """Read a run folder, an entry of the zoo or a project.

    Raises
    ------
    ModelError, ConfigError
        If it holds no finished run.
    ProjectError
        If it is a damaged project.
    """
    from triggernet.learning.training import load_run

    return Contender(
        name, folder, load_run(folder), load_project(folder) if is_project(folder) else None
    )


def firmware(contender: Contender, config: RtlConfig) -> Firmware:
    """The firmware of a run: the project's, or else the netlist at the interval of `config`.

    Where a program cannot be had at that interval, the nearest useful one above is taken, and if
    there is none, the nearest one below.
    """
    if contender.project is not None:
        return _of_project(contender.project)
    if contender.run.quantised_model is None:
        return Firmware(absent=FLOAT_ONLY)
    try:
        program = _program(contender.folder)
    except UnsupportedError as error:
        return Firmware(absent=f"cannot be exported: {error}")
    operations = bit_operations(program)
    try:
        hardware, notes = _nearest(program, config)
    except UnsupportedError as error:
        return Firmware(operations, absent=f"no Verilog at any interval: {error}")
    found = best(
        in_nanoseconds(each, config.clock_period_ns)
        for each in scheduled(_design(contender.folder, hardware))
    )
    return Firmware(operations, found, "RTL", config.clock_period_ns, notes)


def _of_project(project: Project) -> Firmware:
    notes = tool_notes(project.design)
    notes += () if project.instances == 1 else (_turns(project.instances),)
    return Firmware(
        bit_operations(project.design.program),
        known_figures(project).figures,
        project.design.kind,
        project.clock.period_ns,
        notes,
    )


def _turns(instances: int) -> str:
    return f"{instances} instances of the design take turns; the figures are of one."


def _program(folder: Path) -> Program:
    if (folder / PROGRAM).is_file():
        return load_program(folder)
    from triggernet.deployment.export import export_run

    return export_run(folder).program


def _design(folder: Path, hardware: Hardware) -> Design:
    """The design as an export would describe it."""
    config, counted = hardware.config, describe(hardware)["predicted"]
    rtl = RtlDesign(
        config.top,
        config.clock_period_ns,
        hardware.interval_cycles,
        hardware.latency_cycles,
        inputs=(),
        outputs=(),
        part=config.part,
        predicted=counted,
    )
    return Design(folder, hardware.program, rtl=rtl)


def _nearest(program: Program, config: RtlConfig) -> tuple[Hardware, tuple[str, ...]]:
    """The design at the interval of `config` or the nearest that can be had, and why that one."""
    asked, useful = useful_interval(program, config.interval), useful_intervals(program)
    below = sorted((k for k in useful if k < asked), reverse=True)
    first: UnsupportedError | None = None
    for interval in [*(k for k in useful if k >= asked), *below]:
        try:
            hardware = lower(program, replace(config, interval=interval))
        except UnsupportedError as error:
            first = first or error
            continue
        return hardware, _about_interval(config.interval, interval, first)
    assert first is not None, "1 is always among the useful intervals"
    raise first


def _about_interval(asked: int, found: int, refusal: UnsupportedError | None) -> tuple[str, ...]:
    if refusal is not None:
        return (f"Not at an interval of {asked}, but at the nearest possible, {found}: {refusal}.",)
    if asked != found:
        return (f"An interval of {asked} takes the same hardware as one of {found}.",)
    return ()
