"""Progress on standard error: a bar or a clock on a terminal, an occasional plain line elsewhere.

`Progress` and `track` are for work that is counted, `waiting` for work that is not: a compiler, a
large file. Whoever looks at a terminal sees within a second what is being done and that it goes on.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager, redirect_stderr
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")

# A log of an hour's work should have hundreds of lines, not thousands.
LINE_INTERVAL_S = 10.0
TICK_S = 1.0
# What is quicker than this is not worth a word, on a terminal and in a log.
PATIENCE_S = 0.5
PATIENCE_OF_LOGS_S = 3.0
CLEAR_LINE = "\r\x1b[K"


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
        self._lock = Lock()  # lines are written by the clock too
        self._clock = _Clock(self._tick, TICK_S)

    def __enter__(self) -> Self:
        self._start = self._last_line = time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self._description, total=self._total, unit=f" {self._unit}", leave=False
            )
        self._clock.start()
        return self

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Say that `steps` more are done; `note` is shown behind (``"loss 0.123"``)."""
        self._done += steps
        self._note = note or self._note
        if self._bar is not None:
            self._bar.set_postfix_str(self._note, refresh=False)
            self._bar.update(steps)
        else:
            self._line_if_due(self._interval_s)

    def _tick(self) -> None:
        """Go on showing the time while the first step, or a long one, takes its own."""
        if self._bar is not None:
            self._bar.refresh()
        else:
            self._line_if_due(max(self._interval_s, TICK_S))

    def _line_if_due(self, interval_s: float) -> None:
        with self._lock:
            if time.monotonic() - self._last_line >= interval_s:
                self._last_line = time.monotonic()
                self._line()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clock.stop()
        if self._bar is not None:
            self._bar.close()
        if kind is None:
            self._line()

    def _line(self) -> None:
        of = "" if self._total is None else f" of {self._total}"
        note = f", {self._note}" if self._note else ""
        seconds = time.monotonic() - self._start
        say(f"{self._description}: {self._done}{of} {self._unit}, {seconds:.1f} s{note}")


@contextmanager
def waiting(what: str, patience_s: float | None = None) -> Iterator[None]:
    """Say what is waited for while the block runs.

    On a terminal a clock ticks behind it; elsewhere there is one line when it begins to take time
    and one at the end. A block that is done within `patience_s` is not mentioned: by default half
    a second on a terminal, three elsewhere.

    Parameters
    ----------
    what : str
        In words: ``"compiling the C++ (g++)"``.
    patience_s : float, optional
    """
    started, on_terminal, told = time.monotonic(), sys.stderr.isatty(), False

    def tick() -> None:
        nonlocal told
        if on_terminal:
            sys.stderr.write(f"{CLEAR_LINE}{what} ... {time.monotonic() - started:.0f} s")
            sys.stderr.flush()
        elif not told:
            say(f"{what} ...")
        told = True

    if patience_s is None:
        patience_s = PATIENCE_S if on_terminal else PATIENCE_OF_LOGS_S
    clock = _Clock(tick, TICK_S, patience_s)
    clock.start()
    try:
        yield
    except BaseException:
        clock.stop()
        if told and on_terminal:
            sys.stderr.write(CLEAR_LINE)
        raise
    clock.stop()
    if told:
        start = CLEAR_LINE if on_terminal else ""
        say(f"{start}{what}: {time.monotonic() - started:.1f} s")


class _Clock:
    """Calls a function every `period_s`, first after `first_s`, in a thread of its own."""

    def __init__(
        self, tick: Callable[[], None], period_s: float, first_s: float | None = None
    ) -> None:
        self._tick, self._period_s = tick, period_s
        self._first_s = period_s if first_s is None else first_s
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; nothing is called any more when this returns."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._first_s
        while not self._ended.wait(pause):
            self._tick()
            pause = self._period_s


def track(items: Iterable[T], description: str, unit: str = "steps") -> Iterator[T]:
    """Pass `items` on and show how far it is; the total is their ``len`` where they have one."""
    total = len(items) if isinstance(items, Sized) else None
    with Progress(description, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()


@contextmanager
def hushed() -> Iterator[None]:
    """Throw away what is written to standard error: of many trainings only the whole matters."""
    with redirect_stderr(io.StringIO()):
        yield


def say(message: str) -> None:
    """Write one line to standard error: a step begins, a file was written."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
