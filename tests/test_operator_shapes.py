"""Operators refuse inputs of shapes and types that they do not mean, by the name of the node.

Mutants of the checks showed that nothing else did: a program built by a model has them right.
"""

from __future__ import annotations

import pytest

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators import OPERATORS
from triggernet.program.operators.node import Node, Tensor

KIND = FixedPoint(signed=True, width=8, integer=8)
UNSIGNED = FixedPoint(signed=False, width=2, integer=2)
SELECTED = {
    "in_rank": 1, "in_features": 3, "out_features": 1, "context_features": 0, "relu": 0,
    "n_select": 2, "weight": (1,) * 6, "weight_width": 4, "weight_integer": 4,
    "bias": (0, 0), "bias_width": 4, "bias_integer": 4,
}  # fmt: skip


def tensor(name: str, shape: tuple[int, ...], kind: FixedPoint = KIND) -> Tensor:
    return Tensor(name, shape, kind, kind.min_int, kind.max_int)


def refused(op: str, tensors: list[Tensor], **attributes) -> str:
    quantiser = {"signed": 1, "width": 20, "integer": 20, "rounding": "FLOOR", "overflow": "SAT"}
    names = tuple(each.name for each in tensors)
    node = Node("node_y", op, names, "y", quantiser | attributes)
    with pytest.raises(ProgramError, match="node_y") as caught:
        OPERATORS[op].infer(node, tuple(tensors))
    return str(caught.value)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_a_sum_is_of_particles_and_features(shape):
    said = refused("Sum", [tensor("x", shape)])
    assert f"x has shape {shape}; expected (particles, features)" in said


@pytest.mark.parametrize("shape", [(3,), (3, 1), (4, 2), (3, 2, 1)])
def test_products_are_of_equal_shapes_or_of_rows(shape):
    said = refused("Multiply", [tensor("x", (4, 3)), tensor("y", shape)])
    assert f"shapes (4, 3) and {shape}; allowed are equal ones" in said


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((2,), UNSIGNED),
        ((1,), FixedPoint(signed=True, width=2, integer=2)),
        ((1,), FixedPoint(signed=False, width=2, integer=1)),
    ],
)
def test_what_selects_weights_is_one_unsigned_integer(shape, kind):
    said = refused("Dense", [tensor("x", (3,)), tensor("which", shape, kind)], **SELECTED)
    assert f"select 'which' has type {kind} and shape {shape}; expected an unsigned" in said
