"""The table of operators: where each is, one Python file and one HLS kernel.

A new operator is one line here, its two files beside this one, and a class in a file
``tests/test_operators_*.py``.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from triggernet.program.operators.base import Exact, Interval, Operation, Operator

TABLE = {
    "Quant": "quant.QUANT",
    "PairDotPolar": "polar_dot.PAIR_DOT_POLAR",
    "PairDotCartesian": "cartesian_dot.PAIR_DOT_CARTESIAN",
    "JetDotPolar": "polar_jet.JET_DOT_POLAR",
    "JetDotCartesian": "cartesian_jet.JET_DOT_CARTESIAN",
    "JetMassPolar": "polar_jet.JET_MASS_POLAR",
    "JetMassCartesian": "cartesian_jet.JET_MASS_CARTESIAN",
    "PairAngle": "pair_angle.PAIR_ANGLE",
    "PairJoin": "pair_join.PAIR_JOIN",
    "PairRowSum": "pair_row_sum.PAIR_ROW_SUM",
    "PairWeightedSum": "pair_weighted_sum.PAIR_WEIGHTED_SUM",
    "Sum": "reduce.SUM",
    "Max": "max.MAX",
    "Count": "reduce.COUNT",
    "Stack": "reduce.STACK",
    "Concat": "concat.CONCAT",
    "Add": "add.ADD",
    "Dense": "dense.DENSE",
    "PairRelu": "pair_relu.PAIR_RELU",
    "MitchellLog": "mitchell_log.MITCHELL_LOG",
    "Table": "table.TABLE",
    "Embedding": "embedding.EMBEDDING",
    "Multiply": "multiply.MULTIPLY",
    "Product": "product.PRODUCT",
    "Rescale": "rescale.RESCALE",
    "Threshold": "threshold.THRESHOLD",
    "Wire": "wire.WIRE",
    "EdgeJoin": "edge_join.EDGE_JOIN",
    "EdgeSum": "edge_sum.EDGE_SUM",
    "VectorUpdate": "vector_update.VECTOR_UPDATE",
    "SpurionFlag": "spurion_flag.SPURION_FLAG",
}


def _entry(op: str, place: str) -> Operator:
    module, name = place.split(".")
    operator = getattr(import_module(f"{__name__}.{module}"), name)
    assert isinstance(operator, Operator), place
    assert operator.op == op, place
    return operator


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {op: _entry(op, place) for op, place in TABLE.items()}
)

__all__ = ["OPERATORS", "Exact", "Interval", "Operation", "Operator"]
