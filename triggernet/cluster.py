"""Work for several processes or machines, handed out by Dask; in this process where one is enough.

A unit of work is small, gives the same result wherever and however often it is done, and writes
what it makes itself. So a unit whose process was killed is simply done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from triggernet.errors import ToolError, UsageError, in_one_line
from triggernet.extras import load, require
from triggernet.progress import say, waiting
from triggernet.version import __version__

Unit = TypeVar("Unit", bound=tuple[Any, ...])
Result = TypeVar("Result")

PURPOSE = "to work with several processes or machines"
ANSWER_S = 10.0  # for which a scheduler may keep silent
PATIENCE_S = 3.0  # for which a worker may, before the user hears of waiting


def each(
    function: Callable[..., Result],
    units: Iterable[Unit],
    *,
    workers: int = 1,
    address: str | None = None,
) -> Iterator[tuple[Unit, Result]]:
    """Call a function with every unit, and yield the results as they come.

    Units are taken from `units` as there are processes for them, so that it may be endless and the
    caller stop when a result says so.

    Parameters
    ----------
    function : callable
        Of a module that every process can import; its results must be small.
    units : iterable of tuples
        Its arguments.
    workers : int
        Processes on this machine; with one the work is done in this process.
    address : str, optional
        Of the scheduler of a cluster that exists, such as ``"tcp://host:8786"``, in their place.

    Raises
    ------
    ToolError
        If no cluster answers, its workers are not of this triggernet, it is lost on the way, or
        a process is ended again and again by the same unit.
    MissingPackageError
        If Dask is needed and is not installed.
    """
    if workers < 1 or (address is not None and workers != 1):
        raise UsageError(
            f"workers {workers} with cluster {address}: give at least 1, or a cluster that exists"
        )
    if workers == 1 and address is None:
        for unit in units:
            yield unit, function(*unit)
        return
    with _client(workers, address) as client, _losses_told(address):
        yield from _handed_out(client, function, iter(units))


def check_cluster(workers: int, address: str | None) -> None:
    """Refuse at once what `each` would refuse, as far as that takes no time.

    Raises
    ------
    MissingPackageError
        If Dask is needed and is not installed.
    """
    if workers > 1 or address is not None:
        require("distributed", purpose=PURPOSE)


def _handed_out(
    client: Any, function: Callable[..., Result], units: Iterator[Unit]
) -> Iterator[tuple[Unit, Result]]:
    """Results of units, of which never more are under way than there are processes."""
    distributed: Any = load("distributed", PURPOSE)
    under_way: dict[Any, Unit] = {}
    ended = distributed.as_completed()
    try:
        while True:
            free = max(_processes(client), 1) - len(under_way)
            for unit in islice(units, free) if free > 0 else ():
                future = client.submit(function, *unit, pure=False)
                under_way[future] = unit
                ended.add(future)
            if not under_way:
                return
            future = next(ended)
            unit = under_way.pop(future)
            yield unit, future.result()
    finally:
        client.cancel(list(under_way), force=True)


def _processes(client: Any) -> int:
    return sum(client.nthreads().values())


@contextmanager
def _losses_told(address: str | None) -> Iterator[None]:
    """Say in one line what became of processes and of the scheduler."""
    distributed: Any = load("distributed", PURPOSE)
    try:
        yield
    except distributed.KilledWorker as error:
        raise ToolError(
            f"processes were ended one after another by the same work ({in_one_line(error)}), "
            "perhaps for lack of memory; the same command, with fewer workers if so, goes on from "
            "what is finished"
        ) from error
    except (distributed.CancelledError, distributed.comm.CommClosedError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # about a file
        where = "on this machine" if address is None else f"at {address}"
        raise ToolError(
            f"the cluster {where} was lost ({in_one_line(error)}); the same command goes on from "
            "what is finished"
        ) from error


@contextmanager
def _client(workers: int, address: str | None) -> Iterator[Any]:
    """A client of the cluster at `address`, or of one that lives for the block."""
    distributed: Any = load("distributed", PURPOSE)
    _silence()
    if address is None:
        with waiting(f"starting {workers} processes"):
            local = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        with local, distributed.Client(local) as client:
            yield client
        return
    try:
        client = distributed.Client(address, timeout=ANSWER_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise ToolError(
            f"no cluster answers at {address} within {ANSWER_S:g} s ({in_one_line(error)}); give "
            "the address that `dask scheduler` prints, such as tcp://host:8786"
        ) from error
    with client:
        _check_workers(client, address)
        yield client


def _silence() -> None:
    """Keep Dask's threads from writing tracebacks; what becomes of a cluster is one sentence."""
    known = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    for name in (*known, "asyncio", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _check_workers(client: Any, address: str) -> None:
    """Wait for a worker, and refuse those that would do other work than this process."""
    if not client.nthreads():
        say(f"the cluster at {address} has no workers yet; waiting for the first one")
        client.wait_for_workers(1)
    threads = max(client.nthreads().values())
    if threads > 1:
        raise ToolError(
            f"a worker of the cluster at {address} has {threads} threads; start its workers with "
            "`dask worker --nthreads 1`, several of them where there are several cores"
        )
    try:
        versions = set(client.run(_version).values())
    except ImportError as error:
        raise ToolError(
            f"the workers of the cluster at {address} cannot import triggernet "
            f"({in_one_line(error)}); start them in an environment with triggernet {__version__}"
        ) from error
    if versions != {__version__}:
        raise ToolError(
            f"the workers of the cluster at {address} have triggernet "
            f"{', '.join(sorted(versions))}, this is {__version__}; start them with the same one"
        )


def _version() -> str:
    """Of the triggernet in the process that is asked."""
    return __version__
