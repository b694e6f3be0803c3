"""From an exported model to a folder: its QONNX file alone, or a project with firmware."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggernet.deployment.export.run import Export
from triggernet.deployment.hls import HlsConfig, firmware_files
from triggernet.deployment.project import Vectors, generated
from triggernet.deployment.project.layout import MODEL
from triggernet.deployment.project.vectors import bench_vectors
from triggernet.deployment.project.vendored import header_contents
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import Hardware, lower
from triggernet.deployment.rtl.texts import rtl_texts
from triggernet.files import new_folder, write_files


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    digest : str
        SHA-256 of all files of a project together; empty for a QONNX file alone.
    hardware : Hardware or None
        The design in Verilog, where there is one.
    """

    digest: str = ""
    hardware: Hardware | None = None


def write_export(
    export: Export,
    folder: Path,
    *,
    hls: HlsConfig | None = None,
    rtl: RtlConfig | None = None,
    vendored: bool = True,
    overwrite: bool = False,
    further: Mapping[str, bytes] | None = None,
) -> Written:
    """Write an exported model, with firmware on request; all or none.

    The folder can be given to every command that takes a run folder.

    Parameters
    ----------
    export : Export
        From `triggernet.deployment.export.export_run`.
    folder : Path
    hls, rtl : HlsConfig, RtlConfig, optional
        Add HLS C++, add Verilog, with these settings.
    vendored : bool
        Copy hls4ml's headers too, so that the C++ stands alone.
    overwrite : bool
        Replace a project or an export that lies there.
    further : mapping of str to bytes, optional
        More files, by their path in the project.

    Raises
    ------
    UnsupportedError
        If a node cannot be converted exactly, or cannot be had at this interval.
    ProgramError, ProjectError
        If what hls4ml generated is not the program; if the test bench cannot hold the ports.
    UsageError
        If `folder` is not empty and shall not be overwritten, or holds more than an export.
    """
    if hls is None and rtl is None:
        with new_folder(folder, overwrite, [export.source]) as temporary:
            write_files(temporary, export.files)
        return Written()
    program, files = export.program, {**export.files, **(further or {})}
    vectors = bench_vectors(program, export.run.config.encoding)
    settings: dict[str, Any] = {}
    hardware = None
    if hls is not None:
        files |= _cpp_files(export, hls, vectors)
        settings["config"] = dataclasses.asdict(hls)
    if rtl is not None:
        hardware = lower(program, rtl, by_node=True)
        files |= {path: text.encode() for path, text in rtl_texts(hardware, vectors).items()}
        settings["rtl"] = dataclasses.asdict(rtl)
    project = generated(program.name, files, settings)
    beside = header_contents() if hls is not None and vendored else None
    project.write(folder, beside=beside, overwrite=overwrite, keep=[export.source])
    return Written(project.digest, hardware)


def _cpp_files(export: Export, config: HlsConfig, vectors: Vectors) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary) / MODEL
        model.write_bytes(export.files[MODEL])
        return firmware_files(export.program, model, config, vectors)
