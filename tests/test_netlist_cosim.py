"""`triggernet cosim --netlist`: the primitives that Yosys counts compute what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from synth_projects import DESIGN, write_rtl

from triggernet.cli import main
from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.rtl import simulation
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.primitives import models_of
from triggernet.deployment.rtl.synth import counted_netlist
from triggernet.deployment.rtl.verilator import find_verilator
from triggernet.deployment.verify import CoSimulation, NetlistCoSimulation, cosim
from triggernet.errors import ToolError
from triggernet.run_tool import run_tool

ZOO = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Look-up tables, shift registers, carry chains, DSPs, block RAMs; modules used twice."""
    folder = tmp_path_factory.mktemp("netlist") / "project"
    write_export(export_run(ZOO / "nanopelican-c2-n8j"), folder, rtl=RtlConfig(interval=8))
    return folder


def test_the_counted_netlist_is_exact(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cosim", str(project), "--netlist", "--vectors", "400"]) == 0
    assert "the primitives that Yosys counts" in capsys.readouterr().out
    result = NetlistCoSimulation.load(project)
    assert result.passed
    assert result.hls is None
    assert sum(phase["events"] for phase in result.phases.values()) > 1000
    assert not (project / CoSimulation.FILE.name).exists()  # that of the Verilog is another result
    kinds = {"DSP48E1", "RAMB18E1", "SRL16E", "CARRY4", "LUT6", "FDRE"}
    assert kinds <= set(re.findall(r"^ {2}(\w+)", counted_netlist(project), re.MULTILINE))


def test_one_wrong_bit_of_a_primitive_is_found(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lowest bit of a word of a block RAM that hundreds of vectors read."""
    text = counted_netlist(project)
    word = re.search(r"\.INIT_02\(256'b([01x]+)\)", text)
    assert word is not None
    flipped = word[1][:-1] + ("0" if word[1][-1] == "1" else "1")
    mutant = text[: word.start(1)] + flipped + text[word.end(1) :]
    monkeypatch.setattr(simulation, "counted_netlist", lambda _: mutant)
    result = cosim(project, 400, netlist=True)
    assert not result.passed
    assert result.mismatches > 0


def test_an_edited_project_has_no_counted_netlist(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cosim", str(project), "--netlist", "--edited"]) == 2
    assert "that is never an edited project" in capsys.readouterr().err


WIDTHS = ((4096, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36), (2048, 13), (600, 36))
ROM = """
module rom_{k} (
    input wire clk, input wire [12:0] a, input wire [12:0] b,
    output reg [35:0] p, output reg [35:0] q
);
    (* rom_style = "block", ram_style = "block" *) reg [{last}:0] word [0:{depth} - 1];
    integer i;
    initial for (i = 0; i < {depth}; i = i + 1) word[i] = (i + 3) * 64'd2654435761 >> (i % 11);
    always @(posedge clk) p <= word[a % {depth}];
    always @(posedge clk) q <= word[b % {depth}];
endmodule
"""
BENCH = """
module bench;
    reg clk = 0, rst = 0, in_valid = 0;
    reg [12:0] a, b;
    wire valid_x, valid_y;
    wire [{last}:0] x, y;
    roms dut (.clk(clk), .rst(rst), .in_valid(in_valid), .ab({{a, b}}), .out_valid(valid_x), .x(x));
    \\netlist.roms  net (.clk(clk), .rst(rst), .in_valid(in_valid), .ab({{a, b}}),
        .out_valid(valid_y), .x(y));
    integer n, wrong = 0, changed = 0;
    reg [{last}:0] earlier;
    initial begin
        for (n = 0; n < 20000; n = n + 1) begin
            a = n; b = n * 40503 >> 3; earlier = x;
            #1 clk = 1; #1 clk = 0;
            wrong = wrong + (x !== y); changed = changed + (x != earlier);
        end
        $display("wrong %0d changed %0d", wrong, changed);
        $finish;
    end
endmodule
"""


def test_block_rams_of_every_width_are_read_as_the_verilog_is(tmp_path: Path) -> None:
    roms = "".join(ROM.format(k=k, depth=d, last=w - 1) for k, (d, w) in enumerate(WIDTHS))
    pins = ", ".join(f"p{k}, q{k}" for k in range(len(WIDTHS)))
    last = 72 * len(WIDTHS) - 1
    top = "module roms (input wire clk, input wire rst, input wire in_valid, "
    top += f"input wire [25:0] ab, output reg out_valid, output wire [{last}:0] x);\n"
    top += "    always @(posedge clk) out_valid <= in_valid && !rst;\n"
    for k in range(len(WIDTHS)):
        top += f"    wire [35:0] p{k}, q{k};\n"
        top += f"    rom_{k} r{k} (.clk(clk), .a(ab[25:13]), .b(ab[12:0]), .p(p{k}), .q(q{k}));\n"
    top += f"    assign x = {{{pins}}};\nendmodule\n"
    ports = {
        "top": "roms",
        "inputs": [{"name": "ab", "size": 1, "width": 26, "signed": False}],
        "outputs": [{"name": "x", "size": 2 * len(WIDTHS), "width": 36, "signed": False}],
    }
    folder = write_rtl(tmp_path / "roms", {"roms.v": roms + top}, DESIGN | ports)
    netlist = counted_netlist(folder)
    assert {"RAMB18E1", "RAMB36E1"} <= set(re.findall(r"RAMB\d+E1", netlist))
    assert len(set(re.findall(r"READ_WIDTH_A\(32'd(\d+)\)", netlist))) > 4
    names = re.findall(r"^module (\w+)", netlist, re.MULTILINE)
    for name in names:
        netlist = re.sub(rf"\b{name}\b(?= ?[(#]|$)", rf"\\netlist.{name} ", netlist)
    verilator = find_verilator()
    text = "\n".join((roms, top, netlist, models_of(netlist), BENCH.format(last=last)))
    (tmp_path / "bench.v").write_text(text, encoding="utf-8")
    options = ["--binary", "--timing", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--top", "bench"]
    options += ["-CFLAGS", "-std=c++20", "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"]
    command = [verilator.program, *options, "bench.v"]
    run_tool(command, cwd=tmp_path, hint="", environment=verilator.environment)
    said = run_tool([tmp_path / "obj_dir" / "Vbench"], cwd=tmp_path, hint="")
    wrong, changed = map(int, re.findall(r"wrong (\d+) changed (\d+)", said)[0])
    assert wrong == 0
    assert changed > 19000


def test_a_primitive_without_a_model_is_named() -> None:
    with pytest.raises(ToolError, match="no simulation model of WHATEVER"):
        models_of(
            "module top(a);\n  input a;\n  WHATEVER #(\n  ) x (\n    .A(a)\n  );\nendmodule\n"
        )
