"""Sealed results: what is written is read again, what was altered reaches no report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import project_results as made
import pytest
from programs import nano_program
from synth_projects import DESIGN, write_rtl

from triggernet import results
from triggernet.deployment.rtl.synthesis import Synthesis
from triggernet.deployment.verify import Agreement, CoSimulation
from triggernet.errors import ProjectError
from triggernet.files import sha256_of, write_json
from triggernet.reports.pages import as_html, as_markdown, as_text
from triggernet.reports.report import report
from triggernet.results import METRICS, UnsealedError, examine, judged, read_result, sealed

DIFFERENCE = {"phase": "stream", "kind": "wrong", "clock": 71, "vector": 12, "sort": "edges",
              "inputs": {"pt": [5, 7]}, "output": "score", "element": 0, "expected": 3,
              "found": 4}  # fmt: skip
MODEL_METRICS = {"n_jets": 20_000, "accuracy": 0.9123, "auc": 0.9712, "rejection_30": 231.4,
                 "rejection_30_error": 12.2, "n_parameters": 21, "ant": 11.0}  # fmt: skip
RUN_METRICS = {
    "float": MODEL_METRICS,
    "quantised": MODEL_METRICS,
    "sample": "validation",
    "spread": {"auc": [0.97, 0.971], "mean": 0.9705, "std": 0.0007, "seeds": 2},
}
NAMES = (
    "agreement.json",
    "cosim.json",
    "netlist.json",
    "proof.json",
    "synth.json",
    "metrics.json",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with RTL and HLS firmware, and every result that tools can leave in it."""
    folder: Path = write_rtl(tmp_path_factory.mktemp("results") / "project")
    (folder / "program.json").write_text(nano_program(8).to_json())
    (folder / "firmware").mkdir()
    (folder / "firmware/tagger.cpp").write_text("// firmware\n")
    (folder / "checkpoint.pt").write_bytes(b"weights")
    made.agreement(folder).save(folder)
    simulated = made.cosimulation(folder, first=DIFFERENCE, mismatches=1, hls=made.bench(2))
    simulated.save(folder)
    made.synthesis(folder, place=made.placement()).save(folder)
    made.netlist(folder).save(folder)
    made.proof(folder).save(folder)
    results.write_result(folder, METRICS, RUN_METRICS, judged(folder, ("weights",)))
    return folder


@pytest.fixture
def project(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "project")
    return tmp_path / "project"


def numbers(value: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every number in a JSON value."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from ((key, *rest) for rest in numbers(item))
    elif isinstance(value, int | float):  # also true and false
        yield ()


def altered(value: Any, way: tuple[Any, ...]) -> Any:
    if not way:
        return not value if isinstance(value, bool) else value + 1
    new = value.copy()
    new[way[0]] = altered(value[way[0]], way[1:])
    return new


@pytest.mark.parametrize("name", NAMES)
def test_no_altered_number_reaches_a_report(project: Path, name: str) -> None:
    content = json.loads((project / name).read_text())
    ways = list(numbers(content))
    assert len(ways) >= 15
    for way in ways:
        write_json(project / name, altered(content, way))
        with pytest.raises(ProjectError, match=name):
            report(project)
    write_json(project / name, content)
    assert report(project).as_dict()["evidence"] == dict.fromkeys(NAMES, "current")


@pytest.mark.parametrize("cls", [Agreement, CoSimulation, Synthesis])
def test_a_result_is_read_as_it_was_written(whole: Path, cls: Any) -> None:
    found = cls.load(whole)
    assert found is not None
    assert cls.from_dict(json.loads(json.dumps(found.as_dict()))) == found
    assert set(found.judges) == set(cls.PARTS) & set(judged(whole, tuple(results.PARTS)))
    original = {
        Agreement: made.agreement(whole),
        CoSimulation: made.cosimulation(whole, first=DIFFERENCE, mismatches=1, hls=made.bench(2)),
        Synthesis: made.synthesis(whole, place=made.placement()),
    }
    assert found == original[cls]


def test_every_part_of_a_project_is_told_from_another(project: Path) -> None:
    names = ("program.json", "checkpoint.pt", "rtl/src/kernel.v", "firmware/tagger.cpp")
    parts = ("program", "weights", "verilog", "firmware")
    for name, part in zip(names, parts, strict=True):
        text = (project / name).read_bytes()
        (project / name).write_bytes(text + b"\n")
        for cls in (Agreement, CoSimulation, Synthesis):
            found = examine(cls, project)
            expected = (part,) if part in cls.PARTS else ()
            assert (found.changed, found.result is None) == (expected, bool(expected))
        (project / name).write_bytes(text)
    (project / "model.onnx").write_bytes(b"new")
    assert examine(Agreement, project).changed == ("model",)
    assert examine(Synthesis, project).state == "current"


def test_a_result_of_other_sources_gives_no_figure_and_no_verdict(project: Path) -> None:
    made.agreement(project).save(project)
    made.cosimulation(project).save(project)
    before = as_text(report(project))
    assert "But the executors do not agree." in before
    (project / "firmware/tagger.cpp").write_text("// edited\n")
    (project / "rtl/src/kernel.v").write_text("// edited\n")
    found = report(project)
    assert found.evidence.agreement is None
    assert {f.tool for f in found.figures.values()} == {"triggernet schedule", "triggernet netlist"}
    assert found.as_dict()["evidence"] == {
        "agreement.json": "outdated",
        "cosim.json": "outdated",
        "netlist.json": "outdated",
        "proof.json": "outdated",
        "synth.json": "outdated",
        "metrics.json": "current",
    }
    shown = as_markdown(found)
    assert (
        "agreement.json is of other Verilog and HLS firmware than lies here now, and is ignored; "
        "run `triggernet verify` again." in shown
    )
    for page in (shown, as_html(found)):
        assert "not from one whose digest was computed anew" in page


def test_without_a_seal_there_is_no_figure(project: Path) -> None:
    """As an older triggernet wrote them, and as somebody who cuts the seal out leaves them."""
    for name in NAMES:
        content = json.loads((project / name).read_text())
        rest = {k: v for k, v in content.items() if k not in ("format", "format_version")}
        write_json(project / name, rest)
    with pytest.raises(UnsealedError, match="synth.json has no seal.*run `triggernet synth` again"):
        Synthesis.load(project)
    found = report(project)
    assert found.as_dict()["evidence"] == dict.fromkeys(NAMES, "unsealed")
    assert {f.tool for f in found.figures.values()} == {"triggernet schedule", "triggernet netlist"}
    assert found.evidence.agreement is None
    # Metrics of runs that were trained before are shown, and it is said that nobody can check them.
    assert found.evidence.physics is not None
    assert found.evidence.physics.sample.endswith("not sealed, could not be checked")
    assert "metrics.json has no seal" in as_markdown(found)


def test_metrics_of_other_weights_are_not_shown(project: Path) -> None:
    (project / "checkpoint.pt").write_bytes(b"other weights")
    found = report(project)
    assert found.evidence.physics is None
    assert "metrics.json is of other weights than lies here now" in as_markdown(found)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "triggernet cosim"}, "holds 'triggernet cosim', not 'triggernet synthesis'"),
        ({"format": 3}, "holds 3, not 'triggernet synthesis'"),
        ({"format_version": 2}, "has the format_version 2 .*; this triggernet reads version 1;"),
        ({"format_version": True}, "has the format_version True"),
        ({"digest": None}, "its content does not fit its digest; run `triggernet synth` again"),
        ({"judges": {}}, "does not fit its digest"),
        ({"lut": 10**399}, "does not fit its digest"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    project: Path, changes: dict[str, Any], message: str
) -> None:
    content = json.loads((project / "synth.json").read_text())
    (project / "synth.json").write_text(json.dumps(content | changes))
    with pytest.raises(ProjectError, match=f"synth.json.* {message}"):
        report(project)


@pytest.mark.parametrize("text", ["{", "[]", "3", '"text"', '{"lut": 1e400}'])
def test_a_damaged_file_is_named_with_what_to_do(project: Path, text: str) -> None:
    (project / "cosim.json").write_text(text, "utf-8")
    with pytest.raises(ProjectError, match=r"cosim\.json.*run `triggernet cosim` again"):
        report(project)


@pytest.mark.parametrize(
    "changes",
    [{"lut": "many"}, {"lut": True}, {"cells": 3}, {"modules": {"a": 3}}, {"modules": {"a": {}}},
     {"place": {}}, {"colour": 3}, {"judges": {"verilog": 3}}, {"judges": {"verilog": None}}],
)  # fmt: skip
def test_a_right_seal_on_other_values_is_an_error_not_a_traceback(
    project: Path, changes: dict[str, Any]
) -> None:
    content = read_result(project, Synthesis.FILE)
    assert content is not None
    values = content.values | {"judges": content.judges} | changes
    write_json(project / "synth.json", sealed(Synthesis.FILE, values, values["judges"]))
    with pytest.raises(ProjectError, match=r"synth\.json.*run `triggernet synth` again"):
        report(project)


def test_a_failed_bench_of_the_hls_firmware_is_said(project: Path) -> None:
    made.cosimulation(project, hls=made.bench(0)).save(project)
    assert "co-simulation does not pass" not in as_text(report(project))
    made.cosimulation(project, hls=made.bench(2)).save(project)
    found = report(project)
    assert "co-simulation does not pass" in as_text(found)
    assert "HLS test bench: 50 events, 2 mismatches" in as_markdown(found)


@pytest.mark.parametrize("name", ["rtl/design.json", "program.json"])
def test_an_edited_file_that_figures_come_from_is_refused(project: Path, name: str) -> None:
    record = json.loads((project / "triggernet.json").read_text())
    record["files"]["program.json"] = sha256_of(project / "program.json")
    write_json(project / "triggernet.json", record)
    report(project)
    text = (project / name).read_text()
    changed = json.dumps(DESIGN | {"latency_cycles": 3}) if "design" in name else text + " "
    (project / name).write_text(changed)
    with pytest.raises(ProjectError, match=f"{name} .*is not as exported.*export it again"):
        report(project)
