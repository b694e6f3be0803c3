"""Jets of any known format in triggernet's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from triggernet.data.readers.compact import compact_encoding, save_compact
from triggernet.data.readers.formats import load_jets
from triggernet.data.readers.native import save_jets


def convert(
    source: Path, target: Path, limit: int | None = None, n_compact: int | None = None
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

    Returns
    -------
    dict
        ``jets``, ``classes`` and, of a compact file, ``saturated`` and ``vanished``: see `Encoded`.

    Raises
    ------
    DataError
        See `load_jets`.
    """
    jets = load_jets(source, limit)
    result: dict[str, Any] = {"jets": len(jets), "classes": list(jets.classes)}
    if n_compact is None:
        save_jets(target, jets)
        return result
    encoded = save_compact(target, jets, compact_encoding(n_compact))
    return result | {"saturated": dict(encoded.saturated), "vanished": encoded.vanished}
