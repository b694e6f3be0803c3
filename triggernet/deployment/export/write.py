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
        More files, by their path; with some of them there is a record, and so a project.

    Raises
    ------
    UnsupportedError
        If a node cannot be converted exactly, or cannot be had at this interval.
    ProgramError, ProjectError
        If what hls4ml generated is not the program; if the test bench cannot hold the ports.
    UsageError
        If `folder` is not empty and shall not be overwritten, or holds more than an export.
    """
    if hls is None and rtl is None and not further:
        with new_folder(folder, overwrite, [export.source]) as temporary:
            write_files(temporary, export.files)
        return Written()
    files = {**export.files, **(further or {})}
    settings: dict[str, Any] = {}
    hardware = None
    if hls is not None or rtl is not None:
        firmware, hardware = _firmware(export, hls, rtl)
        files |= firmware
        kinds = {"config": hls, "rtl": rtl}
        settings = {key: dataclasses.asdict(each) for key, each in kinds.items() if each}
    project = generated(export.program.name, files, settings)
    beside = header_contents() if hls is not None and vendored else None
    project.write(folder, beside=beside, overwrite=overwrite, keep=[export.source])
    return Written(project.digest, hardware)


def _firmware(
    export: Export, hls: HlsConfig | None, rtl: RtlConfig | None
) -> tuple[dict[str, bytes], Hardware | None]:
    """The files of the firmware that is asked for, and the design in Verilog."""
    vectors = bench_vectors(export.program, export.encoding)
    files = {} if hls is None else _cpp_files(export, hls, vectors)
    if rtl is None:
        return files, None
    hardware = lower(export.program, rtl, by_node=True)
    texts = rtl_texts(hardware, vectors)
    return files | {path: text.encode() for path, text in texts.items()}, hardware


def _cpp_files(export: Export, config: HlsConfig, vectors: Vectors) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary) / MODEL
        model.write_bytes(export.files[MODEL])
        return firmware_files(export.program, model, config, vectors)
