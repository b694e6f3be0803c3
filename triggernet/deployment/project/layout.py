"""The names of what lies in a project."""

from pathlib import Path

from triggernet.ownership import RECORD

PROGRAM = "program.json"
MODEL = "model.onnx"
FLOAT_MODEL = "float.onnx"  # the float model, for the High-Level Trigger
FIRMWARE = "firmware"  # the folder of the HLS C++
RTL = "rtl"  # the folder of the Verilog
DESIGN = "rtl/design.json"
POINTS = "rtl/points.json"  # where the Verilog has the values of the program


def is_float_project(folder: Path) -> bool:
    """Whether a folder holds a float model and no program: a project of the High-Level Trigger."""
    return (folder / FLOAT_MODEL).is_file() and not (folder / PROGRAM).is_file()


__all__ = [
    "DESIGN",
    "FIRMWARE",
    "FLOAT_MODEL",
    "MODEL",
    "POINTS",
    "PROGRAM",
    "RECORD",
    "RTL",
    "is_float_project",
]
