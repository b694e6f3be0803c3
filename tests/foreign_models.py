"""Models of somebody else for the tests, and how they are run in exact integers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from triggernet.program import evaluate
from triggernet.program.readers.foreign import Imported, import_model

FOLDER = Path(__file__).parent / "data" / "foreign"
NAMES = sorted(path.stem for path in FOLDER.glob("*.onnx"))


@dataclass(frozen=True)
class Reference:
    """A model and what qonnx gives for some events."""

    name: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.onnx"

    def load(self) -> onnx.ModelProto:
        return onnx.load(self.path)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        with np.load(FOLDER / f"{self.name}.npz") as file:
            return file["x"].astype(np.float64), file["y"].astype(np.float64)


def timed_import(model: onnx.ModelProto, **given) -> tuple[Imported, float]:
    """The imported model, and the seconds of this process that it took."""
    start = time.process_time()
    found = import_model(model, **given)
    return found, time.process_time() - start


def codes_in(found: Imported, x: np.ndarray) -> dict[str, np.ndarray]:
    """Real values of the only input as codes, saturated as its quantiser does."""
    (port,) = found.inputs
    tensor = found.program.tensors[port.name]
    unit = np.array([float(s) for s in port.scale]) * tensor.type.lsb
    codes = np.rint(x.reshape(len(x), -1) / unit)
    codes = np.clip(codes, tensor.type.min_int, tensor.type.max_int).astype(np.int64)
    return {port.name: codes.reshape(len(x), *tensor.shape)}


def codes_out(found: Imported, y: np.ndarray) -> np.ndarray:
    """Real values of the only output in steps of its codes, not rounded."""
    (port,) = found.outputs
    tensor = found.program.tensors[port.name]
    unit = np.array([float(s) for s in port.scale]) * tensor.type.lsb
    return (y.reshape(len(y), -1) / unit).reshape(len(y), *tensor.shape)


def answers(found: Imported, x: np.ndarray) -> np.ndarray:
    """Codes of the only output."""
    return evaluate(found.program, codes_in(found, x))[found.outputs[0].name]
