"""The fixed-point program: what every executor runs and every emitter writes."""

from triggernet.program.evaluate import evaluate, observe, trace
from triggernet.program.infer import build_program
from triggernet.program.operators.node import Node, Tensor
from triggernet.program.types import Program

__all__ = ["Node", "Program", "Tensor", "build_program", "evaluate", "observe", "trace"]
