"""From an export to a project with Verilog, with or without HLS firmware beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triggernet.deployment.export.run import Export
from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.hls.export import bench_events, export_hls
from triggernet.deployment.hls.project import Project, project_record
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import Hardware, lower
from triggernet.deployment.rtl.project import rtl_texts
from triggernet.files import new_folder, write_files
from triggernet.ownership import RECORD
from triggernet.program import evaluate
from triggernet.results import digest_of


def export_rtl(
    export: Export,
    folder: Path,
    config: RtlConfig,
    *,
    hls: HlsConfig | None = None,
    vendored: bool = True,
    overwrite: bool = False,
    further: Mapping[str, bytes] | None = None,
) -> tuple[Project, Hardware]:
    """Write the RTL project of an exported model, with HLS firmware beside it on request.

    Parameters
    ----------
    export : Export
        From `triggernet.deployment.export.export_run`.
    folder : Path
    config : RtlConfig
    hls : HlsConfig, optional
        Add the HLS project with these settings.
    vendored, overwrite : bool
        As for `triggernet.deployment.hls.export.export_hls`.
    further : mapping of str to bytes, optional
        More files, by their path in the project.

    Raises
    ------
    UnsupportedError
        If a node cannot be had at this interval.
    ProjectError, UsageError
        If the test bench cannot hold the ports; if `folder` is not empty and shall not be
        overwritten.
    """
    hardware = lower(export.program, config, by_node=True)
    events = bench_events(export.program, export.run.config.encoding)
    texts = rtl_texts(hardware, events, evaluate(export.program, events))
    files = {path: text.encode() for path, text in texts.items()} | dict(further or {})
    settings: dict[str, Any] = {"rtl": dataclasses.asdict(config)}
    if hls is not None:
        project = export_hls(
            dataclasses.replace(export, files={**export.files, **files}),
            folder,
            hls,
            settings=settings,
            vendored=vendored,
            overwrite=overwrite,
        )
        return project, hardware
    return _write(export, folder, files, settings, overwrite), hardware


def _write(
    export: Export,
    folder: Path,
    files: Mapping[str, bytes],
    settings: Mapping[str, Any],
    overwrite: bool,
) -> Project:
    contents = {**export.files, **files}
    digest = digest_of(contents)
    contents[RECORD] = project_record(export.program.name, settings, contents, digest).encode()
    with new_folder(folder, overwrite, [export.source]) as temporary:
        write_files(temporary, contents)
    return Project(dict(sorted(contents.items())), digest)
