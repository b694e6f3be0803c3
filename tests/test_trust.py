"""Files put into a project that is not theirs: refused by name, or without any effect."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from programs import random_codes, tiny_program, write_onnx
from rtl_projects import design_of, rtl_program, write_rtl_project

from triggernet.cli import main
from triggernet.deployment.hls import HlsConfig, build, simulate, write_project
from triggernet.deployment.hls.bench import run_bench
from triggernet.deployment.project import Vectors
from triggernet.deployment.project.sources import altered_files, project_sources
from triggernet.deployment.project.vendored import vendored_headers
from triggernet.deployment.rtl import simulation, yosys
from triggernet.deployment.verify import cosim, verify
from triggernet.errors import ProjectError, ToolError
from triggernet.program import evaluate

EVIL = "#!/bin/sh\necho evil >&2\nexit 66\n"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An HLS project with hls4ml's headers and a test bench."""
    folder = tmp_path_factory.mktemp("tiny")
    codes = random_codes(tiny_program(), 50)
    vectors = Vectors(codes, evaluate(tiny_program(), codes))
    path = write_onnx(tiny_program(), folder)
    write_project(tiny_program(), path, folder / "project", HlsConfig(), vectors=vectors)
    return folder / "project"


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "project"))


@pytest.fixture
def rtl(tmp_path: Path) -> Path:
    return write_rtl_project(tmp_path / "rtl-project")


def put(project: Path, name: str, text: str = EVIL) -> None:
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text(text)
    (project / name).chmod(0o755)


def contents(project: Path) -> dict[str, bytes]:
    return {str(p.relative_to(project)): p.read_bytes() for p in project.rglob("*") if p.is_file()}


def test_a_ready_made_simulator_is_never_run(project: Path) -> None:
    """Whatever it is called: nothing in the project is taken for compiled."""
    simulator = build(project)
    assert not simulator.executable.is_relative_to(project)
    name = simulator.executable.parent.name
    key = name.removeprefix("hls-")
    for folder in (name, f"simulate-{key}", f"simulate-{key[:16]}"):
        put(project, f"build/{folder}/simulate")
    before = contents(project)
    codes = random_codes(tiny_program(), 40)
    assert (simulate(project, codes)["w"] == evaluate(tiny_program(), codes)["w"]).all()
    assert contents(project) == before


def test_a_ready_made_verilated_model_is_never_run(rtl: Path, monkeypatch) -> None:
    compiled = []

    def compile_only(*arguments) -> None:
        compiled.append(arguments[0])
        (arguments[-1] / "Vdut").write_text("compiled")

    monkeypatch.setattr(simulation, "_compile", compile_only)
    monkeypatch.setenv("TRIGGERNET_CACHE", str(rtl.parent / "cache"))
    first = simulation.build(rtl)
    key = first.executable.parent.name.removeprefix("rtl-")
    for name in (f"cosim-{key[:16]}/Vdut", f"rtl-{key}/Vdut", "plain/Vdut"):
        put(rtl, f"rtl/build/{name}")
    again = simulation.build(rtl)
    assert again.executable == first.executable
    assert again.executable.read_text() == "compiled"
    assert not again.executable.is_relative_to(rtl)
    (files,) = compiled
    assert files["rtl/src/tagger.v"] == (rtl / "rtl" / "src" / "tagger.v").read_bytes()
    assert not any(b"evil" in content for content in files.values())


@pytest.mark.parametrize(
    "name",
    [
        "firmware/ap_fixed.h",
        "firmware/triggernet/ap_fixed.h",
        "firmware/ap_types/iostream",
        "firmware/ap_types/added.h",
        "firmware/another.cpp",
        "GNUmakefile",
        "makefile",
    ],
)
def test_what_is_put_beside_the_firmware_is_refused(
    project: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(project, name)
    message = f"holds files that its triggernet.json does not list.*: {name}; remove them"
    for refused in (build, run_bench):
        with pytest.raises(ProjectError, match=message):
            refused(project)
    assert main(["verify", str(project), "--vectors", "20"]) == 2
    assert f": {name}; remove them, or export the project again" in capsys.readouterr().err
    assert not (project / "agreement.json").exists()


@pytest.mark.parametrize(
    "name", ["rtl/src/evil.v", "rtl/tb/verilated.h", "rtl/GNUmakefile", "rtl/makefile"]
)
def test_what_is_put_beside_the_verilog_is_refused(rtl: Path, name: str) -> None:
    put(rtl, name)
    with pytest.raises(ProjectError, match=f"is not as generated: {name}; export it again"):
        cosim(rtl, 20)
    with pytest.raises(ProjectError, match=f"not list.*: {name}; remove them"):
        verify(rtl, None, 20)


def test_a_makefile_that_make_prefers_has_no_effect(project: Path) -> None:
    put(project, "GNUmakefile", "%:\n\techo 'evil: 50 events, 0 mismatches'\n")
    put(project, "build/tagger_test")
    put(project, "importlib.py", "raise SystemExit('evil')")
    expected = project / "tb_data" / "expected.dat"
    first, rest = expected.read_text().split("\n", 1)
    expected.write_text(f"{int(first) ^ 1}\n{rest}")
    found = run_bench(project, edited=True)
    assert (found.events, found.mismatches) == (50, 1)


def test_added_verilog_is_compiled_only_on_demand(rtl: Path) -> None:
    put(rtl, "rtl/src/added.v", "module added; endmodule")
    put(rtl, "rtl/GNUmakefile")
    patterns = "rtl/src/*"
    with pytest.raises(ProjectError, match=r"rtl/GNUmakefile, rtl/src/added\.v"):
        project_sources(rtl, patterns)
    taken = project_sources(rtl, patterns, edited=True)
    assert sorted(taken) == ["rtl/src/added.v", "rtl/src/tagger.v"]


def test_copies_of_headers_are_not_compiled_and_a_changed_one_is_named(project: Path) -> None:
    header = "firmware/ap_types/ap_fixed.h"
    assert header in vendored_headers()
    assert altered_files(project) == []
    before = build(project).executable
    (project / header).write_text("#error evil\n")
    assert altered_files(project) == [header]
    assert build(project).executable == before
    assert not any("ap_types" in path for path in project_sources(project, "*"))
    agreement = verify(project, None, 20, executors=("hls",))
    assert f"edited since it was generated: {header}" in agreement.notes
    put(project, "rtl/design.json", json.dumps(design_of(rtl_program(), 3, 1)))
    with pytest.raises(ProjectError, match=f"not as generated: {header};"):
        cosim(project, 20)


def test_headers_of_another_hls4ml_are_no_edit(project: Path) -> None:
    record = json.loads((project / "triggernet.json").read_text())
    record["versions"]["hls4ml"] = "1.2.0"
    del record["seal"]  # as in records of triggernet 0.1
    (project / "triggernet.json").write_text(json.dumps(record))
    (project / "firmware" / "ap_types" / "ap_fixed.h").write_text("older")
    assert altered_files(project) == []


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "firmware/../../secret"])
def test_a_record_leads_nowhere_else(project: Path, path: str) -> None:
    record = json.loads((project / "triggernet.json").read_text())
    record["files"][path] = ""
    (project / "triggernet.json").write_text(json.dumps(record))
    with pytest.raises(ProjectError, match="is no path inside the project"):
        build(project)


def test_a_project_without_a_record_is_not_compiled(project: Path) -> None:
    (project / "triggernet.json").unlink()
    with pytest.raises(ProjectError, match=r"triggernet\.json"):
        build(project)


def test_what_users_leave_in_a_project_is_no_source(project: Path) -> None:
    for name in ("report.html", "tagger_prj/vitis.log", "tb_data/csim_results.log", "notes.h"):
        put(project, name)
    put(project, "build/tagger_test")
    assert altered_files(project) == []


# What is missing


def test_without_a_compiler_the_rest_is_compared(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["verify", str(project), "--vectors", "60"]) == 3
    shown = capsys.readouterr().out
    assert "onnxruntime  0 of 60 vectors differ" in shown
    assert "hls          not compared: g++ is needed and was not found on this machine" in shown
    assert shown.endswith("no difference in what was compared; INCOMPLETE: hls could not be run\n")
    left = json.loads((project / "agreement.json").read_text())
    assert (left["incomplete"], left["complete"], left["exact"]) == (["hls"], False, True)


def test_a_difference_weighs_more_than_what_is_missing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = onnx.load(project / "model.onnx")
    node = next(n for n in model.graph.node if n.name == "node_w")
    next(a for a in node.attribute if a.name == "bias").ints[0] += 1
    onnx.save(model, project / "model.onnx")
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["verify", str(project), "--vectors", "60"]) == 1
    assert "DIFFERENT in what was compared; INCOMPLETE: hls" in capsys.readouterr().out


def test_where_nothing_can_be_compared_nothing_is_proved(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    agreement = verify(project, None, 20, executors=("hls",))
    assert not agreement.complete
    assert agreement.as_text().endswith("INCOMPLETE: nothing was compared")


def test_what_a_project_does_not_have_is_not_missing(project: Path) -> None:
    agreement = verify(project, None, 20, executors=("onnxruntime", "rtl"))
    assert agreement.complete
    assert "the folder holds no Verilog" in agreement.not_compared["rtl"]
    assert agreement.as_dict()["incomplete"] == []
    assert agreement.as_text().endswith("\nno difference")


def test_sources_that_do_not_compile_are_no_missing_tool(project: Path) -> None:
    (project / "firmware" / "defines.h").write_text("#error wrong\n")
    with pytest.raises(ToolError, match=r"g\+\+ failed with exit code 1"):
        verify(project, None, 20, executors=("hls",))


def test_cosim_says_which_command_adds_verilog(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cosim", str(project)]) == 2
    wanted = "`triggernet export RUN --hls --rtl --out DIR` writes a project with it"
    assert wanted in capsys.readouterr().err
    put(project, "config.yaml", "")
    assert main(["cosim", str(project)]) == 2
    assert f"`triggernet export {project} --hls --rtl --out DIR`" in capsys.readouterr().err


def test_yosys_runs_on_a_copy_and_sees_no_module_of_the_project(
    rtl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` would take `pyosys.py` from the folder it is started in."""
    seen = {}

    def run(command, *, cwd: Path, **_) -> None:
        seen.update({str(p.relative_to(cwd)): p for p in cwd.rglob("*") if p.is_file()})
        (cwd / "statistics.json").write_text("{}")

    for name in ("rtl/pyosys.py", "rtl/triggernet/__init__.py", "rtl/build/synth/harness.v"):
        put(rtl, name)
    before = contents(rtl)
    monkeypatch.setattr(yosys, "run_tool", run)
    (tmp_path / "work").mkdir()
    assert yosys.run_yosys(rtl, yosys.Job("tagger", "synth"), tmp_path / "work") == {}
    assert sorted(seen) == ["job.json", "src/tagger.v"]
    assert not any(path.is_relative_to(rtl) for path in seen.values())
    assert contents(rtl) == before


def test_running_a_model_tells_nobody(tmp_path: Path) -> None:
    """onnxruntime makes an identity for its messages where temporary files are kept."""
    script = "import triggernet, qonnx.core.onnx_exec, onnxruntime, sys\n"
    script += "onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])"
    model = Path(__file__).parents[1] / "models" / "mlp-n8" / "model.onnx"
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", script, model],
        check=True,
        env=environment | {"TMPDIR": str(tmp_path)},
    )
    assert list(tmp_path.iterdir()) == []
