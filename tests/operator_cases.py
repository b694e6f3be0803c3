"""What every operator must satisfy; a subclass states one operator's meaning in plain Python."""

from __future__ import annotations

import importlib
import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from grower import Grower, Made
from programs import Builder, random_codes

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.deployment.project import Project
from triggernet.deployment.verify.executors import OnnxRuntime, Qonnx
from triggernet.errors import ProgramError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, evaluate, trace
from triggernet.program.infer import exact_of, operator_of
from triggernet.program.operators.node import Node

N_EVENTS = 40
N_PLAIN = 12
MOST_CORNERS = 6000
ANGLES = ("eta", "phi", "select")

Values = list[Fraction]


class WideBuilder(Builder):
    """Makes every input that is not an angle `grow` bits wider than asked for."""

    grow = 0

    def input(self, name: str, size: int, kind: FixedPoint) -> str:
        more = 0 if name in ANGLES else self.grow
        return super().input(
            name, size, FixedPoint(kind.signed, kind.width + more, kind.integer + more)
        )


def quantised(value: Fraction, node: Node, prefix: str = "") -> Fraction:
    """A quantiser of a node, from the words of the table: nothing of the package is used."""
    attributes = node.attributes
    signed = attributes["signed"] if not prefix else 0
    width = attributes[f"{prefix}width"]
    step = Fraction(2) ** (attributes[f"{prefix}integer"] - width)
    scaled = value / step
    code = math.floor(scaled) if attributes["rounding"] == "FLOOR" else round(scaled)
    low = -(2 ** (width - 1)) if signed else 0
    high = 2 ** (width - signed) - 1
    if prefix or attributes["overflow"] == "SAT":
        return min(max(code, low), high) * step
    while code > high:
        code -= 2**width
    while code < low:
        code += 2**width
    return code * step


def constant(node: Node, key: str, prefix: str) -> Values:
    """A node's constants as values."""
    step = Fraction(2) ** (node.attributes[f"{prefix}integer"] - node.attributes[f"{prefix}width"])
    return [code * step for code in node.attributes[key]]


def pairs(n: int) -> list[tuple[int, int]]:
    """Pairs (0,1), (0,2), (1,2), (0,3), ..."""
    return [(i, j) for j in range(n) for i in range(j)]


def particles(build: Builder, m: int, signed: bool = True) -> str:
    """Two features of m particles."""
    columns = [
        build.input("x", m, FixedPoint(signed, 5, 4)),
        build.input("z", m, FixedPoint(signed, 6, 3)),
    ]
    return build.node("Stack", "rows", columns, FixedPoint(signed, 9 + build.grow, 5 + build.grow))


def columns_of(build: Builder, name: str, rows: int, features: int, kind: FixedPoint) -> str:
    """A tensor (rows, features) from one input a feature."""
    columns = [build.input(f"{name}{f}", rows, kind) for f in range(features)]
    grown = FixedPoint(kind.signed, kind.width + build.grow, kind.integer + build.grow)
    return build.node("Stack", name, columns, grown)


class OperatorTest:
    """One operator between the quantisers of its inputs and the output of a program.

    Attributes
    ----------
    cases : tuple of dict
        Variants, as `build` takes them.
    attained : bool
        Whether inputs at their limits reach the inferred bounds exactly.
    """

    cases: tuple[dict, ...] = ({},)
    attained = True
    wide = True

    def build(self, build: Builder, kind: FixedPoint, end: dict, **case) -> None:
        """Add the inputs and the node ``y`` of one case; `kind` and `end` are its quantiser."""
        raise NotImplementedError

    def plain(self, node: Node, inputs: list[Values]) -> Values:
        """The exact result for one jet before the last quantiser; flattened inputs and result."""
        raise NotImplementedError

    def draw(self, g: Grower) -> Made:
        """The inputs and the attributes of a random node, but for the quantiser that ends it."""
        raise NotImplementedError

    @property
    def op(self) -> str:
        """The operator, after which the class is named."""
        return type(self).__name__.removeprefix("Test")

    def program(
        self, case: dict, rounding: str = "ROUND", overflow: str = "SAT", grow: int = 0
    ) -> Program:
        """The case with a quantiser that drops bits, and overflows now and then."""
        probe = self._built(case, rounding, FixedPoint(True, 1, 1), {}, grow)
        node = probe.node("y")
        exact = exact_of(node, probe.inputs_of(node))
        full = FixedPoint.covering(exact.range.lo, exact.range.hi, exact.fraction)
        width = max(3, min(full.width - 3, 20 + grow))
        integer = full.integer - (1 if width < full.width else 0)
        kind = FixedPoint(full.signed, width, integer)
        return self._built(case, rounding, kind, {"overflow": overflow}, grow)

    def _built(self, case: dict, rounding: str, kind: FixedPoint, end: dict, grow: int) -> Program:
        build = WideBuilder(rounding)
        build.grow = grow
        self.build(build, kind, end, **case)
        return build.program("one", ["y"])

    @pytest.mark.parametrize(
        ("rounding", "overflow"), [("ROUND", "SAT"), ("FLOOR", "SAT"), ("ROUND", "WRAP")]
    )
    def test_executors_agree(
        self, tmp_path: Path, case: dict, rounding: str, overflow: str
    ) -> None:
        program = self.program(case, rounding, overflow)
        codes = random_codes(program, N_EVENTS)
        expected = trace(program, codes)
        (tmp_path / "model.onnx").write_bytes(to_onnx(program).SerializeToString())
        for executor in (OnnxRuntime, Qonnx):
            found = executor(Project(tmp_path, program, None)).trace(codes)
            assert set(found) == {node.output for node in program.nodes}
            for name, array in found.items():
                np.testing.assert_array_equal(array, expected[name], f"{executor}, {name}")

    @pytest.mark.parametrize("grow", [0, 40, 55])
    @pytest.mark.parametrize("overflow", ["SAT", "WRAP"])
    @pytest.mark.parametrize("rounding", ["ROUND", "FLOOR"])
    def test_plain_arithmetic(self, case: dict, rounding: str, overflow: str, grow: int) -> None:
        if grow and not self.wide:
            return
        program = self.program(case, rounding, overflow, grow)
        node = program.node("y")
        codes = {
            name: np.concatenate([first[:N_PLAIN], second[-N_PLAIN:]])
            for (name, first), second in zip(
                random_codes(program, N_EVENTS).items(),
                random_codes(program, N_EVENTS, 2).values(),
                strict=True,
            )
        }
        found = trace(program, codes)
        step = Fraction(2) ** -program.tensors["y"].type.fraction
        for event in range(len(found["y"])):
            inputs = [
                [int(c) * Fraction(2) ** -t.type.fraction for c in found[t.name][event].ravel()]
                for t in program.inputs_of(node)
            ]
            expected = [quantised(value, node) for value in self.plain(node, inputs)]
            assert [int(c) * step for c in found["y"][event].ravel()] == expected

    def test_bounds_hold_and_are_reached(self, case: dict) -> None:
        program = self.program(case)
        node = program.node("y")
        tensors = program.inputs_of(node)
        exact = exact_of(node, tensors)
        corners = tuple(corner_codes(t, k, tensors) for k, t in enumerate(tensors))
        found = operator_of(node).evaluate(node, tensors, corners)
        assert found.shape[1:] == exact.shape
        assert exact.range.lo <= found.min()
        assert found.max() <= exact.range.hi
        if self.attained:
            assert (int(found.min()), int(found.max())) == (exact.range.lo, exact.range.hi)
        tensor = program.tensors["y"]
        outputs = node.quantiser(found, exact.fraction)
        assert tensor.lo <= outputs.min()
        assert outputs.max() <= tensor.hi

    def test_inputs_left_out_are_refused(self, case: dict) -> None:
        program = self.program(case)
        node = program.node("y")
        with pytest.raises(ProgramError, match="inputs"):
            exact_of(node, (*program.inputs_of(node), program.inputs_of(node)[0]) * 3)

    def test_no_jets_give_no_results(self, case: dict) -> None:
        program = self.program(case)
        codes = {name: values[:0] for name, values in random_codes(program, 10).items()}
        assert evaluate(program, codes)["y"].shape == (0, *program.tensors["y"].shape)


def corner_codes(tensor, position: int, tensors) -> np.ndarray:
    """Codes of one input in events that hold every combination of limits, or many of them."""
    sizes = [t.size for t in tensors]
    # Which set of constants is selected is no matter of limits.
    limits = [
        list(range(t.hi + 1)) if t.name == "select" else sorted({t.lo, t.hi, 0}) for t in tensors
    ]
    each = [limit for limit, size in zip(limits, sizes, strict=True) for _ in range(size)]
    start = sum(sizes[:position])
    if math.prod(len(limit) for limit in each) <= MOST_CORNERS:
        events = np.array(list(itertools.product(*each)), dtype=object)
    else:
        rng = np.random.default_rng(0)
        events = np.stack([rng.choice(limit, MOST_CORNERS) for limit in each], axis=1)
        alike = np.array(list(itertools.islice(itertools.product(*limits), MOST_CORNERS)))
        events = np.concatenate([events, np.repeat(alike, sizes, axis=1)]).astype(object)
    codes = events[:, start : start + tensor.size].astype(np.int64)
    return codes.reshape(len(codes), *tensor.shape)


def operator_tests() -> list[OperatorTest]:
    """One object of each test class in the files ``test_operators_*.py``."""
    found: list[OperatorTest] = []
    for path in sorted(Path(__file__).parent.glob("test_operators_*.py")):
        values = vars(importlib.import_module(path.stem)).values()
        found += [c() for c in values if isinstance(c, type) and OperatorTest in c.__bases__]
    return found
