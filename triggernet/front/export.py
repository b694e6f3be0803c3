"""From a trained model to a project: QONNX, HLS C++, Verilog, float ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.deployment.project.layout import FLOAT_MODEL
from triggernet.errors import UsageError
from triggernet.files import refuse_existing
from triggernet.front.foreign import GivenModel, given_model
from triggernet.front.paths import AnyPath, Named, path
from triggernet.learning.training.run_folder import finished_config, hardware_config
from triggernet.progress import waiting
from triggernet.words import counted, every

if TYPE_CHECKING:
    from torch import nn

    from triggernet.deployment.export import Export
    from triggernet.deployment.hls import HlsConfig
    from triggernet.deployment.rtl.config import RtlConfig
    from triggernet.reports.fold.alternatives import Folding

PART = "xcvu13p"
CYCLES = ("interval_cycles", "latency_cycles")


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    folder : Path
    kind : str
        "QONNX file", "HLS project", "Verilog" or "float ONNX file".
    nodes : int
        Of the program; of a float ONNX file alone, those of its graph.
    digest : str
        SHA-256 of all files of a project together; empty for a QONNX file alone.
    interval_cycles, latency_cycles : int or None
        Of the Verilog: clocks between two events, and from an event to its result.
    folding : Folding or None
        How the interval was chosen, where `fold` asked for that.
    notes : tuple of str
        What must be known of a model of somebody else: what was left out, units of its ports.
    """

    folder: Path
    kind: str
    nodes: int
    digest: str = ""
    interval_cycles: int | None = None
    latency_cycles: int | None = None
    folding: Folding | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        values: dict[str, Any] = {"folder": str(self.folder), "nodes": self.nodes}
        for name in ("digest", "interval_cycles", "latency_cycles"):
            if getattr(self, name):
                values[name] = getattr(self, name)
        values |= {"notes": list(self.notes)} if self.notes else {}
        return values if self.folding is None else values | {"folding": self.folding.as_dict()}

    def as_text(self) -> str:
        """For people."""
        text = f"{self.folder}: {self.kind} of {self.nodes} nodes"
        if self.interval_cycles is not None and self.latency_cycles is not None:
            text += f", a new event {every(self.interval_cycles, 'clock')}"
            text += f", latency {counted(self.latency_cycles, 'clock')}"
        text = "\n".join([text, *(f"note: {note}" for note in self.notes)])
        return text if self.folding is None else f"{self.folding.as_text()}\n\n{text}"


def export(
    run: AnyPath | nn.Module,
    *,
    out: AnyPath,
    hls: bool = False,
    rtl: bool = False,
    onnx: bool = False,
    tasks: str = "jet",
    part: str = PART,
    clock_ns: float | None = None,
    interval: int | None = None,
    tables: str | None = None,
    dsp: str | None = None,
    fold: str | None = None,
    budget: Named = "l1",
    reuse_factor: int | None = None,
    slim: bool = False,
    overwrite: bool = False,
    input_types: Mapping[str, str] | None = None,
    output_types: Mapping[str, str] | None = None,
    state: AnyPath | None = None,
    example: Any = None,
) -> Exported:
    """Export a trained model: its QONNX file and program, and with them firmware.

    Parameters
    ----------
    run : path, text or torch.nn.Module
        A run folder, or a folder of the zoo. Or a model of anybody: a QONNX file (``.onnx``), a
        module of PyTorch with Brevitas' quantisers, or where its class is: ``package.module:Class``
        (that code is run).
    out : path
        The new folder.
    hls, rtl : bool
        Add the hls4ml project; add the Verilog.
    onnx : bool
        Add the float model for ONNX Runtime, ``float.onnx``; a run without a hardware form has
        nothing else.
    tasks : {"jet", "all"}
        Of the float model for ONNX Runtime: what it says of jets alone, or also of constituents and
        their pairs, where it says something.
    part : str
        The FPGA by its short or its full name.
    clock_ns : float, optional
        Target clock period; 5 ns, or the budget's with `fold`.
    interval : int, optional
        Of the Verilog: clocks between two events.
    tables : {"bram", "lut"}, optional
        Where the Verilog keeps its tables: in block RAM or in look-up tables.
    dsp : {"all", "pairs", "none"}, optional
        Of the Verilog: which products go into DSPs.
    fold : {"auto"}, optional
        Of the Verilog: the smallest design that the budget allows, whatever its interval.
    budget : str or path
        For `fold`: a budget by its name, or a YAML file.
    reuse_factor : int, optional
        Of the HLS C++: interval in clocks.
    slim : bool
        Leave out the headers that hls4ml brings.
    overwrite : bool
        Replace an export or project in `out`; refused if that holds anything else.
    input_types, output_types : mapping of str to str, optional
        Of a model of anybody, by the names of its inputs and outputs: types such as
        ``fixed<14,4>``, for inputs that no quantiser follows and outputs that none precedes.
    state : path, optional
        Of a module given by its name: weights that ``torch.save(module.state_dict(), ...)`` wrote.
    example : tensor or shape, or a list of them, optional
        Of a module: one event for each input, with a batch axis of 1 in front.

    Raises
    ------
    UsageError
        For settings without effect; if `out` may not be written.
    ModelError, UnsupportedError
        If the run is unfinished, or has no exact hardware form.
    ProgramError
        If a file cannot be read.
    """
    folder = path(out)
    verilog = {"interval": interval, "tables": tables, "dsp": dsp, "clock_period_ns": clock_ns}
    given = {key: value for key, value in verilog.items() if value is not None}
    _refuse_idle(given, hls=hls, rtl=rtl, fold=fold, reuse_factor=reuse_factor)
    _refuse_tasks(tasks, onnx=onnx)
    # Before torch is loaded and anything takes time.
    subject = given_model(run, input_types, output_types, state, example)
    source = subject.path if isinstance(subject, GivenModel) else subject
    refuse_existing(folder, overwrite, [] if source is None else [source])
    if isinstance(subject, Path):
        if onnx and finished_config(subject).refusal is not None and not (hls or rtl):
            return _export_float(subject, folder, overwrite, all_tasks=tasks == "all")
        hardware_config(subject)
    elif onnx:
        raise UsageError("--onnx gives the float model of a run; leave it out for a model of yours")
    hls_config = _hls_config(part, clock_ns, reuse_factor) if hls else None
    rtl_config = _rtl_config(part, budget if fold else None, given) if rtl else None
    made, further = _made(subject, onnx, all_tasks=tasks == "all")
    folding = None
    if fold is not None and rtl_config is not None:
        from triggernet.reports.fold.fold import folded

        rtl_config, folding, alternatives = folded(made.program, budget, rtl_config, given)
        further |= alternatives
    settings = _Settings(hls_config, rtl_config, not slim, overwrite)
    return replace(_written(made, folder, settings, further), folding=folding, notes=made.notes)


@dataclass(frozen=True)
class _Settings:
    """How an export is written."""

    hls: HlsConfig | None
    rtl: RtlConfig | None
    vendored: bool
    overwrite: bool


def _made(
    subject: Path | GivenModel, onnx: bool, *, all_tasks: bool
) -> tuple[Export, dict[str, bytes]]:
    """The program of a run or of a model of anybody, and further files."""
    with waiting("loading PyTorch"):
        from triggernet.deployment.export import export_float, export_run
    with waiting(f"making the fixed-point program of {subject}"):
        if isinstance(subject, GivenModel):
            return subject.export(), {}
        made = export_run(subject)
    return made, {FLOAT_MODEL: export_float(subject, all_tasks=all_tasks)} if onnx else {}


def _written(
    made: Export, folder: Path, settings: _Settings, further: Mapping[str, bytes]
) -> Exported:
    """What was made, in its folder."""
    from triggernet.deployment.export import write_export

    rtl, hls = settings.rtl is not None, settings.hls is not None
    with waiting("writing the project" if hls or rtl else "writing the QONNX file"):
        written = write_export(made, folder, **vars(settings), further=further)
    kind = "Verilog" if rtl else "HLS project" if hls else "QONNX file"
    exported = Exported(folder, kind, len(made.program.nodes), written.digest)
    design = written.hardware
    return (
        exported if design is None else replace(exported, **{k: getattr(design, k) for k in CYCLES})
    )


def _export_float(source: Path, folder: Path, overwrite: bool, *, all_tasks: bool) -> Exported:
    """A project of the float model alone."""
    with waiting("loading PyTorch"):
        from triggernet.deployment.export import float_project
        from triggernet.program.onnx_model import load_model
    with waiting(f"writing the float model of {source}"):
        project = float_project(source, all_tasks=all_tasks)
        project.write(folder, overwrite=overwrite, keep=[source])
    nodes = len(load_model(folder / FLOAT_MODEL).graph.node)
    return Exported(folder, "float ONNX file", nodes, project.digest)


def _refuse_tasks(tasks: str, *, onnx: bool) -> None:
    """Refuse tasks that are unknown, or that no file would have."""
    if tasks not in ("jet", "all"):
        raise UsageError(f"tasks {tasks!r} are unknown; allowed are 'jet' and 'all'")
    if tasks == "all" and not onnx:
        raise UsageError("--tasks all has no effect here; add --onnx, or leave it out")


def _refuse_idle(
    given: Mapping[str, Any],
    *,
    hls: bool,
    rtl: bool,
    fold: str | None,
    reuse_factor: int | None,
) -> None:
    """Refuse settings that are unknown, or would have no effect."""
    if fold not in (None, "auto"):
        raise UsageError(f"fold {fold!r} is unknown; allowed is 'auto'")
    idle = [] if rtl else [f"--{key}" for key in ("interval", "tables", "dsp") if key in given]
    idle += ["--fold"] if fold is not None and not rtl else []
    idle += ["--reuse-factor"] if reuse_factor is not None and not hls else []
    if idle:
        needed = "--hls" if idle == ["--reuse-factor"] else "--rtl"
        raise UsageError(f"{', '.join(idle)} has no effect here; add {needed}, or leave it out")


def _hls_config(part: str, clock_ns: float | None, reuse_factor: int | None) -> HlsConfig:
    from triggernet.deployment.hls import HlsConfig

    chosen: dict[str, Any] = {"clock_period_ns": clock_ns, "reuse_factor": reuse_factor}
    return HlsConfig(part=part, **{k: v for k, v in chosen.items() if v is not None})


def _rtl_config(part: str, budget: Named | None, given: Mapping[str, Any]) -> RtlConfig:
    """What is asked of the Verilog, checked before anything takes time."""
    from triggernet.deployment.rtl.config import RtlConfig
    from triggernet.reports.fold.fold import check_fold

    config = RtlConfig(part=part, **given)
    return config if budget is None else check_fold(budget, config, given)
