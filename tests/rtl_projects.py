"""A small project with Verilog written by hand, for tests of what simulates one.

The program: four values and one more; their sum, and each of the four saturated. Ports of every
kind that Verilator tells apart are among them: up to 8, 32 and 64 bits, and wider.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from programs import Builder

from triggernet.deployment.export.onnx_file import to_onnx
from triggernet.deployment.rtl.testbench import bench_texts
from triggernet.files import to_json, write_files
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program, evaluate

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
    return write_recorded(
        folder, program, files | {"model.onnx": to_onnx(program).SerializeToString()}
    )


def write_recorded(folder: Path, program: Program, files: Mapping[str, bytes]) -> Path:
    """Write the files of a project, and the record of them."""
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    record = to_json({"program": program.name, "files": digests}).encode()
    write_files(folder, {**files, "triggernet.json": record})
    return folder


# One multiplier in a ring, a table, a saturation and a shift, in which `+mutant=K` makes one thing
# wrong, which `MUTANTS` names.
WEIGHTS, BIAS = (11, -7, 3, -16), 5
RING = f"""
module tagger ({PORTS});
    integer m;
    reg [4:0] map [0:31];
    integer j;
    initial begin
        if (!$value$plusargs("mutant=%d", m)) m = 0;
        for (j = 0; j < 32; j = j + 1) map[j] = j * 11 + 3;
        if (m == 1) map[17] = map[17] ^ 5'd4;
    end
    function signed [4:0] weight(input [2:0] place);
        case (place)
            3'd4: weight = m == 2 ? 5'sd10 : 5'sd11;
            3'd3: weight = m == 3 ? 5'sd7 : -5'sd7;
            3'd2: weight = 5'sd3;
            default: weight = -5'sd16;
        endcase
    endfunction
    function signed [17:0] sat(input signed [19:0] v);
        sat = m == 4 ? v[17:0] : v > (m == 5 ? 131070 : 131071) ? (m == 5 ? 131070 : 131071)
            : v < -131072 ? -131072 : v[17:0];
    endfunction
    reg [2:0] step; reg last, late; reg [79:0] x0; reg [35:0] y0, y1; reg [4:0] k0, k1, k2;
    reg signed [22:0] sum, out; reg [71:0] rows0, rows1;
    wire signed [19:0] x = m == 6 ? x0[39:20] : x0[19:0];
    wire signed [24:0] product = x * weight(m == 7 ? step + 3'd1 : step) + (m == 8 ? 16 : 0);
    wire signed [22:0] part = m == 9 ? product >>> 6 : m == 10 ? product >>> 4
        : m == 11 ? $signed({{3'd0, product[24:5]}}) : m == 12 ? product >> 5 : product >>> 5;
    wire signed [22:0] old = step == 3'd4 && m != 30 ? (m == 14 ? 23'sd4 : 23'sd5) : sum;
    wire signed [22:0] next = (m == 15 && step == 3'd1) ? old : m == 16 ? old - part : old + part;
    wire signed [35:0] shift = m == 17 ? $signed(y0 >> 1) : $signed(y0) >>> 1;
    always @(posedge clk) begin
        last <= 1'b0;
        if (step != 3'd0) begin
            step <= step - 3'd1;
            x0 <= m == 18 && step == 3'd3 ? x0 : {{x0[19:0], x0[79:20]}};
            rows0 <= {{sat(x0[19:0]), rows0[71:18]}};
            if (m != 19) sum <= next;
            if (step == 3'd1) begin
                out <= next; last <= 1'b1; k2 <= m == 20 ? k_in : k1;
                y1 <= shift - {{{{16{{x0[19]}}}}, x0[19:0]}} + (m == 21 ? 1 : 0);
                rows1 <= m == 22 ? {{rows0[71:18], sat(x0[19:0])}}
                    : {{sat(x0[19:0]), rows0[71:18]}};
            end
        end
        if (m == 23 && step == 3'd2) last <= 1'b1;
        if (in_valid && !(m == 31 && step != 3'd0)) begin
            step <= 3'd4; x0 <= x_in; y0 <= y_in; k0 <= k_in;
        end
        late <= last;
        if (m == 25 && step == 3'd4) y0 <= y_in;
        k1 <= map[m == 26 ? k0 + 5'd1 : k0];
        if (rst) begin
            if (m != 27) step <= 3'd0;
            last <= m == 24 ? last : 1'b0; late <= 1'b0;
        end
    end
    assign out_valid = m == 13 ? last && step != 3'd4 : m == 29 ? late : last;
    assign total = out; assign rows = rows1; assign y = y1; assign k = m == 28 ? map[k0] : k2;
endmodule
"""
MUTANTS = {
    1: "one bit of one table entry",
    2: "one bit of a weight",
    3: "the sign of a weight",
    4: "saturation that wraps",
    5: "saturation one code early",
    6: "the wrong element of the ring",
    7: "a ring that is off by one",
    8: "rounding to the nearest",
    9: "one shift more",
    10: "one shift less",
    11: "a sign that is not extended",
    12: "a logical shift",
    13: "a valid bit that is lost in a stream",
    14: "one bit of the bias",
    15: "a ring that ends one element early",
    16: "the sign of an addend",
    17: "a logical shift of another value",
    18: "a ring that stands still once",
    19: "an accumulator that keeps nothing",
    20: "a register left out",
    21: "one more in the last bit",
    22: "elements in another order",
    23: "an answer too many",
    24: "a valid bit without reset",
    25: "an input taken a clock late",
    26: "a table address off by one",
    27: "a counter without reset",
    28: "a value of the next event",
    29: "an answer that comes and stays one clock later",
    30: "an accumulator that is never initialised",
    31: "an event that is not taken while another is worked on",
}


def ring_answers(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What RING answers."""
    x, y, k = (inputs[name] for name in ("x_in", "y_in", "k_in"))
    parts = (x * np.array(WEIGHTS)) >> 5
    return {
        "total": parts.sum(axis=1, keepdims=True) + BIAS,
        "rows": np.clip(x, -(1 << 17), (1 << 17) - 1),
        "y": (y >> 1) - x[:, 3:],
        "k": (k * 11 + 3) % 32,
    }


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=project / "rtl",
        capture_output=True,
        text=True,
        check=False,
    )
