"""From a trained model to a project: QONNX, HLS C++, Verilog, float ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.deployment.project.layout import FLOAT_MODEL
from triggernet.errors import UsageError
from triggernet.files import refuse_existing
from triggernet.front.paths import AnyPath, Named, path
from triggernet.learning.training.run_folder import finished_config, hardware_config
from triggernet.progress import waiting
from triggernet.words import counted, every

if TYPE_CHECKING:
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
    """

    folder: Path
    kind: str
    nodes: int
    digest: str = ""
    interval_cycles: int | None = None
    latency_cycles: int | None = None
    folding: Folding | None = None

    def as_dict(self) -> dict[str, Any]:
        """For machines; what ``--json`` prints."""
        values: dict[str, Any] = {"folder": str(self.folder), "nodes": self.nodes}
        for name in ("digest", "interval_cycles", "latency_cycles"):
            if getattr(self, name):
                values[name] = getattr(self, name)
        return values if self.folding is None else values | {"folding": self.folding.as_dict()}

    def as_text(self) -> str:
        """For people."""
        text = f"{self.folder}: {self.kind} of {self.nodes} nodes"
        if self.interval_cycles is not None and self.latency_cycles is not None:
            text += f", a new event {every(self.interval_cycles, 'clock')}"
            text += f", latency {counted(self.latency_cycles, 'clock')}"
        return text if self.folding is None else f"{self.folding.as_text()}\n\n{text}"


def export(
    run: AnyPath,
    *,
    out: AnyPath,
    hls: bool = False,
    rtl: bool = False,
    onnx: bool = False,
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
) -> Exported:
    """Export a trained model: its QONNX file and program, and with them firmware.

    Parameters
    ----------
    run : path
        A run folder, or a folder of the zoo.
    out : path
        The new folder.
    hls, rtl : bool
        Add the hls4ml project; add the Verilog.
    onnx : bool
        Add the float model for ONNX Runtime, ``float.onnx``; a run without a hardware form has
        nothing else.
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

    Raises
    ------
    UsageError
        For settings without effect; if `out` may not be written.
    ModelError, UnsupportedError
        If the run is unfinished, or has no exact hardware form.
    """
    folder, source = path(out), path(run)
    verilog = {"interval": interval, "tables": tables, "dsp": dsp, "clock_period_ns": clock_ns}
    given = {key: value for key, value in verilog.items() if value is not None}
    _refuse_idle(given, hls=hls, rtl=rtl, fold=fold, reuse_factor=reuse_factor)
    # Before torch is loaded and anything takes time.
    refuse_existing(folder, overwrite, [source])
    if onnx and finished_config(source).refusal is not None and not (hls or rtl):
        return _export_float(source, folder, overwrite)
    hardware_config(source)
    hls_config = _hls_config(part, clock_ns, reuse_factor) if hls else None
    rtl_config = _rtl_config(part, budget if fold else None, given) if rtl else None
    with waiting("loading PyTorch"):
        from triggernet.deployment.export import export_float, export_run, write_export
    with waiting(f"making the fixed-point program of {source}"):
        made = export_run(source)
    folding = None
    further: dict[str, bytes] = {FLOAT_MODEL: export_float(source)} if onnx else {}
    if fold is not None and rtl_config is not None:
        from triggernet.reports.fold.fold import folded

        rtl_config, folding, alternatives = folded(made.program, budget, rtl_config, given)
        further |= alternatives
    options: dict[str, Any] = {"hls": hls_config, "rtl": rtl_config, "vendored": not slim}
    with waiting("writing the project" if hls or rtl else "writing the QONNX file"):
        written = write_export(made, folder, **options, overwrite=overwrite, further=further)
    kind = "Verilog" if rtl else "HLS project" if hls else "QONNX file"
    exported = Exported(folder, kind, len(made.program.nodes), written.digest, folding=folding)
    design = written.hardware
    return (
        exported if design is None else replace(exported, **{k: getattr(design, k) for k in CYCLES})
    )


def _export_float(source: Path, folder: Path, overwrite: bool) -> Exported:
    """A project of the float model alone."""
    with waiting("loading PyTorch"):
        from triggernet.deployment.export import float_project
        from triggernet.program.onnx_model import load_model
    with waiting(f"writing the float model of {source}"):
        project = float_project(source)
        project.write(folder, overwrite=overwrite, keep=[source])
    nodes = len(load_model(folder / FLOAT_MODEL).graph.node)
    return Exported(folder, "float ONNX file", nodes, project.digest)


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
