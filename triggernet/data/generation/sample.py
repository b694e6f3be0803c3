"""A whole sample: chunks in parallel, kept as they come, joined at the end."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, fields
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from triggernet.cluster import check_cluster, each
from triggernet.config import dump_config
from triggernet.data import kinematics
from triggernet.data.cross_section import cross_section_text
from triggernet.data.generation.chunk import Chunk, ChunkPlan, as_arrays, generate_chunk
from triggernet.data.generation.config import GenerationConfig
from triggernet.data.readers import native
from triggernet.errors import DataError, FileError, ToolError, UsageError, in_one_line
from triggernet.extras import require
from triggernet.files import (
    make_folder,
    provenance,
    read_json,
    refuse_folder,
    write_bytes,
    write_json,
)
from triggernet.locks import locked
from triggernet.progress import Progress, say
from triggernet.temporary import sweep_folder
from triggernet.words import counted

MOST_CHUNK_BYTES = 1 << 32


class Maker(NamedTuple):
    """How a kind of sample is made: what `generate` calls with its configuration.

    `plan` (config, n_jets, seed) lists the chunks; `write` (config, plan, folder) makes one; `join`
    (config, plans, folder, path, seed) writes the file and tells what was made; `text` says that
    for people.
    """

    plan: Callable[[Any, int, int], list[ChunkPlan]]
    write: Callable[[Any, ChunkPlan, Path], None]
    join: Callable[[Any, list[ChunkPlan], Path, Path, int], dict[str, Any]]
    text: Callable[[dict[str, Any]], str]


def generate(
    config: Any,
    n_jets: int,
    path: Path,
    seed: int = 1,
    workers: int = 1,
    *,
    cluster: str | None = None,
    given: Maker | None = None,
) -> dict[str, Any]:
    """Generate a sample and write it to an HDF5 file.

    Finished chunks are kept in a folder beside `path` until the file is complete, so a run that
    was stopped goes on where it was. The same settings and seed give the same file, byte for byte,
    however often it was stopped and with any number of workers.

    Parameters
    ----------
    config
        What to generate.
    n_jets
        Number of jets: as many of each class.
    path
        The file to write.
    seed
        Any non-negative integer.
    workers
        Number of processes.
    cluster
        The address of a Dask scheduler, in place of processes here; its workers must see the
        folder of `path` by the same path.
    given
        How this kind of sample is made; jets of constituents if not given.

    Returns
    -------
    dict
        Summary: jets, events tried, jets found and accepted, cross-sections by class.

    Raises
    ------
    UsageError
        If a number makes no sense, `path` is a folder, another process generates to it, or the
        folder of chunks belongs to another sample.
    DataError
        If a chunk of an earlier run is damaged.
    FileError
        If the disk is full or refuses; finished chunks stay.
    ConfigError, ToolError
        From Pythia: see `triggernet.data.generation.pythia`; also if a worker was killed, or a
        cluster does not answer or is lost.
    """
    if n_jets < 1 or seed < 0 or workers < 1:
        raise UsageError(
            f"{n_jets} jets with seed {seed} and {workers} workers: expected at least 1 jet, "
            "a non-negative seed and at least 1 worker"
        )
    refuse_folder(path)  # said now, not after hours
    require("pythia8mc", "fastjet", purpose="to generate jets")
    check_cluster(1, cluster)
    folder = path.with_name(path.name + ".chunks")
    settings = {"n_jets": n_jets, "seed": seed, "config": asdict(config)}
    making = given or maker()
    plans = making.plan(config, n_jets, seed)
    with locked(path), _promising_chunks(folder):
        open_folder(folder, provenance(settings=json.dumps(settings, sort_keys=True)))
        generate_missing(config, plans, folder, workers, cluster, making.write)
        summary = making.join(config, plans, folder, path, seed)
        shutil.rmtree(folder)  # `join` has read back what it wrote
    return summary


def maker() -> Maker:
    """How samples of jets of constituents are made."""
    return Maker(plan_chunks, write_chunk, join, summary_text)


@contextmanager
def _promising_chunks(folder: Path) -> Iterator[None]:
    """Where a file cannot be written, say that finished chunks are kept in `folder`."""
    try:
        yield
    except FileError as error:
        if not any(folder.glob("chunk-*.npz")):
            raise
        raise FileError(
            f"{error}; finished chunks are kept in {folder}, the same command goes on from there"
        ) from error


def summary_text(summary: dict[str, Any]) -> str:
    """What `generate` returned, for people."""
    jets = summary["jets"]
    lines = [counted(jets, "jet")]
    lines += [
        f"{name}: {counts['jets_accepted']} jets accepted of {counts['events_tried']} events, "
        f"cross-section {cross_section_text(counts['sigma_mb'], counts['sigma_error_mb'])}"
        for name, counts in summary.items()
        if name != "jets"
    ]
    if sum(each["jets_accepted"] for name, each in summary.items() if name != "jets") > jets:
        lines.append("What the last event of a chunk gives beyond the jets asked for is left out.")
    return "\n".join(lines)


def plan_chunks(config: GenerationConfig, n_jets: int, seed: int) -> list[ChunkPlan]:
    """All chunks of a sample, its classes in turns; what is left over goes to the first ones."""
    n_classes = len(config.classes)
    per_class = [(n_jets + n_classes - 1 - label) // n_classes for label in range(n_classes)]
    size = config.chunk_jets
    plans = [
        ChunkPlan(seed, label, number, min(size, count - number * size))
        for label, count in enumerate(per_class)
        for number in range(-(-count // size))
    ]
    return sorted(plans, key=lambda plan: (plan.number, plan.label))


def open_folder(folder: Path, identity: dict[str, Any]) -> None:
    """Make the folder of chunks, or check that it belongs to this very sample."""
    marker = folder / "sample.json"
    if marker.exists():
        if read_json(marker) != identity:
            raise UsageError(
                f"{folder} keeps chunks of a sample with other settings or versions; finish that "
                "sample with its own settings, or remove the folder"
            )
        return
    make_folder(folder)
    write_json(marker, identity)


def generate_missing(
    config: Any,
    plans: list[ChunkPlan],
    folder: Path,
    workers: int,
    cluster: str | None = None,
    write: Callable[[Any, ChunkPlan, Path], None] | None = None,
) -> None:
    """Generate all chunks that `folder` does not hold yet; `write` makes one."""
    missing = [plan for plan in plans if not (folder / plan.name).exists()]
    if len(missing) < len(plans):
        say(f"{len(plans) - len(missing)} of {len(plans)} chunks are there already")
    total = sum(plan.n_jets for plan in missing)
    try:
        with Progress(f"generating {config.process}", total, "jets") as progress:
            for plan in work(config, missing, folder, workers, cluster, write=write or write_chunk):
                progress.advance(plan.n_jets)
    except KeyboardInterrupt:
        say(f"finished chunks are kept in {folder}; the same command goes on from there")
        raise


def work(
    config: Any,
    plans: list[ChunkPlan],
    folder: Path,
    workers: int,
    cluster: str | None,
    *,
    write: Callable[[Any, ChunkPlan, Path], None],
) -> Iterator[ChunkPlan]:
    """Yield each plan when its chunk is on disk."""
    if workers == 1 or cluster is not None:
        units = [(config, plan, folder.resolve()) for plan in plans]
        for (_, plan, _), _ in each(write, units, workers=workers, address=cluster):
            yield plan
        return
    # Spawned processes share no state: what a chunk holds cannot depend on who made it.
    others = set(active_children())
    spawn = get_context("spawn")
    n_processes = min(workers, max(len(plans), 1))
    pool = ProcessPoolExecutor(n_processes, spawn, initializer=end_with_parent)
    try:
        futures = {pool.submit(write, config, plan, folder): plan for plan in plans}
        for future in as_completed(futures):
            future.result()
            yield futures[future]
    except BrokenProcessPool as error:
        raise ToolError(
            "a process that generated jets was ended, perhaps for lack of memory; the same "
            f"command, with fewer workers if so, goes on from the finished chunks in {folder}"
        ) from error
    except BaseException:  # an interrupt, too, must not wait for chunks that wait in the pool
        for process in set(active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        sweep_folder(folder)  # parts of chunks whose workers were stopped


def end_with_parent() -> None:
    """End this process at an interrupt, and as soon as its parent is gone, were it killed.

    A worker of a pool goes on with the next chunk after an interrupt, and waits for ever for one
    where its parent had no time to stop it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


def write_chunk(config: GenerationConfig, plan: ChunkPlan, folder: Path) -> None:
    """Generate one chunk and keep it in `folder`."""
    chunk = generate_chunk(config, plan)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **as_arrays(chunk))
    write_bytes(folder / plan.name, buffer.getvalue())


def read_chunk(path: Path) -> Chunk:
    """A chunk that `write_chunk` kept.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        check_archive(path)
        with path.open("rb") as file, np.load(file) as stored:
            values = {field.name: stored[field.name] for field in fields(Chunk)}
        _check_arrays(values)
    except Exception as error:  # zipfile, zlib and numpy raise anything over damaged files
        raise DataError(
            f"{path} is damaged ({in_one_line(error)}); remove it, and the same command makes it "
            "again"
        ) from error
    scalars = {name: value.item() for name, value in values.items() if value.ndim == 0}
    return Chunk(**{**values, **scalars})


def check_archive(path: Path) -> None:
    """Check sums of a chunk, before anything is made of what the archive says.

    Raises
    ------
    DataError
        If one is wrong.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_CHUNK_BYTES or archive.testzip() is not None:
            raise DataError(f"a check sum of it is wrong, or it unpacks to {size} bytes")


def _check_arrays(values: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays that are not those of a chunk."""
    n = len(np.atleast_1d(values["n_constituents"]))
    axes = {"constituents": (n, None, 3), "jet": (n, 4), "truth": (n, 4), "n_constituents": (n,)}
    axes["event"] = (n,)
    for name, value in values.items():
        expected = axes.get(name, ())
        fits = value.ndim == len(expected) and all(
            want in (None, have) for want, have in zip(expected, value.shape, strict=True)
        )
        if not fits or value.dtype.kind not in "fiu" or not np.isfinite(value).all():
            raise DataError(f"its array {name!r} is {value.dtype} {value.shape}, or not finite")


def join(
    config: GenerationConfig, plans: list[ChunkPlan], folder: Path, path: Path, seed: int
) -> dict[str, Any]:
    """Write all chunks to one file and return the summary.

    Jets are shuffled within a block of one chunk of every class only: any part of the file is about
    balanced, and two jets of one event never lie further apart than that. Events are numbered
    through the whole file, in the order of the chunks.
    """
    jets, constituents = [], []
    chunks: dict[int, list[Chunk]] = {label: [] for label in range(len(config.classes))}
    n_events = 0
    for number in range(max(plan.number for plan in plans) + 1):
        block = [(p.label, read_chunk(folder / p.name)) for p in plans if p.number == number]
        tables = []
        for label, chunk in block:
            chunks[label].append(chunk)
            event = n_events + chunk.event
            tables.append(
                native.jet_table(chunk.jet, chunk.truth, chunk.n_constituents, label, event=event)
            )
            n_events += chunk.tried
        table = np.concatenate(tables)
        order = np.random.default_rng([seed, number]).permutation(len(table))
        momenta = np.concatenate([chunk.constituents for _, chunk in block])
        jets.append(table[order])
        constituents.append(with_energy(momenta[order]))
    summary = {
        name: statistics(chunks[label])
        for label, name in enumerate(config.classes)
        if chunks[label]
    }
    about = provenance(
        seed=seed, config=dump_config(config), statistics=json.dumps(summary, sort_keys=True)
    )
    about["packages"] = json.dumps(about["packages"], sort_keys=True)
    about["source"] = "triggernet generate"
    native.write(path, np.concatenate(jets), np.concatenate(constituents), config.classes, about)
    return {"jets": sum(map(len, jets)), **summary}


def with_energy(momenta: NDArray[np.float32]) -> NDArray[Any]:
    """Momenta (n, N, 3) as a table (n, N) of massless constituents."""
    p = np.zeros((*momenta.shape[:2], 4))
    p[..., 1:] = momenta
    return native.constituent_table(kinematics.on_light_cone(p))


def statistics(chunks: list[Chunk]) -> dict[str, float]:
    """Events tried, jets found and kept, and the mean cross-section of the chunks of a class."""
    sigma = np.array([chunk.sigma_mb for chunk in chunks])
    error = np.array([chunk.sigma_error_mb for chunk in chunks])
    return {
        "events_tried": sum(chunk.tried for chunk in chunks),
        "jets_in_window": sum(chunk.found for chunk in chunks),
        "jets_accepted": sum(chunk.accepted for chunk in chunks),
        "sigma_mb": float(sigma.mean()),
        "sigma_error_mb": float(np.sqrt((error**2).sum()) / len(chunks)),
    }
