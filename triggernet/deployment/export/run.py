"""From a run folder to the files of an export: the QONNX file, the program, the trained model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triggernet.config import dump_config
from triggernet.data import EncodingConfig, mock_jets
from triggernet.data.mock import with_mock_tracks
from triggernet.deployment.export.model import export_model
from triggernet.deployment.onnxruntime.float_file import float_onnx
from triggernet.deployment.project.generated import Generated, generated
from triggernet.deployment.project.layout import FLOAT_MODEL, MODEL, PROGRAM
from triggernet.errors import ModelError
from triggernet.learning.training.run_folder import (
    CONFIG,
    FLOAT,
    METRICS,
    PROVENANCE,
    QUANTISED,
    Run,
    finished_config,
    load_run,
)
from triggernet.program import Program
from triggernet.program.readers.qonnx import read_program

N_EXAMPLES = 8  # jets that show PyTorch what the inputs look like

# What an export carries over, so that every executor can be run from its folder alone.
CARRIED = (CONFIG, FLOAT, QUANTISED, METRICS, PROVENANCE)


@dataclass(frozen=True)
class Export:
    """An exported model.

    Attributes
    ----------
    program : Program
    files : mapping of str to bytes
        What is written of it, by name.
    source : Path
        The folder or file that it comes from.
    encoding : EncodingConfig or None
        How it reads jets; None for a model that reads something else.
    run : Run or None
        None for a model that triggernet did not train.
    notes : tuple of str
        What a user must know.
    """

    program: Program
    files: Mapping[str, bytes]
    source: Path
    encoding: EncodingConfig | None = None
    run: Run | None = None
    notes: tuple[str, ...] = ()


def export_run(folder: Path) -> Export:
    """Export the quantised model of a run folder or of a folder of the zoo; writes nothing.

    Raises
    ------
    ModelError
        If `folder` is no finished run.
    UnsupportedError
        If a node cannot be lowered exactly.
    """
    run = load_run(folder)
    encoding = dump_config(run.config.encoding)
    model = export_model(run.quantised, run.config.model.name, {"triggernet.encoding": encoding})
    program = read_program(model)
    files = _carried(folder)
    files[MODEL] = model.SerializeToString(deterministic=True)
    files[PROGRAM] = (program.to_json() + "\n").encode()
    return Export(program, files, folder, run.config.encoding, run)


def export_float(folder: Path, *, all_tasks: bool = False) -> bytes:
    """The float model of a run folder as an ONNX file.

    Parameters
    ----------
    folder
    all_tasks
        With outputs for constituents and pairs, too, where the model has some.

    Raises
    ------
    ModelError
        If `folder` is no finished run, or its model has no further tasks.
    UnsupportedError
        If PyTorch cannot put it into an ONNX file.
    """
    run = load_run(folder)
    parts = run.config.family.parts if all_tasks else ()
    if all_tasks and not parts:
        raise ModelError(
            f"model {run.config.model.name!r} says nothing of single constituents; leave out "
            "--tasks all"
        )
    jets = with_mock_tracks(mock_jets(N_EXAMPLES))  # which models without tracks do not see
    return float_onnx(run, jets, parts)


def float_project(folder: Path, *, all_tasks: bool = False) -> Generated:
    """The project of a run without a hardware form: its float model alone; writes nothing.

    Raises
    ------
    ModelError, UnsupportedError
        As `export_float`.
    """
    files = {**_carried(folder), FLOAT_MODEL: export_float(folder, all_tasks=all_tasks)}
    return generated(finished_config(folder).model.name, files, {})


def _carried(folder: Path) -> dict[str, bytes]:
    paths = {name: folder / name for name in CARRIED}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
