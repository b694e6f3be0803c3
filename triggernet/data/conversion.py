"""Jets of any known format in triggernet's own, or in that of the five-class LHC jets."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

from triggernet.data.classes import (
    Groups,
    count_of,
    refuse_missing_classes,
    regroup,
    renamed,
)
from triggernet.data.readers.compact import compact_encoding, save_compact
from triggernet.data.readers.flavour import save_flavour_parts
from triggernet.data.readers.formats import load_jets
from triggernet.data.readers.hls4ml_layout import save_hls4ml_parts
from triggernet.data.readers.native import save_parts
from triggernet.data.readers.stored import stored_jets
from triggernet.errors import DataError, UsageError
from triggernet.progress import waiting

Layout = Literal["triggernet", "hls4ml", "flavour"]
SAVERS = {"triggernet": save_parts, "hls4ml": save_hls4ml_parts, "flavour": save_flavour_parts}
JETS_AT_ONCE = 4096  # with 200 constituents each about 100 MB


def layouts() -> tuple[str, ...]:
    """What `convert` can write."""
    return get_args(Layout)


def convert(
    source: Path,
    target: Path,
    limit: int | None = None,
    n_compact: int | None = None,
    *,
    groups: Groups = (),
    layout: str = "triggernet",
) -> dict[str, Any]:
    """Read jets of any known format and write them in triggernet's own.

    triggernet's own format is read and written `JETS_AT_ONCE` jets at a time, so that the file may
    be larger than the memory; the compact form and other formats are read as a whole.

    Parameters
    ----------
    source, target
        The file to read and the HDF5 file to write.
    limit
        Only the first `limit` jets.
    n_compact
        Write the integers of this many leading constituents instead of all momenta.
    groups
        The classes to keep, see `regroup`; all as they are where there are none.
    layout
        ``"triggernet"``; ``"hls4ml"``: that of the five-class LHC jets as published; ``"flavour"``:
        that of ATLAS flavour tagging, for jets with tracks.

    Returns
    -------
    dict
        ``jets``, ``classes`` and, of a compact file, ``saturated`` and ``vanished``: see `Encoded`.

    Raises
    ------
    DataError
        See `load_jets`, `regroup` and `save_hls4ml_parts`; if there are no jets.
    UsageError
        If a class is unknown or named twice, or the layout is unknown or not compact.
    """
    if layout not in layouts():
        raise UsageError(f"no layout {layout!r}; there are {', '.join(layouts())}")
    if n_compact is not None and layout != "triggernet":
        raise UsageError(f"the layout {layout!r} has no compact form; leave out one of the two")
    if n_compact is not None:
        return _to_compact(source, target, limit, n_compact, groups)
    stored = stored_jets(source, limit)
    if not len(stored):
        raise DataError(f"{source} holds no jets; there is nothing to convert")
    if groups:
        refuse_missing_classes(stored.label, stored.classes, groups)
    parts = (renamed(part, groups) if groups else part for part in stored.parts(JETS_AT_ONCE))
    first = next(parts)
    n_jets = count_of(stored.label, stored.classes, groups) if groups else len(stored)
    save = SAVERS[layout]
    with waiting(f"writing {target}"):
        save(target, first, n_jets, chain((first,), parts))
    return {"jets": n_jets, "classes": list(first.classes)}


def _to_compact(
    source: Path, target: Path, limit: int | None, n_compact: int, groups: Groups
) -> dict[str, Any]:
    """`convert` to integers, which are small enough to be in memory."""
    jets = load_jets(source, limit)
    if groups:
        jets = regroup(jets, groups)
    encoded = save_compact(target, jets, compact_encoding(n_compact))
    return {
        "jets": len(jets),
        "classes": list(jets.classes),
        "saturated": dict(encoded.saturated),
        "vanished": encoded.vanished,
    }
