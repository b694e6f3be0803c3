"""Results put together from blocks on different grids: constituents, the jet, the beams."""

from __future__ import annotations

import numpy as np

from triggernet.fixedpoint import Codes
from triggernet.program.operators.base import Interval, n_pairs
from triggernet.program.operators.kernel_call import lanes
from triggernet.program.operators.node import Node

Block = tuple[Codes, int]  # codes (n, values) and their grid
Bounds = tuple[Interval, int]  # bounds of the codes and their grid


def n_particles(node: Node, n_constituents: int) -> int:
    """Constituents and the spurions that `jet` and `beams` add."""
    return n_constituents + bool(node.get_int("jet")) + 2 * bool(node.get_int("beams"))


def joined(parts: list[Bounds]) -> Bounds:
    """Bounds of several blocks together, on their finest grid."""
    fraction = max(f for _, f in parts)
    total = parts[0][0].shifted(fraction - parts[0][1])
    for bounds, f in parts[1:]:
        total = total | bounds.shifted(fraction - f)
    return total, fraction


def concatenate(blocks: list[Block], fraction: int) -> Codes:
    """The blocks side by side, (n, values), on a grid as fine as any of theirs."""
    return np.concatenate([codes << (fraction - f) for codes, f in blocks], axis=1)  # (n, values)


def pair_settings(node: Node, n_constituents: int, reuse_factor: int) -> dict[str, int]:
    """Sizes of a kernel over pairs of constituents, the jet and the beams, and its lanes."""
    jets, beams = node.get_int("jet"), 2 * node.get_int("beams")
    m = n_particles(node, n_constituents)
    return {
        "n_constituents": n_constituents,
        "n_jets": jets,
        "n_beams": beams,
        "n_particles": m,
        "n_pairs": n_pairs(m),
        "reuse_factor": reuse_factor,
        "n_lanes": lanes(n_pairs(n_constituents), reuse_factor),
        "jet_lanes": lanes(n_constituents, reuse_factor),
    }
