"""The user's cache: who may own it, what is in it whole, and how much."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from triggernet import cache
from triggernet.cache import VARIABLE, cache_folder, cached, keep_log
from triggernet.errors import UsageError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(text: str):
    def make(folder: Path) -> None:
        (folder / "program").write_text(text)

    return make


def fail(folder: Path) -> None:
    (folder / "program").write_text("half of")
    raise KeyboardInterrupt


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_is_for_the_user_alone(place: Path) -> None:
    assert cache_folder() == place
    assert place.stat().st_mode & 0o777 == 0o700


def test_where_it_is(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / "home" / ".cache" / "triggernet"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / "home" / ".cache" / "triggernet"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "triggernet"


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_one_that_others_may_write_to_is_refused(place: Path, mode: int) -> None:
    place.mkdir()
    place.chmod(mode)
    with pytest.raises(UsageError, match=f"mode {mode:o}.*chmod go-w .*{VARIABLE}"):
        cached("a", "program", write("1"))
    assert names(place) == []


def test_one_of_somebody_else_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir(mode=0o700)
    monkeypatch.setattr(cache.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UsageError, match=r"belongs to user \d+, you are user \d+; .*TRIGGERNET"):
        cached("a", "program", write("1"))


def test_one_that_cannot_be_made_is_said_so(place: Path) -> None:
    place.write_text("a file")
    with pytest.raises(UsageError, match=f"cannot make the cache .*; name a folder .*{VARIABLE}"):
        cache_folder()


def test_a_file_is_made_once(place: Path) -> None:
    path = cached("a", "program", write("1"))
    assert path.read_text() == "1"
    assert cached("a", "program", write("2")).read_text() == "1"
    assert cached("b", "program", write("2")).read_text() == "2"
    assert names(place / "simulators") == ["a", "b"]


def test_an_interrupted_one_leaves_nothing(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        cached("a", "program", fail)
    assert names(place / "simulators") == []
    assert cached("a", "program", write("1")).read_text() == "1"


def test_what_a_killed_process_left_goes_with_the_next(place: Path) -> None:
    child = os.fork()
    if child == 0:  # killed while it makes "a"
        cached("a", "program", lambda _: os.kill(os.getpid(), 9))
    os.waitpid(child, 0)
    assert len(names(place / "simulators")) == 1
    cached("b", "program", write("1"))
    assert names(place / "simulators") == ["b"]


def test_one_that_lost_its_file_is_made_again(place: Path) -> None:
    cached("a", "program", write("1")).unlink()
    (place / "simulators" / "a" / "rest").write_text("")
    assert cached("a", "program", write("2")).read_text() == "2"


def test_two_at_once_do_not_disturb_each_other(place: Path) -> None:
    both_make, read = threading.Barrier(2, timeout=30), []

    def make(folder: Path) -> None:
        both_make.wait()
        (folder / "program").write_text("whole")

    def use() -> None:
        read.append(cached("a", "program", make).read_text())

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == ["whole", "whole"]
    assert names(place / "simulators") == ["a"]


def test_the_oldest_go_when_there_are_many(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_SIMULATORS", 2)
    for name in "abcd":
        cached(name, "program", write(name))
    assert names(place / "simulators") == ["a", "b", "c", "d"]  # all may be in use
    for age, name in enumerate("dcba", 100):
        os.utime(place / "simulators" / name, (age, age))
    cached("b", "program", write("b"))  # used again
    cached("f", "program", write("f"))
    assert names(place / "simulators") == ["b", "f"]


def test_logs_are_kept_and_bounded(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_LOGS", 3)
    for k in range(6):
        path = keep_log("g++", f"{k}".encode())
        os.utime(path, (k + 1, k + 1))
    assert path.read_bytes() == b"5"
    assert path.parent == place / "logs"
    assert sorted(p.read_text() for p in path.parent.iterdir()) == ["3", "4", "5"]
