"""Programs in files: what every reader of a ``program.json`` calls."""

from __future__ import annotations

from pathlib import Path

from triggernet.documents import read_text
from triggernet.errors import ProgramError, naming
from triggernet.program.infer import check_program
from triggernet.program.types import Program


def load_program(path: Path) -> Program:
    """The program in a JSON file, with every type checked against its inputs and nodes.

    Raises
    ------
    ProgramError
        In one line that names the file: if it cannot be read, is damaged, is of a newer version,
        or does not fit together.
    """
    with naming(path):
        program = Program.from_json(read_text(path, ProgramError), str(path))
        check_program(program)
    return program
