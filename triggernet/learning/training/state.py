"""What a killed training left behind: finished pieces of work by name, and the history."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from triggernet.files import append_text, make_folder, write_bytes, write_text
from triggernet.learning.training.checkpoint import read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Watcher = Callable[[Mapping[str, Any]], None]


class TrainingState:
    """Finished pieces of a training in one folder, each written atomically.

    A training is a fixed sequence of named pieces, each deterministic given the ones before. A
    resumed one takes those that are there and computes the rest: the result is the same.

    Parameters
    ----------
    folder : Path
        Made if missing.
    history : Path
        The JSON-lines file that `log` appends to; begun afresh, since a resumed training logs all
        its pieces again.

    Attributes
    ----------
    keeps : bool
        Whether a killed training can go on from here.
    """

    keeps = True

    def __init__(self, folder: Path, history: Path) -> None:
        self._folder = folder
        self._history = history
        make_folder(folder)
        write_text(history, "")

    def get(self, name: str) -> Any:
        """The piece `name`, or None if it is not finished.

        Raises
        ------
        ModelError
            If its file is damaged.
        """
        path = self._path(name)
        if not path.is_file():
            return None
        return read_checkpoint(path, "remove it, and this piece of the training is done again")

    def put(self, name: str, value: Any) -> None:
        """Keep the piece `name`: tensors, numbers, texts, lists and dicts of them."""
        import torch

        # By way of memory: torch hides what the operating system says of a full disk.
        buffer = io.BytesIO()
        torch.save(value, buffer)
        write_bytes(self._path(name), buffer.getvalue())

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """The piece `name`, computed and kept if it is not there yet."""
        kept = self.get(name)
        if kept is None:
            kept = compute()
            self.put(name, kept)
        return kept

    def log(self, **entry: str | float | None) -> None:
        """Append one line to the history."""
        append_text(self._history, json.dumps(entry) + "\n")

    def watch(self, line: Mapping[str, Any]) -> None:
        """Hear of an epoch as it ends; whoever wants the training stopped raises."""

    def path(self, name: str) -> Path:
        """A path inside the folder for what keeps its own files."""
        return self._folder / name

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.pt"


class UnkeptState(TrainingState):
    """Of a training that writes nothing: a killed one is done again from its beginning.

    Parameters
    ----------
    watcher : callable
        Is told every epoch as it ends; what it raises ends the training.
    """

    keeps = False

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def get(self, name: str) -> None:
        """Nothing is there."""

    def put(self, name: str, value: Any) -> None:
        """Forget it."""

    def log(self, **entry: str | float | None) -> None:
        """Forget it."""

    def watch(self, line: Mapping[str, Any]) -> None:
        """Pass it on."""
        self._watcher(line)

    def path(self, name: str) -> Path:
        """Of no file."""
        raise AssertionError(f"{name}: an unkept training has no folder")
