"""A check of HDF5 files on which the HDF5 library would never come back.

Texts of any length lie in global heaps (HDF5 File Format Specification 3.0, section III.E), which
have no check sum. The library walks through the objects of such a heap by their sizes; free space
of size zero, which a damaged file may hold, keeps it there for ever, and nothing in Python can
interrupt it. Such files are refused before the library sees them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from triggernet.errors import DataError, in_one_line

SIGNATURE = b"GCOL\x01\x00\x00\x00"  # and the version, and what is reserved
WINDOW = 1 << 24  # bytes looked through at a time: whole pages
HEAD = 16  # bytes before the first object of a heap, and before the data of an object


def refuse_endless_heaps(path: Path) -> None:
    """Refuse a file with a global heap that has free space of no size.

    Raises
    ------
    DataError
        If there is one, or the file cannot be read.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            for start in _heaps(whole):
                if _is_endless(whole, start):
                    raise DataError(
                        f"{path} is damaged: free space of its heap at byte {start} has no size; "
                        "take another copy, or make it again"
                    )
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {in_one_line(error)}") from error


def _heaps(whole: mmap.mmap) -> Iterator[int]:
    """Where heaps begin; pages that were looked through do not stay in memory."""
    for begin in range(0, len(whole), WINDOW):
        end = begin + WINDOW + len(SIGNATURE) - 1  # one may begin in the last bytes of a window
        start = whole.find(SIGNATURE, begin, end)
        while start >= 0:
            yield start
            start = whole.find(SIGNATURE, start + 1, end)
        if hasattr(mmap, "MADV_DONTNEED"):
            whole.madvise(mmap.MADV_DONTNEED, begin, min(WINDOW, len(whole) - begin))


def _is_endless(whole: mmap.mmap, start: int) -> bool:
    end = min(start + int.from_bytes(whole[start + 8 : start + HEAD], "little"), len(whole))
    at = start + HEAD
    while at + HEAD <= end:
        index = int.from_bytes(whole[at : at + 2], "little")  # 0 of free space
        size = int.from_bytes(whole[at + 8 : at + HEAD], "little")
        step = HEAD + -(-size // 8) * 8 if index else size
        if step == 0:
            return True
        at += step
    return False
