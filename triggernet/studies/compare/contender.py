"""One entry of a comparison: a run, and what its firmware takes, each figure with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from triggernet.deployment.onnxruntime.latency import Latency
from triggernet.deployment.project import load_project
from triggernet.deployment.project.layout import PROGRAM, RECORD, is_float_project
from triggernet.deployment.project.origin import read_origin
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.errors import ProjectError, UnsupportedError
from triggernet.program import Program
from triggernet.reports.cost.bit_operations import BitOperations, bit_operations
from triggernet.reports.cost.figures import Figure, best
from triggernet.reports.report.planned import planned
from triggernet.reports.report.rtl_sources import scheduled, tool_notes
from triggernet.reports.report.sources import in_nanoseconds, known_figures
from triggernet.reports.report.subject import Kind, Subject, examined
from triggernet.results import examine

if TYPE_CHECKING:
    from triggernet.learning.training import Run

FLOAT_ONLY = "no hardware form, trained in floating point only"
RUNTIME = "ONNX Runtime"  # a tool, as figures name theirs
OBJECTS, THREADS = 1, 1  # of the event whose time is a model's latency
NS_A_MS = 1e6


@dataclass(frozen=True)
class Contender:
    """A run as it is given to a comparison.

    Attributes
    ----------
    name : str
    folder : Path
    run : Run
    project : Subject or None
        None where there is no firmware: for a run folder, an entry of the zoo, and a project of the
        High-Level Trigger.
    """

    name: str
    folder: Path
    run: Run
    project: Subject | None

    @property
    def is_float(self) -> bool:
        """Whether it is a project of the High-Level Trigger, which runs the float model."""
        return is_float_project(self.folder)

    @property
    def is_quantised(self) -> bool:
        """Whether a quantised model is what the trigger runs."""
        return self.run.quantised_model is not None and not self.is_float

    @property
    def is_lowered(self) -> bool:
        """Whether its figures are those of a design that is made for the comparison."""
        return self.project is None and self.is_quantised

    @property
    def weights(self) -> Path:
        """The file with the weights of its quantised model, or of the float one if it is alone."""
        from triggernet.learning.training.run_folder import FLOAT, QUANTISED

        return self.folder / (QUANTISED if self.is_quantised else FLOAT)


@dataclass(frozen=True)
class Firmware:
    """What the firmware of a run takes.

    Attributes
    ----------
    bit_operations : BitOperations or None
    figures : mapping of str to Figure
        By name, as in `triggernet.reports.cost.figures.FIGURES`; what is not known is absent.
    design : "RTL", "HLS", "ONNX" or None
        What the figures are about.
    clock_period_ns : float or None
    notes : tuple of str
        What a reader must know about them.
    absent : str
        Why there are no figures; empty if there are.
    """

    bit_operations: BitOperations | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    design: Kind | Literal["ONNX"] | None = None
    clock_period_ns: float | None = None
    notes: tuple[str, ...] = ()
    absent: str = ""

    def value(self, name: str) -> float | None:
        """A figure's value; None where it is not known."""
        figure = self.figures.get(name)
        return None if figure is None else figure.value


def refuse_foreign(folder: Path) -> None:
    """Raise ProjectError for a project of a model that triggernet did not train."""
    origin = read_origin(folder)
    if origin is not None:
        raise ProjectError(
            f"{folder} was made from {origin.file}, which triggernet did not train, and cannot be "
            "compared on jets; `triggernet report --data events.npz` judges it"
        )


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

    firmware_is_there = (folder / RECORD).is_file() and not is_float_project(folder)
    project = examined(load_project(folder)) if firmware_is_there else None
    return Contender(name, folder, load_run(folder), project)


def firmware(contender: Contender, config: RtlConfig) -> Firmware:
    """The firmware of a run: the project's, or else the netlist at the interval of `config`.

    A project of the High-Level Trigger has the latency that was measured, and no firmware. Where a
    program cannot be had at that interval, the nearest useful one above is taken, and if there is
    none, the nearest one below.
    """
    if contender.project is not None:
        return _of_project(contender.project)
    if contender.is_float:
        return _of_float_project(contender.folder)
    if not contender.is_quantised:
        return Firmware(absent=FLOAT_ONLY)
    try:
        program = _program(contender.folder)
    except UnsupportedError as error:
        return Firmware(absent=f"cannot be exported: {error}")
    operations = bit_operations(program)
    try:
        subject, notes = planned(contender.folder, program, config)
    except UnsupportedError as error:
        return Firmware(operations, absent=f"no Verilog at any interval: {error}")
    figures = best(in_nanoseconds(each, config.clock_period_ns) for each in scheduled(subject))
    return Firmware(operations, figures, "RTL", config.clock_period_ns, notes)


def _of_float_project(folder: Path) -> Firmware:
    """The latency of 99 % of the events of one object, if it was measured of this very file."""
    exhibit = examine(Latency, folder)
    latency = exhibit.result
    timing = None if latency is None else latency.of("event", OBJECTS, THREADS)
    if latency is None or timing is None:
        return Firmware(absent=f"no latency: {exhibit.as_text()}")
    version = latency.versions.get("onnxruntime", "")
    figure = Figure(timing.p99_ms * NS_A_MS, "measured", RUNTIME, version, None, exhibit.file.name)
    note = f"The latency is that of 99 % of {timing.events:,} events of one jet, one thread"
    return Firmware(None, {"latency_ns": figure}, "ONNX", notes=(f"{note}, {latency.processor}.",))


def _of_project(project: Subject) -> Firmware:
    notes = tool_notes(project)
    notes += () if project.instances == 1 else (_turns(project.instances),)
    return Firmware(
        bit_operations(project.program),
        known_figures(project).figures,
        project.kind,
        project.clock.period_ns,
        notes,
    )


def _turns(instances: int) -> str:
    return f"{instances} instances of the design take turns; the figures are of one."


def _program(folder: Path) -> Program:
    if (folder / PROGRAM).is_file():
        return load_project(folder).program
    from triggernet.deployment.export import export_run

    return export_run(folder).program
