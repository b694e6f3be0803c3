"""Pareto fronts: what no other one beats."""

from __future__ import annotations

from collections.abc import Sequence


def unbeaten(costs: Sequence[tuple[float, ...]]) -> list[int]:
    """Places of the entries that no other one beats, in their order.

    An entry is beaten by one that costs no more in anything and less in something; of equal
    entries none beats another. What is to be large goes in with the sign changed.
    """

    def beaten(mine: tuple[float, ...]) -> bool:
        return any(
            other != mine and all(x <= y for x, y in zip(other, mine, strict=True))
            for other in costs
        )

    return [k for k, mine in enumerate(costs) if not beaten(mine)]
