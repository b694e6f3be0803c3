"""Events of a user for a model that triggernet did not train: inputs by name, and labels."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.deployment.project import Project
from triggernet.deployment.project.origin import Origin, OriginPort
from triggernet.errors import DataError, UsageError, in_one_line
from triggernet.fixedpoint import Codes
from triggernet.program import Program, evaluate

LABEL, CODES = "label", "codes"
MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class Events:
    """Events of a file.

    Attributes
    ----------
    inputs : dict of str to int64 codes (n, *shape)
        By the program's names, rounded to the nearest code and saturated.
    label : int64 (n,) or None
        The class of each event, from 0 on.
    saturated : int
        How many values lie outside of their input's range.
    """

    inputs: dict[str, Codes]
    label: NDArray[np.int64] | None
    saturated: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known about them."""
        return (f"{self.saturated} values of the events saturate",) if self.saturated else ()


def is_events(path: Path) -> bool:
    """Whether a file is one of NumPy's archives (``.npz``)."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == MAGIC


def load_events(path: Path, project: Project) -> Events:
    """Events for a project that was made from a file of somebody else.

    Parameters
    ----------
    path : Path
        A ``.npz`` with one array (n, *shape) of real values for each input, by its name in the
        model or in the firmware, and perhaps `label` (n,).
    project : Project

    Raises
    ------
    UsageError
        If triggernet trained the project's model: it reads jets.
    DataError
        If the file is damaged, or an array is missing or of another shape.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no NumPy file: {in_one_line(error)}") from error
    if CODES in arrays:
        return Events(_codes(arrays, project.program, path), None, 0)
    if project.origin is None:
        raise UsageError(
            f"{path} holds events for models of somebody else; this one reads jets: give a file "
            "of jets"
        )
    inputs, saturated = {}, 0
    for port in project.origin.inputs:
        tensor = project.program.tensors[port.name]
        values = _values(arrays, port, path)
        codes = np.rint(values.reshape(len(values), *tensor.shape) / port.unit(tensor))
        kept = np.clip(codes, tensor.type.min_int, tensor.type.max_int)
        saturated += int((kept != codes).sum())
        inputs[port.name] = kept.astype(np.int64)
    label = _label(arrays, path)
    lengths = {len(each) for each in (*inputs.values(), label) if each is not None}
    if len(lengths) != 1:
        raise DataError(f"{path}: arrays of {sorted(lengths)} events; expected equal numbers")
    return Events(inputs, label, saturated)


def _codes(arrays: dict[str, NDArray[Any]], program: Program, path: Path) -> dict[str, Codes]:
    """The codes of the inputs themselves, as `triggernet prove` leaves a counterexample."""
    codes = {}
    for name in program.inputs:
        tensor, array = program.tensors[name], arrays.get(name)
        if array is None or array.size % tensor.size or array.dtype.kind != "i":
            raise DataError(
                f"{path}: no whole numbers {(*tensor.shape,)} for each event for input {name!r}; "
                f"there are {', '.join(sorted(arrays))}"
            )
        if array.size and not tensor.type.contains(int(array.min()), int(array.max())):
            raise DataError(
                f"{path}: input {name!r} holds codes {array.min()} to {array.max()}; its type "
                f"{tensor.type} holds {tensor.type.min_int} to {tensor.type.max_int}"
            )
        codes[name] = array.reshape(-1, *tensor.shape).astype(np.int64)
    return codes


def _values(arrays: dict[str, NDArray[Any]], port: OriginPort, path: Path) -> NDArray[np.float64]:
    name = next((n for n in (port.graph_name, port.name) if n in arrays), None)
    if name is None:
        raise DataError(
            f"{path}: no array {port.graph_name!r} for that input; there are "
            f"{', '.join(sorted(arrays)) or 'none'}"
        )
    values = arrays[name]
    if values.shape[1:] != port.shape or not np.issubdtype(values.dtype, np.number):
        raise DataError(
            f"{path}: array {name!r} is {values.dtype} {values.shape}; expected numbers "
            f"(n, {', '.join(map(str, port.shape))})"
        )
    if not np.isfinite(values).all():
        raise DataError(f"{path}: array {name!r} holds NaN or infinite values; clean it first")
    return values.astype(np.float64)


def _label(arrays: dict[str, NDArray[Any]], path: Path) -> NDArray[np.int64] | None:
    if LABEL not in arrays:
        return None
    label = arrays[LABEL]
    if label.ndim != 1 or (label != np.rint(label)).any() or label.min(initial=0) < 0:
        raise DataError(f"{path}: {LABEL!r} must be whole numbers (n,), the classes from 0 on")
    return label.astype(np.int64)


def scores(program: Program, origin: Origin, events: Events) -> NDArray[np.float64]:
    """Real values (n, K) of a program's first output, in exact integers until the last step."""
    name = program.outputs[0]
    codes = evaluate(program, events.inputs)[name]
    values = codes * origin.port(name).unit(program.tensors[name])
    return np.asarray(values.reshape(len(codes), -1), np.float64)
