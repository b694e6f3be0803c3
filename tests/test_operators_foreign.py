"""Operators that other people's models need, in every executor: see `operator_cases.py`."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from grower import Grower, Made
from operator_cases import OperatorTest, Values, WideBuilder, columns_of
from programs import SIGNED, UNSIGNED, Builder

from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program.operators.node import Node


def code_of(value: Fraction, node: Node) -> int:
    """The integer code of an input of a node that states its type as `in_`."""
    code = value * Fraction(2) ** (node.attributes["in_width"] - node.attributes["in_integer"])
    assert code.denominator == 1
    return int(code)


def input_attributes(kind: FixedPoint) -> dict:
    return {"in_signed": int(kind.signed), "in_width": kind.width, "in_integer": kind.integer}


class TestWire(OperatorTest):
    """Permutations, repetitions and zeros, of one and of several tensors."""

    cases = (
        {"signed": 1, "index": (2, 0, 1, 0), "shape": (4,)},
        {"signed": 0, "index": (5, 4, -1, 2, 0, 3), "shape": (3, 2)},
        {"signed": 1, "index": (-1, 3, 7, 1, 6, -1, 2, 4), "shape": (2, 2, 2), "second": 5},
        {"signed": 0, "index": (5, 6, 7), "shape": (1, 3), "second": 3},
    )

    def build(
        self,
        build: Builder,
        kind: FixedPoint,
        end: dict,
        signed: int,
        index: tuple[int, ...],
        shape: tuple[int, ...],
        second: int = 0,
    ) -> None:
        first = 6 if not second else 5
        inputs = [build.input("x", first, FixedPoint(bool(signed), 5, 3))]
        inputs += [build.input("z", second, FixedPoint(SIGNED, 6, 2))] if second else []
        build.node("Wire", "y", inputs, kind, index=index, shape=shape, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        values = [value for one in inputs for value in one]
        return [Fraction(0) if k < 0 else values[k] for k in node.attributes["index"]]

    def draw(self, g: Grower) -> Made:
        names = [g.tensor(g.any_shape()) for _ in range(g.between(1, 3))]
        total = sum(g.tensors[name].size for name in names)
        shape = g.any_shape()
        index = tuple(g.between(-1, total - 1) for _ in range(math.prod(shape)))
        return names, {"index": index, "shape": shape}

    @pytest.mark.parametrize(
        ("index", "shape", "problem"),
        [((0, 3), (2,), "goes from 0 to 3"), ((0, -2), (2,), "-2"), ((0, 1), (3,), "holds 2")],
    )
    def test_places_that_are_none_are_refused(
        self, index: tuple, shape: tuple, problem: str
    ) -> None:
        build = Builder()
        x = build.input("x", 3, FixedPoint(SIGNED, 4, 4))
        build.node("Wire", "y", [x], FixedPoint(SIGNED, 4, 4), index=index, shape=shape)
        with pytest.raises(ProgramError, match=rf"'node_y' \(Wire\): .*{problem}"):
            build.program("wrong", ["y"])


class TestProduct(OperatorTest):
    """Rows times rows; of signed and unsigned tensors."""

    cases = ({"signed": 1}, {"signed": 0}, {"signed": 1, "rows": 1, "features": 1})

    def build(
        self,
        build: Builder,
        kind: FixedPoint,
        end: dict,
        signed: int,
        rows: int = 2,
        features: int = 3,
    ) -> None:
        x = columns_of(build, "x", rows, features, FixedPoint(bool(signed), 4, 2))
        z = columns_of(build, "z", 3, features, FixedPoint(bool(signed), 3, 3))
        build.node("Product", "y", [x, z], kind, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        x, y = inputs
        features = len(y) // 3
        return [
            sum((x[i + f] * y[j + f] for f in range(features)), Fraction(0))
            for i in range(0, len(x), features)
            for j in range(0, len(y), features)
        ]

    def draw(self, g: Grower) -> Made:
        rows, features = g.rows()
        return [g.tensor((rows, features)), g.tensor((g.between(1, 3), features))], {}

    def test_rows_of_other_lengths_are_refused(self) -> None:
        build = WideBuilder()
        x = columns_of(build, "x", 2, 3, FixedPoint(SIGNED, 4, 4))
        z = columns_of(build, "z", 2, 2, FixedPoint(SIGNED, 4, 4))
        build.node("Product", "y", [x, z], FixedPoint(SIGNED, 9, 9))
        with pytest.raises(ProgramError, match=r"'node_y' \(Product\): shapes \(2, 3\) and \(2, 2"):
            build.program("wrong", ["y"])


class TestRescale(OperatorTest):
    """One constant for all or one a channel; of either sign; ties, and limits inside a type."""

    wide = False
    cases = (
        {"signed": 1, "multiplier": (5,), "offset": (3,), "ties": (0,), "limits": (-11, 12)},
        {
            "signed": 0,
            "multiplier": (7, -6, 0, 1),
            "offset": (-9, 40, 3, 8),
            "ties": (0, 2, 0, 1),
            "limits": (0, 15),
        },
        {
            "signed": 1,
            "multiplier": (8, -8, 13),
            "offset": (8, 8, 6),
            "ties": (1, 1, 4),
            "limits": (-7, 7),
            "rows": 2,
        },
    )

    def build(
        self,
        build: Builder,
        kind: FixedPoint,
        end: dict,
        signed: int,
        multiplier: tuple[int, ...],
        offset: tuple[int, ...],
        ties: tuple[int, ...],
        limits: tuple[int, int],
        rows: int = 0,
    ) -> None:
        whole = FixedPoint(bool(signed), 5, 3)
        size = 4 if len(multiplier) == 1 else len(multiplier)
        x = columns_of(build, "x", rows, size, whole) if rows else build.input("x", size, whole)
        attributes = {"multiplier": multiplier, "offset": offset, "ties": ties, "shift": 4}
        attributes |= {"lowest": limits[0], "highest": limits[1], "fraction": 3}
        attributes |= input_attributes(whole)
        build.node("Rescale", "y", [x], kind, **attributes, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        found, constants = [], node.attributes
        for k, value in enumerate(inputs[0]):
            c = k % len(constants["multiplier"])
            step = 2 ** constants["shift"]
            whole = constants["multiplier"][c] * code_of(value, node) + constants["offset"][c]
            code = math.floor(Fraction(whole, step))
            if code % 2:
                code = math.floor(Fraction(whole - constants["ties"][c], step))
            code = min(max(code, constants["lowest"]), constants["highest"])
            found.append(code * Fraction(2) ** -constants["fraction"])
        return found

    def draw(self, g: Grower) -> Made:
        name = g.tensor(g.any_shape(), g.kind(7), lambda t: t.type.width <= 12)
        channels = g.tensors[name].shape[-1] if g.flip() else 1
        lowest = g.between(-20, 5)
        shift = g.between(0, 6)
        ends = {"multiplier": (-20, 20), "offset": (-99, 99), "ties": (0, 1 << shift)}
        made = {key: tuple(g.between(*e) for _ in range(channels)) for key, e in ends.items()}
        made |= {"lowest": lowest, "highest": lowest + g.between(0, 40), "shift": shift}
        made |= input_attributes(g.tensors[name].type)
        return [name], made | {"fraction": g.between(-2, 4)}

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"offset": (1, 2)}, "1, 2, 1 multipliers"),
            ({"ties": (-1,)}, "ties from -1"),
            ({"ties": (5,)}, "ties from 5 to 5"),
            ({"highest": -9}, "codes from -8 to -9"),
            ({"shift": 63}, "shift 63"),
            ({"in_width": 5}, "the constants are for"),
        ],
    )
    def test_constants_that_do_not_fit_are_refused(self, changed: dict, problem: str) -> None:
        build, kind = Builder(), FixedPoint(SIGNED, 4, 4)
        x = build.input("x", 3, kind)
        attributes = {"multiplier": (1,), "offset": (1,), "ties": (0,), "shift": 2, "fraction": 0}
        attributes |= {"lowest": -8, "highest": 7} | input_attributes(kind) | changed
        build.node("Rescale", "y", [x], kind, **attributes)
        with pytest.raises(ProgramError, match=rf"'node_y' \(Rescale\): .*{problem}"):
            build.program("wrong", ["y"])


class TestThreshold(OperatorTest):
    """One threshold, as for a sign; several; outside of the range; one set a channel."""

    wide = False
    cases = (
        {"signed": 1, "thresholds": (0,), "lowest": -1, "step": 2},
        {"signed": 1, "thresholds": (-40, -7, -7, 0, 3, 15, 16, 99), "lowest": -3, "step": 1},
        {"signed": 0, "thresholds": (5, 9, 1, 30, 32, 40), "lowest": 2, "step": 3, "channels": 3},
        {"signed": 1, "thresholds": (-3, 4), "lowest": 0, "step": 1, "channels": 2, "rows": 2},
    )

    def build(
        self,
        build: Builder,
        kind: FixedPoint,
        end: dict,
        signed: int,
        thresholds: tuple[int, ...],
        lowest: int,
        step: int,
        channels: int = 1,
        rows: int = 0,
    ) -> None:
        whole = FixedPoint(bool(signed), 5, 3)
        size = max(channels, 2)
        x = columns_of(build, "x", rows, size, whole) if rows else build.input("x", size, whole)
        attributes = {"thresholds": thresholds, "channels": channels, "lowest": lowest}
        attributes |= {"step": step, "fraction": 2} | input_attributes(whole)
        build.node("Threshold", "y", [x], kind, **attributes, **end)

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        found, constants = [], node.attributes
        size = len(constants["thresholds"]) // constants["channels"]
        for k, value in enumerate(inputs[0]):
            c = k % constants["channels"]
            own = constants["thresholds"][c * size : (c + 1) * size]
            count = sum(code_of(value, node) >= t for t in own)
            code = constants["lowest"] + constants["step"] * count
            found.append(code * Fraction(2) ** -constants["fraction"])
        return found

    def draw(self, g: Grower) -> Made:
        name = g.tensor(g.any_shape(), g.kind(7), lambda t: t.type.width <= 12)
        channels = g.tensors[name].shape[-1] if g.flip() else 1
        size = g.between(1, 9)
        rows = [sorted(g.between(-40, 40) for _ in range(size)) for _ in range(channels)]
        made = {"thresholds": tuple(t for row in rows for t in row), "channels": channels}
        made |= {"lowest": g.between(-9, 9), "step": g.between(1, 3), "fraction": g.between(-2, 4)}
        return [name], made | input_attributes(g.tensors[name].type)

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"thresholds": (3, 1)}, "in rising order"),
            ({"channels": 2}, "1 thresholds for 2 channels"),
            ({"step": 0}, "a step of 0"),
            ({"in_integer": 3}, "the thresholds are for"),
        ],
    )
    def test_thresholds_that_do_not_fit_are_refused(self, changed: dict, problem: str) -> None:
        build, kind = Builder(), FixedPoint(UNSIGNED, 4, 4)
        x = build.input("x", 3, kind)
        attributes = {"thresholds": (3,), "channels": 1, "lowest": 0, "step": 1, "fraction": 0}
        build.node("Threshold", "y", [x], kind, **attributes | input_attributes(kind) | changed)
        with pytest.raises(ProgramError, match=rf"'node_y' \(Threshold\): .*{problem}"):
            build.program("wrong", ["y"])
