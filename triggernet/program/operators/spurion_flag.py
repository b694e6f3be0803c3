"""`SpurionFlag`: 1 for spurions, 0 for constituents; what tells the two apart in a layer.

In hardware: constants, which are absorbed in whatever reads them.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.netlist.arithmetic import quantise
from triggernet.program.netlist.fabric import Fabric
from triggernet.program.netlist.layout import Particles, Signal
from triggernet.program.netlist.wire import constant
from triggernet.program.operators.base import Exact, Inputs, Interval, Operation, Operator
from triggernet.program.operators.kernel_call import KernelCall
from triggernet.program.operators.node import Node
from triggernet.program.operators.reduce import require_present


def arguments(node: Node) -> tuple[str, ...]:
    return ("present",)


def infer(node: Node, inputs: Inputs) -> Exact:
    m, n = node.get_int("n_particles"), inputs[0].size
    require_present(node, inputs[0], m)
    return Exact((m, 1), 0, Interval(int(n == 0), int(m > n)))


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    flags = np.zeros((len(values[0]), node.get_int("n_particles"), 1), np.int64)  # (n, M, 1)
    flags[:, inputs[0].size :] = 1  # (n, M - N, 1)
    return flags


def meaning(node: Node) -> str:
    m = node.get_int("n_particles")
    return f"""
    numbers = Constant <value_ints: ints = [{", ".join(str(k) for k in range(m))}]> ()
    shape = Shape (present)
    axis = Constant <value = int64 {{1}}> ()
    n = Gather <axis = 0> (shape, axis)
    behind = GreaterOrEqual (numbers, n)
    flags_row = Cast <to = 11> (behind)
    column_shape = Constant <value_ints: ints = [1, {m}, 1]> ()
    flags = Reshape (flags_row, column_shape)
    first = Constant <value_ints: ints = [0]> ()
    one = Constant <value_ints: ints = [1]> ()
    jets = Slice (shape, first, one)
    ones = Constant <value_ints: ints = [1, 1]> ()
    all_shape = Concat <axis = 0> (jets, ones)
    y = Expand (flags, all_shape)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    return []


def rtl(node: Node, inputs: Inputs, signals: tuple[Signal, ...], fabric: Fabric) -> Signal:
    m = node.get_int("n_particles")
    flags = (constant(int(k >= inputs[0].size)) for k in range(m))
    lanes = tuple((quantise(fabric.top, flag, 0, node.quantiser),) for flag in flags)
    return Particles(lanes, m)


def hls(node: Node, inputs: Inputs, reuse_factor: int) -> KernelCall:
    settings = {"n_particles": node.get_int("n_particles"), "n_constituents": inputs[0].size}
    return KernelCall("spurion_flag", settings)


SPURION_FLAG = Operator(
    "SpurionFlag", "spurion_flag.h", arguments, infer, evaluate, meaning, cost, rtl, hls
)
