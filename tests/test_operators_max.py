"""`Max`, in every executor of Python: see `operator_cases.py`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from grower import Grower, Made
from operator_cases import OperatorTest, Values, particles
from programs import SIGNED, UNSIGNED, Builder

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import evaluate
from triggernet.program.operators.node import Node


class TestMax(OperatorTest):
    """Over particles with features or single values; `present` of them can be absent."""

    cases = (
        {"signed": 1, "present": 0, "groups": (0, 0, 0)},
        {"signed": 1, "present": 4, "groups": (0, 0, 0, 0)},
        {"signed": 0, "present": 4, "groups": (1, 0, -1, 1)},
        {"signed": 1, "present": 2, "groups": (0, 1, 1, 2, 0)},
        {"signed": 1, "present": 5, "groups": (1, 0, 1, -1, 0)},
        {"signed": 1, "present": 3, "groups": (0, 0, 1), "rank": 1},
        {"signed": 0, "present": 1, "groups": (0, 0), "rank": 1},
    )

    def build(
        self,
        build: Builder,
        kind: FixedPoint,
        end: dict,
        signed: int,
        present: int,
        groups: tuple[int, ...],
        rank: int = 2,
    ) -> None:
        m, value = len(groups), FixedPoint(bool(signed), 5, 3)
        inputs = [particles(build, m, bool(signed)) if rank == 2 else build.input("x", m, value)]
        inputs += [build.input("pt", present, FixedPoint(UNSIGNED, 2, 2))] if present else []
        build.node("Max", "y", inputs, kind, groups=groups, in_rank=rank, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, present = inputs[0], inputs[1] if len(inputs) > 1 else []
        groups = node.attributes["groups"]
        features, found = len(x) // len(groups), []
        for group in range(max(groups) + 1):
            there = [
                i
                for i, k in enumerate(groups)
                if k == group and (i >= len(present) or present[i] != 0)
            ]
            found += [
                max([x[i * features + f] for i in there], default=Fraction(0))
                for f in range(features)
            ]
        return found

    def draw(self, g: Grower) -> Made:
        shape = g.any_shape()
        groups = [g.between(-1, 2) for _ in range(shape[0])]
        known = sorted(set(groups) - {-1})
        groups = tuple(known.index(k) if k in known else -1 for k in groups)
        names = [g.tensor(shape)] + ([g.presence(shape[0])] if g.flip() else [])
        return names, {"groups": groups if known else (0,) * shape[0], "in_rank": len(shape)}

    @pytest.mark.parametrize("groups", [(0, 0), (0, 2, 0), (-1, -1, -1), (0, -2, 0), (), (1, 1, 1)])
    def test_groups_that_are_none_are_refused(self, groups: tuple[int, ...]) -> None:
        build = Builder()
        x = build.input("x", 3, FixedPoint(SIGNED, 4, 4))
        build.node("Max", "y", [x], FixedPoint(SIGNED, 4, 4), groups=groups, in_rank=1)
        with pytest.raises(ProgramError, match=r"'node_y' \(Max\): 'groups' is .* expected for"):
            build.program("wrong", ["y"])

    def test_a_group_of_absent_particles_gives_zero(self) -> None:
        build, kind = Builder(), FixedPoint(SIGNED, 4, 4)
        inputs = [build.input("x", 3, kind), build.input("pt", 2, FixedPoint(UNSIGNED, 1, 1))]
        build.node("Max", "y", inputs, kind, groups=(0, 0, 1), in_rank=1)
        program = build.program("absent", ["y"])
        x = np.full((3, 3), -5)
        present = np.array([[0, 0], [0, 1], [1, 1]])
        found = evaluate(program, {"x_in": x, "pt_in": present})["y"]
        assert found.tolist() == [[0, -5], [-5, -5], [-5, -5]]
