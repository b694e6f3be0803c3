"""The fixed-point program: what every executor runs and every emitter writes."""

from triggernet.program.types import Node, Program, Tensor

__all__ = ["Node", "Program", "Tensor"]
