"""A study's storage: Optuna's journal in one file, which several processes share.

A process that is killed loses nothing but the trial under way: a line of the journal is whole or is
taken away by the next writer, and a lock ends with the process that holds it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.errors import DataError, in_one_line
from triggernet.extras import load
from triggernet.locks import in_turn
from triggernet.writing import writing

if TYPE_CHECKING:
    import optuna

PURPOSE = "to search for settings"


def optuna_module() -> Any:
    """Optuna, which says less than it would by itself.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    loaded: Any = load("optuna", PURPOSE)
    loaded.logging.set_verbosity(loaded.logging.ERROR)
    return loaded


def open_storage(path: Path) -> optuna.storages.BaseStorage:
    """The storage in the file `path`, made if it is not there.

    Raises
    ------
    DataError
        If the file is no journal of a study, or damaged in the middle.
    FileError
        If it cannot be written.
    """
    module = optuna_module()
    from optuna.storages.journal import JournalFileBackend

    with writing(path):
        backend = JournalFileBackend(str(path), lock_obj=TailLock(path))  # type: ignore[arg-type]
    try:
        return module.storages.JournalStorage(backend)  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is no journal of a study, or is damaged: {in_one_line(error)}; put back a "
            "copy of it, or begin a new study in another folder"
        ) from error


class TailLock:
    """The lock of a journal, which also takes away the half of a line that a killed process left.

    Optuna's own locks lie there for half a minute after the death of their holder.

    Parameters
    ----------
    journal : Path
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._held = ExitStack()

    def acquire(self) -> bool:
        """Wait until no other process writes."""
        lock = self._journal.with_name(f".{self._journal.name}.lock")
        self._held.enter_context(in_turn(lock))
        with writing(self._journal):
            mend_tail(self._journal)
        return True

    def release(self) -> None:
        """Let others write."""
        self._held.close()


def mend_tail(journal: Path) -> None:
    """Cut off what stands behind the last end of a line: nobody was told that it was written."""
    with journal.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return
        file.seek(size - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
