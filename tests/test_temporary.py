"""What killed processes leave is removed or put back by the next run; and locks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from triggernet import files, temporary
from triggernet.errors import FileError, UsageError
from triggernet.files import new_file, new_folder, write_text
from triggernet.locks import locked
from triggernet.temporary import exchange, scratch, sibling, sweep, sweep_folder

KILLED = "import os, pathlib, sys\nfrom triggernet import files, locks, temporary\n"


def killed(script: str, *arguments: Path) -> None:
    """Run a script that kills its own process."""
    command = [sys.executable, "-c", KILLED + script, *map(str, arguments)]
    assert subprocess.run(command, check=False).returncode == -9


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    script = (
        "with files.new_file(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half of')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed(script, tmp_path / "a.h5")
    killed(script, tmp_path / "other.h5")
    left = names(tmp_path)
    assert len(left) == 2
    assert all(name.endswith(".tmp.h5") for name in left)
    write_text(tmp_path / "a.h5", "whole")
    assert [name for name in names(tmp_path) if not name.startswith(".other")] == ["a.h5"]


def test_the_next_folder_removes_what_a_killed_one_left(tmp_path):
    script = (
        "with files.new_folder(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    (temporary / 'sub').mkdir()\n"
        "    (temporary / 'sub' / 'a').write_text('half of')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed(script, tmp_path / "run")
    assert len(names(tmp_path)) == 1
    with new_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("whole")
    assert names(tmp_path) == ["run"]


def test_what_runs_or_is_not_ours_is_not_removed(tmp_path):
    path = tmp_path / "a.txt"
    alive = subprocess.Popen(["sleep", "60"])
    dead = subprocess.Popen(["true"])
    dead.wait()
    mine = sibling(path)
    machine = mine.name.split(".")[-3].partition("-")[0]
    kept = [
        mine.name,
        mine.name.replace(f"-{os.getpid()}.", f"-{alive.pid}."),
        mine.name.replace(f"{machine}-{os.getpid()}.", f"00000000-{dead.pid}."),  # of another host
        f".a.txt.{machine}-{dead.pid}.mine.tmp",
        f"a.txt.{machine}-{dead.pid}.01234567.tmp",
        f".b.txt.{machine}-{dead.pid}.01234567.tmp",
    ]
    for name in [*kept, f".a.txt.{machine}-{dead.pid}.01234567.tmp"]:
        (tmp_path / name).write_text("x")
    sweep(path)
    alive.kill()
    alive.wait()
    assert names(tmp_path) == sorted(kept)
    sweep_folder(tmp_path)
    assert names(tmp_path) == sorted({*kept} - {kept[1], kept[5]})


def test_a_folder_set_aside_by_a_killed_run_is_put_back(tmp_path):
    """Where the system cannot exchange two folders in one step."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").write_text("1")
    script = (
        "files.exchange = lambda one, other: False\n"
        "files.check_replaceable = lambda *a: None\n"
        "rename = pathlib.Path.rename\n"
        "def first(source, target):\n"
        "    rename(source, target)\n"
        "    os.kill(os.getpid(), 9)\n"
        "pathlib.Path.rename = first\n"
        "with files.new_folder(pathlib.Path(sys.argv[1]), overwrite=True) as temporary:\n"
        "    (temporary / 'new').write_text('2')\n"
    )
    killed(script, tmp_path / "run")
    assert "run" not in names(tmp_path)
    with (
        pytest.raises(UsageError, match="run exists and is not empty"),
        new_folder(tmp_path / "run"),
    ):
        raise AssertionError("began")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["old"]


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_folder_is_replaced_with_and_without_the_exchange(tmp_path, monkeypatch, in_one_step):
    monkeypatch.setattr(files, "check_replaceable", lambda *a: None)
    if not in_one_step:
        monkeypatch.setattr(files, "exchange", lambda one, other: False)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").write_text("1")
    with new_folder(tmp_path / "run", overwrite=True) as folder:
        (folder / "new").write_text("2")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["new"]


def test_paths_are_exchanged_or_nothing_happens(tmp_path):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").mkdir()
    assert exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "1"
    assert not exchange(tmp_path / "a", tmp_path / "none")
    assert names(tmp_path) == ["a", "b"]


def test_scratch_folders_are_private_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path))
    killed(
        "temporary.tempfile.tempdir = sys.argv[1]\n"
        "with temporary.scratch('probe') as folder:\n"
        "    (folder / 'objects').write_text('many')\n"
        "    os.kill(os.getpid(), 9)\n",
        tmp_path,
    )
    assert len(names(tmp_path)) == 1
    with scratch("probe") as folder:
        assert names(tmp_path) == [folder.name]
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").write_text("1")
    assert names(tmp_path) == []


def test_a_locked_output_is_refused_and_free_afterwards(tmp_path):
    path = tmp_path / "deep" / "run"
    with locked(path):
        refusal = rf"deep/run is being written by another triggernet \(process {os.getpid()} on "
        with pytest.raises(UsageError, match=refusal), locked(path):
            raise AssertionError("began")
        with locked(tmp_path / "deep" / "other"):
            pass
    with locked(path):
        pass
    assert names(path.parent) == []


def test_a_lock_ends_with_its_process(tmp_path):
    killed(
        "with locks.locked(pathlib.Path(sys.argv[1])):\n    os.kill(os.getpid(), 9)\n",
        tmp_path / "run",
    )
    assert names(tmp_path) == [".run.lock"]
    with locked(tmp_path / "run"):
        pass
    assert names(tmp_path) == []


def test_of_many_at_once_one_holds_the_lock(tmp_path):
    """Also in the moment in which the file of the lock is removed."""
    inside, most = [], []

    def work():
        for _ in range(200):
            try:
                with locked(tmp_path / "run"):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except UsageError:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(UsageError, match="cannot write .*file/run: ") as caught,
        locked(tmp_path / "file" / "run"),
    ):
        raise AssertionError("began")
    assert ".lock" not in str(caught.value)


def test_a_file_is_written_while_a_neighbour_is_under_way(tmp_path):
    with new_file(tmp_path / "a.txt") as one:
        one.write_text("1")
        write_text(tmp_path / "a.txt", "2")
        assert one.read_text() == "1"
    assert (tmp_path / "a.txt").read_text() == "1"


def test_no_room_for_temporary_files_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        pytest.raises(FileError, match=r"cannot write .*triggernet-probe.*: 9 requested and 5 wri"),
        scratch("probe"),
    ):
        raise OSError("9 requested and 5 written")  # as numpy says it, without a number
    assert list(tmp_path.iterdir()) == []
