"""Legal programs that once gave illegal text or none: exact in every executor, or refused by name.

`test_random_programs.py` looks for more of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import (
    SIGNED,
    UNSIGNED,
    Builder,
    angular_tables,
    random_codes,
    together,
    write_onnx,
)
from test_rtl_operators import simulated

from triggernet.deployment.hls import HlsConfig, simulate, write_project
from triggernet.deployment.project import Project
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.verify.executors import OnnxRuntime, Qonnx
from triggernet.errors import ProgramError, UnsupportedError
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, build_program, evaluate, trace
from triggernet.program.infer import input_tensor
from triggernet.program.operators.node import Node, quantiser_attributes

N_EVENTS = 100
CONFIGS = (
    RtlConfig(),
    RtlConfig(interval=3, tables="lut", dsp="none"),
    RtlConfig(interval=8, dsp="pairs"),
)


def constants_that_wrap() -> Program:
    """Constants behind quantisers that wrap, also to a single bit, and a sum of them."""
    build = Builder()
    x = build.input("x", 2, FixedPoint(SIGNED, 3, 3))
    shape = {"in_rank": 1, "in_features": 2, "out_features": 1, "n_select": 1, "relu": 0}
    shape |= {"weight": (0, 0), "weight_width": 2, "weight_integer": 2, "context_features": 0}
    shape |= {"bias": (-6,), "bias_width": 5, "bias_integer": 4, "overflow": "WRAP"}
    build.node("Dense", "two", [x], FixedPoint(UNSIGNED, 2, 2), **shape)
    build.node("Dense", "one", [x], FixedPoint(SIGNED, 1, 1), **shape)
    sizes = {"broadcast": 0, "subtract": 0, "overflow": "WRAP"}
    build.node("Add", "both", ["two", "one"], FixedPoint(UNSIGNED, 1, 1), **sizes)
    return build.program("constants", ["two", "one", "both"])


def coarse_products(integer: int, rounding: str) -> Program:
    """Products of two momenta on a grid that leaves nothing of them, or one bit."""
    build = Builder(rounding)
    inputs = [build.input("pt", 3, FixedPoint(UNSIGNED, 3, 3))]
    inputs += [build.input(name, 3, FixedPoint(SIGNED, 3, 3)) for name in ("eta", "phi")]
    shape = {"jet": 0, "beams": 0, "product_width": 2, "product_integer": integer}
    shape |= angular_tables(3, 3, 5)
    build.node("PairDotPolar", "d", inputs, FixedPoint(UNSIGNED, 6, integer + 2), **shape)
    return build.program("coarse", ["d"])


def rounded_away() -> Program:
    """Steps of results that are as large as the largest value before, or larger."""
    build = Builder("ROUND")
    x = build.input("x", 3, FixedPoint(SIGNED, 3, 2))
    w = build.input("w", 3, FixedPoint(UNSIGNED, 2, 1))
    sizes = {"broadcast": 0, "subtract": 0}
    build.node("Add", "sum", [x, w], FixedPoint(SIGNED, 3, 5), **sizes)
    build.node("Multiply", "product", [w, w], FixedPoint(UNSIGNED, 3, 5))
    build.node("Multiply", "nothing", [x, w], FixedPoint(SIGNED, 3, 12))
    build.node("Concat", "beside", [w, x], FixedPoint(SIGNED, 3, 4))
    build.node("Stack", "rows", [w, w], FixedPoint(UNSIGNED, 2, 3))
    build.node("Count", "number", [w], FixedPoint(UNSIGNED, 3, 5))
    build.node("Sum", "total", ["rows"], FixedPoint(UNSIGNED, 2, 5))
    build.node("SpurionFlag", "flag", [w], FixedPoint(UNSIGNED, 2, 3), n_particles=4)
    shape = {"in_rank": 1, "in_features": 3, "out_features": 1, "relu": 1, "n_select": 1}
    shape |= {"weight": (1, 1, 1), "weight_width": 2, "weight_integer": 2, "context_features": 0}
    shape |= {"bias": (0,), "bias_width": 2, "bias_integer": 2}
    build.node("Dense", "layer", [w], FixedPoint(UNSIGNED, 2, 5), **shape)
    names = ["sum", "product", "nothing", "beside", "total", "number", "flag", "layer"]
    return build.program("rounded", names)


def rows_of_features(*shape: int) -> Program:
    """An input with a row of features a particle."""
    kind = FixedPoint(SIGNED, 4, 2)
    build = Builder()
    build.inputs.append(input_tensor("x_in", shape, kind))
    build.node("Quant", "x", ["x_in"], kind)
    build.node("Sum", "total", ["x"], FixedPoint(SIGNED, 6, 4))
    build.node("Multiply", "square", ["x", "x"], FixedPoint(UNSIGNED, 6, 4))
    return build.program("rows", ["total", "square"])


def pairs_read_as_particles() -> Program:
    """Rows of pairs, or of edges, before operators that expect rows of particles."""
    build = Builder()
    d = build.input("d", 6, FixedPoint(SIGNED, 4, 3))
    kind = FixedPoint(SIGNED, 6, 4)
    columns = build.node("Stack", "columns", [d, d], kind)
    pt = build.input("pt", 4, FixedPoint(UNSIGNED, 2, 2))
    pairs = {"n_particles": 4, "directed": 0}
    near = build.node("EdgeSum", "near", [columns, pt], kind, **pairs)
    shape = {"n_features": 2, "pair_features": 0, "relu": 1}
    edges = build.node("EdgeJoin", "edges", [near, near], kind, **shape)
    build.node("Sum", "total", [edges, d], FixedPoint(SIGNED, 7, 7))
    build.node("Add", "vector", [d, d], kind, broadcast=0, subtract=0)
    build.node("PairRowSum", "row", ["vector"], FixedPoint(SIGNED, 8, 7), n_particles=4)
    build.node("EdgeSum", "other", [edges, pt], kind, n_particles=4, directed=1)
    return build.program("layouts", ["total", "row", "other"])


def coarse_quants() -> Program:
    """A `Quant` that drops all bits there are, and one that keeps the highest."""
    build = Builder("ROUND")
    x = build.input("x", 2, FixedPoint(UNSIGNED, 3, 1))
    build.node("Quant", "finest", [x], FixedPoint(UNSIGNED, 2, 2))
    build.node("Quant", "coarse", [x], FixedPoint(UNSIGNED, 2, 4))
    return build.program("quants", ["finest", "coarse"])


def outputs_in_another_order() -> Program:
    """The last node's output first; both are of one type and size."""
    build = Builder()
    x = build.input("x", 2, FixedPoint(SIGNED, 4, 4))
    for output, subtract in (("first", 0), ("second", 1)):
        build.node("Add", output, [x, x], FixedPoint(SIGNED, 5, 5), broadcast=0, subtract=subtract)
    return build.program("order", ["second", "first"])


def presence_in_turn() -> Program:
    """In a folded design, who is present is told one after the other, of particles all at once."""
    build = Builder()
    pt = build.input("pt", 3, FixedPoint(UNSIGNED, 3, 3))
    x = build.input("x", 4, FixedPoint(SIGNED, 4, 4))
    few = build.node("Stack", "few", [pt, pt], FixedPoint(UNSIGNED, 3, 3))
    more = build.node("Stack", "more", [x, x], FixedPoint(SIGNED, 4, 4))
    kind = FixedPoint(UNSIGNED, 2, 2)
    moved = build.node("Add", "moved", [pt, pt], kind, broadcast=0, subtract=0, overflow="WRAP")
    for output, rows in (("all", few), ("spurion", more)):
        build.node("Sum", output, [rows, moved], FixedPoint(SIGNED, 7, 7))
    return build.program("turns", ["all", "spurion"])


def jet_of_one_bit() -> Program:
    """Products without DSPs, of which one factor has fewer bits than a digit of the other."""
    build = Builder()
    inputs = [build.input("pt", 2, FixedPoint(UNSIGNED, 1, 1))]
    inputs += [build.input(name, 2, FixedPoint(SIGNED, 2, 2)) for name in ("eta", "phi")]
    inputs.append(build.input("jet_pt", 1, FixedPoint(UNSIGNED, 1, 1)))
    inputs.append(build.input("jet_excess", 1, FixedPoint(UNSIGNED, 5, 0)))
    shape = {"eta_table": (19, 0, 36, 61), "phi_table": (18, 43, 27, 50), "table_width": 6}
    shape |= {"table_integer": 0, "inner_width": 12, "inner_integer": 3, "jet": 0, "beams": 0}
    build.node("JetDotPolar", "r", inputs, FixedPoint(UNSIGNED, 12, 3), **shape)
    return build.program("jet", ["r"])


def all_programs() -> list[Program]:
    return [
        constants_that_wrap(),
        *(coarse_products(*of) for of in ((7, "ROUND"), (6, "FLOOR"), (20, "ROUND"))),
        rounded_away(),
        *(rows_of_features(*shape) for shape in ((3, 2), (1, 2), (3, 1))),
        pairs_read_as_particles(),
        outputs_in_another_order(),
        presence_in_turn(),
        jet_of_one_bit(),
    ]


def test_the_cases_are_what_they_are_meant_to_be() -> None:
    program = constants_that_wrap()
    expected = evaluate(program, random_codes(program, N_EVENTS))
    assert [int(expected[name][0, 0]) for name in program.outputs] == [1, -1, 0]
    program = rounded_away()
    expected = evaluate(program, random_codes(program, N_EVENTS))
    assert [n for n in expected if len(np.unique(expected[n])) == 1] == ["nothing", "flag"]
    for integer, varies in ((7, True), (20, False)):
        program = coarse_products(integer, "ROUND")
        expected = evaluate(program, random_codes(program, N_EVENTS))
        assert (len(np.unique(expected["d"])) > 1) == varies


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: str(config.interval))
def test_verilog(tmp_path: Path, config: RtlConfig) -> None:
    program = together([*all_programs(), coarse_quants()])
    codes = random_codes(program, N_EVENTS)
    expected = evaluate(program, codes)
    found = simulated(tmp_path, program, config, codes, expected)
    assert [n for n in expected if not np.array_equal(found[n], expected[n])] == []


def test_cpp(tmp_path: Path) -> None:
    program = together(all_programs())
    path, config = write_onnx(program, tmp_path), HlsConfig()
    write_project(program, path, tmp_path / "p", config, vendored=False)
    codes = random_codes(program, N_EVENTS)
    expected = trace(program, codes)
    for traced in (True, False):
        found = simulate(tmp_path / "p", codes, trace=traced)
        assert list(found) == list(expected if traced else program.outputs)
        assert [n for n in found if not np.array_equal(found[n], expected[n])] == []


@pytest.mark.parametrize("executor", [OnnxRuntime, Qonnx])
def test_floating_point(tmp_path: Path, executor: type[OnnxRuntime | Qonnx]) -> None:
    program = together([*all_programs(), coarse_quants()])
    write_onnx(program, tmp_path).rename(tmp_path / "model.onnx")
    codes = random_codes(program, N_EVENTS)
    expected, found = trace(program, codes), executor(Project(tmp_path, program, None)).trace(codes)
    assert [n for n in found if not np.array_equal(found[n], expected[n])] == []


def test_what_hls4ml_cannot_round_is_refused_by_name(tmp_path: Path) -> None:
    program = coarse_quants()
    path = write_onnx(program, tmp_path)
    reason = r"'node_coarse' \(Quant\) rounds tensor 'x' \(ap_ufixed<3,1>\) to ap_ufixed<2,4>"
    with pytest.raises(UnsupportedError, match=reason):
        write_project(program, path, tmp_path / "p", HlsConfig(), vendored=False)


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_inputs_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    kind = FixedPoint(SIGNED, 4, 2)
    inputs = [input_tensor("x_in", shape, kind), input_tensor("last", (2,), kind)]
    end = quantiser_attributes(kind, "FLOOR")
    node = Node("node_x", "Quant", ("x_in",), "x", end)
    with pytest.raises(ProgramError, match=r"input 'x_in' of program 'p' has shape .* allowed are"):
        build_program("p", inputs, [node], ["x"])


def test_results_without_values_are_refused() -> None:
    """One constituent alone has no pair."""
    build = Builder()
    momenta = [build.input(name, 1, FixedPoint(SIGNED, 3, 3)) for name in ("e", "px", "py", "pz")]
    build.node("PairDotCartesian", "d", momenta, FixedPoint(SIGNED, 6, 6), jet=0, beams=0)
    with pytest.raises(ProgramError, match=r"'node_d' \(PairDotCartesian\) gives no values"):
        build.program("alone", ["d"])
