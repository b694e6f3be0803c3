"""Where the program of a project comes from, if that is a file of somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.documents import read_json
from triggernet.errors import ProjectError
from triggernet.files import to_json
from triggernet.program.operators.node import MOST_VALUES, Tensor
from triggernet.schema import VERSION, Within, as_type, refuse_newer

SOURCE = "source.onnx"  # the file itself
ORIGIN = "source.json"
FORMAT_VERSION = 1
_Text = Annotated[str, Within(0, 500)]
_Length = Annotated[int, Within(1, MOST_VALUES)]


@dataclass(frozen=True)
class OriginPort:
    """An input or output of the file, and that of the program.

    Attributes
    ----------
    graph_name : str
        In the file.
    name : str
        In the program.
    tensor : str
        The tensor of the file whose values it has.
    shape : tuple of int
        Of one event in the file, without the batch axis.
    scale : tuple of str
        Rationals: what the program's values are multiplied with to give those of the file; one for
        all, or one each.
    """

    graph_name: _Text
    name: _Text
    tensor: _Text
    shape: tuple[_Length, ...]
    scale: tuple[_Text, ...]

    def unit(self, tensor: Tensor) -> NDArray[np.float64]:
        """What one step of the codes of `tensor` stands for in the file, of the program's shape."""
        try:
            scales = [float(Fraction(s)) for s in self.scale]
        except (ValueError, ZeroDivisionError) as error:
            raise ProjectError(f"{ORIGIN}: {self.scale[0]!r} is no rational number") from error
        step = np.array(scales) * tensor.type.lsb
        return np.broadcast_to(step if len(step) > 1 else step[0], tensor.size).reshape(
            tensor.shape
        )


@dataclass(frozen=True)
class Origin:
    """A file of somebody else, as it was read.

    Attributes
    ----------
    file : str
        Its name.
    inputs, outputs : tuple of OriginPort
    notes : tuple of str
        What of it was left out.
    format_version : int
    """

    file: _Text
    inputs: tuple[OriginPort, ...]
    outputs: tuple[OriginPort, ...]
    notes: tuple[_Text, ...] = ()
    format_version: int = FORMAT_VERSION

    def port(self, name: str) -> OriginPort:
        """The port of a tensor of the program."""
        for port in (*self.inputs, *self.outputs):
            if port.name == name:
                return port
        raise ProjectError(f"{ORIGIN} does not say what the tensor '{name}' is in {self.file}")

    def to_json(self) -> str:
        """As text; `read_origin` reads it back."""
        return to_json(asdict(self))


def read_origin(folder: Path) -> Origin | None:
    """Where a project's program comes from; None if triggernet trained it.

    Raises
    ------
    ProjectError
        If the file that says so is damaged or of a newer version.
    """
    path = folder / ORIGIN
    if not path.is_file():
        return None
    content: Mapping[str, Any] = read_json(path, ProjectError)
    refuse_newer(content, FORMAT_VERSION, str(path), ProjectError)
    plain = {key: value for key, value in content.items() if key != VERSION}
    return as_type(Origin, plain, str(path), error=ProjectError, advice="export it again")
