"""Requests to stop: what was begun is cleaned up, and the exit code names the signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from triggernet.cli.command import Command, Outcome, run_command
from triggernet.files import new_folder
from triggernet.signals import STOPPING, Stopped, stoppable, undisturbed


@pytest.fixture(autouse=True)
def not_ignored():
    """In the background of a shell, or under `nohup`, signals are ignored, by children too."""
    handlers = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPPING)
def test_a_command_that_is_asked_to_stop_cleans_up(tmp_path, capsys, number):
    def run(args):
        with new_folder(tmp_path / "out") as temporary:
            (temporary / "half").write_text("of it")
            os.kill(os.getpid(), number)
            raise AssertionError("went on")

    before = signal.getsignal(number)
    assert run_command(["probe"], [Command("probe", run, "stop", "probe")]) == 128 + number
    assert capsys.readouterr().err == f"triggernet: error: stopped by {number.name}\n"
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) is before


def test_a_second_request_does_not_stop_the_cleaning_up():
    cleaned = []
    with pytest.raises(Stopped) as caught, stoppable():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)
    assert caught.value.signal is signal.SIGTERM
    assert cleaned == [True]


def test_an_ignored_signal_stays_ignored():
    """`nohup` has SIGHUP ignored."""
    script = (
        "import os, signal\n"
        "from triggernet.signals import stoppable\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with stoppable():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "print('went on')\n"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "went on\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_wait_for_the_end_of_what_must_not_be_left_half_way(number):
    done = []
    with pytest.raises(KeyboardInterrupt), stoppable():
        with undisturbed():
            os.kill(os.getpid(), number)
            done.append("all of it")
        done.append("more")
    assert done == ["all of it"]


def test_another_thread_sets_no_signals():
    outcomes = []

    def work():
        with stoppable(), undisturbed():
            outcomes.append(Outcome("done"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(outcomes) == 1


@pytest.mark.parametrize(("number", "said"), [(2, "interrupted"), (15, "stopped by SIGTERM")])
def test_a_request_that_python_reports_as_an_error_of_its_own_is_that_request(capsys, number, said):
    """It comes while a class is being made, as when a command imports what it needs."""

    class Busy:
        def __set_name__(self, owner, name):
            os.kill(os.getpid(), number)

    def run(args):
        type("Made", (), {"busy": Busy()})

    assert run_command(["probe"], [Command("probe", run, "stop", "probe")]) == 128 + number
    assert capsys.readouterr().err == f"triggernet: error: {said}\n"


def test_an_error_that_no_request_caused_stays_one(capsys):
    def run(args):
        try:
            raise ValueError("first")
        except ValueError as error:
            raise TypeError("then") from error

    assert run_command(["probe"], [Command("probe", run, "fail", "probe")]) == 70
    assert "internal error: TypeError" in capsys.readouterr().err


def test_an_interrupt_while_the_command_line_is_loaded_is_one_line(tmp_path):
    """The module that stands for Ctrl-C in the middle of an import raises what it raises."""
    (tmp_path / "argparse.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "triggernet", "--version"],
        env=os.environ
        | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "triggernet: error: interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_has_ended_keeps_its_exit_code(number):
    """Python takes a while to put PyTorch away: a signal that comes then changes nothing."""
    script = (
        "import atexit, os, sys\n"
        "from triggernet.__main__ import main\n"
        f"atexit.register(os.kill, os.getpid(), {int(number)})\n"
        "sys.argv[1:] = ['--version']\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", script]
    process = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.parametrize("busy", ["os.kill(os.getpid(), {})", "type('Made', (), {{'b': Busy()}})"])
@pytest.mark.parametrize(("number", "said"), [(2, "interrupted"), (15, "stopped by SIGTERM")])
def test_a_command_that_is_still_being_loaded_ends_in_one_line(number, said, busy):
    script = (
        "import os, sys\n"
        "class Busy:\n"
        "    def __set_name__(self, owner, name):\n"
        f"        os.kill(os.getpid(), {number})\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'triggernet.cli': {busy.format(number)}\n"
        "from triggernet.__main__ import main\n"
        "sys.meta_path.insert(0, Slow())\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", script]
    process = subprocess.run(command, check=False, capture_output=True, text=True)
    assert process.returncode == 128 + number
    assert process.stderr == f"triggernet: error: {said}\n"


INTERRUPTED = "exec('import os; os.kill(os.getpid(), 2); [None for _ in range(99)]')\n"


def test_an_interrupt_within_exec_does_not_end_the_process_by_the_signal(tmp_path):
    """Dataclasses are made by `exec`, and CPython remembers that it was interrupted there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'triggernet.cli': {INTERRUPTED}"
        "sys.meta_path.insert(0, Interrupting())\n"
    )
    said = "triggernet: error: interrupted\n"
    assert _ended(tmp_path, "triggernet") == (128 + signal.SIGINT, said)


def test_cpython_still_remembers_an_interrupt_within_exec(tmp_path):
    """If this fails, `triggernet.__main__` need not make it forget."""
    (tmp_path / "caught.py").write_text(
        f"try:\n    {INTERRUPTED}except KeyboardInterrupt:\n    pass\nraise SystemExit(7)\n"
    )
    assert _ended(tmp_path, "caught") == (-signal.SIGINT, "")


def _ended(folder, module):
    """Exit code and standard error of ``python -m module``, which may lie in the folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path[1:]])}
    command = [sys.executable, "-m", module]
    process = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    return process.returncode, process.stderr
