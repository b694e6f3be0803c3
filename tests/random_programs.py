"""Random programs: every operator, any shapes and types that it takes, any quantiser behind it.

A program is grown node by node: each argument is a tensor that is there and fits, or a new input.
Each operator's test class says which nodes there are of it (`OperatorTest.draw`). Equal seeds give
equal programs.
"""

from __future__ import annotations

import numpy as np
from grower import Grower
from operator_cases import operator_tests

from triggernet.errors import ProgramError
from triggernet.program import Program, build_program
from triggernet.program.operators import OPERATORS

MOST_NODES = 4
MOST_TRIES = 1000
OPS = tuple(OPERATORS)
DRAWS = {test.op: test.draw for test in operator_tests()}


def random_program(seed: int) -> Program:
    """Program number `seed`: of this operator or that, alone or with others before and behind it.

    What inference refuses by name is drawn again.
    """
    rng = np.random.default_rng(seed)
    for _ in range(MOST_TRIES):
        g = Grower(rng)
        try:
            first = OPS[seed % len(OPS)]
            more = rng.choice(OPS, int(rng.integers(0, MOST_NODES))).tolist()
            ops = [*more[:1], first, *more[1:]]
            written = [g.grow(op, DRAWS[op]) for op in ops]
            used = {name for node in g.nodes for name in node.inputs}
            outputs = [name for name in written if name not in used or rng.random() < 0.5]
            return build_program(f"random{seed}", g.inputs, g.nodes, outputs)
        except ProgramError:
            continue
    raise AssertionError(f"inference refuses all random programs of number {seed}")
