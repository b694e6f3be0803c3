"""Progress on standard error: a bar on a terminal, an occasional plain line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")

# A log of an hour's work should have hundreds of lines, not thousands.
LINE_INTERVAL_S = 10.0


class Progress:
    """How far a long piece of work has come; a context manager.

    Parameters
    ----------
    description : str
        What is being done: ``"training"``.
    total : int, optional
        How many steps there are, if known.
    unit : str
        What one step is, in the plural: ``"epochs"``.
    interval_s : float
        The least time between two plain lines.
    """

    def __init__(
        self,
        description: str,
        total: int | None = None,
        unit: str = "steps",
        interval_s: float = LINE_INTERVAL_S,
    ) -> None:
        self._description = description
        self._total = total
        self._unit = unit
        self._interval_s = interval_s
        self._done = 0
        self._note = ""
        self._start = self._last_line = time.monotonic()
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        self._start = self._last_line = time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self._description, total=self._total, unit=f" {self._unit}", leave=False
            )
        return self

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Say that `steps` more are done; `note` is shown behind (``"loss 0.123"``)."""
        self._done += steps
        self._note = note or self._note
        if self._bar is not None:
            self._bar.set_postfix_str(self._note, refresh=False)
            self._bar.update(steps)
        elif time.monotonic() - self._last_line >= self._interval_s:
            self._last_line = time.monotonic()
            self._line()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if kind is None:
            self._line()

    def _line(self) -> None:
        of = "" if self._total is None else f" of {self._total}"
        note = f", {self._note}" if self._note else ""
        seconds = time.monotonic() - self._start
        say(f"{self._description}: {self._done}{of} {self._unit}, {seconds:.1f} s{note}")


def track(items: Iterable[T], description: str, unit: str = "steps") -> Iterator[T]:
    """Pass `items` on and show how far it is; the total is their ``len`` where they have one."""
    total = len(items) if isinstance(items, Sized) else None
    with Progress(description, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()


def say(message: str) -> None:
    """Write one line to standard error: a step begins, a file was written."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
