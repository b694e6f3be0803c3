"""onnxruntime: sessions, and what it raises turned into one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from triggernet.deployment.project.layout import FLOAT_MODEL
from triggernet.errors import ProgramError, ProjectError, in_one_line


def open_session(model: str | bytes, threads: int = 0) -> Any:
    """A session on the CPU.

    Parameters
    ----------
    model : str or bytes
        The path of an ONNX file, or its content.
    threads : int
        That one call may use; 0 leaves the choice to onnxruntime.

    Raises
    ------
    ProgramError
        If onnxruntime refuses the file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns about constants it folds
    options.intra_op_num_threads = threads
    # Its threads wait busily between operators, which costs everybody else their processor.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with running("onnxruntime", Path(model).name if isinstance(model, str) else "model.onnx"):
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def float_model_of(project: Path) -> Path:
    """The ONNX file of a project's float model.

    Raises
    ------
    ProjectError
        If there is none.
    """
    path = project / FLOAT_MODEL
    if not path.is_file():
        raise ProjectError(
            f"{project} has no {FLOAT_MODEL}; `triggernet export RUN --onnx --out DIR` writes one"
        )
    return path


@contextmanager
def running(tool: str, file: str = "model.onnx") -> Iterator[None]:
    """Turn what a runner of ONNX raises over a file into one line."""
    try:
        yield
    except Exception as error:  # they have exceptions of their own, and any of numpy's
        raise ProgramError(
            f"{tool} cannot run {file}: {in_one_line(error)}; export the project again"
        ) from error
