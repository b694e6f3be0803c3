"""The names of what lies in a project."""

from triggernet.ownership import RECORD

PROGRAM = "program.json"
MODEL = "model.onnx"
FIRMWARE = "firmware"  # the folder of the HLS C++
RTL = "rtl"  # the folder of the Verilog
DESIGN = "rtl/design.json"

__all__ = ["DESIGN", "FIRMWARE", "MODEL", "PROGRAM", "RECORD", "RTL"]
