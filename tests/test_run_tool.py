"""External programs: what is checked before, while and after they run; and progress."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from triggernet.errors import ToolError, ToolFailedError
from triggernet.progress import Progress, say, track
from triggernet.run_tool import LAST_LINES, run_tool

HINT = "install it with apt install it"


def shell(tmp_path: Path, script: str, **options) -> str:
    return run_tool(["sh", "-c", script], cwd=tmp_path, hint=HINT, **options)


def test_output_is_returned_in_order(tmp_path):
    output = shell(tmp_path, "echo one; echo two >&2; echo three; pwd")
    assert output == f"one\ntwo\nthree\n{tmp_path}\n"


def test_a_missing_program_says_how_to_install_it(tmp_path):
    with pytest.raises(ToolError, match=rf"^nosuchtool is needed and was not found.*; {HINT}$"):
        run_tool(["nosuchtool"], cwd=tmp_path, hint=HINT)


def test_a_missing_program_behind_the_program_is_found_out_first(tmp_path):
    with pytest.raises(ToolError, match="^nosuchcompiler is needed"):
        shell(tmp_path, "touch begun", needs=["make", "nosuchcompiler"])
    assert not (tmp_path / "begun").exists()


def test_a_script_is_looked_for_in_the_folder_it_runs_in(tmp_path):
    script = tmp_path / "build.sh"
    script.write_text("#!/bin/sh\necho built\n")
    script.chmod(0o755)
    options = {"cwd": tmp_path, "hint": HINT}
    assert run_tool(["./build.sh"], **options) == "built\n"
    script.chmod(0o644)
    with pytest.raises(ToolError, match=r"^\./build\.sh is needed"):
        run_tool(["./build.sh"], **options)


def test_a_failure_shows_the_code_the_log_and_its_end(tmp_path):
    with pytest.raises(ToolFailedError, match=r"^sh failed with exit code 3") as caught:
        shell(tmp_path, "seq 100; exit 3")
    message = str(caught.value)
    shown = [line.strip() for line in message.splitlines()[1:]]
    assert shown == [str(i) for i in range(101 - LAST_LINES, 101)]
    assert caught.value.output == "".join(f"{i}\n" for i in range(1, 101))


def test_the_log_of_a_failure_exists_when_its_message_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIGGERNET_CACHE", str(tmp_path / "cache"))
    with (
        pytest.raises(ToolFailedError) as caught,
        tempfile.TemporaryDirectory() as work,
    ):
        shell(Path(work), "seq 100; exit 3")
    named = re.search(r"\(all of it is in (\S+)\):$", str(caught.value).splitlines()[0])
    log = Path(named[1])
    assert log.parent == tmp_path / "cache" / "logs"
    assert log.read_text() == caught.value.output
    assert log == caught.value.log


def test_a_failure_without_a_place_for_its_log_is_told_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIGGERNET_CACHE", str(tmp_path / "file" / "cache"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolFailedError, match="exit code 3; the end of what it wrote:\n    no$"):
        shell(tmp_path, "echo no; exit 3")


def test_a_silent_failure_says_so(tmp_path):
    with pytest.raises(ToolError, match="exit code 1; it wrote nothing"):
        shell(tmp_path, "exit 1")


def test_a_program_that_crashes_is_named_with_its_signal(tmp_path):
    with pytest.raises(ToolError, match="^sh was ended by SIGSEGV"):
        shell(tmp_path, "kill -SEGV $$")


def test_exit_code_0_is_no_proof(tmp_path):
    with pytest.raises(ToolError, match=r"^sh ended well but left no out/b\.so; the end of what"):
        shell(tmp_path, "echo done; touch a", artefacts=[Path("out/b.so")])
    with pytest.raises(ToolError, match="^sh ended well but left a empty"):
        shell(tmp_path, ": > a", artefacts=[Path("a")])
    assert shell(tmp_path, "echo 1 > a", artefacts=[Path("a")]) == ""


def test_time_is_limited_and_nothing_is_left_running(tmp_path):
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"^sh was stopped after 0\.3 s, its time limit"):
        shell(tmp_path, "sleep 60 & echo $! > child; wait", timeout_s=0.3)
    assert time.monotonic() - start < 10
    child = int((tmp_path / "child").read_text())
    assert not is_running(child)


def is_running(pid: int) -> bool:
    """A killed orphan may stay a zombie where nobody reaps it; that is not running."""
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state in "ZX":
            return False
        time.sleep(0.1)
    return True


def test_what_a_stopped_program_keeps_for_a_while_goes_with_it(tmp_path, monkeypatch):
    common = tmp_path / "tmp"
    common.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(common))
    monkeypatch.setenv("TMPDIR", str(common))
    with pytest.raises(ToolError, match="time limit"):
        shell(tmp_path, 'touch "$TMPDIR/half.s" begun; sleep 60', timeout_s=0.5)
    assert (tmp_path / "begun").exists()
    assert list(common.iterdir()) == []


def test_the_environment_is_passed_on_in_plain_english(tmp_path):
    output = shell(tmp_path, "echo $ADDED $LC_ALL", environment={"ADDED": "yes"})
    assert output == "yes C\n"
    assert "ADDED" not in os.environ


def test_standard_input_is_not_passed_on(tmp_path):
    script = (
        "import pathlib, sys\n"
        "from triggernet.run_tool import run_tool\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "print([run_tool(['cat'], cwd=folder, hint='')])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.check_output(command, input="typed ahead", text=True) == "['']\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_without_a_terminal_is_a_line_at_the_end(capsys):
    assert list(track(range(3), "counting", "numbers")) == [0, 1, 2]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("counting: 3 of 3 numbers, 0.")
    assert printed.err.count("\n") == 1


def test_progress_without_a_terminal_has_lines_at_intervals(capsys):
    with Progress("training", unit="epochs", interval_s=0) as progress:
        progress.advance(note="loss 0.5")
        progress.advance(2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "training: 1 epochs",
        "training: 3 epochs",
        "training: 3 epochs",
    ]
    assert all(line.endswith("loss 0.5") for line in lines)


def test_progress_that_fails_does_not_claim_an_end(capsys):
    with pytest.raises(ValueError, match="stop"), Progress("training", 5):
        raise ValueError("stop")
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal_is_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("training", 4, "epochs") as progress:
        progress.advance(4, note="loss 0.5")
    assert "training" in terminal.getvalue()
    assert "\r" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


def test_say_is_one_line_on_standard_error(capsys):
    say("exporting")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "exporting\n")


def test_nothing_outlives_a_killed_command(tmp_path):
    script = (
        "import pathlib, sys\n"
        "from triggernet.run_tool import run_tool\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "command = ['sh', '-c', 'sleep 60 & echo $! > part; mv part child; wait']\n"
        "run_tool(command, cwd=folder, hint='')\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    wait_until((tmp_path / "child").is_file)
    child = int((tmp_path / "child").read_text())
    assert Path(f"/proc/{child}").exists()
    run.kill()
    run.wait()
    assert not is_running(child)


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
