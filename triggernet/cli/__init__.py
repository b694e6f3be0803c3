"""The `triggernet` command: verbs in pipeline order, one short function each.

Each stage has a file with its functions and its ``COMMANDS``. To add a command, write one function
and one entry:

1. A function ``def _verb(args: Namespace) -> Outcome`` that makes one call of `triggernet.front`
   with what `args` holds. Import inside the function, so that ``triggernet --version`` stays
   quick. It prints nothing; it returns an `Outcome`, which `main` prints as text or, with
   ``--json``, as one JSON object. ``passed=False`` gives exit code 1.
2. An entry ``Command("verb", _verb, "what it does", "triggernet verb example", (RUN, OUT, ...))``
   at its place in the pipeline. Arguments that several commands share are constants (`RUN`,
   `PROJECT`, `OUT`, `CONFIG`, `SETTINGS`, `DATA`, `JSON`); others are written in place:
   ``argument("--vectors", type=count, default=100_000, help="...")``.

Exit codes and what goes where are the business of `triggernet/cli/command.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from triggernet.cli import export, jets, models, projects, studies
from triggernet.cli.command import Command, run_command

COMMANDS: tuple[Command, ...] = (
    *jets.COMMANDS,
    *models.COMMANDS,
    *export.COMMANDS,
    *projects.COMMANDS,
    *studies.COMMANDS,
)


def main(argv: Sequence[str] | None = None, commands: Sequence[Command] = COMMANDS) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit code."""
    return run_command(argv, commands)
