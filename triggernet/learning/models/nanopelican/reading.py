"""nanoPELICAN as constraints on pairs: of the float model, and of the constants in the firmware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triggernet.errors import ModelError
from triggernet.learning.models.pair_function import (
    Floats,
    PairConstraints,
    Reading,
    constraints,
)

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig
    from triggernet.learning.models.nanopelican.config import NanoPelicanConfig
    from triggernet.learning.models.nanopelican.equivariant import EquivariantWeights
    from triggernet.program import Program
    from triggernet.program.operators.node import Node


def of_model(model: Any, encoding: EncodingConfig) -> PairConstraints:
    """The absorbed form of a float model, in units of m_ij^2 = 2 d_ij.

    Raises
    ------
    ModelError
        If it has several outputs, whose channels have no sign of their own.
    """
    if model.n_outputs > 1:
        raise ModelError(
            f"the model has {model.n_outputs} outputs, and constraints are read of one score; give "
            "a run with two classes"
        )
    weights: EquivariantWeights = model.absorbed()
    config: NanoPelicanConfig = model.config
    tables = {
        "row": 2 * weights.a_r,
        "column": 2 * weights.b_r,
        "jet": 2 * (weights.a_t + weights.b_t),
        "constant": 2 * (weights.a_b + weights.b_b),
        "pair_weight": weights.c_sum / 2,  # of 2 z, whose coefficient of m_ij^2 is +-1
        "diagonal_slope": weights.g_r,
        "diagonal_jet": weights.g_t,
        "diagonal_constant": weights.g_b,
        "diagonal_weight": weights.c_trace,
    }
    return constraints(
        weights.signs.astype(np.float64),
        tables,
        weights.bias,
        n_constituents=encoding.n_constituents,
        aggregates=config.aggregates,
        spurion_jet=config.spurion_jet,
        spurion_beams=config.spurion_beams,
    )


def of_program(program: Program, encoding: EncodingConfig) -> PairConstraints:
    """What the constants of a quantised model state: codes times their steps, nothing else.

    Raises
    ------
    ModelError
        If the program is not that of a nanoPELICAN with one output.
    """
    nodes = {node.op: node for node in program.nodes}
    if "PairRelu" not in nodes:
        raise ModelError(f"program '{program.name}' has no PairRelu and is not a nanoPELICAN's")
    pairs = nodes["PairRelu"]
    score = program.node(program.outputs[0])
    argument, diagonal = (program.node(name) for name in (pairs.inputs[1], _diagonal(program)))
    tied = bool(pairs.get_int("tied"))
    C = pairs.get_int("n_channels")
    row, constant, jet = _constants(argument)  # (K, C or 2 C) each
    slope, diagonal_constant, diagonal_jet = _constants(diagonal)  # (K, C) each
    pair_weight, bias, diagonal_weight = _constants(score)  # (K, C), (K, 1), (K, C)
    first, second = slice(0, C), slice(0, C) if tied else slice(C, 2 * C)
    tables = {
        "row": 2 * row[:, first],
        "column": 2 * row[:, second],
        "jet": 2 * (jet[:, first] + jet[:, second]),
        "constant": 2 * (constant[:, first] + constant[:, second]),
        # of 2 z; tied, the program counts each pair once and the sum here twice
        "pair_weight": pair_weight / (4 if tied else 2),
        "diagonal_slope": slope,
        "diagonal_jet": diagonal_jet,
        "diagonal_constant": diagonal_constant,
        "diagonal_weight": diagonal_weight,
    }
    made = program.node(pairs.inputs[0]).attributes
    from_jet = program.node(argument.inputs[0]).op.startswith("JetDot")
    return constraints(
        np.array(pairs.get_ints("signs"), np.float64),
        tables,
        bias[:, 0],
        n_constituents=encoding.n_constituents,
        aggregates="jet" if from_jet else "constituents",
        spurion_jet=bool(made.get("jet", 0)),
        spurion_beams=bool(made.get("beams", 0)),
    )


def _diagonal(program: Program) -> str:
    """The tensor that holds the ReLUs of the diagonal: what the score's second sum is of."""
    score = program.node(program.outputs[0])
    return program.node(score.inputs[1]).inputs[0]


def _constants(node: Node) -> tuple[Floats, Floats, Floats]:
    """Weight, bias and context weight of a Dense with one input feature each, or C of them."""
    K = node.get_int("n_select")

    def values(key: str) -> Floats:
        step = 2.0 ** -node.get_type(f"{key}_", signed=True).fraction
        return np.array(node.get_ints(key), np.float64).reshape(K, -1) * step

    return values("weight"), values("bias"), values("context_weight")


READING = Reading(of_model, of_program)
