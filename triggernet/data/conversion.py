"""Jets of any known format in triggernet's own, or in that of the five-class LHC jets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from triggernet.data.classes import Groups, regroup
from triggernet.data.readers.compact import compact_encoding, save_compact
from triggernet.data.readers.formats import load_jets
from triggernet.data.readers.hls4ml_layout import save_hls4ml
from triggernet.data.readers.native import save_jets
from triggernet.errors import UsageError

Layout = Literal["triggernet", "hls4ml"]


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
        ``"triggernet"``, or ``"hls4ml"``: that of the five-class LHC jets as published.

    Returns
    -------
    dict
        ``jets``, ``classes`` and, of a compact file, ``saturated`` and ``vanished``: see `Encoded`.

    Raises
    ------
    DataError
        See `load_jets`, `regroup` and `save_hls4ml`.
    UsageError
        If a class is unknown or named twice, or the layout is unknown or not compact.
    """
    if layout not in layouts():
        raise UsageError(f"no layout {layout!r}; there are {', '.join(layouts())}")
    if n_compact is not None and layout != "triggernet":
        raise UsageError(f"the layout {layout!r} has no compact form; leave out one of the two")
    jets = load_jets(source, limit)
    if groups:
        jets = regroup(jets, groups)
    result: dict[str, Any] = {"jets": len(jets), "classes": list(jets.classes)}
    if n_compact is None:
        (save_jets if layout == "triggernet" else save_hls4ml)(target, jets)
        return result
    encoded = save_compact(target, jets, compact_encoding(n_compact))
    return result | {"saturated": dict(encoded.saturated), "vanished": encoded.vanished}
