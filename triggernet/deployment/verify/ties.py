"""The search for vectors that make quantisers round exact ties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from triggernet.deployment.verify.coverage import Key, TieSearch
from triggernet.fixedpoint import Codes
from triggernet.program import Program, observe

Inputs = dict[str, Codes]

BATCH = 2048
MOST_BATCHES = 16


def search_ties(program: Program, candidates: Callable[[int], Inputs], n: int) -> Inputs:
    """Vectors with exact ties at as many quantisers as can be found, all about equally often.

    A value that drops k bits at random is a tie with probability 2**-k: quantisers at the end of
    a program drop many, so that they are served first.

    Parameters
    ----------
    program : Program
    candidates : callable (int) -> inputs
        Makes that many vectors (a multiple of 4) to choose from.
    n : int
        How many to give; candidates without a tie fill up what was not found.
    """
    chosen: list[Inputs] = []
    ties: dict[Key, int] = {}
    room = n
    for _ in range(MOST_BATCHES):
        batch = candidates(BATCH)
        search = TieSearch()
        observe(program, batch, search.add)
        quota = -(-n // max(1, len(search.jets)))
        index = _choose(search, ties, quota)[:room]
        chosen.append({name: codes[index] for name, codes in batch.items()})
        room -= len(index)
        if room <= 0:
            break
    if room > 0:
        chosen.append({name: codes[:room] for name, codes in candidates(4 * room).items()})
    return {name: np.concatenate([part[name] for part in chosen]) for name in chosen[0]}


def _choose(search: TieSearch, ties: dict[Key, int], quota: int) -> list[int]:
    """Jets of one batch, up to the quota of each quantiser, the rarest ties first."""
    index: dict[int, None] = {}
    for key, jets in sorted(search.jets.items(), key=lambda item: int(item[1].sum())):
        have = ties.get(key, 0)
        for jet in np.flatnonzero(jets)[: max(0, quota - have)].tolist():
            index[jet] = None
            have += 1
        ties[key] = have
    return list(index)
