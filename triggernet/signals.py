"""Requests to stop, SIGTERM and SIGHUP like Ctrl-C: all that was begun is cleaned up first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What `kill`, batch systems and containers send, and what a terminal sends when it is closed.
STOPPING = (signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The process was asked to end; handled wherever Ctrl-C is.

    Attributes
    ----------
    signal : signal.Signals
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def request_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The request to stop, Ctrl-C or `Stopped`, that an error came from; None if there was none.

    What a request breaks off may report it as a failure of its own: Python does so when it comes
    while a class is being made, and so do extension modules that are being loaded.
    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        if isinstance(each, KeyboardInterrupt):
            return each
        seen.add(id(each))
        each = each.__cause__ or each.__context__
    return None


@contextmanager
def stoppable(*, last: bool = False) -> Iterator[None]:
    """Raise `Stopped` within the block at SIGTERM and SIGHUP.

    Only the first counts: what cleans up after it is not stopped half-way by a second one. Signals
    that are ignored (`nohup`) stay so. Does nothing outside the main thread, which has no say.

    Parameters
    ----------
    last : bool
        The block is the last that the process does. When it has ended they are ignored, SIGINT too:
        what was done is done, and its exit code must not change while Python puts things away.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in handlers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    handlers = {s: signal.getsignal(s) for s in STOPPING if signal.getsignal(s) is signal.SIG_DFL}
    try:
        for each in handlers:
            signal.signal(each, stop)
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, signal.SIG_IGN if last else handler)
        if last:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let signals that stop a command wait until the end of the block, which must be short.

    For what must not be left half-way: a process that runs already and that nobody knows yet.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handlers = {
        s: signal.getsignal(s)
        for s in (signal.SIGINT, *STOPPING)
        if callable(signal.getsignal(s))  # neither ignored nor the system's
    }
    try:
        for each in handlers:
            signal.signal(each, lambda number, _frame: waiting.append(number))
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for number in waiting[:1]:
            signal.raise_signal(number)
