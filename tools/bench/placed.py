"""How far Yosys' and da4ml's counts are from each other, and from the vendor's figures.

    .venv/bin/python tools/bench/placed.py             # about ten minutes
    .venv/bin/python tools/bench/placed.py --quick     # one design of each kind

First dot products whose reports from Vivado's synthesis are public: the same function is written
here and synthesised with Yosys. Then designs that da4ml generates: its example model, of which
Vivado's reports are public after placing, and dense networks. The Verilog of the placed model is
published as an archive that is not fetched here; the installed package has the same operations with
other weights (`da4ml.converter.example`), da4ml's documentation with random ones. What the tools
say about the published one is in triggernet/reports/cost/placed.yaml.
"""

from __future__ import annotations

import argparse
import itertools
import math
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from da4ml.codegen import RTLModel
from da4ml.converter.example import operation
from da4ml.trace import FixedVariableArrayInput, comb_trace
from da4ml.trace.ops import quantize, relu

from triggernet.deployment.rtl.count import Counts, cells_of, counts_of, modules_of
from triggernet.deployment.rtl.yosys import Job, run_yosys
from triggernet.reports.cost.placed import load_table

Case = tuple[tuple[int, ...], Callable[[Any], Any]]  # shape of the input, and the function
MULTIPLY = 7  # da4ml's operation code of a product of two variables
COMMAND = "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top model"


def documented(seed: int) -> Case:
    """The model of da4ml's documentation, which is the example with random weights."""
    w = np.random.default_rng(seed).integers(-(2**7), 2**7, (4, 5, 6)) / 2**7

    def run(inp: Any) -> Any:
        inp = quantize(inp, 1, 7, 0)
        left = quantize(np.sin(inp[:, 1:3].transpose()), 1, 0, 7, "SAT", "RND")
        left = np.repeat(left, 2, axis=0) * 3 + 4
        left = np.amax(np.stack([left, -left * 2], axis=0), axis=0)
        return np.einsum("ijk,ij->ik", w, quantize(left @ relu(inp), 1, 10, 2))

    return (4, 5), run


def dense(seed: int) -> Case:
    """A network of three layers with sparse random weights, as for taggers."""
    random = np.random.default_rng(seed)
    sizes = (24, 32, 16, 5)
    weights = [
        random.integers(-15, 16, shape) * (random.random(shape) < 0.4) / 16
        for shape in itertools.pairwise(sizes)
    ]

    def run(x: Any) -> Any:
        x = quantize(x, 1, 3, 4)
        for w in weights[:-1]:
            x = relu(x @ w, i=4, f=3)
        return x @ weights[-1]

    return sizes[:1], run


def dot_product(terms: int, bits: tuple[int, int]) -> str:
    """Verilog of a sum of products, a register behind every addition of its tree."""
    a, b = bits
    width = a + b + math.ceil(math.log2(terms))
    lines = [
        f"module model (input clk, input rst, input [{terms * a - 1}:0] x,",
        f"    input [{terms * b - 1}:0] w, input valid, output [{width - 1}:0] y, output done);",
    ]
    level = [f"p{k}" for k in range(terms)]
    for k, name in enumerate(level):
        product = f"x[{a * k} +: {a}] * w[{b * k} +: {b}]"
        lines.append(f"wire [{width - 1}:0] {name}; assign {name} = {product};")
    depth = 0
    while len(level) > 1:
        depth += 1
        pairs = [" + ".join(level[k : k + 2]) for k in range(0, len(level), 2)]
        level = [f"s{depth}_{k}" for k in range(len(pairs))]
        for name, total in zip(level, pairs, strict=True):
            lines.append(f"reg [{width - 1}:0] {name};")
            lines.append(f"always @(posedge clk) {name} <= rst ? 0 : {total};")
    lines.append(f"reg [{depth - 1}:0] v; assign done = v[{depth - 1}];")
    lines.append(f"always @(posedge clk) v <= rst ? 0 : {{v[{depth - 2}:0], valid}};")
    return "\n".join([*lines, f"assign y = {level[0]};", "endmodule", ""])


def yosys(folder: Path) -> Counts:
    """Yosys' counts of the Verilog below `folder`."""
    with tempfile.TemporaryDirectory() as work:
        statistic = run_yosys(folder, Job("model", COMMAND), Path(work))
    return counts_of(cells_of(statistic, modules_of(statistic, "model")))


def from_da4ml(case: Case, cutoff: int, folder: Path) -> tuple[float, Counts]:
    """da4ml's LUTs without products, and Yosys' counts, of a traced function."""
    shape, run = case
    inp = FixedVariableArrayInput(shape)
    logic = comb_trace(inp, run(inp))
    model = RTLModel(logic, "model", folder / "da4ml", flavor="verilog", latency_cutoff=cutoff)
    model.write()
    lut = sum(op.cost for op in logic.ops if op.opcode != MULTIPLY)
    sources = folder / "rtl" / "src"
    shutil.copytree(folder / "da4ml" / "src", sources)
    for path in sources.rglob("*.mem"):
        shutil.copy(path, folder / "rtl")
    return lut, yosys(folder)


def dot_products(quick: bool) -> None:
    """Vivado's published synthesis of dot products, and Yosys' of the same functions."""
    table = load_table()
    print(f"{'':42}{'LUT':>7}{'FF':>7}{'DSP':>5}   Vivado:{'LUT':>7}{'FF':>7}{'DSP':>5}")
    for design in table.synthesised[:1] if quick else (*table.synthesised, *table.narrow):
        with tempfile.TemporaryDirectory() as temporary:
            sources = Path(temporary) / "rtl" / "src"
            sources.mkdir(parents=True)
            (sources / "model.v").write_text(dot_product(design.terms, design.bits))
            found = yosys(Path(temporary))
        seen = design.vivado
        row = f"{design.name:42}{found.lut:7}{found.ff:7}{found.dsp:5}"
        print(f"{row}          {seen.lut:7}{seen.ff:7}{seen.dsp:5}", flush=True)


def da4ml_designs(quick: bool) -> None:
    """Yosys' counts of designs that da4ml generates, next to da4ml's own."""
    cases: list[tuple[str, Case, int]] = [("example of the package", ((4, 5), operation), 2)]
    if not quick:
        cases += [(f"documented, seed {seed}", documented(seed), 2) for seed in range(5)]
        cases += [(f"dense, seed {seed}", dense(seed), c) for seed in range(3) for c in (2, 5)]
    print(f"\n{'':24}{'cutoff':>7}{'da4ml LUT':>10}{'LUT':>8}{'FF':>8}{'DSP':>6}{'LUT/da4ml':>11}")
    for design in load_table().placed:
        row = f"{design.name + ', published':31}{design.da4ml_lut:10}{design.yosys.lut:8}"
        ratio = design.yosys.lut / design.da4ml_lut
        print(f"{row}{design.yosys.ff:8}{design.yosys.dsp:6}{ratio:11.3f}")
    found = []
    for name, case, cutoff in cases:
        with tempfile.TemporaryDirectory() as temporary:
            lut, counts = from_da4ml(case, cutoff, Path(temporary))
        found.append(counts.lut / lut)
        row = f"{name:24}{cutoff:7}{lut:10.0f}{counts.lut:8}{counts.ff:8}{counts.dsp:6}"
        print(f"{row}{found[-1]:11.3f}", flush=True)
    median, low, high = statistics.median(found), min(found), max(found)
    print(f"Yosys / da4ml: median {median:.3f}, {low:.3f} to {high:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one design of each kind")
    quick = parser.parse_args().quick
    dot_products(quick)
    da4ml_designs(quick)


if __name__ == "__main__":
    main()
