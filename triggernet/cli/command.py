"""The frame of a command line: what a command is, how it is run, what it prints and returns.

Exit codes: 0 done, 1 verification or budget failed, 2 wrong use or bad input, 3 incomplete (nothing
failed, but something could not be compared), 70 a mistake of triggernet's own, 130 interrupted (as
shells have it, 128 and the number of the signal; 143 for SIGTERM).
While a command runs, whatever prints to standard output is led to standard error (hls4ml and
Pythia do): standard output holds the result alone.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import traceback
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from triggernet.errors import FileError, TriggernetError, UsageError
from triggernet.signals import Stopped, request_behind, stoppable
from triggernet.version import __version__
from triggernet.writing import writing

FAILED = 1
WRONG_USE = 2
INCOMPLETE = 3
INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
BROKEN_PIPE = 141  # 128 + SIGPIPE
EXIT_CODES = """exit codes:
  0  The command is done.
  1  A verification or a budget failed.
  2  The use is wrong, or the input is bad.
  3  Nothing failed, but the result is incomplete: something could not be compared.
  70 triggernet itself made a mistake; please report it."""


@dataclass(frozen=True)
class Outcome:
    """What a command found.

    Attributes
    ----------
    text : str
        For people, without a final newline.
    values : mapping
        The same for machines; what ``--json`` prints.
    passed : bool
        False where a verification or a budget failed.
    incomplete : bool
        True where something that should have been compared or decided could not be.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    passed: bool = True
    incomplete: bool = False

    @property
    def code(self) -> int:
        """The exit code; what failed weighs more than what is left open."""
        if not self.passed:
            return FAILED
        return INCOMPLETE if self.incomplete else 0


@dataclass(frozen=True)
class Argument:
    """One call of `ArgumentParser.add_argument`."""

    names: tuple[str, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """One verb of the command line; see the top of `triggernet/cli/__init__.py`."""

    name: str
    run: Callable[[Namespace], Outcome]
    help: str
    example: str
    arguments: tuple[Argument, ...] = ()


def argument(*names: str, **options: Any) -> Argument:
    """An argument of a command, written like a call of `ArgumentParser.add_argument`.

    `help` may be a function that gives the text: it is called when ``-h`` is asked for. Lists of
    what is allowed are read there from where they are decided.
    """
    return Argument(names, options)


def named_part(use: str) -> Callable[[], str]:
    """The help of an argument that takes an FPGA: what for, and the names of the table."""

    def text() -> str:
        from triggernet.parts import part_names

        return f"{use}: {', '.join(part_names())}"

    return text


def named_budget(use: str) -> Callable[[], str]:
    """The help of an argument that takes a budget: what for, and the names of the table."""

    def text() -> str:
        from triggernet.reports.budgets.tables import budget_names

        return f"{use}: {', '.join(budget_names())}, or a YAML file"

    return text


def count(text: str) -> int:
    """The type of an argument that counts: a whole number of at least 1."""
    return _whole(text, 1)


def seed(text: str) -> int:
    """The type of an argument that seeds random numbers: a whole number of at least 0."""
    return _whole(text, 0)


def names(text: str) -> tuple[str, ...]:
    """The type of an argument that names several: words between commas."""
    words = tuple(word.strip() for word in text.split(","))
    if "" in words:
        raise ArgumentTypeError(f"{text!r} is not allowed; give names with commas between them")
    return words


def _whole(text: str, least: int) -> int:
    if not re.fullmatch(r"[-+]?[0-9]+", text) or int(text) < least:
        raise ArgumentTypeError(f"{text} is not allowed; give a whole number of at least {least}")
    return int(text)


def positive(text: str) -> float:
    """The type of an argument that measures: a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ArgumentTypeError(f"{text} is not allowed; give a number above 0")
    return value


# Arguments that several commands share.
RUN = argument("run_folder", metavar="RUN", type=Path, help="run folder, or folder of the zoo")
PROJECT = argument("project", metavar="PROJECT", type=Path, help="folder of an exported project")
OUT = argument(
    "--out", metavar="DIR", type=Path, required=True, help="new folder for what is written"
)
DATA = argument("--data", metavar="FILE", type=Path, help="HDF5 file of jets")
CONFIG = argument("--config", metavar="YAML", type=Path, help="configuration file")
SETTINGS = argument(
    "--set",
    dest="settings",
    metavar="KEY=VALUE",
    action="append",
    default=[],
    help="one value of the configuration, by its dotted key; wins over --config, may be repeated",
)
JSON = argument(
    "--json", dest="as_json", action="store_true", help="print one JSON object instead of text"
)
SHOW_CONFIG = argument(
    "--show-config",
    action="store_true",
    help="print the configuration, every key with its value and meaning, and do nothing else",
)
WORKERS = argument("--workers", type=count, default=1, metavar="W", help="number of processes")
CLUSTER = argument(
    "--cluster",
    metavar="ADDRESS",
    help="use the Dask scheduler that runs at tcp://HOST:PORT, in place of --workers",
)
SAVED = argument("-o", "--out", type=Path, metavar="FILE", help="write .html, .md or .json as well")

# Settings of the Verilog: of what is written, or of what is counted for a comparison.
INTERVAL = argument(
    "--interval",
    type=count,
    metavar="II",
    help="clock cycles between two events in the Verilog; default: 1, which is fully parallel",
)
TABLES = argument(
    "--tables",
    choices=("bram", "lut"),
    help="where the Verilog keeps its tables: in block RAM (the default) or in look-up tables",
)
PRODUCTS = argument(
    "--dsp",
    choices=("all", "pairs", "none"),
    help="which products of the Verilog go into DSPs; default: all",
)


def overrides(args: Namespace) -> dict[str, Any]:
    """The values given with ``--set``, ready for `triggernet.config.load_config`."""
    from triggernet.config import parse_override

    return dict(parse_override(text) for text in args.settings)


def shown_config(config: Any) -> Outcome:
    """What ``--show-config`` prints: YAML that ``--config`` takes."""
    from triggernet.config import as_plain
    from triggernet.config_text import explained_yaml

    return Outcome(explained_yaml(config).rstrip("\n"), as_plain(config))


def need(args: Namespace, **flags: str) -> None:
    """Refuse a command without arguments that only ``--show-config`` can do without.

    Raises
    ------
    UsageError
        Naming all that are missing.
    """
    missing = [flag for name, flag in flags.items() if getattr(args, name) is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} missing; give {'it' if len(missing) == 1 else 'them'}, or "
            "--show-config to see the configuration alone"
        )


def run_command(argv: Sequence[str] | None, commands: Sequence[Command]) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit code."""
    try:
        args = _parser(commands).parse_args(argv)
        with stoppable(), _stdout_for_results():
            outcome: Outcome = args.run(args)
        _print(outcome, as_json=getattr(args, "as_json", False))
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - each has its exit code
        return _exit_code(error)
    return outcome.code


def _exit_code(error: BaseException) -> int:
    """Say in one line what ended a command, and give the exit code that stands for it."""
    cause = request_behind(error) or error
    match cause:
        case Stopped():
            _complain(f"stopped by {cause.signal.name}")
            return 128 + cause.signal
        case KeyboardInterrupt():
            _complain("interrupted")
            return INTERRUPTED
        case TriggernetError():
            return _complain(str(cause))
        case BrokenPipeError():
            _forget_stdout()  # whoever read our output has left
            return BROKEN_PIPE
        case OSError() if cause.errno is not None:  # the system's; others are somebody's mistake
            about = "a file" if cause.filename is None else cause.filename
            return _complain(f"cannot read or write {about}: {cause.strerror or cause}")
    return _own_mistake(error)


class _Parser(ArgumentParser):
    """A parser that says in one line what is wrong; argparse's own puts the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Complain and leave with the exit code of wrong use."""
        raise SystemExit(_complain(f"{message}; `{self.prog} -h` lists what is allowed"))

    def format_help(self) -> str:
        """The help, with what is read from the package's tables only now."""
        for action in self._actions:
            text: Any = action.help
            action.help = _with_default(text() if callable(text) else text, action.default)
        return super().format_help()


def _with_default(text: str, default: Any) -> str:
    """The help of an argument with what it is if it is not given."""
    none = default in (None, False, (), []) or default is argparse.SUPPRESS
    if none or "default" in text:
        return text
    values = default if isinstance(default, tuple | list) else (default,)
    return f"{text}; default: {' '.join(map(str, values))}"


def _parser(commands: Sequence[Command]) -> ArgumentParser:
    parser = _Parser(
        prog="triggernet",
        description="From simulated jets to verified trigger firmware.",
        epilog=f"{_examples([command.example for command in commands])}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"triggernet {__version__}")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in commands:
        verb = verbs.add_parser(
            command.name,
            help=command.help,
            description=command.help[0].upper() + command.help[1:] + ".",
            epilog=_examples([command.example]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for each in command.arguments:
            verb.add_argument(*each.names, **each.options)
        verb.set_defaults(run=command.run)
    return parser


def _examples(examples: Sequence[str]) -> str:
    if not examples:
        return ""
    return "\n".join([f"example{'s' * (len(examples) > 1)}:", *(f"  {line}" for line in examples)])


def _print(outcome: Outcome, as_json: bool) -> None:
    from triggernet.files import to_json

    text = to_json(dict(outcome.values), indent=None) if as_json else outcome.text + "\n"
    try:
        with writing(Path("standard output")):
            sys.stdout.write(text)
            sys.stdout.flush()
    except FileError:
        _forget_stdout()
        raise


def _forget_stdout() -> None:
    """Keep Python from failing at its last flush of what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    sys.stderr.write(f"triggernet: error: {message}\n")
    return WRONG_USE


def _own_mistake(error: BaseException) -> int:
    """Show where triggernet itself failed; never with the exit code of a failed verification."""
    sys.stderr.write("".join(traceback.format_exception(error)))
    guest = _guest(error)
    if guest:
        return _complain(
            f"{type(error).__name__} in the package {guest!r}, which brings a model family of its "
            f"own: {str(error) or 'no message'}; the lines above say where"
        )
    where = traceback.extract_tb(error.__traceback__)[-1]
    sys.stderr.write(
        f"triggernet: internal error: {type(error).__name__} in {where.name} ({where.filename}, "
        f"line {where.lineno}); this is a mistake of triggernet, not yours: please report the "
        "command and the lines above\n"
    )
    return INTERNAL_ERROR


def _guest(error: BaseException) -> str:
    """The package with a model family that was running when it failed; empty if none was."""
    from triggernet.learning.models import guests

    packages = guests()
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = [str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in frames]
    own = max((k for k, name in enumerate(names) if name == "triggernet"), default=-1)
    return next((name for name in names[own + 1 :] if name in packages), "")


@contextmanager
def _stdout_for_results() -> Iterator[None]:
    """Lead standard output to standard error, for Python and for compiled code alike."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
