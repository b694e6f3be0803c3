"""A whole sample of jets with tracks: its chunks, and how they are joined."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.config import dump_config
from triggernet.data.generation.chunk import ChunkPlan
from triggernet.data.generation.flavour import resampling
from triggernet.data.generation.flavour.chunk import generate_chunk
from triggernet.data.generation.flavour.config import CLASSES, SOURCES, FlavourConfig
from triggernet.data.generation.sample import Maker, check_archive
from triggernet.data.readers import flavour
from triggernet.data.tracks import TRACK
from triggernet.errors import DataError, in_one_line
from triggernet.files import provenance, write_bytes

ARRAYS = ("jets", "tracks", "tried", "accepted", "seconds")


def plan_chunks(config: FlavourConfig, n_jets: int, seed: int) -> list[ChunkPlan]:
    """All chunks of a sample, its sources in turns."""
    high = round(n_jets * config.high_pt_share)
    size = config.chunk_jets
    plans = [
        ChunkPlan(seed, source, number, min(size, count - number * size))
        for source, count in enumerate((n_jets - high, high))
        for number in range(-(-count // size))
    ]
    return sorted(plans, key=lambda plan: (plan.number, plan.label))


def write_chunk(config: FlavourConfig, plan: ChunkPlan, folder: Path) -> None:
    """Generate one chunk and keep it in `folder`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **generate_chunk(config, plan))
    write_bytes(folder / plan.name, buffer.getvalue())


def read_chunk(path: Path) -> dict[str, NDArray[Any]]:
    """A chunk that `write_chunk` kept.

    Raises
    ------
    DataError
        If it is damaged.
    """
    try:
        check_archive(path)
        with path.open("rb") as file, np.load(file) as stored:
            values = {name: stored[name] for name in ARRAYS}
        jets, tracks = values["jets"], values["tracks"]
        if jets.dtype != flavour.JET or tracks.dtype != TRACK or len(jets) != len(tracks):
            raise DataError(f"its arrays are {jets.dtype} {jets.shape} and {tracks.shape}")
    except Exception as error:  # zipfile, zlib and numpy raise anything over damaged files
        raise DataError(
            f"{path} is damaged ({in_one_line(error)}); remove it, and the same command makes it "
            "again"
        ) from error
    return values


def join(
    config: FlavourConfig, plans: list[ChunkPlan], folder: Path, path: Path, seed: int
) -> dict[str, Any]:
    """Write all chunks to one file, shuffled and resampled as asked, and return the summary.

    Events are numbered through the whole file, in the order of the chunks.
    """
    tables, rows, n_events = [], [], 0
    counts = {name: {"jets_accepted": 0, "events_tried": 0} for name in SOURCES}
    for plan in plans:
        chunk = read_chunk(folder / plan.name)
        table = chunk["jets"]
        table["eventNumber"] += n_events
        n_events += int(chunk["tried"])
        tables.append(table)
        rows.append(chunk["tracks"])
        counts[SOURCES[plan.label]]["jets_accepted"] += len(table)
        counts[SOURCES[plan.label]]["events_tried"] += int(chunk["tried"])
    jets, tracks = np.concatenate(tables), np.concatenate(rows)
    jets, index = resampled(config, jets, np.random.default_rng([seed, len(plans)]))
    label = labels_of(jets)
    summary: dict[str, Any] = {
        **counts,
        "classes": {name: int((label == k).sum()) for k, name in enumerate(CLASSES)},
        "resampling": config.resampling,
    }
    about = provenance(
        seed=seed, config=dump_config(config), statistics=json.dumps(counts, sort_keys=True)
    )
    about["packages"] = json.dumps(about["packages"], sort_keys=True)
    about["source"] = "triggernet generate"
    flavour.write(path, jets, tracks[index], about)
    return {"jets": len(jets), **summary}


def labels_of(jets: NDArray[Any]) -> NDArray[np.int64]:
    """Labels (n,) of jets as they are written."""
    return np.array([flavour.IDENTITIES[k] for k in jets[flavour.SOURCE]], np.int64)


def resampled(
    config: FlavourConfig, jets: NDArray[Any], rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The jets that are written, and their places among those given."""
    label, target = labels_of(jets), CLASSES.index(config.target)
    number = resampling.bins_of(jets["pt"].astype(float), jets["eta"], jets["process"])
    if config.resampling == "draw":
        index = resampling.drawn(label, number, target, rng)
        return jets[index], index
    index = rng.permutation(len(jets))
    if config.resampling == "weights":
        jets = flavour.with_weight(jets, resampling.weights(label, number, target))
    return jets[index], index


def summary_text(summary: dict[str, Any]) -> str:
    """What `generate` returned, for people."""
    classes = ", ".join(f"{count} {name}" for name, count in summary["classes"].items())
    lines = [f"{summary['jets']} jets: {classes} (resampling: {summary['resampling']})"]
    lines += [
        f"{name}: {summary[name]['jets_accepted']} jets of {summary[name]['events_tried']} events"
        for name in SOURCES
    ]
    return "\n".join(lines)


MAKER = Maker(plan_chunks, write_chunk, join, summary_text)
