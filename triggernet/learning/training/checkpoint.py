"""Files that torch wrote: zip archives of tensors, read whole or refused in one line."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

from triggernet.errors import ModelError, in_one_line

MOST_BYTES = 1 << 31  # of what is in it; a checkpoint of the zoo takes 100 kB


def read_checkpoint(path: Path, advice: str) -> Any:
    """The tensors, numbers, texts, lists and dicts in a file of `torch.save`.

    torch reads the archive without looking at its check sums: they are checked here first.

    Parameters
    ----------
    path : Path
    advice : str
        What to do about a damaged file, for the message.

    Raises
    ------
    ModelError
        In one line that names the file: if it is missing, damaged, or holds anything else.
    """
    import torch

    try:
        _check_archive(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
        _check_tensors(content)
        return content
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; {advice}") from None
    except Exception as error:  # torch and pickle raise anything over damaged files
        raise ModelError(
            f"{path} is no checkpoint of triggernet, or is damaged: {in_one_line(error)}; {advice}"
        ) from error


def _check_tensors(content: Any) -> None:
    """Refuse tensors that claim more elements than are stored, on which anything takes for ever."""
    import torch

    if isinstance(content, dict):
        for value in content.values():
            _check_tensors(value)
    elif isinstance(content, torch.Tensor):
        stored = content.untyped_storage().nbytes() // content.element_size()
        if content.numel() > stored:
            raise ModelError(f"a tensor of {content.numel()} elements stores {stored} of them")


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_BYTES:
            raise ModelError(f"it unpacks to {size} bytes; allowed are {MOST_BYTES}")
        try:
            damaged = archive.testzip()
        except (zlib.error, EOFError) as error:
            raise ModelError(in_one_line(error)) from error
    if damaged is not None:
        raise ModelError(f"the check sum of {damaged!r} in it is wrong")
