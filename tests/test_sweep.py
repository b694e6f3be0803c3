"""Studies: run, stopped, killed, gone on with; what fails in them, and what they measure."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sweeps import JETS, command, run, study_of, write_study

import triggernet as tn
from triggernet.cli import main
from triggernet.data import load_jets
from triggernet.data.samples import sample_path
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.errors import DataError, UsageError
from triggernet.learning.training import load_run, train
from triggernet.program.file import load_program
from triggernet.reports.cost.bit_operations import bit_operations
from triggernet.studies.sweep import load_study_config, sweep
from triggernet.studies.sweep.bench import Bench, count_hardware
from triggernet.studies.sweep.config import HardwareConfig
from triggernet.studies.sweep.folder import open_study
from triggernet.studies.sweep.storage import open_storage
from triggernet.studies.sweep.sweep import prepare
from triggernet.studies.sweep.trials import trials_of
from triggernet.studies.sweep.worker import MOST_FAILURES, requeue_lost

ROOT = Path(__file__).parents[1]


def search(out, trials=None, **changes):
    return sweep(load_study_config(study_of(**changes)), JETS, out, trials=trials)


def values(found):
    return [(t.number, t.state, dict(t.settings), t.measured.get("auc")) for t in found.trials]


def test_a_study_measures_each_of_its_points(tmp_path):
    found = search(tmp_path / "study")
    assert [trial.state for trial in found.trials] == ["complete"] * 4
    for trial in found.trials:
        assert trial.epochs == 2
        assert trial.value("ant") == trial.value("rejection") / trial.value("parameters")
        assert trial.watched == pytest.approx(trial.value("auc"), abs=1e-3)
    assert found.best.value("auc") == max(trial.value("auc") for trial in found.trials)
    assert f"best trial {found.best.number}: auc" in found.as_text()


def test_what_a_point_is_worth_is_what_training_it_gives(tmp_path):
    config = load_study_config(study_of(trials=1))
    trial = sweep(config, JETS, tmp_path / "study").trials[0]
    jets = load_jets(JETS)
    metrics = train(config.run_config(trial.settings), jets, tmp_path / "run").metrics["float"]
    assert trial.measured["auc"] == metrics["auc"]
    assert trial.measured["rejection"] == metrics["rejection_30"]
    assert trial.measured["parameters"] == metrics["n_parameters"]


def test_a_stopped_study_goes_on_to_what_it_would_have_been(tmp_path):
    whole = search(tmp_path / "whole", 5)
    search(tmp_path / "halves", 2)
    assert values(search(tmp_path / "halves", 5)) == values(whole)


def test_a_study_that_was_removed_and_begun_anew_begins_anew(tmp_path):
    first = values(search(tmp_path / "study", 2))
    shutil.rmtree(tmp_path / "study")
    assert values(search(tmp_path / "study", 2)) == first


def test_a_finished_study_has_nothing_left_to_do(tmp_path):
    before = search(tmp_path / "study", 2)
    journal = (tmp_path / "study" / "journal.log").read_bytes()
    assert values(search(tmp_path / "study", 2)) == values(before)
    assert (tmp_path / "study" / "journal.log").read_bytes() == journal


def kill_under_way(process, journal, *, least):
    """End a process for good when so many trials are complete and one more is under way."""
    deadline = time.monotonic() + 240
    finished = begun = 0
    while finished < least or begun == finished:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
        text = journal.read_bytes() if journal.is_file() else b""
        finished, begun = text.count(b'"measured"'), text.count(b'{"epochs":1}')
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_study_loses_nothing_but_does_the_trial_again(tmp_path):
    content, out = study_of(trials=400), tmp_path / "out"
    study = write_study(tmp_path / "study.yaml", content)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    kill_under_way(subprocess.Popen(command(study, out), **quiet), out / "journal.log", least=3)
    before = trials_of(open_study(out))
    kept = [trial for trial in before if trial.state == "complete"]
    (lost,) = [trial for trial in before if trial.state == "running"]
    after = sweep(load_study_config(content), JETS, out, trials=len(kept) + 2)
    assert list(after.trials[: len(kept)]) == kept
    ended, again = after.trials[lost.number : lost.number + 2]
    assert (ended.state, ended.reason) == ("failed", "its process was ended while it ran")
    assert again.state == "complete"
    assert again.settings == lost.settings


def test_a_point_that_ends_its_process_is_not_tried_for_ever(tmp_path):
    search(tmp_path / "study", 1)
    folder = open_study(tmp_path / "study")
    study = folder.storage()
    for _ in range(2):
        trial = study.ask()
        folder.config.points.suggest(trial)
        requeue_lost(folder, study)
    states = [trial.state for trial in trials_of(folder)]
    assert states == ["complete", "failed", "failed"]
    assert "2 times; perhaps for lack of memory" in trials_of(folder)[2].reason


def test_half_a_line_that_a_killed_process_left_is_taken_away(tmp_path):
    before = values(search(tmp_path / "study", 2))
    journal = tmp_path / "study" / "journal.log"
    with journal.open("ab") as file:
        file.write(b'{"op_code":8,"trial')
    assert values(search(tmp_path / "study", 3))[:2] == before


def test_a_journal_that_is_damaged_in_the_middle_is_refused(tmp_path):
    search(tmp_path / "study", 2)
    journal = tmp_path / "study" / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], b"no line of a journal\n", *lines[4:]]))
    with pytest.raises(DataError, match="journal.log is no journal of a study, or is damaged"):
        open_storage(journal)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError("a lot"), "out of memory: a lot"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory: Default"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (DataError("no jets"), "no jets"),
    ],
)
def test_a_trial_that_fails_is_recorded_with_its_reason(tmp_path, monkeypatch, error, reason):
    measure, calls = Bench.measure, []

    def second_fails(self, settings, watch):
        calls.append(settings)
        if len(calls) == 2:
            raise error
        return measure(self, settings, watch)

    monkeypatch.setattr(Bench, "measure", second_fails)
    found = search(tmp_path / "study", 3)
    assert [t.state for t in found.trials] == ["complete", "failed", "complete", "complete"]
    assert found.trials[1].reason.startswith(reason)


def test_a_trial_that_needs_more_memory_than_there_is_fails_alone(tmp_path):
    space = {"model.embedding": {"choices": [[2], [2_000_000, 2_000_000]]}}
    found = search(tmp_path / "study", space=space, sampler={"name": "grid"})
    assert [trial.state for trial in found.trials] == ["complete", "failed"]
    assert found.trials[1].reason.startswith("out of memory: ")


def test_a_study_in_which_everything_fails_ends_with_the_reason(tmp_path, monkeypatch):
    def fails(self, settings, watch):
        raise DataError("the jets are not there")

    monkeypatch.setattr(Bench, "measure", fails)
    with pytest.raises(UsageError, match=f"{MOST_FAILURES} trials failed.*jets are not there"):
        search(tmp_path / "study")


def test_a_grid_is_done_when_every_cell_is(tmp_path):
    space = {"model.embedding": {"choices": [[2], [3]]}, "training.seed": {"low": 0, "high": 1}}
    found = search(tmp_path / "study", 100, space=space, sampler={"name": "grid"})
    assert sorted(str(t.settings) for t in found.trials) == [
        f"{{'model.embedding': [{width}], 'training.seed': {seed}}}"
        for width in (2, 3)
        for seed in (0, 1)
    ]


def test_trials_that_do_worse_are_pruned_after_the_epochs_they_had(tmp_path):
    adamw = {"epochs": 4, "warmup_epochs": 1, "decay_epochs": 0, "batch_size": 50}
    content = study_of()["run"]
    content["training"]["adamw"] = adamw
    found = search(tmp_path / "study", 14, run=content, pruner={"name": "hyperband", "factor": 2})
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert 0 < len(pruned) < 14
    assert len(found.trials) == 14
    assert all(1 <= trial.epochs < 4 and trial.watched is not None for trial in pruned)


def test_several_repeats_give_their_mean(tmp_path):
    one = [search(tmp_path / str(seed), 1, run=seeded(seed)).trials[0] for seed in (0, 1)]
    both = search(tmp_path / "both", 1, repeats=2).trials[0]
    assert both.settings == one[0].settings
    assert both.value("parameters") == one[0].value("parameters")
    assert both.value("auc_spread") > 0
    # The jets stay split as for the first seed, so that only the first training is the same.
    other = 2 * both.value("auc") - one[0].value("auc")
    spread = abs(other - one[0].value("auc")) / 2**0.5
    assert both.value("auc_spread") == pytest.approx(spread)


def seeded(seed):
    content = study_of()["run"]
    content["training"]["seed"] = seed
    return content


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_objectives_of_the_hardware_are_counted_in_the_netlist(tmp_path, sampler):
    found = search(
        tmp_path / "study",
        2,
        objectives=["auc", "lut"],
        sampler={"name": sampler, "population": 2},
        hardware={"budget": "cms-phase2"},
    )
    for trial in found.trials:
        assert trial.state == "complete", trial.reason
        assert trial.value("lut") > 0
        assert trial.value("interval_cycles") == 3  # 3.4 clocks are allowed
        assert trial.value("auc") != trial.value("float_auc")


def test_the_count_of_a_trained_model_is_that_of_its_netlist():
    folder = ROOT / "models" / "jedilinear-n8"
    loaded, program = load_run(folder), load_program(folder / "program.json")
    counted = count_hardware(loaded.quantised, loaded.config, HardwareConfig(tables="bram"))
    design = lower(program, RtlConfig(clock_period_ns=2.7778, interval=3))
    assert counted["lut"] == design.count.lut
    assert counted["dsp"] == design.count.dsp
    assert counted["interval_cycles"] == design.interval_cycles
    assert counted["latency_ns"] == design.latency_cycles * 2.7778
    assert counted["bit_operations"] == bit_operations(program).total


def test_widths_are_searched_around_a_trained_float_model(tmp_path):
    folder = ROOT / "models" / "jedilinear-n8"
    tuning = {"epochs": 1, "calibration_jets": 100}
    study = study_of(
        run={"training": {"max_jets": 300, "fine_tune": tuning}},
        float_run=str(folder),
        space={"quantisation.weight": {"choices": [2, 8]}},
        sampler={"name": "grid"},
        objectives=["auc", "lut"],
    )
    narrow, wide = sweep(load_study_config(study), JETS, tmp_path / "study").trials
    assert narrow.value("float_auc") == wide.value("float_auc")
    assert narrow.value("lut") < wide.value("lut")
    assert narrow.epochs == 1


@pytest.mark.parametrize("change", [{"repeats": 2}, {"sampler": {"name": "random"}}])
def test_a_folder_goes_on_with_its_own_study_alone(tmp_path, change):
    search(tmp_path / "study", 1)
    assert len(search(tmp_path / "study", 1, full={"training.seeds": 3}).trials) == 1
    with pytest.raises(UsageError, match="study.yaml differs from the study given"):
        search(tmp_path / "study", 1, **change)


def test_other_jets_other_versions_and_other_folders_are_refused(tmp_path):
    search(tmp_path / "study", 1)
    config = load_study_config(study_of())
    with pytest.raises(UsageError, match="begun with other inputs"):
        sweep(config, sample_path("toptag_reference"), tmp_path / "study")
    about = tmp_path / "study" / "study.json"
    kept = json.loads(about.read_text())
    for change, message in (
        ({"triggernet": "0.0.1"}, "begun with other triggernet: 0.0.1"),
        ({"format_version": 99}, r"format_version 99 \(int\); this triggernet reads version 1"),
    ):
        about.write_text(json.dumps(kept | change))
        with pytest.raises(UsageError, match=message):
            sweep(config, JETS, tmp_path / "study")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists and is not empty"):
        sweep(config, JETS, tmp_path / "other")


def test_the_command_prints_what_the_study_found(tmp_path):
    study = write_study(tmp_path / "study.yaml", study_of(trials=2))
    done = run(study, tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["trials"] == {"complete": 2}
    assert printed["best"]["measured"]["auc"] > 0.5
    wrong = run(write_study(tmp_path / "wrong.yaml", study_of(space={})), tmp_path / "no")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("triggernet: error: ")
    assert "space: it is empty" in wrong.stderr
    assert not (tmp_path / "no").exists()


def test_a_trial_is_trained_in_full_from_its_study(tmp_path, capsys):
    full = {"training.max_jets": 400, "training": {"adamw": {"epochs": 3}}}
    search(tmp_path / "study", 3, full=full)
    trials = trials_of(open_study(tmp_path / "study"))
    words = ["train", "--from-study", str(tmp_path / "study"), "--data", str(JETS), "--json"]
    assert main([*words, "--trial", "1", "--out", str(tmp_path / "one")]) == 0
    run_of_one = load_run(tmp_path / "one").config
    assert list(run_of_one.model.embedding) == trials[1].settings["model.embedding"]
    rate = trials[1].settings["training.adamw.learning_rate"]
    assert run_of_one.training.adamw.learning_rate == rate
    assert run_of_one.training.adamw.epochs == 3
    assert run_of_one.training.max_jets == 400
    assert run_of_one.model.rounds == (2,)
    best = tn.train(
        from_study=tmp_path / "study",
        data=JETS,
        out=tmp_path / "best",
        settings={"training.adamw.epochs": 1},
    )
    values = [trial.value("auc") for trial in trials]
    chosen = trials[values.index(max(values))].settings["training.adamw.learning_rate"]
    assert best.config.training.adamw.learning_rate == chosen
    assert best.config.training.adamw.epochs == 1
    capsys.readouterr()
    for more, message in (
        (["--trial", "7"], "has no trial 7; allowed are best and 0 to 2"),
        (["--config", "x.yaml"], "leave --config and --preset out beside --from-study"),
    ):
        assert main([*words, *more, "--out", str(tmp_path / "no")]) == 2
        assert message in capsys.readouterr().err
    assert main(["train", "mlp", "--trial", "1", "--data", str(JETS), "--out", "no"]) == 2
    assert "has no effect without a study" in capsys.readouterr().err
    assert main(["train", "--data", str(JETS), "--out", "no"]) == 2
    assert "MODEL is missing; known: nanopelican" in capsys.readouterr().err


def test_a_study_without_a_finished_trial_has_no_best_one(tmp_path):
    prepare(load_study_config(study_of()), JETS, tmp_path / "study")
    with pytest.raises(UsageError, match="no trial of .* is complete yet"):
        tn.train(from_study=tmp_path / "study", data=JETS, out=tmp_path / "no")
