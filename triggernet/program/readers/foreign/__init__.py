"""Anybody's QONNX file as a fixed-point program: exact, or refused by the node's name."""

from triggernet.program.readers.foreign.outputs import Port
from triggernet.program.readers.foreign.reader import Imported, import_model

__all__ = ["Imported", "Port", "import_model"]
