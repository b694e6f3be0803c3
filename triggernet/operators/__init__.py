"""The table of operators: one entry, one Python file and one HLS kernel each.

A new operator is one entry here and one subclass in ``tests/test_operators.py``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from triggernet.operators.add import ADD
from triggernet.operators.base import Exact, Interval, Operation, Operator
from triggernet.operators.cartesian_dot import (
    JET_DOT_CARTESIAN,
    JET_MASS_CARTESIAN,
    PAIR_DOT_CARTESIAN,
)
from triggernet.operators.concat import CONCAT
from triggernet.operators.dense import DENSE
from triggernet.operators.edge_join import EDGE_JOIN
from triggernet.operators.edge_sum import EDGE_SUM
from triggernet.operators.mitchell_log import MITCHELL_LOG
from triggernet.operators.multiply import MULTIPLY
from triggernet.operators.pair_relu import PAIR_RELU
from triggernet.operators.pair_row_sum import PAIR_ROW_SUM
from triggernet.operators.polar_dot import PAIR_DOT_POLAR
from triggernet.operators.polar_jet import JET_DOT_POLAR, JET_MASS_POLAR
from triggernet.operators.quant import QUANT
from triggernet.operators.reduce import COUNT, STACK, SUM
from triggernet.operators.spurion_flag import SPURION_FLAG
from triggernet.operators.table import TABLE
from triggernet.operators.vector_update import VECTOR_UPDATE

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        operator.op: operator
        for operator in (
            QUANT,
            PAIR_DOT_POLAR,
            PAIR_DOT_CARTESIAN,
            JET_DOT_POLAR,
            JET_DOT_CARTESIAN,
            JET_MASS_POLAR,
            JET_MASS_CARTESIAN,
            PAIR_ROW_SUM,
            SUM,
            COUNT,
            STACK,
            CONCAT,
            ADD,
            DENSE,
            PAIR_RELU,
            MITCHELL_LOG,
            TABLE,
            MULTIPLY,
            EDGE_JOIN,
            EDGE_SUM,
            VECTOR_UPDATE,
            SPURION_FLAG,
        )
    }
)

__all__ = ["OPERATORS", "Exact", "Interval", "Operation", "Operator"]
