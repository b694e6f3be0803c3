"""`triggernet synth`: what Yosys counts, the cache, edited projects, refused Verilog, an ECP5."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from project_results import placement
from project_results import synthesis as result_of
from synth_projects import DESIGN, TAGGER, write_rtl

from triggernet.cli import main
from triggernet.deployment.rtl import place as placing
from triggernet.deployment.rtl import synth as synthesis
from triggernet.deployment.rtl import yosys
from triggernet.deployment.rtl.count import ModuleCount, cells_of, counts_of, modules_of
from triggernet.deployment.rtl.design import read_design, source_digest
from triggernet.deployment.rtl.place import harness, place
from triggernet.deployment.rtl.synth import synthesise
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.rtl.yosys_worker import instances, shared_modules
from triggernet.errors import (
    MissingPackageError,
    ProjectError,
    ToolError,
    ToolFailedError,
    UsageError,
)
from triggernet.extras import EXTRAS

TINY = """
module tiny (
    input  wire clk,
    input  wire rst,
    input  wire in_valid,
    input  wire [7:0] x,
    output reg  out_valid,
    output reg  [7:0] y
);
    always @(posedge clk) begin
        out_valid <= !rst && in_valid;
        y <= x ^ {x[0], x[7:1]};
    end
endmodule
"""
TINY_DESIGN = DESIGN | {
    "top": "tiny",
    "inputs": [{"name": "x", "size": 1, "width": 8, "signed": False}],
    "outputs": [{"name": "y", "size": 1, "width": 8, "signed": False}],
}


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """The tagger of six kernels, synthesised."""
    folder = write_rtl(tmp_path_factory.mktemp("synth") / "tagger")
    return folder, synthesise(folder)


def tiny(folder, text=TINY):
    return write_rtl(folder, {"tiny.v": text}, TINY_DESIGN)


def test_products_memories_and_registers_are_counted_exactly(tagger):
    _, found = tagger
    # Every kernel: a product with the registers around it in one DSP, 2048 x 8 bits in one RAM.
    assert (found.dsp, found.bram) == (6, 6)
    assert found.cells["DSP48E1"] == found.cells["RAMB18E1"] == 6
    # Four registers of the valid signal; a delay of 26 x 8 bits is eight shift registers.
    assert found.ff == 4
    assert (found.srl, found.cells["SRLC32E"]) == (8, 8)
    logic = sum(found.cells.get(f"LUT{k}", 0) for k in range(1, 7))
    assert found.lut == logic + found.srl
    assert (found.tool, found.version, found.family) == ("Yosys", "0.70", "xc7")


def test_a_module_of_many_instances_is_synthesised_once(tagger):
    _, found = tagger
    assert {name: m.instances for name, m in found.modules.items()} == {"kernel": 6, "tagger": 1}
    assert found.modules["kernel"].counts.dsp == 1
    for name in ("lut", "ff", "dsp", "bram", "carry", "srl"):
        total = sum(m.instances * getattr(m.counts, name) for m in found.modules.values())
        assert getattr(found, name) == total


def test_the_result_lies_in_the_project_and_is_found_again(tagger, monkeypatch):
    folder, found = tagger
    content = json.loads((folder / "synth.json").read_text())
    assert {"lut", "ff", "dsp", "bram", "carry", "srl", "tool", "version", "family", "seconds",
            "digest", "cells", "modules", "place"} <= set(content)  # fmt: skip
    assert content["judges"] == {"verilog": source_digest(folder)}
    assert Synthesis.load(folder) == found
    assert content["modules"]["kernel"]["instances"] == 6
    monkeypatch.setattr(yosys, "run_tool", lambda *_, **__: pytest.fail("Yosys ran again"))
    again = synthesise(folder)
    assert again == found
    assert (again.cached, found.cached) == (True, False)
    assert "were synthesised before" in again.as_text()


def test_as_one_module_the_same_primitives(tagger, tmp_path):
    _, found = tagger
    whole = synthesise(write_rtl(tmp_path / "p"), flatten=True)
    assert set(whole.modules) == {"tagger"}
    for name in ("ff", "dsp", "bram", "srl"):
        assert getattr(whole, name) == getattr(found, name)
    assert 0.9 * found.lut < whole.lut <= found.lut


def test_another_family_or_other_sources_are_synthesised_anew(tmp_path):
    folder = tiny(tmp_path / "p")
    first = synthesise(folder)
    # 8 + 1 registers; the exclusive-or of two bits, and rst with in_valid.
    assert (first.ff, first.lut) == (9, 9)
    found = synthesise(folder, family="xcup")
    assert (found.family, found.cached) == ("xcup", False)
    assert (found.ff, found.lut) == (9, 9)
    assert synthesise(folder, family="xcup").cached
    place = placement(chip="of the old sources")
    replace(found, place=place).save(folder)
    assert synthesise(folder, family="xcup").place == place
    tiny(folder, TINY.replace("{x[0], x[7:1]}", "8'd0"))
    after = synthesise(folder, family="xcup")
    assert not after.cached
    assert after.judges != found.judges
    assert (after.lut, after.place) == (1, None)


def test_a_result_that_cannot_be_trusted_is_made_anew(tmp_path, capsys):
    folder = tiny(tmp_path / "p")
    first = synthesise(folder)
    path = folder / "synth.json"
    altered = path.read_text().replace('"lut": 9', '"lut": 8')
    assert altered != path.read_text()
    path.write_text(altered)
    found = synthesise(folder)
    assert (found.cached, found.lut) == (False, first.lut)
    assert "synth.json is not as `triggernet synth` wrote it" in capsys.readouterr().err
    assert synthesise(folder).cached


@pytest.mark.parametrize(
    ("name", "text"),
    [("rtl/src/tagger.v", TAGGER + "// mine\n"), ("rtl/src/new.v", ""), ("rtl/design.json", "{}")],
)
def test_an_edited_project_is_refused(tmp_path, name, text):
    folder = write_rtl(tmp_path / "p")
    if name == "rtl/design.json":
        text = json.dumps(DESIGN | {"latency_cycles": 7})
    (folder / name).write_text(text)
    with pytest.raises(ProjectError, match=f"is not as exported: {name} differ.*export it again"):
        synthesise(folder)


def test_a_missing_source_is_an_edit_as_well(tmp_path):
    folder = write_rtl(tmp_path / "p")
    (folder / "rtl/src/kernel.v").unlink()
    with pytest.raises(ProjectError, match="is not as exported: rtl/src/kernel.v differ"):
        synthesise(folder)


def test_a_folder_without_rtl(tmp_path):
    with pytest.raises(ProjectError, match="it has no rtl/design.json; .*--rtl"):
        synthesise(tmp_path)
    folder = write_rtl(tmp_path / "p")
    (folder / "rtl/design.json").write_text('{"top": "tagger"}')
    with pytest.raises(ProjectError, match="design.json: .*this key is missing"):
        read_design(folder)
    for path in (folder / "rtl/src").iterdir():
        path.unlink()
    with pytest.raises(ProjectError, match="holds no Verilog"):
        source_digest(folder)


BAD = {
    "syntax": (TINY.replace("x ^ {", "x ^ ^ ^ ) {"), r"src/tiny\.v:12: ERROR: syntax error"),
    "module": (
        TINY.replace("endmodule", "    nothing unit (.a(x));\nendmodule"),
        r"ERROR: Module .*nothing.* is not part of the design",
    ),
    "loop": (
        TINY.replace("x[0], ", "l, ").replace(
            "endmodule", "wire l;\nassign l = l ^ y[0];\nendmodule"
        ),
        r"found logic loop in module tiny:\n.*src/tiny\.v:15",
    ),
    "no driver": (
        TINY.replace("x[0], ", "l, ").replace("endmodule", "wire l;\nendmodule"),
        r"Wire tiny\.\\l is used but has no driver",
    ),
    "two drivers": (
        TINY.replace("endmodule", "assign x[1] = in_valid;\nendmodule"),
        r"multiple conflicting drivers for tiny\.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_yosys_refuses_is_shown(tmp_path, name):
    text, complaint = BAD[name]
    folder = tiny(tmp_path / "p", text)
    with pytest.raises(ToolError, match="Yosys refuses the RTL") as caught:
        synthesise(folder)
    assert re.search(complaint, str(caught.value))
    log = re.search(r"output is in (\S+\.log):", str(caught.value))
    assert log is not None
    assert "Executing Verilog-2005 frontend" in Path(log[1]).read_text()
    assert not (folder / "synth.json").exists()


@pytest.mark.parametrize(("style", "bram"), [("distributed", 0), ("block", 1)])
def test_tables_go_where_they_are_asked_to(tmp_path, style, bram):
    table = f"""
        (* rom_style = "{style}" *) reg [7:0] rom [0:255];
        integer i;
        initial for (i = 0; i < 256; i = i + 1) rom[i] = (i * i * 7) >> 3;
        always @(posedge clk) y <= rom[x];
    """
    text = TINY.replace("y <= x ^ {x[0], x[7:1]};", "").replace("endmodule", table + "endmodule")
    found = synthesise(tiny(tmp_path / "p", text))
    assert found.bram == bram
    # The register behind the table is the memory's own.
    assert (found.ff, found.lut > 8) == ((1, False) if bram else (9, True))


def test_a_latch_is_refused(tmp_path):
    text = TINY.replace("y <= x ^ {x[0], x[7:1]};", "")
    text = text.replace("endmodule", "always @* if (in_valid) y = x;\nendmodule")
    with pytest.raises(ProjectError, match="infers 8 latches; .* a value on every path"):
        synthesise(tiny(tmp_path / "p", text))


def test_a_run_that_takes_too_long_is_stopped(tmp_path):
    with pytest.raises(ToolError, match="was stopped after 0.1 s"):
        synthesise(tiny(tmp_path / "p"), time_limit_s=0.1)


def test_an_unknown_family_is_named(tmp_path):
    with pytest.raises(UsageError, match="unknown family 'xc9'; known are xc7, xcup"):
        synthesise(write_rtl(tmp_path / "p"), family="xc9")


def test_without_yosys_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(synthesis, "PACKAGE", "nosuchpackage")
    monkeypatch.setitem(EXTRAS, "nosuchpackage", "rtl")
    with pytest.raises(MissingPackageError, match=r"nosuchpackage is needed .*'triggernet\[rtl\]'"):
        synthesise(write_rtl(tmp_path / "p"))


def test_the_command_prints_the_counts(tagger, capsys):
    folder, found = tagger
    assert main(["synth", str(folder), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["lut"], content["dsp"], content["cached"]) == (found.lut, 6, True)
    assert main(["synth", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "kernel" in printed
    assert printed.splitlines()[-1].split()[:5] == ["in", "all", str(found.lut), "4", "6"]


# Counting


def test_instances_multiply_down_the_hierarchy():
    contents = {"top": {"a": 2, "b": 1, "LUT2": 1}, "a": {"b": 3, "FDRE": 1}, "b": {"LUT1": 2},
                "unused": {"LUT1": 1}}  # fmt: skip
    assert instances(contents, "top") == {"top": 1, "a": 2, "b": 7}


def test_only_modules_that_are_used_often_and_not_tiny_are_kept():
    contents = {
        "top": {"once": 1, "often": 3, "tiny": 50, "wraps": 2},
        "once": {"$add": 100},
        "often": {"$add": 16},
        "tiny": {"$add": 15},
        "wraps": {"tiny": 1, "$mul": 1},
    }
    assert shared_modules(contents, "top") == {"often", "wraps"}


def test_lut_sites_of_every_kind():
    cells = {"LUT1": 1, "LUT2": 2, "LUT3": 4, "LUT4": 8, "LUT5": 16, "LUT6": 32, "INV": 64,
             "SRL16E": 128, "SRLC32E": 256, "RAM64M": 100, "RAM32X1D": 1000}  # fmt: skip
    found = counts_of(cells)
    assert found.lut == 511 + 4 * 100 + 2 * 1000
    assert found.srl == 384
    found = counts_of({"MUXF7": 5, "MUXF8": 3, "CARRY4": 7, "FDRE": 1, "FDSE": 2, "FDCE": 4,
                       "FDPE": 8, "RAMB18E1": 1, "RAMB36E1": 10, "RAMB36E2": 100})  # fmt: skip
    assert (found.lut, found.ff, found.carry, found.bram) == (0, 15, 7, 1 + 20 + 200)


def test_a_cell_of_unknown_cost_is_an_error():
    with pytest.raises(ToolError, match=r"not known: \$mul, URAM288"):
        counts_of({"$mul": 1, "URAM288": 1, "LUT2": 4})


def test_parametrised_modules_count_with_their_instances():
    name = "$paramod\\kernel\\W=s32'00000000000000000000000000001100"
    statistics = {
        "modules": {
            "\\top": {"num_cells_by_type": {name: 3, "LUT2": 1, "$scopeinfo": 2}},
            name: {"num_cells_by_type": {"LUT6": 5, "FDRE": 2}},
        }
    }
    found = modules_of(statistics, "top")
    assert found == {name: ModuleCount(3, counts_of({"LUT6": 5, "FDRE": 2})),
                     "top": ModuleCount(1, counts_of({"LUT2": 1}))}  # fmt: skip
    assert cells_of(statistics, found) == {"FDRE": 6, "LUT2": 1, "LUT6": 15}


# Place and route


def test_a_design_is_placed_and_its_clock_measured(tmp_path, capsys):
    folder = tiny(tmp_path / "p")
    assert main(["synth", str(folder), "--place", "ecp5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["place"]
    assert found["chip"].startswith("Lattice ECP5 LFE5U-85F")
    assert found["fits"]
    assert 100 < found["max_mhz"] < 1000
    # 8 + 1 registers, and the harness: ten bits in, nine out, one for `load`.
    assert (found["used"]["FF"], found["harness_ff"]) == (9 + 20, 20)
    assert found["available"]["LUT4"] == 83640
    assert json.loads((folder / "synth.json").read_text())["place"] == found
    assert synthesise(folder).place.as_dict() == found


@pytest.fixture
def counted(tmp_path):
    """A project with a synthesis that no tool was run for."""
    folder = tiny(tmp_path / "p")
    result_of(folder).save(folder)
    return folder


def test_a_design_too_large_for_the_chip_says_so(counted, monkeypatch, capsys):
    monkeypatch.setitem(placing.AVAILABLE, "FF", 28)
    assert main(["synth", str(counted), "--place", "ecp5"]) == 1
    assert "does not fit: 29 FF where it has 28" in capsys.readouterr().out
    assert not json.loads((counted / "synth.json").read_text())["place"]["fits"]


def test_what_nextpnr_finds_no_room_for_does_not_fit(counted, monkeypatch):
    def full(*_, **__):
        output = "Info: ...\nERROR: Unable to place cell 'm', no BELs remaining for it\n"
        raise ToolFailedError("failed", output)

    monkeypatch.setattr(placing, "_netlist", lambda *_: {"LUT4": 3, "CCU2C": 2})
    monkeypatch.setattr(placing, "run_tool", full)
    found = place(counted, synthesise(counted))
    assert (found.fits, found.max_mhz, found.used["LUT4"]) == (False, None, 7)
    assert found.reason == "Unable to place cell 'm', no BELs remaining for it"
    assert "does not fit: Unable to place cell" in found.as_text()
    monkeypatch.setattr(placing, "run_tool", lambda *_, **__: pytest.fail("nextpnr ran again"))
    assert place(counted, synthesise(counted)) == found


def test_any_other_failure_of_nextpnr_is_an_error(counted, monkeypatch):
    def broken(*_, **__):
        raise ToolFailedError("nextpnr failed", "ERROR: cannot read the netlist\n")

    monkeypatch.setattr(placing, "_netlist", lambda *_: {})
    monkeypatch.setattr(placing, "run_tool", broken)
    with pytest.raises(ToolError, match="nextpnr failed"):
        place(counted, synthesise(counted))
    assert synthesise(counted).place is None


def test_the_harness_feeds_every_bit_and_takes_every_bit(tmp_path):
    design = DESIGN | {
        "inputs": [{"name": "pt", "size": 6, "width": 12, "signed": False},
                   {"name": "eta", "size": 2, "width": 5, "signed": True}],
        "outputs": [{"name": "score", "size": 1, "width": 8, "signed": True},
                    {"name": "mass", "size": 2, "width": 3, "signed": False}],
    }  # fmt: skip
    text = harness(read_design(write_rtl(tmp_path / "p", design=design)))
    for line in (
        "reg [82 + 1:0] in;",
        "wire [14:0] found;",
        ".pt(in[73:2]),",
        ".eta(in[83:74]),",
        ".score(found[8:1]),",
        ".mass(found[14:9]),",
        ".out_valid(found[0])",
        "tagger design (",
    ):
        assert line in text
    assert not re.search("@[A-Z]", text)
