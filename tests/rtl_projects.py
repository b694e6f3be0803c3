"""A small project with Verilog written by hand, for tests of what simulates one.

The program: four values and one more; their sum, and each of the four saturated. Ports of every
kind that Verilator tells apart are among them: up to 8, 32 and 64 bits, and wider.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from programs import Builder

from triggernet.export.onnx_file import to_onnx
from triggernet.files import to_json
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, evaluate
from triggernet.rtl.testbench import bench_texts

PORTS = """
    input  wire clk, input wire rst, input wire in_valid,
    input  wire [79:0] x_in, input wire [35:0] y_in, input wire [4:0] k_in,
    output wire out_valid,
    output wire [22:0] total, output wire [71:0] rows, output wire [35:0] y, output wire [4:0] k
"""

SATURATE = """
    function [17:0] sat(input [19:0] v);
        sat = (v[19:17] == 3'b000 || v[19:17] == 3'b111) ? v[17:0]
            : v[19] ? 18'h20000 : 18'h1ffff;
    endfunction
    function signed [22:0] wide(input [19:0] v);
        wide = {{3{v[19]}}, v};
    endfunction
"""

# Three stages: inputs, two half sums, the sum.
PIPELINE = f"""
module tagger ({PORTS});
{SATURATE}
    reg [2:0] valid;
    reg [79:0] x0; reg [35:0] y0, y1, y2; reg [4:0] k0, k1, k2;
    reg signed [22:0] a1, b1, sum2; reg [71:0] rows1, rows2;
    always @(posedge clk) begin
        if (rst) valid <= 0; else valid <= {{valid[1:0], in_valid}};
        x0 <= x_in; y0 <= y_in; k0 <= k_in;
        a1 <= wide(x0[19:0]) + wide(x0[39:20]); b1 <= wide(x0[59:40]) + wide(x0[79:60]);
        rows1 <= {{sat(x0[79:60]), sat(x0[59:40]), sat(x0[39:20]), sat(x0[19:0])}};
        y1 <= y0; k1 <= k0;
        sum2 <= a1 + b1; rows2 <= rows1; y2 <= y1; k2 <= k1;
    end
    assign out_valid = valid[2];
    assign total = sum2; assign rows = rows2; assign y = y2; assign k = k2;
endmodule
"""

# One adder: four clocks an event, the answer in the fifth and held for four.
SERIAL = f"""
module tagger ({PORTS});
{SATURATE}
    reg [2:0] step; reg last;
    reg [79:0] x0; reg [35:0] y0, y1; reg [4:0] k0, k1;
    reg signed [22:0] sum, out; reg [71:0] rows0, rows1;
    wire signed [22:0] next = (step == 3'd4 ? 23'd0 : sum) + wide(x0[19:0]);
    always @(posedge clk) begin
        last <= 1'b0;
        if (step != 3'd0) begin
            step <= step - 3'd1;
            x0 <= {{20'd0, x0[79:20]}}; rows0 <= {{sat(x0[19:0]), rows0[71:18]}};
            sum <= next;
            if (step == 3'd1) begin
                out <= next; y1 <= y0; k1 <= k0; last <= 1'b1;
                rows1 <= {{sat(x0[19:0]), rows0[71:18]}};
            end
        end
        if (in_valid) begin step <= 3'd4; x0 <= x_in; y0 <= y_in; k0 <= k_in; end
        if (rst) begin step <= 3'd0; last <= 1'b0; end
    end
    assign out_valid = last;
    assign total = out; assign rows = rows1; assign y = y1; assign k = k1;
endmodule
"""


def rtl_program() -> Program:
    """The program that both designs are of."""
    build = Builder()
    x = build.input("x", 4, FixedPoint(True, 20, 20))
    y = build.input("y", 1, FixedPoint(True, 36, 36))
    k = build.input("k", 1, FixedPoint(False, 5, 5))
    build.node("Stack", "column", [x], FixedPoint(True, 20, 20))
    build.node("Sum", "total", ["column"], FixedPoint(True, 23, 23))
    build.node("Quant", "rows", [x], FixedPoint(True, 18, 18))
    return build.program("tagger", ["total", "rows", y, k])


def design_of(program: Program, latency: int, interval: int) -> dict:
    """The content of design.json."""

    def ports(names: tuple[str, ...]) -> list[dict]:
        tensors = [program.tensors[name] for name in names]
        return [
            {"name": t.name, "size": t.size, "width": t.type.width, "signed": t.type.signed}
            for t in tensors
        ]

    return {
        "top": "tagger",
        "part": "xcvu13p-flga2577-2-e",
        "clock_period_ns": 5.0,
        "interval_cycles": interval,
        "latency_cycles": latency,
        "inputs": ports(program.inputs),
        "outputs": ports(program.outputs),
        "predicted": {},
    }


def random_inputs(program: Program, n: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    tensors = [program.tensors[name] for name in program.inputs]
    return {
        t.name: rng.integers(t.type.min_int, t.type.max_int, (n, *t.shape), endpoint=True)
        for t in tensors
    }


def lines(codes: Mapping[str, np.ndarray], names: tuple[str, ...]) -> str:
    rows = np.concatenate([codes[name].reshape(len(codes[name]), -1) for name in names], axis=1)
    return "".join(" ".join(map(str, row)) + "\n" for row in rows.tolist())


def write_rtl_project(
    folder: Path, verilog: str = PIPELINE, latency: int = 3, interval: int = 1, n: int = 64
) -> Path:
    """Write a project that has Verilog and no firmware."""
    program = rtl_program()
    design = design_of(program, latency, interval)
    inputs = random_inputs(program, n)
    texts = {f"rtl/{path}": text for path, text in bench_texts(design).items()}
    texts |= {
        "program.json": program.to_json(),
        "rtl/design.json": to_json(design),
        "rtl/src/tagger.v": verilog,
        "rtl/tb/inputs.dat": lines(inputs, program.inputs),
        "rtl/tb/expected.dat": lines(evaluate(program, inputs), program.outputs),
    }
    files = {path: text.encode() for path, text in texts.items()}
    files["model.onnx"] = to_onnx(program).SerializeToString()
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    files["triggernet.json"] = to_json({"program": program.name, "files": digests}).encode()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
