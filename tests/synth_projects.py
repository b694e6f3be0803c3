"""Small RTL projects in the agreed layout, for the tests of synthesis and report."""

from __future__ import annotations

import hashlib
import json

KERNEL = """
module kernel (
    input  wire clk,
    input  wire [10:0] address,
    input  wire signed [11:0] a,
    input  wire signed [11:0] b,
    output wire signed [24:0] y,
    output wire [7:0] q
);
    reg signed [11:0] a1, b1;
    reg signed [23:0] p;
    reg signed [24:0] y1;
    always @(posedge clk) begin
        a1 <= a;
        b1 <= b;
        p <= a1 * b1;
        y1 <= p + 25'sd3;
    end
    assign y = y1;
    (* rom_style = "block" *) reg [7:0] rom [0:2047];
    integer i;
    initial begin
        for (i = 0; i < 2048; i = i + 1) rom[i] = (i * i + 7 * i) >> 5;
    end
    reg [7:0] q1;
    always @(posedge clk) q1 <= rom[address];
    assign q = q1;
endmodule
"""

# 6 kernels; 26 registers in a row of 8 bits that become shift registers; a valid of 4 registers.
TAGGER = """
module tagger (
    input  wire clk,
    input  wire rst,
    input  wire in_valid,
    input  wire [71:0] pt,
    output wire out_valid,
    output wire [7:0] score
);
    wire [149:0] y;
    wire [47:0] q;
    genvar k;
    generate
        for (k = 0; k < 6; k = k + 1) begin : pairs
            kernel unit (
                .clk(clk), .address(pt[12*k +: 11]), .a(pt[12*k +: 12]), .b(pt[12*((k+1)%6) +: 12]),
                .y(y[25*k +: 25]), .q(q[8*k +: 8])
            );
        end
    endgenerate
    reg [3:0] valid;
    always @(posedge clk) valid <= rst ? 4'd0 : {valid[2:0], in_valid};
    assign out_valid = valid[3];
    reg [207:0] delay;
    always @(posedge clk)
        delay <= {delay[199:0], ^{y, q} ? y[7:0] : q[7:0]};
    assign score = delay[207:200];
endmodule
"""

DESIGN = {
    "top": "tagger",
    "part": "xcvu13p-flga2577-2-e",
    "clock_period_ns": 5.0,
    "interval_cycles": 2,
    "latency_cycles": 31,
    "inputs": [{"name": "pt", "size": 6, "width": 12, "signed": False}],
    "outputs": [{"name": "score", "size": 1, "width": 8, "signed": True}],
    "predicted": {"lut": 140, "ff": 40, "dsp": 6, "bram": 6, "da4ml_lut": 150},
}


def write_rtl(folder, sources=None, design=None):
    """An RTL project in `folder`, with its record; `folder`."""
    design = design or DESIGN
    files = {f"rtl/src/{name}": text for name, text in (sources or default_sources()).items()}
    files["rtl/design.json"] = json.dumps(design)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    record = {
        "program": "nano",
        "rtl": {"part": design["part"], "clock_period_ns": design["clock_period_ns"]},
        "versions": {"triggernet": "0.1.0", "da4ml": "0.6.0"},
        "digest": "0a1b",
        "files": digests,
    }
    (folder / "triggernet.json").write_text(json.dumps(record))
    return folder


def default_sources():
    return {"kernel.v": KERNEL, "tagger.v": TAGGER}
