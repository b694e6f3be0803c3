"""A sample is the same with any number of workers, and after it was stopped in any way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from triggernet.data import load_jets
from triggernet.data.generation import GenerationConfig, generate
from triggernet.data.generation import sample as module
from triggernet.data.generation.chunk import ChunkPlan
from triggernet.data.generation.sample import plan_chunks
from triggernet.data.readers import hdf5
from triggernet.errors import DataError, FileError, UsageError
from triggernet.locks import locked

SMALL = GenerationConfig(chunk_jets=15, n_constituents=60)
N_JETS = 60


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "jets.h5"
    generate(SMALL, N_JETS, path, seed=3, workers=1)
    return path


def test_two_workers_give_the_same_bytes(sample, tmp_path):
    path = tmp_path / "jets.h5"
    generate(SMALL, N_JETS, path, seed=3, workers=2)
    assert path.read_bytes() == sample.read_bytes()
    assert list(tmp_path.iterdir()) == [path]  # no chunk is left


def start_run(path: Path, n_jets: int = N_JETS) -> subprocess.Popen[str]:
    """The command with two workers, in a process group of its own, at its first chunk."""
    command = [sys.executable, "-m", "triggernet", "generate", "toptag", "--jets", str(n_jets)]
    command += ["--out", str(path), "--seed", "3", "--workers", "2"]
    command += ["--set", "chunk_jets=15", "--set", "n_constituents=60"]
    run = subprocess.Popen(
        command,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell inherit that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    wait_until(lambda: chunks_of(path))
    return run


def chunks_of(path: Path) -> list[Path]:
    """The finished chunks of a run."""
    return list(path.with_name(path.name + ".chunks").glob("chunk-*.npz"))


def test_a_killed_run_resumes_and_gives_the_same_bytes(sample, tmp_path):
    path = tmp_path / "jets.h5"
    run = start_run(path)
    run.kill()  # the parent alone: its workers get no signal
    run.communicate()
    wait_until(lambda: not alive_in_group(run.pid))
    assert 0 < len(chunks_of(path)) < len(plan_chunks(SMALL, N_JETS, 3))
    assert not path.exists()
    generate(SMALL, N_JETS, path, seed=3, workers=1)
    assert path.read_bytes() == sample.read_bytes()


@pytest.mark.parametrize(
    ("number", "code", "whole_group"),
    [(signal.SIGINT, 130, True), (signal.SIGINT, 130, False), (signal.SIGTERM, 143, False)],
)
def test_an_interrupt_waits_for_no_chunk(tmp_path, number, code, whole_group):
    """A terminal interrupts the group, `kill -INT` the parent alone."""
    path = tmp_path / "jets.h5"
    run = start_run(path, n_jets=1200)
    (os.killpg if whole_group else os.kill)(run.pid, number)
    _, err = run.communicate(timeout=120)
    assert run.returncode == code
    assert f"finished chunks are kept in {path}.chunks" in err
    assert "Traceback" not in err
    assert 0 < len(chunks_of(path)) < 40
    wait_until(lambda: not alive_in_group(run.pid))
    kept = path.with_name("jets.h5.chunks")
    assert list(tmp_path.iterdir()) == [kept]
    assert {p.name for p in kept.iterdir()} == {"sample.json", *(p.name for p in chunks_of(path))}


def test_two_at_once_to_one_file(tmp_path):
    path = tmp_path / "jets.h5"
    refusal = pytest.raises(UsageError, match="jets.h5 is being written by another triggernet")
    with locked(path), refusal:
        generate(SMALL, N_JETS, path, seed=3)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_worker_is_said(tmp_path):
    path = tmp_path / "jets.h5"
    run = start_run(path, n_jets=1200)
    workers = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    spawned = [w for w in workers if b"spawn_main" in Path(f"/proc/{w}/cmdline").read_bytes()]
    os.kill(int(spawned[0]), signal.SIGKILL)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 2
    assert "a process that generated jets was ended" in err
    assert "Traceback" not in err


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive_in_group(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_folder_in_the_place_of_the_file_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "generate_missing", interrupt)
    with pytest.raises(UsageError, match="a folder of that name exists"):
        generate(SMALL, N_JETS, tmp_path, seed=3)
    assert not list(tmp_path.iterdir())
    assert not tmp_path.with_name(tmp_path.name + ".chunks").exists()


@pytest.mark.parametrize("content", [b"", b"PK rubbish", None])
def test_a_damaged_chunk_is_named(tmp_path, content):
    path = tmp_path / "chunk-0-00000.npz"
    module.write_chunk(SMALL, ChunkPlan(3, 0, 0, 2), tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(DataError, match="damaged .*; remove it") as caught:
        module.read_chunk(path)
    assert str(path) in str(caught.value)


def test_finished_chunks_are_not_made_again(tmp_path, monkeypatch, capsys):
    made = []
    real = module.write_chunk

    def interrupted(config, plan, folder):
        if len(made) == 2:
            interrupt()
        made.append(plan.name)
        real(config, plan, folder)

    monkeypatch.setattr(module, "write_chunk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        generate(SMALL, N_JETS, tmp_path / "jets.h5", seed=3)
    assert "finished chunks are kept in" in capsys.readouterr().err
    first = list(made)
    made.clear()
    monkeypatch.setattr(module, "write_chunk", lambda *a: (made.append(a[1].name), real(*a)))
    generate(SMALL, N_JETS, tmp_path / "jets.h5", seed=3)
    assert len(first) == 2
    assert not set(first) & set(made)
    assert len(first) + len(made) == len(plan_chunks(SMALL, N_JETS, 3))


def interrupt(*args):
    raise KeyboardInterrupt


def test_another_sample_does_not_take_over_its_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "generate_missing", interrupt)
    with pytest.raises(KeyboardInterrupt):
        generate(SMALL, N_JETS, tmp_path / "jets.h5", seed=3)
    with pytest.raises(UsageError, match="keeps chunks of a sample with other settings"):
        generate(SMALL, N_JETS, tmp_path / "jets.h5", seed=4)


def test_chunks_are_kept_until_the_file_was_read_back(tmp_path, monkeypatch):
    path, few = tmp_path / "jets.h5", GenerationConfig(chunk_jets=1, n_constituents=8)
    with monkeypatch.context() as patch:
        patch.setattr(hdf5._Stream, "write", lambda stream, content: len(content))
        with pytest.raises(FileError, match=rf"cannot write {path}: .*{path}.chunks, the same"):
            generate(few, 2, path, seed=3)
    assert not path.exists()
    assert len(chunks_of(path)) == 2
    monkeypatch.setattr(module, "write_chunk", interrupt)  # not one is made again
    generate(few, 2, path, seed=3)
    assert len(load_jets(path)) == 2
    assert list(tmp_path.iterdir()) == [path]
