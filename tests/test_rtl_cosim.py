"""Co-simulation: Verilog written by hand, right and wrong, against the exact integers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from programs import tiny_program, write_onnx
from rtl_projects import (
    MUTANTS,
    PIPELINE,
    RING,
    make,
    random_inputs,
    ring_answers,
    rtl_program,
    write_rtl_project,
)

from triggernet.cli import main
from triggernet.deployment.hls import HlsConfig, write_project
from triggernet.deployment.hls.bench import HlsBench, run_bench
from triggernet.deployment.project import Vectors
from triggernet.deployment.rtl.design import source_digest
from triggernet.deployment.rtl.simulation import Simulator, build, check, run
from triggernet.deployment.verify import CoSimulation, cosim, verify
from triggernet.deployment.verify.cosim import WAVE
from triggernet.errors import ProjectError, ToolError, UsageError
from triggernet.program import evaluate

N = 500


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rtl_project(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def result(project: Path) -> CoSimulation:
    return cosim(project, N)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    return build(write_rtl_project(tmp_path_factory.mktemp("ring"), RING, 5, 4))


def check_ring(ring: Simulator, mutant: int, n: int = N) -> dict:
    inputs = random_inputs(rtl_program(), n)
    return check(ring, inputs, ring_answers(inputs), plusargs=[f"+mutant={mutant}"])


def test_a_right_design_passes(result: CoSimulation, project: Path) -> None:
    assert result.passed
    assert (result.n_vectors, result.mismatches, result.first) == (N, 0, None)
    assert (result.latency_cycles, result.interval_cycles) == (3, 1)
    assert result.phases["stream"]["events"] == N
    assert {"alone", "stream", "gaps", "resets"} == set(result.phases)
    assert sum(result.kinds.values()) == N
    assert result.version == "5.48.0"
    assert result.judges["verilog"] == source_digest(project)
    assert result.hls is None
    assert result.wave is None
    assert not (project / WAVE).exists()
    text = result.as_text()
    assert "latency: 3 clocks, as predicted" in text
    assert text.endswith("no difference")


def test_a_folded_design_passes_in_every_phase(ring: Simulator) -> None:
    found = check_ring(ring, 0)
    assert (found["mismatches"], found["first"]) == (0, None)
    assert (found["latency_cycles"], found["interval_cycles"]) == (5, 4)
    assert found["phases"]["stream"]["clocks"] >= 4 * N
    assert found["phases"]["gaps"]["clocks"] > 5 * N


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: MUTANTS[m].replace(" ", "_"))
def test_mutants_are_caught(ring: Simulator, mutant: int) -> None:
    found = check_ring(ring, mutant, 2000)
    as_predicted = (found["latency_cycles"], found["interval_cycles"]) == (5, 4)
    assert found["mismatches"] > 0 or not as_predicted


def test_the_first_difference_is_named(ring: Simulator) -> None:
    first = check_ring(ring, 2)["first"]
    inputs = random_inputs(rtl_program(), N)
    answer = ring_answers(inputs)["total"][0, 0]
    assert (first["phase"], first["kind"], first["vector"]) == ("alone", "wrong", 0)
    assert (first["output"], first["element"], first["expected"]) == ("total", 0, answer)
    assert first["found"] == answer - (inputs["x_in"][0, 0] * 11 >> 5) + (
        inputs["x_in"][0, 0] * 10 >> 5
    )


def test_an_answer_at_another_clock_is_measured(ring: Simulator) -> None:
    found = check_ring(ring, 29)
    assert found["mismatches"] == 0
    assert found["latency_cycles"] == 6


def test_an_answer_to_nothing_is_found(ring: Simulator) -> None:
    found = check_ring(ring, 24)
    assert found["first"]["kind"] == "spurious"
    assert found["first"]["phase"] == "resets"
    assert found["phases"]["stream"]["spurious"] == 0
    assert found["phases"]["resets"]["spurious"] > 0


def test_a_register_that_is_never_initialised_is_found(ring: Simulator) -> None:
    found = check_ring(ring, 30)
    assert found["first"]["output"] == "total"
    other = check(
        ring,
        random_inputs(rtl_program(), N),
        ring_answers(random_inputs(rtl_program(), N)),
        seed=2,
        plusargs=["+mutant=30"],
    )
    assert other["first"]["found"] != found["first"]["found"]  # it starts with other bits


def test_an_interval_that_the_design_does_not_keep_is_found(ring: Simulator) -> None:
    found = check_ring(ring, 31)
    assert found["phases"]["alone"]["missing"] == 0
    assert found["phases"]["stream"]["missing"] > 0
    assert found["interval_cycles"] > 4


def test_equal_seeds_give_equal_simulations(ring: Simulator) -> None:
    assert check_ring(ring, 20) == check_ring(ring, 20)


def test_outputs_are_those_of_the_program(project: Path) -> None:
    program, simulator = rtl_program(), build(project)
    inputs = random_inputs(program, 100, seed=4)
    found = run(simulator, inputs)
    for name, codes in evaluate(program, inputs).items():
        np.testing.assert_array_equal(found[name], codes)
        assert found[name].dtype == np.int64
    one = {name: codes[:1] for name, codes in inputs.items()}
    assert run(simulator, one)["total"] == found["total"][:1]
    with pytest.raises(UsageError, match="holds codes from 0 to 32"):
        run(simulator, inputs | {"k_in": np.array([[0], [32]])})


def test_events_without_an_answer_are_not_numbers(ring: Simulator, monkeypatch) -> None:
    from triggernet.deployment.rtl import simulation

    call = simulation._call
    monkeypatch.setattr(
        simulation, "_call", lambda s, options, *more: call(s, [*options, "+mutant=31"], *more)
    )
    found = run(ring, random_inputs(rtl_program(), 40))
    assert np.isnan(found["rows"]).any(axis=1).sum() == np.isnan(found["total"]).sum() > 10


def test_what_machines_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cosim", str(project), "--vectors", "200", "--seed", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert CoSimulation.load(project).as_dict() == found
    assert {"n_vectors", "mismatches", "first", "latency_cycles", "interval_cycles"} <= set(found)
    assert (found["n_vectors"], found["mismatches"], found["first"]) == (200, 0, None)
    assert (found["latency_cycles"], found["predicted_latency_cycles"]) == (3, 3)
    assert (found["tool"], found["version"], found["hls"]) == ("Verilator", "5.48.0", None)
    assert found["judges"]["verilog"] == source_digest(project)


def test_verilog_is_an_executor(project: Path) -> None:
    agreement = verify(project, None, 600)
    assert agreement.exact
    found = agreement.executors["rtl"]
    assert (found.n, found.mismatches, found.traced_n) == (600, 0, 0)
    assert found.version == "Verilator 5.48.0"
    assert "rtl          0 of 600 vectors differ (Verilator 5.48.0)" in agreement.as_text()
    assert "hls" in agreement.not_compared


@pytest.fixture(scope="module")
def mutant(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bit of the saturation is wrong."""
    copy = tmp_path_factory.mktemp("mutant") / "project"
    shutil.copytree(project, copy)
    wrong = PIPELINE.replace("18'h1ffff", "18'h1fffd")
    assert wrong != PIPELINE
    (copy / "rtl" / "src" / "tagger.v").write_text(wrong)
    return copy


def test_an_edited_project_is_refused(mutant: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cosim", str(mutant)]) == 2
    said = capsys.readouterr().err
    assert "is not as generated: rtl/src/tagger.v; export it again" in said
    assert "--edited" in said


def test_added_verilog_is_an_edit(mutant: Path) -> None:
    added = mutant / "rtl" / "src" / "another.v"
    added.write_text("module another; endmodule\n")
    with pytest.raises(ProjectError, match=r"generated: rtl/src/another.v, rtl/src/tagger.v;"):
        cosim(mutant, 10)
    added.unlink()


def test_a_waveform_shows_the_first_difference(
    mutant: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--vectors", "300", "--edited", "--wave"]
    assert main(["cosim", str(mutant), *arguments]) == 1
    shown = capsys.readouterr().out
    assert "output 'rows' element " in shown
    assert "expected code 131071, found 131069" in shown
    assert "x_in = " in shown
    assert "note: edited since it was generated: rtl/src/tagger.v" in shown
    assert f"waveform: {mutant / 'cosim.fst'}" in shown
    assert shown.endswith("DIFFERENT\n")
    wave = (mutant / "cosim.fst").read_bytes()
    assert wave[0] == 0  # the block type of an FST header
    assert len(wave) > 1000
    assert b"Verilator" not in wave[:1]
    found = json.loads((mutant / "cosim.json").read_text())
    first = found["first"]
    assert first["inputs"]["x_in"][first["element"]] > first["expected"]
    assert first["sort"] in found["kinds"]


def test_a_wrong_design_is_seen_by_verify(mutant: Path) -> None:
    found = verify(mutant, None, 300, executors=("rtl",)).executors["rtl"]
    assert found.mismatches > 0
    assert (found.first.node, found.first.tensor) == (None, "rows")
    assert (found.first.expected, found.first.found) == (131071, 131069)


def test_another_latency_than_predicted_does_not_pass(result: CoSimulation) -> None:
    late = replace(result, latency_cycles=4)
    assert not late.passed
    assert "latency: 4 clocks, NOT the predicted 3" in late.as_text()
    assert not replace(result, interval_cycles=None).passed
    assert "interval: unknown" in replace(result, interval_cycles=None).as_text()


def test_the_hls_test_bench_counts_too(result: CoSimulation) -> None:
    for mismatches, passed in ((0, True), (3, False)):
        both = replace(result, hls=HlsBench(64, mismatches, "g++", "12.2.0"))
        assert both.passed == passed == both.as_dict()["hls"]["passed"]
        assert f"HLS test bench: {mismatches} mismatches in 64 events (g++ 12" in both.as_text()
    assert not replace(result, hls=HlsBench(0, 0, "g++", "12.2.0")).passed


def test_hls_firmware_beside_the_verilog(project: Path, tmp_path: Path) -> None:
    program = tiny_program()
    inputs = random_inputs(program, 20)
    vectors = Vectors(inputs, evaluate(program, inputs))
    both = tmp_path / "project"
    onnx = write_onnx(program, tmp_path)
    write_project(program, onnx, both, HlsConfig(), vectors=vectors, vendored=False)
    record = json.loads((both / "triggernet.json").read_text())
    shutil.copytree(project, both, dirs_exist_ok=True)
    # Those of the Verilog are the later ones.
    record["files"] |= json.loads((both / "triggernet.json").read_text())["files"]
    del record["seal"]  # as in records of triggernet 0.1
    (both / "triggernet.json").write_text(json.dumps(record))
    found = cosim(both, 100)
    assert found.passed
    assert (found.hls.events, found.hls.mismatches, found.hls.tool) == (20, 0, "g++")
    expected = both / "tb_data" / "expected.dat"
    first, rest = expected.read_text().split("\n", 1)
    expected.write_text(f"{int(first) ^ 1}\n{rest}")
    assert run_bench(both).mismatches == 1
    expected.write_text("")
    with pytest.raises(ToolError, match="missing, empty or cut short"):
        run_bench(both)


def test_the_folder_needs_no_triggernet(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project / "rtl", copy / "rtl")
    passed = make(copy)
    assert passed.returncode == 0, passed.stderr
    assert "latency 3 clocks (predicted 3), interval 1 (predicted 1)" in passed.stdout
    assert passed.stdout.endswith("PASSED\n")
    (line,) = [line for line in passed.stdout.splitlines() if line.startswith("{")]
    assert json.loads(line)["mismatches"] == 0
    expected = copy / "rtl" / "tb" / "expected.dat"
    whole = expected.read_text()
    expected.write_text(whole[:-2] + f"{int(whole[-2]) ^ 1}\n")
    failed = make(copy)
    assert failed.returncode == 2
    assert '"output": "k"' in failed.stdout
    assert "FAILED" in failed.stdout
    for text, complaint in (
        (whole[:-4], "is empty or cut short"),
        ("x" + whole, "something else than integers"),
        ("9999999" + whole, "event 0 does not fit the ports"),
        (whole + whole, "not as many answers as events"),
    ):
        expected.write_text(text)
        assert complaint in make(copy).stderr
    assert "--found FILE" in make(copy, "ARGUMENTS=--help").stdout
    assert "unknown or unfinished option --wave" in make(copy, "ARGUMENTS=--wave").stderr
