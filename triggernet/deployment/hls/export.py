"""From an export to its HLS project, with events for the project's own test bench."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from triggernet.data import EncodingConfig, encode, load_jets, sample_path
from triggernet.deployment.export.run import MODEL, Export
from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.hls.project import Project, Vectors, write_project
from triggernet.fixedpoint import Codes
from triggernet.program import Program, evaluate

REAL_EVENTS = 192  # reference jets in a project's test bench
RANDOM_EVENTS = 64  # events with every code of every input


def export_hls(
    export: Export,
    folder: Path,
    config: HlsConfig,
    *,
    settings: Mapping[str, Any] | None = None,
    vendored: bool = True,
    overwrite: bool = False,
) -> Project:
    """Write the HLS project of an exported model.

    Parameters
    ----------
    export : Export
        From `triggernet.deployment.export.export_run`.
    folder : Path
    config : HlsConfig
    settings : mapping, optional
        More for the project's record.
    vendored : bool
        Copy hls4ml's headers too, so that the project stands alone.
    overwrite : bool
        Replace a project or an export that lies there.

    Raises
    ------
    UnsupportedError, ProgramError, ProjectError, UsageError
        As `write_project`.
    """
    inputs = bench_events(export.program, export.run.config.encoding)
    vectors = Vectors(inputs, evaluate(export.program, inputs))
    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary) / MODEL
        model.write_bytes(export.files[MODEL])
        return write_project(
            export.program,
            model,
            folder,
            config,
            vectors=vectors,
            carried=export.files,
            settings=settings,
            vendored=vendored,
            overwrite=overwrite,
            keep=[export.source],
        )


def bench_events(program: Program, encoding: EncodingConfig) -> dict[str, Codes]:
    """Events for a test bench: reference jets, then full-range random ones, always the same."""
    jets = load_jets(sample_path("toptag_reference"), REAL_EVENTS)
    real = encode(jets, encoding).inputs
    rng = np.random.default_rng(0)
    found = {}
    for name in program.inputs:
        tensor = program.tensors[name]
        limits = tensor.type.min_int, tensor.type.max_int + 1
        random = rng.integers(*limits, (RANDOM_EVENTS, *tensor.shape))
        found[name] = np.concatenate([real[name], random])
    return found
