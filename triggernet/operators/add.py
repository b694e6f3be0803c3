"""`Add`: x + y, or x - y; with `broadcast` one vector y serves all particles of x.

In hardware: one adder a value of x. What is broadcast is wired to all of them.
"""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.operators.base import Exact, Inputs, Interval, Operation, Operator, align, require
from triggernet.operators.node import Node


def arguments(node: Node) -> tuple[str, ...]:
    return ("x0", "x1")


def infer(node: Node, inputs: Inputs) -> Exact:
    x, y = inputs
    expected = x.shape[1:] if node.get_int("broadcast") else x.shape
    require(bool(expected) and y.shape == expected, node, f"shapes {x.shape} and {y.shape}")
    fraction = max(x.type.fraction, y.type.fraction)
    sign = -1 if node.get_int("subtract") else 1
    total = Interval.of(x, fraction) + Interval.of(y, fraction).scaled(sign)
    return Exact(x.shape, fraction, total)


def evaluate(node: Node, inputs: Inputs, values: tuple[Codes, ...]) -> Codes:
    exact = infer(node, inputs)
    x, y = (
        align(v, t, exact.fraction, exact.bits + 1) for v, t in zip(values, inputs, strict=True)
    )
    y = y[:, None] if node.get_int("broadcast") else y
    return np.asarray(x - y if node.get_int("subtract") else x + y)


def meaning(node: Node) -> str:
    sign = "Sub" if node.get_int("subtract") else "Add"
    if not node.get_int("broadcast"):
        return f"\n    y = {sign} (x0, x1)"
    return f"""
    axis = Constant <value_ints: ints = [1]> ()
    x1_all = Unsqueeze (x1, axis)
    y = {sign} (x0, x1_all)"""


def cost(node: Node, inputs: Inputs) -> list[Operation]:
    x, y = inputs
    return [Operation("add", x.size, (x.type.width, y.type.width))]


ADD = Operator("Add", "add.h", arguments, infer, evaluate, meaning, cost)
