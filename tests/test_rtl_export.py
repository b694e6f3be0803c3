"""`export --rtl`: what is written, what is chosen, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from triggernet.cli import main
from triggernet.deployment.export import export_run, write_export
from triggernet.deployment.project.sources import edited_files
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower, useful_intervals
from triggernet.deployment.rtl.texts import describe
from triggernet.errors import ConfigError, UsageError
from triggernet.parts import load_part
from triggernet.reports.budgets.tables import Budget, load_budget
from triggernet.reports.fold.alternatives import fold, front
from triggernet.reports.report import report

ENTRY = Path(__file__).parent.parent / "models" / "nanopelican-c2-n8j"


@pytest.fixture(scope="module")
def export():
    return export_run(ENTRY)


@pytest.fixture(scope="module")
def part():
    return load_part("xcvu13p")


def budget(**changes: object) -> Budget:
    values = {"title": "of this test", "latency_ns": 4000.0, "name": "mine"}
    return Budget(**(values | changes))  # type: ignore[arg-type]


def exported(tmp_path: Path, *options: object) -> Path:
    folder = tmp_path / "project"
    assert main(["export", str(ENTRY), "--rtl", *map(str, options), "--out", str(folder)]) == 0
    return folder


def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, *options: object) -> str:
    out = tmp_path / "refused"
    assert main(["export", str(ENTRY), "--rtl", *map(str, options), "--out", str(out)]) == 2
    assert not out.exists()
    return capsys.readouterr().err


def test_a_project_is_complete_and_recorded(tmp_path: Path) -> None:
    folder = exported(tmp_path, "--interval", 8, "--clock-ns", 4, "--dsp", "pairs")
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files >= {
        "model.onnx",
        "program.json",
        "checkpoint.pt",
        "rtl/src/tagger.v",
        "rtl/src/d_pair.v",
        "rtl/design.json",
        "rtl/constraints/tagger.xdc",
        "rtl/constraints/tagger.sdc",
        "rtl/vivado.tcl",
        "rtl/quartus.tcl",
        "rtl/Makefile",
        "rtl/tb/testbench.cpp",
        "rtl/tb/inputs.dat",
        "rtl/tb/expected.dat",
    }
    assert edited_files(folder) == []
    record = json.loads((folder / "triggernet.json").read_text())
    assert record["rtl"]["interval"] == 8
    assert "config" not in record
    assert set(record["files"]) == files - {"triggernet.json"}
    design = json.loads((folder / "rtl/design.json").read_text())
    assert (design["interval_cycles"], design["clock_period_ns"]) == (8, 4.0)
    assert [p["name"] for p in design["inputs"]] == ["pt", "eta", "phi", "jet_pt", "jet_excess"]
    assert (
        "create_clock -name clk -period 4.0" in (folder / "rtl/constraints/tagger.xdc").read_text()
    )
    for path in folder.glob("rtl/**/*"):
        if path.is_file() and path.suffix in (".v", ".tcl", ".xdc", ".sdc", ".cpp"):
            assert not re.search(r"@[A-Z_]+@", path.read_text()), path


def test_equal_inputs_give_equal_bytes(export, tmp_path: Path) -> None:
    config = RtlConfig(interval=4)
    folders = [tmp_path / "one", tmp_path / "two"]
    digests = [write_export(export, folder, rtl=config).digest for folder in folders]
    assert digests[0] == digests[1]
    first, second = (
        {p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders
    )
    assert first == second


def test_verilog_names_no_file_and_no_initial_value_outside_memories(tmp_path: Path) -> None:
    for path in (exported(tmp_path, "--interval", 8) / "rtl/src").iterdir():
        text = path.read_text()
        assert "$readmem" not in text
        assert ("initial" in text) == path.name.startswith("memory_")
        assert re.search(r"always @\(\*\)", text) is None or path.name.startswith("table_")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--part", "xcvu19p"), "no part 'xcvu19p'; did you mean xcvu9p?"),
        (("--clock-ns", 0.2), "clock_period_ns 0.2 is not between"),
        (("--fold", "auto", "--interval", 2), "fold 'auto' chooses interval itself"),
        (("--fold", "auto", "--dsp", "none", "--tables", "lut"), "chooses dsp, tables itself"),
        (("--fold", "auto", "--budget", "l2"), "no budget 'l2'"),
        (
            ("--fold", "auto", "--budget", "cms-phase2", "--clock-ns", 5),
            "is not that of the budget",
        ),
        (("--reuse-factor", 2), "--reuse-factor has no effect here; add --hls"),
        (("--part", "xc7z020clg400-1"), None),
    ],
)
def test_wrong_use(capsys, tmp_path: Path, options: tuple, message: str | None) -> None:
    if message is None:  # a part that no table has is only needed to choose a fold
        exported(tmp_path, *options)
        assert "no part 'xc7z020clg400-1'" in refused(capsys, tmp_path, *options, "--fold", "auto")
    else:
        assert message in refused(capsys, tmp_path, *options)


def test_options_of_the_verilog_need_it(capsys, tmp_path: Path) -> None:
    words = [
        "export",
        str(ENTRY),
        "--interval",
        "4",
        "--fold",
        "auto",
        "--out",
        str(tmp_path / "x"),
    ]
    assert main(words) == 2
    assert "--interval, --fold has no effect here; add --rtl" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes",
    [
        {"instances": 0},
        {"top": "1st"},
        {"tables": "uram"},
        {"dsp": "some"},
        {"clock_uncertainty": 1.0},
    ],
)
def test_settings_that_are_not_allowed(changes: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(changes))):
        RtlConfig(**changes)


def test_the_smallest_design_that_the_rate_allows(export, part) -> None:
    found = fold(export.program, budget(), part, RtlConfig())
    chosen = found.chosen
    # 25 ns are 5 clocks of 5 ns, which 4 slots of 2 rows fit.
    assert (chosen.config.interval, chosen.instances) == (4, 1)
    assert not chosen.problems
    assert chosen.size == min(a.size for a in found.alternatives if not a.problems)
    assert re.search(r"^the rate decides: .* copies of it would have to take turns$", found.bound)
    alone = fold(export.program, budget(time_multiplexing=100), part, RtlConfig()).chosen
    assert alone.config.interval > 8
    assert alone.size < chosen.size


def test_the_latency_can_decide(export, part) -> None:
    found = fold(export.program, budget(latency_ns=650.0, time_multiplexing=100), part, RtlConfig())
    assert found.chosen.latency_ns <= 65
    assert re.search(
        r"a smaller design .* its latency of [\d.]+ ns is [\d.]+ ns above the 65 ns", found.bound
    )


def test_what_no_design_meets_is_said_by_how_much(export, part) -> None:
    with pytest.raises(
        UsageError,
        match=r"no design .* 'mine'; the closest one \(interval 1, .* [\d.]+ ns above the 10 ns",
    ):
        fold(export.program, budget(latency_ns=100.0), part, RtlConfig())
    with pytest.raises(UsageError, match=r"takes [\d.]+ % of the .*, 0.0001 % are allowed"):
        fold(export.program, budget(resource_share=1e-6), part, RtlConfig())


def test_the_budgets_clock_is_taken(tmp_path: Path) -> None:
    folder = exported(tmp_path, "--fold", "auto", "--budget", "cms-phase2")
    design = json.loads((folder / "rtl/design.json").read_text())
    assert design["clock_period_ns"] == pytest.approx(1000 / 360, abs=1e-4)
    table = json.loads((folder / "rtl/alternatives.json").read_text())
    assert table["chosen"]["interval_cycles"] == design["interval_cycles"]
    limit = load_budget("cms-phase2").interval_ns
    instances = table["chosen"]["instances"]
    assert design["interval_cycles"] * design["clock_period_ns"] <= limit * instances + 1e-6
    assert (folder / "rtl/alternatives.png").read_bytes()[:4] == b"\x89PNG"


def test_the_front_holds_what_nothing_beats(export, part) -> None:
    found = fold(export.program, budget(), part, RtlConfig()).alternatives
    best = front(found)
    assert min(found, key=lambda a: a.latency_ns).latency_ns == min(a.latency_ns for a in best)
    for a in found:
        beaten = any(
            b is not a
            and b.latency_ns <= a.latency_ns
            and b.lut < a.lut
            and (b.ff, b.dsp, b.bram) <= (a.ff, a.dsp, a.bram)
            and b.ff <= a.ff
            and b.dsp <= a.dsp
            and b.bram <= a.bram
            for b in found
        )
        assert not (beaten and a in best)


def test_intervals_that_make_a_difference(export) -> None:
    assert useful_intervals(export.program) == [1, 2, 3, 4, 8, 16, 32]
    for asked, found in ((7, 4), (15, 8), (1000, 32)):
        assert lower(export.program, RtlConfig(interval=asked)).interval_cycles == found


@pytest.mark.parametrize("interval", [1, 8])
def test_the_counts_of_the_nodes_add_up_to_the_whole(export, interval: int) -> None:
    config = RtlConfig(interval=interval)
    plain, counted = lower(export.program, config), lower(export.program, config, by_node=True)
    assert describe(plain)["modules"] == describe(counted)["modules"]
    assert plain.nodes == ()
    assert [n.name for n in counted.nodes] == [n.name for n in export.program.nodes]
    for kind in ("lut", "dsp", "bram"):
        assert sum(getattr(n, kind) for n in counted.nodes) == getattr(plain.count, kind)
    # The tokens and what waits for the output belong to no node.
    rest = plain.count.ff - sum(n.ff for n in counted.nodes)
    assert counted.latency_cycles <= rest < 0.1 * plain.count.ff
    assert all(n.lut >= 0 and n.ff >= 0 for n in counted.nodes)
    ready = {n.name: n.ready_cycle for n in counted.nodes}
    assert max(ready.values()) <= counted.latency_cycles
    # The largest product is where the pairs meet.
    assert max(counted.nodes, key=lambda n: n.dsp).op.startswith("PairDot")


def test_several_instances_stand_together_in_the_report(export, tmp_path: Path) -> None:
    config = RtlConfig(interval=8, instances=4)
    write_export(export, tmp_path / "four", rtl=config)
    write_export(export, tmp_path / "one", rtl=RtlConfig(interval=8))
    four, one = (report(tmp_path / name) for name in ("four", "one"))
    lines = [{line.name: line for line in found.lines} for found in (four, one)]
    assert lines[0]["interval"].value == lines[1]["interval"].value / 4 == 10.0
    assert (lines[0]["interval"].verdict, lines[1]["interval"].verdict) == ("met", "failed")
    assert four.figures["interval_cycles"].value == 8
    assert any("4 instances of this design take turns" in note for note in four.notes)


def test_wide_words_of_a_fold(export, part) -> None:
    text = fold(export.program, budget(), part, RtlConfig()).as_text()
    assert "* chosen for the budget 'mine': interval 4" in text
