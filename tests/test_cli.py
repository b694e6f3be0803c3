"""The command line: what it prints where, its exit codes, its start-up time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from triggernet import __version__
from triggernet.cli import COMMANDS, main
from triggernet.cli.command import (
    BROKEN_PIPE,
    INTERNAL_ERROR,
    JSON,
    SETTINGS,
    Command,
    Outcome,
    argument,
    overrides,
)
from triggernet.errors import DataError, TriggernetError

HEAVY = ("torch", "numpy", "onnx", "onnxruntime", "qonnx", "hls4ml", "da4ml", "pythia8mc", "h5py")


def command(run, *arguments) -> Command:
    return Command("probe", run, "look at nothing", "triggernet probe --json", arguments)


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def raises(error: BaseException):
    def run(args):
        raise error

    return run


def test_version_answers_within_a_second():
    start = time.perf_counter()
    result = run_python("-m", "triggernet", "--version")
    seconds = time.perf_counter() - start
    assert (result.returncode, result.stdout) == (0, f"triggernet {__version__}\n")
    assert seconds < 1.0


def test_version_imports_nothing_heavy():
    result = run_python("-X", "importtime", "-m", "triggernet", "--version")
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "triggernet.cli" in imported
    assert imported.isdisjoint(HEAVY)


def test_version_is_that_of_the_installed_package():
    from importlib.metadata import version

    assert version("triggernet") == __version__


def test_help_of_every_command_has_its_example(capsys):
    for each in COMMANDS:
        with pytest.raises(SystemExit, match="0"):
            main([each.name, "-h"])
        printed = capsys.readouterr().out
        assert each.example in printed
        assert each.example.startswith(f"triggernet {each.name}")


def test_help_lists_commands_and_examples(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["-h"], [command(lambda args: Outcome(""))])
    printed = capsys.readouterr().out
    assert "look at nothing" in printed
    assert "example:\n  triggernet probe --json" in printed


def test_no_command_is_wrong_use(capsys):
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "COMMAND" in capsys.readouterr().err


def test_text_goes_to_stdout(capsys):
    assert main(["probe"], [command(lambda args: Outcome("seven", {"n": 7}), JSON)]) == 0
    assert capsys.readouterr().out == "seven\n"


def test_json_is_one_object_on_one_line(capsys):
    probe = command(lambda args: Outcome("seven", {"n": 7, "a": [1.5, None]}), JSON)
    assert main(["probe", "--json"], [probe]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"n": 7, "a": [1.5, None]}


def test_what_third_parties_print_stays_out_of_stdout(capfd):
    def run(args):
        sys.stdout.write("from Python\n")
        os.write(1, b"from C++\n")
        subprocess.run(["/bin/echo", "from a child"], check=True)
        return Outcome("the result")

    assert main(["probe"], [command(run)]) == 0
    printed = capfd.readouterr()
    assert printed.out == "the result\n"
    for line in ("from Python", "from C++", "from a child"):
        assert line in printed.err


def test_a_failed_verification_exits_with_1_and_still_prints(capsys):
    assert main(["probe"], [command(lambda args: Outcome("3 differ", passed=False))]) == 1
    assert capsys.readouterr().out == "3 differ\n"


@pytest.mark.parametrize("error", [TriggernetError("no such jet"), DataError("no such jet")])
def test_an_error_is_one_line_without_traceback(capsys, error):
    assert main(["probe"], [command(raises(error))]) == 2
    printed = capsys.readouterr()
    assert printed.err == "triggernet: error: no such jet\n"
    assert printed.out == ""


def test_an_error_of_the_file_system_names_the_file(capsys, tmp_path):
    def run(args):
        (tmp_path / "missing").read_text()

    assert main(["probe"], [command(run)]) == 2
    assert f"{tmp_path / 'missing'}: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("mistake", [ZeroDivisionError("by zero"), OSError("by zero")])
def test_our_own_mistakes_are_no_failed_verification(capsys, mistake):
    assert main(["probe"], [command(raises(mistake))]) == INTERNAL_ERROR == 70
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert f"{type(mistake).__name__}: by zero" in lines
    assert lines[-1].startswith(f"triggernet: internal error: {type(mistake).__name__} in run (")
    assert "please report the command" in lines[-1]


def test_interrupt_exits_with_130(capsys):
    assert main(["probe"], [command(raises(KeyboardInterrupt()))]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        "from triggernet.cli import main\n"
        "from triggernet.cli.command import Command, Outcome\n"
        "probe = Command('probe', lambda args: Outcome('line\\n' * 1_000_000), 'x', 'x')\n"
        "raise SystemExit(main(['probe'], [probe]))\n"
    )
    # Unbuffered, Python itself drops what a pipe no longer takes, without an error.
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        process.stdout.read(5)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == BROKEN_PIPE


def test_stdout_is_back_in_place_after_an_error(capfd):
    main(["probe"], [command(raises(DataError("x")))])
    os.write(1, b"here\n")
    assert capfd.readouterr().out == "here\n"


def test_settings_become_overrides():
    seen = {}

    def run(args):
        seen.update(overrides(args))
        return Outcome("")

    probe = command(run, SETTINGS)
    assert main(["probe", "--set", "training.epochs=3", "--set", "name=x"], [probe]) == 0
    assert seen == {"training.epochs": 3, "name": "x"}


def test_a_setting_without_value_is_wrong_use(capsys):
    probe = command(lambda args: Outcome(str(overrides(args))), SETTINGS)
    assert main(["probe", "--set", "epochs"], [probe]) == 2
    assert "'epochs'" in capsys.readouterr().err


def test_options_cannot_be_abbreviated(capsys):
    probe = command(lambda args: Outcome(""), argument("--vectors", type=int))
    with pytest.raises(SystemExit, match="2"):
        main(["probe", "--vec", "3"], [probe])
    assert "--vec" in capsys.readouterr().err


def test_the_installed_command_is_this_one():
    script = Path(sys.executable).with_name("triggernet")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"triggernet {__version__}\n"
