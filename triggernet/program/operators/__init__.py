"""The table of operators: one entry, one Python file and one HLS kernel each.

A new operator is one entry here and one subclass in ``tests/test_operators.py``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from triggernet.program.operators.add import ADD
from triggernet.program.operators.base import Exact, Interval, Operation, Operator
from triggernet.program.operators.cartesian_dot import PAIR_DOT_CARTESIAN
from triggernet.program.operators.cartesian_jet import JET_DOT_CARTESIAN, JET_MASS_CARTESIAN
from triggernet.program.operators.concat import CONCAT
from triggernet.program.operators.dense import DENSE
from triggernet.program.operators.edge_join import EDGE_JOIN
from triggernet.program.operators.edge_sum import EDGE_SUM
from triggernet.program.operators.mitchell_log import MITCHELL_LOG
from triggernet.program.operators.multiply import MULTIPLY
from triggernet.program.operators.pair_relu import PAIR_RELU
from triggernet.program.operators.pair_row_sum import PAIR_ROW_SUM
from triggernet.program.operators.polar_dot import PAIR_DOT_POLAR
from triggernet.program.operators.polar_jet import JET_DOT_POLAR, JET_MASS_POLAR
from triggernet.program.operators.quant import QUANT
from triggernet.program.operators.reduce import COUNT, STACK, SUM
from triggernet.program.operators.spurion_flag import SPURION_FLAG
from triggernet.program.operators.table import TABLE
from triggernet.program.operators.vector_update import VECTOR_UPDATE

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
