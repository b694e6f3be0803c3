"""Work handed to Dask: real schedulers and workers, in processes of their own over loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from sweeps import command, run, study_of, write_study
from sweeps import triggernet as on_the_command_line

import triggernet as tn
from triggernet import cluster
from triggernet.errors import ToolError, UsageError
from triggernet.studies.sweep.folder import open_study
from triggernet.studies.sweep.trials import trials_of

PATIENCE_S = 240


@contextmanager
def process(*words, **more):
    """A process that is ended with the block, with all that it began."""
    found = subprocess.Popen(words, start_new_session=True, text=True, **more)
    try:
        yield found
    finally:
        if found.poll() is None:
            os.killpg(found.pid, signal.SIGKILL)
        found.wait()
        for stream in (found.stdout, found.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def scheduler():
    """A Dask scheduler over loopback: its process and its address."""
    words = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0")
    more = ("--host", "127.0.0.1", "--no-dashboard")
    with process(*words, *more, stderr=subprocess.PIPE) as found:
        for line in found.stderr:
            address = re.search(r"Scheduler at:\s+(tcp://\S+)", line)
            if address:
                yield found, address[1]
                return
        pytest.fail("the scheduler said no address")


def worker(address, threads=1):
    """A Dask worker, whose nanny starts another one where it is killed."""
    words = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard")
    more = ("--nthreads", str(threads), "--local-directory", "/tmp")
    return process(*words, *more, stderr=subprocess.DEVNULL)


def pid_and(number):
    return os.getpid(), number


def test_one_worker_is_this_process():
    found = list(cluster.each(pid_and, [(1,), (2,)]))
    assert found == [((1,), (os.getpid(), 1)), ((2,), (os.getpid(), 2))]


def test_units_are_taken_as_there_are_processes_for_them():
    taken = []

    def units():
        for number in range(1000):
            taken.append(number)
            yield (number,)

    for _, (_, number) in cluster.each(pid_and, units()):
        if number == 3:
            break
    assert taken == [0, 1, 2, 3]


@pytest.mark.parametrize(("workers", "address"), [(0, None), (2, "tcp://host:1")])
def test_contradictory_numbers_are_refused(workers, address):
    with pytest.raises(UsageError, match=f"workers {workers} with cluster"):
        next(cluster.each(pid_and, [(1,)], workers=workers, address=address))


def test_a_missing_dask_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolError, match="distributed is needed to work with several.*cluster"):
        cluster.check_cluster(2, None)
    cluster.check_cluster(1, None)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_cluster_that_does_not_answer_is_said_so(tmp_path):
    study = write_study(tmp_path / "study.yaml", study_of())
    address = f"tcp://127.0.0.1:{free_port()}"
    done = run(study, tmp_path / "out", "--cluster", address)
    assert done.returncode == 2
    assert f"triggernet: error: no cluster answers at {address}" in done.stderr
    assert "Traceback" not in done.stderr


def finished(out):
    return [t for t in trials_of(open_study(out)) if t.state == "complete"]


def wait_for(out, least):
    deadline = time.monotonic() + PATIENCE_S
    while not (out / "journal.log").is_file() or len(finished(out)) < least:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_two_processes_share_a_study(tmp_path):
    study = write_study(tmp_path / "study.yaml", study_of(trials=8))
    done = run(study, tmp_path / "out", "--workers", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trials"] == {"complete": 8}
    journal = (tmp_path / "out" / "journal.log").read_text()
    writers = set(re.findall(r'"worker_id":"([^"]+)"', journal))
    assert len(writers) >= 3  # the command and its two processes
    points = [str(trial.settings) for trial in finished(tmp_path / "out")]
    assert len(set(points)) == 8


def test_a_killed_worker_of_a_cluster_costs_the_trial_under_way_alone(tmp_path):
    study = write_study(tmp_path / "study.yaml", study_of(trials=30))
    out = tmp_path / "out"
    with scheduler() as (_, address), worker(address) as first, worker(address):
        words = command(study, out, "--cluster", address, "--json")
        with process(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sweep:
            wait_for(out, 4)
            before = finished(out)
            os.killpg(first.pid, signal.SIGKILL)
            printed, said = sweep.communicate(timeout=PATIENCE_S)
    assert sweep.returncode == 0, said
    assert json.loads(printed)["trials"]["complete"] == 30
    after = {trial.number: trial for trial in finished(out)}
    assert [after[trial.number] for trial in before] == before


def test_a_lost_scheduler_loses_no_finished_trial(tmp_path):
    study = write_study(tmp_path / "study.yaml", study_of(trials=300))
    out = tmp_path / "out"
    with scheduler() as (boss, address), worker(address):
        words = command(study, out, "--cluster", address)
        with process(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sweep:
            wait_for(out, 3)
            os.killpg(boss.pid, signal.SIGKILL)
            _, said = sweep.communicate(timeout=PATIENCE_S)
    assert sweep.returncode == 2
    assert f"triggernet: error: the cluster at {address} was lost" in said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    kept = finished(out)
    again = run(study, out, "--trials", str(len(kept) + 1))
    assert again.returncode == 0, again.stderr
    assert finished(out)[: len(kept)] == kept


def test_workers_of_several_threads_are_refused(tmp_path):
    study = write_study(tmp_path / "study.yaml", study_of())
    with scheduler() as (_, address), worker(address, threads=2):
        done = run(study, tmp_path / "out", "--cluster", address)
    assert done.returncode == 2
    assert "has 2 threads; start its workers with `dask worker --nthreads 1`" in done.stderr


def test_jets_made_on_a_cluster_are_the_same_to_the_byte(tmp_path):
    chunks = {"chunk_jets": 2}
    tn.generate("toptag", jets=8, out=tmp_path / "here.h5", settings=chunks)
    with scheduler() as (_, address), worker(address), worker(address):
        words = ["generate", "toptag", "--jets", "8", "--set", "chunk_jets=2"]
        more = ["--out", str(tmp_path / "there.h5"), "--cluster", address]
        done = on_the_command_line(*words, *more)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there.h5").read_bytes() == (tmp_path / "here.h5").read_bytes()
