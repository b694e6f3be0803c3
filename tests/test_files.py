"""Files and folders: whole or not there; digests, JSON and provenance."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from triggernet import __version__
from triggernet.errors import DataError, FileError, UsageError
from triggernet.files import (
    append_text,
    make_folder,
    new_file,
    new_folder,
    provenance,
    read_json,
    refuse_existing,
    sha256_of,
    to_json,
    write_bytes,
    write_json,
    write_text,
)


class Interruption(BaseException):
    """Stands for Ctrl-C."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_are_written_as_they_are(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "η\r\n")
    write_bytes(tmp_path / "b.bin", b"\x00\xff")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == "η\r\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["b.bin", "deep"]


@pytest.mark.parametrize("error", [ValueError, Interruption])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.h5"
    path.write_text("old")
    with pytest.raises(error, match="stop"), new_file(path) as temporary:
        temporary.write_text("half of")
        raise error("stop")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.h5"]


def test_the_file_appears_at_the_end_only(tmp_path):
    path = tmp_path / "a.onnx"
    with new_file(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.suffix == ".onnx"
        assert temporary.parent == tmp_path
    assert path.read_text() == "whole"


def test_a_folder_is_not_overwritten_by_a_file(tmp_path):
    with pytest.raises(UsageError, match="a folder of that name exists"):
        write_text(tmp_path, "x")


def test_a_new_folder_appears_whole(tmp_path):
    path = tmp_path / "runs" / "one"
    with new_folder(path) as temporary:
        (temporary / "sub").mkdir()
        (temporary / "sub" / "a").write_text("1")
        assert not path.exists()
    assert (path / "sub" / "a").read_text() == "1"
    assert names(path.parent) == ["one"]


@pytest.mark.parametrize("error", [ValueError, Interruption])
def test_a_folder_that_fails_leaves_nothing(tmp_path, error):
    with pytest.raises(error, match="stop"), new_folder(tmp_path / "run") as temporary:
        (temporary / "a").write_text("1")
        raise error("stop")
    assert names(tmp_path) == []


def test_an_existing_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").write_text("1")
    begun = []
    refusal = pytest.raises(UsageError, match="run exists and is not empty; choose another one")
    with refusal, new_folder(tmp_path / "run") as temporary:
        begun.append(temporary)
    assert begun == []
    assert names(tmp_path) == ["run"]
    with pytest.raises(UsageError, match="is not empty"):
        refuse_existing(tmp_path / "run")


def test_a_folder_that_appears_meanwhile_is_kept(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(UsageError, match="is not empty"), new_folder(path):
        path.mkdir()
        (path / "theirs").write_text("1")
    assert names(path) == ["theirs"]
    assert names(tmp_path) == ["run"]


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as temporary:
        (temporary / "a").write_text("1")
    assert names(tmp_path / "run") == ["a"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "run").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="a file of that name exists"):
            refuse_existing(tmp_path / "run", overwrite)


def old_project(tmp_path):
    """A folder `run` that may be overwritten."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "triggernet.json").write_text('{"files": {"old": ""}}')
    (tmp_path / "run" / "old").write_text("1")


def test_overwrite_replaces_all_of_the_old_folder(tmp_path):
    old_project(tmp_path)
    with new_folder(tmp_path / "run", overwrite=True) as temporary:
        (temporary / "new").write_text("2")
        assert names(tmp_path / "run") == ["old", "triggernet.json"]
    assert names(tmp_path / "run") == ["new"]
    assert names(tmp_path) == ["run"]


def test_overwrite_that_fails_keeps_the_old_folder(tmp_path):
    old_project(tmp_path)
    with pytest.raises(ValueError, match="stop"), new_folder(tmp_path / "run", overwrite=True):
        raise ValueError("stop")
    assert names(tmp_path / "run") == ["old", "triggernet.json"]
    assert names(tmp_path) == ["run"]


def refusing(error):
    """A function that the operating system refuses."""

    def refuse(*args, **kwargs):
        raise OSError(error, os.strerror(error))

    return refuse


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errno.ENOSPC, "No space left on device; make room there"),
        (errno.EDQUOT, "Disk quota exceeded; make room there"),
        (errno.EIO, "Input/output error; choose another place"),
    ],
)
def test_a_disk_that_refuses_only_at_the_end_keeps_the_old_file(
    tmp_path, monkeypatch, error, message
):
    path = tmp_path / "a.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", refusing(error))
    with pytest.raises(FileError, match=f"cannot write {path}: {message}"):
        write_json(path, {})
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_a_full_disk_under_a_new_folder_names_the_folder(tmp_path):
    path = tmp_path / "run"
    with pytest.raises(FileError, match=f"cannot write {path}: No space left"), new_folder(path):
        refusing(errno.ENOSPC)()
    assert names(tmp_path) == []


def test_what_may_not_be_written_is_named_as_the_user_knows_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    wrong = tmp_path / "file" / "deep" / "a.txt"  # as root, permissions refuse nothing
    for write in (lambda: write_text(wrong, "x"), lambda: append_text(wrong, "x")):
        with pytest.raises(FileError, match=f"cannot write {wrong}: Not a directory"):
            write()
    for make in (make_folder, lambda path: new_folder(path).__enter__()):
        with pytest.raises(FileError, match=f"cannot write {wrong}: Not a directory"):
            make(wrong)
    long = tmp_path / ("n" * 250)
    with pytest.raises(FileError, match=f"cannot write {long}: File name too long"):
        write_text(long, "x")
    monkeypatch.chdir(tmp_path)
    with new_folder(Path("run")) as temporary, pytest.raises(OSError, match="No such file"):
        (temporary / "missing" / "a").write_text("x")
    with pytest.raises(FileError, match="cannot write other/missing/a: No such file"):  # noqa: SIM117
        with new_folder(Path("other")) as temporary:
            (temporary / "missing" / "a").write_text("x")


def test_errors_about_other_files_pass(tmp_path):
    for error in (FileNotFoundError(2, "No such file", "/nowhere/b"), BrokenPipeError(32, "gone")):
        with pytest.raises(type(error)), new_file(tmp_path / "a"):
            raise error


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    script = (
        "import os, pathlib, sys\n"
        "from triggernet.files import new_file\n"
        "with new_file(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half of')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    result = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert result.returncode == -9
    assert path.read_text() == "old"


def test_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    content = b"jet" * 1_000_000
    (tmp_path / "a").write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert sha256_of(tmp_path / "a") == sha256_of(content) == expected


def test_digest_of_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none: No such file"):
        sha256_of(tmp_path / "none")


def test_equal_values_give_equal_json(tmp_path):
    assert to_json({"b": 1, "a": [1.5, None, True]}) == to_json({"a": (1.5, None, True), "b": 1})
    assert to_json({"a": 1}, indent=None) == '{"a": 1}\n'
    write_json(tmp_path / "a.json", {"a": 0.1, "b": 2**70})
    assert read_json(tmp_path / "a.json") == {"a": 0.1, "b": 2**70}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_json_does_not_know(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": value})
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a.json is not valid JSON: .*line 1 column 2"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("[-Infinity]", "-Infinity is no JSON number"),
    ],
)
def test_broken_json_is_a_data_error(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_json(tmp_path / "a.json")


def test_json_that_is_no_text_or_not_there_is_a_data_error(tmp_path):
    (tmp_path / "a.json").write_bytes(b'"\xff"')
    with pytest.raises(DataError, match="is not UTF-8"):
        read_json(tmp_path / "a.json")
    with pytest.raises(DataError, match=r"cannot read .*b\.json: No such file"):
        read_json(tmp_path / "b.json")


def test_provenance_names_what_decides_the_numbers():
    from importlib.metadata import version

    found = provenance(seed=3)
    assert found["triggernet"] == __version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["packages"]["torch"] == version("torch")
    assert found["seed"] == 3
    assert json.loads(to_json(found)) == found
    assert os.uname().nodename not in to_json(found)


def test_provenance_imports_nothing_heavy():
    script = "import sys, triggernet.files as f; f.provenance(); print('torch' in sys.modules)"
    output = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert output == "False\n"
